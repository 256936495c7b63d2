//! Many living processes want one token at the same expiry.

use crate::{
    worker::{SERVED, Worker},
    world::World,
};

#[test]
fn two_processes_make_one_refresh() {
    make_one_refresh_for_each_expiry(2, 3);
}

#[test]
fn row_27_eight_processes_make_one_refresh() {
    make_one_refresh_for_each_expiry(8, 3);
}

fn make_one_refresh_for_each_expiry(processes: usize, expiries: u64) {
    let world = World::new("strict");
    let mut workers: Vec<Worker> = (0..processes).map(|_| world.worker()).collect();
    for expiry in 1..=expiries {
        world.expire(&mut workers.iter_mut().collect::<Vec<_>>());
        for worker in &mut workers {
            worker.tell("want");
        }
        for worker in &mut workers {
            assert_eq!(worker.answer().as_deref(), Some(SERVED));
            let generation = format!("generation {}", expiry + 1);
            assert_eq!(worker.count(&generation), 1, "{:?}", worker.log);
        }
        let stats = world.control().stats();
        assert_eq!((stats.refreshes_received, stats.refreshes_ok), (expiry, expiry));
        world.must_be_kept();
    }
    let sent: usize = workers.iter().map(|worker| worker.count("did send")).sum();
    assert_eq!(sent as u64, expiries, "each expiry was one worker's");
    let stats = world.control().stats();
    assert_eq!((stats.replayed_refresh_tokens, stats.grants_revoked_by_replay), (0, 0));
}
