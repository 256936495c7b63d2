use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::random::uuid_of;

/// Whom a credential speaks for: one company, or an organisation of companies. Its text form is
/// Pleo's: `urn:pleo:company:<uuid>` or `urn:pleo:organisation:<uuid>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Subject {
    kind: Kind,
    id: String,
}

/// The text is no subject URN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not urn:pleo:company: or urn:pleo:organisation: and a UUID in lower case")]
pub struct InvalidSubject;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Company,
    Organisation,
}

const COMPANY: &str = "urn:pleo:company:";
const ORGANISATION: &str = "urn:pleo:organisation:";

impl Subject {
    /// The company that each user has without anybody setting it up, the same in every run.
    #[must_use]
    pub fn company_of(user: &str) -> Self {
        Self { kind: Kind::Company, id: uuid_of(&format!("company of {user}")) }
    }

    /// The company with this UUID, in the form of Pleo's `company_id`.
    ///
    /// # Errors
    /// If it is no UUID in lower case.
    pub fn company(uuid: &str) -> Result<Self, InvalidSubject> {
        format!("{COMPANY}{uuid}").parse()
    }

    /// The UUID at the end: of a company, its `company_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is a company, and no organisation.
    #[must_use]
    pub fn is_company(&self) -> bool {
        self.kind == Kind::Company
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.is_company() { COMPANY } else { ORGANISATION };
        write!(f, "{prefix}{}", self.id)
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let (kind, id) = match (text.strip_prefix(COMPANY), text.strip_prefix(ORGANISATION)) {
            (Some(id), _) => (Kind::Company, id),
            (None, Some(id)) => (Kind::Organisation, id),
            (None, None) => return Err(InvalidSubject),
        };
        is_uuid(id).then(|| Self { kind, id: id.into() }).ok_or(InvalidSubject)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidSubject;

    fn try_from(text: String) -> Result<Self, InvalidSubject> {
        text.parse()
    }
}

/// RFC 9562 §4. Lower case only: there must be one text for each.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_one_text() {
        let company = Subject::company_of("alice");
        assert_eq!(company, Subject::company_of("alice"));
        assert_ne!(company, Subject::company_of("bob"));
        assert_eq!(company.to_string().parse(), Ok(company.clone()));
        assert_eq!(Subject::company(company.id()), Ok(company.clone()));
        let organisation: Subject = format!("{ORGANISATION}{}", company.id()).parse().unwrap();
        assert!(company.is_company() && !organisation.is_company());
        assert_eq!(organisation.to_string().parse(), Ok(organisation));

        let id = company.id();
        for text in [
            String::new(),
            id.to_owned(),
            format!("urn:pleo:user:{id}"),
            format!("urn:pleo:company:{}", id.to_uppercase()),
            format!("urn:pleo:company:{id}0"),
            "urn:pleo:company:".into(),
            "urn:pleo:company:01234567-89ab-cdef-0123-456789abcdeg".into(),
            "urn:pleo:company:0123456789ab-cdef-0123-456789abcdef0".into(),
        ] {
            assert_eq!(text.parse::<Subject>(), Err(InvalidSubject), "{text}");
        }
    }
}
