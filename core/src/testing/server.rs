//! An authorization server of one grant: strict rotation unless told otherwise,
//! every earlier token dead at once, a replayed refresh token ends the grant. Faults
//! on request.

use crate::{HttpFault, HttpRequest, HttpResponse, Method, Rotation, SecretBytes, uri};
use alloc::{
    borrow::ToOwned as _,
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

/// What becomes of the next request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It never leaves the host.
    NotSent,
    /// It is lost on its way to the server.
    RequestLost,
    /// The server handles it; the answer is lost.
    ReplyLost,
    /// The server answers this, and handles nothing.
    Answer(u16, String),
    /// The same, with a header.
    AnswerWith(u16, (String, String), String),
    /// The server handles it, with these members changed or (null) removed.
    Change(serde_json::Value),
}

/// An authorization server and API that answer [`HttpRequest`]s at once. Whatever it
/// gives away begins with `canary-`: see [`leak`](super::leak).
#[derive(Clone, Debug)]
pub struct Server {
    /// What becomes of the next requests; none left: they are answered.
    pub faults: VecDeque<Fault>,
    /// What becomes of a refresh token that was used. Of siblings it knows the last.
    pub rotation: Rotation,
    /// Live refresh token and access token of the grant.
    pub live: Option<(String, String)>,
    /// Refresh tokens that were used up.
    pub spent: Vec<String>,
    codes: BTreeSet<String>,
    /// How many codes and tokens it has given away.
    pub issued: u64,
    /// How many refreshes it has granted.
    pub refreshes: u64,
    /// How many spent refresh tokens came again.
    pub replays: u64,
    /// How many codes came.
    pub exchanges: u64,
    /// How many revocations came.
    pub revocations: u64,
    /// How often it was asked whether a token is live.
    pub introspections: u64,
    /// Whose the next grant is, where somebody asks.
    pub subject: Option<String>,
    /// Whose each access token and API key is.
    pub owners: BTreeMap<String, String>,
    /// The credentials with which the API was told to end the grant.
    pub uninstalled: Vec<String>,
    /// What its redirects name as the issuer, if anything.
    pub iss: Option<&'static str>,
    /// The scopes that its token answers grant.
    pub granted: &'static str,
    /// The scopes of which the API says that any credential has them.
    pub scope: &'static str,
    /// The number of the first token of the grant.
    begun: u64,
    /// What the last refresh was answered, for a server that gives it again.
    last: Option<HttpResponse>,
    /// Spent refresh tokens whose answer reached the host.
    settled: BTreeSet<String>,
    settled_again: u64,
    /// A fault has said of the grant what is not so.
    lied: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            faults: VecDeque::new(),
            rotation: Rotation::Strict,
            live: None,
            spent: Vec::new(),
            codes: BTreeSet::new(),
            issued: 0,
            refreshes: 0,
            replays: 0,
            exchanges: 0,
            revocations: 0,
            introspections: 0,
            subject: None,
            owners: BTreeMap::new(),
            uninstalled: Vec::new(),
            iss: Some("https%3A%2F%2Fas.example"),
            granted: "expenses:read accounts:read",
            scope: "expenses:read",
            begun: 0,
            last: None,
            settled: BTreeSet::new(),
            settled_again: 0,
            lied: false,
        }
    }
}

impl Server {
    /// The person consents: the redirect that follows.
    ///
    /// # Panics
    /// If this is no URL that [`crate::Output::OpenUrl`] gave.
    pub fn consent(&mut self, url: &str) -> String {
        let redirect_uri = query(url, "redirect_uri").expect("a redirect URI");
        let state = query(url, "state").expect("a state");
        self.issued += 1;
        let code = format!("canary-code-{}", self.issued);
        self.codes.insert(code.clone());
        let iss = self.iss.map(|iss| format!("&iss={iss}")).unwrap_or_default();
        format!("{redirect_uri}?code={code}&state={state}{iss}")
    }

    /// The person refuses.
    ///
    /// # Panics
    /// As [`Server::consent`].
    pub fn deny(url: &str) -> String {
        let redirect_uri = query(url, "redirect_uri").expect("a redirect URI");
        let state = query(url, "state").expect("a state");
        format!(
            "{redirect_uri}?error=access_denied&error_description=The+person+said+no\
             &state={state}&iss=https%3A%2F%2Fas.example"
        )
    }

    /// Answers a request, or does with it what the next fault says.
    ///
    /// # Errors
    /// Where that fault leaves the host without an answer.
    pub fn answer(&mut self, request: &HttpRequest) -> Result<HttpResponse, HttpFault> {
        let fault = self.faults.pop_front();
        if matches!(fault, Some(Fault::NotSent)) {
            return Err(HttpFault::NotSent);
        }
        let sent = refresh_token(request);
        self.settled_again += u64::from(sent.as_ref().is_some_and(|it| self.settled.contains(it)));
        match fault {
            Some(Fault::NotSent | Fault::RequestLost) => Err(HttpFault::Unknown),
            Some(Fault::ReplyLost) => {
                self.handle(request);
                Err(HttpFault::Unknown)
            }
            Some(Fault::Answer(status, body)) => {
                self.lied = true;
                Ok(response(status, vec![], &body))
            }
            Some(Fault::AnswerWith(status, header, body)) => {
                self.lied = true;
                Ok(response(status, vec![header], &body))
            }
            Some(Fault::Change(change)) => {
                let answer = self.handle(request);
                self.lied = true;
                Ok(changed(answer, &change))
            }
            None => {
                let answer = self.handle(request);
                self.settled.extend(sent.filter(|sent| self.spent.contains(sent)));
                Ok(answer)
            }
        }
    }

    /// The refresh token that is good here, if no fault has said otherwise since the
    /// person consented: a host to which it was given must not lose it.
    pub fn honoured(&self) -> Option<&str> {
        let (refresh, _) = self.live.as_ref().filter(|_| !self.lied)?;
        Some(refresh)
    }

    /// How often a refresh token came again although its answer had reached the host, and
    /// was not lost there ([`Server::answers_lost`]). None should.
    pub fn settled_again(&self) -> u64 {
        self.settled_again
    }

    /// A process of the host has died, or could not store in time what it was given:
    /// another does right to send those refresh tokens again.
    pub fn answers_lost(&mut self) {
        self.settled.clear();
    }

    fn handle(&mut self, request: &HttpRequest) -> HttpResponse {
        let field = |name: &str| form(request, name);
        let credential = request.headers.iter().find(|(name, _)| *name == "authorization");
        let credential = credential.map(|(_, value)| value.expose().to_owned());
        if request.method == Method::Get {
            let (owner, scope) =
                (credential.and_then(|credential| self.owners.get(&credential)), self.scope);
            return owner.map_or_else(
                || response(401, vec![], ""),
                |owner| {
                    let data = serde_json::json!({"subjectURN": owner, "scope": scope});
                    response(200, vec![], &serde_json::json!({"data": data}).to_string())
                },
            );
        }
        if request.method == Method::Delete {
            self.uninstalled.extend(credential);
            self.live = None;
            return response(204, vec![], "");
        }
        if request.url.ends_with("/introspect") {
            self.introspections += 1;
            let token = field("token");
            let active = self.live.as_ref().is_some_and(|(live, _)| Some(live) == token.as_ref());
            return response(200, vec![], &format!(r#"{{"active":{active}}}"#));
        }
        if request.url.ends_with("/revoke") {
            self.revocations += 1;
            // With any token of the grant it ends; with one of an older grant nothing does.
            let number = |token: String| token.rsplit('-').next()?.parse::<u64>().ok();
            if field("token").and_then(number).is_none_or(|token| token >= self.begun) {
                self.live = None;
            }
            return response(200, vec![], "");
        }
        match field("grant_type").as_deref() {
            Some("authorization_code") => {
                self.exchanges += 1;
                if !self.codes.remove(&field("code").unwrap_or_default()) {
                    return refused("invalid_grant");
                }
                self.lied = false;
                self.begun = self.issued + 1;
                self.issue()
            }
            Some("refresh_token") => self.refresh(field("refresh_token").unwrap_or_default()),
            _ => refused("unsupported_grant_type"),
        }
    }

    fn refresh(&mut self, sent: String) -> HttpResponse {
        let replayed = self.spent.contains(&sent);
        let is_live = self.live.as_ref().is_some_and(|(live, _)| *live == sent);
        match (self.rotation, replayed) {
            (Rotation::Strict, true) => {
                self.replays += 1;
                self.live = None;
                refused("invalid_grant")
            }
            (Rotation::SameSuccessor, true) if self.live.is_some() => {
                self.last.clone().unwrap_or_else(|| refused("invalid_grant"))
            }
            (Rotation::Siblings | Rotation::NewestWins, true) if self.live.is_some() => {
                self.refreshes += 1;
                self.issue()
            }
            (Rotation::None, _) if is_live => {
                self.refreshes += 1;
                self.reissue(sent)
            }
            (_, _) if is_live => {
                self.refreshes += 1;
                self.spent.push(sent);
                let answer = self.issue();
                self.last = Some(answer.clone());
                answer
            }
            (_, _) => refused("invalid_grant"),
        }
    }

    /// Another access token; the refresh token stays, and is not named again.
    fn reissue(&mut self, refresh: String) -> HttpResponse {
        self.issued += 1;
        let access = format!("canary-access-{}", self.issued);
        let body =
            format!(r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600}}"#);
        self.live = Some((refresh, access));
        response(200, vec![], &body)
    }

    fn issue(&mut self) -> HttpResponse {
        self.issued += 1;
        let refresh = format!("canary-refresh-{}", self.issued);
        let access = format!("canary-access-{}", self.issued);
        let body = format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":"{refresh}","scope":"{}"}}"#,
            self.granted
        );
        if let Some(subject) = &self.subject {
            self.owners.insert(format!("Bearer {access}"), subject.clone());
        }
        self.live = Some((refresh, access));
        response(200, vec![], &body)
    }
}

/// An answer with these members put in, or (null) taken out, where it is a JSON object.
fn changed(answer: HttpResponse, change: &serde_json::Value) -> HttpResponse {
    let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(answer.body.expose()) else {
        return answer;
    };
    if let (Some(members), Some(change)) = (json.as_object_mut(), change.as_object()) {
        for (name, value) in change {
            match value {
                serde_json::Value::Null => members.remove(name),
                value => members.insert(name.clone(), value.clone()),
            };
        }
    }
    response(answer.status, vec![], &json.to_string())
}

/// The refresh token that a request is to have exchanged for another one.
fn refresh_token(request: &HttpRequest) -> Option<String> {
    form(request, "grant_type").filter(|grant| grant == "refresh_token")?;
    form(request, "refresh_token")
}

fn form(request: &HttpRequest, name: &str) -> Option<String> {
    query(&format!("?{}", String::from_utf8_lossy(request.body.expose())), name)
}

fn refused(error: &str) -> HttpResponse {
    response(400, vec![], &format!(r#"{{"error":"{error}"}}"#))
}

/// An answer.
pub fn response(status: u16, headers: Vec<(String, String)>, body: &str) -> HttpResponse {
    HttpResponse { status, headers, body: SecretBytes::new(body.as_bytes()) }
}

/// A parameter of a URL's query.
pub fn query(url: &str, name: &str) -> Option<String> {
    uri::query(url).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}
