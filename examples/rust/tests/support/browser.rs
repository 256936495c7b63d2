//! Somebody at a browser.

use std::{collections::BTreeMap, sync::Mutex};

use evergrant::Secret;
use ureq::{
    Agent, Error,
    http::{Response, header},
};

use super::{BACK, agent};

/// A browser that keeps its cookies, follows redirects up to the one that leaves
/// for the app, and whose person answers forms by pressing a button.
pub struct Browser {
    agent: Agent,
    cookies: Mutex<BTreeMap<String, String>>,
    /// Whether the person says no.
    pub refuses: bool,
}

impl Browser {
    pub fn new() -> Self {
        Self { agent: agent(), cookies: Mutex::default(), refuses: false }
    }

    pub fn visit(&self, url: &Secret) -> Secret {
        self.try_visit(url).unwrap_or_else(|page| panic!("no redirect but {page}"))
    }

    /// The redirect to the app, or else the page where the way ends.
    pub fn try_visit(&self, url: &Secret) -> Result<Secret, String> {
        let mut url = url.expose().to_owned();
        let mut form = None;
        for _ in 0..12 {
            let mut answer = self.load(&url, form.take()).expect("an answer");
            let next = match location(&answer) {
                Some(next) => next,
                None => {
                    let page = answer.body_mut().read_to_string().unwrap_or_default();
                    form = filled(&page, self.refuses).filter(|_| answer.status() == 200);
                    if form.is_none() {
                        return Err(format!("{}: {page}", answer.status()));
                    }
                    continue;
                }
            };
            if next.starts_with(BACK) {
                return Ok(Secret::new(next));
            }
            url = absolute(&url, &next);
        }
        panic!("redirected for ever");
    }

    fn load(&self, url: &str, form: Option<String>) -> Result<Response<ureq::Body>, Error> {
        let mut cookies = self.cookies.lock().expect("no panic");
        let jar: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = match form {
            None => self.agent.get(url).header(header::COOKIE, jar.join("; ")).call()?,
            Some(body) => {
                let request = self.agent.post(url).header(header::COOKIE, jar.join("; "));
                request.content_type("application/x-www-form-urlencoded").send(body)?
            }
        };
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(answer)
    }
}

fn location(answer: &Response<ureq::Body>) -> Option<String> {
    Some(answer.headers().get(header::LOCATION)?.to_str().expect("text").to_owned())
}

fn absolute(base: &str, next: &str) -> String {
    if !next.starts_with('/') {
        return next.to_owned();
    }
    let origin = base.match_indices('/').nth(2).map_or(base, |(at, _)| &base[..at]);
    format!("{origin}{next}")
}

/// The page's form as it is sent when the person presses a button: what was in
/// it, and of the buttons only "allow", and only from who agrees.
fn filled(page: &str, refuses: bool) -> Option<String> {
    if !page.contains("<form") {
        return None;
    }
    let mut body = form_urlencoded::Serializer::new(String::new());
    for input in page.split("<input").skip(1) {
        let tag = input.split('>').next().unwrap_or_default();
        let attribute = |name: &str| {
            let (_, value) = tag.split_once(&format!(" {name}=\""))?;
            Some(unescaped(value.split('"').next()?))
        };
        let Some(name) = attribute("name") else { continue };
        if name != "allow" || !refuses {
            body.append_pair(&name, &attribute("value").unwrap_or_default());
        }
    }
    Some(body.finish())
}

fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, sign)| text.replace(mark, sign))
}
