use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use tokio::{runtime, sync::oneshot};

use crate::{
    answer, api,
    around::around,
    authorize,
    client::RegistrationError,
    config::Config,
    control::{self, Control},
    introspect, metadata,
    state::{EntityError, State},
    token,
    wire::{Line, Lines},
};

/// How long answers that are on their way may take once the authority is told to stop.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running authorization server. Dropping it stops it: open connections are closed, the thread
/// is joined, and the port is free again.
pub struct Authority {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why an authority could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not a loopback address. Secrets travel in clear here and anybody may move
    /// the clock: this server must never be reachable from elsewhere.
    #[error("refusing to listen on {0}: it is not a loopback address")]
    NotLoopback(SocketAddr),
    /// A client of the configuration cannot be registered.
    #[error("cannot register a client: {0}")]
    Client(#[from] RegistrationError),
    /// A company or organisation of the configuration cannot be there.
    #[error("cannot add an entity: {0}")]
    Entity(#[from] EntityError),
    /// The address is taken, or the system refused a socket or a thread.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) base_url: String,
    state: Mutex<State>,
}

impl Authority {
    /// Starts the server on a thread of its own.
    ///
    /// # Errors
    /// If the address is not loopback or cannot be taken, or a client is unsound.
    pub fn start(config: Config) -> Result<Self, StartError> {
        if !config.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(config.listen));
        }
        let state = State::new(&config)?;
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            base_url: format!("http://{}", listener.local_addr()?),
            state: Mutex::new(state),
        });
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let router = router(&shared);
        let thread = thread::Builder::new()
            .name("evergrant-authority".into())
            .spawn(move || runtime.block_on(serve(listener, router, stopped)))?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://` and the address, without a slash at the end. The API is at the same origin.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The issuer identifier (RFC 8414 §2), equal to [`base_url`](Self::base_url).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.base_url
    }

    /// A handle that does what the `/control/` endpoints do.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed by its own thread; a second one here would abort.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("base_url", &self.shared.base_url).finish_non_exhaustive()
    }
}

impl Shared {
    /// A handler that panicked has changed nothing that another could not go on with.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    // `get` answers HEAD as well, and a HEAD that issues a code would be a surprise.
    let authorize = get(authorize::authorize).head(not_allowed);
    let installation = get(api::show).post(api::create).put(api::update).delete(api::uninstall);
    Router::new()
        .route("/oauth/authorize", authorize)
        .route("/oauth/consent", post(authorize::consent))
        .route("/oauth/token", post(token::token))
        .route("/oauth/token/introspect", post(introspect::introspect))
        .route("/oauth/revoke", post(introspect::revoke))
        .route("/.well-known/oauth-authorization-server", get(metadata::metadata))
        .route("/v1/introspect", get(api::introspect))
        .route("/v1/expenses", get(api::expenses))
        .route("/v1/installations/me", installation)
        .route("/v1/installations/me:activate", post(api::activate))
        .nest("/control", control::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), around))
        .with_state(Arc::clone(shared))
}

async fn not_allowed() -> axum::response::Response {
    answer::empty(StatusCode::METHOD_NOT_ALLOWED)
}

async fn serve(listener: tokio::net::TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let (finish, finishing) = oneshot::channel::<()>();
    let service = router.into_make_service_with_connect_info::<Line>();
    let server = axum::serve(Lines(listener), service).with_graceful_shutdown(async {
        let _ = finishing.await;
    });
    let out_of_time = async move {
        // The sender is dropped, never used: either way it is the end.
        let _ = stopped.await;
        drop(finish);
        tokio::time::sleep(LAST_WORDS).await;
    };
    // Whatever is still open after the last words dies with the runtime.
    tokio::select! {
        _ = server => {}
        () = out_of_time => {}
    }
}
