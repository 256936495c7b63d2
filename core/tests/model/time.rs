//! When time may pass, and who waits for it.

use crate::{
    canonical::TICK,
    parts::{Held, Machine, Owner, Pending, Stage, Wanted},
    server::Request,
    setup::Setup,
    world::World,
};

impl World {
    pub fn is_due(&self, machine: &Machine) -> bool {
        let now = self.now + machine.ahead;
        let connection = machine.connection.as_ref();
        connection.and_then(|connection| connection.wake_at(now)).is_some_and(|at| at <= now)
    }

    /// Whether time may pass: within the timing rules not beyond a deadline, and
    /// never where nothing waits for it.
    pub fn may_tick(&self, setup: &Setup) -> bool {
        let left = &self.left;
        let idle = left.wants == 0
            && left.revokes == 0
            && left.reauthorizations == 0
            && left.withdrawals == 0
            && left.refused_calls == 0
            && self.redirect.is_none()
            && self.flights.is_empty()
            && self.late.is_empty()
            && self.machines.iter().all(|machine| {
                let now = self.now + machine.ahead;
                let connection = machine.connection.as_ref();
                machine.ops.is_empty()
                    && connection.is_none_or(|connection| connection.wake_at(now).is_none())
            });
        // Revocations, exchanges and people in the browser take no time: they may
        // come at any.
        let at_once = |request: &Request| match request {
            Request::Revoke(_) | Request::Disconnect(_) => true,
            Request::Exchange { .. } => !setup.slow_exchange,
            Request::Refresh(_) | Request::Introspect(_) => false,
        };
        let revoking = |pending: &Pending| match &pending.what {
            Wanted::Http { request, .. } => at_once(request),
            Wanted::Swap { .. } => false,
        };
        if idle
            || self.redirect.is_some()
            || self.flights.iter().any(|flight| at_once(&flight.request))
            || self.machines.iter().any(|m| !m.paused && m.ops.iter().any(revoking))
        {
            return false;
        }
        let ticks = setup.ticks;
        let reached = |since: u64, limit: u64| self.now - since >= limit * TICK;
        let machines = self.machines.iter().all(|machine| {
            let awake = !machine.paused && machine.is_up();
            let slow = |pending: &Pending| match &pending.what {
                Wanted::Swap { .. } => reached(pending.since, setup.latency),
                Wanted::Http { within, .. } => self.now - pending.since > *within,
            };
            let unsaved = |held: &Held| held.since.is_some_and(|since| reached(since, ticks.s));
            !(awake && (self.is_due(machine) || machine.ops.iter().any(slow)))
                && !machine.held.iter().any(unsaved)
        });
        let flights = self.flights.iter().all(|flight| {
            let heard = matches!(flight.owner, Owner::Listens(_));
            let late = flight.stage == Stage::Travelling && reached(flight.sent, ticks.d);
            let unheard = heard && reached(flight.sent, ticks.t);
            !late && !unheard
        });
        !setup.timely || (machines && flights)
    }
}
