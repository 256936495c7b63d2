//! Who goes to the consent page: a person's browser, or this program itself.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use evergrant::Secret;
use ureq::Agent;

/// Tries to open the URL for a person. Where that fails, the person has the
/// URL on the screen.
pub(crate) fn open(url: &Secret) {
    let opener = Command::new("xdg-open")
        .arg(url.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut opener) = opener {
        thread::spawn(move || opener.wait());
    }
}

/// Does what a browser does where nobody has to be asked: goes to the URL, and
/// from there to where it is sent.
pub(crate) fn follow(url: Secret) {
    thread::spawn(move || {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .proxy(None)
            .build()
            .into();
        // If this fails nobody comes back, and the story says so.
        let Ok(answer) = agent.get(url.expose()).call() else { return };
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        if let Some(location) = location {
            let _ = agent.get(location).call();
        }
    });
}
