use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};

use crate::{
    answer,
    config::DEFAULT_USER,
    form::Params,
    page,
    server::Shared,
    state::{Answer, AuthorizationRequest, Decision, Scope, Subject},
};

/// A parameter of Pleo: the subject that the client would like.
const PROPOSED: &str = "urn_pleo_params_oauth_subject";

/// Why a request comes to nothing.
enum Unsound {
    /// The client or its redirect URI is in doubt: tell the person, and redirect nowhere
    /// (RFC 6749 §4.1.2.1; the alternative is an open redirector).
    Page(&'static str),
    /// The client can be told (RFC 6749 §4.1.2.1).
    Redirect {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
}

/// `GET /oauth/authorize`: RFC 6749 §4.1.1 with RFC 7636, answered as RFC 9207 says.
pub(crate) async fn authorize(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let mut state = shared.state();
    state.stats.authorize += 1;
    let request = match parse(uri.query().unwrap_or_default(), &state) {
        Ok(request) => request,
        Err(Unsound::Page(text)) => return page::error(text),
        Err(Unsound::Redirect { redirect_uri, state, error, description }) => {
            let failure = [("error", error), ("error_description", description)];
            let to = callback(&redirect_uri, &failure, state.as_deref(), &shared.base_url);
            return answer::redirect(StatusCode::FOUND, &to);
        }
    };
    match state.decide(request.clone()) {
        Decision::Ask { transaction } => {
            let offered = state.directory.offered(DEFAULT_USER);
            let picked = state.directory.picked(DEFAULT_USER, request.proposed.as_ref());
            page::consent(&request, &transaction, &offered, &picked)
        }
        decided => conclude(StatusCode::FOUND, &request, &decided, &shared.base_url),
    }
}

/// `POST /oauth/consent`: the answer of the consent page. What ties it to the page is the
/// transaction id, which no other site can know.
pub(crate) async fn consent(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(params) = Params::parse(&body).filter(|params| !params.any_repeated()) else {
        return page::error("This form cannot be read.");
    };
    let subject = params.value("subject").map(str::parse::<Subject>).transpose();
    let Ok(subject) = subject else {
        return page::error("This form names no company and no organisation.");
    };
    let mut state = shared.state();
    let offered = |subject: &Subject| {
        state.directory.offered(DEFAULT_USER).iter().any(|entity| entity.subject == *subject)
    };
    if !subject.as_ref().is_none_or(offered) {
        return page::error("This company or organisation was not offered.");
    }
    let answer = match params.value("decision") {
        Some("allow") => Answer::Allow(subject),
        Some("deny") => Answer::Deny,
        _ => return page::error("This form says neither Allow nor Deny."),
    };
    let transaction = params.value("transaction").unwrap_or_default();
    match state.answer(transaction, answer) {
        // 303, so that the browser turns its POST into a GET.
        Some((request, decided)) => {
            conclude(StatusCode::SEE_OTHER, &request, &decided, &shared.base_url)
        }
        None => page::error("This page has been answered already, or it is too old."),
    }
}

fn conclude(
    status: StatusCode,
    request: &AuthorizationRequest,
    decision: &Decision,
    issuer: &str,
) -> Response {
    let outcome: &[(&str, &str)] = match decision {
        Decision::Granted { code } => &[("code", code)],
        Decision::Denied | Decision::Ask { .. } => {
            &[("error", "access_denied"), ("error_description", "the user said no")]
        }
    };
    let to = callback(&request.redirect_uri, outcome, Some(&request.state), issuer);
    answer::redirect(status, &to)
}

fn callback(
    redirect_uri: &str,
    outcome: &[(&str, &str)],
    state: Option<&str>,
    issuer: &str,
) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(outcome)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", issuer)
        .finish();
    // A registered query is kept (RFC 6749 §3.1.2).
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{joint}{query}")
}

fn parse(query: &str, known: &crate::state::State) -> Result<AuthorizationRequest, Unsound> {
    let Some(params) = Params::parse(query.as_bytes()) else {
        return Err(Unsound::Page("The address of this page cannot be read."));
    };
    if params.is_repeated("client_id") || params.is_repeated("redirect_uri") {
        return Err(Unsound::Page("client_id or redirect_uri was sent twice."));
    }
    let client = params.value("client_id").and_then(|id| known.clients.find(id));
    let Some(client) = client else {
        return Err(Unsound::Page("client_id is missing or unknown."));
    };
    let redirect_uri = params.value("redirect_uri").unwrap_or_default();
    if !client.may_redirect_to(redirect_uri) {
        return Err(Unsound::Page("redirect_uri is missing or not registered."));
    }

    let state = params.value("state").filter(|_| !params.is_repeated("state"));
    let refuse = |error, description| Unsound::Redirect {
        redirect_uri: redirect_uri.into(),
        state: state.map(String::from),
        error,
        description,
    };
    let invalid = |description| refuse("invalid_request", description);
    if params.any_repeated() {
        return Err(invalid("a parameter was sent twice"));
    }
    match params.value("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(refuse("unsupported_response_type", "only code is supported"));
        }
        None => return Err(invalid("response_type is missing")),
    }
    let Some(state) = state else {
        return Err(invalid("state is missing"));
    };
    if params.value("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    let code_challenge = params.value("code_challenge").unwrap_or_default();
    if !is_s256_challenge(code_challenge) {
        return Err(invalid("code_challenge is missing or not of S256"));
    }
    let scope = params.value("scope").and_then(Scope::parse);
    let Some(scope) = scope.filter(|scope| scope.is_within(&client.scopes)) else {
        return Err(refuse("invalid_scope", "scope is missing or wider than registered"));
    };
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.into(),
        scope,
        state: state.into(),
        code_challenge: code_challenge.into(),
        // A proposal and no more: the person picks.
        proposed: params.value(PROPOSED).and_then(|text| text.parse().ok()),
    })
}

/// 32 bytes in base64url without padding (RFC 7636 §4.2).
fn is_s256_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
