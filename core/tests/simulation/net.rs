//! Requests on their way, what becomes of them there, and answers on theirs.

use crate::{
    answers,
    dice::{Dice, Fate, Site},
    event::{Event, Held},
    fault::Fault,
    host::START,
    plan::Plan,
    server::{Handled, Issued, Token},
    world::World,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use evergrant::*;
use sha2::{Digest as _, Sha256};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Refresh(u32),
    Exchange {
        code: u32,
        challenge: String,
    },
    Introspect(u32),
    Revoke(Token),
    /// Whose is this credential? None: one that nobody has given out.
    Whose(Option<Token>),
    Uninstall(Token),
}

#[derive(Clone, Debug)]
pub struct Flight {
    pub id: u32,
    pub worker: usize,
    pub life: u32,
    op: Op,
    pub ask: Ask,
    pub sent_at: u64,
    listen_until: u64,
    fate: Fate,
    /// Nobody will handle it.
    pub lost: bool,
    pub handled: bool,
    issued: Option<Issued>,
    answer: Option<HttpResponse>,
}

impl Flight {
    /// The answer is on its way home.
    pub fn answered(&self) -> bool {
        self.issued.is_some() && self.answer.is_some()
    }
}

impl Ask {
    fn read(request: &HttpRequest) -> Option<Self> {
        if request.method != Method::Post {
            let header = request.headers.iter().find(|(name, _)| *name == "authorization")?;
            let token = Token::of_header(header.1.expose());
            return match (request.method, token) {
                (_, Some(Token::Refresh(_))) => None,
                (Method::Get, token) => Some(Self::Whose(token)),
                (_, token) => token.map(Self::Uninstall),
            };
        }
        let body = std::str::from_utf8(request.body.expose()).ok()?;
        let field = |name: &str| {
            body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let refresh = |text: &str| match Token::read(text)? {
            Token::Refresh(number) => Some(number),
            Token::Access(_) | Token::Key(_) => None,
        };
        if request.url.ends_with("/introspect") {
            return Some(Self::Introspect(refresh(field("token")?)?));
        }
        if request.url.ends_with("/revoke") {
            return Some(Self::Revoke(Token::read(field("token")?)?));
        }
        match field("grant_type")? {
            "refresh_token" => Some(Self::Refresh(refresh(field("refresh_token")?)?)),
            "authorization_code" => Some(Self::Exchange {
                // A forged one is nobody's.
                code: field("code")?
                    .strip_prefix("canary-code-")
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(u32::MAX),
                challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")?)),
            }),
            _ => None,
        }
    }
}

/// What becomes of a request.
fn draw(plan: &Plan, dice: &mut Dice, rare: bool) -> Fate {
    let timing = plan.timing();
    let fault = plan.http.draw(dice);
    let fault = if rare && dice.one_in(2) { plan.http.any(dice) } else { fault };
    let arg = dice.next() as u32;
    let soon = |dice: &mut Dice| if dice.one_in(8) { dice.below(800) } else { dice.below(80) };
    let (mut there, mut back) = (soon(dice), soon(dice));
    let (listen, start) = (timing.listen_for, timing.start_within);
    match fault {
        Some(Fault::SlowServer) => {
            there = dice.between(start / 2, start - 1);
            back = dice.below(listen - start).min(listen - 1 - there);
        }
        Some(Fault::LateReply) => {
            there = dice.below(start);
            back = dice.between(listen - 500, listen + 1_500).saturating_sub(there);
        }
        Some(Fault::RequestLost) => back = dice.below(listen),
        Some(Fault::ReplyLost | Fault::Reset | Fault::Duplicate) if dice.one_in(2) => {
            there = dice.below(start);
        }
        Some(Fault::HeldSend) => there += dice.below(timing.takeover_after * 3),
        Some(Fault::BeyondListening) => back = listen + dice.below(timing.takeover_after * 3),
        Some(Fault::BeyondStart) => there = start + dice.below(timing.takeover_after * 3),
        _ => {}
    }
    Fate { fault: fault.map_or(0, Fault::number), arg, there: there as u32, back: back as u32 }
}

impl World {
    pub fn send(
        &mut self,
        worker: usize,
        op: Op,
        request: HttpRequest,
        send_within: u64,
        listen_for: u64,
    ) {
        let Some(ask) = Ask::read(&request) else {
            return self.fail("request", format!("{} cannot be read", request.url));
        };
        let (plan, rare) = (&self.plan, self.is_rare(worker, op));
        let fate = self.chance.fate(Site::Http, |dice| draw(plan, dice, rare));
        let fault = Fault::of(fate.fault);
        if let Some(fault) = fault {
            self.struck_on(fault, worker, op);
        }
        let life = self.workers[worker].life;
        let (there, back) = (u64::from(fate.there).max(1), u64::from(fate.back).max(1));
        let unsent = match fault {
            Some(Fault::NotSent) => Some((HttpFault::NotSent, back)),
            Some(Fault::TooLate) => Some((HttpFault::TooLate, send_within + 1)),
            _ => None,
        };
        if let Some((why, wait)) = unsent {
            let input = Box::new(Input::HttpFailed { op, why });
            return self.at(wait, Event::Tell { worker, life, input, seen: None });
        }
        match ask {
            Ask::Refresh(number) => self.check_send(worker, number),
            Ask::Whose(Some(Token::Key(_))) => {
                let host = &mut self.workers[worker];
                host.key_asked_in = host.key_asked_in.or(host.knows);
            }
            _ => {}
        }
        self.flights_made += 1;
        let id = self.flights_made;
        self.flights.push(Flight {
            id,
            worker,
            life,
            op,
            ask,
            sent_at: self.now,
            listen_until: self.now + listen_for,
            fate,
            lost: fault == Some(Fault::RequestLost),
            handled: false,
            issued: None,
            answer: None,
        });
        match fault {
            Some(Fault::RequestLost) => {
                return self.at(back.min(listen_for), Event::Silence { flight: id });
            }
            Some(Fault::Reset) => self.at(back, Event::Silence { flight: id }),
            Some(Fault::BeyondStart) => self.at(listen_for, Event::Silence { flight: id }),
            Some(Fault::Duplicate) => {
                let wait = there + u64::from(fate.arg) % self.plan.timing().start_within;
                let ask = Box::new(self.flights[self.flights.len() - 1].ask.clone());
                self.at(wait, Event::Copy(ask));
            }
            _ => {}
        }
        self.at(there, Event::Arrive { flight: id });
    }

    /// A request comes to the server.
    pub fn arrive(&mut self, id: u32) {
        let Some(at) = self.flights.iter().position(|flight| flight.id == id) else { return };
        let (ask, fate) = (self.flights[at].ask.clone(), self.flights[at].fate);
        let fault = Fault::of(fate.fault);
        let at_api = matches!(ask, Ask::Uninstall(_) | Ask::Whose(_));
        let broken = self.client_broken_until > self.now && !at_api;
        let unhandled = match fault {
            _ if broken => Some(answers::error(401, "invalid_client")),
            Some(fault) => answers::unhandled(fault, fate.arg, START + self.now),
            None => None,
        };
        let (mut answer, issued) = match unhandled {
            Some(answer) => (Some(answer), None),
            None => {
                let (answer, issued) = self.handle(&ask, fault, fate.arg);
                (Some(answer), issued)
            }
        };
        if let Some(spoilt) = fault.and_then(|fault| answers::spoilt(fault, fate.arg)) {
            answer = Some(spoilt);
        }
        let flight = &mut self.flights[at];
        flight.handled = true;
        flight.issued = issued;
        let listening = flight.life == self.workers[flight.worker].life;
        let back = u64::from(fate.back).max(1);
        let heard = match fault {
            Some(Fault::ReplyLost | Fault::Reset | Fault::BeyondStart) => false,
            Some(Fault::BeyondListening) => true,
            _ => self.now + back <= flight.listen_until,
        };
        let unusable = matches!(fault, Some(Fault::ErrorAfter | Fault::CutShort | Fault::TooLarge));
        let until = flight.listen_until;
        flight.answer = answer.filter(|_| heard);
        if !(listening && heard) || unusable {
            self.lose(at);
        }
        match (listening, heard, fault) {
            (true, true, _) => self.at(back, Event::Reply { flight: id }),
            // The host hears of a reset by another way, and of silence at its end.
            (true, false, Some(Fault::Reset | Fault::BeyondStart)) => {}
            (true, false, _) => {
                let wait = until.saturating_sub(self.now).max(1);
                self.at(wait, Event::Silence { flight: id });
            }
            (false, ..) => drop(self.flights.swap_remove(at)),
        }
    }

    /// The same request comes once more; what it brings, nobody hears.
    pub fn copy(&mut self, ask: &Ask) {
        if let Ask::Refresh(number) = ask {
            self.server.refresh[*number as usize].duplicated = true;
        }
        let _ = self.handle(ask, None, 0);
    }

    /// The answer that this request brought is lost.
    fn lose(&mut self, at: usize) {
        let flight = &mut self.flights[at];
        if let (Ask::Refresh(number), Some(issued)) = (&flight.ask, flight.issued.take())
            && !issued.kept
        {
            self.server.answer_lost(*number, issued.refresh);
        }
    }

    fn handle(
        &mut self,
        ask: &Ask,
        fault: Option<Fault>,
        arg: u32,
    ) -> (HttpResponse, Option<Issued>) {
        let handled = match ask {
            Ask::Refresh(number) => {
                let keeping = fault.is_some_and(|fault| answers::is_without_refresh(fault, arg));
                let handled = self.server.refresh(*number, self.now, keeping);
                if let Handled::Replayed { ended } = handled {
                    self.tally.replays += 1;
                    self.check_replay(*number, ended);
                }
                handled
            }
            Ask::Exchange { code, challenge } => self.server.exchange(*code, challenge, self.now),
            Ask::Introspect(number) => {
                let live = self.server.honours(*number, self.now);
                return (answers::json(200, format!(r#"{{"active":{live}}}"#)), None);
            }
            Ask::Revoke(token) => {
                self.server.revoke(*token);
                return (answers::json(200, String::new()), None);
            }
            Ask::Whose(token) => return (self.server.whose(*token, self.now), None),
            Ask::Uninstall(token) => {
                let status = self.server.uninstall(*token, self.now);
                return (answers::json(status, String::new()), None);
            }
        };
        match handled {
            Handled::Issued(issued) => {
                let life = self.server.access_life / 1_000;
                if answers::tells_refresh_life(fault, arg) {
                    // What the server says of its token is so.
                    let token = &mut self.server.refresh[issued.refresh as usize];
                    token.expires = Some(self.now + life * 2_000);
                }
                (answers::tokens(&issued, life, fault, arg), Some(issued))
            }
            Handled::Refused | Handled::Replayed { .. } => {
                (answers::error(400, "invalid_grant"), None)
            }
        }
    }

    /// An answer comes home.
    pub fn reply(&mut self, id: u32) {
        let Some(at) = self.flights.iter().position(|flight| flight.id == id) else { return };
        let flight = &mut self.flights[at];
        let (worker, life, op) = (flight.worker, flight.life, flight.op);
        let Some(response) = flight.answer.take() else { return };
        if self.workers[worker].life != life {
            self.lose(at);
            self.flights.swap_remove(at);
            return;
        }
        if let Some(issued) = flight.issued {
            let parent = match flight.ask {
                Ask::Refresh(number) => Some(number),
                _ => None,
            };
            let since = self.now;
            let Issued { refresh, access, .. } = issued;
            self.held.push(Held { parent, refresh, access, worker, life, since });
        }
        self.flights.swap_remove(at);
        self.tell(worker, life, Input::HttpDone { op, response }, None);
    }

    /// The host has listened long enough, or hears that the connection has broken.
    pub fn silence(&mut self, id: u32) {
        let Some(at) = self.flights.iter().position(|flight| flight.id == id) else { return };
        let flight = &self.flights[at];
        let (worker, life, op) = (flight.worker, flight.life, flight.op);
        if flight.handled || flight.lost {
            self.flights.swap_remove(at);
        }
        self.tell(worker, life, Input::HttpFailed { op, why: HttpFault::Unknown }, None);
    }

    /// What is on its way for a process that has ended.
    pub fn orphan_flights(&mut self, worker: usize) {
        let life = self.workers[worker].life;
        for at in (0..self.flights.len()).rev() {
            let flight = &self.flights[at];
            if flight.worker == worker && flight.life == life && (flight.handled || flight.lost) {
                self.lose(at);
                self.flights.swap_remove(at);
            }
        }
        let held = std::mem::take(&mut self.held);
        for held in held {
            if held.worker != worker || held.life != life {
                self.held.push(held);
            } else if let Some(parent) = held.parent
                && parent != held.refresh
            {
                self.server.answer_lost(parent, held.refresh);
            }
        }
    }
}
