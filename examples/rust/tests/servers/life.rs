//! The life of a connection at a server, and the steps that its scenes share.

use std::sync::{Arc, Mutex, PoisonError};

use evergrant::{
    Cause, Failure, HttpResponse, Input, Notice, Output, RefreshPolicy, Rotation, Status,
    TokenEndpointAuthMethod as Method,
};
use evergrant_example_host::{Host, Seen};
use serde_json::Value;

use crate::{
    notes::{Column, Notes},
    odd,
    scenes::Replay,
    server::{Kind, Known, Server},
    support::{Desk, failure},
};

/// One client and what it sees of a server.
pub(crate) struct Life<'a> {
    pub(crate) server: &'a Server,
    pub(crate) client: &'a Known,
    pub(crate) notes: &'a mut Notes,
}

/// Starts the server and lives through every scene, as a client of each method.
/// What evergrant must do is asserted; what the server does is noted.
pub(crate) fn observe(kind: &'static Kind) -> Column {
    let clients = [Method::ClientSecretBasic, Method::ClientSecretPost, Method::None]
        .map(|method| Known::with("+/:%~&=", method));
    let registered: Vec<Known> = clients.iter().cloned().chain(odd::clients()).collect();
    let server = Server::start(kind, &registered);
    let mut notes = Notes::default();
    let mut worked = Vec::new();
    for client in &clients {
        let mut life = Life { server: &server, client, notes: &mut notes };
        let access_dies = life.goes_round();
        life.is_denied();
        let replay = life.is_replayed();
        life.crashes(&replay);
        life.is_revoked_by_somebody_else();
        let family_per_user = life.sees_an_older_grant_replayed();
        life.has_a_wrong_secret();
        life.has_this_policy(&replay, access_dies, family_per_user);
        worked.push(format!("`{}`", client.method_name()));
    }
    notes.add("client authentication that worked", "", worked.join(", "));
    odd::observe(&server, &mut notes);
    let heading = [&server.versions, kind.setting].join("<br>");
    Column { heading, notes }
}

impl Life<'_> {
    pub(crate) fn note(&mut self, row: &'static str, seen: impl Into<String>) {
        self.notes.add(row, self.client.method_name(), seen);
    }

    /// A new person's new grant, that works.
    pub(crate) fn connected(&self) -> (Desk, Host) {
        let desk = self.server.desk(self.client);
        let mut host = desk.host();
        self.connects(&desk, &mut host);
        (desk, host)
    }

    pub(crate) fn connects(&self, desk: &Desk, host: &mut Host) {
        assert_eq!(desk.connect(host), "openid offline_access");
        assert_eq!(host.status(), Status::Authorized);
        self.works(host);
    }

    /// The API knows the person by the token at hand.
    pub(crate) fn works(&self, host: &mut Host) {
        let answer = host.api_get(&self.server.url("api")).expect("an answer");
        assert_eq!((answer.response.status, answer.replayed), (200, false));
        assert_eq!(json(&answer.response)["sub"], "alice");
    }

    /// Lets the machine do what it does at its own wake time: says whether the
    /// server rotated, or that there was no refresh.
    pub(crate) fn wakes(&self, desk: &mut Desk, host: &mut Host) -> Option<bool> {
        desk.advance_to_wake(host);
        host.run().expect("no misuse").iter().find_map(|output| match output {
            Output::Notice(Notice::Refreshed { rotated, .. }) => Some(*rotated),
            _ => None,
        })
    }

    /// The grant is gone: that is said without asking again, and a person mends it.
    pub(crate) fn is_mended(&self, desk: &Desk, host: &mut Host, cause: Cause) {
        let lost = Failure::ReauthenticationRequired(cause);
        let requests = host.counters().http_requests;
        assert_eq!(host.status(), Status::ReauthenticationRequired(cause));
        assert_eq!(failure(host.api_get(&self.server.url("api"))), lost);
        assert_eq!(host.counters().http_requests, requests);
        self.connects(desk, host);
    }

    /// The policy that follows from what was seen; it must be the one that the
    /// machine was given.
    fn has_this_policy(&mut self, replay: &Replay, access_dies: bool, family_per_user: bool) {
        let rotation = match replay {
            Replay::Unspent => Rotation::None,
            Replay::SameSuccessor => Rotation::SameSuccessor,
            Replay::Sibling => Rotation::Siblings,
            Replay::Refused { harms: true } => Rotation::Strict,
            Replay::Refused { harms: false } => Rotation::SingleUse,
        };
        let given = self.server.kind.refresh;
        let fits = RefreshPolicy { rotation, access_dies, family_per_user, timing: given.timing };
        assert_eq!(given, fits, "{}", self.server.kind.name);
        let mut parts = vec![format!("`{rotation:?}`")];
        parts.extend(access_dies.then(|| "`access_dies`".to_owned()));
        parts.extend(family_per_user.then(|| "`family_per_user`".to_owned()));
        self.note("`RefreshPolicy` that fits", parts.join(", "));
    }
}

/// The last answer that the machine got to a request of its own.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Option<HttpResponse>>>);

impl Heard {
    pub(crate) fn of(host: &mut Host) -> Self {
        let heard = Self::default();
        let last = Arc::clone(&heard.0);
        host.watch(move |seen| {
            if let Seen::Input(Input::HttpDone { response, .. }) = seen {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(response.clone());
            }
        });
        heard
    }

    pub(crate) fn last(&self) -> HttpResponse {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().expect("an answer")
    }
}

pub(crate) fn json(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body.expose()).unwrap_or_default()
}

/// A refusal as a cell says it.
pub(crate) fn refusal(status: u16, answer: &Value) -> String {
    format!("{status} `{}`", answer["error"].as_str().unwrap_or("no OAuth error"))
}
