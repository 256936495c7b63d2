//! An authorization server and its API, with the rules of `examples/authority`:
//! what becomes of a refresh token when it is used, and when it comes back. Tokens
//! are numbers; and beside the server's own knowledge stands what only the
//! simulation knows.

use crate::companies::{Key, Subject};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What becomes of a used refresh token; the times are milliseconds of grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotating {
    Strict,
    StrictPerUser,
    SingleUse,
    GraceSame(u64),
    GraceSibling(u64),
    NewestWins,
    Never,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub tenant: u8,
    /// Whose it is by the API's word.
    pub subject: Subject,
    /// The person was told for good that it is another company's.
    pub refused: bool,
    pub ended: bool,
    /// The person, or the client by its own wish, has ended it.
    pub wanted: bool,
    live_access: Vec<u32>,
}

#[derive(Clone, Debug)]
pub struct Refresh {
    pub grant: u32,
    pub parent: Option<u32>,
    pub used: Option<u64>,
    closed: bool,
    successor: Option<u32>,
    pub expires: Option<u64>,
    /// An answer that used it up reached nobody who could keep it.
    pub answer_lost: bool,
    /// The network brought it twice.
    pub duplicated: bool,
    /// The store has held it.
    pub saved: bool,
}

#[derive(Clone, Debug)]
pub struct Access {
    pub grant: u32,
    /// It came of a refresh, not of a code.
    pub refreshed: bool,
    pub expires: u64,
    pub dead: bool,
    pub saved: bool,
}

#[derive(Clone, Debug)]
pub struct Code {
    pub tenant: u8,
    pub subject: Subject,
    pub challenge: String,
    pub expires: u64,
    pub grant: Option<u32>,
    pub used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    pub refresh: u32,
    pub access: u32,
    /// The answer says nothing of a refresh token: the old one stays.
    pub kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    Issued(Issued),
    Refused,
    /// A used token came back; whether that ended the grant.
    Replayed {
        ended: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Server {
    pub rule: Rotating,
    pub access_dies: bool,
    pub access_life: u64,
    pub refresh_life: Option<u64>,
    pub grants: Vec<Grant>,
    pub refresh: Vec<Refresh>,
    pub access: Vec<Access>,
    pub codes: Vec<Code>,
    pub keys: Vec<Key>,
    /// The provider's own request ends all that the company has.
    pub ends_companies: bool,
}

enum Verdict {
    New,
    Instead,
    Beside,
    Same,
    Keep,
    Refuse,
    EndGrant,
    EndUser,
}

impl Server {
    fn verdict(&self, token: &Refresh, now: u64) -> Verdict {
        if token.used.is_none() && !token.closed {
            return if self.rule == Rotating::Never { Verdict::Keep } else { Verdict::New };
        }
        let within = |window| token.used.is_some_and(|used| now < used + window);
        match self.rule {
            Rotating::GraceSame(window) if within(window) => Verdict::Same,
            Rotating::GraceSibling(window) if within(window) => Verdict::Beside,
            Rotating::Strict | Rotating::GraceSame(_) | Rotating::GraceSibling(_) => {
                Verdict::EndGrant
            }
            Rotating::StrictPerUser => Verdict::EndUser,
            Rotating::NewestWins if !token.closed => Verdict::Instead,
            Rotating::NewestWins | Rotating::SingleUse | Rotating::Never => Verdict::Refuse,
        }
    }

    /// Whether the client would now get tokens for this one.
    pub fn honours(&self, number: u32, now: u64) -> bool {
        let Some(token) = self.refresh.get(number as usize) else { return false };
        let good = match self.verdict(token, now) {
            Verdict::Refuse | Verdict::EndGrant | Verdict::EndUser => false,
            Verdict::New | Verdict::Instead | Verdict::Beside | Verdict::Same | Verdict::Keep => {
                true
            }
        };
        good && !self.grants[token.grant as usize].ended && !token.is_expired(now)
    }

    /// RFC 6749 §6. `keeping`: this answer brings no new refresh token.
    pub fn refresh(&mut self, number: u32, now: u64, keeping: bool) -> Handled {
        let Some(token) = self.refresh.get(number as usize) else { return Handled::Refused };
        let grant = token.grant;
        let verdict = self.verdict(token, now);
        let ended = self.grants[grant as usize].ended;
        match verdict {
            Verdict::Refuse => return Handled::Replayed { ended: false },
            Verdict::EndGrant => {
                self.end(grant, false);
                return Handled::Replayed { ended: !ended };
            }
            Verdict::EndUser => {
                let tenant = self.grants[grant as usize].tenant;
                let live = |other: &Grant| other.tenant == tenant && !other.ended;
                let any = self.grants.iter().any(live);
                for at in 0..self.grants.len() {
                    if self.grants[at].tenant == tenant {
                        self.end(at as u32, false);
                    }
                }
                return Handled::Replayed { ended: any };
            }
            Verdict::New | Verdict::Instead | Verdict::Beside | Verdict::Same | Verdict::Keep => {}
        }
        if ended {
            return Handled::Refused;
        }
        if self.refresh[number as usize].is_expired(now) {
            return Handled::Refused;
        }
        let again = matches!(verdict, Verdict::Beside | Verdict::Same);
        if self.access_dies && !again {
            self.kill_access(grant);
        }
        let fresh = matches!(verdict, Verdict::New);
        let (refresh, kept) = match verdict {
            Verdict::Keep => (number, true),
            Verdict::New if keeping => (number, true),
            Verdict::Same => {
                let successor = self.refresh[number as usize].successor;
                (successor.unwrap_or_else(|| self.follow(number, now)), false)
            }
            _ => {
                if matches!(verdict, Verdict::Instead) {
                    // What is dead by this is dead for the same reason.
                    let parent = &self.refresh[number as usize];
                    let (lost, twice) = (parent.answer_lost, parent.duplicated);
                    let siblings =
                        self.refresh.iter_mut().filter(|token| token.parent == Some(number));
                    for token in siblings {
                        token.closed = true;
                        token.answer_lost |= lost;
                        token.duplicated |= twice;
                    }
                }
                (self.follow(number, now), false)
            }
        };
        if !kept {
            if let Some(parent) = self.refresh[number as usize].parent {
                self.refresh[parent as usize].closed = true;
            }
            let token = &mut self.refresh[number as usize];
            token.used.get_or_insert(now);
            if fresh {
                token.successor = Some(refresh);
            }
        }
        let access = self.issue_access(grant, true, now);
        Handled::Issued(Issued { refresh, access, kept })
    }

    /// Nobody will hear of the successor that this token was exchanged for.
    pub fn answer_lost(&mut self, number: u32, successor: u32) {
        self.refresh[number as usize].answer_lost = true;
        if self.rule == Rotating::NewestWins {
            // What that one has put aside is dead for the same reason.
            for sibling in &mut self.refresh[..successor as usize] {
                sibling.answer_lost |= sibling.parent == Some(number) && sibling.closed;
            }
        }
    }

    fn follow(&mut self, number: u32, now: u64) -> u32 {
        let grant = self.refresh[number as usize].grant;
        self.new_refresh(grant, Some(number), now)
    }

    fn new_refresh(&mut self, grant: u32, parent: Option<u32>, now: u64) -> u32 {
        self.refresh.push(Refresh {
            grant,
            parent,
            used: None,
            closed: false,
            successor: None,
            expires: self.refresh_life.map(|life| now + life),
            answer_lost: false,
            duplicated: false,
            saved: false,
        });
        self.refresh.len() as u32 - 1
    }

    fn issue_access(&mut self, grant: u32, refreshed: bool, now: u64) -> u32 {
        let number = self.access.len() as u32;
        self.access.push(Access {
            grant,
            refreshed,
            expires: now + self.access_life,
            dead: false,
            saved: false,
        });
        self.grants[grant as usize].live_access.push(number);
        number
    }

    /// RFC 6749 §4.1.3; the code is good once, and a second use ends its grant.
    pub fn exchange(&mut self, code: u32, challenge: &str, now: u64) -> Handled {
        let Some(known) = self.codes.get_mut(code as usize) else { return Handled::Refused };
        if known.used {
            if let Some(grant) = known.grant {
                self.end(grant, false);
            }
            return Handled::Refused;
        }
        if known.challenge != challenge || now >= known.expires {
            return Handled::Refused;
        }
        known.used = true;
        let grant = self.grants.len() as u32;
        known.grant = Some(grant);
        self.grants.push(Grant {
            tenant: known.tenant,
            subject: known.subject,
            refused: false,
            ended: false,
            wanted: false,
            live_access: Vec::new(),
        });
        let refresh = self.new_refresh(grant, None, now);
        let access = self.issue_access(grant, false, now);
        Handled::Issued(Issued { refresh, access, kept: false })
    }

    pub fn end(&mut self, grant: u32, wanted: bool) {
        self.kill_access(grant);
        let grant = &mut self.grants[grant as usize];
        grant.ended = true;
        grant.wanted |= wanted;
    }

    fn kill_access(&mut self, grant: u32) {
        for number in std::mem::take(&mut self.grants[grant as usize].live_access) {
            self.access[number as usize].dead = true;
        }
    }

    /// What a person does who revokes everything.
    pub fn end_all_of(&mut self, tenant: u8) {
        for at in 0..self.grants.len() {
            if self.grants[at].tenant == tenant {
                self.end(at as u32, true);
            }
        }
    }

    pub fn api_takes(&self, access: u32, now: u64) -> bool {
        self.access.get(access as usize).is_some_and(|access| {
            !access.dead && now < access.expires && !self.grants[access.grant as usize].ended
        })
    }

    /// RFC 7009 §2.1: an access token ends alone, a refresh token with its grant.
    pub fn revoke(&mut self, token: Token) {
        match token {
            Token::Refresh(number) => {
                if let Some(grant) = self.refresh.get(number as usize).map(|token| token.grant) {
                    self.end(grant, true);
                }
            }
            Token::Access(number) => {
                if let Some(access) = self.access.get_mut(number as usize) {
                    access.dead = true;
                }
            }
            // This endpoint knows no keys.
            Token::Key(_) => {}
        }
    }
}

impl Refresh {
    fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expiry| now >= expiry)
    }
}

/// A token as the client has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Refresh(u32),
    Access(u32),
    /// An API key.
    Key(u32),
}

const REFRESH: &str = "canary-r-";
const ACCESS: &str = "canary-a-";
const KEY: &str = "canary-k-";

impl Token {
    pub fn text(self) -> String {
        match self {
            Self::Refresh(number) => format!("{REFRESH}{number}"),
            Self::Access(number) => format!("{ACCESS}{number}"),
            Self::Key(number) => format!("{KEY}{number}"),
        }
    }

    pub fn read(text: &str) -> Option<Self> {
        if let Some(number) = text.strip_prefix(REFRESH) {
            return number.parse().ok().map(Self::Refresh);
        }
        match text.strip_prefix(ACCESS) {
            Some(number) => number.parse().ok().map(Self::Access),
            None => text.strip_prefix(KEY)?.parse().ok().map(Self::Key),
        }
    }

    /// What a record keeps of a header: a bearer token, or the whole of a key's.
    pub fn of_record(text: &str) -> Option<Self> {
        let Some(pair) = text.strip_prefix("Basic ") else { return Self::read(text) };
        let pair = STANDARD.decode(pair).ok()?;
        Self::read(std::str::from_utf8(&pair).ok()?.strip_suffix(':')?)
    }

    /// The value of an `Authorization` header.
    pub fn of_header(header: &str) -> Option<Self> {
        Self::of_record(header.strip_prefix("Bearer ").unwrap_or(header))
    }
}
