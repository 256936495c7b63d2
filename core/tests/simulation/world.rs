//! The world: workers over one store and one server, and what happens next.

use crate::{
    belonging::Ends,
    companies,
    coverage::Tally,
    dice::{Chance, Dice, Mode, Site},
    event::{Due, Event, Held, Seen, Violation},
    fault::{Fault, Place},
    host::Worker,
    net::Flight,
    plan::Plan,
    seal,
    server::Server,
    stage::Told,
    store::{Slot, Store, View},
    user::Visit,
};
use evergrant::*;
use std::{cmp::Reverse, collections::BinaryHeap, fmt::Write as _, sync::Arc};

pub struct World {
    pub plan: Plan,
    /// One for each key ring.
    pub clients: Vec<Arc<Client>>,
    pub chance: Chance,
    pub entropy: Dice,
    pub now: u64,
    queue: BinaryHeap<Reverse<Due>>,
    sequence: u64,
    pub server: Server,
    pub store: Store,
    pub workers: Vec<Worker>,
    pub flights: Vec<Flight>,
    pub flights_made: u32,
    pub visits: Vec<Visit>,
    pub held: Vec<Held>,
    /// The last refresh token that each tenant's record held.
    pub last_refresh: Vec<Option<u32>>,
    /// The grant whose tokens each record held last; it need not have a refresh token.
    pub last_grant: Vec<Option<u32>>,
    /// The key that each tenant's record held last, where that came after every grant.
    pub last_key: Vec<Option<u32>>,
    /// When each tenant's grant was stored.
    pub granted_at: Vec<u64>,
    /// The generation and the time of each tenant's last disconnect.
    pub ended_at: Vec<(u64, u64)>,
    /// For which tenant each company is reserved.
    pub reserved: Vec<Option<u8>>,
    /// Where the reservation of each stands.
    pub companies: Vec<StoreKey>,
    /// The last generation of each tenant of which the API has said that it is dead.
    pub told_dead: Vec<u64>,
    /// When a worker was last given another key ring.
    pub rotated_at: u64,
    /// Until when the server takes nobody for this client.
    pub client_broken_until: u64,
    pub forgot: bool,
    pub tally: Tally,
    pub trace: Option<Vec<String>>,
    pub violation: Option<Violation>,
}

pub const SCOPES: &str = "expenses:read accounts:read";

impl World {
    pub fn new(plan: Plan, mode: Mode, traced: bool) -> Self {
        let provider = Provider::new(plan.provider.clone()).expect("a sound provider");
        let provider = Arc::new(provider);
        let client = |sealing| ClientConfig {
            client_id: "client-1".into(),
            client_secret: Some("canary-client-secret".into()),
            previous_client_secret: None,
            token_endpoint_auth_method: None,
            redirect_uris: vec![crate::plan::REDIRECT_URI.into()],
            scopes: SCOPES.split(' ').map(str::to_owned).collect(),
            sealing,
        };
        let sound = |config| Arc::new(Client::new(provider.clone(), config).expect("a client"));
        let rings = seal::rings(plan.features.sealed);
        let clients: Vec<_> = rings.into_iter().map(client).map(sound).collect();
        let company = |number| StoreKey::company(&clients[0], &companies::name(number));
        let companies: Vec<_> = (0..plan.companies()).map(company).collect();
        let dice = &mut Dice::new(plan.seed, 3);
        let workers = plan.workers.iter().map(|tenant| Worker::new(*tenant, &plan, dice));
        let slot = |tenant: u8| Slot {
            key: StoreKey::connection(&clients[0], &tenant_name(tenant)).expect("a tenant"),
            entry: None,
            view: View::default(),
            before: None,
        };
        let mut world = Self {
            chance: Chance::new(plan.seed, mode),
            entropy: Dice::new(plan.seed, 4),
            now: 0,
            queue: BinaryHeap::new(),
            sequence: 0,
            server: Server {
                rule: plan.server,
                access_dies: plan.provider.refresh.access_dies,
                access_life: plan.access_life,
                refresh_life: plan.refresh_life,
                grants: Vec::new(),
                refresh: Vec::new(),
                access: Vec::new(),
                codes: Vec::new(),
                keys: Vec::new(),
                ends_companies: plan.features.ends_companies,
            },
            store: Store {
                slots: (0..plan.tenants).map(slot).collect(),
                has_clock: plan.store_has_clock,
                ..Store::default()
            },
            workers: workers.collect(),
            flights: Vec::new(),
            flights_made: 0,
            visits: Vec::new(),
            held: Vec::new(),
            last_refresh: vec![None; usize::from(plan.tenants)],
            last_grant: vec![None; usize::from(plan.tenants)],
            last_key: vec![None; usize::from(plan.tenants)],
            granted_at: vec![0; usize::from(plan.tenants)],
            ended_at: vec![(0, 0); usize::from(plan.tenants)],
            reserved: vec![None; companies.len()],
            companies,
            told_dead: vec![0; usize::from(plan.tenants)],
            rotated_at: 0,
            client_broken_until: 0,
            forgot: false,
            tally: Tally::default(),
            trace: traced.then(Vec::new),
            violation: None,
            clients,
            plan,
        };
        world.release_companies();
        for worker in 0..world.workers.len() {
            world.start(worker, false);
        }
        world.begin_acts();
        world
    }

    /// From the first step to the end of the faults, and on until all is well.
    pub fn run(&mut self) {
        while self.now < self.plan.end && self.violation.is_none() {
            if !self.next_event(self.plan.end) {
                break;
            }
        }
        if self.violation.is_none() {
            self.settle_down();
        }
    }

    /// One event, if there is one before this time.
    pub fn next_event(&mut self, until: u64) -> bool {
        let Some(Reverse(Due(at, ..))) = self.queue.peek() else {
            self.now = until;
            return false;
        };
        if *at > until {
            self.now = until;
            return false;
        }
        let Some(Reverse(Due(at, _, event))) = self.queue.pop() else { return false };
        self.now = at;
        match event {
            Event::NextAct => self.next_act(),
            Event::Planned(act) => self.act(act),
            Event::Timer { worker, stamp } => self.timer(worker, stamp),
            Event::Swap(job) => self.swap(*job),
            Event::Tell { worker, life, input, seen } => self.tell(worker, life, *input, seen),
            Event::Arrive { flight } => self.arrive(flight),
            Event::Copy(ask) => self.copy(&ask),
            Event::Reply { flight } => self.reply(flight),
            Event::Silence { flight } => self.silence(flight),
            Event::Resume { worker, life, timer_first } => self.resume(worker, life, timer_first),
            Event::Start { worker, life, unread } if self.workers[worker].life == life => {
                self.start(worker, unread);
            }
            Event::Start { .. } => {}
        }
        true
    }

    pub fn at(&mut self, wait: u64, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse(Due(self.now + wait, self.sequence, event)));
    }

    /// Forgets what people and chance had in mind.
    pub fn drop_acts(&mut self) {
        let kept = std::mem::take(&mut self.queue).into_iter().filter(|Reverse(due)| {
            !matches!(due.2, Event::NextAct | Event::Planned(_) | Event::Start { .. })
        });
        self.queue = kept.collect();
    }

    /// A process begins with what the store holds, or with nothing.
    pub fn start(&mut self, worker: usize, unread: bool) {
        if self.workers[worker].machine.is_some() {
            return;
        }
        let tenant = self.workers[worker].tenant;
        let name = tenant_name(tenant);
        let client = self.clients[self.workers[worker].ring].clone();
        let machine = if unread {
            Connection::new(client, &name).expect("a tenant")
        } else {
            if self.store.down_until > self.now {
                let life = self.workers[worker].life;
                let wait = self.store.down_until - self.now + 1;
                return self.at(wait, Event::Start { worker, life, unread });
            }
            let slot = &self.store.slots[usize::from(tenant)];
            let current = self.store.read(&slot.key, self.now);
            let revision = slot.entry.as_ref().map_or(0, |entry| entry.revision);
            let seen = Seen::of(revision, &slot.view);
            match Connection::restore(client.clone(), &name, current) {
                Ok(machine) => {
                    self.note_seen(worker, seen);
                    machine
                }
                Err(failure) if self.lacks_key(worker, &failure) => {
                    Connection::new(client, &name).expect("a tenant")
                }
                Err(failure) => {
                    return self.fail("restore", format!("a good record: {failure}"));
                }
            }
        };
        self.log(worker, format_args!("starts, {}", if unread { "unread" } else { "restored" }));
        let wall = self.workers[worker].clock.wall(self.now);
        let wake_at = machine.wake_at(wall);
        let status = machine.status(wall);
        self.workers[worker].machine = Some(machine);
        self.workers[worker].status = status;
        self.set_timer(worker, wake_at);
    }

    pub fn tell(&mut self, worker: usize, life: u32, input: Input, seen: Option<Seen>) {
        let host = &mut self.workers[worker];
        if host.life != life || host.machine.is_none() {
            return;
        }
        if host.paused_until.is_some() {
            host.inbox.push((input, seen));
            return;
        }
        let op = Told::of(&input).op;
        let forgotten = op.is_some() && op == self.workers[worker].forgotten;
        if let Some(seen) = seen.filter(|_| !forgotten) {
            self.note_seen(worker, seen);
        }
        self.step(worker, input);
    }

    /// One step of one machine.
    pub fn step(&mut self, worker: usize, input: Input) {
        let host = &mut self.workers[worker];
        let Some(machine) = &mut host.machine else { return };
        let env = host.clock.env(worker, self.now, self.entropy.entropy());
        // Ten seconds that bring more than any use does.
        if host.spin.0 == self.now / 10_000 {
            host.spin.1 += 1;
        } else {
            host.spin = (self.now / 10_000, 0);
        }
        let spins = host.spin.1 > 1_500;
        let said = self.trace.is_some().then(|| crate::trace::input(&input));
        self.tally.steps += 1;
        let (told, ends) = (Told::of(&input), Ends::of(&input));
        let result = machine.step(&env, input);
        if spins {
            return self.fail("spin", format!("w{worker} is woken without end"));
        }
        let step = match result {
            Ok(step) => step,
            Err(misuse) => return self.fail("j: misuse", format!("w{worker}: {misuse}")),
        };
        host.status = step.status;
        if let Some(said) = said {
            let text = crate::trace::step(&step, env.now);
            self.log(worker, format_args!("{said}\n{text}"));
        }
        self.check_step(worker, &step);
        if self.plan.features.belongs() {
            self.check_goes_on(worker, &ends, &step);
            self.track(worker, told, &step.outputs);
        }
        for output in step.outputs {
            self.perform(worker, output);
        }
        self.set_timer(worker, step.wake_at);
    }

    fn perform(&mut self, worker: usize, output: Output) {
        match output {
            Output::SendHttp { op, request, send_within, listen_for, .. } => {
                self.send(worker, op, request, send_within, listen_for);
            }
            Output::Swap { op, key, expected, write } => {
                self.ask_store(worker, op, key, expected, write);
            }
            Output::OpenUrl { authorization, url, binding, expires_at } => {
                self.open_url(worker, authorization, &url, binding, expires_at);
            }
            Output::TokenReady { generation, header, .. } => {
                self.token_ready(worker, generation, header.expose());
            }
            Output::Authorized { authorization, .. } => {
                self.answered(worker, Some(&authorization));
            }
            Output::Failed { activity, failure } => self.failed(worker, &activity, &failure),
            Output::KeyAccepted { .. } => self.key_answered(worker),
            Output::Notice(notice) => self.noticed(worker, &notice),
        }
    }

    pub fn set_timer(&mut self, worker: usize, wake_at: Option<u64>) {
        let host = &mut self.workers[worker];
        let due = wake_at.filter(|_| host.wakes).map(|wall| host.clock.when(wall).max(self.now));
        if due == host.due {
            return;
        }
        host.due = due;
        host.timer += 1;
        let Some(due) = due else { return };
        let stamp = host.timer;
        let late = if self.plan.late_timers {
            let latest = self.plan.timing().save_within / 4;
            let fate = self.chance.fate(Site::Timer, |dice| crate::dice::Fate {
                fault: 0,
                arg: 0,
                there: if dice.one_in(4) { dice.below(latest) as u32 } else { 0 },
                back: 0,
            });
            if fate.there > 0 {
                self.struck(Fault::LateTimer, worker);
            }
            u64::from(fate.there)
        } else {
            0
        };
        self.at(due - self.now + late, Event::Timer { worker, stamp });
    }

    fn timer(&mut self, worker: usize, stamp: u32) {
        let host = &mut self.workers[worker];
        if host.timer != stamp || !host.is_up() {
            return;
        }
        host.due = None;
        self.step(worker, Input::Wake);
    }

    /// Something went wrong for this worker, where it stood.
    pub fn struck(&mut self, fault: Fault, worker: usize) {
        let host = &self.workers[worker];
        self.tally.struck(fault, host.status);
        let of_requests = matches!(fault.place(), Place::Http | Place::HttpUntimely | Place::Swap);
        if let Some((stage, _)) = host.binding.filter(|_| !of_requests && fault != Fault::StoreDown)
        {
            self.tally.bindings[fault as usize][stage as usize] += 1;
        }
        if self.trace.is_some() {
            self.log(worker, format_args!("! {}", fault.code()));
        }
    }

    pub fn fail(&mut self, rule: &'static str, detail: String) {
        if self.violation.is_none() {
            if let Some(trace) = &mut self.trace {
                trace.push(format!("{:>12}      VIOLATION {rule}: {detail}", self.now));
            }
            self.violation = Some(Violation { rule, detail });
        }
    }

    pub fn log(&mut self, worker: usize, text: std::fmt::Arguments<'_>) {
        let Some(trace) = &mut self.trace else { return };
        let mut line = String::new();
        let _ = write!(line, "{:>12} w{worker}.{} {text}", self.now, self.workers[worker].life);
        trace.push(line);
    }
}

pub fn tenant_name(tenant: u8) -> String {
    format!("tenant-{tenant}")
}
