//! What an app calls: the lifecycle as five verbs over the loop.

use std::{thread, time::Duration};

use evergrant::{
    Activity, ApiKey, Authorize, BrowserProof, CallbackFault, Client, Failure, HttpRequest,
    HttpResponse, Input, Method, Output, Secret, SecretBytes, pending_key, pending_tenant,
};

use super::Host;
use crate::{HostError, Seen, Store, http::path_of};

/// How long a token must be good for to be worth sending, in milliseconds.
const MIN_VALIDITY: u64 = 30_000;

/// How long a caller waits for a token, in milliseconds. The refresh itself is
/// never given up: whoever comes next finds what became of it.
const PATIENCE: u64 = 10_000;

/// How long an API request may take to leave, and its answer to come, in
/// milliseconds; and the largest answer, in bytes. The host's own choice.
const API_SEND_WITHIN: u64 = 10_000;
const API_LISTEN_FOR: u64 = 30_000;
const API_LIMIT: u32 = 1 << 20;

/// What the API said, whatever its status but 401, 403, 429 and 5xx.
#[derive(Clone, Debug)]
pub struct ApiAnswer {
    /// The answer.
    pub response: HttpResponse,
    /// Whether it took a new token: the first one was refused.
    pub replayed: bool,
}

impl Host {
    /// Begins an authorization; answers with the URL for the browser, and the
    /// secret of the cookie if one was asked for.
    ///
    /// # Errors
    /// If the pending authorization could not be stored.
    pub fn authorize(&mut self, asked: Authorize) -> Result<(Secret, Option<Secret>), HostError> {
        let news = self.tell(Input::Authorize(asked))?;
        fail(&news, |activity| matches!(activity, Activity::Authorization { .. }))?;
        let opened = news.into_iter().find_map(|output| match output {
            Output::OpenUrl { url, binding, .. } => Some((url, binding)),
            _ => None,
        });
        opened.ok_or(HostError::StillWaiting)
    }

    /// Completes an authorization with the URL that the browser came back to;
    /// answers with the scopes that were granted.
    ///
    /// # Errors
    /// [`Failure::CallbackRefused`]: nothing has changed, go on waiting. Any
    /// other failure is the end of this authorization.
    pub fn redirected(&mut self, url: Secret, proof: BrowserProof) -> Result<String, HostError> {
        let mut news = self.tell(Input::Redirected { url, proof })?;
        let give_up = self.world.ticks().saturating_add(PATIENCE);
        loop {
            fail(&news, |activity| {
                matches!(activity, Activity::Authorization { .. } | Activity::Redirect)
            })?;
            for output in news {
                if let Output::Authorized { scope, .. } = output {
                    return Ok(scope);
                }
            }
            news = self.wait(give_up)?;
        }
    }

    /// Fetches a URL of the API. A token that has run out is replaced first; one
    /// that the API refuses is replaced once, and the request sent once more.
    ///
    /// # Errors
    /// Whatever stands between this connection and the API, named by what to do.
    pub fn api_get(&mut self, url: &str) -> Result<ApiAnswer, HostError> {
        let mut replayed = false;
        loop {
            let (generation, header) = self.token(url)?;
            let request = HttpRequest {
                method: Method::Get,
                url: url.to_owned(),
                headers: vec![("authorization", header)],
                body: SecretBytes::new([]),
            };
            let send_by = self.world.ticks().saturating_add(API_SEND_WITHIN);
            let sent = self.http.send(&self.world, &request, send_by, API_LISTEN_FOR, API_LIMIT);
            let response = sent.map_err(HostError::Api)?;
            let status = response.status;
            self.counters.api_calls += 1;
            self.seen(Seen::Api { path: &path_of(url), status });
            let headers = response.headers.clone();
            let news = self.tell(Input::ApiAnswered { generation, status, headers })?;
            fail(&news, |activity| matches!(activity, Activity::ApiCall | Activity::Token))?;
            if status != 401 || replayed {
                return Ok(ApiAnswer { response, replayed });
            }
            replayed = true;
        }
    }

    /// Takes an API key that a person has entered; answers with the company that it
    /// is of. Until then whatever was there before goes on serving.
    ///
    /// # Errors
    /// What is wrong with the key, or stands between this host and the API.
    pub fn enter_key(&mut self, entered: ApiKey) -> Result<String, HostError> {
        let mut news = self.tell(Input::KeyEntered(entered))?;
        let give_up = self.world.ticks().saturating_add(PATIENCE);
        loop {
            fail(&news, |activity| *activity == Activity::Key)?;
            for output in news {
                if let Output::KeyAccepted { company, .. } = output {
                    return Ok(company);
                }
            }
            news = self.wait(give_up)?;
        }
    }

    /// Which of these scopes (separated by spaces) the grant has not: a call that needs
    /// one of them would be refused, and need not be made.
    pub fn missing_scopes(&self, needed: &str) -> String {
        self.connection.missing_scopes(needed)
    }

    /// Ends the grant, here and at the server. While the status afterwards is
    /// still [`evergrant::Status::Disconnecting`], the server could not be told yet.
    ///
    /// # Errors
    /// If the store did not take it, or the server refused for good.
    pub fn disconnect(&mut self) -> Result<(), HostError> {
        let news = self.tell(Input::Revoke)?;
        fail(&news, |activity| *activity == Activity::Revoke)
    }

    /// The token for this URL and its generation, waited for if need be.
    fn token(&mut self, url: &str) -> Result<(u64, Secret), HostError> {
        let give_up = self.world.ticks().saturating_add(PATIENCE);
        if let Some(found) = self.token_at_hand(url, MIN_VALIDITY) {
            return Ok(found);
        }
        let mut news = self.tell(Input::TokenWanted { min_validity: MIN_VALIDITY })?;
        loop {
            fail(&news, |activity| *activity == Activity::Token)?;
            if news.iter().any(|output| matches!(output, Output::TokenReady { .. })) {
                // It may be good for less than was asked for: it is the best there is.
                return self.token_at_hand(url, 0).ok_or(HostError::ForeignUrl);
            }
            news = self.wait(give_up)?;
        }
    }

    fn token_at_hand(&self, url: &str, validity: u64) -> Option<(u64, Secret)> {
        let credential = self.connection.authorization(self.world.now(), url, validity)?;
        Some((credential.generation, Secret::from(credential.header)))
    }

    /// Sleeps until the machine wants a step, then makes it.
    fn wait(&mut self, give_up: u64) -> Result<Vec<Output>, HostError> {
        let left = give_up.saturating_sub(self.world.ticks());
        if left == 0 {
            return Err(HostError::StillWaiting);
        }
        let until = self.wake_at.map_or(left, |at| at.saturating_sub(self.world.now()));
        thread::sleep(Duration::from_millis(until.min(left)));
        self.run()
    }
}

/// Whose authorization a redirect speaks of: one callback URL serves all
/// tenants, and the process that gets the callback need not have begun it.
///
/// # Errors
/// [`Failure::CallbackRefused`] if it speaks of none.
pub fn tenant_of(
    client: &Client,
    store: &mut dyn Store,
    url: &Secret,
) -> Result<String, HostError> {
    let key = pending_key(url)?;
    let unknown = Failure::CallbackRefused(CallbackFault::StateUnknown);
    let found = store.swap(&key, None, None)?.ok_or(unknown)?;
    Ok(pending_tenant(client, url, &found.bytes)?)
}

/// The first failure of an activity of this kind, if there is one.
fn fail(news: &[Output], of: impl Fn(&Activity) -> bool) -> Result<(), HostError> {
    for output in news {
        if let Output::Failed { activity, failure } = output
            && of(activity)
        {
            return Err(failure.clone().into());
        }
    }
    Ok(())
}
