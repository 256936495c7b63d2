//! Every state that a connection can be in, each with the answer that it waits
//! for: the rows of the table.

use super::{server::Fault, *};

/// A connection in a state, and the last output that wants an answer.
pub struct Row {
    pub name: &'static str,
    pub world: World,
    pub open: Option<Output>,
}

fn row(name: &'static str, world: World, step: Option<Step>) -> Row {
    let open = step.and_then(|step| step.outputs.into_iter().find(is_open));
    Row { name, world, open }
}

/// Steps on until an output fits; what it wants is not performed.
fn until(world: &mut World, input: Input, fits: impl Fn(&World, &Output) -> bool) -> Step {
    let mut step = world.step(input);
    loop {
        let open = step.outputs.iter().find(|output| is_open(output)).cloned();
        let open = open.expect("the state is reached");
        if fits(world, &open) {
            return step;
        }
        let answer = world.perform(&open).unwrap();
        step = world.step(answer);
    }
}

fn is_http(_: &World, output: &Output) -> bool {
    matches!(output, Output::SendHttp { .. })
}

/// The n-th write or read of the store from here on.
fn nth_swap(n: usize) -> impl Fn(&World, &Output) -> bool {
    let count = std::cell::Cell::new(0);
    move |_, output| {
        if matches!(output, Output::Swap { .. }) {
            count.set(count.get() + 1);
        }
        count.get() == n
    }
}

/// A world whose access token has expired.
fn expired() -> World {
    let mut world = World::authorized();
    world.advance(3_600_000);
    world
}

/// A world whose person is in the browser, and the redirect to come.
fn redirected() -> (World, Input) {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let url = world.server.consent(&url).as_str().into();
    (world, Input::Redirected { url, proof: BrowserProof::SameProcess })
}

/// Stops a redirect at its n-th swap.
fn redirect_row(name: &'static str, n: usize) -> Row {
    let (mut world, input) = redirected();
    let step = until(&mut world, input, nth_swap(n));
    row(name, world, Some(step))
}

/// Stops a refresh that meets this fault at its n-th swap.
fn refresh_row(name: &'static str, fault: Option<Fault>, n: usize) -> Row {
    let mut world = expired();
    world.server.faults.extend(fault);
    let step = until(&mut world, wanted(), nth_swap(n));
    row(name, world, Some(step))
}

/// Does this first, and stops there.
fn settled(name: &'static str, mut world: World, run: impl FnOnce(&mut World)) -> Row {
    run(&mut world);
    row(name, world, None)
}

pub fn all() -> Vec<Row> {
    let refused = || Some(Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()));
    let mut rows = vec![
        row("new", World::new(), None),
        settled("authorize: open", World::new(), |world| drop(world.open_browser(authorize()))),
        redirect_row("exchange: looking", 1),
        redirect_row("exchange: consuming", 2),
        redirect_row("exchange: reading", 3),
        redirect_row("exchange: fencing", 4),
        redirect_row("exchange: saving", 5),
        settled("authorized", World::authorized(), |_| {}),
        settled("authorized: due", World::authorized(), |world| world.advance(3_200_000)),
        settled("authorized: expired", expired(), |_| {}),
        refresh_row("refresh: claiming", None, 1),
        refresh_row("refresh: saving", None, 2),
        refresh_row("refresh: releasing", Some(Fault::NotSent), 2),
        refresh_row("refresh: giving up", Some(Fault::RequestLost), 2),
        refresh_row("refresh: judging", refused(), 2),
        settled("refresh: pausing", expired(), |world| {
            world.server.faults.push_back(Fault::NotSent);
            world.token_wanted();
        }),
        settled("refresh: unknown", expired(), |world| {
            world.server.faults.push_back(Fault::RequestLost);
            world.token_wanted();
        }),
        settled("reauthenticate", expired(), |world| {
            world.server.faults.extend(refused());
            world.token_wanted();
        }),
        settled("reauthenticate: authorize open", expired(), |world| {
            world.server.faults.extend(refused());
            world.token_wanted();
            world.open_browser(authorize());
        }),
        settled("disconnected", World::authorized(), |world| drop(world.run(Input::Revoke))),
    ];

    let mut world = World::new();
    let step = world.step(authorize());
    rows.push(row("authorize: storing", world, Some(step)));

    // What is remembered is looked at anew.
    let mut world = World::authorized();
    let step = world.step(authorize());
    rows.push(row("authorize: looking", world, Some(step)));

    let mut world = World::new();
    world.open_browser(authorize());
    let step = world.step(Input::Cancel { authorization: None });
    rows.push(row("authorize: cancelling", world, Some(step)));

    let (mut world, input) = redirected();
    let step = until(&mut world, input, is_http);
    rows.push(row("exchange: sent", world, Some(step)));

    let (mut world, input) = redirected();
    world.server.faults.extend(refused());
    let step = until(&mut world, input, nth_swap(5));
    rows.push(row("exchange: lifting", world, Some(step)));

    let mut world = expired();
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    let step = world.step(wanted());
    rows.push(row("refresh: looking", world, Some(step)));

    let mut world = expired();
    let step = until(&mut world, wanted(), is_http);
    rows.push(row("refresh: sent", world, Some(step)));

    // Another worker's intent stands in the record.
    let mut world = expired();
    until(&mut world, wanted(), is_http);
    world.restart();
    world.token_wanted();
    rows.push(row("refresh: waiting for another", world, None));

    let mut world = World::authorized();
    let step = world.step(Input::Revoke);
    rows.push(row("revoke: marking", world, Some(step)));

    let mut world = World::authorized();
    let step = until(&mut world, Input::Revoke, is_http);
    rows.push(row("revoke: sent", world, Some(step)));

    let mut world = World::authorized();
    until(&mut world, Input::Revoke, is_http);
    world.restart();
    rows.push(row("revoke: restarted", world, None));

    let mut world = World::authorized();
    let step = until(&mut world, Input::Revoke, nth_swap(2));
    rows.push(row("revoke: burying", world, Some(step)));

    let mut world = World::authorized();
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    let step = world.step(Input::Revoke);
    rows.push(row("revoke: looking", world, Some(step)));

    // Asked after, and said to be used up.
    let config = ProviderConfig {
        introspection_endpoint: Some("https://as.example/introspect".into()),
        ..provider_config()
    };
    let unresolved = || {
        let mut world = World::with(client_of(config.clone(), client_config()));
        world.authorize();
        world.advance(3_600_000);
        world.server.faults.push_back(Fault::ReplyLost);
        world.token_wanted();
        let at = world.connection.wake_at(world.now).unwrap();
        world.advance(at - world.now);
        world
    };
    let mut world = unresolved();
    let step = until(&mut world, Input::Wake, is_http);
    rows.push(row("refresh: asking", world, Some(step)));
    rows.push(settled("refresh: holding", unresolved(), |world| drop(world.run(Input::Wake))));

    let mut world = expired();
    let step = until(&mut world, wanted(), is_http);
    let http = step.outputs.iter().find(|output| is_open(output)).cloned().unwrap();
    let answer = world.perform(&http).unwrap();
    let step = world.step(answer);
    let op = step.outputs.iter().find_map(|output| match output {
        Output::Swap { op, .. } => Some(*op),
        _ => None,
    });
    world.step(Input::SwapUnanswered { op: op.unwrap() });
    rows.push(row("refresh: saving again", world, None));

    // What is owed after a grant has gone.
    let owing = || {
        let mut world = World::authorized();
        world.server.faults.extend(std::iter::repeat_n(Fault::RequestLost, 5));
        world.run(Input::Revoke);
        for _ in 0..4 {
            world.wake();
        }
        let at = world.connection.wake_at(world.now).unwrap();
        world.advance(at.saturating_sub(world.now));
        world
    };
    rows.push(row("outbox: due", owing(), None));
    let mut world = owing();
    let step = until(&mut world, Input::Wake, is_http);
    rows.push(row("outbox: sent", world, Some(step)));
    let mut world = owing();
    let step = until(&mut world, Input::Wake, nth_swap(1));
    rows.push(row("outbox: writing", world, Some(step)));

    // The store has not answered.
    let mut unanswered = |name, (mut world, mut step): (World, Step), times| {
        for _ in 0..times {
            step = world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
        }
        rows.push(row(name, world, None));
    };
    let mut world = World::authorized();
    let step = world.step(Input::Revoke);
    unanswered("revoke: pausing", (world, step), 3);
    let (mut world, input) = redirected();
    let step = until(&mut world, input, nth_swap(5));
    unanswered("exchange: saving again", (world, step), 1);
    let mut world = owing();
    let step = until(&mut world, Input::Wake, nth_swap(1));
    unanswered("outbox: pausing", (world, step), 1);
    let mut world = World::new();
    world.open_browser(authorize());
    world.advance(600_000);
    let step = world.step(Input::Wake);
    rows.push(row("authorize: expiring", world, Some(step)));

    rows.sort_by_key(|row| row.name);
    rows
}

/// The states of connections to companies, where a grant is ended by a request with a
/// live access token. The server here has one grant, and loses it to one that is refused.
pub fn of_companies() -> Vec<Row> {
    let config = ProviderConfig {
        company: Some(company_binding()),
        api_keys: Some(company_binding()),
        disconnect: by_api_request(),
        ..provider_config()
    };
    let other = "urn:company:other";
    let world = || {
        let mut world = World::with(client_of(config.clone(), client_config()));
        world.server.subject = Some("urn:company:acme".into());
        world
    };
    let connected = || {
        let mut world = world();
        world.authorize();
        world
    };
    let redirected = |mut world: World| {
        let url = world.open_browser(authorize());
        let url = world.server.consent(&url).as_str().into();
        (world, Input::Redirected { url, proof: BrowserProof::SameProcess })
    };
    let is_question = |_: &World, output: &Output| matches!(output, Output::SendHttp { request, .. } if request.method == Method::Get);
    let is_delete = |_: &World, output: &Output| matches!(output, Output::SendHttp { request, .. } if request.method == Method::Delete);
    let key = || {
        Input::KeyEntered(ApiKey {
            key: "canary-key-1".into(),
            kind: ApiKeyKind::Standalone,
            company: None,
            scopes: vec![],
        })
    };
    let mut rows = Vec::new();
    let mut stop =
        |name, (mut world, input): (World, Input), fits: &dyn Fn(&World, &Output) -> bool| {
            let step = until(&mut world, input, fits);
            rows.push(row(name, world, Some(step)));
        };
    stop("key: looking", (world(), key()), &nth_swap(1));
    stop("key: asking", (world(), key()), &is_question);
    stop("bind: asking", redirected(world()), &is_question);
    stop("bind: reserving", redirected(world()), &nth_swap(6));
    stop("bind: promoting", redirected(world()), &nth_swap(7));
    let another = || {
        let mut world = connected();
        world.server.subject = Some(other.into());
        redirected(world)
    };
    stop("bind: checking", another(), &nth_swap(5));
    stop("bind: uninstalling", another(), &is_delete);
    stop("bind: dropping", another(), &nth_swap(6));
    let expired = || {
        let mut world = connected();
        world.advance(3_600_000);
        world
    };
    stop("revoke: claiming", (expired(), Input::Revoke), &nth_swap(2));
    stop("revoke: renewing", (expired(), Input::Revoke), &is_http);

    let (mut world, input) = redirected(world());
    let step = until(&mut world, input, is_question);
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    let answer = world.perform(&http(&step)).unwrap();
    world.step(answer);
    rows.push(row("bind: pausing", world, None));
    rows
}

/// Every input for a row: the columns of the table.
pub fn inputs(row: &Row) -> Vec<(&'static str, Input)> {
    let op = match row.open {
        Some(Output::Swap { op, .. } | Output::SendHttp { op, .. }) => op,
        _ => Op(0),
    };
    let redirect = |query: &str| Input::Redirected {
        url: format!("{REDIRECT_URI}?{query}").into(),
        proof: BrowserProof::SameProcess,
    };
    let generation = row.world.connection.servable(row.world.now).unwrap_or(1);
    let answer = |status, body: &str| Input::HttpDone {
        op,
        response: server::response(status, vec![], body),
    };
    let token = r#"{"access_token":"a","token_type":"Bearer","expires_in":60,"refresh_token":"r"}"#;
    let taken = match &row.open {
        Some(Output::Swap { write: Some(write), .. }) => {
            Some(Stored { revision: Revision::new("taken"), bytes: write.bytes.clone(), age: None })
        }
        _ => None,
    };
    let present = match &row.open {
        Some(Output::Swap { key, .. }) => row.world.store.get(key.as_str()).cloned(),
        _ => row.world.stored(),
    };
    vec![
        ("authorize", authorize()),
        ("redirected, forged", redirect("state=forged&code=x")),
        ("redirected, unreadable", redirect("code=x")),
        ("token wanted", wanted()),
        ("API answered 401", Input::ApiAnswered { generation, status: 401, headers: vec![] }),
        ("API answered 403", Input::ApiAnswered { generation, status: 403, headers: vec![] }),
        ("revoke", Input::Revoke),
        ("cancel", Input::Cancel { authorization: None }),
        ("HTTP done, tokens", answer(200, token)),
        ("HTTP done, invalid_grant", answer(400, r#"{"error":"invalid_grant"}"#)),
        ("HTTP done, 503", answer(503, "")),
        ("HTTP failed, not sent", Input::HttpFailed { op, why: HttpFault::NotSent }),
        ("HTTP failed, unknown", Input::HttpFailed { op, why: HttpFault::Unknown }),
        ("swapped, written", Input::Swapped { op, current: taken }),
        ("swapped, as it was", Input::Swapped { op, current: present }),
        ("swapped, nothing there", Input::Swapped { op, current: None }),
        ("swap unanswered", Input::SwapUnanswered { op }),
        ("peer gone", Input::PeerGone),
        ("wake", Input::Wake),
    ]
}
