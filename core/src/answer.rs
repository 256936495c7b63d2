//! The body of a token answer, read as mildly as can be done without guessing: it
//! may be the only copy of the next refresh token.

use crate::{
    bytes,
    failure::ServerFault,
    http::{HttpResponse, header},
    json::Object,
    member::Member,
    provider::Quirks,
    record::bearer,
    scope,
    secret::Secret,
    uri,
};
use alloc::{string::String, sync::Arc, vec::Vec};
use core::{mem, str};
use zeroize::Zeroizing;

/// Tokens as an answer brought them (RFC 6749 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenAnswer {
    /// `Bearer` and the access token: the value of the header.
    pub(crate) header: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// Milliseconds; absent is not zero.
    pub(crate) expires_in: Option<u64>,
    pub(crate) refresh_expires_in: Option<u64>,
    /// Scope-tokens, one space apart.
    pub(crate) scope: Option<Arc<str>>,
    /// Found wanting: stored all the same, since the refresh token may be the
    /// only one there is, but never served.
    pub(crate) flaw: Option<ServerFault>,
}

/// How an answer of the token endpoint that was believed strayed from RFC 6749 §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// `expires_in` is a string, or has a fraction.
    ExpiresInNotInteger,
    /// `expires_in` is there but says nothing; it counts as absent.
    ExpiresInUnreadable,
    /// `expires_in` is zero or negative; the token counts as expired.
    ExpiresInNotPositive,
    /// `expires_in` is beyond ten years and was cut to that.
    ExpiresInHuge,
    /// `token_type` is absent; the token counts as `Bearer`.
    TokenTypeMissing,
    /// `refresh_token` is empty; it counts as absent.
    RefreshTokenEmpty,
    /// `scope` is a list, or its scopes are separated by commas.
    ScopeNotSpaced,
    /// `scope` is there but holds no scope-token; it counts as absent.
    ScopeUnreadable,
    /// An error came with a status of success.
    ErrorWithSuccess,
    /// The body is form-encoded, not JSON.
    FormEncoded,
    /// `Content-Type` names something other than what the body is.
    ContentTypeUnexpected,
    /// The body begins with a byte order mark.
    ByteOrderMark,
    /// Bytes of the body are not UTF-8, and were replaced.
    NotUtf8,
    /// A member stands twice; the last one counts.
    MemberRepeated,
}

impl Deviation {
    /// Every deviation, in the order of the declaration.
    pub const ALL: &[Self] = &[
        Self::ExpiresInNotInteger,
        Self::ExpiresInUnreadable,
        Self::ExpiresInNotPositive,
        Self::ExpiresInHuge,
        Self::TokenTypeMissing,
        Self::RefreshTokenEmpty,
        Self::ScopeNotSpaced,
        Self::ScopeUnreadable,
        Self::ErrorWithSuccess,
        Self::FormEncoded,
        Self::ContentTypeUnexpected,
        Self::ByteOrderMark,
        Self::NotUtf8,
        Self::MemberRepeated,
    ];

    /// The stable name of this deviation.
    pub fn code(self) -> &'static str {
        match self {
            Self::ExpiresInNotInteger => "expires_in_not_integer",
            Self::ExpiresInUnreadable => "expires_in_unreadable",
            Self::ExpiresInNotPositive => "expires_in_not_positive",
            Self::ExpiresInHuge => "expires_in_huge",
            Self::TokenTypeMissing => "token_type_missing",
            Self::RefreshTokenEmpty => "refresh_token_empty",
            Self::ScopeNotSpaced => "scope_not_spaced",
            Self::ScopeUnreadable => "scope_unreadable",
            Self::ErrorWithSuccess => "error_with_success",
            Self::FormEncoded => "form_encoded",
            Self::ContentTypeUnexpected => "content_type_unexpected",
            Self::ByteOrderMark => "byte_order_mark",
            Self::NotUtf8 => "not_utf8",
            Self::MemberRepeated => "member_repeated",
        }
    }
}

/// The members of a token answer or of an error, whatever their types.
#[derive(Default)]
pub(crate) struct Body<'a> {
    access_token: Member<'a>,
    refresh_token: Member<'a>,
    token_type: Member<'a>,
    expires_in: Member<'a>,
    refresh_token_expires_in: Member<'a>,
    scope: Member<'a>,
    error: Member<'a>,
    error_description: Member<'a>,
    repeated: bool,
    form_encoded: bool,
}

/// Reads an answer, if it is one. Whatever is odd about one member loses no other.
/// `replaced` is where the text is kept if it is not UTF-8.
pub(crate) fn read<'a>(
    response: &'a HttpResponse,
    replaced: &'a mut Zeroizing<String>,
    deviations: &mut Vec<Deviation>,
) -> Option<Body<'a>> {
    let bytes = response.body.expose();
    let utf8 = str::from_utf8(bytes).ok();
    let whole = utf8.unwrap_or_else(|| {
        **replaced = String::from_utf8_lossy(bytes).into_owned();
        replaced
    });
    let (text, marked) = match whole.strip_prefix('\u{feff}') {
        Some(text) => (text, true),
        None => (whole, false),
    };
    let media = header(&response.headers, "content-type").map(media_type).unwrap_or_default();
    let body = match Object::read(text) {
        Some(object) => Body::from_object(object),
        None if may_be_form(media) => Body::from_form(text)?,
        None => return None,
    };
    let expected = if body.form_encoded { may_be_form(media) } else { is_json(media) };
    for (found, deviation) in [
        (utf8.is_none(), Deviation::NotUtf8),
        (marked, Deviation::ByteOrderMark),
        (!expected && !media.is_empty(), Deviation::ContentTypeUnexpected),
        (body.form_encoded, Deviation::FormEncoded),
        (body.repeated, Deviation::MemberRepeated),
    ] {
        if found {
            deviations.push(deviation);
        }
    }
    Some(body)
}

impl<'a> Body<'a> {
    fn member(&mut self, name: &str) -> Option<&mut Member<'a>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "token_type" => &mut self.token_type,
            "expires_in" => &mut self.expires_in,
            "refresh_token_expires_in" => &mut self.refresh_token_expires_in,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            _ => return None,
        })
    }

    fn put(&mut self, name: &str, read: impl FnOnce() -> Member<'a>) {
        let Some(member) = self.member(name) else { return };
        let before = mem::replace(member, read());
        self.repeated |= !before.is_absent();
    }

    fn from_object(object: Object<'a>) -> Self {
        let mut body = Self::default();
        for (name, value) in object.rest() {
            body.put(&name, || Member::read(value));
        }
        body
    }

    /// A form that has a member of a token answer or of an error.
    fn from_form(text: &'a str) -> Option<Self> {
        let mut body = Self { form_encoded: true, ..Self::default() };
        for (name, value) in uri::pairs(text) {
            let number = name.ends_with("expires_in").then(|| value.parse::<i64>().ok()).flatten();
            body.put(&name, || match number {
                Some(value) => Member::Number { value, exact: true },
                None => Member::Text(value.into()),
            });
        }
        (!body.access_token.is_absent() || !body.error.is_absent()).then_some(body)
    }

    /// `error` and `error_description`, if they are to be believed.
    pub(crate) fn error(&self, quirks: &Quirks) -> Option<(&str, Option<&str>)> {
        if self.form_encoded && !quirks.form_encoded_answers {
            return None;
        }
        Some((self.error.text()?, self.error_description.text()))
    }

    /// The tokens, if there is an access token.
    pub(crate) fn into_tokens(
        self,
        quirks: &Quirks,
        deviations: &mut Vec<Deviation>,
    ) -> Option<TokenAnswer> {
        let access = self.access_token.text()?;
        let mut flaw = None;
        match &self.token_type {
            Member::Text(name) if name.eq_ignore_ascii_case("bearer") => {}
            Member::Absent if quirks.token_type_optional => {
                deviations.push(Deviation::TokenTypeMissing);
            }
            _ => flaw = Some(ServerFault::TokenTypeUnknown),
        }
        if self.form_encoded && !quirks.form_encoded_answers {
            flaw = Some(ServerFault::AnswerFormEncoded);
        }
        // What no header can carry would be a way to smuggle one in.
        if !bytes::all(access.as_bytes(), |byte| byte.is_ascii_graphic()) {
            flaw = Some(ServerFault::TokenUnusable);
        }
        // No RFC has the second: what makes no sense says nothing.
        let expires_in = lifetime(&self.expires_in, deviations);
        let refresh_expires_in =
            lifetime(&self.refresh_token_expires_in, &mut Vec::new()).filter(|life| *life > 0);
        let refresh_token = match self.refresh_token {
            Member::Text(token) if token.is_empty() => {
                deviations.push(Deviation::RefreshTokenEmpty);
                None
            }
            Member::Text(token) => Some(Secret::from(&*token)),
            Member::Absent | Member::Number { .. } | Member::List(_) | Member::Other => None,
        };
        Some(TokenAnswer {
            header: bearer::header(access),
            refresh_token,
            expires_in,
            refresh_expires_in,
            scope: granted(&self.scope, quirks, deviations),
            flaw,
        })
    }
}

/// Ten years: longer lifetimes say no more than this.
const LONGEST_SECONDS: i64 = 315_360_000;

/// A lifetime in milliseconds. Absent and unreadable are `None`: nothing is
/// known, a 401 will tell. Zero and less are `Some(0)`: expired as it comes.
fn lifetime(member: &Member<'_>, deviations: &mut Vec<Deviation>) -> Option<u64> {
    let (seconds, exact) = match member {
        Member::Absent => return None,
        Member::Number { value, exact } => (Some(*value), *exact),
        Member::Text(text) => (text.trim().parse::<i64>().ok(), false),
        Member::List(_) | Member::Other => (None, false),
    };
    let Some(seconds) = seconds else {
        deviations.push(Deviation::ExpiresInUnreadable);
        return None;
    };
    if !exact {
        deviations.push(Deviation::ExpiresInNotInteger);
    }
    if seconds <= 0 {
        deviations.push(Deviation::ExpiresInNotPositive);
    } else if seconds > LONGEST_SECONDS {
        deviations.push(Deviation::ExpiresInHuge);
    }
    u64::try_from(seconds.clamp(0, LONGEST_SECONDS)).ok()?.checked_mul(1_000)
}

/// The scopes of an answer; absent means what was asked for (RFC 6749 §5.1).
fn granted(
    member: &Member<'_>,
    quirks: &Quirks,
    deviations: &mut Vec<Deviation>,
) -> Option<Arc<str>> {
    let commas = quirks.comma_separated_scopes;
    let (scopes, odd) = match member {
        Member::Absent => return None,
        Member::Text(text) => {
            (scope::granted(text, commas), commas && text.as_bytes().contains(&b','))
        }
        Member::List(scopes) => (scope::granted(&scopes.join(" "), commas), true),
        Member::Number { .. } | Member::Other => (None, false),
    };
    match (&scopes, odd) {
        (None, _) => deviations.push(Deviation::ScopeUnreadable),
        (Some(_), true) => deviations.push(Deviation::ScopeNotSpaced),
        (Some(_), false) => {}
    }
    scopes
}

/// Type and subtype of a `Content-Type`, without its parameters.
fn media_type(value: &str) -> &str {
    let end = value.bytes().position(|byte| byte == b';');
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim_ascii()
}

fn is_json(media: &str) -> bool {
    if media.eq_ignore_ascii_case("application/json") {
        return true;
    }
    let (kind, subtype) = media.split_once('/').unwrap_or_default();
    let suffix = subtype.len().checked_sub(5).and_then(|at| subtype.get(at..));
    kind.eq_ignore_ascii_case("application")
        && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json"))
}

/// Some servers say of a form that it is plain text, or say nothing. A page of a
/// middlebox says what it is.
fn may_be_form(media: &str) -> bool {
    let named = ["", "application/x-www-form-urlencoded", "text/plain"];
    named.iter().any(|name| media.eq_ignore_ascii_case(name))
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
