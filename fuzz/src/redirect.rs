//! Redirects, against the crate `url`: what is exchanged is the one code that the URL
//! has, for the `state` and the browser that it was asked for with.

use crate::{client, world::World};
use evergrant::{
    testing::{
        self,
        arbitrary::{Result, Unstructured},
        query,
    },
    *,
};
use url::Url;

const STATE: &str = "{state}";

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let proven: bool = u.arbitrary()?;
    let restart: bool = u.arbitrary()?;
    let mut world = World::new(client::fixture(Sealing::Plain));
    // The redirect may have them where they are shown.
    world.has_canaries = false;
    world.tell(0, testing::authorize());
    world.settle();
    let opened = world.opened.last().expect("a URL").clone();
    let state = query(&opened, "state").expect("a state");
    // What the fuzzer cannot guess is put in where it asks for it.
    let text = String::from_utf8_lossy(u.take_rest()).replace(STATE, &state);
    if restart {
        world.restart(0);
    }
    let proof = if proven { BrowserProof::SameProcess } else { BrowserProof::Missing };
    world.tell(0, Input::Redirected { url: text.as_str().into(), proof });
    let exchanged = world.settle().into_iter().find_map(|request| {
        let body = String::from_utf8_lossy(request.body.expose()).into_owned();
        query(&format!("?{body}"), "code")
    });
    if let Some(code) = exchanged {
        assert!(proven, "a browser that has not shown itself");
        let behind = text.split_once('?').map_or("", |(_, query)| query);
        // A browser takes these out before anybody sees them.
        if behind.bytes().any(|b| b <= b' ') {
            return Ok(());
        }
        let url = Url::parse(&format!("https://client.example/?{behind}")).expect("a URL");
        let all = |name: &str| {
            let found = url.query_pairs().filter(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(all("code"), [code]);
        assert_eq!(all("state"), [state]);
        assert_eq!(all("iss"), ["https://as.example"]);
        assert!(all("error").iter().all(String::is_empty));
    }
    Ok(())
}
