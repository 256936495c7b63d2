//! The URL that the browser came back to.

use super::{AuthorizationId, BrowserProof, StoreKey};
use crate::{entropy, failure::CallbackFault, secret::Secret, uri};
use alloc::borrow::Cow;

/// The parameters of a redirect (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) authorization: AuthorizationId,
    /// Where that is kept.
    pub(crate) key: StoreKey,
    pub(crate) proof: Option<BrowserProof>,
    pub(super) code: Option<Secret>,
    // Attackers and servers write these three: secrets until they are redacted.
    pub(super) iss: Option<Secret>,
    pub(super) error: Option<Secret>,
    pub(super) error_description: Option<Secret>,
}

/// Longer redirects are refused unread.
const LONGEST: usize = 16_384;

impl Callback {
    /// Reads a redirect's query. The URL before it is not compared: behind a
    /// proxy a web host sees another one than the browser, and the `state` is
    /// what ties a redirect to its authorization.
    pub(crate) fn parse(url: &Secret) -> Result<Self, CallbackFault> {
        let url = url.expose();
        if url.len() > LONGEST {
            return Err(CallbackFault::Unreadable);
        }
        let (_, query) = url.split_once('?').ok_or(CallbackFault::Unreadable)?;
        let query = query.split('#').next().unwrap_or_default();
        let mut found: [Option<Cow<'_, str>>; 6] = Default::default();
        for (name, value) in uri::pairs(query) {
            let names = ["state", "code", "iss", "error", "error_description", "error_uri"];
            let Some(place) = names.iter().zip(&mut found).find(|(known, _)| **known == name)
            else {
                continue;
            };
            if place.1.replace(value).is_some() {
                return Err(CallbackFault::DuplicateParameter);
            }
        }
        let [state, code, iss, error, error_description, _error_uri] = found;
        let state = state.filter(|state| !state.is_empty()).ok_or(CallbackFault::StateMissing)?;
        let secret =
            |text: Cow<'_, str>| (!text.is_empty()).then(|| Secret::new(text.into_owned()));
        let authorization = AuthorizationId::of(&state);
        Ok(Self {
            key: StoreKey::pending(&authorization),
            authorization,
            proof: None,
            code: code.and_then(secret),
            iss: iss.map(|text| Secret::new(text.into_owned())),
            error: error.and_then(secret),
            error_description: error_description.and_then(secret),
        })
    }

    pub(super) fn proof_fits(&self, binding: Option<&str>) -> bool {
        match (&self.proof, binding) {
            (Some(BrowserProof::SameProcess), None) => true,
            (Some(BrowserProof::Binding(secret)), Some(hash)) => {
                Secret::from(entropy::sha256_base64url(secret.expose()).as_str())
                    == Secret::from(hash)
            }
            (Some(BrowserProof::SameProcess), Some(_))
            | (Some(BrowserProof::Binding(_) | BrowserProof::Missing), _)
            | (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::push_component;
    use alloc::{borrow::ToOwned as _, format, string::String};
    use proptest::prelude::*;

    /// `code|iss|error|error_description`, empty where there is none.
    fn read(url: &str) -> Result<String, CallbackFault> {
        let it = Callback::parse(&Secret::from(url))?;
        assert_eq!(it.authorization, AuthorizationId::of("s"), "{url}");
        let text = |secret: &Option<Secret>| secret.as_ref().map_or("", Secret::expose).to_owned();
        let parts = [&it.code, &it.iss, &it.error, &it.error_description];
        let [code, iss, error, why] = parts.map(text);
        Ok(format!("{code}|{iss}|{error}|{why}"))
    }

    #[test]
    fn a_redirect_is_read_from_any_url_that_has_a_query() {
        for (url, expected) in [
            ("https://client.example/callback?state=s&code=c", "c|||"),
            ("http://127.0.0.1:49152/cb?state=s&code=c", "c|||"),
            ("http://[::1]:7/cb?code=c&state=s", "c|||"),
            ("com.example.app:/oauth?state=s&code=c", "c|||"),
            ("com.example.app://oauth/x?state=s&code=c", "c|||"),
            ("?state=s&code=c", "c|||"),
            ("/callback?state=s&code=c#fragment?state=x", "c|||"),
            ("https://a/?x?state=t&state=s&code=c", "c|||"),
            ("?state=s&code=a%2Fb%26c%3Dd+e%20f", "a/b&c=d e f|||"),
            ("?state=s&code=%C3%A9%ff", "\u{e9}\u{fffd}|||"),
            ("?state=s&code=%", "%|||"),
            ("?&&state=s&&code=c&", "c|||"),
            ("?state=s&code", "|||"),
            ("?state=s&code=&error=", "|||"),
            ("?state=s&STATE=t&Code=x&code=c", "c|||"),
            ("?state=s&code=c;state=t", "c;state=t|||"),
            ("?%73tate=s&c%6Fde=c", "c|||"),
            (
                "?state=s&error=access_denied&error_description=no%20way&error_uri=x",
                "||access_denied|no way",
            ),
            (
                "?state=s&code=c&iss=https%3A%2F%2Fas.example&scope=a&scope=b",
                "c|https://as.example||",
            ),
            ("?state=s&code=c&iss=", "c|||"),
        ] {
            assert_eq!(read(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_read_one_way_only_is_refused() {
        use CallbackFault::{DuplicateParameter, StateMissing, Unreadable};
        for (url, fault) in [
            ("", Unreadable),
            ("https://client.example/callback", Unreadable),
            // The implicit flow's fragment is nobody's business here.
            ("https://client.example/callback#state=s&access_token=t", Unreadable),
            ("?#state=s&code=c", StateMissing),
            ("?", StateMissing),
            ("?code=c", StateMissing),
            ("?state=&code=c", StateMissing),
            ("?state=s&state=s", DuplicateParameter),
            ("?state=s&%73tate=t", DuplicateParameter),
            ("?state=s&code=c&code=", DuplicateParameter),
            ("?state=s&iss=a&iss=a", DuplicateParameter),
            ("?state=s&error=a&error=b", DuplicateParameter),
            ("?state=s&error_uri=a&error_uri=b", DuplicateParameter),
        ] {
            assert_eq!(read(url), Err(fault), "{url}");
        }
        let long = |length: usize| format!("?state=s&code={}", "c".repeat(length));
        assert!(read(&long(LONGEST - 14)).is_ok());
        assert_eq!(read(&long(LONGEST - 13)), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn what_a_server_writes_is_read(
            before in "[a-z.]{1,9}:/{0,2}[a-z0-9./:]{0,12}",
            code in ".{1,40}", iss in ".{0,20}", extra in "[a-z]{1,3}",
        ) {
            let mut url = before;
            for (name, value) in [("state", "s"), (&*extra, "1"), ("code", &code), ("iss", &iss)] {
                url.push(if url.contains('?') { '&' } else { '?' });
                push_component(&mut url, name);
                url.push('=');
                push_component(&mut url, value);
            }
            prop_assume!(extra != "iss");
            prop_assert_eq!(read(&url), Ok(format!("{code}|{iss}||")));
        }

        #[test]
        fn any_text_is_read_without_harm(url in any::<String>(), query in ".{0,80}") {
            let _ = Callback::parse(&Secret::new(url));
            let _ = Callback::parse(&Secret::new(format!("?{query}")));
        }
    }
}
