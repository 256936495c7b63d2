//! Defects found by the second review, each with the test that showed it.

#[path = "../common/mod.rs"]
mod common;

mod companies;
mod grants;
mod keys;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{server::Fault, *};
use evergrant::*;

const ACME: &str = "urn:company:acme";
const OTHER: &str = "urn:company:other";

/// Companies and keys, and an end by the provider's own request.
fn config() -> ProviderConfig {
    ProviderConfig {
        company: Some(company_binding()),
        api_keys: Some(company_binding()),
        disconnect: by_api_request(),
        ..provider_config()
    }
}

fn world_with(config: ProviderConfig) -> World {
    let mut world = World::with(client_of(config, client_config()));
    world.server.subject = Some(ACME.into());
    world.server.owners.insert(header("canary-key-1"), ACME.into());
    world
}

fn world() -> World {
    world_with(config())
}

fn connected() -> World {
    let mut world = world();
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
    world
}

fn two_secrets() -> ClientConfig {
    ClientConfig {
        client_secret: Some("canary-new-secret".into()),
        previous_client_secret: Some("canary-old-secret".into()),
        token_endpoint_auth_method: Some(TokenEndpointAuthMethod::ClientSecretPost),
        ..client_config()
    }
}

fn unknown_client() -> Fault {
    Fault::Answer(401, r#"{"error":"invalid_client"}"#.into())
}

fn header(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

fn entered(key: &str) -> Input {
    Input::KeyEntered(ApiKey {
        key: key.into(),
        kind: ApiKeyKind::Standalone,
        company: None,
        scopes: vec![],
    })
}

/// A person has come back: the redirect.
fn came_back(world: &mut World) -> Input {
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess }
}

/// Runs an input to its end, or 300 steps; `how` may answer an output in its own way.
fn run_with(
    world: &mut World,
    input: Input,
    mut how: impl FnMut(&mut World, &Output) -> Option<Option<Input>>,
) -> Vec<Output> {
    let (mut queue, mut all) = (std::collections::VecDeque::from([input]), Vec::new());
    for _ in 0..300 {
        let Some(input) = queue.pop_front() else { break };
        for output in world.step(input).outputs {
            let answer = how(world, &output);
            queue.extend(answer.unwrap_or_else(|| world.perform(&output)));
            all.push(output);
        }
    }
    all
}

fn is_question(output: &Output) -> bool {
    matches!(output, Output::SendHttp { request, .. } if request.method == Method::Get)
}

fn questions(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| is_question(output)).count()
}

/// The API is asked whose the credential is, and is down.
fn api_down(_: &mut World, output: &Output) -> Option<Option<Input>> {
    let response = common::server::response(503, vec![], "");
    is_question(output).then(|| Some(Input::HttpDone { op: op_of(output), response }))
}

/// A new grant waits in the record for its company to be known.
fn waiting(world: &mut World) -> Vec<Output> {
    let input = came_back(world);
    let outputs = run_with(world, input, api_down);
    assert!(world.record()["candidate"].is_object());
    outputs
}

/// Wakes the machine, so often at most, until it has nothing to do for a while.
fn settle(world: &mut World) -> Vec<Output> {
    let mut outputs = Vec::new();
    for _ in 0..40 {
        if world.connection.wake_at(world.now).is_none_or(|at| at >= world.now + 600_000) {
            break;
        }
        outputs.extend(world.wake());
    }
    outputs
}

/// What was said of authorizations and keys.
fn answers(outputs: &[Output]) -> Vec<String> {
    let said = |output: &Output| match output {
        Output::Authorized { .. } => Some("authorized".into()),
        Output::KeyAccepted { .. } => Some("key".into()),
        Output::Failed {
            activity: activity @ (Activity::Authorization { .. } | Activity::Key),
            failure,
        } => Some(format!("{} {}", activity.code(), failure.code())),
        _ => None,
    };
    outputs.iter().filter_map(said).collect()
}
