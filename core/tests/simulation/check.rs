//! What must hold after every step. Letters are those of the table in the README
//! of the tests: (a) to (j).

use crate::{
    event::{Held, Seen},
    fault::Fault,
    net::Ask,
    server::{Rotating, Token},
    store::{Standing, Written},
    world::World,
};
use evergrant::*;

impl World {
    /// (a) No refresh token is sent while another request with it may still be
    /// handled, or while a live worker holds or awaits its successor.
    pub fn check_send(&mut self, worker: usize, number: u32) {
        let tenant = usize::from(self.workers[worker].tenant);
        let view = &self.store.slots[tenant].view;
        let ending = matches!(view.status, Standing::Disconnecting | Standing::Disconnected);
        let older = self.last_grant[tenant].is_some_and(|grant| {
            self.server.refresh.get(number as usize).is_some_and(|token| token.grant < grant)
        });
        // Whoever claimed just before has until W.
        let since = self.granted_at[tenant] + self.plan.timing().send_within;
        let per_user = self.server.rule == Rotating::StrictPerUser;
        if older && per_user && self.strict_rules() && self.now > since && !ending {
            return self.fail("a: an older grant's token", format!("w{worker} sends r{number}"));
        }
        // Where a replay does no harm it is allowed; what harm it does, the server tells.
        let harmless = matches!(
            self.server.rule,
            Rotating::GraceSame(_) | Rotating::GraceSibling(_) | Rotating::Never
        );
        if !self.strict_rules() || harmless {
            return;
        }
        let other = self.flights.iter().find(|flight| {
            let alive = self.workers[flight.worker].life == flight.life;
            let same = flight.ask == Ask::Refresh(number) && !flight.lost;
            let in_time = self.now < flight.sent_at + self.lease();
            same && in_time && (!flight.handled || alive && flight.answered())
        });
        let held = self.held.iter().find(|held| self.is_kept_from(held, number));
        let detail = match (other, held) {
            (Some(flight), _) => {
                format!(
                    "w{worker} sends r{number}, as w{} did at {}",
                    flight.worker, flight.sent_at
                )
            }
            (None, Some(held)) => {
                format!("w{worker} sends r{number}, and w{} holds r{}", held.worker, held.refresh)
            }
            (None, None) => return,
        };
        self.fail("a: sent twice", detail);
    }

    /// (a) A spent token comes back only where its successor was truly lost.
    pub fn check_replay(&mut self, number: u32, ended: bool) {
        let token = &self.server.refresh[number as usize];
        let grant = &self.server.grants[token.grant as usize];
        let excused = token.answer_lost || token.duplicated || grant.wanted;
        let slow = self
            .held
            .iter()
            .any(|held| held.parent == Some(number) && !self.is_kept_from(held, number));
        if excused || slow || !self.strict_rules() {
            return;
        }
        self.fail("a: replay", format!("r{number} comes back, grant ended: {ended}"));
    }

    /// A live worker has the successor of this token, and has not run out of the
    /// time that it may take to save it.
    fn is_kept_from(&self, held: &Held, number: u32) -> bool {
        let save_within = self.plan.timing().save_within;
        let in_time = self.now <= held.since + save_within;
        let alive = self.workers[held.worker].life == held.life;
        held.parent == Some(number) && held.refresh != number && in_time && alive
    }

    fn lease(&self) -> u64 {
        let timing = self.plan.timing();
        timing.send_within + timing.listen_for + timing.save_within
    }

    /// Whether everything is promised, or only what holds with any pause and any delay.
    pub fn strict_rules(&self) -> bool {
        self.plan.timely && !self.forgot
    }

    pub fn note_seen(&mut self, worker: usize, seen: Seen) {
        let host = &mut self.workers[worker];
        host.seen = seen.revision;
        host.knows = Some(seen.generation);
        if seen.ended {
            host.ended_in = host.ended_in.max(Some(seen.generation));
        }
    }

    /// (d) No token is served after the store has told this worker of the end.
    pub fn check_step(&mut self, worker: usize, step: &Step) {
        let host = &self.workers[worker];
        if let (Some(ended), Some(served)) = (host.ended_in, step.servable)
            && served <= ended
            && !self.forgot
        {
            self.fail("d: served after the end", format!("w{worker}: {served} after {ended}"));
        }
    }

    /// (f) A served token is the server's, this tenant's, and in the store.
    pub fn token_ready(&mut self, worker: usize, generation: u64, header: &str) {
        self.tally.tokens += 1;
        let Some(token) = Token::of_header(header) else {
            return self.fail("f: served", format!("{header} is no token"));
        };
        let host = &mut self.workers[worker];
        host.owed.token = false;
        host.answered = true;
        host.refused = None;
        host.cached = Some((generation, token));
        self.check_served(worker, token);
    }

    pub fn failed(&mut self, worker: usize, activity: &Activity, failure: &Failure) {
        *self.tally.failures.entry(failure.code()).or_default() += 1;
        if let Some(said) = failure.said()
            && (said.error.contains("canary")
                || said.description.as_deref().is_some_and(|text| text.contains("canary")))
        {
            self.fail("i: secret", format!("{failure:?}"));
        }
        self.note_mismatch(activity, failure);
        match activity {
            Activity::Token => {
                let host = &mut self.workers[worker];
                host.owed.token = false;
                host.answered = true;
                host.refused = Some(failure.code());
                host.retry_at = failure.retry_at();
            }
            // That nobody came is no answer to anything.
            Activity::Authorization { .. } if failure.code() == "denied_authorization_expired" => {}
            Activity::Redirect => self.answered(worker, None),
            Activity::Authorization { authorization, .. } => {
                self.answered(worker, Some(authorization));
            }
            Activity::ApiCall => {}
            Activity::Key => self.key_answered(worker),
            Activity::Revoke => self.workers[worker].owed.ended = false,
        }
    }

    /// An authorization or a redirect has been answered, perhaps by somebody who has only
    /// taken it up.
    pub fn answered(&mut self, worker: usize, authorization: Option<&AuthorizationId>) {
        let visit = authorization.and_then(|id| self.visits.iter().find(|visit| visit.id == *id));
        let host = &mut self.workers[worker];
        if visit.is_none_or(|visit| visit.given.contains(&(worker, host.life))) {
            host.owed.answers = host.owed.answers.saturating_sub(1);
        }
    }

    /// Whoever entered a key is told once what came of it.
    pub fn key_answered(&mut self, worker: usize) {
        match self.workers[worker].owed.keys.checked_sub(1) {
            Some(left) => self.workers[worker].owed.keys = left,
            None => self.fail("h: a key is answered twice", format!("w{worker}")),
        }
    }

    pub fn noticed(&mut self, worker: usize, notice: &Notice) {
        *self.tally.notices.entry(notice.code()).or_default() += 1;
        match notice {
            Notice::AnswerDeviates(deviation) => {
                *self.tally.deviations.entry(deviation.code()).or_default() += 1;
            }
            Notice::Refreshed { .. } => self.tally.refreshes += 1,
            Notice::GrantLost(_) => self.tally.verdicts += 1,
            Notice::Disconnecting | Notice::Disconnected { .. } => {
                self.workers[worker].owed.ended = false;
            }
            Notice::AuthorizationCancelled(id)
                if !self.visits.iter().any(|visit| visit.id == *id) =>
            {
                let owed = &mut self.workers[worker].owed.answers;
                *owed = owed.saturating_sub(1);
            }
            _ => {}
        }
        if self.tally.steps.is_multiple_of(64) && format!("{notice:?}").contains("canary") {
            self.fail("i: secret", format!("{notice:?}"));
        }
    }

    /// A connection's record has been written.
    pub fn observe(&mut self, worker: usize, written: Written) {
        let slot = &self.store.slots[written.slot];
        let (before, after) = (written.before, slot.view.clone());
        let size = slot.entry.as_ref().map_or(0, |entry| entry.bytes.len());
        if size > 16_384 {
            self.fail("i: memory", format!("a record of {size} bytes"));
        }
        let last = self.last_refresh[written.slot];
        if !self.forgot {
            self.check_order(worker, &before, &after, last);
        }
        if before.status == Standing::Active && after.status == Standing::Reauthenticate {
            self.check_verdict(before.refresh);
            self.check_key_verdict(written.slot as u8, &before);
        }
        self.check_belonging(worker, &before, &after);
        let access = after.access.and_then(|number| self.server.access.get(number as usize));
        let refresh = after.refresh.and_then(|number| self.server.refresh.get(number as usize));
        let grant = access.map(|token| token.grant).or(refresh.map(|token| token.grant));
        if grant.is_some() && grant != self.last_grant[written.slot] {
            self.granted_at[written.slot] = self.now;
            self.last_grant[written.slot] = grant;
        }
        if after.refresh.is_some() {
            self.last_refresh[written.slot] = after.refresh;
        }
        if after.key.is_some() || after.access.is_some() {
            self.last_key[written.slot] = after.key;
        }
        let ended = |status| matches!(status, Standing::Disconnecting | Standing::Disconnected);
        // Tokens that are handed over to be revoked raise the generation too.
        let anew = before.status == Standing::Disconnected || !ended(before.status);
        if ended(after.status) && after.generation > before.generation && anew {
            self.ended_at[written.slot] = (after.generation, self.now);
        }
        if before.status == Standing::Active && ended(after.status) && !self.forgot {
            let asked_at = self.workers[worker].revoked_at;
            let begun_at = match before.key {
                Some(key) => self.key_entered_at(written.slot as u8, key),
                None => last.and_then(|last| self.begun_at(last)),
            };
            // Until it is answered, an end may take place at any time.
            let answered = !self.workers[worker].owed.ended;
            let later = begun_at.is_some_and(|begun| asked_at.is_none_or(|asked| asked < begun));
            if later && answered {
                let detail = format!("w{worker} was asked at {asked_at:?}, begun {begun_at:?}");
                self.fail("d: a newer grant ended", detail);
            }
        }
        for number in [after.refresh, after.spare].into_iter().flatten() {
            if let Some(token) = self.server.refresh.get_mut(number as usize) {
                token.saved = true;
            }
        }
        if let Some(access) = after.access.and_then(|n| self.server.access.get_mut(n as usize)) {
            access.saved = true;
        }
        if let Some(key) = after.key.and_then(|n| self.server.keys.get_mut(n as usize)) {
            key.saved = true;
        }
        self.held.retain(|held| {
            let spare = after.spare == Some(held.refresh);
            let rotated = after.refresh == Some(held.refresh) && held.parent != Some(held.refresh);
            let candidate = after.candidate == Some(held.access);
            after.access != Some(held.access) && !spare && !rotated && !candidate
        });
    }

    /// (d), (e) Tokens move forward only, nothing overwrites an end or a newer grant.
    fn check_order(
        &mut self,
        worker: usize,
        before: &crate::store::View,
        after: &crate::store::View,
        last: Option<u32>,
    ) {
        let detail = || format!("w{worker}: {before:?} -> {after:?}");
        let step = after.generation.checked_sub(before.generation);
        if !matches!(step, Some(0 | 1)) {
            return self.fail("e: generation", detail());
        }
        let Some(new) = after.refresh.filter(|_| after.refresh != before.refresh) else { return };
        if step == Some(0) {
            return self.fail("e: tokens without a generation", detail());
        }
        let ended = matches!(before.status, Standing::Disconnecting | Standing::Disconnected);
        let Some(token) = self.server.refresh.get(new as usize) else {
            return self.fail("e: a token of nobody", detail());
        };
        let first = token.parent.is_none() && !token.saved;
        let Some(old) = before.refresh.or(last) else {
            if !first {
                self.fail("d: a first token that is none", detail());
            }
            return;
        };
        let before_it = &self.server.refresh[old as usize];
        if token.grant != before_it.grant {
            if !first {
                return self.fail("d: a newer grant overwritten", detail());
            }
            if ended && after.status == Standing::Active {
                self.check_superseded(token.grant, before.generation);
            }
            return;
        }
        let follows = token.parent == Some(old)
            || token.parent == before_it.parent
            || before.spare == Some(new)
            || new == old;
        if !follows && !self.server_grace(token.parent, old) {
            return self.fail("e: no successor", detail());
        }
        if ended && after.status == Standing::Active {
            self.fail("d: a disconnect overwritten", detail());
        }
    }

    /// A sibling's line: both descend from one token.
    fn server_grace(&self, parent: Option<u32>, old: u32) -> bool {
        let line = |mut at: Option<u32>| {
            let mut seen = Vec::new();
            while let Some(number) = at {
                seen.push(number);
                at = self.server.refresh[number as usize].parent.filter(|_| seen.len() < 8);
            }
            seen
        };
        matches!(self.server.rule, Rotating::GraceSibling(_) | Rotating::NewestWins)
            && line(parent).iter().any(|number| line(Some(old)).contains(number))
    }

    /// When a person was sent to authorize the grant of this token.
    fn begun_at(&self, refresh: u32) -> Option<u64> {
        let grant = self.server.refresh.get(refresh as usize)?.grant;
        let code = self.server.codes.iter().position(|code| code.grant == Some(grant))?;
        let visit = self.visits.iter().find(|visit| visit.code == Some(code as u32))?;
        Some(visit.opened_at)
    }

    /// (d) A grant over a tombstone was begun after the end.
    fn check_superseded(&mut self, grant: u32, generation: u64) {
        let code = self.server.codes.iter().position(|code| code.grant == Some(grant));
        let visit = self.visits.iter().find(|visit| visit.code.map(|c| c as usize) == code);
        let Some(visit) = visit else { return };
        let tenant = usize::from(visit.tenant);
        let (ended_in, ended_at) = self.ended_at[tenant];
        let near = visit.opened_at + 120_000 >= ended_at;
        let by_clock = visit.begun_in.is_none() && (near || !self.plan.timely);
        if visit.opened_at < ended_at && ended_in == generation && !by_clock {
            let detail = format!("begun at {} in {:?}", visit.opened_at, visit.begun_in);
            self.fail("d: a disconnect overwritten by an older authorization", detail);
        }
    }

    /// (b) A verdict is never wrong, and never without a reason.
    fn check_verdict(&mut self, refresh: Option<u32>) {
        let Some(number) = refresh.filter(|_| self.strict_rules()) else { return };
        let token = &self.server.refresh[number as usize];
        let grant = &self.server.grants[token.grant as usize];
        if token.expires.is_some_and(|expiry| self.now + 120_000 > expiry) {
            // A worker's clock may be ahead of the server's.
            return;
        }
        if self.server.honours(number, self.now) {
            return self.fail("b: verdict on a live token", format!("r{number}"));
        }
        let spent = token.used.is_some() && !grant.ended;
        let lost = token.answer_lost || token.duplicated;
        let slow = self
            .held
            .iter()
            .any(|held| held.parent == Some(number) && !self.is_kept_from(held, number));
        if spent && !lost && !slow {
            self.fail("b: verdict with no answer lost", format!("r{number}"));
        }
    }

    /// Counts a fault for whoever works for this tenant.
    pub fn struck_all(&mut self, fault: Fault, tenant: Option<u8>) {
        for worker in 0..self.workers.len() {
            if tenant.is_none_or(|tenant| self.workers[worker].tenant == tenant) {
                self.struck(fault, worker);
            }
        }
    }
}
