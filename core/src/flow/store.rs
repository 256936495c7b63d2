//! The connection's record in the store: read, written by swap, confirmed.

use super::{Cx, STORE_TRIES};
use crate::{
    failure::Failure,
    output::{Notice, Op, Output},
    record::{Revision, StoreKey, Stored, Write, connection::ConnectionRecord, decode, encode},
    rules::{self, Rule},
    sealing::Sealing,
    state::{Attempt, Known, Ops, State},
};
use alloc::boxed::Box;

/// Reads the connection's record.
pub(crate) fn read(state: &mut State, cx: &mut Cx<'_>) -> Op {
    let expected = state.known.revision().cloned();
    swap(&mut state.ops, cx, cx.key.clone(), expected, None)
}

/// Writes the connection's record over the revision last seen.
pub(crate) fn write(state: &mut State, cx: &mut Cx<'_>, next: Box<ConnectionRecord>) -> Attempt {
    let bytes = encode(cx.client.sealing(), &*next);
    let write = Write { bytes: bytes.clone(), due_at: next.claim_at(), purge_at: None };
    let expected = state.known.revision().cloned();
    let op = swap(&mut state.ops, cx, cx.key.clone(), expected, Some(write));
    Attempt { op, next, bytes, tries: 0 }
}

pub(crate) fn swap(
    ops: &mut Ops,
    cx: &mut Cx<'_>,
    key: StoreKey,
    expected: Option<Revision>,
    write: Option<Write>,
) -> Op {
    let op = ops.next();
    cx.emit(Output::Swap { op, key, expected, write });
    op
}

/// Takes over what the store holds now, unless that is older than what it had
/// acknowledged before: a store that fails over can forget a write.
pub(crate) fn adopt(
    state: &mut State,
    cx: &Cx<'_>,
    current: Option<Stored>,
) -> Result<(), Failure> {
    let age = current.as_ref().and_then(|stored| stored.age);
    let found = known(cx.client.sealing(), cx.key, current)?;
    state.store_age = age;
    let generation = found.record().map_or(0, |record| record.generation);
    state.known = match core::mem::take(&mut state.known) {
        Known::Present(_, mine) | Known::Ahead(_, mine)
            if mine.generation > generation && rules::holds(Rule::Repair) =>
        {
            Known::Ahead(found.revision().cloned(), mine)
        }
        Known::Unread | Known::Absent | Known::Present(..) | Known::Ahead(..) => found,
    };
    Ok(())
}

/// What the store holds, read.
pub(crate) fn known(
    sealing: &Sealing,
    key: &StoreKey,
    current: Option<Stored>,
) -> Result<Known, Failure> {
    let Some(stored) = current else { return Ok(Known::Absent) };
    let record = decode(sealing, key, stored.bytes.expose())?;
    Ok(Known::Present(stored.revision, Box::new(record)))
}

/// Takes over what the store holds after a write; says whether that is what was
/// written, byte for byte. If it is not, the write may still have taken place,
/// with another on top: the caller looks for its nonce or token id.
pub(crate) fn confirm(
    state: &mut State,
    cx: &mut Cx<'_>,
    mut attempt: Attempt,
    current: Option<Stored>,
) -> Result<bool, Failure> {
    match current {
        // Whoever can time this holds the store itself: no need for constant time.
        Some(stored) if stored.bytes.expose() == attempt.bytes.expose() => {
            for _ in 0..core::mem::take(&mut attempt.next.dropped) {
                cx.notice(Notice::TokenRevoked { confirmed: false });
            }
            // Two parts may have a write on its way, and the answer to the older one may
            // come last: it took place, and is no longer what is there.
            let known = state.known.record().map_or(0, |record| record.generation);
            if known <= attempt.next.generation {
                state.known = Known::Present(stored.revision, attempt.next);
                state.store_age = stored.age;
            }
            Ok(true)
        }
        current => adopt(state, cx, current).map(|()| false),
    }
}

/// After a swap without an answer: what is there is read, and the attempt kept.
/// `None` once the store has been silent too often.
pub(crate) fn reread(state: &mut State, cx: &mut Cx<'_>, mut attempt: Attempt) -> Option<Attempt> {
    attempt.tries = attempt.tries.saturating_add(1);
    if attempt.tries >= STORE_TRIES {
        return None;
    }
    attempt.op = read(state, cx);
    Some(attempt)
}

/// The record last seen, or a new one where there is none.
pub(crate) fn known_or_new(state: &State, cx: &Cx<'_>) -> Box<ConnectionRecord> {
    Box::new(state.known.record().cloned().unwrap_or_else(|| ConnectionRecord::new(cx.key)))
}
