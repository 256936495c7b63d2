//! What happens, chapter by chapter, and what must come of it.

mod companies;
mod hostile;
mod summary;

use std::{
    error::Error,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use evergrant::{
    Authorize, Binding, BrowserProof, Client, ClientConfig, Denial, Disconnect, Failure, IssPolicy,
    KeyRing, Provider, ProviderConfig, RefreshPolicy, Sealing, SealingKey, Secret, SecretBytes,
    Status,
};
use evergrant_authority::{Authority, BASIC_CLIENT, Config, Consent};
use evergrant_example_host::{Counters, Host, HostError, RedirectListener, SqliteStore, World};

use rand::{TryRng as _, rngs::SysRng};

use crate::{browser, show::Show, words};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How long a person may take in the browser; this program itself takes none.
const PERSON: Duration = Duration::from_secs(300);
const NOBODY: Duration = Duration::from_secs(10);

struct Story {
    authority: Authority,
    client: Arc<Client>,
    sealing: Sealing,
    path: PathBuf,
    world: World,
    show: Arc<Mutex<Show>>,
    with_browser: bool,
    /// What the hosts that have ended had done.
    done: Mutex<Counters>,
}

/// Tells it all; an error is a deviation from what must happen.
pub(crate) fn tell(with_browser: bool) -> Outcome {
    let start = Instant::now();
    let consent = if with_browser { Consent::Page } else { Consent::default() };
    let authority = Authority::start(Config { consent, ..Config::default() })?;
    let directory = tempfile::tempdir()?;
    let world = World::new();
    let sealing = sealing()?;
    let mut story = Story {
        client: client(&authority, &sealing, RefreshPolicy::STRICT, |_| {})?,
        sealing,
        authority,
        path: directory.path().join("records.sqlite"),
        show: Arc::new(Mutex::new(Show::new(world.clone()))),
        world,
        with_browser,
        done: Mutex::default(),
    };
    story.show().opening(story.authority.base_url());

    let mut host = story.open()?;
    story.grant(&mut host)?;
    story.proactive(&mut host)?;
    story.refused(&mut host)?;
    story.close(host);
    let mut host = story.restart()?;
    story.end(&mut host)?;
    story.again(&mut host)?;
    story.lost_request(&mut host)?;
    story.close(host);
    story.lost_reply_with_grace()?;
    let mut host = story.open()?;
    story.lost_reply(&mut host)?;
    story.two_at_once(&mut host)?;
    story.late_refresh(&mut host)?;
    story.close(host);
    companies::tell(&story, directory.path())?;
    story.summary(start)
}

impl Story {
    fn grant(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "Authorize",
            "Nobody is sent to the browser before the store has the pending authorization:\n\
             the redirect may come to another process.",
        );
        let (listener, back) = self.consent(host)?;
        self.chapter(
            "Redirect and exchange",
            "The redirect is judged, its authorization used up, and the code exchanged.\n\
             Nobody is told of the tokens before the store has them.",
        );
        self.complete(host, &listener, back)?;
        self.chapter("API call", "The token is at hand: the machine need not even be asked.");
        self.call(host, false)
    }

    fn proactive(&mut self, host: &mut Host) -> Outcome {
        self.chapter(
            "Expiry comes near",
            "Both clocks move to when the machine wants to be woken. It marks the refresh in\n\
             the store before the request leaves, and stores what comes before it tells anyone.",
        );
        let at = host.wake_at().ok_or("the machine sleeps for ever")?;
        let by = at.saturating_sub(self.world.now()) + 1;
        self.pass(host, Duration::from_millis(by));
        host.run()?;
        ensure(self.show().refreshes == 1, "the refresh was made on time")?;
        self.call(host, false)
    }

    fn refused(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "The API says 401",
            "The server has lost its access tokens. The call is answered by one refresh and\n\
             one replay, and the app never knows.",
        );
        let lost = self.authority.control().revoke_access_tokens();
        self.show().world("server", &format!("forgets {lost} access token"));
        self.call(host, true)?;
        ensure(self.show().refreshes == 2, "one refresh was enough")
    }

    fn restart(&self) -> Outcome<Host> {
        self.chapter(
            "Restart",
            "The process ends and the machine is dropped. The next one takes up what the\n\
             store has, and asks the server for nothing.",
        );
        self.show().world("process", "ends; another starts");
        let mut host = self.open()?;
        ensure(host.status() == Status::Authorized, "the grant outlives the process")?;
        self.call(&mut host, false)?;
        ensure(host.counters().http_requests == 0, "a restart costs no request")?;
        Ok(host)
    }

    fn end(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "Disconnect",
            "First the store knows, so that no crash forgets it; then the server is told; then\n\
             the tokens are wiped. After that there is nothing to call the API with.",
        );
        host.disconnect()?;
        ensure(host.status() == Status::Disconnected, "the grant is over")?;
        let not_connected = Failure::Denied { reason: Denial::NotConnected, said: None };
        match host.api_get(&self.url()) {
            Err(HostError::Failure(failure)) if failure == not_connected => Ok(()),
            other => Err(format!("an API call after the end came to {other:?}").into()),
        }
    }

    fn again(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "Reauthenticate",
            "The person comes back. The same scopes are asked for, and all is as before.",
        );
        let (listener, back) = self.consent(host)?;
        self.complete(host, &listener, back)?;
        self.call(host, false)
    }

    /// Sends somebody to the consent page; yields what they come back with.
    fn consent(&self, host: &mut Host) -> Outcome<(RedirectListener, Secret)> {
        let listener = RedirectListener::bind()?;
        let asked = Authorize {
            redirect_uri: listener.redirect_uri()?,
            scopes: vec![],
            extra: vec![],
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        };
        let (url, _) = host.authorize(asked)?;
        if self.with_browser {
            self.show().ask(&format!("Please open, within 5 minutes:\n    {}", url.expose()));
            browser::open(&url);
        } else {
            browser::follow(url);
        }
        let back = listener.accept(self.patience())?;
        self.show().world("browser", "comes back");
        Ok((listener, back))
    }

    fn complete(&self, host: &mut Host, listener: &RedirectListener, back: Secret) -> Outcome {
        let mut back = back;
        loop {
            match host.redirected(back, BrowserProof::SameProcess) {
                Ok(_) => return ensure(host.status() == Status::Authorized, "there is a grant"),
                // Somebody else has called: the true redirect is still to come.
                Err(HostError::Failure(Failure::CallbackRefused(_))) => {
                    back = listener.accept(self.patience())?;
                }
                Err(HostError::Failure(Failure::Denied {
                    reason: Denial::AccessDenied, ..
                })) => {
                    return Err("access was denied in the browser".into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn call(&self, host: &mut Host, replayed: bool) -> Outcome {
        let answer = host.api_get(&self.url())?;
        let as_wanted = answer.response.status == 200 && answer.replayed == replayed;
        ensure(as_wanted, "the API gives the expenses")
    }

    /// A host as a new process would make it.
    fn open(&self) -> Outcome<Host> {
        self.open_as("", &self.client)
    }

    /// The same, under a name and with another reading of the server.
    fn open_as(&self, who: &'static str, client: &Arc<Client>) -> Outcome<Host> {
        let store = Box::new(SqliteStore::open(&self.path)?);
        let mut host = Host::open(client, "tenant-42", store, self.world.clone())?;
        let show = Arc::clone(&self.show);
        host.watch(move |seen| locked(&show).seen(who, seen));
        Ok(host)
    }

    /// The end of a process: what it did is counted.
    fn close(&self, host: Host) {
        *locked(&self.done) += host.counters();
    }

    /// Moves everybody's clocks.
    fn pass(&mut self, host: &mut Host, by: Duration) {
        self.world.advance(by);
        host.world().advance(by);
        self.authority.control().advance(by);
        let mut show = self.show();
        show.world = self.world.clone();
        show.world("clock", &format!("{} later", words::span(by.as_millis() as u64)));
    }

    fn patience(&self) -> Duration {
        if self.with_browser { PERSON } else { NOBODY }
    }

    fn url(&self) -> String {
        format!("{}/v1/expenses", self.authority.base_url())
    }

    fn chapter(&self, title: &str, sentence: &str) {
        self.show().chapter(title, sentence);
    }

    fn show(&self) -> MutexGuard<'_, Show> {
        locked(&self.show)
    }
}

/// A key for the records of this run: a service takes its own from where it keeps secrets.
fn sealing() -> Outcome<Sealing> {
    let mut key = [0; 32];
    SysRng.try_fill_bytes(&mut key)?;
    let key = SealingKey::new("demo-1", SecretBytes::new(key))?;
    Ok(Sealing::Sealed(KeyRing::new(key, vec![])?))
}

/// A client that reads the server so.
fn client(
    authority: &Authority,
    sealing: &Sealing,
    refresh: RefreshPolicy,
    change: impl FnOnce(&mut ProviderConfig),
) -> Outcome<Arc<Client>> {
    let base = authority.base_url();
    let mut provider = ProviderConfig {
        environment: "demo".into(),
        issuer: Some(authority.issuer().into()),
        iss: IssPolicy::Required,
        authorization_endpoint: format!("{base}/oauth/authorize"),
        token_endpoint: format!("{base}/oauth/token"),
        disconnect: Disconnect::Revocation { endpoint: format!("{base}/oauth/revoke") },
        api_origin: base.into(),
        // Plain http, to a loopback address and for a demonstration only.
        loopback_http: true,
        refresh,
        ..ProviderConfig::default()
    };
    change(&mut provider);
    let provider = Provider::new(provider)?;
    let config = ClientConfig {
        client_id: BASIC_CLIENT.id.into(),
        client_secret: BASIC_CLIENT.secret.map(Secret::from),
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec!["http://127.0.0.1/callback".into()],
        scopes: vec!["expenses:read".into(), "users:read".into()],
        sealing: sealing.clone(),
    };
    Ok(Arc::new(Client::new(Arc::new(provider), config)?))
}

fn ensure(truth: bool, what: &str) -> Outcome {
    if truth { Ok(()) } else { Err(format!("it is not so that {what}").into()) }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
