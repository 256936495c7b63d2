//! The end of a grant at the server.

use crate::{
    common::{server::Fault, *},
    exchanged, expired, in_body,
};
use evergrant::*;
use serde_json::{Value, json};

/// The tokens whose end the server was told of, with their hints.
fn revoked(outputs: &[Output]) -> Vec<(String, String)> {
    let all = requests(outputs);
    let to_revoke = all.iter().filter(|request| request.url == "https://as.example/revoke");
    to_revoke
        .map(|request| {
            (in_body(request, "token").concat(), in_body(request, "token_type_hint").concat())
        })
        .collect()
}

fn refresh(number: u8) -> (String, String) {
    (format!("canary-refresh-{number}"), "refresh_token".into())
}

fn access(number: u8) -> (String, String) {
    (format!("canary-access-{number}"), "access_token".into())
}

/// Everything that the machine still wants to do by itself.
fn goes_on(world: &mut World) -> Vec<Output> {
    let mut outputs = Vec::new();
    while world.connection.wake_at(world.now).is_some() {
        outputs.extend(world.wake());
    }
    outputs
}

fn confirmed(outputs: &[Output]) -> Vec<bool> {
    let told = outputs.iter().filter_map(|output| match output {
        Output::Notice(Notice::Disconnected { confirmed }) => Some(*confirmed),
        _ => None,
    });
    told.collect()
}

#[test]
fn row_43_the_refresh_token_is_revoked_and_200_is_enough_whatever_the_server_knew() {
    for known in [true, false] {
        let mut world = World::authorized();
        if !known {
            world.server.live = None;
        }
        let mut outputs = world.run(Input::Revoke);
        assert_eq!((revoked(&outputs), confirmed(&outputs)), (vec![refresh(2)], vec![true]));
        assert_eq!((failures(&outputs).len(), world.status()), (0, Status::Disconnected));
        assert_eq!(world.record()["tokens"], Value::Null);
        outputs.extend(goes_on(&mut world));
        assert_eq!(revoked(&outputs), [refresh(2), access(2)]);
        world.run(Input::Revoke);
        goes_on(&mut world);
        assert_eq!(revoked(&world.outputs).len(), 2, "once is enough");
    }
    // Where there is no refresh token, the access token is what there is.
    let (mut world, _) =
        exchanged(provider_config(), Fault::Change(json!({"refresh_token": null})));
    let outputs = world.run(Input::Revoke);
    assert_eq!(revoked(&outputs), [access(2)]);
}

#[test]
fn row_43_a_503_keeps_the_wish_and_the_tokens_until_the_server_is_told() {
    let busy = || Fault::AnswerWith(503, ("Retry-After".into(), "600".into()), String::new());
    let mut world = World::authorized();
    world.server.faults.push_back(busy());
    let outputs = world.run(Input::Revoke);
    assert_eq!((confirmed(&outputs).len(), failures(&outputs).len()), (0, 0));
    for _ in 0..2 {
        // Served to nobody, and in the store, also for the next process.
        assert_eq!((world.status(), world.header()), (Status::Disconnecting, None));
        assert_eq!(failures(&world.token_wanted()), ["denied_not_connected"]);
        let record = world.record();
        assert!(record["status"]["disconnecting"].is_object());
        assert_eq!(record["tokens"]["refresh"], "canary-refresh-2");
        world.restart();
    }
    assert_eq!(world.connection.wake_at(world.now), Some(world.now + 600_000));
    let outputs = world.wake();
    assert_eq!((revoked(&outputs), confirmed(&outputs)), (vec![refresh(2)], vec![true]));
    assert_eq!(world.status(), Status::Disconnected);

    // A server that is down for long is told after the grant has gone from here.
    let mut world = World::authorized();
    world.server.faults.extend(std::iter::repeat_n(busy(), 7));
    world.run(Input::Revoke);
    while world.status() == Status::Disconnecting {
        world.wake();
    }
    world.restart();
    goes_on(&mut world);
    // Two of them were met by what was owed: both tokens have been told of since.
    assert_eq!(world.server.revocations, 2);
    let told = revoked(&world.outputs);
    assert_eq!(told[..5], vec![refresh(2); 5]);
    assert!(told.len() == 9 && told.contains(&access(2)), "{told:?}");
    assert!(!world.record().to_string().contains("canary"), "nothing is left of it");
}

#[test]
fn row_43_a_refresh_that_lands_after_the_disconnect_is_revoked_and_not_stored() {
    // The person disconnects while a refresh is at the server, and its answer
    // comes before the end is told, before it is answered, or after it.
    for tells in 0..3 {
        let mut world = expired(RefreshPolicy::STRICT);
        let sent = until_sent(&mut world, wanted());
        let landed = world.perform(&http(&sent)).unwrap();
        let mut outputs = Vec::new();
        match tells {
            0 => {
                let marking = open(&world.step(Input::Revoke));
                outputs.extend(world.run(landed));
                let marked = world.perform(&marking).unwrap();
                outputs.extend(world.run(marked));
            }
            1 => {
                let telling = http(&until_sent(&mut world, Input::Revoke));
                outputs.extend(world.run(landed));
                let told = world.perform(&telling).unwrap();
                outputs.extend(world.run(told));
            }
            _ => {
                world.run(Input::Revoke);
                assert_eq!(world.status(), Status::Disconnected);
                outputs.extend(world.run(landed));
                // Owed from the record: the process may die over it.
                world.restart();
            }
        }
        outputs.extend(goes_on(&mut world));
        assert!(revoked(&outputs).contains(&refresh(3)), "{tells}");
        assert_eq!((tokens(&outputs).len(), world.header()), (0, None), "{tells}");
        assert_eq!(world.status(), Status::Disconnected, "{tells}");
        assert!(!world.record().to_string().contains("canary"), "{tells}: {}", world.record());
    }
}
