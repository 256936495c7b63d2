//! The same host, unchanged, against npm `oidc-provider`: an authorization
//! server that nobody here has written, with strict rotation.

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use evergrant::{
    BrowserProof, CallbackFault, Cause, Denial, Disconnect, Failure, IssPolicy, Notice, Output,
    ProviderConfig, Status, TokenEndpointAuthMethod as Method,
};
use evergrant_example_host::Host;
use support::{Desk, agent, failure};

/// Id, secret and method of a client in `server.js`.
type Known = (&'static str, Option<&'static str>, Method);

const BASIC: Known = (
    "basic client+1",
    Some("s3cret/%:+~, long enough for nobody to guess"),
    Method::ClientSecretBasic,
);
const POST: Known = (
    "post-client",
    Some("p0st =&%2B+/?, long enough for nobody to guess"),
    Method::ClientSecretPost,
);
const PUBLIC: Known = ("public-client", None, Method::None);

#[test]
fn each_kind_of_client_lives_through_it_all() {
    let server = Server::start();
    for client in [BASIC, POST, PUBLIC] {
        let mut desk = server.desk(client);
        let mut host = desk.host();
        let scope = desk.connect(&mut host);
        assert_eq!(scope, "openid offline_access");
        assert!(server.userinfo(&mut host).contains("\"sub\":\"alice\""));
        let first = desk.stored_token("refresh");

        // The provider's clock stands still; the host's own tells it that
        // the token is due.
        desk.advance_to_wake(&mut host);
        let news = host.run().expect("a refresh");
        let rotated = |output: &Output| {
            matches!(output, Output::Notice(Notice::Refreshed { generation: 2, rotated: true }))
        };
        assert!(news.iter().any(rotated), "{news:?}");
        assert_ne!(first, desk.stored_token("refresh"));
        server.userinfo(&mut host);

        // Another process takes it from there.
        drop(host);
        let mut host = desk.host();
        server.userinfo(&mut host);
        assert_eq!(host.counters().http_requests, 0);

        // An access token that is dead at the server: one refresh, one replay.
        server.lose(&desk.stored_token("access"));
        let answer = host.api_get(&server.url("/me")).expect("an answer");
        assert_eq!((answer.response.status, answer.replayed), (200, true));
        assert_eq!(host.counters().http_requests, 1);

        let (access, refresh) = (desk.stored_token("access"), desk.stored_token("refresh"));
        host.disconnect().expect("a disconnect");
        assert_eq!(host.status(), Status::Disconnected);
        assert_eq!(server.refresh(client, &refresh), 400);
        assert_eq!(server.call(&access), 401);
        let refused = failure(host.api_get(&server.url("/me")));
        assert_eq!(refused, Failure::Denied { reason: Denial::NotConnected, said: None });

        desk.connect(&mut host);
        server.userinfo(&mut host);
    }
}

#[test]
fn a_replayed_refresh_token_ends_the_grant_and_a_person_mends_it() {
    let server = Server::start();
    for client in [BASIC, POST, PUBLIC] {
        let mut desk = server.desk(client);
        let mut host = desk.host();
        desk.connect(&mut host);
        let spent = desk.stored_token("refresh");
        desk.advance_to_wake(&mut host);
        host.run().expect("a refresh");
        server.userinfo(&mut host);

        // Somebody has got hold of the token before, and uses it.
        assert_eq!(server.refresh(client, &spent), 400);
        let lost = Failure::ReauthenticationRequired(Cause::Rejected);
        assert_eq!(failure(host.api_get(&server.url("/me"))), lost);
        assert_eq!(host.status(), Status::ReauthenticationRequired(Cause::Rejected));
        // It is asked for once, and never again until a person has come.
        let requests = host.counters().http_requests;
        assert_eq!(failure(host.api_get(&server.url("/me"))), lost);
        assert_eq!(host.counters().http_requests, requests);

        desk.connect(&mut host);
        assert_eq!(host.status(), Status::Authorized);
        server.userinfo(&mut host);
    }
}

#[test]
fn its_redirects_are_judged() {
    let server = Server::start();
    let mut desk = server.desk(BASIC);
    let mut host = desk.host();
    let back = desk.consent(&mut host);
    let forged = back.expose().replace("&iss=http", "&iss=https");
    assert!(forged != back.expose(), "the provider names itself in every redirect");
    let fault = failure(host.redirected(forged.into(), BrowserProof::SameProcess));
    assert_eq!(fault, Failure::CallbackRefused(CallbackFault::IssuerMismatch));
    host.redirected(back, BrowserProof::SameProcess).expect("a grant");

    desk.extra.push(("login_hint".into(), "refuses".into()));
    let back = desk.consent(&mut host);
    let denied = failure(host.redirected(back, BrowserProof::SameProcess));
    let Failure::Denied { reason: Denial::AccessDenied, said: Some(said) } = denied else {
        panic!("not denied: {denied:?}");
    };
    assert_eq!(said.description.as_deref(), Some("the person said no"));
    server.userinfo(&mut host);
}

/// A running provider, ended when dropped: also by a test that panics, and, as
/// its stdin closes then, by one that is killed.
struct Server {
    issuer: String,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let directory = installed();
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node must be installed for this test (Node.js 20 or later)");
        let stdout = process.stdout.take().expect("a pipe");
        let mut stderr = process.stderr.take().expect("a pipe");
        // Read to the end, or the provider would stop at a full pipe.
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
        let mut server = Self { issuer: String::new(), process };
        match receiver.recv_timeout(Duration::from_secs(30)) {
            Ok(Some(Ok(issuer))) if issuer.starts_with("http://127.0.0.1:") => {
                server.issuer = issuer;
                server
            }
            _ => {
                server.end();
                let errors = errors.join().unwrap_or_default();
                panic!("oidc-provider did not start:\n{errors}");
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    fn desk(&self, (id, secret, method): Known) -> Desk {
        let provider = ProviderConfig {
            environment: "oidc-provider".into(),
            issuer: Some(self.issuer.clone()),
            iss: IssPolicy::Required,
            authorization_endpoint: self.url("/auth"),
            token_endpoint: self.url("/token"),
            disconnect: Disconnect::Revocation { endpoint: self.url("/token/revocation") },
            api_origin: self.issuer.clone(),
            loopback_http: true,
            ..ProviderConfig::default()
        };
        let mut desk = Desk::new(provider, id, secret, Some(method), &["openid", "offline_access"]);
        // Without it no refresh token is given (OpenID Connect Core §11).
        desk.extra.push(("prompt".into(), "consent".into()));
        desk
    }

    fn userinfo(&self, host: &mut Host) -> String {
        let answer = host.api_get(&self.url("/me")).expect("an answer");
        assert_eq!((answer.response.status, answer.replayed), (200, false));
        String::from_utf8_lossy(answer.response.body.expose()).into_owned()
    }

    /// What the API says to a token, whoever shows it.
    fn call(&self, access: &str) -> u16 {
        let request =
            agent().get(self.url("/me")).header("authorization", format!("Bearer {access}"));
        request.call().expect("an answer").status().as_u16()
    }

    /// A refresh behind the machine's back.
    fn refresh(&self, client: Known, token: &str) -> u16 {
        self.post(client, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// Makes it forget an access token, and nothing else.
    fn lose(&self, access: &str) {
        let request = agent().post(self.url("/test/lose")).header("x-token", access);
        assert_eq!(request.send_empty().expect("an answer").status(), 204);
    }

    fn post(&self, (id, secret, method): Known, path: &str, form: &[(&str, &str)]) -> u16 {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = agent()
            .post(self.url(path))
            .header("content-type", "application/x-www-form-urlencoded");
        match (secret, method) {
            (Some(secret), Method::ClientSecretBasic) => {
                request = request.header("authorization", basic(id, secret));
            }
            (secret, _) => {
                body.append_pair("client_id", id);
                body.extend_pairs(secret.map(|secret| ("client_secret", secret)));
            }
        }
        request.send(body.finish()).expect("an answer").status().as_u16()
    }

    fn end(&mut self) {
        // By its own id; it may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where `server.js` is, with its dependencies installed as locked.
fn installed() -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc-provider");
    // npm writes this file last: a cut-off installation is made again.
    if !directory.join("node_modules/.package-lock.json").exists() {
        let npm = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .output()
            .expect("npm must be installed for this test (it comes with Node.js)");
        let said = String::from_utf8_lossy(&npm.stderr);
        assert!(npm.status.success(), "npm ci failed:\n{said}");
    }
    directory
}

fn basic(id: &str, secret: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}
