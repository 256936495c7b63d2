//! An authorization server with a policy, and what it knows of every token that it
//! ever gave.

use evergrant::*;
use std::fmt;

/// A refresh token, by the order in which it was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub usize);

impl Token {
    /// As it goes over the wire; of a length by which the canonical view knows names.
    pub fn name(self) -> String {
        format!("tok{:019}", self.0)
    }

    pub fn parse(name: &str) -> Option<Self> {
        name.strip_prefix("tok")?.parse().ok().map(Self)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Refresh(Token),
    Exchange {
        code: usize,
    },
    Revoke(Token),
    /// Whether the token is live.
    Introspect(Token),
    /// The grant is ended by its access token, which has the refresh token's name.
    Disconnect(Token),
}

impl Request {
    pub fn parse(request: &HttpRequest) -> Self {
        if request.method == Method::Delete {
            let header = request.headers.iter().find(|(name, _)| *name == "authorization");
            let access = header.and_then(|(_, value)| value.expose().strip_prefix("Bearer "));
            return Self::Disconnect(access.and_then(Token::parse).expect("an access token"));
        }
        let body = std::str::from_utf8(request.body.expose()).expect("a form");
        let field = |name: &str| {
            let mut pairs = form_urlencoded::parse(body.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let token = |name: &str| Token::parse(&field(name).expect(name)).expect("a token");
        if request.url.ends_with("/revoke") {
            return Self::Revoke(token("token"));
        }
        if request.url.ends_with("/introspect") {
            return Self::Introspect(token("token"));
        }
        match field("code") {
            Some(code) => Self::Exchange { code: code[3..].parse().expect("a code") },
            None => Self::Refresh(token("refresh_token")),
        }
    }

    /// Whether it ends the grant.
    pub fn ends(self) -> bool {
        matches!(self, Self::Revoke(_) | Self::Disconnect(_))
    }
}

/// What the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Tokens(Token),
    Dead,
    /// Asks for patience; nothing was used up.
    Later,
    /// Does not know the client; nothing was used up.
    NoClient,
    Done,
    /// The API does not take the access token.
    Unauthorized,
    /// Whether the token is live.
    Live(bool),
}

impl Reply {
    /// The answer as it comes; an access token lives two ticks, or for ever.
    pub fn response(self, for_ever: bool) -> HttpResponse {
        let (status, body) = match self {
            Self::Tokens(token) => {
                let name = token.name();
                let life = if for_ever { "null" } else { "1" };
                let body = format!(
                    r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":{life},"refresh_token":"{name}","scope":"a"}}"#
                );
                (200, body)
            }
            Self::Dead => (400, r#"{"error":"invalid_grant"}"#.into()),
            Self::Later => (429, String::new()),
            Self::NoClient => (401, r#"{"error":"invalid_client"}"#.into()),
            Self::Done => (200, String::new()),
            Self::Unauthorized => (401, String::new()),
            Self::Live(live) => (200, format!(r#"{{"active":{live}}}"#)),
        };
        HttpResponse { status, headers: vec![], body: SecretBytes::new(body.into_bytes()) }
    }
}

#[derive(Clone, Debug)]
struct Issued {
    token: Token,
    parent: Option<Token>,
    grant: usize,
    used: bool,
    /// Another has taken its place.
    replaced: bool,
    /// It has been in the store.
    landed: bool,
}

#[derive(Clone, Debug)]
struct Grant {
    alive: bool,
}

#[derive(Clone, Debug)]
struct Code {
    used: bool,
    /// How many disconnects there had been when the person was asked.
    after: u8,
    grant: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub rotation: Rotation,
    pub family_per_user: bool,
    access_dies: bool,
    tokens: Vec<Issued>,
    grants: Vec<Grant>,
    codes: Vec<Code>,
}

impl Server {
    pub fn new(policy: &RefreshPolicy) -> Self {
        Self {
            rotation: policy.rotation,
            family_per_user: policy.family_per_user,
            access_dies: policy.access_dies,
            tokens: vec![],
            grants: vec![],
            codes: vec![],
        }
    }

    /// A person consents.
    pub fn consent(&mut self, disconnects: u8) -> usize {
        self.codes.push(Code { used: false, after: disconnects, grant: None });
        self.codes.len() - 1
    }

    pub fn handle(&mut self, request: Request) -> Reply {
        match request {
            Request::Refresh(token) => self.refresh(token),
            Request::Exchange { code } if self.codes[code].used => Reply::Dead,
            Request::Exchange { code } => {
                self.grants.push(Grant { alive: true });
                let grant = self.grants.len() - 1;
                self.codes[code] = Code { used: true, grant: Some(grant), ..self.codes[code] };
                self.issue(None, grant)
            }
            Request::Revoke(token) => {
                let grant = self.grant(token);
                self.grants[grant].alive = false;
                Reply::Done
            }
            Request::Introspect(token) => Reply::Live(self.works(token)),
            Request::Disconnect(token) => {
                let Issued { grant, used, .. } = self.tokens[token.0];
                if !self.grants[grant].alive || used && self.access_dies {
                    return Reply::Unauthorized;
                }
                self.grants[grant].alive = false;
                Reply::Done
            }
        }
    }

    /// The person goes to the provider and ends everything.
    pub fn end_all(&mut self) {
        self.grants.iter_mut().for_each(|grant| grant.alive = false);
    }

    fn refresh(&mut self, token: Token) -> Reply {
        let Issued { grant, used, replaced, .. } = self.tokens[token.0];
        if self.rotation == Rotation::None {
            return if self.grants[grant].alive { Reply::Tokens(token) } else { Reply::Dead };
        }
        if !used && self.works(token) {
            self.tokens[token.0].used = true;
            return self.issue(Some(token), grant);
        }
        let successors = || self.tokens.iter().filter(|other| other.parent == Some(token));
        let moved_on = successors().any(|other| other.used);
        let last = successors().next_back().map(|other| other.token);
        match (self.rotation, last) {
            // Within a grace that is longer than any request is on its way.
            (Rotation::SameSuccessor, Some(last)) if self.grants[grant].alive => {
                Reply::Tokens(last)
            }
            (Rotation::Siblings, Some(_)) if self.grants[grant].alive => {
                self.issue(Some(token), grant)
            }
            (Rotation::NewestWins, Some(last))
                if !moved_on && !replaced && self.grants[grant].alive =>
            {
                self.tokens[last.0].replaced = true;
                self.issue(Some(token), grant)
            }
            (Rotation::Strict, _) if used => {
                for doomed in self.doomed_by(grant) {
                    self.grants[doomed].alive = false;
                }
                Reply::Dead
            }
            _ => Reply::Dead,
        }
    }

    /// The grants that a theft from this one ends.
    fn doomed_by(&self, grant: usize) -> Vec<usize> {
        if self.family_per_user { (0..self.grants.len()).collect() } else { vec![grant] }
    }

    fn issue(&mut self, parent: Option<Token>, grant: usize) -> Reply {
        let token = Token(self.tokens.len());
        let (used, replaced, landed) = (false, false, false);
        self.tokens.push(Issued { token, parent, grant, used, replaced, landed });
        Reply::Tokens(token)
    }

    /// Whether a refresh with it would bring tokens, and it is the last of its line.
    pub fn works(&self, token: Token) -> bool {
        let known = &self.tokens[token.0];
        self.grants[known.grant].alive && !known.replaced && !known.used
    }

    /// What a request with this token would kill, if it is a replay.
    pub fn killed_by(&self, token: Token) -> Vec<Token> {
        if !self.tokens[token.0].used {
            return vec![];
        }
        let mut after = self.clone();
        after.refresh(token);
        let dies = |other: &&Issued| self.works(other.token) && !after.works(other.token);
        self.tokens.iter().filter(dies).map(|other| other.token).collect()
    }

    pub fn comes_of(&self, token: Token, ancestor: Token) -> bool {
        let mut line = self.parent(token);
        while let Some(above) = line {
            if above == ancestor {
                return true;
            }
            line = self.parent(above);
        }
        false
    }

    pub fn parent(&self, token: Token) -> Option<Token> {
        self.tokens[token.0].parent
    }

    pub fn grant(&self, token: Token) -> usize {
        self.tokens[token.0].grant
    }

    pub fn has_landed(&self, token: Token) -> bool {
        self.tokens[token.0].landed
    }

    pub fn land(&mut self, token: Token, landed: bool) {
        self.tokens[token.0].landed = landed;
    }

    /// Whether another successor of the same token has been in the store.
    pub fn has_landed_sibling(&self, token: Token) -> bool {
        let sibling = |other: &Issued| {
            other.token != token && other.landed && other.parent == self.parent(token)
        };
        self.parent(token).is_some() && self.tokens.iter().any(sibling)
    }

    /// How many disconnects there had been when the person was asked for this grant;
    /// nothing for the first one.
    pub fn asked_after(&self, grant: usize) -> u8 {
        let code = self.codes.iter().find(|code| code.grant == Some(grant));
        code.map_or(0, |code| code.after)
    }
}
