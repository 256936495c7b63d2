//! A small client that can do everything right, and each thing wrong.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use evergrant_authority::{
    Authority, BASIC_CLIENT, Config, Fault, FaultRule, KnownClient, POST_CLIENT, PUBLIC_CLIENT,
    Stats,
};
use serde_json::Value;
use ureq::{Agent, http};

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const BACK: &str = "http://127.0.0.1:51004/callback";
pub(crate) const STATE: &str = "a state & more";

pub(crate) type Pairs<'a> = Vec<(&'a str, &'a str)>;

pub(crate) struct World {
    pub(crate) authority: Authority,
    agent: Agent,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .proxy(None)
            .build()
            .into();
        let authority = Authority::start(config).expect("a free port");
        Self { authority, agent }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.authority.base_url())
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request =
            headers.iter().fold(self.agent.get(self.url(path)), |r, (n, v)| r.header(*n, *v));
        reply(request.call())
    }

    pub(crate) fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request =
            headers.iter().fold(self.agent.delete(self.url(path)), |r, (n, v)| r.header(*n, *v));
        reply(request.call())
    }

    pub(crate) fn put(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let request =
            headers.iter().fold(self.agent.put(self.url(path)), |r, (n, v)| r.header(*n, *v));
        reply(request.send(body))
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let request =
            headers.iter().fold(self.agent.post(self.url(path)), |r, (n, v)| r.header(*n, *v));
        reply(request.send(body))
    }

    pub(crate) fn form(&self, path: &str, basic: Option<&str>, pairs: &[(&str, &str)]) -> Reply {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(basic.map(|value| ("authorization", value)));
        self.post(path, &headers, &encode(pairs))
    }

    /// A form with the right authentication of the client.
    pub(crate) fn form_as(&self, client: KnownClient, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let mut pairs = pairs.to_vec();
        let authorization = basic(BASIC_CLIENT.id, BASIC_CLIENT.secret.unwrap());
        if client == BASIC_CLIENT {
            return self.form(path, Some(&authorization), &pairs);
        }
        pairs.push(("client_id", client.id));
        pairs.extend(client.secret.map(|secret| ("client_secret", secret)));
        self.form(path, None, &pairs)
    }

    pub(crate) fn authorize(&self, pairs: &[(&str, &str)]) -> Reply {
        self.get(&format!("/oauth/authorize?{}", encode(pairs)), &[])
    }

    pub(crate) fn code(&self, client: KnownClient) -> String {
        self.authorize(&authorization(client)).callback("code").expect("a code")
    }

    pub(crate) fn exchange(&self, client: KnownClient, code: &str) -> Reply {
        self.form_as(client, "/oauth/token", &exchange(code))
    }

    pub(crate) fn connect(&self, client: KnownClient) -> Tokens {
        self.exchange(client, &self.code(client)).tokens()
    }

    pub(crate) fn refresh(&self, client: KnownClient, token: &str) -> Reply {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.form_as(client, "/oauth/token", &pairs)
    }

    /// A refresh whose answer is as broken as it comes: all bytes that arrived, and how it ended.
    pub(crate) fn raw_refresh(&self, token: &str, patience: Duration) -> (String, io::Result<()>) {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PUBLIC_CLIENT.id),
        ];
        let body = encode(&pairs);
        let head = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let address = self.authority.base_url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(patience)).unwrap();
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes).map(|_| ());
        (String::from_utf8(bytes).unwrap(), end)
    }

    pub(crate) fn api(&self, path: &str, token: &str) -> Reply {
        self.get(path, &[("authorization", &format!("Bearer {token}"))])
    }

    pub(crate) fn serves(&self, token: &str) -> bool {
        self.api("/v1/expenses", token).status == 200
    }

    pub(crate) fn introspect(&self, client: KnownClient, token: &str) -> Value {
        self.form_as(client, "/oauth/token/introspect", &[("token", token)]).json()
    }

    /// A fault for the next refresh request.
    pub(crate) fn fault(&self, fault: Fault) {
        self.authority.control().add_faults([FaultRule::refresh(fault)]).expect("a sound fault");
    }

    pub(crate) fn would_honour(&self, token: &str) -> bool {
        self.authority.control().would_honour(token)
    }

    pub(crate) fn stats(&self) -> Stats {
        self.authority.control().stats()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.authority.control().advance(Duration::from_secs(seconds));
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the redirect that this reply is.
    pub(crate) fn callback(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("location").split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{self:?}");
        let body = self.json();
        let member = |name: &str| body[name].as_str().expect(name).to_owned();
        Tokens { access: member("access_token"), refresh: member("refresh_token") }
    }

    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json()["error"], error, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

pub(crate) fn all_clients() -> [KnownClient; 3] {
    [BASIC_CLIENT, POST_CLIENT, PUBLIC_CLIENT]
}

pub(crate) fn authorization(client: KnownClient) -> Pairs<'static> {
    vec![
        ("response_type", "code"),
        ("client_id", client.id),
        ("redirect_uri", BACK),
        ("scope", "expenses:read users:read"),
        ("state", STATE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

pub(crate) fn exchange(code: &str) -> Pairs<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ]
}

/// The pairs with one value replaced.
pub(crate) fn but<'a>(pairs: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Pairs<'a> {
    let changed = pairs.iter().map(|(n, v)| (*n, if *n == name { value } else { *v }));
    changed.collect()
}

pub(crate) fn without<'a>(pairs: &[(&'a str, &'a str)], name: &str) -> Pairs<'a> {
    pairs.iter().copied().filter(|(n, _)| *n != name).collect()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn reply(result: Result<http::Response<ureq::Body>, ureq::Error>) -> Reply {
    let mut response = result.expect("an answer");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().read_to_string().expect("a readable body"),
    }
}
