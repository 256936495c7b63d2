//! Many seeds, on all cores.

use crate::{coverage::Tally, dice::Mode, plan::Plan, world::World};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// So many runs meet everything there is to meet.
const ENOUGH: u64 = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub fn hunt() {
    let seconds = number("SIMULATE_SECONDS");
    let seeds = number("SEEDS").unwrap_or(if seconds.is_some() { u64::MAX } else { 10 });
    let first = number("FIRST").unwrap_or(1);
    let threads = number("THREADS")
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u64));
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let total = Mutex::new(Tally::default());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= seeds {
                        break;
                    }
                    let seed = first + at;
                    let mut world = World::new(Plan::of(seed), Mode::Draw, false);
                    world.run();
                    tally.add(&world.tally);
                    tally.runs += 1;
                    if tally.runs.is_multiple_of(64) {
                        total.lock().unwrap().add(&std::mem::take(&mut tally));
                    }
                    if let Some(violation) = world.violation {
                        stop.store(true, Ordering::Relaxed);
                        failed.lock().unwrap().get_or_insert((seed, violation));
                    }
                }
                total.lock().unwrap().add(&tally);
            });
        }
        let limit = seconds.map(Duration::from_secs);
        let mut said = Instant::now();
        while next.load(Ordering::Relaxed) < seeds && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
            if limit.is_some_and(|limit| begun.elapsed() > limit) {
                stop.store(true, Ordering::Relaxed);
            }
            if said.elapsed() > Duration::from_secs(1) {
                said = Instant::now();
                progress(&total.lock().unwrap(), begun, threads);
            }
        }
    });
    let total = total.into_inner().unwrap();
    progress(&total, begun, threads);
    if let Some((seed, violation)) = failed.into_inner().unwrap() {
        match crate::shrink::shrink(&Plan::of(seed)) {
            Some(shrunk) => println!("{}", shrunk.report()),
            None => {
                let mut world = World::new(Plan::of(seed), Mode::Draw, true);
                world.run();
                let trace = world.trace.unwrap_or_default();
                let shown = trace.len().saturating_sub(100);
                println!("seed {seed} fails only as it was drawn\n{}", trace[shown..].join("\n"));
            }
        }
        panic!("seed {seed}: {violation:?}");
    }
    if total.runs >= ENOUGH {
        println!("{}", total.table());
        let missing = total.missing();
        assert!(missing.is_empty(), "never met in {} runs: {missing:#?}", total.runs);
    }
}

fn progress(tally: &Tally, begun: Instant, threads: u64) {
    let seconds = begun.elapsed().as_secs_f64();
    let rate = tally.steps as f64 / seconds / threads as f64;
    println!(
        "{:>5.0} s {:>8} runs {:>11} steps {rate:>8.0} steps/s a core | {} | {}",
        seconds,
        tally.runs,
        tally.steps,
        tally.faults_by_kind(),
        tally.outcomes_by_kind()
    );
}
