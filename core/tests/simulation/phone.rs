//! Restore everywhere: a phone whose process is killed after each single output, with
//! the output done or not, and one that never lives for longer than so many outputs.

use crate::common::{server::Fault, *};
use evergrant::*;

/// What the person with the phone wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Connect,
    Deny,
    Cancel,
    Token,
    End,
}

#[derive(Clone)]
struct Flow {
    name: &'static str,
    goal: Goal,
    world: fn() -> World,
    /// The shortest life, in outputs that have an effect, with which it comes to an end.
    shortest: usize,
}

struct Phone {
    world: World,
    goal: Goal,
    /// Where the browser was sent, and where it will come back to.
    visit: Option<(AuthorizationId, String)>,
    redirect: Option<String>,
    given: bool,
    /// The output after which the process dies, and whether it was done.
    kill: Option<(usize, bool)>,
    outputs: usize,
    /// So many outputs that have an effect is all that a life has, and what is left of it.
    life: Option<usize>,
    left: usize,
    lives: usize,
    tokens: usize,
    failed: Vec<&'static str>,
    /// The successor of the stored token was lost with the process.
    lost: bool,
}

fn provider(change: fn(&mut ProviderConfig)) -> World {
    let mut config = provider_config();
    change(&mut config);
    World::with(client_of(config, client_config()))
}

fn connected(mut world: World) -> World {
    world.authorize();
    world.advance(3_600_000);
    world
}

fn delete(config: &mut ProviderConfig) {
    let url = "https://api.example/v1/installations/me".into();
    config.disconnect = Disconnect::ApiRequest { method: Method::Delete, url, spares_others: true };
}

fn forget(config: &mut ProviderConfig) {
    config.disconnect = Disconnect::Forget;
}

/// Every flow, and the shortest life that it needs. A code is nowhere but in memory,
/// and so are an intent's owner and an answer: what lies between them is one life's
/// work, or the protocol would have to keep codes, or let strangers finish a refresh.
fn flows() -> Vec<Flow> {
    let flow = |name, goal, world, shortest| Flow { name, goal, world, shortest };
    vec![
        // Looked at, stored, opened; then looked at, used up, fenced, sent, stored.
        flow("authorize and exchange", Goal::Connect, World::new, 5),
        flow("deny", Goal::Deny, World::new, 3),
        flow("cancel", Goal::Cancel, World::new, 3),
        // Intent, request, save.
        flow("refresh", Goal::Token, || connected(World::new()), 3),
        flow(
            "takeover",
            Goal::Token,
            || {
                let mut world = connected(World::new());
                until_sent(&mut world, wanted());
                world.restart();
                world
            },
            3,
        ),
        // The end is written; each life then looks, tells the server and writes that it did.
        flow("revoke by RFC 7009", Goal::End, || connected(World::new()), 3),
        // Or looks, renews as any refresh does, and leaves the rest to the next life.
        flow("revoke by a request", Goal::End, || connected(provider(delete)), 4),
        flow("revoke by forgetting", Goal::End, || connected(provider(forget)), 2),
        flow(
            "reauthenticate",
            Goal::Connect,
            || {
                let mut world = connected(World::new());
                world.server.live = None;
                world.token_wanted();
                world
            },
            5,
        ),
        flow(
            "outbox",
            Goal::End,
            || {
                let mut world = connected(World::new());
                world.server.faults.extend(std::iter::repeat_n(Fault::RequestLost, 5));
                world.run(Input::Revoke);
                while world.record()["status"] != "disconnected" {
                    world.wake();
                }
                world
            },
            2,
        ),
    ]
}

impl Phone {
    fn new(flow: &Flow) -> Self {
        Self {
            world: (flow.world)(),
            goal: flow.goal,
            visit: None,
            redirect: None,
            given: false,
            kill: None,
            outputs: 0,
            life: None,
            left: 0,
            lives: 0,
            tokens: 0,
            failed: Vec::new(),
            lost: false,
        }
    }

    /// Tells the machine, and does what it wants; false if the process died of it.
    fn tell(&mut self, input: Input) -> bool {
        let mut queue = vec![input];
        while let Some(input) = queue.pop() {
            for output in self.world.step(input).outputs {
                self.outputs += 1;
                if self.kill == Some((self.outputs, false)) {
                    return self.die();
                }
                let answer = self.world.perform(&output);
                self.heed(&output);
                if self.kill == Some((self.outputs, true)) {
                    return self.die();
                }
                let effect = is_open(&output) || matches!(output, Output::OpenUrl { .. });
                if effect && self.life.is_some() {
                    self.left -= 1;
                    if self.left == 0 {
                        return self.die();
                    }
                }
                queue.extend(answer);
            }
        }
        true
    }

    fn die(&mut self) -> bool {
        self.lives += 1;
        if let Some(stored) = self.world.stored() {
            let live = self.world.server.live.as_ref().map(|(refresh, _)| refresh.as_bytes());
            let kept = live.is_none_or(|live| {
                stored.bytes.expose().windows(live.len()).any(|part| part == live)
            });
            self.lost |= !kept;
        }
        self.world.restart();
        self.left = self.life.unwrap_or_default();
        false
    }

    /// Where lives are short, each begins with what a person or a timer wants.
    fn begin_anew(&mut self) {
        if let Some(life) = self.life {
            self.world.restart();
            self.left = life;
        }
    }

    fn heed(&mut self, output: &Output) {
        match output {
            Output::OpenUrl { authorization, url, .. } => {
                self.visit = Some((authorization.clone(), url.expose().to_owned()));
                self.redirect = None;
                self.given = false;
            }
            Output::TokenReady { .. } => self.tokens += 1,
            Output::Failed { failure, .. } => self.failed.push(failure.code()),
            _ => {}
        }
    }

    fn is_there(&self) -> bool {
        let failed = |code: &str| self.failed.contains(&code);
        match self.goal {
            Goal::Connect => self.world.header().is_some(),
            Goal::Token => {
                self.tokens > 0 || self.failed.iter().any(|code| code.starts_with("reauth"))
            }
            Goal::Deny => failed("denied_access") || failed("callback_state_used"),
            Goal::Cancel => failed("callback_state_used") || failed("callback_state_unknown"),
            Goal::End => {
                let record = self.world.stored().map(|_| self.world.record());
                record.is_some_and(|record| {
                    record["status"] == "disconnected" && record["outbox"].is_null()
                })
            }
        }
    }

    /// What the person, or the app for them, does next.
    fn next(&mut self) -> Option<Input> {
        let back =
            |url: &str| Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess };
        match self.goal {
            Goal::Token => Some(wanted()),
            Goal::End => {
                let status = self.world.record()["status"].clone();
                let ending = status == "disconnected" || status["disconnecting"].is_object();
                (!ending).then_some(Input::Revoke)
            }
            Goal::Connect | Goal::Deny | Goal::Cancel => {
                let Some((id, url)) = self.visit.clone() else { return Some(authorize()) };
                if self.goal == Goal::Cancel && !self.given {
                    // Cancelled, as often as it takes; then the browser comes back after all.
                    self.given = !self.tell(Input::Cancel { authorization: Some(id) });
                    self.given = !self.given;
                    return None;
                }
                if let Some(redirect) = self.redirect.clone() {
                    if self.goal == Goal::Connect
                        && self.failed.iter().any(|code| code.starts_with("callback"))
                    {
                        // Used up by a life that is over: the person begins anew.
                        self.failed.clear();
                        self.visit = None;
                    }
                    return Some(back(&redirect));
                }
                let redirect = match self.goal {
                    Goal::Deny => server::Server::deny(&url),
                    _ => self.world.server.consent(&url),
                };
                self.redirect = Some(redirect.clone());
                Some(back(&redirect))
            }
        }
    }

    /// Until the person has what they want; how many turns it took.
    fn go_on(&mut self, turns: usize) -> bool {
        for _ in 0..turns {
            if self.is_there() {
                return true;
            }
            self.begin_anew();
            if let Some(input) = self.next() {
                self.tell(input);
            }
            if self.is_there() {
                return true;
            }
            let at = self.world.connection.wake_at(self.world.now);
            let wait = at.map_or(30_000, |at| at.saturating_sub(self.world.now).clamp(1, 100_000));
            self.world.advance(wait);
            self.begin_anew();
            self.tell(Input::Wake);
        }
        self.is_there()
    }
}

/// The process dies after each output of a flow, once.
pub fn killed_after_each_output() {
    for flow in flows() {
        let mut kills = 0;
        for at in 1.. {
            let mut reached = false;
            for done in [false, true] {
                let mut phone = Phone::new(&flow);
                phone.kill = Some((at, done));
                assert!(phone.go_on(400), "{}, killed at output {at}, done {done}", flow.name);
                reached |= phone.lives > 0;
                if flow.goal != Goal::Token {
                    continue;
                }
                // The one loss that no client can help (docs/refresh.md).
                let verdict = phone.tokens == 0;
                let says = format!("{}, {at}, {done}: {:?}", flow.name, phone.failed);
                assert_eq!(verdict, phone.lost, "{says}");
                assert!(!verdict || phone.failed.contains(&"reauthenticate_lost_reply"), "{says}");
            }
            if !reached {
                break;
            }
            kills += 1;
        }
        println!("{}: killed at each of {kills} outputs", flow.name);
        assert!(kills > 1, "{}", flow.name);
    }
}

/// A phone that is killed again and again, after so many outputs that have an effect.
fn with_lives_of(flow: &Flow, outputs: usize) -> Phone {
    let mut phone = Phone::new(flow);
    (phone.life, phone.left) = (Some(outputs), outputs);
    // Others' refreshes are waited out half a second at a time: A, and the skew.
    phone.go_on(900);
    phone
}

/// No life is longer than so many outputs: with the shortest that a flow needs it comes
/// to its end, with a shorter one it loses nothing.
pub fn never_lives_for_long() {
    for flow in flows() {
        let shortest = (1..=9).find(|outputs| with_lives_of(&flow, *outputs).is_there());
        println!("{}: {shortest:?}", flow.name);
        assert_eq!(shortest, Some(flow.shortest), "{}", flow.name);
        for outputs in 1..flow.shortest {
            let mut phone = with_lives_of(&flow, outputs);
            assert!(!phone.is_there());
            // A battery at last.
            phone.life = None;
            assert!(phone.go_on(400), "{} after lives of {outputs}", flow.name);
            if flow.goal == Goal::Token && !phone.lost {
                assert!(phone.tokens > 0, "{} after lives of {outputs}", flow.name);
            }
        }
    }
}
