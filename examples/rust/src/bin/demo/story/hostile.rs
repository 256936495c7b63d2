//! The second half: requests and answers are lost, and others want the same.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use evergrant::{Cause, Delay, Denial, Failure, RefreshPolicy, Status};
use evergrant_authority::{Fault, FaultRule, Policy};
use evergrant_example_host::{Host, HostError};

use super::{NOBODY, Outcome, Story, client, ensure};

/// As long as an access token of this server lives.
const LIFE: Duration = Duration::from_secs(900);

/// A of the strict timing row, and a moment more.
const TAKEOVER: Duration =
    Duration::from_millis(RefreshPolicy::STRICT.timing.takeover_after + 1_000);

/// How long the server of the last chapter holds an answer back, in milliseconds.
const HELD_BACK: u64 = 1_000;

impl Story {
    pub(super) fn lost_request(&mut self, host: &mut Host) -> Outcome {
        self.chapter(
            "A request is lost",
            "The refresh never reaches the server, but from here nobody can tell. It is asked\n\
             again when the first must have been dealt with, and no sooner: nothing is lost.",
        );
        self.fault("the next refresh request is dropped", Fault::DropRequest { reset: false })?;
        self.pass(host, LIFE);
        self.no_answer(host)?;
        self.pass(host, TAKEOVER);
        self.call(host, false)
    }

    pub(super) fn lost_reply_with_grace(&mut self) -> Outcome {
        let grace = Policy::GraceSibling(Duration::from_secs(30));
        self.authority.control().set_policy(grace);
        self.chapter(
            "A reply is lost, the server has grace",
            "The server has replaced the token, and the only copy is lost on the way. This one\n\
             is known to forgive that for 30 s: the old token is sent again, and a sibling comes.",
        );
        self.show().world("server", "has 30 s of grace from here on");
        let reading = client(&self.authority, &self.sealing, RefreshPolicy::SIBLINGS, |_| {})?;
        let mut host = self.open_as("", &reading)?;
        self.fault("the next refresh answer is dropped", Fault::DropReply { reset: false })?;
        self.pass(&mut host, LIFE);
        let at = self.no_answer(&mut host)?;
        let left = at.saturating_sub(self.world.now()) + 1;
        self.pass(&mut host, Duration::from_millis(left));
        self.call(&mut host, false)?;
        self.close(host);
        self.authority.control().set_policy(Policy::Strict);
        self.show().world("server", "is strict again");
        Ok(())
    }

    pub(super) fn lost_reply(&mut self, host: &mut Host) -> Outcome {
        self.chapter(
            "A reply is lost, the server is strict",
            "The same, but here no client can win the token back: the grant is gone. It is called\n\
             a lost reply, not a revocation, since the person did nothing; and they come back.",
        );
        self.fault("the next refresh answer is dropped", Fault::DropReply { reset: false })?;
        self.pass(host, LIFE);
        self.no_answer(host)?;
        self.pass(host, TAKEOVER);
        let lost = Failure::ReauthenticationRequired(Cause::LostReply);
        match host.api_get(&self.url()) {
            Err(HostError::Failure(failure)) if failure == lost => {}
            other => return Err(format!("a lost reply came to {other:?}").into()),
        }
        let (listener, back) = self.consent(host)?;
        self.complete(host, &listener, back)?;
        self.call(host, false)
    }

    pub(super) fn two_at_once(&mut self, host: &mut Host) -> Outcome {
        self.chapter(
            "Two want the same token",
            "Two hosts in two threads, each with its own memory and its own connection to the\n\
             store, as two processes would be: the store lets one ask, and both are served.",
        );
        self.pass(host, LIFE);
        let before = self.authority.control().stats().refreshes_received;
        let (story, start) = (&*self, Barrier::new(2));
        let call = |who| -> Result<(), String> {
            let opened = story.open_as(who, &story.client).map_err(|error| error.to_string());
            start.wait();
            let mut host = opened?;
            let called = story.call(&mut host, false).map_err(|error| error.to_string());
            story.close(host);
            called
        };
        let (a, b) = thread::scope(|scope| {
            let a = scope.spawn(|| call("A: "));
            (call("B: "), a.join().unwrap_or_else(|_| Err("a host panicked".into())))
        });
        a.and(b)?;
        let made = self.authority.control().stats().refreshes_received - before;
        ensure(made == 1, "two hosts make one refresh")
    }

    pub(super) fn late_refresh(&mut self, host: &mut Host) -> Outcome {
        self.chapter(
            "A disconnect beats a late refresh",
            "Host A is refreshing, and the server takes its time; meanwhile the person disconnects\n\
             at host B. The new tokens come too late: they are revoked, and serve nobody.",
        );
        let held_back = Fault::DelayReply { ms: HELD_BACK };
        self.fault("the next refresh answer is held back", held_back)?;
        self.pass(host, LIFE);
        let before = self.authority.control().stats().refreshes_handled;
        let story = &*self;
        let refresh = || -> Result<bool, String> {
            let opened = story.open_as("A: ", &story.client);
            let mut host = opened.map_err(|error| error.to_string())?;
            let called = host.api_get(&story.url());
            // What is owed to the server is done now, not when somebody calls.
            let owed = host.run();
            let ended = host.status() == Status::Disconnected;
            story.close(host);
            owed.map_err(|error| error.to_string())?;
            Ok(ended && is_not_connected(&called))
        };
        let (refused, disconnected) = thread::scope(|scope| {
            let late = scope.spawn(refresh);
            let disconnected = story.disconnect_meanwhile(before);
            (late.join().unwrap_or_else(|_| Err("a host panicked".into())), disconnected)
        });
        disconnected?;
        ensure(refused?, "the late refresh serves nobody")?;
        let stats = self.authority.control().stats();
        let alive = (stats.grants_alive, stats.refresh_tokens_alive);
        ensure(alive == (0, 0), "nothing is alive at the server")?;
        ensure(is_not_connected(&host.api_get(&self.url())), "the grant is over for all")
    }

    /// Disconnects once the server has handled one more refresh.
    fn disconnect_meanwhile(&self, before: u64) -> Outcome {
        let start = Instant::now();
        while self.authority.control().stats().refreshes_handled == before {
            ensure(start.elapsed() < NOBODY, "the refresh reaches the server")?;
            thread::sleep(Duration::from_millis(1));
        }
        let mut host = self.open_as("B: ", &Arc::clone(&self.client))?;
        host.disconnect()?;
        let status = host.status();
        self.close(host);
        ensure(status == Status::Disconnected, "the grant is over")
    }

    /// Something will go wrong with the next refresh.
    fn fault(&self, said: &str, fault: Fault) -> Outcome {
        self.authority.control().add_faults([FaultRule::refresh(fault)])?;
        self.show().world("network", said);
        Ok(())
    }

    /// A call for which there is no token yet; yields when there may be one.
    fn no_answer(&self, host: &mut Host) -> Outcome<u64> {
        match host.api_get(&self.url()) {
            Err(HostError::Failure(Failure::TryLater {
                at, reason: Delay::Unavailable, ..
            })) => Ok(at),
            other => Err(format!("a call without an answer came to {other:?}").into()),
        }
    }
}

fn is_not_connected<T>(called: &Result<T, HostError>) -> bool {
    let not_connected = Failure::Denied { reason: Denial::NotConnected, said: None };
    matches!(called, Err(HostError::Failure(failure)) if *failure == not_connected)
}
