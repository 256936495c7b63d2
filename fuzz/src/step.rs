//! Sequences of inputs: two workers, their store, their server, a person and a hostile
//! network, with processes that end anywhere.

use crate::{
    client,
    world::{World, pick},
};
use evergrant::{
    testing::{
        self, Callback, StoreFault,
        arbitrary::{Arbitrary, Result, Unstructured},
        authorize, is_lost,
    },
    *,
};

/// Longer sequences say nothing that a few of these do not.
const MOST_ACTS: usize = 150;

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let client = client::sound(&mut u)?;
    let rotation = client.provider().config().refresh.rotation;
    let mut world = World::new(client);
    // What the input itself has written is no secret.
    world.has_canaries = testing::leak(&String::from_utf8_lossy(data)).is_none();
    world.server.rotation = rotation;
    world.server.subject = Some("urn:company:1".into());
    for (key, company) in [("canary-key-1", "urn:company:1"), ("canary-key-2", "urn:company:2")] {
        world.server.owners.insert(format!("Bearer {key}"), company.to_owned());
    }
    let mut run = Run { world, honest: true, stores: true };
    for _ in 0..MOST_ACTS {
        if u.is_empty() {
            break;
        }
        // An act that the input is too short for is the last.
        let acted = run.act(&mut u);
        run.judge();
        if acted.is_err() {
            break;
        }
    }
    run.come_to_rest();
    Ok(())
}

/// Whose the next grant is.
const SUBJECTS: &[Option<&str>] =
    &[Some("urn:company:1"), Some("urn:company:2"), Some("urn:organisation:1"), Some("x"), None];

struct Run {
    world: World,
    /// Nobody has lied to the machine but by the faults that server and store count.
    honest: bool,
    /// The store has not failed, so that no answer was kept from it.
    stores: bool,
}

impl Run {
    fn act(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let worker = usize::from(u.arbitrary::<bool>()?);
        let world = &mut self.world;
        match u.int_in_range(0..=23)? {
            0 => drop(world.tell(worker, authorize())),
            1 | 2 => {
                drop(world.tell(
                    worker,
                    Input::TokenWanted { min_validity: u64::from(u16::arbitrary(u)?) },
                ))
            }
            3 => drop(world.tell(worker, Input::Wake)),
            4 => {
                if let Some(at) = pick(u, world.opened.len()) {
                    let opened = world.opened[at].clone();
                    let url = Callback::arbitrary(u)?.url(&mut world.server, &opened);
                    world.tell(
                        worker,
                        Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess },
                    );
                }
            }
            5 => {
                let generation = world.workers[worker].connection.servable(world.now).unwrap_or(0);
                let status = *u.choose(&[401, 200, 403, 429, 503])?;
                world.tell(worker, Input::ApiAnswered { generation, status, headers: vec![] });
            }
            6 => world.advance(u64::from(u32::arbitrary(u)?) % 4_000_000),
            7 => {
                if let Some(at) = world.workers[worker].connection.wake_at(world.now) {
                    world.advance(at.saturating_sub(world.now).min(4_000_000_000));
                    world.tell(worker, Input::Wake);
                }
            }
            8 => world.restart(worker),
            9 => world.server.faults.push_back(u.arbitrary()?),
            10 => {
                world.store.faults.push_back(u.arbitrary::<StoreFault>()?);
                self.stores = false;
            }
            11 => self.answer(worker, u)?,
            12 => self.tell_anything(worker, u)?,
            13 => drop(world.settle()),
            // The wall clock is set; the one that runs through suspend is not.
            14 => {
                world.now = world.now.saturating_add_signed(i64::from(i32::arbitrary(u)?));
                self.honest = false;
            }
            20 => drop(self.world.tell(worker, Input::Revoke)),
            21 => world.server.subject = u.choose(SUBJECTS)?.map(str::to_owned),
            22 => {
                let Input::Authorize(asked) = authorize() else { return Ok(()) };
                let company = u.choose(SUBJECTS)?.map(str::to_owned);
                world.tell(worker, Input::Authorize(Authorize { company, ..asked }));
            }
            23 => {
                world.restart(worker);
                world.settle();
            }
            _ => {
                if let Some(at) = pick(u, world.workers[worker].open.len()) {
                    world.perform(worker, at);
                }
            }
        }
        Ok(())
    }

    /// Answers what is open with anything at all.
    fn answer(&mut self, worker: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let open = &mut self.world.workers[worker].open;
        let Some(at) = pick(u, open.len()) else { return Ok(()) };
        let (_, output) = open.remove(at);
        self.honest = false;
        let input = match output {
            Output::SendHttp { op, .. } => Input::HttpDone { op, response: u.arbitrary()? },
            Output::Swap { op, .. } => match Input::arbitrary(u)? {
                Input::Swapped { current, .. } => Input::Swapped { op, current },
                _ => Input::SwapUnanswered { op },
            },
            _ => return Ok(()),
        };
        self.world.tell(worker, input);
        Ok(())
    }

    fn tell_anything(&mut self, worker: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let input = Input::arbitrary(u)?;
        // Whose death is told must be dead.
        self.honest &= !matches!(input, Input::PeerGone);
        self.world.tell(worker, input);
        Ok(())
    }

    fn judge(&self) {
        if !self.honest || self.world.exchanged_at_once {
            return;
        }
        let world = &self.world;
        let again = world.server.settled_again();
        assert!(again == 0 || !self.stores, "a refresh token came again");
        // What a worker remembers may have been mended in the store since.
        let stored = world.restored(&world.workers[0]).status(world.now);
        assert!(!self.is_lost(stored), "a grant was lost: {world:#?}");
    }

    fn is_lost(&self, status: Status) -> bool {
        self.honest
            && !self.world.exchanged_at_once
            && is_lost(&self.world.server, &self.world.store, status)
    }

    /// With all faults over, whoever asks for a token is answered.
    fn come_to_rest(&mut self) {
        let world = &mut self.world;
        world.server.faults.clear();
        world.store.faults.clear();
        world.settle();
        // Past every pause and every takeover.
        world.advance(7 * 3_600_000);
        world.settle();
        let worker = &world.workers[0];
        if !worker.connection.is_unsaved() {
            world.restart(0);
        }
        let mut told = Vec::from_iter(world.tell(0, Input::TokenWanted { min_validity: 0 }));
        for _ in 0..400 {
            let answered = told.iter().flat_map(|step| &step.outputs).any(|output| {
                matches!(
                    output,
                    Output::TokenReady { .. } | Output::Failed { activity: Activity::Token, .. }
                )
            });
            if answered {
                let status = world.workers[0].connection.status(world.now);
                assert!(!self.is_lost(status), "a grant was lost: {:#?}", self.world);
                return;
            }
            told.clear();
            if !world.workers[0].open.is_empty() {
                told.extend(world.perform(0, 0));
            } else {
                let at =
                    world.workers[0].connection.wake_at(world.now).expect("waits for something");
                world.advance(at.saturating_sub(world.now));
                told.extend(world.tell(0, Input::Wake));
            }
        }
        panic!("no answer: {world:#?}");
    }
}
