//! The scenes of a connection's life.

use std::time::Duration;

use evergrant::{
    BrowserProof, CallbackFault, Cause, ConfigurationFault, Denial, Failure, Input, IssPolicy,
    Secret, Status,
};
use serde_json::Value;

use crate::{
    life::{Heard, Life, json, refusal},
    server::Known,
    support::failure,
};

/// Longer than any window of grace here, and shorter than any token lives.
const LATER: Duration = Duration::from_secs(1200);

/// What a server makes of a refresh token that was used before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Replay {
    /// It did not rotate.
    Unspent,
    SameSuccessor,
    Sibling,
    Refused {
        /// Whether the newer tokens die of it.
        harms: bool,
    },
}

impl Life<'_> {
    /// Authorize, exchange, use, refresh, restart, replace, disconnect, and again.
    /// Says whether the access token dies when it is refreshed.
    pub(crate) fn goes_round(&mut self) -> bool {
        let mut desk = self.server.desk(self.client);
        let mut host = desk.host();
        let heard = Heard::of(&mut host);
        self.connects(&desk, &mut host);
        let answer = heard.last();
        let content_type = answer.headers.iter().find(|(name, _)| name == "content-type");
        self.note("content type of a token answer", content_type.expect("a type").1.clone());
        self.note("`expires_in`", kind_of(&json(&answer)["expires_in"]));

        let access = desk.stored_token("access");
        let rotated = self.wakes(&mut desk, &mut host).expect("a refresh");
        self.note("a refresh rotates the refresh token", if rotated { "yes" } else { "no" });
        let given = kind_of(&json(&heard.last())["refresh_token"]);
        self.note("`refresh_token` in the answer to a refresh", given);
        self.works(&mut host);
        let access_dies = self.server.call(&access) != 200;
        self.note("old access token after a refresh", life_or_death(!access_dies));

        // Another process takes it from there.
        drop(host);
        let mut host = desk.host();
        self.works(&mut host);
        assert_eq!(host.counters().http_requests, 0);

        // An access token that is dead at the server: one refresh, one replay.
        self.server.lose(&desk.stored_token("access"));
        let status = self.server.call(&desk.stored_token("access"));
        self.note("a dead access token at the API", status.to_string());
        let answer = host.api_get(&self.server.url("api"));
        if status == 401 {
            let answer = answer.expect("an answer");
            assert_eq!((answer.response.status, answer.replayed), (200, true));
            assert_eq!(host.counters().http_requests, 1);
        } else {
            // RFC 6750 §3.1 wants a 401: this says that the token is good.
            let forbidden = Failure::Denied { reason: Denial::Forbidden, said: None };
            assert_eq!((status, failure(answer)), (403, forbidden));
            self.wakes(&mut desk, &mut host).expect("a refresh");
            self.works(&mut host);
        }

        let heard = Heard::of(&mut host);
        let (access, refresh) = (desk.stored_token("access"), desk.stored_token("refresh"));
        host.disconnect().expect("a disconnect");
        assert_eq!(host.status(), Status::Disconnected);
        self.note("revocation endpoint", heard.last().status.to_string());
        let (status, answer) = self.server.refresh(self.client, &refresh);
        self.note("a revoked refresh token", refusal(status, &answer));
        assert!((400..500).contains(&status));
        assert_ne!(self.server.call(&access), 200, "both are revoked");
        let refused = failure(host.api_get(&self.server.url("api")));
        assert_eq!(refused, Failure::Denied { reason: Denial::NotConnected, said: None });
        self.connects(&desk, &mut host);
        access_dies
    }

    /// The person says no, and somebody forges a redirect.
    pub(crate) fn is_denied(&mut self) {
        let mut desk = self.server.desk(self.client);
        let mut host = desk.host();
        let back = desk.consent(&mut host);
        let iss = has_iss(&back);
        if iss {
            let forged = back.expose().replace("iss=http", "iss=https");
            let fault = failure(host.redirected(forged.into(), BrowserProof::SameProcess));
            assert_eq!(fault, Failure::CallbackRefused(CallbackFault::IssuerMismatch));
        }
        host.redirected(back, BrowserProof::SameProcess).expect("a grant");

        // Pressed on the page, where there is one.
        desk.browser.refuses = true;
        desk.extra.push(("login_hint".into(), "refuses".into()));
        let back = desk.consent(&mut host);
        let iss_of_errors = has_iss(&back);
        let denied = failure(host.redirected(back, BrowserProof::SameProcess));
        let Failure::Denied { reason: Denial::AccessDenied, said: Some(said) } = denied else {
            panic!("not denied: {denied:?}");
        };
        let why = said.description.map_or("no description".to_owned(), |why| format!("“{why}”"));
        self.note("denial by the person", format!("`{}`, {why}", said.error));
        let (seen, fits) = match (iss, iss_of_errors) {
            (true, true) => ("always", IssPolicy::Required),
            (true, false) => ("with a code; not with an error", IssPolicy::IfPresent),
            (false, true) => ("with an error; not with a code", IssPolicy::IfPresent),
            (false, false) => ("never", IssPolicy::IfPresent),
        };
        assert_eq!(self.server.kind.iss, fits);
        self.note("`iss` in the redirect", seen);
        self.note("`IssPolicy` that fits", format!("`{fits:?}`"));
        // The grant before it serves on.
        self.works(&mut host);
    }

    /// Somebody has got hold of a spent token and uses it: at once, and later.
    pub(crate) fn is_replayed(&mut self) -> Replay {
        let (replay, said, harm) = self.replayed_after(Duration::ZERO);
        self.note("replay of a spent refresh token", said);
        self.note("what that does to the newer tokens", harm);
        let (_, said, harm) = self.replayed_after(LATER);
        self.note("replay 20 minutes later", said);
        self.note("what that then does to the newer tokens", harm);
        replay
    }

    fn replayed_after(&mut self, pause: Duration) -> (Replay, String, String) {
        let (mut desk, mut host) = self.connected();
        let spent = desk.stored_token("refresh");
        self.wakes(&mut desk, &mut host).expect("a refresh");
        let (access, newer) = (desk.stored_token("access"), desk.stored_token("refresh"));
        self.server.age(pause);
        let (status, answer) = self.server.refresh(self.client, &spent);
        let access_lives = self.server.call(&access) == 200;
        let grant_lives = self.wakes(&mut desk, &mut host).is_some();
        if !grant_lives {
            self.is_mended(&desk, &mut host, Cause::Rejected);
        }
        self.works(&mut host);
        let harms = !grant_lives;
        let (replay, said) = match status {
            200 if spent == newer => (Replay::Unspent, "served: it is not spent".to_owned()),
            200 if answer["refresh_token"] == newer => {
                (Replay::SameSuccessor, "served: the same successor".to_owned())
            }
            200 => (Replay::Sibling, "served: another successor".to_owned()),
            _ => (Replay::Refused { harms }, refusal(status, &answer)),
        };
        let harm = match (access_lives, grant_lives) {
            (true, true) => "nothing",
            (false, true) => "the access token dies",
            (true, false) => "the refresh token dies",
            (false, false) => "both die",
        };
        (replay, said, harm.to_owned())
    }

    /// A process dies with the answer to its refresh unread; another takes over.
    pub(crate) fn crashes(&mut self, replay: &Replay) {
        let wait = self.server.kind.refresh.timing.takeover_after;
        let seen = self.crashes_for(Duration::from_millis(wait));
        assert_eq!(seen == SERVED, !matches!(replay, Replay::Refused { .. }));
        self.note("evergrant after a lost answer to a refresh", seen);
        let seen = self.crashes_for(LATER);
        self.note("evergrant after a lost answer, 20 minutes later", seen);
    }

    fn crashes_for(&mut self, pause: Duration) -> String {
        let (mut desk, mut host) = self.connected();
        desk.advance_to_wake(&mut host);
        let requests = host.counters().http_requests;
        host.queue(Input::Wake);
        while host.counters().http_requests == requests {
            assert!(host.turn().expect("no misuse"), "there was nothing to refresh");
        }
        drop(host);

        self.server.age(pause);
        let mut host = desk.host();
        desk.advance(&mut host, pause);
        host.run().expect("what was begun");
        let mut waits = 0;
        while host.status() == Status::Authorized
            && host.wake_at() < Some(desk.world.now() + 60_000)
        {
            waits += 1;
            assert!(waits < 1_000, "it never comes to an end");
            desk.advance_to_wake(&mut host);
            host.run().expect("what is due");
        }
        assert_eq!(host.counters().http_requests, 1, "one replay");
        if host.status() == Status::Authorized {
            self.works(&mut host);
            return SERVED.to_owned();
        }
        let seen = said(host.status());
        self.is_mended(&desk, &mut host, Cause::LostReply);
        seen
    }

    /// The grant is ended elsewhere: by the person, at the server.
    pub(crate) fn is_revoked_by_somebody_else(&mut self) {
        let (mut desk, mut host) = self.connected();
        self.wakes(&mut desk, &mut host).expect("a refresh");
        assert_eq!(self.server.revoke(self.client, &desk.stored_token("refresh")), 200);
        let alive = self.server.call(&desk.stored_token("access")) == 200;
        self.note("access token whose refresh token was revoked", life_or_death(alive));
        assert_eq!(self.wakes(&mut desk, &mut host), None);
        self.note("evergrant after the grant was revoked there", said(host.status()));
        self.is_mended(&desk, &mut host, Cause::Rejected);
    }

    /// The person authorizes anew, in the same browser; then a spent token of the
    /// grant before is used. Says whether the newer grant dies of it.
    pub(crate) fn sees_an_older_grant_replayed(&mut self) -> bool {
        let (mut desk, mut host) = self.connected();
        let spent = desk.stored_token("refresh");
        self.wakes(&mut desk, &mut host).expect("a refresh");
        self.connects(&desk, &mut host);
        self.server.age(LATER);
        self.server.refresh(self.client, &spent);
        let lives = self.wakes(&mut desk, &mut host).is_some();
        self.note("a newer grant after the replay of an older one's token", life_or_death(lives));
        if !lives {
            self.is_mended(&desk, &mut host, Cause::Rejected);
        }
        !lives
    }

    pub(crate) fn has_a_wrong_secret(&mut self) {
        if self.client.secret.is_none() {
            return;
        }
        let wrong = Known { secret: Some("another".to_owned()), ..self.client.clone() };
        let desk = self.server.desk(&wrong);
        let mut host = desk.host();
        let heard = Heard::of(&mut host);
        let back = desk.consent(&mut host);
        let refused = failure(host.redirected(back, BrowserProof::SameProcess));
        let reason = ConfigurationFault::InvalidClient;
        assert!(matches!(refused, Failure::Misconfigured { reason: r, .. } if r == reason));
        let answer = heard.last();
        self.note("a wrong client secret", refusal(answer.status, &json(&answer)));
    }
}

const SERVED: &str = "served, nobody is asked";

fn said(status: Status) -> String {
    format!("`{status:?}`")
}

fn has_iss(back: &Secret) -> bool {
    back.expose().contains("iss=http")
}

fn life_or_death(alive: bool) -> &'static str {
    if alive { "lives on" } else { "dead" }
}

fn kind_of(member: &Value) -> &'static str {
    match member {
        Value::Null => "absent",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        _ => "something else",
    }
}
