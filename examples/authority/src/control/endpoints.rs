use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Control, credentials, hostile, installations, keys, tenants};
use crate::{
    answer,
    client::{ClientAuth, RegisteredClient, RegistrationError},
    config::{Consent, DEFAULT_USER},
    server::Shared,
    state::Subject,
};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/advance", post(advance))
        .route("/revoke-access-tokens", post(revoke_access_tokens))
        .route("/revoke-grants", post(revoke_grants))
        .route("/deny-next", post(deny_next))
        .route("/consent", post(consent))
        .route("/stats", get(stats))
        .route("/clients", post(clients))
        .merge(credentials::routes())
        .merge(hostile::routes())
        .merge(installations::routes())
        .merge(keys::routes())
        .merge(tenants::routes())
        .layer(middleware::from_fn(no_browsers))
}

#[derive(Deserialize)]
struct Advance {
    seconds: f64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    client_id: Option<String>,
    subject: Option<Subject>,
}

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase", deny_unknown_fields)]
enum ConsentMode {
    Automatic { user: Option<String> },
    Page,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    id: String,
    secret: Option<String>,
    method: Option<String>,
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
}

/// A page of some web site, open in a browser on this machine, could post here as well; but
/// browsers say so.
async fn no_browsers(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return refuse(StatusCode::FORBIDDEN, "not for web pages");
    }
    next.run(request).await
}

async fn advance(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let parsed = parse::<Advance>(&body).and_then(|Advance { seconds }| {
        Duration::try_from_secs_f64(seconds).map_err(|_| "seconds is negative or too large".into())
    });
    match parsed {
        Ok(by) => {
            let control = Control::new(shared);
            control.advance(by);
            let now = control.shared.state().clock.now();
            answer::json(StatusCode::OK, &json!({ "now": now.unix_seconds() }))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

async fn revoke_access_tokens(State(shared): State<Arc<Shared>>) -> Response {
    let revoked = Control::new(shared).revoke_access_tokens();
    answer::json(StatusCode::OK, &json!({ "revoked": revoked }))
}

async fn revoke_grants(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let whose = if body.is_empty() { Ok(Whose::default()) } else { parse::<Whose>(&body) };
    let whose = match whose {
        Ok(whose) => whose,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    let control = Control::new(shared);
    let revoked = control.revoke_grants_of(whose.client_id.as_deref(), whose.subject.as_ref());
    answer::json(StatusCode::OK, &json!({ "revoked": revoked }))
}

async fn deny_next(State(shared): State<Arc<Shared>>) -> Response {
    Control::new(shared).deny_next();
    answer::json(StatusCode::OK, &json!({}))
}

async fn consent(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let consent = match parse(&body) {
        Ok(ConsentMode::Page) => Consent::Page,
        Ok(ConsentMode::Automatic { user }) => {
            Consent::Automatic { user: user.unwrap_or_else(|| DEFAULT_USER.into()) }
        }
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    Control::new(shared).set_consent(consent);
    answer::json(StatusCode::OK, &json!({}))
}

async fn stats(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).stats())
}

async fn clients(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let client = match parse(&body).and_then(NewClient::into_client) {
        Ok(client) => client,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    match Control::new(shared).register(client) {
        Ok(()) => answer::json(StatusCode::CREATED, &json!({})),
        Err(RegistrationError::Taken) => {
            let text = RegistrationError::Taken.to_string();
            refuse(StatusCode::CONFLICT, &text)
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

impl NewClient {
    fn into_client(self) -> Result<RegisteredClient, String> {
        let auth = match (self.method.as_deref(), self.secret) {
            (Some("client_secret_basic") | None, Some(secret)) => ClientAuth::Basic(secret),
            (Some("client_secret_post"), Some(secret)) => ClientAuth::Post(secret),
            (Some("none") | None, None) => ClientAuth::None,
            _ => return Err("method and secret do not go together".into()),
        };
        Ok(RegisteredClient {
            id: self.id,
            auth,
            redirect_uris: self.redirect_uris,
            scopes: self.scopes,
        })
    }
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

pub(super) fn refuse(status: StatusCode, text: &str) -> Response {
    answer::json(status, &json!({ "error": text }))
}
