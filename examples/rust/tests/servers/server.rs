//! A server under test: what is known of it beforehand, and the running process.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use evergrant::{
    Disconnect, IssPolicy, ProviderConfig, RefreshPolicy, TokenEndpointAuthMethod as Method,
};
use serde_json::{Value, json};

use crate::support::{Desk, agent};

/// All that differs from server to server; where things are it says itself.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The configuration in a few words.
    pub(crate) setting: &'static str,
    pub(crate) program: fn() -> Command,
    /// What the program is told besides its clients, as JSON.
    pub(crate) settings: &'static str,
    /// What evergrant is told of it.
    pub(crate) iss: IssPolicy,
    pub(crate) refresh: RefreshPolicy,
}

/// A registered client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) method: Method,
}

impl Known {
    /// With these characters in id and secret.
    pub(crate) fn with(characters: &str, method: Method) -> Self {
        let id = format!("{method:?}{characters}client");
        let secret = format!("long{characters}enough-for-nobody-to-guess");
        Self { id, secret: (method != Method::None).then_some(secret), method }
    }

    /// As in the metadata of RFC 7591 §2.
    pub(crate) fn method_name(&self) -> &'static str {
        match self.method {
            Method::ClientSecretBasic => "client_secret_basic",
            Method::ClientSecretPost => "client_secret_post",
            Method::None => "none",
        }
    }
}

/// A running server, ended when dropped: also by a test that panics, and, as
/// its stdin closes then, by one that is killed.
pub(crate) struct Server {
    pub(crate) kind: &'static Kind,
    /// What it is, as it says itself.
    pub(crate) versions: String,
    about: Value,
    process: Child,
    errors: Option<JoinHandle<String>>,
}

impl Server {
    pub(crate) fn start(kind: &'static Kind, clients: &[Known]) -> Self {
        let clients: Vec<Value> = clients
            .iter()
            .map(|known| {
                json!({ "id": known.id, "secret": known.secret, "method": known.method_name() })
            })
            .collect();
        let settings: Value = serde_json::from_str(kind.settings).expect("JSON");
        let mut process = (kind.program)()
            .arg(json!({ "clients": clients, "settings": settings }).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdout = process.stdout.take().expect("a pipe");
        let mut stderr = process.stderr.take().expect("a pipe");
        // Read to the end, or the server would stop at a full pipe.
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text).unwrap_or_default()
        });
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            let _ = sender.send(lines.next());
            lines.for_each(drop);
        });
        let mut server = Self {
            kind,
            versions: String::new(),
            about: Value::Null,
            process,
            errors: Some(errors),
        };
        if let Ok(Some(Ok(line))) = receiver.recv_timeout(Duration::from_secs(60)) {
            server.about = serde_json::from_str(&line).unwrap_or_default();
        }
        // Dropped by the panic, it prints what it had to say.
        assert!(server.about.is_object(), "{} did not start", kind.name);
        server.versions = server.url("versions");
        server
    }

    /// What the server says of itself under this name.
    pub(crate) fn url(&self, name: &str) -> String {
        self.about[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
    }

    /// An empty store and a person for this client.
    pub(crate) fn desk(&self, client: &Known) -> Desk {
        let provider = ProviderConfig {
            environment: "test".into(),
            issuer: Some(self.url("issuer")),
            iss: self.kind.iss,
            authorization_endpoint: self.url("authorization_endpoint"),
            token_endpoint: self.url("token_endpoint"),
            disconnect: Disconnect::Revocation { endpoint: self.url("revocation_endpoint") },
            api_origin: self.url("origin"),
            loopback_http: true,
            refresh: self.kind.refresh,
            ..ProviderConfig::default()
        };
        let scopes = ["openid", "offline_access"];
        let secret = client.secret.as_deref();
        let mut desk = Desk::new(provider, &client.id, secret, Some(client.method), &scopes);
        // Without it no refresh token is given (OpenID Connect Core §11); who
        // does not know it passes over it (RFC 6749 §3.1).
        desk.extra.push(("prompt".into(), "consent".into()));
        desk
    }

    /// What the API says to a token, whoever shows it.
    pub(crate) fn call(&self, access: &str) -> u16 {
        let request =
            agent().get(self.url("api")).header("authorization", format!("Bearer {access}"));
        request.call().expect("an answer").status().as_u16()
    }

    /// Makes an access token no good, and nothing else.
    pub(crate) fn lose(&self, access: &str) {
        self.control("lose", "x-token", access);
    }

    /// Sets the server's clock forward.
    pub(crate) fn age(&self, by: Duration) {
        self.control("age", "x-seconds", &by.as_secs().to_string());
    }

    fn control(&self, what: &str, name: &str, value: &str) {
        let request = agent().post(self.url(what)).header(name, value);
        assert_eq!(request.send_empty().expect("an answer").status(), 204);
    }

    /// A refresh behind the machine's back.
    pub(crate) fn refresh(&self, client: &Known, token: &str) -> (u16, Value) {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post(client, "token_endpoint", &form)
    }

    /// A revocation behind the machine's back.
    pub(crate) fn revoke(&self, client: &Known, token: &str) -> u16 {
        self.post(client, "revocation_endpoint", &[("token", token)]).0
    }

    fn post(&self, client: &Known, endpoint: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = agent().post(self.url(endpoint));
        match (&client.secret, client.method) {
            (Some(secret), Method::ClientSecretBasic) => {
                request = request.header("authorization", basic(&client.id, secret));
            }
            (secret, _) => {
                body.append_pair("client_id", &client.id);
                body.extend_pairs(secret.as_ref().map(|secret| ("client_secret", secret)));
            }
        }
        let request = request.content_type("application/x-www-form-urlencoded");
        let mut answer = request.send(body.finish()).expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // By its own id; it may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        if thread::panicking() {
            println!("what {} had to say:\n{errors}", self.kind.name);
        }
    }
}

fn basic(id: &str, secret: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let encode = |text: &str| {
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace("+", "%20")
    };
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}
