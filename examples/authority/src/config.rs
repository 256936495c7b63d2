use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::{
    client::{ClientAuth, RegisteredClient},
    state::{Entity, InvalidSubject, Policy, RateLimit, Reach, Subject, Telling},
};

/// The user that consents unless told otherwise.
pub const DEFAULT_USER: &str = "alice";

/// The scopes of the clients that [`Config::default`] registers.
pub const DEFAULT_SCOPES: [&str; 5] =
    ["expenses:read", "accounts:read", "accounts:write", "users:read", "test:test"];

/// A confidential client that uses `client_secret_basic`. Its id and secret hold what must be
/// form-encoded before Base64 (RFC 6749 §2.3.1): a client that skips that step is refused.
pub const BASIC_CLIENT: KnownClient =
    KnownClient { id: "demo client+1", secret: Some("s3cret/%:+é") };

/// A confidential client that uses `client_secret_post`.
pub const POST_CLIENT: KnownClient =
    KnownClient { id: "demo:client&2", secret: Some("p0st =&%2B ü+/?") };

/// A public client (`none`).
pub const PUBLIC_CLIENT: KnownClient = KnownClient { id: "demo-public", secret: None };

/// An organisation that [`Config::default`] knows.
pub const NORTH_GROUP: &str = "urn:pleo:organisation:00000000-0000-8000-8000-000000000001";

/// A company of [`NORTH_GROUP`].
pub const NORTH_DENMARK: &str = "urn:pleo:company:00000000-0000-8000-8000-00000000000a";

/// Another company of [`NORTH_GROUP`].
pub const NORTH_SWEDEN: &str = "urn:pleo:company:00000000-0000-8000-8000-00000000000b";

/// A company that belongs to no organisation.
pub const SOUTH: &str = "urn:pleo:company:00000000-0000-8000-8000-00000000000c";

/// The credentials of a client that [`Config::default`] registers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KnownClient {
    /// The `client_id`.
    pub id: &'static str,
    /// The `client_secret`; none for a public client.
    pub secret: Option<&'static str>,
}

/// What an [`Authority`](crate::Authority) is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; must be a loopback address. Port 0 takes any free port. The issuer is
    /// `http://` and the address that was taken.
    pub listen: SocketAddr,
    /// The clients known at the start.
    pub clients: Vec<RegisteredClient>,
    /// Life of an access token; whole seconds go into `expires_in`.
    pub access_token_lifetime: Duration,
    /// Life of a refresh token, counted anew at each rotation; `None` means no end.
    pub refresh_token_lifetime: Option<Duration>,
    /// Life of an authorization code.
    pub code_lifetime: Duration,
    /// Who decides on authorization requests.
    pub consent: Consent,
    /// Companies and organisations that a person can pick, beside his own company.
    pub entities: Vec<Entity>,
    /// What is picked where nobody is asked: `None` is the user's own company, or what the client
    /// proposes by `urn_pleo_params_oauth_subject`.
    pub subject: Option<Subject>,
    /// What introspection tells.
    pub telling: Telling,
    /// Whether an installation that a grant makes waits for `:activate`.
    pub installation_needs_activation: bool,
    /// What the end of an installation ends with it.
    pub reach: Reach,
    /// How many requests are handled in a window.
    pub rate_limit: Option<RateLimit>,
    /// What becomes of refresh tokens that were used.
    pub policy: Policy,
    /// Whether a refresh ends the grant's earlier access tokens at once, as Pleo does; else they
    /// live until they expire.
    pub old_access_token_dies: bool,
}

/// Who decides on an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Every request is granted at once.
    Automatic {
        /// The user in whose name it is granted. Each user has one company of his own, and
        /// picks it unless told otherwise.
        user: String,
    },
    /// A page asks, and [`DEFAULT_USER`] is the one who answers it.
    Page,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clients: vec![
                BASIC_CLIENT.registered(ClientAuth::Basic),
                POST_CLIENT.registered(ClientAuth::Post),
                PUBLIC_CLIENT.registered(ClientAuth::Basic),
            ],
            access_token_lifetime: Duration::from_secs(900),
            refresh_token_lifetime: Some(Duration::from_secs(60 * 24 * 60 * 60)),
            code_lifetime: Duration::from_secs(60),
            consent: Consent::default(),
            entities: known_entities(),
            subject: None,
            telling: Telling::default(),
            installation_needs_activation: false,
            reach: Reach::default(),
            rate_limit: None,
            policy: Policy::default(),
            old_access_token_dies: true,
        }
    }
}

impl Default for Consent {
    fn default() -> Self {
        Self::Automatic { user: DEFAULT_USER.into() }
    }
}

fn known_entities() -> Vec<Entity> {
    let known = [
        (NORTH_GROUP, "North Group", None),
        (NORTH_DENMARK, "North Denmark", Some(NORTH_GROUP)),
        (NORTH_SWEDEN, "North Sweden", Some(NORTH_GROUP)),
        (SOUTH, "South", None),
    ];
    let entity = |(subject, name, organisation): (&str, &str, Option<&str>)| {
        let organisation = organisation.map(str::parse).transpose()?;
        Ok::<_, InvalidSubject>(Entity {
            subject: subject.parse()?,
            name: name.into(),
            organisation,
        })
    };
    // A test holds that none of them is left out.
    known.into_iter().filter_map(|known| entity(known).ok()).collect()
}

impl KnownClient {
    fn registered(&self, with_secret: fn(String) -> ClientAuth) -> RegisteredClient {
        RegisteredClient {
            id: self.id.into(),
            auth: self.secret.map_or(ClientAuth::None, |secret| with_secret(secret.into())),
            redirect_uris: [
                "http://127.0.0.1/callback",
                "http://[::1]/callback",
                "https://client.example/callback",
                "com.example.evergrant:/callback",
            ]
            .map(String::from)
            .to_vec(),
            scopes: DEFAULT_SCOPES.map(String::from).to_vec(),
        }
    }
}

impl fmt::Debug for KnownClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownClient").field("id", &self.id).finish_non_exhaustive()
    }
}
