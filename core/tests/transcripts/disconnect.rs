//! The end of a grant in its three kinds, and what it may meet.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;

fn of(disconnect: Disconnect) -> Life {
    Life::of(ProviderConfig { disconnect, ..provider_config() })
}

/// With no way to tell the server.
pub fn disconnect_forget() -> Life {
    let mut life = of(Disconnect::Forget);
    // With nothing to end the tombstone is written all the same, before anything is
    // read and after; and a person in the browser comes too late.
    life.run(Input::Revoke);
    let redirect = life.consented();
    life.run(Input::Revoke);
    life.run(redirect);
    life.advance(1);
    life.authorize();
    life.run(Input::Revoke);
    life.token_wanted();
    life.refused_by_api(4);
    life.advance(1);
    life.authorize();
    life
}

/// By RFC 7009.
pub fn disconnect_revocation() -> Life {
    let mut life = Life::new();
    life.authorize();
    life.run(Input::Revoke);
    life.token_wanted();
    life.wake();
    // The server is down: told five times, and then it is owed.
    life.advance(1);
    life.authorize();
    life.meets([status(503), with_header(429, "Retry-After", "60"), Fault::NotSent]);
    life.meets([Fault::RequestLost]);
    life.run(Input::Revoke);
    for _ in 0..3 {
        life.wake();
    }
    life.until_due();
    let sent = http(&until_sent(&mut life, Input::Wake));
    // Its last answer never comes.
    life.wake();
    life.run(Input::HttpFailed { op: op_of(&sent), why: HttpFault::Unknown });
    // One duty is done at the second try, and the other refused for good.
    life.meets([status(503), status(200), status(400)]);
    while life.connection.wake_at(life.now).is_some() {
        life.wake();
    }
    // Refused: the tokens are forgotten all the same.
    life.advance(1);
    life.authorize();
    life.meets([Fault::Answer(400, r#"{"error":"unsupported_token_type"}"#.into())]);
    life.run(Input::Revoke);
    life
}

/// By a request to the API, which takes a live access token.
pub fn disconnect_api_request() -> Life {
    let mut life = of(Disconnect::ApiRequest {
        method: Method::Delete,
        url: "https://api.example/v1/installations/me".into(),
        spares_others: true,
    });
    let mut ends = |faults: &[Fault], wait: u64| {
        life.advance(1);
        life.authorize();
        life.advance(wait);
        life.meets(faults.iter().cloned());
        life.run(Input::Revoke);
    };
    ends(&[], 0);
    ends(&[status(404)], 0);
    ends(&[status(403)], 0);
    // Its access token is dead by the API's word, and by the clock: renewed once.
    ends(&[status(401)], 0);
    ends(&[], 3_600_000);
    ends(&[status(401), no_fault(), status(401)], 0);
    ends(&[error("invalid_grant")], 3_600_000);
    // The renewal is tried again; and its tokens are kept until they are stored.
    ends(&[Fault::NotSent, with_header(503, "Retry-After", "30")], 3_600_000);
    life.wake();
    life.wake();
    life.advance(1);
    life.authorize();
    life.expire();
    let save = life.up_to(Input::Revoke, 4);
    life.silent_once(&save, false);
    life.wake();
    // The process dies with the renewal on its way: the next one is refused.
    life.advance(1);
    life.authorize();
    life.expire();
    let renewal = life.up_to(Input::Revoke, 3);
    life.on_its_way(&renewal);
    life.restart();
    life.run(Input::Wake);
    life.wake();
    life
}

/// A disconnect that meets a silent store, a refresh, an exchange, another disconnect.
pub fn disconnect_races() -> Life {
    let mut life = Life::new();
    let read = life.up_to(Input::Revoke, 1);
    life.silence(&read);
    life.wake();
    life.advance(1);
    life.authorize();
    // Nobody is served while nobody knows what the store holds.
    let mark = life.up_to(Input::Revoke, 1);
    life.perform(&mark);
    life.silence(&mark);
    life.token_wanted();
    life.until_due();
    let bury = life.up_to(Input::Wake, 3);
    life.silence(&bury);
    life.wake();
    life.wake();
    // A refresh on its way: its tokens are what has to be revoked, in time or later.
    for told in [false, true] {
        life.advance(1);
        life.authorize();
        life.expire();
        let refresh = http(&until_sent(&mut life, wanted()));
        let late = life.on_its_way(&refresh);
        let revoke = http(&until_sent(&mut life, Input::Revoke));
        if told {
            life.go_on(&revoke);
            life.run(late);
        } else {
            life.run(late);
            life.go_on(&revoke);
        }
        while life.connection.wake_at(life.now).is_some() {
            life.wake();
        }
    }
    // A code on its way, and a new grant that came first.
    life.advance(1);
    let redirect = life.consented();
    let sent = http(&until_sent(&mut life, redirect));
    life.advance(1);
    life.run(Input::Revoke);
    life.go_on(&sent);
    life.wake();
    life.advance(1);
    let redirect = life.consented();
    let save = life.up_to(redirect, 5);
    let revoke = life.step(Input::Revoke);
    life.go_on(&save);
    life.go_on(&open(&revoke));
    // Ended by another process; and twice is once.
    life.advance(1);
    life.authorize();
    life.elsewhere(|other| other.run(Input::Revoke));
    life.run(Input::Revoke);
    life.run(Input::Revoke);
    life
}
