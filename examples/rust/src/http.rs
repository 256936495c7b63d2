//! The HTTP client: each request once, on a connection of its own, and an
//! answer or the truth about why there is none.

use std::{
    io::Read as _,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use evergrant::{HttpFault, HttpRequest, HttpResponse, SecretBytes};
use ureq::{
    Agent, Error,
    config::Config,
    http::{HeaderValue, Request, Response, Uri},
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::DefaultResolver,
        transport::{ConnectionDetails, Connector, DefaultConnector, Transport},
    },
};

use crate::World;

/// A blocking client that never retries and never follows a redirect.
///
/// Most clients blur the one thing that a refresh hangs on: whether the request
/// may have reached the server. Here a gate stands between connecting and
/// sending, and its position tells.
///
/// | where it failed | what is said |
/// |---|---|
/// | DNS, connect, TLS, an unusable URL | `NotSent` |
/// | connected, but `send_within` had passed | `TooLate` |
/// | anything after that: reset, timeout, broken answer | `Unknown` |
#[derive(Clone, Debug)]
pub struct Http {
    tls: TlsConfig,
}

impl Http {
    /// A client that trusts the certificates that the system trusts.
    pub fn new() -> Self {
        let found = rustls_native_certs::load_native_certs().certs;
        let roots = found.iter().map(|der| Certificate::from_der(der).to_owned());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        Self { tls }
    }

    /// Sends the request once, unless it could not leave before `send_by` (as
    /// of [`World::ticks`]), and listens for `listen_for` ms. Of the body at
    /// most one byte over `limit` is read, which is enough to refuse it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn send(
        &self,
        world: &World,
        request: &HttpRequest,
        send_by: u64,
        listen_for: u64,
        limit: u32,
    ) -> Result<HttpResponse, HttpFault> {
        let left = send_by.checked_sub(world.ticks()).ok_or(HttpFault::TooLate)?;
        let config = Config::builder()
            .tls_config(self.tls.clone())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Proxies repeat requests: one is used only if the host asks for it.
            .proxy(None)
            .timeout_resolve(Some(Duration::from_millis(left)))
            .timeout_connect(Some(Duration::from_millis(left)))
            .timeout_global(Some(Duration::from_millis(left.saturating_add(listen_for))))
            .user_agent("evergrant-example-host")
            .build();
        let gate = Gate { world: world.clone(), send_by, position: Arc::default() };
        let position = Arc::clone(&gate.position);
        // A new agent for every request: a pooled connection may be closed by
        // the server just as the request leaves, and then nobody can tell.
        let connector = DefaultConnector::new().chain(gate);
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        let answer = run(&agent, request).and_then(|answer| read(answer, limit));
        answer.map_err(|_| match position.load(Ordering::SeqCst) {
            CLOSED => HttpFault::NotSent,
            LATE => HttpFault::TooLate,
            _ => HttpFault::Unknown,
        })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

fn run(agent: &Agent, request: &HttpRequest) -> Result<Response<ureq::Body>, Error> {
    let mut head = Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value.expose()).map_err(ureq::http::Error::from)?;
        value.set_sensitive(true);
        head = head.header(*name, value);
    }
    if request.body.is_empty() {
        agent.run(head.body(())?)
    } else {
        agent.run(head.body(request.body.expose())?)
    }
}

fn read(mut answer: Response<ureq::Body>, limit: u32) -> Result<HttpResponse, Error> {
    let headers = answer.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let (status, headers) = (answer.status().as_u16(), headers.collect());
    let mut body = Vec::new();
    answer.body_mut().as_reader().take(u64::from(limit) + 1).read_to_end(&mut body)?;
    Ok(HttpResponse { status, headers, body: SecretBytes::new(body) })
}

/// Stands behind DNS, TCP and TLS: no byte of the request leaves before it
/// opens, and it does not open late. A laptop may have slept while connecting.
#[derive(Debug)]
struct Gate {
    world: World,
    send_by: u64,
    position: Arc<AtomicU8>,
}

const CLOSED: u8 = 0;
const LATE: u8 = 1;
const OPEN: u8 = 2;

impl<In: Transport> Connector<In> for Gate {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        let late = self.world.ticks() > self.send_by;
        self.position.store(if late { LATE } else { OPEN }, Ordering::SeqCst);
        if late { Err(Error::ConnectionFailed) } else { Ok(chained) }
    }
}

/// The part of a URL that may be shown: no query, where codes and states are.
pub(crate) fn path_of(url: &str) -> String {
    url.parse::<Uri>().map_or_else(|_| String::from("?"), |uri| uri.path().to_owned())
}
