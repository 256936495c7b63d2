//! What the processes over one store agree on; the tests include this file too.

use std::{error::Error, sync::Arc};

use evergrant::{
    Client, ClientConfig, Disconnect, IssPolicy, Provider, ProviderConfig, RefreshPolicy, Sealing,
    Secret, Timing,
};
use evergrant_authority::BASIC_CLIENT;

pub(crate) const TENANT: &str = "tenant 1/ä";

/// How the server treats a refresh token that was used, in the worker's words.
pub(crate) const ROTATIONS: [(&str, RefreshPolicy); 4] = [
    ("strict", RefreshPolicy::STRICT),
    ("siblings", RefreshPolicy::SIBLINGS),
    ("newest-wins", RefreshPolicy::NEWEST_WINS),
    ("none", RefreshPolicy::NO_ROTATION),
];

/// The client of an authority at this address; the timing row is W, T, D, S, A
/// in milliseconds, separated by commas.
pub(crate) fn client(
    base: &str,
    rotation: &str,
    timing: &str,
) -> Result<Arc<Client>, Box<dyn Error>> {
    let known = ROTATIONS.into_iter().find(|(name, _)| *name == rotation);
    let (_, policy) = known.ok_or("no such rotation")?;
    let row: Vec<u64> = timing.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let [send_within, listen_for, start_within, save_within, takeover_after] = *row else {
        return Err("a timing row has five numbers".into());
    };
    let timing = Timing { send_within, listen_for, start_within, save_within, takeover_after };
    let provider = Provider::new(ProviderConfig {
        environment: "processes".into(),
        issuer: Some(base.into()),
        iss: IssPolicy::Required,
        authorization_endpoint: format!("{base}/oauth/authorize"),
        token_endpoint: format!("{base}/oauth/token"),
        disconnect: Disconnect::Revocation { endpoint: format!("{base}/oauth/revoke") },
        api_origin: base.into(),
        loopback_http: true,
        refresh: RefreshPolicy { timing, ..policy },
        ..ProviderConfig::default()
    })?;
    let config = ClientConfig {
        client_id: BASIC_CLIENT.id.into(),
        client_secret: BASIC_CLIENT.secret.map(Secret::from),
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec!["http://127.0.0.1/callback".into()],
        scopes: vec!["expenses:read".into()],
        sealing: Sealing::Plain,
    };
    Ok(Arc::new(Client::new(Arc::new(provider), config)?))
}
