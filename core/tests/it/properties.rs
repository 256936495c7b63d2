//! Properties over any sequence of inputs: no panic, `Err` changes nothing, the
//! same inputs give the same outputs, and the host is never asked to spin.

use crate::common::*;
use evergrant::*;
use proptest::prelude::*;

/// What a run does next: an ordinary input, or an answer to something open.
#[derive(Clone, Debug)]
enum Act {
    Tell(Input),
    /// Answers the open output of this number as the store and server would.
    Perform(usize),
    /// Answers it with this instead.
    Answer(usize, Reply),
    Later(u64),
    Earlier(u64),
    Restart,
    Consent(usize),
}

#[derive(Clone, Debug)]
enum Reply {
    Http(u16, Vec<u8>, Vec<(String, String)>),
    Fault(HttpFault),
    Swapped(Option<Vec<u8>>),
    Unanswered,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        Just("expenses:read".to_owned()),
        Just(REDIRECT_URI.to_owned()),
        ".{0,8}",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let member = |name: &'static str| {
        prop_oneof![
            "[a-zA-Z_]{0,12}".prop_map(|text| serde_json::json!(text)),
            any::<i64>().prop_map(|number| serde_json::json!(number)),
            any::<f64>().prop_map(|number| serde_json::json!(number)),
            Just(serde_json::json!("Bearer")),
            Just(serde_json::json!("invalid_grant")),
            Just(serde_json::Value::Null),
        ]
        .prop_map(move |value| (name.to_owned(), value))
    };
    let names = ["access_token", "token_type", "refresh_token", "expires_in", "scope", "error"];
    let json = proptest::sample::subsequence(names.to_vec(), 0..=6)
        .prop_flat_map(move |names| names.into_iter().map(member).collect::<Vec<_>>())
        .prop_map(|members| {
            let members: serde_json::Map<String, serde_json::Value> = members.into_iter().collect();
            serde_json::to_vec(&members).unwrap()
        });
    prop_oneof![4 => json, 1 => proptest::collection::vec(any::<u8>(), 0..40)]
}

fn input() -> impl Strategy<Value = Input> {
    let pairs = || proptest::collection::vec((text(), text()), 0..3);
    prop_oneof![
        3 => Just(authorize()),
        1 => (text(), proptest::collection::vec(text(), 0..2), pairs(), any::<bool>()).prop_map(
            |(redirect_uri, scopes, extra, cookie)| Input::Authorize(Authorize {
                redirect_uri,
                scopes,
                extra,
                binding: if cookie { Binding::Cookie } else { Binding::SameProcess },
                return_context: None,
                company: None,
            })
        ),
        1 => text().prop_map(|url| Input::Redirected {
            url: format!("?state={url}&code={url}").into(),
            proof: BrowserProof::SameProcess,
        }),
        4 => any::<u32>().prop_map(|ms| Input::TokenWanted { min_validity: u64::from(ms) }),
        2 => (0..6_u64, 0..700_u16, pairs())
            .prop_map(|(generation, status, headers)| Input::ApiAnswered { generation, status, headers }),
        2 => (0..6_u64).prop_map(|generation| Input::ApiAnswered { generation, status: 401, headers: vec![] }),
        1 => Just(Input::Revoke),
        1 => Just(Input::Cancel { authorization: None }),
        1 => text().prop_map(|id| Input::Cancel { authorization: Some(AuthorizationId::new(id)) }),
        1 => Just(Input::PeerGone),
        3 => Just(Input::Wake),
        1 => any::<u64>().prop_map(|op| Input::SwapUnanswered { op: Op(op) }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let reply = prop_oneof![
        3 => (prop_oneof![Just(200_u16), Just(400), 100..700_u16], body())
            .prop_map(|(status, body)| Reply::Http(status, body, vec![("Retry-After".into(), "5".into())])),
        1 => Just(Reply::Fault(HttpFault::NotSent)),
        1 => Just(Reply::Fault(HttpFault::TooLate)),
        1 => Just(Reply::Fault(HttpFault::Unknown)),
        1 => Just(Reply::Swapped(None)),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Reply::Swapped(Some(bytes))),
        2 => Just(Reply::Unanswered),
    ];
    prop_oneof![
        4 => input().prop_map(Act::Tell),
        12 => any::<usize>().prop_map(Act::Perform),
        2 => (any::<usize>(), reply).prop_map(|(at, reply)| Act::Answer(at, reply)),
        3 => (0..5_000_000_u64).prop_map(Act::Later),
        1 => (0..5_000_000_u64).prop_map(Act::Earlier),
        1 => Just(Act::Restart),
        3 => any::<usize>().prop_map(Act::Consent),
    ]
}

/// Runs the acts; what came out, and the world at the end.
fn run(acts: &[Act]) -> (Vec<Result<Step, Misuse>>, World) {
    let mut world = World::new();
    let mut open: Vec<Output> = Vec::new();
    let mut urls: Vec<String> = Vec::new();
    let mut steps = Vec::new();
    for act in acts {
        let input = match act {
            Act::Tell(input) => Some(input.clone()),
            Act::Perform(at) if !open.is_empty() => {
                let output = open.remove(at % open.len());
                world.perform(&output)
            }
            Act::Answer(at, reply) if !open.is_empty() => {
                let (Output::Swap { op, .. } | Output::SendHttp { op, .. }) =
                    open.remove(at % open.len())
                else {
                    unreachable!("only these are open")
                };
                Some(match reply.clone() {
                    Reply::Http(status, body, headers) => {
                        let response = HttpResponse { status, headers, body: body.into() };
                        Input::HttpDone { op, response }
                    }
                    Reply::Fault(why) => Input::HttpFailed { op, why },
                    Reply::Swapped(bytes) => {
                        let stored = |bytes: Vec<u8>| Stored {
                            age: bytes.len().is_multiple_of(2).then_some(u64::MAX),
                            revision: Revision::new("x"),
                            bytes: bytes.into(),
                        };
                        Input::Swapped { op, current: bytes.map(stored) }
                    }
                    Reply::Unanswered => Input::SwapUnanswered { op },
                })
            }
            Act::Later(ms) => {
                world.now += ms;
                Some(Input::Wake)
            }
            Act::Earlier(ms) => {
                world.now -= ms;
                Some(Input::Wake)
            }
            Act::Restart => {
                world.restart();
                open.clear();
                None
            }
            Act::Consent(at) if !urls.is_empty() => {
                let url = world.server.consent(&urls[at % urls.len()]);
                Some(Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess })
            }
            Act::Perform(_) | Act::Answer(..) | Act::Consent(_) => None,
        };
        let Some(input) = input else { continue };
        let env = world.env();
        let before = world.connection.clone();
        let step = world.connection.step(&env, input.clone());
        match &step {
            Err(_) => assert_eq!(before, world.connection, "a misuse changes nothing"),
            Ok(step) => {
                let mut again = before;
                assert_eq!(again.step(&env, input), Ok(step.clone()), "deterministic");
                assert_eq!(again, world.connection);
                assert_eq!(step.status, world.connection.status(world.now));
                assert_eq!(step.servable, world.connection.servable(world.now));
                for output in &step.outputs {
                    match output {
                        Output::Swap { .. } | Output::SendHttp { .. } => open.push(output.clone()),
                        Output::OpenUrl { url, .. } => urls.push(url.expose().to_owned()),
                        _ => {}
                    }
                }
            }
        }
        steps.push(step);
    }
    (steps, world)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_is_total_and_deterministic(acts in proptest::collection::vec(act(), 0..60)) {
        let (first, world) = run(&acts);
        let (second, again) = run(&acts);
        prop_assert_eq!(first, second);
        prop_assert_eq!(world.connection, again.connection);
    }

    /// Restored from the last acknowledged record, with faults over, a machine
    /// comes to rest: a token, or a failure that says what to do.
    #[test]
    fn restored_anywhere_it_comes_to_an_answer(acts in proptest::collection::vec(act(), 0..60)) {
        let (_, mut world) = run(&acts);
        world.server.faults.clear();
        world.restart();
        world.now += 3_600_000;
        world.outputs.clear();
        let mut outputs = world.token_wanted();
        for _ in 0..400 {
            if !tokens(&outputs).is_empty() || !failures(&outputs).is_empty() {
                break;
            }
            prop_assert!(world.connection.wake_at(world.now).is_some(), "waits for something");
            outputs = world.wake();
        }
        let answered = !tokens(&outputs).is_empty() || !failures(&outputs).is_empty();
        prop_assert!(answered, "an answer in the end");
    }

    #[test]
    fn configuration_of_any_content_is_accepted_or_a_misuse(
        environment in text(), endpoint in text(), origin in text(), uri in text(), scope in text(),
        id in text(), secret in proptest::option::of(text()),
    ) {
        let config = ProviderConfig {
            environment,
            token_endpoint: endpoint,
            api_origin: origin,
            ..provider_config()
        };
        let _ = Provider::new(config);
        let provider = std::sync::Arc::new(Provider::new(provider_config()).unwrap());
        let config = ClientConfig {
            client_id: id,
            client_secret: secret.map(Secret::new),
            redirect_uris: vec![uri],
            scopes: vec![scope],
            ..client_config()
        };
        let _ = Client::new(provider, config);
    }

    #[test]
    fn record_bytes_of_any_content_are_a_record_or_a_failure(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), at in any::<usize>(), byte in any::<u8>(),
    ) {
        let restore = |bytes: Vec<u8>| {
            let stored = Stored { revision: Revision::new("1"), bytes: bytes.into(), age: None };
            Connection::restore(client(), TENANT, Some(stored))
        };
        prop_assert!(restore(bytes).is_err());
        let mut record = World::authorized().stored().unwrap().bytes.expose().to_vec();
        let at = at % record.len();
        record[at] = byte;
        if let Ok(mut connection) = restore(record) {
            let env = Env { now: START, uptime: None, boot_id: None, entropy: [3; 32] };
            connection.step(&env, Input::TokenWanted { min_validity: 0 }).unwrap();
        }
    }
}
