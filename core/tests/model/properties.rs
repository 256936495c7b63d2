//! The invariants I1 to I9 of the refresh protocol. Each is judged where it can be
//! broken, and remembered in the state.

use crate::{
    actions::Action,
    canonical::TICK,
    model::Explored,
    parts::{Held, Owner, Stage, Wanted},
    record::{Record, Standing},
    server::{Reply, Request, Token},
    setup::Setup,
    world::World,
};
use evergrant::*;
use stateright::Property;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// No refresh token is sent while another's request with it may arrive, is
    /// listened for, or has brought tokens that are not stored yet: two requests at
    /// a time are theft to a strict server.
    I1,
    /// The server sees no replay while the store or a live worker has what the
    /// replay may kill.
    I2,
    /// Tokens that reached a live worker come into the store, or a sibling that
    /// works is there, or a newer grant: the answer is their only copy.
    I3,
    /// A verdict is written only if an answer was truly lost, never while the stored
    /// token works or a live worker has its successor: the person did nothing.
    I4,
    /// A stored token is replaced only by its successor.
    I5,
    /// From everywhere a token, or a verdict, is reached without further faults.
    I6,
    /// Nothing but an authorization that was begun later overwrites a disconnect.
    I7,
    /// Nothing overwrites a newer grant.
    I8,
    /// What is newly stored is alive at the server.
    I9,
    /// Where nothing but a 401 is a reason to refresh: only the generation that was
    /// refused is refreshed, and once, unless what came of that is unknown.
    I10,
    /// Who was told by the server that a refresh token is used up does not send it.
    I11,
    /// Once a newer grant is stored, nobody sets about ending the one before by a
    /// request to the API.
    I12,
}

use Invariant::{I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12};

/// What holds within the timing rules.
pub const TIMELY: &[Invariant] = &[I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12];

/// What holds under any pause and delay.
pub const ANY_PAUSE: &[Invariant] = &[I3, I5, I6, I7, I8, I10, I12];

impl Invariant {
    pub fn name(self) -> &'static str {
        match self {
            I1 => "I1 one request at a time",
            I2 => "I2 no replay that kills",
            I3 => "I3 no answer is dropped",
            I4 => "I4 no needless verdict",
            I5 => "I5 replaced only by its successor",
            I6 => "I6 a token or a verdict is reached",
            I7 => "I7 a disconnect stands",
            I8 => "I8 a newer grant stands",
            I9 => "I9 what is stored is alive",
            I10 => "I10 one refresh of what was refused",
            I11 => "I11 what is used up is not sent",
            I12 => "I12 an old grant is not ended late",
        }
    }

    pub fn property(self) -> Property<Explored> {
        let condition = match self {
            I1 => unbroken::<{ I1 as u16 }>,
            I2 => unbroken::<{ I2 as u16 }>,
            I3 => unbroken::<{ I3 as u16 }>,
            I4 => unbroken::<{ I4 as u16 }>,
            I5 => unbroken::<{ I5 as u16 }>,
            I6 => |model: &Explored, world: &World| {
                !world.is_to_be_followed() || world.comes_to_an_end(&model.setup)
            },
            I7 => unbroken::<{ I7 as u16 }>,
            I8 => unbroken::<{ I8 as u16 }>,
            I9 => unbroken::<{ I9 as u16 }>,
            I10 => unbroken::<{ I10 as u16 }>,
            I11 => unbroken::<{ I11 as u16 }>,
            I12 => unbroken::<{ I12 as u16 }>,
        };
        Property::always(self.name(), condition)
    }
}

fn unbroken<const I: u16>(_: &Explored, world: &World) -> bool {
    world.seen.broken & (1 << I) == 0
}

impl World {
    pub fn breaks(&mut self, setup: &Setup, invariant: Invariant) {
        if setup.invariants().contains(&invariant) {
            self.seen.broken |= 1 << invariant as u16;
        }
    }

    /// A request is about to leave.
    pub fn judge_send(&mut self, setup: &Setup, at: usize, request: Request) {
        let Request::Refresh(token) = request else { return };
        if self.machines[at].told.contains(&token) {
            self.breaks(setup, I11);
        }
        // Where a replay does no harm the owner need not wait for itself.
        let harmless = matches!(
            self.server.rotation,
            Rotation::SameSuccessor | Rotation::Siblings | Rotation::None
        );
        let in_the_way = self.flights.iter().any(|flight| {
            let others = matches!(flight.owner, Owner::Listens(other) if other != at);
            let travels = flight.stage == Stage::Travelling && !harmless;
            flight.request == request && (others || travels)
        });
        let unsaved = self.machines.iter().enumerate().any(|(other, machine)| {
            let of_it = |held: &Held| self.server.parent(held.token) == Some(token);
            other != at && machine.is_up() && machine.held.iter().any(of_it)
        });
        if in_the_way || unsaved {
            self.breaks(setup, I1);
        }
    }

    /// The server is about to deal with a request.
    pub fn judge_handled(&mut self, setup: &Setup, request: Request) {
        let Request::Refresh(token) = request else { return };
        let killed = self.server.killed_by(token);
        if killed.into_iter().any(|token| self.has(token)) {
            self.breaks(setup, I2);
        }
    }

    pub fn is_ended_by_api(&self, setup: &Setup) -> bool {
        let disconnect = &setup.client.provider().config().disconnect;
        self.record.as_ref().is_some_and(|record| record.status.is_ended())
            && matches!(disconnect, Disconnect::ApiRequest { .. })
    }

    /// Whether the store or a live worker has it, or is just getting it.
    fn has(&self, token: Token) -> bool {
        let arrives = |stage| stage == Stage::Answered(Reply::Tokens(token));
        self.record.iter().any(|record| record.tokens().any(|stored| stored == token))
            || self.machines.iter().any(|machine| machine.knows(&token.name()))
            || self.flights.iter().any(|flight| arrives(flight.stage))
    }

    /// The store takes a write.
    pub fn judge_write(&mut self, setup: &Setup, next: &Record) {
        let before = self.record.clone();
        let (was, last) = before.as_ref().map_or((Standing::New, None), |record| {
            (record.status, record.refresh.or(self.seen.last.map(Token)))
        });
        if was == Standing::Active && next.status == Standing::Reauthenticate {
            let working = |token: Token| self.server.works(token);
            let of_grant = |token: Token| {
                last.is_some_and(|last| self.server.grant(last) == self.server.grant(token))
            };
            let successor = self.machines.iter().flat_map(|machine| &machine.held);
            let alive = |held: &Held| working(held.token) && of_grant(held.token);
            if !self.seen.over || last.is_some_and(working) || successor.clone().any(alive) {
                self.breaks(setup, I4);
            }
        }
        if let (Some(last), Some(new)) = (last, next.refresh)
            && last != new
        {
            self.judge_replaced(
                setup,
                last,
                new,
                before.as_deref().and_then(|record| record.spare),
            );
        }
        let new_tombstone = next.disconnected_gen.is_some()
            && next.disconnected_gen != before.as_ref().and_then(|record| record.disconnected_gen);
        if new_tombstone {
            self.seen.disconnects += 1;
        }
        if was.is_ended() && !next.status.is_ended() {
            let grant = next.refresh.map(|token| self.server.grant(token));
            let asked = grant.map(|grant| self.server.asked_after(grant));
            if asked != Some(self.seen.disconnects) {
                self.breaks(setup, I7);
            }
        }
        for token in next.tokens() {
            if !self.server.has_landed(token) {
                let fresh = next.refresh == Some(token) && next.status == Standing::Active;
                if fresh && !self.server.works(token) && !self.seen.withdrawn {
                    self.breaks(setup, I9);
                }
                self.server.change(|server| server.land(token, true));
            }
        }
        self.seen.last = next.refresh.or(last).map(|token| token.0);
    }

    fn judge_replaced(&mut self, setup: &Setup, last: Token, new: Token, spare: Option<Token>) {
        let server = &self.server;
        if server.grant(last) != server.grant(new) {
            if server.grant(new) < server.grant(last) {
                self.breaks(setup, I8);
            }
            return;
        }
        let siblings = server.parent(last) == server.parent(new);
        let promoted = siblings && spare == Some(new);
        let repaired = self.seen.forgotten && server.comes_of(new, last);
        // Over a verdict that a sibling of it met.
        let healed = siblings && self.record.as_ref().is_some_and(|r| r.refresh.is_none());
        // Of a grant that is being ended any sibling will do to tell of the end with.
        let ending = siblings && self.is_ended_by_api(setup);
        let allowed = promoted || repaired || healed || ending;
        if server.parent(new) != Some(last) && !allowed {
            self.breaks(setup, I5);
        }
    }

    /// What a worker had in hand: is it stored, still held, or dropped?
    pub fn judge_held(&mut self, setup: &Setup, at: usize) {
        let machine = &self.machines[at];
        if machine.held.is_empty() {
            return;
        }
        let (kept, gone): (Vec<Held>, Vec<Held>) = machine.held.iter().copied().partition(|held| {
            !self.server.has_landed(held.token) && machine.knows(&held.token.name())
        });
        let dropped = gone.into_iter().any(|held| self.is_dropped(setup, held.token));
        if dropped {
            self.breaks(setup, I3);
        }
        self.machines[at].change(|machine| machine.held = kept);
    }

    fn is_dropped(&self, setup: &Setup, token: Token) -> bool {
        let server = &self.server;
        if server.has_landed(token) || !server.works(token) {
            return false;
        }
        // No server can be told to take them back.
        if self.is_ended_by_api(setup) {
            return false;
        }
        let last = self.seen.last.map(Token);
        let newer_grant = last.is_some_and(|last| server.grant(last) > server.grant(token));
        let works = self.record.iter().any(|r| r.tokens().any(|token| server.works(token)));
        let stored_sibling = works && server.has_landed_sibling(token);
        let held_sibling = self.machines.iter().flat_map(|machine| &machine.held).any(|held| {
            held.token != token
                && server.works(held.token)
                && server.parent(held.token) == server.parent(token)
        });
        !newer_grant && !stored_sibling && !held_sibling
    }

    /// The store has gone back to an older record: what a live worker remembers is
    /// the only copy again.
    pub fn judge_forgotten(&mut self, lost: &Record) {
        let kept = self.record.clone();
        let gone = lost.tokens().filter(|token| {
            kept.as_ref().is_none_or(|kept| kept.tokens().all(|other| other != *token))
        });
        for token in gone {
            self.server.change(|server| server.land(token, false));
            let name = token.name();
            for machine in self.machines.iter_mut().filter(|machine| machine.knows(&name)) {
                machine.change(|machine| machine.held.push(Held { token, since: None }));
            }
        }
        self.seen.last = kept.and_then(|record| record.refresh).map(|token| token.0);
    }

    /// I6 is looked into where nothing is on its way, and at some other states: from
    /// all others such a state is reached.
    pub fn is_to_be_followed(&self) -> bool {
        let quiet = self.flights.is_empty()
            && self.machines.iter().all(|machine| machine.is_up() && machine.ops.is_empty());
        quiet || self.fingerprint.is_multiple_of(61)
    }

    /// Without further faults, somebody who goes on asking comes to a token, or to a
    /// no that is final.
    pub fn comes_to_an_end(&self, setup: &Setup) -> bool {
        (0..self.machines.len()).all(|asker| self.clone().comes_to_answer(setup, asker))
    }

    fn comes_to_answer(mut self, setup: &Setup, asker: usize) -> bool {
        for at in 0..self.machines.len() {
            if !self.machines[at].is_up() {
                self.restart(setup, at);
            }
        }
        for _ in 0..PATIENCE {
            self.settle(setup);
            self.answered = 0;
            self.tell(setup, asker, Input::TokenWanted { min_validity: 0 });
            self.settle(setup);
            if self.answered & (1 << asker) != 0 {
                return true;
            }
            self.now += TICK;
        }
        false
    }

    /// Everything that can be done at this time is done, and nothing goes wrong.
    fn settle(&mut self, setup: &Setup) {
        for _ in 0..PATIENCE {
            let due = (0..self.machines.len()).find(|at| self.is_due(&self.machines[*at]));
            let open = self.machines.iter().position(|machine| !machine.ops.is_empty());
            if let Some(at) = open {
                match self.machines[at].ops[0].what {
                    Wanted::Swap { answer: None, .. } => self.perform(setup, at, 0, true),
                    Wanted::Swap { .. } => self.answer(setup, at, 0),
                    Wanted::Http { .. } => self.send(setup, at, 0),
                }
            } else if let Some(flight) = self.flights.first() {
                match flight.stage {
                    Stage::Travelling => self.handle(setup, 0),
                    Stage::Answered(_) => self.deliver(setup, 0, false),
                    Stage::Gone => self.apply_to_flight(setup, Action::Notice(0)),
                }
            } else if let Some(at) = due {
                self.tell(setup, at, Input::Wake);
            } else {
                return;
            }
        }
    }
}

/// More ticks, or steps at one tick, than anything takes.
const PATIENCE: usize = 100;

/// A token, or a no that only a person can change.
pub fn is_final(output: &Output) -> bool {
    match output {
        Output::TokenReady { .. } => true,
        Output::Failed { activity: Activity::Token, failure } => match failure {
            Failure::ReauthenticationRequired(_) => true,
            Failure::Denied { reason, .. } => *reason == Denial::NotConnected,
            _ => false,
        },
        _ => false,
    }
}
