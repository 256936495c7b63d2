//! Two workers over one store and one strict server, in any order that the timing
//! rules allow: crashes, lost requests, silent stores, late deliveries. As long as
//! no answer of the server is lost, no refresh token is sent twice, the grant
//! lives, and a token is had in the end.

use crate::common::*;
use evergrant::*;
use proptest::prelude::*;

/// A request on its way, and the answer once the server has handled it.
struct Flight {
    worker: usize,
    life: u32,
    op: Op,
    request: HttpRequest,
    sent_at: u64,
    answer: Option<HttpResponse>,
}

struct Two {
    world: World,
    /// The other's machine; [`World::connection`] is that of `turn`.
    other: Connection,
    turn: usize,
    lives: [u32; 2],
    flights: Vec<Flight>,
    /// A store that does not answer the next write; whether it takes it.
    silent: Option<bool>,
    answer_lost: bool,
}

impl Two {
    fn new() -> Self {
        let mut world = World::authorized();
        world.advance(3_600_000);
        let other = second_worker(&world);
        Self {
            world,
            other,
            turn: 0,
            lives: [0; 2],
            flights: vec![],
            silent: None,
            answer_lost: false,
        }
    }

    fn tell(&mut self, worker: usize, input: Input) -> Vec<Output> {
        if worker != self.turn {
            swap_workers(&mut self.world, &mut self.other);
            self.turn = worker;
        }
        let mut queue = vec![input];
        let mut said = vec![];
        while let Some(input) = queue.pop() {
            for output in self.world.step(input).outputs {
                match &output {
                    Output::SendHttp { op, request, .. } => self.flights.push(Flight {
                        worker,
                        life: self.lives[worker],
                        op: *op,
                        request: request.clone(),
                        sent_at: self.world.now,
                        answer: None,
                    }),
                    Output::Swap { op, write: Some(_), .. } if self.silent.is_some() => {
                        if self.silent.take() == Some(true) {
                            self.world.perform(&output);
                        }
                        queue.push(Input::SwapUnanswered { op: *op });
                    }
                    output => queue.extend(self.world.perform(output)),
                }
                said.push(output);
            }
        }
        said
    }

    /// The server handles a request; an answer for a worker that has died is lost.
    fn handle(&mut self, at: usize) {
        let flight = &mut self.flights[at];
        if flight.answer.is_none() {
            flight.answer = self.world.server.answer(&flight.request).ok();
        }
        if flight.life != self.lives[flight.worker] {
            self.flights.remove(at);
            self.answer_lost = true;
        }
    }

    /// What has been answered comes home; what has not is lost on its way there.
    fn land(&mut self, at: usize) -> Vec<Output> {
        let Flight { worker, life, op, answer, .. } = self.flights.remove(at);
        let alive = life == self.lives[worker];
        match answer {
            Some(response) if alive => self.tell(worker, Input::HttpDone { op, response }),
            Some(_) => {
                self.answer_lost = true;
                vec![]
            }
            None if alive => self.tell(worker, Input::HttpFailed { op, why: HttpFault::Unknown }),
            None => vec![],
        }
    }

    fn crash(&mut self, worker: usize) {
        self.tell(worker, Input::Wake);
        self.world.restart();
        self.lives[worker] += 1;
        let lost = |flight: &Flight| flight.worker == worker && flight.answer.is_some();
        self.answer_lost |= self.flights.iter().any(lost);
        self.flights.retain(|flight| !lost(flight));
        // What was only in its memory is lost as well: the store had not taken it.
        let stored = self.world.record()["tokens"]["refresh"].clone();
        let live = self.world.server.live.as_ref().map(|(refresh, _)| refresh.as_str());
        let on_its_way = self.flights.iter().any(|flight| flight.answer.is_some());
        self.answer_lost |= stored.as_str() != live && !on_its_way;
    }

    /// When a live host would wake this worker's machine.
    fn deadline(&self, worker: usize) -> Option<u64> {
        let machine = if worker == self.turn { &self.world.connection } else { &self.other };
        machine.wake_at(self.world.now)
    }

    /// Time passes, but no request stays on its way longer than the server may
    /// take to start on it, no answer longer than it is listened for, and live
    /// hosts wake their machines when they are to.
    fn advance(&mut self, ms: u64) {
        let end = self.world.now + ms;
        while self.world.now < end {
            if let Some(at) = self.flights.iter().position(|f| f.sent_at + 59_000 <= self.world.now)
            {
                let before = self.flights.len();
                self.handle(at);
                if self.flights.len() == before {
                    self.land(at);
                }
                continue;
            }
            for worker in 0..2 {
                if self.deadline(worker).is_some_and(|at| at <= self.world.now) {
                    self.tell(worker, Input::Wake);
                }
            }
            let flights = self.flights.iter().map(|flight| flight.sent_at + 59_000);
            let wakes = (0..2).filter_map(|worker| self.deadline(worker));
            let next = flights.chain(wakes).min().unwrap_or(end);
            self.world.now = next.clamp(self.world.now + 1, end);
        }
    }

    fn act(&mut self, (kind, which, amount): (u8, usize, u64)) {
        let worker = which % 2;
        let flight = (!self.flights.is_empty()).then(|| which % self.flights.len().max(1));
        match (kind % 9, flight) {
            (0 | 1, _) => drop(self.tell(worker, Input::TokenWanted { min_validity: 0 })),
            (2, _) => drop(self.tell(worker, Input::Wake)),
            (3, Some(at)) => self.handle(at),
            (4, Some(at)) => drop(self.land(at)),
            (5, _) => self.crash(worker),
            (6, _) => self.silent = Some(amount % 2 == 0),
            (7, _) => self.advance(amount % 5_000),
            (8, _) => self.advance(amount % 100_000),
            (_, _) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_grant_is_lost_while_no_answer_is(
        acts in proptest::collection::vec((any::<u8>(), any::<usize>(), any::<u64>()), 0..80)
    ) {
        let mut two = Two::new();
        for act in acts {
            two.act(act);
            prop_assert!(two.answer_lost || two.world.server.replays == 0, "sent twice");
        }
        two.silent = None;
        two.advance(60_000);
        let mut said = two.tell(0, Input::TokenWanted { min_validity: 0 });
        for _ in 0..2_000 {
            let over = matches!(two.world.status(), Status::ReauthenticationRequired(_));
            if over || !tokens(&said).is_empty() {
                break;
            }
            let at = two.world.connection.wake_at(two.world.now);
            let wait = at.map_or(1_000, |at| at.saturating_sub(two.world.now).min(10_000));
            two.advance(wait);
            said = two.tell(0, Input::Wake);
            said.extend(two.tell(0, Input::TokenWanted { min_validity: 0 }));
            while !two.flights.is_empty() {
                two.handle(0);
                if !two.flights.is_empty() {
                    said.extend(two.land(0));
                }
            }
        }
        if !two.answer_lost {
            prop_assert_eq!(tokens(&said).len().min(1), 1, "a token in the end");
            prop_assert!(two.world.server.live.is_some());
            prop_assert_eq!(two.world.server.replays, 0);
        } else {
            let lost = Status::ReauthenticationRequired(Cause::LostReply);
            let status = two.world.status();
            prop_assert!(
                !tokens(&said).is_empty() || status == lost,
                "a token or its own name: {status:?}"
            );
        }
    }
}
