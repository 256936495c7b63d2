//! The loop: step the machine, perform its outputs, feed the answers back.

mod app;

pub use app::{ApiAnswer, tenant_of};

use std::{collections::VecDeque, fmt, mem, sync::Arc};

use evergrant::{Client, Connection, Input, Output, Status, StoreKey};

use crate::{Counters, HostError, Http, Seen, Store, World};

/// One connection and what it needs to live.
pub struct Host {
    connection: Connection,
    world: World,
    store: Box<dyn Store>,
    http: Http,
    watcher: Option<Watcher>,
    /// What has happened and was not told yet.
    inputs: VecDeque<Input>,
    /// What the last step said must be done, and when it said so.
    outputs: VecDeque<Output>,
    stepped_at: u64,
    wake_at: Option<u64>,
    /// What is for the app, not for the host.
    news: Vec<Output>,
    counters: Counters,
}

/// Looks on; see [`Host::watch`].
type Watcher = Box<dyn FnMut(Seen<'_>) + Send>;

/// The loop. This is all there is to driving the machine.
impl Host {
    /// Takes a connection up where the store last saw it.
    ///
    /// # Errors
    /// If the store cannot be read, or holds what is no record of this connection.
    pub fn open(
        client: &Arc<Client>,
        tenant: &str,
        mut store: Box<dyn Store>,
        world: World,
    ) -> Result<Self, HostError> {
        let key = StoreKey::connection(client, tenant)?;
        let current = store.swap(&key, None, None)?;
        let connection = Connection::restore(Arc::clone(client), tenant, current)?;
        // A refresh that the last process left behind need not be waited out in full.
        let inputs = store.is_alone().then_some(Input::PeerGone).into_iter().collect();
        Ok(Self {
            // What was under way when the last process ended may be due by now.
            wake_at: connection.wake_at(world.now()),
            stepped_at: world.ticks(),
            connection,
            world,
            store,
            http: Http::new(),
            watcher: None,
            inputs,
            outputs: VecDeque::new(),
            news: Vec::new(),
            counters: Counters::default(),
        })
    }

    /// Tells the machine what happened, and does whatever comes of it; answers
    /// with the outputs that are for the app.
    ///
    /// # Errors
    /// [`HostError::Misuse`] if the input is one that only a bug can make.
    pub fn tell(&mut self, input: Input) -> Result<Vec<Output>, HostError> {
        self.inputs.push_back(input);
        self.run()
    }

    /// Does what there is to do by now, then answers with what is for the app.
    ///
    /// # Errors
    /// As [`Host::tell`].
    pub fn run(&mut self) -> Result<Vec<Output>, HostError> {
        while self.turn()? {}
        Ok(mem::take(&mut self.news))
    }

    /// Queues an input, to be driven on by [`Host::turn`] one turn at a time.
    pub fn queue(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    /// One turn of the loop: performs one output, or else makes one step; false
    /// if there is nothing to do until [`Host::wake_at`]. A process may die
    /// between any two turns, and the store will know enough.
    ///
    /// # Errors
    /// As [`Host::tell`].
    pub fn turn(&mut self) -> Result<bool, HostError> {
        if let Some(output) = self.outputs.pop_front() {
            self.seen(Seen::Performing(&output));
            self.perform(output);
            self.seen(Seen::Performed);
        } else if let Some(input) = self.inputs.pop_front() {
            self.step(input)?;
        } else if self.wake_at.is_some_and(|at| at <= self.world.now()) {
            self.step(Input::Wake)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn step(&mut self, input: Input) -> Result<(), HostError> {
        self.seen(Seen::Input(&input));
        // Taken before the step: deadlines count from the earlier moment.
        self.stepped_at = self.world.ticks();
        let step = self.connection.step(&self.world.env()?, input)?;
        self.counters.steps += 1;
        self.seen(Seen::Step(&step));
        self.wake_at = step.wake_at;
        self.outputs.extend(step.outputs);
        Ok(())
    }

    fn perform(&mut self, output: Output) {
        let answer = match output {
            Output::SendHttp { op, request, send_within, listen_for, answer_limit } => {
                self.counters.http_requests += 1;
                let send_by = self.stepped_at.saturating_add(send_within);
                match self.http.send(&self.world, &request, send_by, listen_for, answer_limit) {
                    Ok(response) => Input::HttpDone { op, response },
                    Err(why) => Input::HttpFailed { op, why },
                }
            }
            Output::Swap { op, key, expected, write } => {
                let count = match write {
                    Some(_) => &mut self.counters.store_writes,
                    None => &mut self.counters.store_reads,
                };
                *count += 1;
                match self.store.swap(&key, expected.as_ref(), write.as_ref()) {
                    Ok(current) => Input::Swapped { op, current },
                    Err(_) => Input::SwapUnanswered { op },
                }
            }
            Output::OpenUrl { .. }
            | Output::TokenReady { .. }
            | Output::Authorized { .. }
            | Output::KeyAccepted { .. }
            | Output::Failed { .. }
            | Output::Notice(_) => return self.news.push(output),
        };
        self.inputs.push_back(answer);
    }
}

/// What can be seen of it.
impl Host {
    /// Lets somebody look on: at each input before it is told, each step after
    /// it was made, each output before and after it is done, each answer of the API.
    pub fn watch(&mut self, watcher: impl FnMut(Seen<'_>) + Send + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    /// Where the connection stands.
    pub fn status(&self) -> Status {
        self.connection.status(self.world.now())
    }

    /// When there is something to do again, UNIX ms.
    pub fn wake_at(&self) -> Option<u64> {
        self.wake_at
    }

    /// What has been done so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The clocks, to be set forward.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn seen(&mut self, seen: Seen<'_>) {
        if let Some(watcher) = &mut self.watcher {
            watcher(seen);
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("connection", &self.connection).finish_non_exhaustive()
    }
}
