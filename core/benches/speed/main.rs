//! The whole lifecycle, a valid token and a token answer, beside the `oauth2`
//! crate on the same inputs in the same run: three scopes, a code of 43
//! characters, token answers of about 1.2 KB with an access token of 900.
//!
//! evergrant's lifecycle writes every record to a store in memory; the peer
//! keeps nothing. Allocations are counted once, before the times are taken.
#![allow(missing_docs, reason = "a bench has no readers of its API")]

mod host;
mod peer;

use criterion::Criterion;
use evergrant::*;
use host::{API, Host, client, lifecycle, refresh_answered, sealed, token_body};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let result = run();
    (ALLOCATIONS.load(Ordering::Relaxed) - before, result)
}

fn benches(c: &mut Criterion) {
    let (ours, theirs) = (client(Sealing::Plain), peer::client());
    let sealed = client(sealed());
    let body = token_body();
    let shared = SecretBytes::new(body.clone());

    let (allocations, steps) = counted(|| lifecycle(&ours, &shared));
    println!(
        "allocations, whole lifecycle, evergrant: {allocations} in {steps} steps with records"
    );
    let (allocations, _) = counted(|| peer::lifecycle(&theirs, &body));
    println!("allocations, whole lifecycle, oauth2:    {allocations} without any record");
    let (mut connection, env, answer) = refresh_answered(&ours, &shared);
    let (allocations, _) = counted(|| connection.step(&env, answer).unwrap());
    println!("allocations, token answer, evergrant:    {allocations} with its record");
    let (allocations, _) = counted(|| peer::token_answer(&body));
    println!("allocations, token answer, oauth2:       {allocations}");

    let mut group = c.benchmark_group("whole lifecycle");
    group.bench_function("evergrant, records in memory", |b| b.iter(|| lifecycle(&ours, &shared)));
    group.bench_function("evergrant, records in memory, sealed", |b| {
        b.iter(|| lifecycle(&sealed, &shared));
    });
    group.bench_function("oauth2, nothing kept", |b| b.iter(|| peer::lifecycle(&theirs, &body)));
    group.finish();

    let mut host = Host::new(ours.clone(), &shared);
    host.authorize();
    host.redirected();
    let (allocations, _) =
        counted(|| host.connection.authorization(host.now, API, 30_000).is_some());
    println!("allocations, valid token, evergrant:     {allocations}");
    let mut group = c.benchmark_group("valid token");
    group.bench_function("evergrant, for a URL of the API", |b| {
        b.iter(|| {
            black_box(host.connection.authorization(host.now, black_box(API), 30_000)).is_some()
        });
    });
    group.bench_function("evergrant, servable generation", |b| {
        b.iter(|| black_box(host.connection.servable(black_box(host.now))));
    });
    group.finish();

    let mut group = c.benchmark_group("restore");
    for (name, client) in [("evergrant, in clear", &ours), ("evergrant, sealed", &sealed)] {
        let mut host = Host::new(client.clone(), &shared);
        host.authorize();
        host.redirected();
        let stored = host.store[0].clone();
        println!("bytes of the record, {name}: {}", stored.as_ref().unwrap().bytes.len());
        group.bench_function(name, |b| {
            b.iter(|| Connection::restore(client.clone(), "tenant", stored.clone()).unwrap());
        });
    }
    group.finish();

    let mut group = c.benchmark_group("token answer");
    group.bench_function("evergrant, a step with its record", |b| {
        let fresh = || refresh_answered(&ours, &shared);
        b.iter_batched(
            fresh,
            |(mut connection, env, answer)| {
                let step = connection.step(&env, answer).unwrap();
                (connection, step)
            },
            criterion::BatchSize::SmallInput,
        );
    });
    group.bench_function("oauth2, parsed", |b| b.iter(|| peer::token_answer(black_box(&body))));
    group.finish();
}

/// `count NAME ROUNDS` runs one of them so often, for a count of its instructions.
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [_, "count", name, rounds] => count(name, rounds.parse().unwrap()),
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            benches(&mut criterion);
            criterion.final_summary();
        }
    }
}

fn count(name: &str, rounds: u32) {
    let body = token_body();
    let shared = SecretBytes::new(body.clone());
    let (ours, theirs) = (client(Sealing::Plain), peer::client());
    let sealed = client(sealed());
    for _ in 0..rounds {
        match name {
            "lifecycle" => drop(black_box(lifecycle(&ours, &shared))),
            "lifecycle, sealed" => drop(black_box(lifecycle(&sealed, &shared))),
            "lifecycle, oauth2" => drop(black_box(peer::lifecycle(&theirs, &body))),
            other => panic!("no {other}"),
        }
    }
}
