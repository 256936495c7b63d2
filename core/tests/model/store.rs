//! A store that compares and swaps, and may forget.

use crate::{
    parts::{Pending, Wanted},
    record::Record,
    setup::Setup,
    world::{Author, World},
};
use evergrant::*;
use std::sync::Arc;

impl World {
    /// The store deals with a swap.
    pub fn perform(&mut self, setup: &Setup, at: usize, place: usize, at_once: bool) {
        let pending = self.machines[at].ops[place].clone();
        let Wanted::Swap { expected, write, .. } = pending.what.clone() else { return };
        // What ends a grant is heard of at once: nobody waits for it.
        let ends = |write: &SecretBytes| {
            let text = std::str::from_utf8(write.expose()).expect("text");
            !text.contains(r#""status":"active""#)
        };
        let split = write.as_ref().is_some_and(|write| !ends(write)) && !at_once;
        if let Some(write) = write {
            self.write(setup, Some(at), expected.as_ref(), write);
        }
        let current = self.stored(setup);
        self.machines[at].ops[place] = pending.with(|pending| {
            if let Wanted::Swap { answer, .. } = &mut pending.what {
                *answer = Some(current);
            }
        });
        if !split {
            self.answer(setup, at, place);
        }
    }

    pub fn answer(&mut self, setup: &Setup, at: usize, place: usize) {
        let Pending { op, what, .. } = self.machines[at].ops.remove(place);
        if let Wanted::Swap { answer: Some(current), .. } = what {
            self.tell(setup, at, Input::Swapped { op, current });
        }
    }

    pub fn write(
        &mut self,
        setup: &Setup,
        author: Option<usize>,
        expected: Option<&Revision>,
        bytes: SecretBytes,
    ) {
        if self.record.as_ref().map(|record| &record.revision) != expected {
            return;
        }
        let revision = self.next_revision();
        let next = Record::read(revision, bytes, self.now, setup.store_clock);
        let intent = |record: &Record| record.intent.clone();
        let known = self.record.as_deref().and_then(intent);
        self.seen.author = match (&next.intent, author) {
            (None, _) => Author::Nobody,
            (Some(nonce), _) if known.as_ref() == Some(nonce) => self.seen.author,
            (Some(_), Some(at)) => Author::Lives(at),
            (Some(_), None) => Author::Dead,
        };
        self.judge_write(setup, &next);
        self.before = self.record.replace(Arc::new(next));
    }

    /// The store goes back to what it held before its last write.
    pub fn forget(&mut self) {
        let Some(before) = self.before.take() else { return };
        let revision = self.next_revision();
        let before = Arc::new(Record { revision, ..(*before).clone() });
        let lost = self.record.replace(before).expect("a record");
        self.seen.forgotten = true;
        self.judge_forgotten(&lost);
    }
}
