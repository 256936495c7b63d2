//! An authorization server of one grant: strict rotation unless told otherwise,
//! every earlier token dead at once, a replayed refresh token ends the grant. Faults
//! on request.

use evergrant::*;
use std::collections::{BTreeMap, VecDeque};

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

#[derive(Clone, Debug)]
pub struct Server {
    pub faults: VecDeque<Fault>,
    /// What becomes of a refresh token that was used. Of siblings it knows the last.
    pub rotation: Rotation,
    /// Live refresh token and access token of the grant.
    pub live: Option<(String, String)>,
    pub spent: Vec<String>,
    codes: BTreeMap<String, ()>,
    pub issued: u64,
    pub refreshes: u64,
    pub replays: u64,
    pub exchanges: u64,
    pub revocations: u64,
    pub introspections: u64,
    /// Whose the next grant is, where somebody asks.
    pub subject: Option<String>,
    /// Whose each access token and API key is.
    pub owners: BTreeMap<String, String>,
    pub uninstalled: Vec<String>,
    /// What its redirects name as the issuer, if anything.
    pub iss: Option<&'static str>,
    /// What its token answers grant, and what the API says that any credential may do.
    pub granted: &'static str,
    pub scope: &'static str,
    /// What the last refresh was answered, for a server that gives it again.
    last: Option<HttpResponse>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            faults: VecDeque::new(),
            rotation: Rotation::Strict,
            live: None,
            spent: Vec::new(),
            codes: BTreeMap::new(),
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
            last: None,
        }
    }
}

impl Server {
    /// The person consents: the redirect that follows.
    pub fn consent(&mut self, url: &str) -> String {
        let redirect_uri = query(url, "redirect_uri").expect("a redirect URI");
        let state = query(url, "state").expect("a state");
        self.issued += 1;
        let code = format!("canary-code-{}", self.issued);
        self.codes.insert(code.clone(), ());
        let iss = self.iss.map(|iss| format!("&iss={iss}")).unwrap_or_default();
        format!("{redirect_uri}?code={code}&state={state}{iss}")
    }

    /// The person refuses.
    pub fn deny(url: &str) -> String {
        let redirect_uri = query(url, "redirect_uri").expect("a redirect URI");
        let state = query(url, "state").expect("a state");
        format!(
            "{redirect_uri}?error=access_denied&error_description=The+person+said+no\
             &state={state}&iss=https%3A%2F%2Fas.example"
        )
    }

    pub fn answer(&mut self, request: &HttpRequest, _now: u64) -> Result<HttpResponse, HttpFault> {
        match self.faults.pop_front() {
            None => Ok(self.handle(request)),
            Some(Fault::NotSent) => Err(HttpFault::NotSent),
            Some(Fault::RequestLost) => Err(HttpFault::Unknown),
            Some(Fault::ReplyLost) => {
                self.handle(request);
                Err(HttpFault::Unknown)
            }
            Some(Fault::Answer(status, body)) => Ok(response(status, vec![], &body)),
            Some(Fault::AnswerWith(status, header, body)) => {
                Ok(response(status, vec![header], &body))
            }
            Some(Fault::Change(change)) => {
                let answer = self.handle(request);
                let mut json: serde_json::Value =
                    serde_json::from_slice(answer.body.expose()).expect("a JSON answer");
                for (name, value) in change.as_object().expect("members") {
                    let members = json.as_object_mut().expect("an object");
                    match value {
                        serde_json::Value::Null => members.remove(name),
                        value => members.insert(name.clone(), value.clone()),
                    };
                }
                Ok(response(answer.status, vec![], &json.to_string()))
            }
        }
    }

    fn handle(&mut self, request: &HttpRequest) -> HttpResponse {
        let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
        let field = |name: &str| query(&format!("?{body}"), name);
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
            self.live = None;
            return response(200, vec![], "");
        }
        match field("grant_type").as_deref() {
            Some("authorization_code") => {
                self.exchanges += 1;
                match self.codes.remove(&field("code").unwrap_or_default()) {
                    Some(()) => self.issue(),
                    None => refused("invalid_grant"),
                }
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
                self.last.clone().expect("an answer")
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

fn refused(error: &str) -> HttpResponse {
    response(400, vec![], &format!(r#"{{"error":"{error}"}}"#))
}

pub fn response(status: u16, headers: Vec<(String, String)>, body: &str) -> HttpResponse {
    HttpResponse { status, headers, body: SecretBytes::new(body.as_bytes()) }
}

/// The same JSON, as long as this.
pub fn padded(json: &str, length: usize) -> String {
    format!("{json}{}", " ".repeat(length - json.len()))
}

/// A parameter of a URL's query.
pub fn query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
