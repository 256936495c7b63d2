//! The machine: one customer's grant. `step` is one dispatch, nothing else.

use crate::{
    client::Client,
    entropy,
    env::Env,
    failure::{Cause, Failure, HostFault, Misuse},
    flow::{Cx, Signal, api, authorize, bind, exchange, key, outbox, refresh, revoke, store},
    input::Input,
    output::{Op, Status, Step},
    record::{StoreKey, Stored, connection::RecordStatus},
    scope,
    secret::Secret,
    state::{Authorization, Exchange, Refresh, Revoke, State},
};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::fmt;

/// One customer's grant, from authorize to disconnect.
///
/// Deterministic and without I/O: [`Connection::step`] is a function of the
/// connection, the [`Env`] and the [`Input`]. Everything that must survive is
/// handed out as a record to be stored; see [`Connection::restore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    client: Arc<Client>,
    tenant: Box<str>,
    key: StoreKey,
    state: State,
    /// Read off `state` after each change: it is asked for before every call of the API.
    at_hand: Option<AtHand>,
}

impl Connection {
    /// A connection of which nothing has been read yet; its first step that
    /// needs the record reads it.
    ///
    /// # Errors
    /// [`Misuse::TenantInvalid`] if the tenant is empty or over 256 bytes.
    pub fn new(client: Arc<Client>, tenant: &str) -> Result<Self, Misuse> {
        let key = StoreKey::connection(&client, tenant)?;
        let state = State::new(client.provider().config());
        Ok(Self { client, tenant: tenant.into(), key, state, at_hand: None })
    }

    /// A connection as the store holds it: `current` is what was read under its
    /// key, or that nothing is there. From the last acknowledged record the same
    /// eventual outcome is reached as by the machine that wrote it.
    ///
    /// # Errors
    /// [`Failure::HostFailed`]: the record is unreadable, newer than this code,
    /// or another connection's. A tenant that cannot be one counts as the last.
    pub fn restore(
        client: Arc<Client>,
        tenant: &str,
        current: Option<Stored>,
    ) -> Result<Self, Failure> {
        let mut connection =
            Self::new(client, tenant).map_err(|_| Failure::HostFailed(HostFault::RecordForeign))?;
        connection.state.store_age = current.as_ref().and_then(|stored| stored.age);
        connection.state.known =
            store::known(connection.client.sealing(), &connection.key, current)?;
        connection.at_hand = AtHand::of(&connection.state);
        Ok(connection)
    }

    /// Where the store keeps this connection's record.
    pub fn store_key(&self) -> &StoreKey {
        &self.key
    }

    /// The client that this connection belongs to.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Tells the machine what happened; it answers with everything that the
    /// host must do. An answer to an unknown or finished op changes nothing.
    ///
    /// # Errors
    /// A [`Misuse`] is a bug of the caller; the connection is left as it was.
    pub fn step(&mut self, env: &Env, input: Input) -> Result<Step, Misuse> {
        let mark = fold(&env.entropy);
        let mut cx = Cx {
            env,
            client: &self.client,
            key: &self.key,
            tenant: &self.tenant,
            secret: self.state.secret,
            outputs: Vec::new(),
        };
        check(&self.state, &cx, mark, &input)?;

        let state = &mut self.state;
        state.ops.last_entropy = mark;
        state.ops.life.get_or_insert_with(|| {
            let [a, b, c, d, ..] = *entropy::derive(env, "life");
            u32::from_be_bytes([a, b, c, d])
        });
        match input {
            Input::Authorize(asked) => authorize::begin(state, &mut cx, asked),
            Input::Redirected { url, proof } => exchange::begin(state, &mut cx, &url, proof),
            Input::TokenWanted { min_validity } => refresh::want(state, min_validity),
            Input::ApiAnswered { generation, status, headers } => {
                api::answered(state, &mut cx, generation, status, &headers);
            }
            Input::KeyEntered(entered) => key::enter(state, &mut cx, entered),
            Input::Revoke => revoke::begin(state, &mut cx),
            Input::Cancel { authorization } => authorize::cancel(state, &mut cx, authorization),
            Input::HttpDone { op, response } => {
                answer(state, &mut cx, op, Signal::HttpDone(response));
            }
            Input::HttpFailed { op, why } => answer(state, &mut cx, op, Signal::HttpFailed(why)),
            Input::Swapped { op, current } => answer(state, &mut cx, op, Signal::Swapped(current)),
            Input::SwapUnanswered { op } => answer(state, &mut cx, op, Signal::SwapUnanswered),
            Input::PeerGone => refresh::peer_gone(state),
            Input::Wake => wake(state, &mut cx),
        }
        refresh::settle_demand(state, &mut cx);
        let outputs = cx.outputs;
        state.tidy();
        self.at_hand = AtHand::of(state);
        Ok(Step {
            outputs,
            wake_at: self.wake_at(env.now),
            status: self.status(env.now),
            servable: self.servable(env.now),
        })
    }

    /// What a request to this URL may carry at this time (UNIX ms), if the URL is
    /// of the API's origin and a token is at hand that is valid for at least
    /// `min_validity` ms more. Allocates nothing.
    pub fn authorization(
        &self,
        now: u64,
        url: impl AsRef<[u8]>,
        min_validity: u64,
    ) -> Option<Credential<'_>> {
        let at_hand = self.at_hand.as_ref()?;
        let valid = at_hand.outlasts(now.saturating_add(min_validity));
        (valid && self.client.provider().is_api_url(url))
            .then(|| Credential { generation: at_hand.generation, header: at_hand.header.expose() })
    }

    /// Which of these scopes (separated by spaces) the grant has not, as far as the
    /// server has told: to be asked before a call that would be refused. Of an API key
    /// whose scopes the API does not tell nobody knows, and nothing is said to be missing.
    pub fn missing_scopes(&self, needed: &str) -> String {
        let tokens = self.state.known.record().and_then(|record| record.tokens.as_ref());
        if tokens.is_some_and(|tokens| tokens.key.is_some() && tokens.scope.is_empty()) {
            return String::new();
        }
        scope::missing(needed, tokens.map_or("", |tokens| &tokens.scope))
    }

    /// The company that this connection belongs to, where it is known.
    pub fn company(&self) -> Option<&str> {
        self.state.known.record()?.company.as_deref()
    }

    /// The generation whose token may be used now, if any.
    pub fn servable(&self, now: u64) -> Option<u64> {
        let at_hand = self.at_hand.as_ref()?;
        at_hand.outlasts(now).then_some(at_hand.generation)
    }

    /// Whether it remembers what the store has not confirmed and nobody else has:
    /// tokens that the server gave, or a person's wish that the grant end. Whoever is
    /// about to end goes on with [`Step::wake_at`] for as long as that can be waited for.
    pub fn is_unsaved(&self) -> bool {
        let state = &self.state;
        matches!(state.refresh, Refresh::Saving { .. })
            || state.sibling.is_some()
            || state.revoke.is_unsaved()
            || state.exchanges.iter().any(Exchange::is_unsaved)
    }

    /// Everything that is remembered between two steps, for the model to compare.
    #[cfg(evergrant_model)]
    pub fn memory(&self) -> &dyn fmt::Debug {
        &self.state
    }

    /// When the machine wants [`Input::Wake`], UNIX ms.
    pub fn wake_at(&self, now: u64) -> Option<u64> {
        let state = &self.state;
        let mut earliest = None;
        let mut at = |next: Option<u64>| earliest = [earliest, next].into_iter().flatten().min();
        at(refresh::wake_at(state, now));
        at(revoke::wake_at(state, now));
        at(bind::wake_at(state, now));
        at(outbox::wake_at(state, now));
        for own in &state.exchanges {
            at(exchange::wake_at(own, now));
        }
        for own in &state.authorizations {
            at(own.wake_at());
        }
        earliest
    }

    /// Where the connection stands.
    pub fn status(&self, now: u64) -> Status {
        let state = &self.state;
        let record = state.known.record();
        let timing = &self.client.provider().config().refresh.timing;
        if state.revoke != Revoke::Idle {
            return Status::Disconnecting;
        }
        let grant = match record.map(|record| record.status) {
            Some(RecordStatus::Disconnecting { .. }) => return Status::Disconnecting,
            // By the clock alone, and so not written: a clock may be wrong.
            Some(RecordStatus::Active) if refresh::is_over(state, now) => {
                Some(Status::ReauthenticationRequired(Cause::Expired))
            }
            Some(RecordStatus::Active) => Some(Status::Authorized),
            Some(RecordStatus::Reauthenticate { cause }) => {
                Some(Status::ReauthenticationRequired(cause))
            }
            Some(RecordStatus::New | RecordStatus::Disconnected) | None => None,
        };
        let exchanging = state.exchanges.iter().any(exchange::is_exchanging)
            || state.bind.candidate().is_some_and(|it| it.authorization.is_some())
            || record.is_some_and(|record| {
                record.candidate.is_some() || record.is_exchanging(now, timing)
            });
        if exchanging {
            return Status::Exchanging;
        }
        match grant {
            Some(Status::Authorized) if state.refresh.is_under_way() => Status::Refreshing,
            Some(Status::Authorized) => Status::Authorized,
            _ if state.authorizations.iter().any(Authorization::is_waiting) => Status::Authorizing,
            Some(grant) => grant,
            None => Status::Disconnected,
        }
    }
}

/// The token that may be used until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AtHand {
    generation: u64,
    header: Secret,
    /// UNIX ms.
    expiry: Option<u64>,
}

impl AtHand {
    fn of(state: &State) -> Option<Self> {
        // Whatever the time is: that is judged when it is asked for.
        let (generation, tokens) = refresh::servable(state, 0)?;
        Some(Self { generation, header: tokens.header.clone(), expiry: tokens.access_exp })
    }

    fn outlasts(&self, time: u64) -> bool {
        self.expiry.is_none_or(|expiry| time < expiry)
    }
}

/// What a request to the API carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The fence: to be given back with [`Input::ApiAnswered`].
    pub generation: u64,
    /// The value of the `Authorization` header: a secret.
    pub header: &'a str,
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Everything that the caller can get wrong, before anything changes.
fn check(state: &State, cx: &Cx<'_>, mark: u64, input: &Input) -> Result<(), Misuse> {
    if cx.env.entropy == [0; 32] {
        return Err(Misuse::EntropyMissing);
    }
    if state.ops.life.is_some() && state.ops.last_entropy == mark {
        return Err(Misuse::EntropyReused);
    }
    match input {
        Input::Authorize(asked) => authorize::check(asked, cx),
        Input::KeyEntered(entered) => key::check(entered, cx),
        Input::ApiAnswered { .. }
        | Input::HttpDone { .. }
        | Input::Redirected { .. }
        | Input::TokenWanted { .. }
        | Input::Revoke
        | Input::Cancel { .. }
        | Input::HttpFailed { .. }
        | Input::Swapped { .. }
        | Input::SwapUnanswered { .. }
        | Input::PeerGone
        | Input::Wake => Ok(()),
    }
}

/// 64 bits of the entropy, enough to notice when the same comes twice, and far
/// too few to derive anything from.
fn fold(entropy: &[u8; 32]) -> u64 {
    let (words, _) = entropy.as_chunks::<8>();
    words.iter().fold(0, |mark: u64, word| mark.rotate_left(7) ^ u64::from_be_bytes(*word))
}

/// Brings an answer to whoever asked.
fn answer(state: &mut State, cx: &mut Cx<'_>, op: Op, signal: Signal) {
    if state.refresh.op() == Some(op) {
        return refresh::step(state, cx, signal);
    }
    if state.revoke.op() == Some(op) {
        return revoke::step(state, cx, signal);
    }
    if state.bind.op() == Some(op) {
        return bind::step(state, cx, signal);
    }
    if state.outbox.op() == Some(op) {
        return outbox::step(state, cx, signal);
    }
    if let Some(at) = state.exchanges.iter().position(|own| own.op() == Some(op)) {
        let own = state.exchanges.swap_remove(at);
        return exchange::step(state, cx, own, signal);
    }
    if let Some(at) = state.authorizations.iter().position(|own| own.op() == Some(op)) {
        let own = state.authorizations.remove(at);
        return authorize::step(state, cx, own, signal);
    }
    if let Some(at) = state.late.iter().position(|(late, _)| *late == op) {
        let (_, claim) = state.late.remove(at);
        if let Signal::HttpDone(response) = signal {
            refresh::late_answer(state, cx, &response, claim);
        }
    }
}

/// Lets every part look at the clock.
fn wake(state: &mut State, cx: &mut Cx<'_>) {
    refresh::step(state, cx, Signal::Wake);
    revoke::step(state, cx, Signal::Wake);
    bind::step(state, cx, Signal::Wake);
    outbox::step(state, cx, Signal::Wake);
    for own in core::mem::take(&mut state.exchanges) {
        exchange::step(state, cx, own, Signal::Wake);
    }
    for own in core::mem::take(&mut state.authorizations) {
        authorize::step(state, cx, own, Signal::Wake);
    }
}
