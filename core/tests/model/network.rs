//! What becomes of requests and answers on their way.

use crate::{
    actions::Action,
    canonical::START,
    parts::{Flight, Held, Owner, Stage},
    server::{Reply, Request},
    setup::Setup,
    world::World,
};
use evergrant::*;

impl World {
    pub fn apply_to_flight(&mut self, setup: &Setup, action: Action) {
        let left = &mut self.left;
        match action {
            Action::Handle(at) => self.handle(setup, at),
            Action::Refuse(at, reply) => {
                left.refusals -= 1;
                self.released();
                self.answered(setup, at, reply);
            }
            Action::LoseRequest(at) => {
                left.requests_lost -= 1;
                self.lose(at);
            }
            Action::LoseReply(at) => {
                left.replies_lost -= 1;
                let (request, stage) = (self.flights[at].request, self.flights[at].stage);
                self.seen.over |= matches!(stage, Stage::Answered(Reply::Tokens(_)));
                if stage == Stage::Travelling {
                    self.server.change(|server| server.handle(request));
                }
                self.lose(at);
            }
            Action::Reset(at) => {
                left.resets -= 1;
                self.cut(setup, at, Owner::CutOff);
            }
            Action::TimeOut(at) => self.cut(setup, at, Owner::TimedOut),
            Action::Duplicate(at) => {
                left.duplicates -= 1;
                let copy = self.flights[at].clone();
                self.flights.push(copy.with(|flight| flight.owner = Owner::CutOff));
            }
            Action::Deliver(at) => self.deliver(setup, at, false),
            Action::DeliverTwice(at) => {
                left.repeats -= 1;
                self.deliver(setup, at, true);
            }
            Action::Notice(at) => {
                let flight = self.flights.remove(at);
                self.fail(setup, &flight);
            }
            _ => unreachable!("not of the network"),
        }
    }

    /// The server deals with a request.
    pub fn handle(&mut self, setup: &Setup, at: usize) {
        let request = self.flights[at].request;
        self.judge_handled(setup, request);
        let reply = self.server.change(|server| server.handle(request));
        let brought = matches!(reply, Reply::Tokens(_));
        self.seen.over |= brought && self.flights[at].owner == Owner::CutOff;
        self.answered(setup, at, reply);
    }

    /// An answer goes back, if anybody listens.
    fn answered(&mut self, setup: &Setup, at: usize, reply: Reply) {
        let flight = self.flights.remove(at);
        if let Owner::Listens(_) = flight.owner {
            let answered = |flight: &mut Flight| flight.stage = Stage::Answered(reply);
            self.flights.push(flight.with(answered));
            if matches!(reply, Reply::Done | Reply::Unauthorized) {
                self.deliver(setup, self.flights.len() - 1, false);
            }
        }
    }

    fn lose(&mut self, at: usize) {
        let flight = self.flights.remove(at);
        if let Owner::Listens(_) = flight.owner {
            self.flights.push(flight.with(|flight| flight.stage = Stage::Gone));
        }
    }

    /// The machine stops listening, and the request goes on.
    fn cut(&mut self, setup: &Setup, at: usize, owner: Owner) {
        let flight = self.flights.remove(at);
        self.flights.push(flight.clone().with(|flight| flight.owner = owner));
        self.fail(setup, &flight);
    }

    fn fail(&mut self, setup: &Setup, flight: &Flight) {
        if let Owner::Listens(machine) = flight.owner {
            let (op, why) = (flight.op, HttpFault::Unknown);
            self.tell(setup, machine, Input::HttpFailed { op, why });
        }
    }

    /// An answer comes to the machine that listens for it.
    pub fn deliver(&mut self, setup: &Setup, at: usize, twice: bool) {
        let Flight { owner, op, request, stage, .. } = self.flights.remove(at);
        let (Owner::Listens(machine), Stage::Answered(reply)) = (owner, stage) else { return };
        if let (Reply::Tokens(token), Request::Refresh(_) | Request::Exchange { .. }) =
            (reply, request)
            && !self.server.has_landed(token)
        {
            let since = setup.timely.then_some(self.now);
            self.machines[machine].change(|machine| machine.held.push(Held { token, since }));
        }
        if let (Reply::Live(false), Request::Introspect(token)) = (reply, request) {
            self.machines[machine].change(|machine| machine.told.push(token));
        }
        // Where time does not count, a token that expires would be refreshed for ever.
        let for_ever = setup.lasting || !setup.timely && self.now > START;
        let response = reply.response(for_ever);
        if twice {
            let response = response.clone();
            self.tell(setup, machine, Input::HttpDone { op, response });
        }
        self.tell(setup, machine, Input::HttpDone { op, response });
    }
}
