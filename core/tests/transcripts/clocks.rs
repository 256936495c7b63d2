//! Clocks that jump, and the one that does not.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;

pub fn clocks() -> Life {
    let mut life = Life::new();
    (life.uptime, life.boot_id) = (Some(5_000_000), Some([1; 16]));
    life.authorize();
    // The wall clock goes back an hour while a refresh is waited for: within one boot
    // its age is known all the same.
    life.expire();
    life.expire();
    until_sent(&mut life, wanted());
    life.restart();
    life.token_wanted();
    life.now -= 3_600_000;
    life.wake_after(90_000);
    // After a reboot uptimes say nothing of the one before, and the wall clock that
    // jumps ahead does not let an observer in.
    life.expire();
    until_sent(&mut life, wanted());
    life.restart();
    (life.uptime, life.boot_id) = (Some(1_000), Some([2; 16]));
    life.token_wanted();
    life.now += 119_000;
    life.wake_after(1_000);
    life.wake_after(89_000);
    // A pause ends when the clock is set back behind its beginning.
    life.expire();
    life.meets([Fault::NotSent]);
    life.token_wanted();
    life.now -= 1_800_000;
    life.run(Input::Wake);
    life.refused_by_api(3);
    // A save that waits, likewise.
    life.expire();
    life.expire();
    let save = life.up_to(wanted(), 3);
    life.step(Input::SwapUnanswered { op: op_of(&save) });
    life.now -= 3_600_000;
    life.run(Input::Wake);
    // A year ahead by mistake, and back: nothing is lost.
    life.now += 365 * 86_400_000;
    life.token_wanted();
    life.now -= 365 * 86_400_000;
    life.token_wanted();
    // Disconnected, and connected again by a clock that is behind.
    life.run(Input::Revoke);
    life.now -= 60_000;
    life.authorize();
    life
}
