//! A failing run made small: decisions are left out for as long as it goes on
//! failing in the same way.

use crate::{
    dice::{Act, Fate, Mode, Schedule, Site},
    event::Violation,
    fault::Fault,
    plan::Plan,
    world::World,
};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// One decision.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Act(Act),
    Fate((Site, u32), Fate),
}

pub struct Shrunk {
    pub plan: Plan,
    pub violation: Violation,
    pub schedule: Schedule,
    pub before: usize,
}

/// Tries for so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn shrink(plan: &Plan) -> Option<Shrunk> {
    let begun = Instant::now();
    let mut world = World::new(plan.clone(), Mode::Record(Schedule::default()), false);
    world.run();
    let violation = world.violation?;
    let Mode::Record(schedule) = world.chance.mode else { return None };
    let mut units: Vec<Unit> = schedule.acts.into_iter().map(Unit::Act).collect();
    units.extend(schedule.fates.into_iter().map(|(place, fate)| Unit::Fate(place, fate)));
    let before = units.len();
    let mut plan = plan.clone();
    let fails = |plan: &Plan, units: &[Unit]| {
        let mut world = World::new(plan.clone(), Mode::Replay(schedule_of(units)), false);
        world.run();
        world.violation.is_some_and(|found| found.rule == violation.rule)
    };
    if !fails(&plan, &units) {
        return None;
    }
    if !violation.rule.starts_with("h") && !violation.rule.starts_with("c") {
        // Nothing after the failure matters.
        plan.end = world.now + 1;
    }
    let mut chunk = units.len().div_ceil(2).max(1);
    while begun.elapsed() < PATIENCE {
        let mut at = 0;
        let mut dropped = false;
        while at < units.len() && begun.elapsed() < PATIENCE {
            let end = (at + chunk).min(units.len());
            let rest: Vec<Unit> = units[..at].iter().chain(&units[end..]).copied().collect();
            if fails(&plan, &rest) {
                units = rest;
                dropped = true;
            } else {
                at = end;
            }
        }
        if chunk == 1 && !dropped {
            break;
        }
        chunk = if dropped && chunk == 1 { 1 } else { chunk.div_ceil(2).max(1) };
    }
    // Delays that do not matter are left out too.
    for at in 0..units.len() {
        let Unit::Fate(place, fate) = units[at] else { continue };
        for plain in [
            Fate { there: 0, back: 0, ..fate },
            Fate { there: 0, ..fate },
            Fate { back: 0, ..fate },
        ] {
            let mut fewer = units.clone();
            fewer[at] = Unit::Fate(place, plain);
            if begun.elapsed() < PATIENCE && fails(&plan, &fewer) {
                units = fewer;
                break;
            }
        }
    }
    while plan.workers.len() > 1 {
        let mut fewer = plan.clone();
        fewer.workers.pop();
        let gone = fewer.workers.len();
        let acts = |unit: &Unit| matches!(unit, Unit::Act(act) if usize::from(act.worker) >= gone);
        if units.iter().any(acts) || !fails(&fewer, &units) {
            break;
        }
        plan = fewer;
    }
    Some(Shrunk { plan, violation, schedule: schedule_of(&units), before })
}

fn schedule_of(units: &[Unit]) -> Schedule {
    let mut schedule = Schedule::default();
    for unit in units {
        match unit {
            Unit::Act(act) => schedule.acts.push(*act),
            Unit::Fate(place, fate) => drop(schedule.fates.insert(*place, *fate)),
        }
    }
    schedule
}

impl Shrunk {
    /// The schedule, and what happened, to be read.
    pub fn report(&self) -> String {
        let mut text = String::new();
        let plan = &self.plan;
        let _ = writeln!(
            text,
            "seed {}: {}: {}\n{} workers, timely {}, server {:?}, {:?}, oracle {}, release_unsaved {}",
            plan.seed,
            self.violation.rule,
            self.violation.detail,
            plan.workers.len(),
            plan.timely,
            plan.server,
            plan.provider.disconnect,
            plan.provider.introspection_endpoint.is_some(),
            plan.provider.release_unsaved,
        );
        let left = self.schedule.acts.len() + self.schedule.fates.len();
        let _ = writeln!(text, "\nschedule: {left} of {} decisions", self.before);
        let name = |number| Fault::of(number).map_or("no fault", Fault::code);
        for act in &self.schedule.acts {
            let _ = writeln!(
                text,
                "  at {:>10} w{} {} ({:#x})",
                act.at,
                act.worker,
                name(act.fault),
                act.arg
            );
        }
        for ((site, number), fate) in &self.schedule.fates {
            let Fate { fault, arg, there, back } = fate;
            let fault = name(*fault);
            let _ = writeln!(
                text,
                "  {site:?} {number}: {fault} ({arg:#x}), {there} ms there, {back} ms back"
            );
        }
        let mut world = World::new(plan.clone(), Mode::Replay(self.schedule.clone()), true);
        world.run();
        let trace = world.trace.unwrap_or_default();
        let shown = 400;
        let _ = writeln!(text, "\ntrace, {} entries", trace.len());
        let hidden = trace.len().saturating_sub(shown);
        for line in trace.iter().take(shown / 2).chain(trace.iter().skip(hidden.max(shown / 2))) {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}
