//! The process dies in the midst of each stage, and another takes up what the store
//! holds. What it had asked of the store or the server is done, and nobody is left to
//! hear of it; an answer that comes all the same is none of the new one's.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;

/// Dies at the n-th output that wants an answer.
fn dies_at(life: &mut Life, input: Input, n: usize) {
    let open = life.up_to(input, n);
    let late = life.on_its_way(&open);
    life.restart();
    if n == 1 {
        life.run(late);
    }
}

pub fn restarts_authorization() -> Life {
    let mut life = Life::new();
    // With nothing in the store yet: written and not shown, and with a person in the
    // browser, whose redirect comes to the new process.
    dies_at(&mut life, authorize(), 1);
    let redirect = life.consented();
    life.restart();
    // Judging it, and using it up: after that the code is lost with the process.
    dies_at(&mut life, redirect.clone(), 1);
    dies_at(&mut life, redirect.clone(), 2);
    life.run(redirect);
    // The fence is written; the code is sent; the grant is stored and nobody told.
    for n in [3, 4, 5] {
        let redirect = life.consented();
        dies_at(&mut life, redirect, n);
        life.token_wanted();
    }
    // With a grant: the fence is lifted, and pending ones are given up and run out.
    let redirect = life.consented();
    life.meets([error("invalid_grant")]);
    dies_at(&mut life, redirect, 5);
    life.token_wanted();
    life.open_browser(authorize());
    dies_at(&mut life, Input::Cancel { authorization: None }, 2);
    life.open_browser(authorize());
    life.restart();
    life.wake_after(600_000);
    life
}

pub fn restarts_refresh() -> Life {
    let mut life = Life::new();
    life.authorize();
    // The intent is written; then the request sent and handled, whose reply is lost.
    life.expire();
    dies_at(&mut life, wanted(), 1);
    life.token_wanted();
    life.wake_after(90_000);
    // The new tokens are stored.
    life.expire();
    dies_at(&mut life, wanted(), 3);
    life.token_wanted();
    // A failure is settled, and its pause not known of; given up, and waiting.
    life.expire();
    life.meets([Fault::NotSent]);
    dies_at(&mut life, wanted(), 3);
    life.token_wanted();
    life.expire();
    life.meets([Fault::RequestLost]);
    life.token_wanted();
    life.restart();
    life.token_wanted();
    life.wake_after(90_000);
    // Sent; and the verdict of the one who takes over.
    life.expire();
    dies_at(&mut life, wanted(), 2);
    life.token_wanted();
    life.advance(90_000);
    dies_at(&mut life, Input::Wake, 4);
    life.token_wanted();
    life
}

pub fn restarts_disconnect() -> Life {
    let mut life = Life::new();
    // Marked; told; buried.
    for n in [1, 2, 3] {
        life.advance(1);
        life.authorize();
        dies_at(&mut life, Input::Revoke, n);
        life.run(Input::Wake);
    }
    // Between two tries, and with something owed to the server.
    life.advance(1);
    life.authorize();
    life.meets(vec![Fault::RequestLost; 5]);
    life.run(Input::Revoke);
    life.restart();
    for _ in 0..4 {
        life.wake();
    }
    life.restart();
    life.until_due();
    dies_at(&mut life, Input::Wake, 1);
    dies_at(&mut life, Input::Wake, 2);
    while life.connection.wake_at(life.now).is_some() {
        life.wake();
    }
    life
}
