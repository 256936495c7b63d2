//! How many requests a minute.

use evergrant::*;

/// Asks as fast as it is let for three minutes: when each request went out.
fn stream(pacer: &mut Pacer) -> Vec<u64> {
    let (mut now, mut sent) = (1_700_000_000_000, Vec::new());
    let end = now + 180_000;
    while now < end {
        match pacer.ask(now) {
            Pace::Now => sent.push(now),
            Pace::At(at) => now = at,
        }
    }
    sent
}

fn busiest_minute(sent: &[u64]) -> usize {
    let within = |from: u64| sent.iter().filter(|at| (from..from + 60_000).contains(*at)).count();
    sent.iter().map(|from| within(*from)).max().unwrap_or(0)
}

#[test]
fn pleo_43_requests_are_paced_to_500_a_minute_unless_set_otherwise() {
    for (mut pacer, most, least) in [
        (Pacer::default(), 500, 440),
        (Pacer::new(600).unwrap(), 600, 530),
        (Pacer::new(60).unwrap(), 60, 50),
        (Pacer::with_burst(500, 1).unwrap(), 500, 499),
        (Pacer::new(1).unwrap(), 1, 1),
    ] {
        let busiest = busiest_minute(&stream(&mut pacer));
        assert!((least..=most).contains(&busiest), "{busiest} of {most}");
    }
    assert_eq!(Pacer::default(), Pacer::new(500).unwrap());
    // What the API asks for comes on top.
    let mut pacer = Pacer::default();
    pacer.slow_down(1_000, 61_000);
    assert_eq!(pacer.ask(2_000), Pace::At(61_000));
}
