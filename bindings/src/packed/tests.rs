use super::{ENV, input::*, message::Reader, read};
use crate::{Connection, Refusal};
use evergrant::{
    ApiKey, ApiKeyKind, AuthorizationId, Authorize, Binding, BrowserProof, Env, HttpFault,
    HttpResponse, Input, Misuse, Op, Revision, SecretBytes, Stored,
};
use proptest::{collection::vec, option, prelude::*};

proptest! {
    #[test]
    fn what_is_written_is_read(env in env(), input in input()) {
        let told = write(&env, &input);
        prop_assert_eq!(read(&told).unwrap(), (env, input));
    }

    #[test]
    fn what_is_cut_or_goes_on_is_refused(env in env(), input in input(), more in any::<u8>()) {
        let mut told = write(&env, &input);
        for end in 0..told.len() {
            prop_assert_eq!(read(&told[..end]), Err(Refusal::PackedInvalid));
        }
        told.push(more);
        prop_assert_eq!(read(&told), Err(Refusal::PackedInvalid));
    }

    /// Either it is refused, or it is another input and that input's only form: no
    /// byte goes unread.
    #[test]
    fn what_is_changed_is_refused_or_means_something_else(
        env in env(), input in input(), at in any::<prop::sample::Index>(), bits in 1..=u8::MAX,
    ) {
        let mut told = write(&env, &input);
        let at = at.index(told.len());
        told[at] ^= bits;
        if let Ok((other_env, other)) = read(&told)
            && !is_peers(&other)
        {
            prop_assert_eq!(write(&other_env, &other), told);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(told in vec(any::<u8>(), 0..200)) {
        let mut with_env = write(&Env { now: 1, uptime: None, boot_id: None, entropy: [7; 32] }, &Input::Wake);
        with_env.truncate(with_env.len() - 3);
        with_env.extend(&told);
        for told in [told, with_env] {
            if let Err(refusal) = read(&told) {
                prop_assert!(matches!(refusal, Refusal::PackedInvalid | Refusal::Misuse(Misuse::EnvInvalid)));
            }
        }
    }
}

#[test]
fn lengths_beyond_the_end_are_refused() {
    let mut told = vec![ENV, 0b1001, 0];
    told.extend([0; 16]);
    told.extend([0; 4]);
    told.extend(u32::MAX.to_le_bytes());
    assert_eq!(read(&told), Err(Refusal::PackedInvalid));
    assert!(Reader::list(&[255, 255, 255, 255, 1]).is_err());
    assert!(Reader::list(&[1, 0, 0]).is_err());
}

#[test]
fn an_env_of_the_wrong_size_is_named() {
    for (boot_id, entropy) in [(16, 31), (16, 33), (16, 0), (15, 32), (0, 32)] {
        let mut told = vec![ENV];
        message(&mut told, &[Some(1), None], &[Some(&vec![1; boot_id]), Some(&vec![2; entropy])]);
        told.extend([WAKE, 0, 0]);
        assert_eq!(read(&told), Err(Misuse::EnvInvalid.into()), "{boot_id} {entropy}");
    }
}

#[test]
fn what_a_caller_wrote_must_be_utf_8_and_what_a_peer_wrote_need_not() {
    let env = Env { now: 1, uptime: None, boot_id: None, entropy: [7; 32] };
    let told = |tag, numbers: &[Option<u64>], texts: &[Option<&[u8]>]| {
        let mut told = write(&env, &Input::Wake);
        told.truncate(told.len() - 3);
        told.push(tag);
        message(&mut told, numbers, texts);
        read(&told)
    };
    assert_eq!(told(CANCEL, &[], &[Some(b"\xed\xa0\x80")]), Err(Refusal::PackedInvalid));
    let (_, read) = told(REDIRECTED, &[Some(1)], &[Some(b"?state=\xed\xa0\x80"), None]).unwrap();
    let url = "?state=\u{fffd}\u{fffd}\u{fffd}".into();
    assert_eq!(read, Input::Redirected { url, proof: BrowserProof::SameProcess });
}

#[test]
fn a_refused_step_leaves_the_connection_as_it_was() {
    let config = evergrant::ClientConfig {
        client_id: "client".into(),
        client_secret: Some("secret".into()),
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec!["https://client.example/callback".into()],
        scopes: vec!["users:read".into()],
        sealing: evergrant::Sealing::Plain,
    };
    let provider = evergrant::Provider::pleo(evergrant::Pleo::Staging).unwrap();
    let client = evergrant::Client::new(provider.into(), config).unwrap();
    let machine = evergrant::Connection::new(client.into(), "tenant").unwrap();
    let connection = Connection::of(machine);
    let before = connection.machine().clone();
    let zeros = Env { now: 1, uptime: None, boot_id: None, entropy: [0; 32] };
    for (told, refusal) in [
        (vec![], Refusal::PackedInvalid),
        (write(&zeros, &Input::Wake), Misuse::EntropyMissing.into()),
    ] {
        assert_eq!(connection.step_packed(&told), Err(refusal));
        assert_eq!(*connection.machine(), before);
    }
}

/// The other side of `read`, as a driver writes it. Whoever adds an input adds it here.
fn write(env: &Env, input: &Input) -> Vec<u8> {
    let mut told = vec![ENV];
    let boot_id = env.boot_id.as_ref().map(|id| &id[..]);
    message(&mut told, &[Some(env.now), env.uptime], &[boot_id, Some(&env.entropy)]);
    let mut message = |tag, numbers: &[Option<u64>], texts: &[Option<&[u8]>]| {
        told.push(tag);
        self::message(&mut told, numbers, texts);
    };
    match input {
        Input::Authorize(asked) => {
            let Authorize { redirect_uri, scopes, extra, binding, return_context, company } = asked;
            let extra: Vec<&String> =
                extra.iter().flat_map(|(name, value)| [name, value]).collect();
            message(
                AUTHORIZE,
                &[Some(match binding {
                    Binding::Cookie => 0,
                    Binding::SameProcess => 1,
                })],
                &[
                    Some(redirect_uri.as_bytes()),
                    Some(&list(scopes)),
                    Some(&list(extra)),
                    return_context.as_deref().map(str::as_bytes),
                    company.as_deref().map(str::as_bytes),
                ],
            );
        }
        Input::Redirected { url, proof } => {
            let (proof, secret) = match proof {
                BrowserProof::Binding(secret) => (0, Some(secret.expose().as_bytes())),
                BrowserProof::SameProcess => (1, None),
                BrowserProof::Missing => (2, None),
            };
            message(REDIRECTED, &[Some(proof)], &[Some(url.expose().as_bytes()), secret]);
        }
        Input::TokenWanted { min_validity } => message(TOKEN_WANTED, &[Some(*min_validity)], &[]),
        Input::ApiAnswered { generation, status, headers } => message(
            API_ANSWERED,
            &[Some(*generation), Some((*status).into())],
            &[Some(&block(headers))],
        ),
        Input::KeyEntered(ApiKey { key, kind, company, scopes }) => message(
            KEY_ENTERED,
            &[Some(match kind {
                ApiKeyKind::Integrated => 0,
                ApiKeyKind::Standalone => 1,
            })],
            &[
                Some(key.expose().as_bytes()),
                company.as_deref().map(str::as_bytes),
                Some(&list(scopes)),
            ],
        ),
        Input::Revoke => message(REVOKE, &[], &[]),
        Input::Cancel { authorization } => {
            let id = authorization.as_ref().map(|id| id.as_str().as_bytes());
            message(CANCEL, &[], &[id]);
        }
        Input::HttpDone { op, response: HttpResponse { status, headers, body } } => message(
            HTTP_DONE,
            &[Some(op.0), Some((*status).into())],
            &[Some(&block(headers)), Some(body.expose())],
        ),
        Input::HttpFailed { op, why } => {
            let why = match why {
                HttpFault::NotSent => 0,
                HttpFault::TooLate => 1,
                HttpFault::Unknown => 2,
            };
            message(HTTP_FAILED, &[Some(op.0), Some(why)], &[]);
        }
        Input::Swapped { op, current } => {
            let current = current.as_ref();
            message(
                SWAPPED,
                &[Some(op.0), current.and_then(|stored| stored.age)],
                &[
                    current.map(|stored| stored.revision.as_str().as_bytes()),
                    current.map(|stored| stored.bytes.expose()),
                ],
            );
        }
        Input::SwapUnanswered { op } => message(SWAP_UNANSWERED, &[Some(op.0)], &[]),
        Input::PeerGone => message(PEER_GONE, &[], &[]),
        Input::Wake => message(WAKE, &[], &[]),
    }
    told
}

fn message(told: &mut Vec<u8>, numbers: &[Option<u64>], texts: &[Option<&[u8]>]) {
    let bits = numbers.iter().map(Option::is_some).chain(texts.iter().map(Option::is_some));
    let present = bits.enumerate().map(|(i, bit)| u16::from(bit) << i).sum::<u16>();
    told.extend(present.to_le_bytes());
    told.extend(numbers.iter().flat_map(|number| number.unwrap_or(0).to_le_bytes()));
    let lengths = texts.iter().map(|text| text.map_or(0, <[u8]>::len) as u32);
    told.extend(lengths.flat_map(u32::to_le_bytes));
    told.extend(texts.iter().copied().flatten().flatten());
}

fn list<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Vec<u8> {
    let parts = parts.into_iter().flat_map(|part| {
        let part = part.as_ref().as_bytes();
        [&(part.len() as u32).to_le_bytes(), part].concat()
    });
    parts.collect()
}

fn block(headers: &[(String, String)]) -> Vec<u8> {
    headers.iter().flat_map(|(name, value)| format!("{name}: {value}\n").into_bytes()).collect()
}

/// What a peer wrote has several forms that mean the same.
fn is_peers(input: &Input) -> bool {
    matches!(input, Input::Redirected { .. } | Input::ApiAnswered { .. } | Input::HttpDone { .. })
}

fn env() -> impl Strategy<Value = Env> {
    let numbers = (any::<u64>(), any::<Option<u64>>());
    (numbers, any::<Option<[u8; 16]>>(), any::<[u8; 32]>())
        .prop_map(|((now, uptime), boot_id, entropy)| Env { now, uptime, boot_id, entropy })
}

fn input() -> impl Strategy<Value = Input> {
    let text = || any::<String>();
    let headers = || vec(("[a-z-]{1,9}", "[!-~]{0,9}"), 0..3);
    let secret = || any::<String>().prop_map(evergrant::Secret::new);
    let op = || any::<u64>().prop_map(Op);
    let stored = (text(), vec(any::<u8>(), 0..40), any::<Option<u64>>()).prop_map(
        |(revision, bytes, age)| Stored {
            revision: Revision::new(revision),
            bytes: bytes.into(),
            age,
        },
    );
    let bindings = prop_oneof![Just(Binding::Cookie), Just(Binding::SameProcess)];
    let proofs = prop_oneof![
        secret().prop_map(BrowserProof::Binding),
        Just(BrowserProof::SameProcess),
        Just(BrowserProof::Missing),
    ];
    let kinds = prop_oneof![Just(ApiKeyKind::Integrated), Just(ApiKeyKind::Standalone)];
    let faults =
        prop_oneof![Just(HttpFault::NotSent), Just(HttpFault::TooLate), Just(HttpFault::Unknown)];
    let asked = (text(), vec(text(), 0..3), vec((text(), text()), 0..3), bindings);
    let wanted = (asked, option::of(text()), option::of(text()));
    prop_oneof![
        wanted.prop_map(|((redirect_uri, scopes, extra, binding), return_context, company)| {
            Input::Authorize(Authorize {
                redirect_uri,
                scopes,
                extra,
                binding,
                return_context,
                company,
            })
        }),
        (secret(), proofs).prop_map(|(url, proof)| Input::Redirected { url, proof }),
        any::<u64>().prop_map(|min_validity| Input::TokenWanted { min_validity }),
        (any::<u64>(), any::<u16>(), headers()).prop_map(|(generation, status, headers)| {
            Input::ApiAnswered { generation, status, headers }
        }),
        (secret(), kinds, option::of(text()), vec(text(), 0..3)).prop_map(
            |(key, kind, company, scopes)| Input::KeyEntered(ApiKey { key, kind, company, scopes })
        ),
        Just(Input::Revoke),
        option::of(text())
            .prop_map(|id| Input::Cancel { authorization: id.map(AuthorizationId::new) }),
        (op(), any::<u16>(), headers(), vec(any::<u8>(), 0..40)).prop_map(
            |(op, status, headers, body)| {
                let body = SecretBytes::new(body);
                Input::HttpDone { op, response: HttpResponse { status, headers, body } }
            }
        ),
        (op(), faults).prop_map(|(op, why)| Input::HttpFailed { op, why }),
        (op(), option::of(stored)).prop_map(|(op, current)| Input::Swapped { op, current }),
        op().prop_map(|op| Input::SwapUnanswered { op }),
        Just(Input::PeerGone),
        Just(Input::Wake),
    ]
}
