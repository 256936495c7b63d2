//! What it all came to.

use std::{fs, time::Instant};

use super::{Outcome, Story, ensure, locked};

impl Story {
    /// Every number is counted: by the hosts, by what was shown, by the server.
    pub(super) fn summary(&self, start: Instant) -> Outcome {
        let stats = self.authority.control().stats();
        let (show, done) = (self.show(), *locked(&self.done));
        let issued = stats.code_exchanges_ok + stats.refreshes_ok;
        let stored = show.grants + show.refreshes;
        let lost = issued.saturating_sub(stored + show.revoked_late);
        let grants_lost = stats.grants_revoked_by_replay;
        let calls: u64 = stats.api_calls.values().sum();
        let refused = stats.api_calls.get(&401).copied().unwrap_or_default();
        show.summary(&[
            ("steps of the machine", done.steps.to_string(), ""),
            ("authorizations", stats.authorizations_granted.to_string(), "counted by the server"),
            (
                "refresh requests",
                stats.refreshes_received.to_string(),
                &format!("{} honoured, counted by the server", stats.refreshes_ok),
            ),
            ("requests to the server", done.http_requests.to_string(), ""),
            ("API calls", calls.to_string(), &format!("{refused} of them refused, and replayed")),
            (
                "writes to the store",
                done.store_writes.to_string(),
                &format!("and {} reads", done.store_reads),
            ),
            ("token pairs issued", issued.to_string(), "counted by the server"),
            ("token pairs stored", stored.to_string(), ""),
            ("token pairs revoked unused", show.revoked_late.to_string(), "after a disconnect"),
            (
                "token pairs lost",
                lost.to_string(),
                &format!(
                    "with their replies: {} made good by grace, {grants_lost} not",
                    lost.saturating_sub(grants_lost)
                ),
            ),
            (
                "grants lost",
                grants_lost.to_string(),
                "to a reply that a strict server gave once; named so",
            ),
            ("seconds", format!("{:.2}", start.elapsed().as_secs_f32()), ""),
        ]);
        let file = fs::read(&self.path)?;
        let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
        ensure(holds(b"evergrant 1 demo-1"), "the records in the store's file are sealed")?;
        ensure(!holds(b"refresh"), "no record in the store's file can be read")?;
        ensure(issued == stored + show.revoked_late + lost, "every token is accounted for")?;
        ensure(lost == 2, "a token is lost only where the network loses it")?;
        ensure(stats.refreshes_received == 10, "ten refreshes are asked for")?;
        let outcomes = (stats.refreshes_ok, stats.refreshes_refused);
        ensure(outcomes == (8, 1), "eight refreshes are made, one is refused, one never came")?;
        let replays = (stats.replayed_refresh_tokens, grants_lost);
        ensure(replays == (1, 1), "one refresh token is used twice: the one whose reply was lost")?;
        let exchanges = (stats.code_exchanges_ok, stats.code_exchanges_refused);
        ensure(exchanges == (3, 0), "three grants are made")?;
        ensure(stats.revocations == 5, "two grants, an access token and a late pair are revoked")?;
        ensure(done.http_requests == 18, "no request is made in vain")?;
        ensure(stats.api_calls == [(200, 10), (401, 1)].into(), "one API call is refused")
    }
}
