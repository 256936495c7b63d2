//! From a redirect to a stored grant: what the server answers, what the store does,
//! and what other processes do meanwhile.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;
use serde_json::json;

/// Each way in which an exchange can end, by what the server does.
pub fn exchange_endings() -> Life {
    let mut life = Life::of(ProviderConfig { answer_limit: 1_024, ..provider_config() });
    for fault in [
        error("invalid_grant"),
        Fault::Answer(401, r#"{"error":"invalid_client"}"#.into()),
        status(302),
        with_header(429, "Retry-After", "30"),
        error("temporarily_unavailable"),
        status(502),
        Fault::ReplyLost,
        Fault::Answer(200, "{\"access".into()),
        Fault::Answer(200, " ".repeat(1_025)),
        but(json!({"access_token": "a b", "refresh_token": null})),
    ] {
        life.exchange(fault);
    }
    // What certainly did not leave is sent again, three times in all.
    life.meets([Fault::NotSent, Fault::NotSent]);
    life.exchange(Fault::NotSent);
    let redirect = life.consented();
    let sent = http(&until_sent(&mut life, redirect));
    life.run(Input::HttpFailed { op: op_of(&sent), why: HttpFault::TooLate });
    // Not served, and so owed to the server, which is told.
    life.exchange(but(json!({"token_type": "mac"})));
    life.wake();
    // Less than was asked for; and at last a grant without a refresh token.
    life.exchange(but(json!({"scope": "expenses:read"})));
    life.exchange(but(json!({"refresh_token": null, "expires_in": null})));
    life
}

/// The store is silent, or says what cannot be, at each of its turns.
pub fn exchange_store() -> Life {
    let mut life = Life::new();
    // At the pending record: read, then used up.
    let redirect = life.consented();
    for n in [1, 2] {
        let open = life.up_to(redirect.clone(), n);
        life.silence(&open);
    }
    // Used up by a write whose answer was lost; then the connection's record is silent.
    let write = life.up_to(redirect, 2);
    life.perform(&write);
    let step = life.step(Input::SwapUnanswered { op: op_of(&write) });
    let read = {
        let answer = life.perform(&open(&step)).unwrap();
        open(&life.step(answer))
    };
    life.silence(&read);
    let redirect = life.consented();
    let read = life.up_to(redirect, 3);
    life.finds(&read, "rubbish");
    let redirect = life.consented();
    let fence = life.up_to(redirect, 4);
    life.silence(&fence);
    let redirect = life.consented();
    let fence = life.up_to(redirect, 3);
    life.silent_once(&fence, true);
    // The fence is not lifted: it falls by itself.
    life.meets([error("invalid_grant")]);
    let redirect = life.consented();
    let lift = life.up_to(redirect, 5);
    life.silence(&lift);
    // What is owed could not be written.
    life.meets([but(json!({"token_type": "mac"}))]);
    let redirect = life.consented();
    let owe = life.up_to(redirect, 5);
    life.silence(&owe);
    // The new grant is held until the store has it.
    let redirect = life.consented();
    let mut save = life.up_to(redirect, 5);
    life.silence(&save);
    life.until_due();
    save = life.up_to(Input::Wake, 1);
    life.finds(&save, r#"{"v":2}"#);
    life.wake();
    life
}

/// Others are at work on the same connection; and all grants of a person are one
/// family at the server.
pub fn exchange_races() -> Life {
    let mut life = Life::of(ProviderConfig {
        refresh: RefreshPolicy { family_per_user: true, ..RefreshPolicy::STRICT },
        ..provider_config()
    });
    // Another process used the redirect up, between this one's read and its write.
    let redirect = life.consented();
    let write = life.up_to(redirect.clone(), 2);
    life.elsewhere(|other| other.run(redirect));
    life.go_on(&write);
    // While another exchanges nobody refreshes; when it has died, its fence falls.
    life.expire();
    life.token_wanted();
    life.expire();
    let redirect = life.elsewhere(Life::consented);
    life.elsewhere(|other| drop(until_sent(other, redirect)));
    life.token_wanted();
    life.wake();
    life.wake_after(200_000);
    // A refresh may be on its way: the code waits until it has been dealt with, but
    // never past its own life.
    life.expire();
    life.elsewhere(|other| drop(until_sent(other, wanted())));
    life.restart();
    let redirect = life.consented();
    life.run(redirect);
    life.wake_after(30_000);
    // Disconnected before the code was sent, and after.
    let redirect = life.consented();
    life.elsewhere(|other| other.run(Input::Revoke));
    life.run(redirect);
    life.token_wanted();
    let redirect = life.consented();
    let sent = life.up_to(redirect, 4);
    life.elsewhere(|other| other.run(Input::Revoke));
    life.go_on(&sent);
    life.wake();
    life.wake_after(1_000);
    life
}
