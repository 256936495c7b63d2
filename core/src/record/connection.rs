//! The connection's record: one customer's grant, and what is being done to it.
//!
//! Only its top level may get new members within a version: what is inside of a
//! member is replaced as a whole, so that a member unknown there could not be kept.

mod read;
mod write;

use super::{StoreKey, Unknown, bearer, candidate::Candidate};
use crate::{
    entropy::Id,
    env::Moment,
    failure::Cause,
    input::ApiKeyKind,
    policy::Timing,
    rules::{self, Rule, scaled},
    secret::Secret,
};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionRecord {
    key: StoreKey,
    /// The whole fence: +1 on every saved token answer, every new grant and
    /// every disconnect. A verdict wipes the tokens and keeps it.
    pub(crate) generation: u64,
    pub(crate) status: RecordStatus,
    pub(crate) exchanging: Option<Exchanging>,
    pub(crate) grant_id: Option<Id>,
    /// The company that this connection is bound to, where the provider has companies.
    pub(crate) company: Option<String>,
    /// The scopes last asked for: what a reauthorization asks for again.
    pub(crate) asked_scope: Option<Arc<str>>,
    pub(crate) tokens: Option<Tokens>,
    /// A new grant whose company is not yet known.
    pub(crate) candidate: Option<Box<Candidate>>,
    /// One has been taken out in this generation: whoever still binds it is too late.
    pub(crate) candidate_dropped: bool,
    /// A late sibling of the stored tokens.
    pub(crate) spare: Option<Box<Tokens>>,
    pub(crate) intent: Option<Intent>,
    /// An earlier attempt with this generation's token may have reached the server.
    pub(crate) unresolved: bool,
    pub(crate) disconnected_at: Option<u64>,
    /// The generation that the disconnect made.
    pub(crate) disconnected_gen: Option<u64>,
    pub(crate) outbox: Vec<Duty>,
    /// How many duties had no room in it any more; told once it is stored, and not stored.
    pub(crate) dropped: u8,
    pub(crate) due_at: Option<u64>,
    unknown: Unknown,
}

/// Where the grant stands. An exchange under way is a member of its own
/// ([`Exchanging`]), so that past its time the status reads as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordStatus {
    New,
    Active,
    /// Being ended at the server: the tokens are kept but served to nobody.
    Disconnecting {
        attempts: u16,
        retry_at: u64,
    },
    Reauthenticate {
        cause: Cause,
    },
    /// A tombstone: never deleted, so that a late answer finds it.
    Disconnected,
}

/// A code is being exchanged: no new intent is written until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchanging {
    pub(crate) nonce: Id,
    pub(crate) until: u64,
}

/// An access token, the refresh token that goes with it, and their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) token_id: Id,
    pub(crate) refresh: Option<Secret>,
    pub(crate) refresh_exp: Option<u64>,
    /// In memory the whole header value, so that using it allocates nothing.
    pub(crate) header: Secret,
    /// Absent where the server did not say: then a 401 tells.
    pub(crate) access_exp: Option<u64>,
    pub(crate) scope: Arc<str>,
    pub(crate) obtained_at: u64,
    /// An API key, and which kind: it has no refresh token and no expiry.
    pub(crate) key: Option<ApiKeyKind>,
}

impl Tokens {
    pub(crate) fn access_token(&self) -> &str {
        bearer::token(&self.header)
    }
}

/// The write-ahead mark of a refresh: stands in the store before the request leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) nonce: Id,
    pub(crate) attempt: u16,
    pub(crate) generation: u64,
    pub(crate) t_wall: u64,
    pub(crate) t_uptime: Option<u64>,
    pub(crate) boot_id: Option<Id>,
    /// A of the timing row, in milliseconds.
    pub(crate) take_after: u64,
    /// The owner has stopped listening: a hint that spares others the wait.
    pub(crate) gave_up: bool,
}

impl Intent {
    /// When it was written, by the writer's clocks.
    pub(crate) fn moment(&self) -> Moment {
        // Uptimes of different lives are comparable only within a known boot.
        let boot_id = self.boot_id.map(Id::to_bytes);
        Moment { wall: self.t_wall, uptime: boot_id.and(self.t_uptime), boot_id }
    }
}

/// Something that is still owed to the server after a grant has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// RFC 7009.
    RevokeToken {
        token: Secret,
        /// It is an access token.
        access: bool,
        attempts: u16,
        next_at: u64,
    },
}

/// More duties than this are dropped, the oldest first: memory is bounded.
const OUTBOX_LIMIT: usize = 8;

/// The difference that two hosts' wall clocks may have.
pub(crate) const SKEW: u64 = scaled(120_000, 1_000);

impl ConnectionRecord {
    pub(crate) fn new(key: &StoreKey) -> Self {
        Self {
            key: key.clone(),
            generation: 0,
            status: RecordStatus::New,
            exchanging: None,
            grant_id: None,
            company: None,
            asked_scope: None,
            tokens: None,
            candidate: None,
            candidate_dropped: false,
            spare: None,
            intent: None,
            unresolved: false,
            disconnected_at: None,
            disconnected_gen: None,
            outbox: Vec::new(),
            dropped: 0,
            due_at: None,
            unknown: Unknown::default(),
        }
    }

    /// When a duty of the outbox is due; none while the grant is being ended.
    fn duty_at(&self) -> Option<u64> {
        let ending = matches!(self.status, RecordStatus::Disconnecting { .. });
        let times = self.outbox.iter().map(|Duty::RevokeToken { next_at, .. }| *next_at);
        times.min().filter(|_| !ending)
    }

    /// The same as seen now: what lies further ahead than anybody is put off was
    /// written by a clock that has been set back since.
    pub(crate) fn duty_due(&self, now: u64) -> Option<u64> {
        self.duty_at().map(|at| if is_due(at, now) { now } else { at })
    }

    /// When an index should claim this record: while a refresh is under way, not
    /// before it could be taken over.
    pub(crate) fn claim_at(&self) -> Option<u64> {
        let intent = self.intent.as_ref().filter(|_| self.status == RecordStatus::Active);
        match intent {
            Some(intent) => Some(intent.t_wall.saturating_add(intent.take_after)),
            None => {
                let candidate = self.candidate.as_deref().map(Candidate::left_behind_at);
                self.due_at.into_iter().chain(self.duty_at()).chain(candidate).min()
            }
        }
    }

    /// Whether a code is being exchanged at this time. A fence that would stand
    /// longer than any exchange takes is that of a clock which was wrong.
    pub(crate) fn is_exchanging(&self, now: u64, timing: &Timing) -> bool {
        let longest = exchange_window(timing, true).saturating_add(SKEW);
        let stands = |until: u64| now < until && until.saturating_sub(now) <= longest;
        self.exchanging.is_some_and(|exchange| stands(exchange.until))
    }

    /// Whether the person disconnected after this authorization had begun: by
    /// generation where that is known, else by the clock.
    pub(crate) fn supersedes(&self, begun_at: u64, begun_in: Option<u64>) -> bool {
        if !rules::holds(Rule::DisconnectWins) {
            return false;
        }
        match (self.disconnected_gen, begun_in) {
            (Some(disconnected), Some(begun)) => begun < disconnected,
            (Some(_) | None, _) => self.disconnected_at.is_some_and(|at| at >= begun_at),
        }
    }

    /// The next generation, with no trace of attempts on the one before.
    pub(crate) fn advance(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.candidate_dropped = false;
        self.intent = None;
        self.spare = None;
        self.unresolved = false;
    }

    /// New tokens of the same or of a new grant.
    pub(crate) fn publish(&mut self, tokens: Tokens, timing: &Timing) {
        self.advance();
        self.status = RecordStatus::Active;
        self.due_at = due_at(&self.key, self.generation, &tokens, timing);
        self.tokens = Some(tokens);
    }

    /// Tokens that a refresh brought while the grant is being ended: they are what
    /// has to be revoked, and what the server can be told with at once.
    pub(crate) fn hand_over(&mut self, tokens: Tokens) {
        self.advance();
        if let RecordStatus::Disconnecting { retry_at, .. } = &mut self.status {
            *retry_at = tokens.obtained_at;
            self.due_at = Some(tokens.obtained_at);
        }
        self.tokens = Some(tokens);
    }

    /// The grant is over: no token is left, the generation stays, and so does what
    /// may come after it.
    pub(crate) fn wipe(&mut self, status: RecordStatus) {
        self.status = status;
        self.tokens = None;
        self.spare = None;
        self.intent = None;
        self.due_at = None;
    }

    /// Owes the server the revocation of these tokens; says whether that is new.
    pub(crate) fn owe(
        &mut self,
        refresh: Option<Secret>,
        access: Option<Secret>,
        now: u64,
    ) -> bool {
        let mut new = false;
        for (token, is_access) in [(refresh, false), (access, true)] {
            let Some(token) = token.filter(|token| !self.owes(token)) else { continue };
            if self.outbox.len() >= OUTBOX_LIMIT {
                self.outbox.remove(0);
                self.dropped = self.dropped.saturating_add(1);
            }
            self.outbox.push(Duty::RevokeToken {
                token,
                access: is_access,
                attempts: 0,
                next_at: now,
            });
            new = true;
        }
        new
    }

    /// Whether the revocation of this token is owed already.
    pub(crate) fn owes(&self, token: &Secret) -> bool {
        self.outbox.iter().any(|Duty::RevokeToken { token: owed, .. }| owed == token)
    }
}

/// Whether a duty's time has come: nobody is put off for longer than two days.
pub(crate) fn is_due(next_at: u64, now: u64) -> bool {
    now >= next_at || next_at.saturating_sub(now) > 172_800_000
}

/// How long a code is taken to be good; servers seldom say.
pub(crate) const CODE_LIFE: u64 = scaled(30_000, 2_000);

/// How long a fence for an exchange stands, with or without a wait before it.
pub(crate) fn exchange_window(timing: &Timing, wait: bool) -> u64 {
    let window = timing.send_within.saturating_add(timing.listen_for);
    let window = window.saturating_add(timing.save_within);
    if wait { window.saturating_add(CODE_LIFE) } else { window }
}

/// Tokens that live shorter than this are refreshed only when one is wanted.
const SHORTEST_PROACTIVE: u64 = 30_000;

/// When a proactive refresh is due: between 70 and 85 % of the token's life, by
/// a jitter that is equal in every worker; early enough that two takeovers fit
/// before expiry, but never before half-life, which it is for tokens that live under
/// ten minutes.
fn due_at(key: &StoreKey, generation: u64, tokens: &Tokens, timing: &Timing) -> Option<u64> {
    let (expiry, _) = (tokens.access_exp?, tokens.refresh.as_ref()?);
    let life = expiry.saturating_sub(tokens.obtained_at);
    if life < SHORTEST_PROACTIVE {
        return None;
    }
    if life < 600_000 {
        return Some(tokens.obtained_at.saturating_add(life / 2));
    }
    let mut hash = Sha256::new();
    for part in [key.as_str(), "\n", itoa::Buffer::new().format(generation)] {
        hash.update(part);
    }
    let hash = hash.finalize();
    let jitter = hash.first_chunk::<2>().map_or(0, |chunk| u64::from(u16::from_be_bytes(*chunk)));
    let permyriad = 7_000_u64.saturating_add(jitter.saturating_mul(1_500) >> 16);
    let jittered = (life / 10_000).saturating_mul(permyriad);
    let two_takeovers = life.saturating_sub(timing.takeover_after.saturating_mul(2));
    Some(tokens.obtained_at.saturating_add(jittered.min(two_takeovers).max(life / 2)))
}
