//! The rules of the lifecycle: one file, one `match`, for each part of it.

pub(crate) mod api;
pub(crate) mod authorize;
pub(crate) mod bind;
pub(crate) mod exchange;
pub(crate) mod key;
pub(crate) mod outbox;
pub(crate) mod refresh;
pub(crate) mod revoke;
pub(crate) mod store;

use crate::{
    client::Client,
    env::Env,
    failure::{ConfigurationFault, Failure},
    http::{HttpFault, HttpRequest, HttpResponse},
    output::{Activity, Notice, Op, Output},
    record::{StoreKey, Stored},
    requests::{Requests, SecretInUse},
    secret::Secret,
    state::{Ops, State},
    token::{self, Outcome},
};
use alloc::vec::Vec;

/// What a flow is told: an answer to an op of its own, or the time.
#[derive(Debug)]
pub(crate) enum Signal {
    Swapped(Option<Stored>),
    SwapUnanswered,
    HttpDone(HttpResponse),
    HttpFailed(HttpFault),
    Wake,
}

/// What every rule may use: the world, the configuration and the outputs.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) env: &'a Env,
    pub(crate) client: &'a Client,
    pub(crate) key: &'a StoreKey,
    pub(crate) tenant: &'a str,
    pub(crate) secret: SecretInUse,
    pub(crate) outputs: Vec<Output>,
}

/// A store that has not answered so often is given up, where that loses nothing.
pub(crate) const STORE_TRIES: u8 = 3;

impl Cx<'_> {
    pub(crate) fn now(&self) -> u64 {
        self.env.now
    }

    /// What the client sends, with the secret that is in use.
    pub(crate) fn requests(&self) -> Requests<'_> {
        self.client.requests(self.secret)
    }

    pub(crate) fn emit(&mut self, output: Output) {
        self.outputs.push(output);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.emit(Output::Notice(notice));
    }

    pub(crate) fn fail(&mut self, activity: Activity, failure: Failure) {
        self.emit(Output::Failed { activity, failure });
    }

    /// Whether the same request may be sent again with the client's other secret: the
    /// server knows not this one, and has used nothing up. From here on that one is used.
    pub(crate) fn takes_other_secret(&mut self, state: &mut State, outcome: &Outcome) -> bool {
        let unknown = matches!(outcome, Outcome::Refused(ConfigurationFault::InvalidClient, _));
        unknown && self.turns_to_other_secret(state)
    }

    /// The same, where an endpoint has no outcomes and says it by its status alone.
    pub(crate) fn turns_to_other_secret(&mut self, state: &mut State) -> bool {
        let other = self.client.has_previous_secret();
        if other {
            self.secret = self.secret.other();
            state.secret = self.secret;
        }
        other
    }

    /// Judges an answer of the token endpoint to a request that carried these.
    /// How it strays from the RFC is told at once; what it brought only when it is stored.
    pub(crate) fn judge(&mut self, response: &HttpResponse, sent: &[&Secret]) -> Outcome {
        let secrets = self.client.secrets(sent);
        let (provider, mut deviations) = (self.client.provider().config(), Vec::new());
        let outcome = token::judge(provider, response, self.now(), &secrets, &mut deviations);
        for deviation in deviations {
            self.notice(Notice::AnswerDeviates(deviation));
        }
        outcome
    }

    /// Sends a request that must leave within `send_within`; yields its op and
    /// when the host must have answered.
    pub(crate) fn send(
        &mut self,
        ops: &mut Ops,
        request: HttpRequest,
        send_within: u64,
    ) -> (Op, u64) {
        let provider = self.client.provider().config();
        let timing = provider.refresh.timing;
        let op = ops.next();
        self.outputs.push(Output::SendHttp {
            op,
            request,
            send_within,
            listen_for: timing.listen_for,
            answer_limit: provider.answer_limit,
        });
        let patience =
            send_within.saturating_add(timing.listen_for).saturating_add(timing.save_within);
        (op, self.now().saturating_add(patience))
    }
}
