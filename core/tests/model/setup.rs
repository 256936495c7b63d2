//! What a run explores: a policy, a timing row, and how much may go wrong.

use crate::{
    canonical::TICK,
    properties::{ANY_PAUSE, Invariant, TIMELY},
};
use evergrant::*;
use std::sync::Arc;

/// How often each thing may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Tokens wanted by callers.
    pub wants: u8,
    /// A process dies, at any point; it is started again at any later one.
    pub crashes: u8,
    /// A machine is not woken in time, nor its writes performed.
    pub pauses: u8,
    pub requests_lost: u8,
    pub replies_lost: u8,
    /// The line breaks and the machine knows; the request goes on.
    pub resets: u8,
    pub not_sent: u8,
    /// Something between repeats a request, which a strict server takes for theft.
    pub duplicates: u8,
    /// A host tells an answer twice.
    pub repeats: u8,
    /// The server answers that it has not used the token up, or the API that it
    /// does not take the access token with which it is told of the end.
    pub refusals: u8,
    /// The API refuses a call: a 401 comes for a token that was served, at any time
    /// after it was, to any machine.
    pub refused_calls: u8,
    /// The store does not answer: the swap is lost, or only its answer is.
    pub silences: u8,
    /// The store does not answer, and the swap takes place later.
    pub late_swaps: u8,
    /// The store forgets its last write.
    pub forgets: u8,
    pub revokes: u8,
    pub reauthorizations: u8,
    /// The person ends all grants at the provider.
    pub withdrawals: u8,
    /// A wall clock is set forward by the skew, or back again.
    pub jumps: u8,
    /// A host learns that the owner of an intent is dead.
    pub obituaries: u8,
}

impl Budget {
    pub const NONE: Self = Self {
        wants: 0,
        crashes: 0,
        pauses: 0,
        requests_lost: 0,
        replies_lost: 0,
        resets: 0,
        not_sent: 0,
        duplicates: 0,
        repeats: 0,
        refusals: 0,
        refused_calls: 0,
        silences: 0,
        late_swaps: 0,
        forgets: 0,
        revokes: 0,
        reauthorizations: 0,
        withdrawals: 0,
        jumps: 0,
        obituaries: 0,
    };
}

/// The timing row, in ticks.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    pub w: u64,
    pub t: u64,
    pub d: u64,
    pub s: u64,
    pub a: u64,
}

impl Ticks {
    /// A is one tick more than W + T + S.
    pub const EXACT: Self = Self { w: 1, t: 3, d: 2, s: 1, a: 6 };
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub client: Arc<Client>,
    pub ticks: Ticks,
    pub machines: usize,
    /// No tick passes a deadline of the timing row.
    pub timely: bool,
    /// Others take over long before they may: as a pause of the owner would have it.
    pub early: bool,
    /// How far each wall clock is ahead, in milliseconds.
    pub ahead: [u64; 3],
    /// Hosts have a clock that runs through suspend and does not jump.
    pub uptime: bool,
    /// The store says how old a record is.
    pub store_clock: bool,
    /// A read is performed as it is asked for.
    pub eager_reads: bool,
    /// A write may wait so many ticks before a host that is awake performs it.
    pub latency: u64,
    /// The exchange of a code may take as long as a refresh.
    pub slow_exchange: bool,
    /// Access tokens last: only the API's refusal is a reason to refresh.
    pub lasting: bool,
    /// Only these are looked into, whatever else is claimed.
    pub claimed: Option<&'static [Invariant]>,
    pub budget: Budget,
}

/// The bound of what wall clocks may differ by, as the model has it.
pub const SKEW: u64 = 2 * TICK;

impl Setup {
    pub fn new(rotation: Rotation, budget: Budget) -> Self {
        let access_dies = matches!(rotation, Rotation::Strict | Rotation::SingleUse);
        let policy = RefreshPolicy { rotation, access_dies, ..RefreshPolicy::STRICT };
        Self {
            client: client(ProviderConfig { refresh: policy, ..provider() }, Ticks::EXACT),
            ticks: Ticks::EXACT,
            machines: 2,
            timely: true,
            early: false,
            ahead: [0; 3],
            uptime: false,
            store_clock: false,
            eager_reads: true,
            latency: 0,
            slow_exchange: false,
            lasting: false,
            claimed: None,
            budget,
        }
    }

    pub fn untimely(self) -> Self {
        Self { timely: false, ..self }
    }

    pub fn ticks(self, ticks: Ticks) -> Self {
        Self { ticks, ..self }.provider(|_| ())
    }

    /// Takeover while the owner is still at it.
    pub fn early(self) -> Self {
        Self { early: true, ..self.ticks_unsound(Ticks { a: 2, ..Ticks::EXACT }) }
    }

    /// A row that a provider would be refused for.
    pub fn ticks_unsound(self, ticks: Ticks) -> Self {
        turn_off(&[Rule::SoundTiming]);
        let setup = self.ticks(ticks);
        turn_off(&[]);
        setup
    }

    pub fn family_per_user(self) -> Self {
        self.provider(|provider| provider.refresh.family_per_user = true)
    }

    /// The server says whether a refresh token is live.
    pub fn oracle(self) -> Self {
        let endpoint = Some("https://as.example/introspect".into());
        self.provider(|provider| provider.introspection_endpoint = endpoint)
    }

    /// The grant is ended by a request to the API.
    pub fn disconnect_by_api(self) -> Self {
        let url = "https://api.example/connection".into();
        let disconnect =
            Disconnect::ApiRequest { method: Method::Delete, url, spares_others: true };
        self.provider(|provider| provider.disconnect = disconnect)
    }

    pub fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    pub fn claiming(self, claimed: &'static [Invariant]) -> Self {
        Self { claimed: Some(claimed), ..self }
    }

    fn provider(self, change: impl FnOnce(&mut ProviderConfig)) -> Self {
        let mut provider = self.client.provider().config().clone();
        change(&mut provider);
        Self { client: client(provider, self.ticks), ..self }
    }

    /// Whether machines may change places.
    pub fn symmetric(&self) -> bool {
        self.machines == 2 && self.ahead[0] == self.ahead[1]
    }

    /// What must hold here.
    pub fn invariants(&self) -> &'static [Invariant] {
        if let Some(claimed) = self.claimed {
            return claimed;
        }
        let within = self.timely && !self.early && self.budget.forgets == 0;
        if within { TIMELY } else { ANY_PAUSE }
    }

    /// No rule looks further back than takeover by the wall clocks.
    pub fn horizon(&self) -> u64 {
        let skewed = self.ahead != [0; 3] || self.budget.jumps > 0;
        (self.ticks.a + 1) * TICK + if skewed { 3 * SKEW } else { SKEW }
    }

    pub fn env(&self, now: u64, ahead: u64, seed: u64) -> Env {
        let mut entropy = [0x5a; 32];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        Env { now: now + ahead, uptime: self.uptime.then_some(now), boot_id: None, entropy }
    }
}

fn provider() -> ProviderConfig {
    ProviderConfig {
        environment: "model".into(),
        authorization_endpoint: "https://as.example/authorize".into(),
        token_endpoint: "https://as.example/token".into(),
        disconnect: Disconnect::Revocation { endpoint: "https://as.example/revoke".into() },
        api_origin: "https://api.example".into(),
        authorization_lifetime: TICK,
        ..ProviderConfig::default()
    }
}

fn client(mut provider: ProviderConfig, ticks: Ticks) -> Arc<Client> {
    provider.refresh.timing = Timing {
        send_within: ticks.w * TICK,
        listen_for: ticks.t * TICK,
        start_within: ticks.d * TICK,
        save_within: ticks.s * TICK,
        takeover_after: ticks.a * TICK,
    };
    let client = ClientConfig {
        client_id: "model".into(),
        client_secret: None,
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec![crate::world::REDIRECT_URI.into()],
        scopes: vec!["a".into()],
        sealing: Sealing::Plain,
    };
    let provider = Provider::new(provider).expect("a sound provider");
    Arc::new(Client::new(Arc::new(provider), client).expect("a sound client"))
}
