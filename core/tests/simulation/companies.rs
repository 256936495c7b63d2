//! Companies: whose a credential is by the API's word, and API keys, which are
//! nothing else but somebody's.

use crate::{
    answers,
    server::{Server, Token},
    stage::Stage,
    world::{SCOPES, World},
};
use evergrant::*;

/// Whose a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Company(u8),
    /// All of them.
    Organisation,
}

impl Subject {
    fn name(self) -> String {
        match self {
            Self::Company(number) => name(number),
            Self::Organisation => "urn:organisation:group".into(),
        }
    }
}

/// An API key.
#[derive(Clone, Debug)]
pub struct Key {
    pub subject: Subject,
    /// It has one scope only.
    pub narrow: bool,
    pub dead: bool,
    pub saved: bool,
    /// Which tenants' people have entered it, and when first.
    pub entered: Vec<(u8, u64)>,
}

const PREFIX: &str = "urn:company:";

pub fn name(number: u8) -> String {
    format!("{PREFIX}{number}")
}

pub fn number(name: &str) -> Option<u8> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

impl Server {
    /// Whether the API takes this credential.
    pub fn takes(&self, token: Token, now: u64) -> bool {
        match token {
            Token::Access(number) => self.api_takes(number, now),
            Token::Key(number) => self.keys.get(number as usize).is_some_and(|key| !key.dead),
            Token::Refresh(_) => false,
        }
    }

    pub fn subject(&self, token: Token) -> Option<Subject> {
        match token {
            Token::Access(number) => {
                let access = self.access.get(number as usize)?;
                Some(self.grants[access.grant as usize].subject)
            }
            Token::Key(number) => Some(self.keys.get(number as usize)?.subject),
            Token::Refresh(_) => None,
        }
    }

    /// What the API says to somebody who asks whose his credential is.
    pub fn whose(&self, token: Option<Token>, now: u64) -> HttpResponse {
        let known = token.filter(|token| self.takes(*token, now));
        let Some((token, subject)) = known.and_then(|token| Some((token, self.subject(token)?)))
        else {
            return answers::json(401, "{}".into());
        };
        let narrow = match token {
            Token::Key(number) => self.keys[number as usize].narrow,
            Token::Access(_) | Token::Refresh(_) => false,
        };
        let scope = if narrow { "expenses:read" } else { SCOPES };
        let subject = subject.name();
        let data = format!(r#"{{"data":{{"subjectURN":"{subject}","scope":"{scope}"}}}}"#);
        answers::json(200, data)
    }

    /// The provider's own way: 204, 401 without a live credential.
    pub fn uninstall(&mut self, token: Token, now: u64) -> u16 {
        if !self.takes(token, now) {
            return 401;
        }
        let company = self.subject(token).filter(|subject| *subject != Subject::Organisation);
        if let Some(subject) = company.filter(|_| self.ends_companies) {
            for grant in 0..self.grants.len() {
                if self.grants[grant].subject == subject {
                    self.end(grant as u32, true);
                }
            }
            for key in self.keys.iter_mut().filter(|key| key.subject == subject) {
                key.dead = true;
            }
        }
        match token {
            Token::Access(number) => self.end(self.access[number as usize].grant, true),
            Token::Key(number) => self.keys[number as usize].dead = true,
            Token::Refresh(_) => {}
        }
        204
    }
}

impl World {
    /// What is left of tenants that have gone.
    pub fn release_companies(&mut self) {
        if !self.plan.features.released {
            return;
        }
        for (number, key) in self.companies.iter().enumerate() {
            let company = name(number as u8);
            let write = release_company(&self.clients[0], &company);
            self.store.swap(key, None, Some(&write), 0);
        }
    }

    /// The company whose reservation stands under this key.
    pub fn company_of(&self, key: &StoreKey) -> Option<u8> {
        self.companies.iter().position(|company| company == key).map(|at| at as u8)
    }

    /// Where a tenant is at home.
    pub fn home(&self, tenant: u8) -> u8 {
        if self.plan.features.rivals { 0 } else { tenant }
    }

    /// Which company a person authorizes for, as a rule his own.
    pub fn picked_subject(&self, tenant: u8, lot: u64) -> Subject {
        match lot % 16 {
            0..=10 => Subject::Company(self.home(tenant)),
            11..=13 => self.any_company(lot >> 4),
            _ => Subject::Organisation,
        }
    }

    /// Which company the host has chosen, if any.
    pub fn chosen_company(&self, tenant: u8, lot: u64) -> Option<String> {
        if !self.plan.features.company {
            return None;
        }
        match lot % 8 {
            0..=4 => None,
            5 | 6 => Some(name(self.home(tenant))),
            _ => Some(self.any_company(lot >> 3).name()),
        }
    }

    fn any_company(&self, lot: u64) -> Subject {
        Subject::Company((lot % u64::from(self.plan.companies())) as u8)
    }

    /// A person enters an API key: a good one, or whatever else people paste.
    pub fn enter_key(&mut self, worker: usize, arg: u64) {
        if !self.workers[worker].is_up() {
            return;
        }
        let tenant = self.workers[worker].tenant;
        let kind = (arg >> 8) % 16;
        let home = Subject::Company(self.home(tenant));
        let text = match kind {
            0 => "canary-k 1".into(),
            1 => "canary-of-nobody".into(),
            2 if !self.server.keys.is_empty() => {
                Token::Key(((arg >> 16) % self.server.keys.len() as u64) as u32).text()
            }
            3 | 4 => self.new_key(self.any_company(arg >> 16), false),
            5 | 6 => self.new_key(Subject::Organisation, false),
            7 => self.new_key(home, true),
            _ => self.new_key(home, false),
        };
        if let Some(Token::Key(number)) = Token::read(&text) {
            let entered = &mut self.server.keys[number as usize].entered;
            if !entered.iter().any(|(other, _)| *other == tenant) {
                entered.push((tenant, self.now));
            }
        }
        let company = match (arg >> 32) % 8 {
            0..=2 => Some(name(self.home(tenant))),
            3 => Some(self.any_company(arg >> 36).name()),
            _ => None,
        };
        let host = &mut self.workers[worker];
        match host.binding {
            // A grant that is only being asked for waits, and is answered for by whoever
            // takes it up.
            Some((Stage::Asking | Stage::Pausing, _)) if host.owed.keys == 0 => host.aside += 1,
            // Of a key before this one nothing is awaited any more.
            Some((_, op)) => host.forgotten = op,
            None => {}
        }
        host.owed.keys += 1;
        host.key_asked_in = None;
        let scopes =
            if (arg >> 40).is_multiple_of(4) { vec!["expenses:read".into()] } else { vec![] };
        let kind = ApiKeyKind::Integrated;
        self.step(worker, Input::KeyEntered(ApiKey { key: text.into(), kind, company, scopes }));
    }

    /// A person makes a key at the provider.
    fn new_key(&mut self, subject: Subject, narrow: bool) -> String {
        let number = self.server.keys.len() as u32;
        let entered = Vec::new();
        self.server.keys.push(Key { subject, narrow, dead: false, saved: false, entered });
        Token::Key(number).text()
    }

    /// A person revokes keys at the provider.
    pub fn end_keys(&mut self, tenant: u8, arg: u64) {
        let newest = self.store.slots[usize::from(tenant)].view.key;
        for (number, key) in self.server.keys.iter_mut().enumerate() {
            let stored = newest == Some(number as u32);
            if stored || arg.is_multiple_of(3) && key.subject == Subject::Company(tenant) {
                key.dead = true;
            }
        }
    }
}
