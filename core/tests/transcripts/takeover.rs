//! Two workers and one refresh: who waits, who takes over, and what becomes of an
//! answer that comes when somebody else has the last word.

use crate::common::*;
use crate::script::*;
use evergrant::*;

const TIMING: Timing = RefreshPolicy::STRICT.timing;

/// The worker dies with its refresh on its way, and another starts.
fn orphan(life: &mut Life) {
    life.expire();
    until_sent(life, wanted());
    life.restart();
}

/// By the store's own clock the record is so old.
fn written_ago(life: &mut Life, age: u64) {
    let key = life.connection.store_key().as_str().to_owned();
    life.store.get_mut(&key).unwrap().age = Some(age);
}

/// How often an observer looks again.
const POLL: u64 = 500;

/// Each clause under which another's refresh may be taken over.
pub fn takeover() -> Life {
    let mut life = Life::new();
    life.authorize();
    // A live owner is waited for.
    life.expire();
    let mut owner = second_worker(&life);
    let sent = life.as_other(&mut owner, |owner| http(&until_sent(owner, wanted())));
    life.token_wanted();
    life.wake();
    let answer = life.on_its_way(&sent);
    life.as_other(&mut owner, |owner| owner.run(answer));
    life.wake();
    // By the observer's own clock from the first sight.
    orphan(&mut life);
    life.token_wanted();
    life.wake_after(TIMING.takeover_after - 1);
    life.wake_after(POLL);
    // By the store's clock, a millisecond too early, and then in time.
    life.expire();
    until_sent(&mut life, wanted());
    written_ago(&mut life, TIMING.takeover_after - 1);
    life.restart();
    life.token_wanted();
    written_ago(&mut life, TIMING.takeover_after);
    life.wake();
    // Known to be dead: not before its request must have been dealt with. One's own
    // refresh is no orphan, nor is there one where nobody refreshes.
    orphan(&mut life);
    life.token_wanted();
    life.run(Input::PeerGone);
    life.wake_after(TIMING.send_within + TIMING.start_within);
    life.wake_after(POLL);
    life.run(Input::PeerGone);
    // By the wall clocks, beyond what they may differ by.
    orphan(&mut life);
    life.advance(TIMING.takeover_after + 120_000);
    life.token_wanted();
    life
}

/// Answers that come when the record has gone on.
pub fn late_answers() -> Life {
    let mut life = Life::new();
    life.authorize();
    // After the machine has stopped waiting for it.
    life.expire();
    let sent = http(&until_sent(&mut life, wanted()));
    let answer = life.on_its_way(&sent);
    life.wake();
    life.run(answer);
    // While another has taken the refresh over, and asks with the spent token.
    life.expire();
    let mut other = second_worker(&life);
    let sent = http(&until_sent(&mut life, wanted()));
    let answer = life.on_its_way(&sent);
    let held = life.as_other(&mut other, |other| {
        other.token_wanted();
        other.advance(TIMING.takeover_after);
        http(&until_sent(other, Input::Wake))
    });
    life.run(answer.clone());
    // Said twice, it is said to nobody.
    life.run(answer);
    life.as_other(&mut other, |other| {
        let refused = Input::HttpDone {
            op: op_of(&held),
            response: server::response(400, vec![], r#"{"error":"invalid_grant"}"#),
        };
        other.run(refused)
    });
    // A refusal, when another has refreshed meanwhile.
    life.expire();
    let sent = http(&until_sent(&mut life, wanted()));
    life.elsewhere(|other| {
        other.token_wanted();
        other.wake_after(TIMING.takeover_after)
    });
    let refused = server::response(400, vec![], r#"{"error":"invalid_grant"}"#);
    life.run(Input::HttpDone { op: op_of(&sent), response: refused });
    // Asleep between the intent and its sending: not sent, another has what is wanted.
    life.expire();
    let claim = life.up_to(wanted(), 1);
    let answer = life.on_its_way(&claim);
    life.elsewhere(|other| {
        other.token_wanted();
        other.wake_after(TIMING.takeover_after)
    });
    life.run(answer);
    // Judged dead by another's replay: the success heals it, if the grant is alive.
    life.expire();
    let sent = http(&until_sent(&mut life, wanted()));
    let answer = life.on_its_way(&sent);
    let live = life.server.live.clone();
    life.elsewhere(|other| {
        other.token_wanted();
        other.wake_after(TIMING.takeover_after)
    });
    life.server.live = live;
    life.run(answer);
    // And one of a grant that has been replaced has no place.
    life.expire();
    let sent = http(&until_sent(&mut life, wanted()));
    let answer = life.on_its_way(&sent);
    life.authorize();
    life.run(answer);
    life
}

/// Two successors of one token: the one stored is the dead one, and the spare takes
/// its place.
pub fn siblings() -> Life {
    let mut life =
        Life::expired(ProviderConfig { refresh: RefreshPolicy::NEWEST_WINS, ..provider_config() });
    let mut owner = second_worker(&life);
    let first = life.as_other(&mut owner, |owner| http(&until_sent(owner, wanted())));
    let first = life.on_its_way(&first);
    life.token_wanted();
    life.advance(TIMING.takeover_after);
    let second = http(&until_sent(&mut life, Input::Wake));
    let second = life.on_its_way(&second);
    life.as_other(&mut owner, |owner| owner.run(first));
    life.run(second);
    life.expire();
    life.token_wanted();
    life
}
