//! The end of a grant: by the server's word, and by the person's wish.

use crate::{
    COMPANY, HOUR, INSTALLATION, asking,
    common::{server::Fault, *},
    connected, expired, header, headers, in_url, redirected, refreshed, refused, world,
};
use evergrant::*;
use serde_json::{Value, json};

fn lost() -> World {
    let (world, outputs) = refreshed(refused("invalid_grant"));
    assert_eq!(failures(&outputs), ["reauthenticate_rejected"]);
    world
}

#[test]
fn pleo_24_what_a_lost_grant_means_comes_in_pleos_order() {
    for (error, early) in
        [("invalid_grant", false), ("invalid_token", false), ("invalid_grant", true)]
    {
        let mut world = if early { connected() } else { expired() };
        // Also where the access token would be good for a while yet.
        let input = if early { Input::Wake } else { wanted() };
        let due = world.connection.wake_at(world.now).filter(|_| early);
        world.advance(due.map_or(0, |due| due - world.now));
        let sent = until_sent(&mut world, input);
        world.server.faults.push_back(refused(error));
        let answer = world.perform(&http(&sent)).unwrap();
        // 1. Calls stop with the answer itself, before the store knows.
        let step = world.step(answer);
        assert_eq!(notices(&step.outputs), ["calls_stopped"]);
        assert_eq!((step.servable, header(&world)), (None, None));
        assert_eq!(failures(&step.outputs), [""; 0], "nobody is asked before that is written");
        let wipe @ Output::Swap { write: Some(write), .. } = &open(&step) else { panic!() };
        let record: Value = serde_json::from_slice(write.bytes.expose()).unwrap();
        assert_eq!(record["tokens"], json!(null));
        assert!(!record.to_string().contains("canary"));
        // 2. to 4. Unauthenticated, wiped, and only then the person.
        let wiped = world.perform(wipe).unwrap();
        let outputs = world.run(wiped);
        let mut codes = notices(&outputs);
        codes.retain(|code| *code != "refresh_failed");
        assert_eq!(codes, ["unauthenticated", "tokens_wiped", "grant_lost"]);
        // Who had wanted a token is told last; who had not sees the status.
        let told = failures(&outputs);
        assert_eq!(told, if early { vec![] } else { vec!["reauthenticate_rejected"] });
        assert!(early || matches!(outputs.last(), Some(Output::Failed { .. })));
        assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::Rejected));
        assert!(!world.record().to_string().contains("canary"));
    }
}

#[test]
fn pleo_25_no_call_goes_out_until_there_are_new_tokens() {
    let mut world = lost();
    let from = world.outputs.len();
    for _ in 0..3 {
        assert_eq!((header(&world), world.connection.servable(world.now)), (None, None));
        assert_eq!(failures(&world.token_wanted()), ["reauthenticate_rejected"]);
        world.run(Input::Wake);
        world.run(crate::answered(1, 401));
        assert_eq!(header(&world), None);
        world.advance(HOUR);
        world.restart();
    }
    // A person in the browser changes nothing yet.
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    assert_eq!(header(&world), None);
    let exchange = until_sent(&mut world, redirected(&redirect));
    assert_eq!(header(&world), None);
    assert_eq!(requests(&world.outputs[from..]).len(), 1, "the exchange, and nothing before");
    let answer = world.perform(&http(&exchange)).unwrap();
    world.run(answer);
    assert!(header(&world).is_some());
}

#[test]
fn pleo_26_who_authorizes_again_finds_everything_as_it_was() {
    let mut world = world();
    let some = || vec!["accounts:read".to_owned(), "users:read".to_owned()];
    world.server.scope = "accounts:read users:read";
    let url = world.open_browser(asking(|asked| asked.scopes = some()));
    let redirect = world.server.consent(&url);
    world.run(redirected(&redirect));
    world.advance(HOUR);
    world.server.faults.push_back(refused("invalid_grant"));
    world.token_wanted();
    // In another process, without being told what was asked for then.
    world.restart();
    assert_eq!(world.connection.company(), Some(COMPANY));
    let context = "/companies/42/settings?tab=pleo&x=\u{e9}";
    let asked = asking(|asked| asked.return_context = Some(context.into()));
    let url = world.open_browser(asked);
    assert_eq!(in_url(&url, "scope"), ["accounts:read users:read"]);
    assert!(!url.contains("companies"), "it rides on the state, not in the URL");
    world.restart();
    let redirect = world.server.consent(&url);
    let outputs = world.run(redirected(&redirect));
    assert!(outputs.iter().any(|output| matches!(output, Output::Authorized {
        return_context: Some(back), scope, ..
    } if back == context && scope == "accounts:read users:read")));
    assert_eq!((world.connection.company(), world.status()), (Some(COMPANY), Status::Authorized));
    // Also where the person says no.
    let url = world.open_browser(asking(|asked| asked.return_context = Some(context.into())));
    let state = in_url(&url, "state").concat();
    let no = format!("{REDIRECT_URI}?error=access_denied&state={state}");
    let outputs = world.run(redirected(&no));
    assert!(outputs.iter().any(|output| matches!(output, Output::Failed {
        activity: Activity::Authorization { return_context: Some(back), .. }, ..
    } if back == context)));
}

#[test]
fn pleo_35_a_disconnect_deletes_the_installation_and_then_wipes() {
    for (fault, done) in [
        (None, true),
        (Some(Fault::Answer(404, String::new())), true),
        (Some(Fault::Answer(200, String::new())), true),
    ] {
        let mut world = connected();
        let step = until_sent(&mut world, Input::Revoke);
        // It is told with the token, which from now on serves nothing else.
        let Output::SendHttp { request, .. } = http(&step) else { unreachable!() };
        assert_eq!((request.method, request.url.as_str()), (Method::Delete, INSTALLATION));
        assert_eq!(headers(&request, "authorization"), ["Bearer canary-access-2"]);
        assert!(request.body.is_empty());
        assert_eq!((header(&world), step.status), (None, Status::Disconnecting));
        let record = world.record();
        assert_eq!(record["tokens"]["access"], "canary-access-2", "told first, then wiped");
        assert!(record["status"]["disconnecting"].is_object(), "{}", record["status"]);
        world.server.faults.extend(fault);
        let answer = world.perform(&http(&step)).unwrap();
        let outputs = world.run(answer);
        assert!(outputs.contains(&Output::Notice(Notice::Disconnected { confirmed: done })));
        assert_eq!((world.status(), failures(&outputs)), (Status::Disconnected, vec![]));
        assert!(!world.record().to_string().contains("canary"), "wiped");
        assert!(
            world
                .run(Input::Revoke)
                .iter()
                .all(|output| !is_open(output) || matches!(output, Output::Swap { .. }))
        );
    }
}

#[test]
fn pleo_35_infrastructure_trouble_keeps_what_is_needed_to_tell_pleo_later() {
    let mut world = connected();
    world.server.faults.push_back(Fault::Answer(502, String::new()));
    world.run(Input::Revoke);
    assert_eq!((world.status(), header(&world)), (Status::Disconnecting, None));
    assert_eq!(world.record()["tokens"]["access"], "canary-access-2");
    world.restart();
    assert_eq!((world.status(), header(&world)), (Status::Disconnecting, None));
    let outputs = world.wake();
    assert_eq!(requests(&outputs).len(), 1);
    assert_eq!(world.server.uninstalled, ["Bearer canary-access-2"]);
    assert_eq!(world.status(), Status::Disconnected);
    // An access token that has died is renewed once: DELETE needs a live one.
    let mut world = expired();
    let outputs = world.run(Input::Revoke);
    let made: Vec<&str> = requests(&outputs).iter().map(|r| r.method.as_str()).collect();
    assert_eq!(made, ["POST", "DELETE"]);
    assert_eq!(world.server.uninstalled, ["Bearer canary-access-3"]);
    assert!(tokens(&outputs).is_empty(), "served to nobody");
}
