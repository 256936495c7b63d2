//! No secret is shown; what is stored can be encrypted.

use crate::{
    HOUR,
    common::{server::Fault, *},
    entered, in_url, key_header, redirected, refused, registered, whole_life, world,
};
use evergrant::*;
use std::collections::BTreeMap;

/// Every secret of this world: those that begin with `canary`, and those drawn.
fn secrets(world: &World) -> Vec<String> {
    let mut found = vec!["canary".to_owned()];
    for output in &world.outputs {
        match output {
            Output::OpenUrl { url, .. } => found.extend(in_url(url.expose(), "state")),
            Output::SendHttp { request, .. } => {
                found.extend(crate::in_body(request, "code_verifier"));
                let headers = crate::headers(request, "authorization");
                found.extend(headers.into_iter().map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn pleo_29_no_secret_is_in_debug_output_in_errors_or_in_panics() {
    // A life that goes well, and one in which the server says everything it knows.
    let mut bad = world();
    bad.authorize();
    bad.server.owners.insert(key_header("canary-key"), crate::COMPANY.into());
    for word in ["canary-refresh-2", "canary-client-secret", "canary-access-2-0123456789"] {
        bad.advance(HOUR);
        let body = format!(r#"{{"error":"invalid_client","error_description":"{word}"}}"#);
        bad.server.faults.push_back(Fault::Answer(400, body));
        bad.token_wanted();
    }
    bad.advance(HOUR);
    bad.server.faults.push_back(refused("invalid_grant"));
    bad.token_wanted();
    let url = bad.open_browser(authorize());
    let state = in_url(&url, "state").concat();
    let words = format!("error=something_new&error_description={state}");
    bad.run(redirected(&format!("{REDIRECT_URI}?state={state}&{words}")));
    bad.run(entered("canary-key", |_| ()));
    for world in [whole_life(Pleo::Production, registered()), bad] {
        let secrets = secrets(&world);
        assert!(secrets.len() > 5, "there is something to find");
        let mut texts = vec![
            format!("{:?}", world.connection),
            format!("{:?} {:?}", world.client, registered()),
            format!("{:#?}", world.lines),
            format!("{:?}", world.store.values()),
        ];
        for output in &world.outputs {
            texts.push(format!("{output:?}"));
            if let Output::Failed { failure, .. } = output {
                texts.push(format!("{failure} {:?}", failure.said()));
            }
        }
        // What a panic shows is what `Debug` shows.
        let outputs = world.outputs.clone();
        let panicked = std::panic::catch_unwind(|| panic!("{outputs:?}")).unwrap_err();
        texts.push(panicked.downcast_ref::<String>().unwrap().clone());
        for text in &texts {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{secret} in {text}");
            }
        }
    }
}

/// What a host may do before anything reaches its disk.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0xa5).collect()
}

#[test]
fn pleo_30_a_host_can_encrypt_the_one_record_that_there_is() {
    let mut world = world();
    let mut disk: BTreeMap<String, (u64, Vec<u8>)> = BTreeMap::new();
    let mut outputs = Vec::new();
    let mut queue = vec![authorize()];
    let mut refreshed = false;
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            if let Output::Swap { op, key, expected, write } = &output {
                let there = disk.get(key.as_str()).map(|(revision, _)| revision.to_string());
                if let Some(write) = write
                    && there.as_deref() == expected.as_ref().map(Revision::as_str)
                {
                    let next = disk.len() as u64 + disk.values().map(|(at, _)| at).sum::<u64>() + 1;
                    disk.insert(key.as_str().into(), (next, sealed(write.bytes.expose())));
                }
                let current = disk.get(key.as_str()).map(|(revision, bytes)| Stored {
                    revision: Revision::new(revision.to_string()),
                    bytes: sealed(bytes).into(),
                    age: None,
                });
                queue.push(Input::Swapped { op: *op, current });
            } else {
                if let Output::OpenUrl { url, .. } = &output {
                    queue.push(redirected(&world.server.consent(url.expose())));
                }
                queue.extend(world.perform(&output));
            }
            outputs.push(output);
        }
        if queue.is_empty() && !refreshed {
            refreshed = true;
            world.advance(HOUR);
            queue.push(wanted());
        }
    }
    assert_eq!((tokens(&outputs).len(), world.server.refreshes), (2, 1));
    for (_, bytes) in disk.values() {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("canary") && !text.contains("token"));
    }
    // All that there is of a grant is under one key; the others hold no token.
    let holds = |bytes: &[u8]| String::from_utf8_lossy(&sealed(bytes)).contains("canary-refresh");
    let holding: Vec<&String> =
        disk.iter().filter(|(_, (_, bytes))| holds(bytes)).map(|(key, _)| key).collect();
    assert_eq!(holding, [world.connection.store_key().as_str()]);
}
