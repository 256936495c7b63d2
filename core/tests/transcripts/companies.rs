//! Companies, API keys, and a client secret that is being replaced.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;

const ACME: &str = "urn:company:acme";
const OTHER: &str = "urn:company:other";
const GROUP: &str = "urn:organisation:group";

fn provider() -> ProviderConfig {
    ProviderConfig {
        company: Some(company_binding()),
        api_keys: Some(company_binding()),
        disconnect: by_api_request(),
        // Its redirects name an issuer that is not known, and is not looked at.
        issuer: None,
        iss: IssPolicy::Ignored,
        ..provider_config()
    }
}

fn choosing(company: &str) -> Input {
    let Input::Authorize(asked) = authorize() else { unreachable!() };
    Input::Authorize(Authorize { company: Some(company.into()), ..asked })
}

fn authorized(life: &mut Life, input: Input, subject: &str) {
    life.server.subject = Some(subject.into());
    let url = life.open_browser(input);
    let redirect = came_back(&life.server.consent(&url));
    life.run(redirect);
}

/// A company is bound; another one, another tenant's, and none come after it.
pub fn companies() -> Life {
    let mut life = Life::of(provider());
    life.misuse(choosing("a b"));
    let taken = reserve_company(&life.client, OTHER, "tenant-2").unwrap();
    let key = StoreKey::company(&life.client, OTHER);
    life.swap(&key, None, Some(&taken));
    authorized(&mut life, authorize(), OTHER);
    authorized(&mut life, authorize(), GROUP);
    authorized(&mut life, choosing(ACME), GROUP);
    authorized(&mut life, authorize(), OTHER);
    authorized(&mut life, authorize(), "urn:company:third");
    life.token_wanted();
    // The API is down: the grant before serves on, and the next process goes on asking.
    life.server.subject = Some(ACME.into());
    let redirect = life.consented();
    let ask = life.up_to(redirect, 6);
    let fault = Input::HttpFailed { op: op_of(&ask), why: HttpFault::Unknown };
    life.run(fault);
    life.token_wanted();
    life.restart();
    life.wake();
    life.meets([no_fault(), status(404)]);
    let redirect = life.consented();
    life.run(redirect);
    life.run(Input::Revoke);
    life
}

fn entered(key: &str, company: Option<&str>) -> Input {
    Input::KeyEntered(ApiKey {
        key: key.into(),
        kind: if company.is_some() { ApiKeyKind::Integrated } else { ApiKeyKind::Standalone },
        company: company.map(Into::into),
        scopes: vec!["expenses:read".into()],
    })
}

/// A key is mistyped, entered, refused by the API, and replaced.
pub fn api_keys() -> Life {
    let mut life = Life::of(provider());
    for (header, owner) in [
        ("Basic Y2FuYXJ5LWtleS0xOg==", ACME),
        ("Basic Y2FuYXJ5LWtleS0yOg==", ACME),
        ("Basic Y2FuYXJ5LWtleS0zOg==", OTHER),
    ] {
        life.server.owners.insert(header.into(), owner.into());
    }
    life.run(entered("canary key", None));
    life.run(entered("canary-key-0", None));
    life.meets([status(403)]);
    life.run(entered("canary-key-1", None));
    life.meets([status(503)]);
    life.run(entered("canary-key-1", Some(ACME)));
    life.wake();
    life.restart();
    life.token_wanted();
    life.refused_by_api(1);
    life.run(entered("canary-key-3", None));
    life.run(entered("canary-key-2", None));
    life.run(Input::Revoke);
    life
}

/// The server knows the old secret only, then the new one only, then neither.
pub fn client_secrets() -> Life {
    let client = ClientConfig {
        previous_client_secret: Some("canary-previous-secret".into()),
        ..client_config()
    };
    let mut life = Life::with(provider_config(), client);
    life.misuse(entered("canary-key-1", None));
    let unknown = || Fault::Answer(401, r#"{"error":"invalid_client"}"#.into());
    life.meets([unknown()]);
    life.authorize();
    life.expire();
    life.meets([unknown()]);
    life.token_wanted();
    life.expire();
    life.meets([unknown(), unknown()]);
    life.token_wanted();
    life.meets([unknown()]);
    life.run(Input::Revoke);
    life
}
