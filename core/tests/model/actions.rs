//! What may happen next, and what comes of it.

use crate::{
    canonical::{Shape, TICK},
    parts::{Flight, LateSwap, Machine, Owner, Pending, Stage, Wanted},
    server::{Reply, Request, Server},
    setup::{SKEW, Setup},
    world::{Author, REDIRECT_URI, World},
};
use evergrant::*;
use std::sync::Arc;

/// One step of the world. Machines, ops and flights are named by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick,
    Want(usize),
    Wake(usize),
    Revoke(usize),
    Authorize(usize),
    Redirect(usize),
    Crash(usize),
    Restart(usize),
    Pause(usize),
    Jump(usize),
    PeerGone(usize),
    /// A machine is told that the API refused a token of this generation.
    CallRefused(usize, u64),
    /// The store deals with a swap.
    Perform(usize, usize),
    /// The machine hears of it.
    Answer(usize, usize),
    /// It hears that there is no answer.
    Silence(usize, usize),
    /// The same, and the swap takes place later.
    SilenceLate(usize, usize),
    Send(usize, usize),
    NotSent(usize, usize),
    TooLate(usize, usize),
    Handle(usize),
    Refuse(usize, Reply),
    LoseRequest(usize),
    LoseReply(usize),
    /// The line breaks; the request goes on.
    Reset(usize),
    Duplicate(usize),
    Deliver(usize),
    DeliverTwice(usize),
    /// Nobody listens for longer than T.
    TimeOut(usize),
    /// The machine hears that there is no answer.
    Notice(usize),
    Land(usize),
    Forget,
    Withdraw,
}

impl World {
    pub fn actions(&self, setup: &Setup, actions: &mut Vec<Action>) {
        if self.seen.broken != 0 {
            return;
        }
        for (at, machine) in self.machines.iter().enumerate() {
            self.actions_of_machine(setup, at, machine, actions);
        }
        for (at, flight) in self.flights.iter().enumerate() {
            self.actions_of_flight(setup, at, flight, actions);
        }
        actions.extend((0..self.late.len()).map(Action::Land));
        if self.left.forgets > 0 && self.before.is_some() {
            actions.push(Action::Forget);
        }
        if self.left.withdrawals > 0 {
            actions.push(Action::Withdraw);
        }
        if self.may_tick(setup) {
            actions.push(Action::Tick);
        }
    }

    fn actions_of_machine(
        &self,
        setup: &Setup,
        at: usize,
        machine: &Machine,
        to: &mut Vec<Action>,
    ) {
        let mut add = |may: bool, action| to.extend(may.then_some(action));
        let left = &self.left;
        if !machine.is_up() {
            return add(true, Action::Restart(at));
        }
        add(self.is_due(machine), Action::Wake(at));
        add(left.wants > 0, Action::Want(at));
        add(left.revokes > 0, Action::Revoke(at));
        add(left.reauthorizations > 0 && !self.is_authorizing(), Action::Authorize(at));
        add(self.redirect.is_some(), Action::Redirect(at));
        add(left.crashes > 0, Action::Crash(at));
        add(left.pauses > 0 && setup.timely && !machine.paused, Action::Pause(at));
        add(left.jumps > 0, Action::Jump(at));
        add(left.obituaries > 0 && self.knows_dead_intent(machine), Action::PeerGone(at));
        for generation in &self.calls.served {
            add(true, Action::CallRefused(at, *generation));
        }
        for (place, pending) in machine.ops.iter().enumerate() {
            match &pending.what {
                Wanted::Swap { answer: Some(_), .. } => {
                    add(true, Action::Answer(at, place));
                    add(left.silences > 0, Action::Silence(at, place));
                }
                Wanted::Swap { answer: None, write, .. } => {
                    add(true, Action::Perform(at, place));
                    add(left.silences > 0, Action::Silence(at, place));
                    let late = left.late_swaps > 0 && write.is_some();
                    add(late, Action::SilenceLate(at, place));
                }
                Wanted::Http { within, request } => {
                    // Who is paused just here sends late, and does not know.
                    let late = !setup.timely || self.now - pending.since > *within;
                    add(!late || !setup.timely, Action::Send(at, place));
                    // Without time it is a fault like others that a question is not asked.
                    let asks = !setup.timely && matches!(request, Request::Introspect(_));
                    add(late && !asks, Action::TooLate(at, place));
                    add(left.not_sent > 0, Action::NotSent(at, place));
                }
            }
        }
    }

    fn actions_of_flight(&self, setup: &Setup, at: usize, flight: &Flight, to: &mut Vec<Action>) {
        let mut add = |may: bool, action| to.extend(may.then_some(action));
        let left = &self.left;
        let heard = matches!(flight.owner, Owner::Listens(_));
        match flight.stage {
            Stage::Travelling => {
                add(true, Action::Handle(at));
                add(left.refusals > 0, Action::Refuse(at, Reply::Later));
                let wrong = match flight.request {
                    Request::Disconnect(_) => Reply::Unauthorized,
                    _ => Reply::NoClient,
                };
                add(left.refusals > 0, Action::Refuse(at, wrong));
                add(left.requests_lost > 0, Action::LoseRequest(at));
                add(left.replies_lost > 0 && flight.request.ends(), Action::LoseReply(at));
                add(left.resets > 0 && heard, Action::Reset(at));
                add(left.duplicates > 0, Action::Duplicate(at));
                let over = self.now - flight.sent >= setup.ticks.t * TICK;
                add(setup.timely && heard && over, Action::TimeOut(at));
            }
            Stage::Answered(_) => {
                add(true, Action::Deliver(at));
                add(left.repeats > 0, Action::DeliverTwice(at));
                add(left.replies_lost > 0, Action::LoseReply(at));
            }
            Stage::Gone => add(true, Action::Notice(at)),
        }
    }

    /// An authorization at a time: which of two wins is not settled.
    fn is_authorizing(&self) -> bool {
        let exchange = |request: &Request| matches!(request, Request::Exchange { .. });
        let wanted = |pending: &Pending| match &pending.what {
            Wanted::Http { request, .. } => exchange(request),
            Wanted::Swap { .. } => false,
        };
        self.redirect.is_some()
            || self.flights.iter().any(|flight| exchange(&flight.request))
            || self.machines.iter().any(|machine| machine.ops.iter().any(wanted))
    }

    fn knows_dead_intent(&self, machine: &Machine) -> bool {
        let known = self.record.as_ref().filter(|record| record.intent.is_some());
        self.seen.author == Author::Dead
            && known.is_some_and(|record| machine.knows(record.revision.as_str()))
    }

    pub fn apply(&mut self, setup: &Setup, action: Action) {
        let left = &mut self.left;
        match action {
            Action::Tick => self.now += TICK,
            Action::Want(at) => {
                left.wants -= 1;
                self.tell(setup, at, Input::TokenWanted { min_validity: 0 });
            }
            Action::Wake(at) => drop(self.tell(setup, at, Input::Wake)),
            Action::Revoke(at) => {
                left.revokes -= 1;
                self.tell(setup, at, Input::Revoke);
            }
            Action::Authorize(at) => {
                left.reauthorizations -= 1;
                self.authorize(setup, at);
            }
            Action::Redirect(at) => self.redirected(setup, at),
            Action::Crash(at) => {
                left.crashes -= 1;
                self.crash(at);
            }
            Action::Restart(at) => self.restart(setup, at),
            Action::Pause(at) => {
                left.pauses -= 1;
                self.machines[at].change(|machine| machine.paused = true);
            }
            Action::Jump(at) => {
                left.jumps -= 1;
                self.machines[at].change(|machine| machine.ahead = SKEW - machine.ahead);
            }
            Action::PeerGone(at) => {
                left.obituaries -= 1;
                self.tell(setup, at, Input::PeerGone);
            }
            Action::CallRefused(at, generation) => {
                left.refused_calls -= 1;
                self.call_refused(setup, at, generation);
            }
            Action::Perform(at, place) => self.perform(setup, at, place, false),
            Action::Answer(at, place) => self.answer(setup, at, place),
            Action::Silence(at, place) => {
                left.silences -= 1;
                let op = self.machines[at].ops.remove(place).op;
                self.tell(setup, at, Input::SwapUnanswered { op });
            }
            Action::SilenceLate(at, place) => {
                left.late_swaps -= 1;
                let Pending { op, what, .. } = self.machines[at].ops.remove(place);
                if let Wanted::Swap { expected, write: Some(write), .. } = what {
                    let text = format_args!("late {expected:?} {write:?}");
                    let shape = Arc::new(Shape::of(text));
                    self.late.push(LateSwap { expected, write, author: Some(at), shape });
                }
                self.tell(setup, at, Input::SwapUnanswered { op });
            }
            Action::Send(at, place) => self.send(setup, at, place),
            Action::NotSent(at, place) => {
                left.not_sent -= 1;
                self.released();
                let op = self.machines[at].ops.remove(place).op;
                self.tell(setup, at, Input::HttpFailed { op, why: HttpFault::NotSent });
            }
            Action::TooLate(at, place) => {
                self.released();
                let op = self.machines[at].ops.remove(place).op;
                self.tell(setup, at, Input::HttpFailed { op, why: HttpFault::TooLate });
            }
            Action::Land(place) => {
                let swap = self.late.remove(place);
                self.write(setup, swap.author, swap.expected.as_ref(), swap.write);
            }
            Action::Forget => {
                left.forgets -= 1;
                self.forget();
            }
            Action::Withdraw => {
                left.withdrawals -= 1;
                (self.seen.over, self.seen.withdrawn) = (true, true);
                self.server.change(Server::end_all);
            }
            Action::Handle(_)
            | Action::Refuse(..)
            | Action::LoseRequest(_)
            | Action::LoseReply(_)
            | Action::Reset(_)
            | Action::Duplicate(_)
            | Action::Deliver(_)
            | Action::DeliverTwice(_)
            | Action::TimeOut(_)
            | Action::Notice(_) => self.apply_to_flight(setup, action),
        }
        self.seal(setup);
    }

    /// The person is sent to the browser and consents; the redirect comes later.
    pub fn authorize(&mut self, setup: &Setup, at: usize) {
        let asked = Authorize {
            redirect_uri: REDIRECT_URI.into(),
            scopes: vec![],
            extra: vec![],
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        };
        for output in self.tell(setup, at, Input::Authorize(asked)) {
            if let Output::OpenUrl { url, .. } = output {
                let (_, query) = url.expose().split_once('?').expect("a query");
                let mut pairs = form_urlencoded::parse(query.as_bytes());
                let state = pairs.find(|(name, _)| name == "state").expect("a state").1;
                let disconnects = self.seen.disconnects;
                let code = self.server.change(|server| server.consent(disconnects));
                let url = format!("?code=cod{code:019}&state={state}");
                self.redirect.change(|redirect| *redirect = Some(url));
            }
        }
    }

    pub fn redirected(&mut self, setup: &Setup, at: usize) {
        let url = self.redirect.change(Option::take).expect("a redirect");
        let url = Secret::new(url);
        self.tell(setup, at, Input::Redirected { url, proof: BrowserProof::SameProcess });
    }

    fn crash(&mut self, at: usize) {
        let machine = &mut self.machines[at];
        // A token that is nowhere else is gone with it.
        self.seen.over |= !machine.held.is_empty();
        machine.remembers(None);
        machine.change(|machine| {
            machine.paused = false;
            machine.held.clear();
            machine.told.clear();
        });
        machine.ops.clear();
        for flight in
            self.flights.extract_if(.., |flight| flight.is_heard_by(at)).collect::<Vec<_>>()
        {
            match flight.stage {
                Stage::Travelling => {
                    self.flights.push(flight.with(|flight| flight.owner = Owner::CutOff));
                }
                Stage::Answered(Reply::Tokens(_)) => self.seen.over = true,
                Stage::Answered(_) | Stage::Gone => {}
            }
        }
        if self.seen.author == Author::Lives(at) {
            self.seen.author = Author::Dead;
        }
        for swap in self.late.iter_mut().filter(|swap| swap.author == Some(at)) {
            swap.author = None;
        }
    }

    pub fn send(&mut self, setup: &Setup, at: usize, place: usize) {
        let Pending { op, what, .. } = self.machines[at].ops.remove(place);
        let Wanted::Http { request, .. } = what else { return };
        self.judge_send(setup, at, request);
        let sent = if setup.timely { self.now } else { 0 };
        self.flights.push(Flight::new(at, op, request, sent));
        self.machines[at].change(|machine| machine.paused = false);
    }
}
