//! A store that fails once, wherever it likes.

use evergrant::{Failure, HostFault, Revision, StoreKey, Stored, Write};
use evergrant_example_host::{Host, SqliteStore, Store, StoreError};

use crate::{support::failure, world::World};

/// Does not answer the `fails`-th swap; it may have taken place all the same.
struct Flaky {
    store: SqliteStore,
    swaps: usize,
    fails: usize,
    applies: bool,
}

impl Store for Flaky {
    fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
    ) -> Result<Option<Stored>, StoreError> {
        self.swaps += 1;
        if self.swaps != self.fails {
            return self.store.swap(key, expected, write);
        }
        if self.applies {
            self.store.swap(key, expected, write)?;
        }
        Err(StoreError::new("the cable was pulled"))
    }
}

/// The whole lifecycle with the store failing at one swap; says how often it
/// had to begin an authorization anew.
fn live(world: &World, host: &mut Host) -> u32 {
    let mut restarts = 0;
    let (url, _) = match host.authorize(world.asking()) {
        Ok(opened) => opened,
        Err(error) => {
            // Nothing was stored and no browser was sent: it is begun anew.
            let failure = failure::<()>(Err(error));
            assert_eq!(failure, Failure::HostFailed(HostFault::StoreUnanswered));
            restarts += 1;
            host.authorize(world.asking()).expect("a URL to open")
        }
    };
    let back = world.browser.visit(&url);
    host.redirected(back, evergrant::BrowserProof::SameProcess).expect("a grant");
    world.control().revoke_access_tokens();
    assert!(host.api_get(&world.expenses()).expect("an answer").replayed);
    host.disconnect().expect("a disconnect");
    restarts
}

#[test]
fn a_store_that_fails_once_loses_nothing() {
    for applies in [false, true] {
        let mut restarts = 0;
        for fails in 2.. {
            assert!(fails < 100, "a lifecycle takes fewer swaps than this");
            let world = World::new();
            let store = Flaky { store: world.store(), swaps: 0, fails, applies };
            let mut host = world.host_over(Box::new(store));
            restarts += live(&world, &mut host);

            let at = format!("swap {fails}, applied: {applies}");
            let stats = world.stats();
            assert_eq!((stats.code_exchanges_ok, stats.code_exchanges_refused), (1, 0), "{at}");
            assert_eq!((stats.refreshes_ok, stats.refreshes_refused), (1, 0), "{at}");
            // A revocation whose end was not stored is said again (RFC 7009 §2.2
            // has the server agree); a refresh never is.
            assert!((2..=3).contains(&stats.revocations), "{at}");
            let counters = host.counters();
            // The first swap is the host's own, at its start.
            let swaps = 1 + counters.store_reads + counters.store_writes;
            if swaps < fails as u64 {
                assert!(fails > 8, "the lifecycle takes more swaps than {fails}");
                break;
            }
        }
        assert!(restarts <= 1);
    }
}
