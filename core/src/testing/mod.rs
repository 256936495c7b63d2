//! For whoever tests a host: a world in memory that the host's driver can be let loose
//! in, and inputs for a fuzzer.
//!
//! [`Server`] answers requests, [`Store`] swaps records, and both fail as they are told
//! to, by values that a fuzzer makes ([`Fault`], [`StoreFault`], [`Callback`]; [`arbitrary`]
//! is implemented for them, for [`Input`] and for
//! [`HttpResponse`](crate::HttpResponse)). What must hold whatever happens can be asked:
//!
//! | never | asked by |
//! |---|---|
//! | a secret is in a log, an error or a `Debug` | [`leak`] |
//! | a refresh token is sent again by whoever has had its answer | [`Server::settled_again`] |
//! | a grant that the server honours, and that was stored, is given up | [`is_lost`] |
//!
//! ```
//! use evergrant::{testing::{Fault, Server, Store}, *};
//! use std::{collections::VecDeque, sync::Arc};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = Arc::new(Provider::new(testing::provider_config())?);
//! let client = Arc::new(Client::new(provider, testing::client_config())?);
//! let mut connection = Connection::new(client, "tenant-42")?;
//! let (mut server, mut store) = (Server::default(), Store::default());
//! server.faults.push_back(Fault::ReplyLost);
//!
//! let mut inputs = VecDeque::from([testing::authorize()]);
//! let mut steps = 0;
//! while let Some(input) = inputs.pop_front() {
//!     steps += 1;
//!     let env = Env { now: 1_700_000_000_000, uptime: None, boot_id: None, entropy: [steps; 32] };
//!     let step = connection.step(&env, input)?;
//!     assert_eq!(testing::leak(&format!("{step:?}")), None);
//!     for output in step.outputs {
//!         inputs.extend(match output {
//!             Output::Swap { op, key, expected, write } => Some(
//!                 match store.swap(&key, expected.as_ref(), write.as_ref()) {
//!                     Ok(current) => Input::Swapped { op, current },
//!                     Err(_) => Input::SwapUnanswered { op },
//!                 },
//!             ),
//!             Output::SendHttp { op, request, .. } => Some(match server.answer(&request) {
//!                 Ok(response) => Input::HttpDone { op, response },
//!                 Err(why) => Input::HttpFailed { op, why },
//!             }),
//!             Output::OpenUrl { url, .. } => Some(Input::Redirected {
//!                 url: server.consent(url.expose()).into(),
//!                 proof: BrowserProof::SameProcess,
//!             }),
//!             _ => None,
//!         });
//!     }
//! }
//! // The answer to the code was lost: there is no grant, and nobody pretends.
//! assert_eq!(connection.status(1_700_000_000_000), Status::Disconnected);
//! assert!(!testing::is_lost(&server, &store, Status::Disconnected));
//! # Ok(())
//! # }
//! ```

mod callback;
mod generate;
#[doc(hidden)]
pub mod parts;
mod server;
mod store;

pub use arbitrary;
pub use callback::Callback;
pub use server::{Fault, Server, query, response};
pub use store::{Store, StoreFault, Unanswered};

use crate::{
    Authorize, Binding, ClientConfig, Disconnect, Input, IssPolicy, ProviderConfig, Sealing, Status,
};
use alloc::vec;

/// The provider that [`Server`] plays.
pub fn provider_config() -> ProviderConfig {
    ProviderConfig {
        environment: "test".into(),
        issuer: Some("https://as.example".into()),
        iss: IssPolicy::Required,
        authorization_endpoint: "https://as.example/authorize".into(),
        token_endpoint: "https://as.example/token".into(),
        disconnect: Disconnect::Revocation { endpoint: "https://as.example/revoke".into() },
        api_origin: "https://api.example".into(),
        ..ProviderConfig::default()
    }
}

/// A client that is registered there; its secret, too, begins with `canary-`.
pub fn client_config() -> ClientConfig {
    ClientConfig {
        client_id: "client 1".into(),
        client_secret: Some("canary-client-secret".into()),
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec![
            "https://client.example/callback".into(),
            "http://127.0.0.1/callback".into(),
        ],
        scopes: vec!["expenses:read".into(), "accounts:read".into()],
        sealing: Sealing::Plain,
    }
}

/// The wish of a person at this client to connect.
pub fn authorize() -> Input {
    Input::Authorize(Authorize {
        redirect_uri: "https://client.example/callback".into(),
        scopes: vec![],
        extra: vec![],
        binding: Binding::SameProcess,
        return_context: Some("/settings".into()),
        company: None,
    })
}

/// The first secret of this world in a text, with what follows it.
pub fn leak(text: &str) -> Option<&str> {
    text.find("canary-").and_then(|at| text.get(at..))
}

/// Whether a grant was given up (this is where the connection stands that has looked into
/// the store last) that the server honours, although the store acknowledged its refresh
/// token as the connection's own. Of sealed records nothing can be told.
pub fn is_lost(server: &Server, store: &Store, status: Status) -> bool {
    matches!(status, Status::ReauthenticationRequired(_))
        && server.honoured().is_some_and(|token| store.was_told_as_own(token))
}

/// The page for authors of hosts, whose examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/fuzzing.md")]
mod guide {}
