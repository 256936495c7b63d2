//! `WWW-Authenticate`: what is read, written again, is read alike.

use evergrant::testing::{
    arbitrary::{Result, Unstructured},
    parts::{Challenge, bearer, challenges},
};

/// More challenges or parameters than this are not kept.
const LIMIT: usize = 16;

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let u = Unstructured::new(data);
    let text = String::from_utf8_lossy(u.take_rest()).into_owned();
    let headers: Vec<(String, String)> =
        text.split('\n').map(|value| ("WWW-Authenticate".to_owned(), value.to_owned())).collect();
    for (_, value) in &headers {
        let read = challenges(value);
        assert!(read.len() <= LIMIT);
        for challenge in &read {
            assert!(is_token(&challenge.scheme), "{value:?}: {challenge:?}");
            assert!(challenge.parameters.len() <= LIMIT);
            assert!(challenge.parameters.iter().all(|(name, _)| is_token(name)));
            assert!(challenge.token68.is_none() || challenge.parameters.is_empty());
        }
        assert_eq!(challenges(&written(&read)), read, "{value:?}");
    }
    if let Some(found) = bearer(&headers) {
        assert!(found.scheme.eq_ignore_ascii_case("bearer"));
        let all = headers.iter().take(LIMIT).flat_map(|(_, value)| challenges(value));
        assert!(all.into_iter().any(|it| it == found));
    }
    Ok(())
}

fn written(challenges: &[Challenge]) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let parameters = |it: &Challenge| {
        let written =
            it.parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", quote(value)));
        written.collect::<Vec<_>>().join(", ")
    };
    let written = challenges.iter().map(|it| match &it.token68 {
        Some(token) => format!("{} {token}", it.scheme),
        None => format!("{} {}", it.scheme, parameters(it)),
    });
    written.collect::<Vec<_>>().join(", ")
}

fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}
