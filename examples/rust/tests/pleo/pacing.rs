//! Pacing, at an API that counts.

use std::time::Duration;

use evergrant::{Pace, Pacer};
use evergrant_authority::RateLimit;

use crate::World;

#[test]
fn pleo_43_a_host_that_asks_its_pacer_is_never_refused() {
    const A_MINUTE: u32 = 30;
    let (mut world, mut host) = World::connected();
    world.control().set_rate_limit(Some(RateLimit::new(u64::from(A_MINUTE), 60)));
    let mut pacer = Pacer::new(A_MINUTE).expect("a rate");
    // The authority's clock stands still between calls, however slow this machine is.
    let mut now = world.desk.world.now();
    for _ in 0..100 {
        // A host asks right before each call; clocks are set on instead of sleeping.
        while let Pace::At(at) = pacer.ask(now) {
            let by = Duration::from_millis(at.saturating_sub(now));
            now = at;
            world.desk.advance(&mut host, by);
            world.control().advance(by);
        }
        let answer = host.api_get(&world.expenses()).expect("an answer");
        assert_eq!(answer.response.status, 200);
    }
    let stats = world.stats();
    assert_eq!(stats.rate_limited, 0);
    assert!(stats.busiest_window > 20, "it was put to the test: {}", stats.busiest_window);
}
