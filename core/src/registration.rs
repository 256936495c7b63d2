//! What is handed in to register a client, and whether Pleo would take it.
//!
//! Pleo registers clients by hand: somebody fills in a form, and what is wrong with it
//! comes back days later. Source of the rules: Pleo's developer documentation, pages
//! "How to Register an OAuth Client", "OAuth 2.0 Client Registration" and "OAuth 2.0
//! Client Configuration". Members have the names of RFC 7591 §2 where it has them.

use crate::{
    pleo::Pleo,
    scope::is_scope,
    uri::{self, RedirectKind},
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use serde::Serialize;

/// A client as it is to be registered with Pleo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The client's own brand, as people will see it: not Pleo's, nor "X for Pleo".
    pub client_name: String,
    /// The home or landing page.
    pub client_uri: String,
    /// Where the logo is, unless it is handed in as a file beside the form.
    pub logo_uri: Option<String>,
    /// How large the logo is: square, and in high resolution.
    pub logo_size: Option<LogoSize>,
    /// The terms of service, for people to read.
    pub tos_uri: String,
    /// The privacy policy, for people to read.
    pub policy_uri: String,
    /// The addresses of those who are responsible, at least one.
    pub contacts: Vec<String>,
    /// The page where people start to connect (Pleo's own member).
    pub initiation_uri: String,
    /// The page where people manage the integration (Pleo's own member, once
    /// "Configuration URI").
    pub settings_uri: String,
    /// Every redirect URI that will be used, byte for byte.
    pub redirect_uris: Vec<String>,
    /// Every scope that will be used.
    pub scopes: Vec<String>,
    /// Whether PKCE with S256 is supported. This library always sends it; Pleo grants
    /// exceptions through its partner manager only.
    pub pkce: bool,
    /// What the client acts on by default, if Pleo is to know. Pleo does not list the
    /// values.
    pub subject_type: Option<String>,
}

/// The size of a logo in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogoSize {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// One thing for which Pleo would send the form back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationFault {
    /// The member of [`Registration`], by its name.
    pub field: &'static str,
    /// Which item, where the member is a list, counted from 0.
    pub item: Option<usize>,
    /// The rule that is broken.
    pub rule: RegistrationRule,
}

/// A rule of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationRule {
    /// It is empty, and Pleo wants it.
    Missing,
    /// A text has control characters, or spaces at its ends.
    TextInvalid,
    /// The name has Pleo's in it.
    Branding,
    /// Not an absolute URL that every parser reads alike, or a redirect URI with a
    /// fragment.
    UriInvalid,
    /// Not `https`; `http` is for localhost on staging.
    NotHttps,
    /// The developer's own machine, in production.
    Local,
    /// A redirect URI with a `*`: Pleo compares byte for byte.
    Wildcard,
    /// It stands twice in its list.
    Duplicate,
    /// The logo is not square.
    NotSquare,
    /// Not an address that mail could reach.
    EmailInvalid,
    /// Not a scope-token (RFC 6749 §3.3).
    ScopeInvalid,
    /// Without PKCE.
    PkceMissing,
}

impl RegistrationRule {
    /// The stable name, the same in every language.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "registration_missing",
            Self::TextInvalid => "registration_text_invalid",
            Self::Branding => "registration_branding",
            Self::UriInvalid => "registration_uri_invalid",
            Self::NotHttps => "registration_not_https",
            Self::Local => "registration_local",
            Self::Wildcard => "registration_wildcard",
            Self::Duplicate => "registration_duplicate",
            Self::NotSquare => "registration_not_square",
            Self::EmailInvalid => "registration_email_invalid",
            Self::ScopeInvalid => "registration_scope_invalid",
            Self::PkceMissing => "registration_pkce_missing",
        }
    }
}

impl fmt::Display for RegistrationFault {
    /// As `redirect_uris[1]: registration_not_https`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field)?;
        if let Some(item) = self.item {
            write!(f, "[{item}]")?;
        }
        write!(f, ": {}", self.rule.code())
    }
}

impl Registration {
    /// Whether Pleo would take this for one of its environments.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the members.
    pub fn check(&self, environment: Pleo) -> Result<(), Vec<RegistrationFault>> {
        let mut faults = Faults(Vec::new());
        faults.one("client_name", name(&self.client_name));
        faults.one("client_uri", page(&self.client_uri, environment));
        match (&self.logo_uri, self.logo_size) {
            (None, None) => faults.one("logo_uri", Err(RegistrationRule::Missing)),
            (Some(uri), _) => faults.one("logo_uri", page(uri, environment)),
            (None, Some(_)) => {}
        }
        faults.one("logo_size", self.logo_size.map_or(Ok(()), square));
        faults.one("tos_uri", page(&self.tos_uri, environment));
        faults.one("policy_uri", page(&self.policy_uri, environment));
        faults.each("contacts", &self.contacts, email);
        faults.one("initiation_uri", page(&self.initiation_uri, environment));
        faults.one("settings_uri", page(&self.settings_uri, environment));
        faults.each("redirect_uris", &self.redirect_uris, |uri| redirect(uri, environment));
        faults.each("scopes", &self.scopes, scope);
        faults.one("pkce", broken(!self.pkce, RegistrationRule::PkceMissing));
        faults.one("subject_type", self.subject_type.as_deref().map_or(Ok(()), text));
        if faults.0.is_empty() { Ok(()) } else { Err(faults.0) }
    }

    /// The registration as plain text, to be handed in.
    pub fn form(&self) -> String {
        let size = |LogoSize { width, height }| alloc::format!("{width} x {height} pixels");
        let pkce = if self.pkce { "Supported (S256)" } else { "Not supported" };
        let logo: Vec<String> =
            self.logo_uri.iter().cloned().chain(self.logo_size.map(size)).collect();
        let mut form = String::new();
        let mut field = |label: &str, value: &str| line(&mut form, label, &[value]);
        field("Client name", &self.client_name);
        field("Client URI", &self.client_uri);
        field("Logo", &logo.join(", "));
        field("Terms of service URI", &self.tos_uri);
        field("Privacy policy URI", &self.policy_uri);
        line(&mut form, "Contact emails", &self.contacts);
        line(&mut form, "Initiation URI", &[&self.initiation_uri]);
        line(&mut form, "Settings URI", &[&self.settings_uri]);
        line(&mut form, "Redirect URIs", &self.redirect_uris);
        line(&mut form, "Scopes", &self.scopes);
        line(&mut form, "PKCE", &[pkce]);
        line(
            &mut form,
            "Subject type preference",
            &[self.subject_type.as_deref().unwrap_or("None")],
        );
        form
    }

    /// The registration as JSON: client metadata of RFC 7591 §2, and Pleo's own
    /// `initiation_uri`, `settings_uri` and `subject_type_preference`.
    pub fn to_json(&self) -> String {
        let document = Document {
            client_name: &self.client_name,
            client_uri: &self.client_uri,
            logo_uri: self.logo_uri.as_deref(),
            logo_size: self.logo_size,
            tos_uri: &self.tos_uri,
            policy_uri: &self.policy_uri,
            contacts: &self.contacts,
            initiation_uri: &self.initiation_uri,
            settings_uri: &self.settings_uri,
            redirect_uris: &self.redirect_uris,
            scope: self.scopes.join(" "),
            grant_types: ["authorization_code", "refresh_token"],
            response_types: ["code"],
            code_challenge_methods: if self.pkce { &["S256"] } else { &[] },
            subject_type_preference: self.subject_type.as_deref(),
        };
        // Text and integers: writing them cannot fail.
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.form())
    }
}

/// OpenID Connect has a `subject_type` that means something else, hence the last name.
#[derive(Serialize)]
struct Document<'a> {
    client_name: &'a str,
    client_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_size: Option<LogoSize>,
    tos_uri: &'a str,
    policy_uri: &'a str,
    contacts: &'a [String],
    initiation_uri: &'a str,
    settings_uri: &'a str,
    redirect_uris: &'a [String],
    scope: String,
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    code_challenge_methods: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_type_preference: Option<&'a str>,
}

/// A label and its values, each on a line of its own and in one column.
fn line<S: AsRef<str>>(form: &mut String, label: &str, values: &[S]) {
    let mut rest = values.iter().map(S::as_ref);
    let mut head = alloc::format!("{label}:");
    let mut value = Some(rest.next().unwrap_or_default());
    while let Some(text) = value {
        // A line break within a value would look like another field.
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        form.push_str(alloc::format!("{head:<26}{text}").trim_end());
        form.push('\n');
        head.clear();
        value = rest.next();
    }
}

struct Faults(Vec<RegistrationFault>);

type Judgement = Result<(), RegistrationRule>;

impl Faults {
    fn one(&mut self, field: &'static str, judgement: Judgement) {
        self.0.extend(judgement.err().map(|rule| RegistrationFault { field, item: None, rule }));
    }

    /// A list that may not be empty, each item once.
    fn each(&mut self, field: &'static str, items: &[String], judge: impl Fn(&str) -> Judgement) {
        self.one(field, broken(items.is_empty(), RegistrationRule::Missing));
        for (at, item) in items.iter().enumerate() {
            let twice = items.iter().take(at).any(|earlier| earlier == item);
            let judgement = judge(item).and(broken(twice, RegistrationRule::Duplicate));
            let fault = |rule| RegistrationFault { field, item: Some(at), rule };
            self.0.extend(judgement.err().map(fault));
        }
    }
}

fn broken(condition: bool, rule: RegistrationRule) -> Judgement {
    if condition { Err(rule) } else { Ok(()) }
}

fn text(text: &str) -> Judgement {
    broken(text.trim().is_empty(), RegistrationRule::Missing)?;
    let odd = text.trim().len() != text.len() || text.chars().any(char::is_control);
    broken(odd, RegistrationRule::TextInvalid)
}

/// The brand is looked for at the beginning of words, and words begin at a capital
/// after a small letter too: "PeopleOps" is nobody's brand but its own.
fn name(name: &str) -> Judgement {
    text(name)?;
    let mut before = ' ';
    let mut word = String::new();
    let mut branded = false;
    for c in name.chars() {
        let begins = !before.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase());
        if begins {
            word.clear();
        }
        word.extend(c.to_lowercase());
        branded |= word == "pleo";
        before = c;
    }
    broken(branded, RegistrationRule::Branding)
}

/// A page for people; it may have a fragment.
fn page(uri: &str, environment: Pleo) -> Judgement {
    broken(uri.is_empty(), RegistrationRule::Missing)?;
    let without = uri.split_once('#').map_or(uri, |(page, _)| page);
    address(without, environment)
}

fn redirect(uri: &str, environment: Pleo) -> Judgement {
    broken(uri.is_empty(), RegistrationRule::Missing)?;
    broken(uri.contains('*'), RegistrationRule::Wildcard)?;
    address(uri, environment)
}

fn address(uri: &str, environment: Pleo) -> Judgement {
    let secure = |uri: &str| uri.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("https:"));
    match (uri::redirect_kind(uri), environment) {
        (Some(RedirectKind::Web), _) => Ok(()),
        (Some(RedirectKind::Localhost | RedirectKind::Loopback), Pleo::Staging) => Ok(()),
        (Some(RedirectKind::Localhost | RedirectKind::Loopback), Pleo::Production) => {
            Err(if secure(uri) { RegistrationRule::Local } else { RegistrationRule::NotHttps })
        }
        (Some(RedirectKind::PrivateScheme), _) => Err(RegistrationRule::NotHttps),
        (None, _) => {
            // Good but for its scheme.
            let rest = uri.strip_prefix("http:").map(|rest| alloc::format!("https:{rest}"));
            let plain = rest.is_some_and(|uri| uri::redirect_kind(&uri).is_some());
            Err(if plain { RegistrationRule::NotHttps } else { RegistrationRule::UriInvalid })
        }
    }
}

fn square(size: LogoSize) -> Judgement {
    broken(size.width == 0 || size.width != size.height, RegistrationRule::NotSquare)
}

/// Only what no mail system would take is refused.
fn email(address: &str) -> Judgement {
    broken(address.is_empty(), RegistrationRule::Missing)?;
    let plausible = address.rsplit_once('@').is_some_and(|(local, domain)| {
        let allowed =
            |c: char| !c.is_whitespace() && !c.is_control() && !"@<>()[],;:\"".contains(c);
        (1..=64).contains(&local.len())
            && local.chars().all(allowed)
            && domain.contains('.')
            && uri::is_dns_name(domain)
    });
    broken(!plausible, RegistrationRule::EmailInvalid)
}

fn scope(scope: &str) -> Judgement {
    broken(!is_scope(scope), RegistrationRule::ScopeInvalid)
}
