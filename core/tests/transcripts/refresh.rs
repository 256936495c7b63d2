//! A refresh and its endings, by the server's doing and by the store's; and the way
//! back from each cause of a lost grant.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;
use serde_json::json;

/// What `refresh_faults` does not show of what a server may answer.
pub fn refresh_endings() -> Life {
    let mut life = Life::of(ProviderConfig { answer_limit: 1_024, ..provider_config() });
    life.authorize();
    // Before it is needed; and for once the server does not rotate.
    life.server.rotation = Rotation::None;
    life.wake();
    life.server.rotation = Rotation::Strict;
    for fault in [
        error("unauthorized_client"),
        error("invalid_scope"),
        error("unsupported_grant_type"),
        error("odd"),
        status(307),
        Fault::Answer(400, r#"{"error":"slow_down"}"#.into()),
        but(json!({"token_type": "mac"})),
        but(json!({"expires_in": 0})),
    ] {
        life.expire();
        life.meets([fault]);
        life.token_wanted();
        // Asked again at once, it says the same and sends nothing.
        life.token_wanted();
    }
    life.expire();
    let sent = until_sent(&mut life, wanted());
    life.run(Input::HttpFailed { op: op_of(&http(&sent)), why: HttpFault::TooLate });
    // Nobody can know what became of these: they are tried again, much later.
    for fault in [
        Fault::Answer(200, "{\"access".into()),
        Fault::Answer(200, " ".repeat(1_025)),
        Fault::Answer(403, "<html>blocked</html>".into()),
        with_header(503, "Retry-After", "Tue, 14 Nov 2034 22:13:20 GMT"),
        Fault::RequestLost,
    ] {
        life.expire();
        life.meets([fault]);
        life.token_wanted();
        life.wake();
    }
    life
}

/// The store is silent at each write, is slow, forgets, or holds what is not ours.
pub fn refresh_store() -> Life {
    let mut life = Life::new();
    let mine = {
        let mut other = World::new();
        other.authorize();
        other.record().to_string()
    };
    for record in [
        "rubbish",
        r#"{"v":2}"#,
        "evergrant sealed",
        &mine.replace("connection/test/", "connection/live/"),
    ] {
        let read = life.up_to(wanted(), 1);
        life.finds(&read, record);
    }
    let read = life.up_to(wanted(), 1);
    life.silence(&read);
    life.authorize();

    // The intent: its write took place or not, and the answer is lost.
    life.expire();
    let claim = life.up_to(wanted(), 1);
    life.silence(&claim);
    life.advance(60_000);
    let claim = life.up_to(wanted(), 1);
    life.silent_once(&claim, true);
    // Slower than a request may wait for its sending.
    life.expire();
    let mut claim = life.up_to(wanted(), 1);
    for _ in 0..4 {
        life.advance(3_000);
        let answer = life.perform(&claim).unwrap();
        let step = life.step(answer);
        match step.outputs.into_iter().find(is_open) {
            Some(again) => claim = again,
            None => break,
        }
    }
    life.advance(60_000);
    // The new tokens: kept until the store has them, and nobody is told before.
    let save = life.up_to(wanted(), 3);
    life.silence(&save);
    for applied in [false, true] {
        life.until_due();
        let save = life.up_to(Input::Wake, 1);
        life.silent_once(&save, applied);
    }
    life.wake();
    life.expire();
    let save = life.up_to(wanted(), 3);
    life.finds(&save, "rubbish");
    life.wake();
    // What came of a failure.
    life.expire();
    life.meets([Fault::NotSent]);
    let settle = life.up_to(wanted(), 3);
    life.silence(&settle);
    // An acknowledged write is forgotten: by a store that fell back, by an empty one,
    // and by one that lags behind for good.
    life.wake_after(400_000);
    let old = life.stored().unwrap();
    let key = life.connection.store_key().as_str().to_owned();
    life.expire();
    life.token_wanted();
    life.expire();
    let fallen_back = Stored { revision: Revision::new("fell back"), ..old.clone() };
    life.store.insert(key, fallen_back);
    life.token_wanted();
    life.store.clear();
    life.expire();
    life.token_wanted();
    life.expire();
    let mut step = life.step(wanted());
    for n in 0.. {
        let Some(swap) = step.outputs.iter().find(|output| is_open(output)) else { break };
        let revision = Revision::new(format!("lag {n}"));
        let current = Some(Stored { revision, ..old.clone() });
        step = life.step(Input::Swapped { op: op_of(swap), current });
    }
    life.advance(60_000);
    life.token_wanted();
    life
}

/// From each cause back to a grant.
pub fn reauthentication() -> Life {
    let mut life = Life::expired(provider_config());
    life.meets([error("invalid_grant")]);
    life.token_wanted();
    life.token_wanted();
    let url = life.open_browser(authorize());
    life.redirect(&Server::deny(&url), BrowserProof::SameProcess);
    life.authorize();
    // The reply is lost, and with it the only copy.
    life.expire();
    life.meets([Fault::ReplyLost]);
    life.token_wanted();
    life.token_wanted();
    life.wake();
    life.token_wanted();
    life.authorize();
    // The refresh token runs out, and then there is none at all.
    life.meets([but(json!({"refresh_token_expires_in": 7_200}))]);
    life.wake();
    life.advance(7_200_000);
    life.token_wanted();
    life.exchange(but(json!({"refresh_token": null})));
    life.expire();
    life.token_wanted();
    // Refused by the API, with nothing to refresh with.
    life.exchange(but(json!({"refresh_token": null})));
    let generation = life.connection.servable(life.now).unwrap();
    life.refused_by_api(generation);
    life.authorize();
    life
}

/// Served though the store has not taken it.
pub fn release_unsaved() -> Life {
    let mut life = Life::expired(ProviderConfig { release_unsaved: true, ..provider_config() });
    let save = life.up_to(wanted(), 3);
    life.silence(&save);
    life.token_wanted();
    life.wake();
    life.refused_by_api(2);
    life
}

/// The server is asked whether a refresh token is live, where it may not be.
pub fn introspection() -> Life {
    let endpoint = Some("https://as.example/introspect".to_owned());
    let provider = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut life = Life::expired(provider);
    life.token_wanted();
    // Live: the request had been lost. Then without an answer, which counts as live.
    for answers in [vec![], vec![status(500)], vec![Fault::NotSent]] {
        life.expire();
        life.meets([Fault::RequestLost]);
        life.token_wanted();
        life.meets(answers);
        life.wake();
    }
    // Used up by another process, which is given the time to save what it got.
    life.expire();
    let mut owner = second_worker(&life);
    let sent = life.as_other(&mut owner, |other| http(&until_sent(other, wanted())));
    life.restart();
    life.token_wanted();
    let late = life.on_its_way(&sent);
    life.wake_after(90_000);
    life.token_wanted();
    life.as_other(&mut owner, |owner| owner.run(late));
    life.wake();
    // Used up, and nobody has the successor: also after a restart while it is waited for.
    life.expire();
    life.meets([Fault::ReplyLost]);
    life.token_wanted();
    life.wake();
    life.restart();
    life.token_wanted();
    life.wake_after(90_000);
    life.wake();
    life
}
