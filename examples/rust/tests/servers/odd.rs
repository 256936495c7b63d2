//! Ids and secrets with odd characters, one at a time, so that the table can say
//! which of them a server gets wrong.

use evergrant::{BrowserProof, ConfigurationFault, Failure, TokenEndpointAuthMethod as Method};
use evergrant_example_host::HostError;

use crate::{
    notes::Notes,
    server::{Known, Server},
};

const ODD: [char; 10] = [' ', '+', '/', ':', '%', '~', '&', '=', '"', 'é'];
const METHODS: [Method; 2] = [Method::ClientSecretBasic, Method::ClientSecretPost];

pub(crate) fn clients() -> impl Iterator<Item = Known> {
    METHODS.into_iter().flat_map(|method| ODD.map(|odd| client(odd, method)))
}

fn client(odd: char, method: Method) -> Known {
    // The number keeps apart what a server that decodes wrongly takes for the same.
    Known::with(&format!("{odd}{}", u32::from(odd)), method)
}

pub(crate) fn observe(server: &Server, notes: &mut Notes) {
    let rows = [
        (METHODS[0], "odd characters in id and secret, by `client_secret_basic`"),
        (METHODS[1], "odd characters in id and secret, by `client_secret_post`"),
    ];
    for (method, row) in rows {
        let mut seen: Vec<(&str, Vec<String>)> = Vec::new();
        for odd in ODD {
            let what = try_out(server, &client(odd, method));
            let name = if odd == ' ' { "space".to_owned() } else { format!("`{odd}`") };
            match seen.iter_mut().find(|(other, _)| *other == what) {
                Some((_, characters)) => characters.push(name),
                None => seen.push((what, vec![name])),
            }
        }
        let parts =
            seen.iter().map(|(what, characters)| format!("{what}: {}", characters.join(" ")));
        notes.add(row, "", parts.collect::<Vec<_>>().join("; "));
    }
}

fn try_out(server: &Server, client: &Known) -> &'static str {
    let desk = server.desk(client);
    let mut host = desk.host();
    let (url, _) = host.authorize(desk.asking()).expect("a URL to open");
    let back = match desk.browser.try_visit(&url) {
        Ok(back) => back,
        // It refuses the registration, and says so when the client is first used.
        Err(page) if page.contains("invalid_client_metadata") => {
            return "`invalid_client_metadata`";
        }
        Err(page) => panic!("{client:?}: {page}"),
    };
    match host.redirected(back, BrowserProof::SameProcess) {
        Ok(_) => "good",
        Err(HostError::Failure(Failure::Misconfigured {
            reason: ConfigurationFault::InvalidClient,
            ..
        })) => "`invalid_client`",
        Err(error) => panic!("{client:?}: {error}"),
    }
}
