//! URLs, against the crate `url`: what a token or a person is sent to is read as every
//! browser and HTTP client reads it.

use crate::client;
use evergrant::{
    testing::{
        arbitrary::{Result, Unstructured},
        parts, provider_config,
    },
    *,
};
use url::{ParseError, Url};

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let loopback: bool = u.arbitrary()?;
    let at = usize::from(u.arbitrary::<u16>()?);
    let rest = u.take_rest();
    let (first, second) = rest.split_at(at.min(rest.len()));
    let [first, second] = [first, second].map(|it| String::from_utf8_lossy(it).into_owned());
    for text in [&first, &second] {
        origin(text);
        endpoint(text, loopback);
        redirect_uri(text);
    }
    loopback_ports(&first, &second);
    api_url(&first, &second, loopback);
    fixed_api_url(rest);
    Ok(())
}

/// What has an origin here has the same one there.
fn origin(text: &str) {
    let Some(ours) = parts::origin(text) else { return };
    // Whoever sends a token there has it judged by `is_api_url`, which refuses what
    // parsers strip or repair.
    if text.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
        return;
    }
    // An IPv6 address has many texts; it is kept here as it was written.
    let [ours, theirs] = [&*ours, text].map(|it| read(it).map(|url| url.origin()));
    assert_eq!(ours, theirs, "{text:?}");
}

/// None for a host with a label that begins as Punycode does and is none: `url` sends nothing
/// there, and who does asks for a name that nobody can have.
fn read(text: &str) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) => Some(url),
        Err(ParseError::IdnaError) if text.to_ascii_lowercase().contains("xn--") => None,
        Err(why) => panic!("{text:?}: {why}"),
    }
}

fn endpoint(text: &str, loopback: bool) {
    if !parts::is_endpoint(text, loopback) {
        return;
    }
    let Some(url) = read(text) else { return };
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    assert!(url.scheme() == "https" || (loopback && is_loopback(&url)), "{text:?}");
}

fn redirect_uri(text: &str) {
    if !parts::is_redirect_uri(text) {
        return;
    }
    let Some(url) = read(text) else { return };
    assert!(url.fragment().is_none(), "{text:?}");
    match url.scheme() {
        "https" => {}
        "http" => assert!(is_loopback(&url) || url.host_str() == Some("localhost"), "{text:?}"),
        other => assert!(other.contains('.'), "{text:?}"),
    }
}

/// Two redirect URIs are the same but for the port, and then both are loopback literals.
fn loopback_ports(registered: &str, asked: &str) {
    if registered == asked || !parts::redirect_matches(registered, asked) {
        return;
    }
    let [mut registered, mut asked] = [registered, asked].map(|it| Url::parse(it).expect("a URI"));
    assert!(is_loopback(&registered) && is_loopback(&asked));
    for url in [&mut registered, &mut asked] {
        url.set_port(None).expect("a host");
    }
    assert_eq!(registered, asked);
}

/// A token goes to the API's origin and nowhere else.
fn api_url(origin: &str, url: &str, loopback: bool) {
    let config = ProviderConfig {
        api_origin: origin.into(),
        loopback_http: loopback,
        disconnect: Disconnect::Forget,
        ..provider_config()
    };
    let Ok(provider) = Provider::new(config) else { return };
    let Some(origin) = read(&provider.config().api_origin).map(|url| url.origin()) else { return };
    assert!(provider.is_api_url(format!("{}/", provider.config().api_origin)));
    for url in [url, &[provider.config().api_origin.as_str(), url].concat()] {
        if provider.is_api_url(url) {
            assert_eq!(Url::parse(url).map(|url| url.origin()), Ok(origin.clone()), "{url:?}");
        }
    }
}

fn fixed_api_url(rest: &[u8]) {
    let client = client::fixture(Sealing::Plain);
    let url = [b"https://api.example", rest].concat();
    if client.provider().is_api_url(&url) {
        let url = Url::parse(str::from_utf8(&url).expect("UTF-8")).expect("a URL");
        assert_eq!(url.origin().ascii_serialization(), "https://api.example");
        assert!(url.username().is_empty() && url.password().is_none());
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(_)) | None => false,
    }
}
