//! People in browsers, and those who forge what comes back from there.

use crate::{
    fault::Fault,
    plan::{API, REDIRECT_URI},
    server::{Code, Token},
    world::World,
};
use evergrant::*;

/// A browser that was sent to authorize.
#[derive(Clone, Debug)]
pub struct Visit {
    pub id: AuthorizationId,
    pub tenant: u8,
    worker: usize,
    state: String,
    challenge: String,
    binding: Option<Secret>,
    pub opened_at: u64,
    /// The generation that was known then.
    pub begun_in: Option<u64>,
    pub code: Option<u32>,
    /// The redirect that was believed, or should have been.
    last: Option<String>,
    /// Who was given a redirect of it, in which life: who else answers has taken it up.
    pub given: Vec<(usize, u32)>,
}

const ISS: &str = "&iss=https%3A%2F%2Fas.example";

impl World {
    pub fn open_url(
        &mut self,
        worker: usize,
        id: AuthorizationId,
        url: &Secret,
        binding: Option<Secret>,
        _expires_at: u64,
    ) {
        let field = |name: &str| {
            let (_, query) = url.expose().split_once('?')?;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let (Some(state), Some(challenge)) = (field("state"), field("code_challenge")) else {
            return self.fail("url", "without state or challenge".into());
        };
        let host = &mut self.workers[worker];
        host.owed.answers = host.owed.answers.saturating_sub(1);
        self.visits.push(Visit {
            id,
            tenant: host.tenant,
            worker,
            state: state.into(),
            challenge: challenge.into(),
            binding,
            opened_at: self.now,
            begun_in: host.knows,
            code: None,
            last: None,
            given: Vec::new(),
        });
    }

    pub fn authorize(&mut self, worker: usize, arg: u64) {
        if !self.workers[worker].is_up() {
            return;
        }
        self.workers[worker].owed.answers += 1;
        let binding = if arg.is_multiple_of(2) { Binding::Cookie } else { Binding::SameProcess };
        let scopes = if arg.is_multiple_of(5) { vec!["expenses:read".into()] } else { vec![] };
        let asked = Authorize {
            redirect_uri: REDIRECT_URI.into(),
            scopes,
            extra: vec![],
            binding,
            return_context: Some("/settings".into()),
            company: self.chosen_company(self.workers[worker].tenant, arg >> 32),
        };
        self.step(worker, Input::Authorize(asked));
    }

    /// Some browser comes back, as this fault has it.
    pub fn come_back(&mut self, fault: Fault, worker: usize, arg: u64) {
        if fault == Fault::Flood {
            for at in 0..18 {
                self.redirect(worker, format!("?state=flood-{at}&code=x"), BrowserProof::Missing);
            }
            return;
        }
        if self.visits.is_empty() {
            return;
        }
        let kind = arg >> 8;
        // As a rule the last one; people leave windows open.
        let pick = if arg.is_multiple_of(4) {
            (arg >> 16) as usize % self.visits.len()
        } else {
            self.visits.len() - 1
        };
        let visit = self.visits[pick].clone();
        let fresh = visit.last.is_none();
        if fault == Fault::Again {
            let Some(url) = visit.last.clone() else { return };
            let proof = proof(&visit);
            return self.redirect(self.home_of(&visit, worker), url, proof);
        }
        if fault == Fault::Forged {
            return self.forged(&visit, worker, kind);
        }
        if !fresh {
            return;
        }
        let query = if fault == Fault::Consent {
            let number = self.server.codes.len() as u32;
            let life = if kind.is_multiple_of(24) { 0 } else { 120_000 };
            self.server.codes.push(Code {
                tenant: visit.tenant,
                subject: self.picked_subject(visit.tenant, arg >> 40),
                challenge: visit.challenge.clone(),
                expires: self.now + life,
                grant: None,
                used: false,
            });
            self.visits[pick].code = Some(number);
            format!("?code=canary-code-{number}&state={}{ISS}", visit.state)
        } else {
            let error = ERRORS[kind as usize % ERRORS.len()];
            format!("?error={error}&error_description=no&state={}{ISS}", visit.state)
        };
        let url = format!("{REDIRECT_URI}{query}");
        self.visits[pick].last = Some(url.clone());
        let proof = proof(&visit);
        self.redirect(self.home_of(&visit, worker), url, proof);
    }

    /// Who gets the redirect: with a cookie any worker of the tenant.
    fn home_of(&self, visit: &Visit, worker: usize) -> usize {
        let fits = self.workers[worker].tenant == visit.tenant && self.workers[worker].is_up();
        if visit.binding.is_some() && fits { worker } else { visit.worker }
    }

    fn forged(&mut self, visit: &Visit, worker: usize, kind: u64) {
        let state = &visit.state;
        let mut proof = proof(visit);
        let mut home = self.home_of(visit, worker);
        let query = match kind % 12 {
            0 => format!("?state=forged-{kind}&code=x{ISS}"),
            1 => format!("?code=x{ISS}"),
            2 => format!("?state={state}&state={state}&code=x{ISS}"),
            3 => "no query".into(),
            4 => format!("?state={state}&code=x&iss=https%3A%2F%2Fevil.example"),
            5 => format!("?state={state}&code=x"),
            6 => format!("?state={state}&code=x&error=access_denied{ISS}"),
            7 => format!("?state={state}{ISS}"),
            8 | 9 => {
                proof = BrowserProof::Binding("not the cookie".into());
                format!("?state={state}&code=x{ISS}")
            }
            // One callback for all tenants, and a host that mixes them up.
            _ => {
                home = worker;
                if self.workers[home].tenant == visit.tenant {
                    proof = BrowserProof::Missing;
                }
                format!("?state={state}&code=x{ISS}")
            }
        };
        self.redirect(home, query, proof);
    }

    fn redirect(&mut self, worker: usize, url: String, proof: BrowserProof) {
        if !self.workers[worker].is_up() {
            return;
        }
        self.workers[worker].owed.answers += 1;
        let given = (worker, self.workers[worker].life);
        let is_of = |visit: &&mut Visit| url.contains(&visit.state);
        if let Some(visit) = self.visits.iter_mut().find(is_of) {
            visit.given.push(given);
        }
        self.step(worker, Input::Redirected { url: url.into(), proof });
    }

    /// A caller uses the token that it has, or that the machine would give it.
    pub fn call_api(&mut self, worker: usize, cached: bool) {
        let host = &self.workers[worker];
        let Some(machine) = host.machine.as_ref().filter(|_| host.is_up()) else { return };
        let wall = host.clock.wall(self.now);
        let used = if cached {
            host.cached.map(|(generation, token)| (generation, Some(token)))
        } else {
            let found = machine.authorization(wall, API, 0);
            found.map(|found| (found.generation, Token::of_header(found.header)))
        };
        let Some((generation, token)) = used else { return };
        let Some(token) = token else {
            return self.fail("f: served", "a header of nobody".into());
        };
        if !cached {
            self.check_served(worker, token);
        }
        if !self.server.takes(token, self.now) {
            self.answer_api(worker, generation, 401, vec![]);
        }
    }

    pub fn answer_api(
        &mut self,
        worker: usize,
        generation: u64,
        status: u16,
        headers: Vec<(String, String)>,
    ) {
        let host = &mut self.workers[worker];
        if !host.is_up() {
            return;
        }
        if host.cached.is_some_and(|(cached, _)| cached <= generation) && status == 401 {
            host.cached = None;
        }
        if status == 401 {
            let told = &mut self.told_dead[usize::from(host.tenant)];
            *told = (*told).max(generation);
        }
        self.step(worker, Input::ApiAnswered { generation, status, headers });
    }
}

fn proof(visit: &Visit) -> BrowserProof {
    visit.binding.clone().map_or(BrowserProof::SameProcess, BrowserProof::Binding)
}

const ERRORS: [&str; 8] = [
    "access_denied",
    "access_denied",
    "login_required",
    "temporarily_unavailable",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_response_type",
    "made_up",
];
