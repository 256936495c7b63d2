//! One process ends itself before or after each output of a refresh, another
//! lives, and wants the same token.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
};

use crate::{
    worker::{LOST, Progress, SERVED},
    world::{TAKEOVER, World},
};

#[test]
fn a_strict_server_s_grant_is_lost_only_with_the_only_copy_of_its_token() {
    let lost = die_everywhere("strict", false).iter().filter(|ending| ending.lost).count();
    // After the server's answer, around the machine's step, before the write.
    assert!((1..=4).contains(&lost), "{lost}");
}

#[test]
fn a_server_with_siblings_loses_nothing() {
    assert!(die_everywhere("siblings", false).iter().all(|ending| !ending.lost));
}

#[test]
fn a_server_whose_newest_token_wins_loses_nothing() {
    assert!(die_everywhere("newest-wins", false).iter().all(|ending| !ending.lost));
}

#[test]
fn a_server_without_rotation_loses_nothing() {
    assert!(die_everywhere("none", false).iter().all(|ending| !ending.lost));
}

#[test]
fn one_grant_outlives_all_the_deaths_one_after_the_other() {
    let world = World::new("siblings");
    let mut survivor = world.worker();
    let (mut expiries, mut takeovers, mut sent_in_vain) = (0, 0, 0);
    for at in (1..).flat_map(|output| [(output, false), (output, true)]) {
        let mut victim = world.doomed(at.0, at.1);
        assert_eq!(victim.want(), Some(SERVED.to_owned()));
        world.expire(&mut [&mut victim, &mut survivor]);
        expiries += 1;
        if victim.want().is_some() {
            break;
        }
        victim.must_be_killed();
        let done = victim.progress();
        takeovers += u64::from(done.claimed && !done.saved);
        sent_in_vain += u64::from(done.in_vain());
        // Nothing is on its way: clocks that are moved do what a wait would do.
        world.pass(TAKEOVER, &mut [&mut survivor]);
        assert_eq!(survivor.want().as_deref(), Some(SERVED), "{at:?}");
        world.must_be_kept();
    }
    assert_eq!((expiries, takeovers, sent_in_vain), (13, 6, 2));
    let stats = world.control().stats();
    assert_eq!(stats.refreshes_received, expiries + sent_in_vain);
    assert_eq!((stats.replayed_refresh_tokens, stats.grants_revoked_by_replay), (0, 0));
}

#[test]
fn it_is_no_different_when_both_want_the_token_at_once() {
    die_everywhere("strict", true);
}

/// Deaths at which both want the token at once.
const RACES: u32 = 12;

/// How one of the deaths ended.
#[derive(Debug)]
struct Ending {
    /// The output, and whether it had been done.
    at: (u32, bool),
    /// What that was; nothing if there is no such output.
    kind: Option<String>,
    /// What the victim had done by then.
    done: Progress,
    /// What the server saw.
    received: u64,
    lost: bool,
}

/// Deaths before and after each output, until there is none left to die at;
/// four at a time, since most of that is waiting.
fn die_everywhere(rotation: &'static str, at_once: bool) -> Vec<Ending> {
    let (next, ended, endings) =
        (AtomicU32::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !ended.load(Ordering::SeqCst) {
                    let point = next.fetch_add(1, Ordering::SeqCst);
                    assert!(point < 60, "a refresh has fewer outputs than this");
                    let ending = die_at(rotation, (point / 2 + 1, point % 2 == 1), at_once);
                    // In a race whoever loses has other outputs, and maybe fewer.
                    let last = if at_once { point >= RACES } else { ending.kind.is_none() };
                    ended.fetch_or(last, Ordering::SeqCst);
                    endings.lock().expect("no panic").push(ending);
                }
            });
        }
    });
    let mut endings = endings.into_inner().expect("no panic");
    endings.sort_by_key(|ending| ending.at);
    for Ending { at: (output, after), kind, done, received, lost } in &endings {
        let when = if *after { "after" } else { "before" };
        let kind = kind.as_deref().unwrap_or("-");
        println!("{rotation}: {output} {when} {kind}: {done:?}, {received} received, lost: {lost}");
    }
    if !at_once {
        for kind in ["write", "refresh_started", "send", "refreshed", "token_ready"] {
            let both = endings.iter().filter(|ending| ending.kind.as_deref() == Some(kind)).count();
            assert_eq!(both, if kind == "write" { 4 } else { 2 }, "{kind}");
        }
    }
    endings
}

fn die_at(rotation: &'static str, at: (u32, bool), at_once: bool) -> Ending {
    let world = World::new(rotation);
    let (mut victim, mut survivor) = (world.doomed(at.0, at.1), world.worker());
    // Both live, and know the token of the first generation.
    assert_eq!(victim.want().as_deref(), Some(SERVED));
    assert_eq!(survivor.want().as_deref(), Some(SERVED));
    world.expire(&mut [&mut victim, &mut survivor]);
    victim.tell("want");
    // The other comes when the victim's intent stands, or it is dead.
    if !at_once {
        victim.hear("did write");
    }
    survivor.tell("want");
    let kind = match victim.answer() {
        Some(answer) if answer == SERVED => None,
        Some(answer) => panic!("{at:?}: the victim got {answer}"),
        None => {
            victim.must_be_killed();
            let last = victim.log.last().and_then(|line| line.strip_prefix("dies "));
            Some(last.expect("its last words").split(' ').next_back().unwrap_or("").to_owned())
        }
    };
    let answer = survivor.answer().expect("the survivor lives");

    let done = victim.progress();
    let stats = world.control().stats();
    // What the server replaced, and nobody has any more.
    let reply_lost = done.in_vain();
    let lost = rotation == "strict" && reply_lost;
    assert_eq!(answer, if lost { LOST } else { SERVED }, "{at:?}: {:?}", victim.log);
    if lost {
        world.must_be_lost();
    } else {
        world.must_be_kept();
    }
    let replays = (stats.replayed_refresh_tokens, stats.grants_revoked_by_replay);
    assert_eq!(replays, (u64::from(lost), u64::from(lost)), "{at:?}");

    // One for the expiry, and one more where a request may have been in vain.
    assert_eq!(stats.refreshes_received, 1 + u64::from(reply_lost), "{at:?}: {:?}", victim.log);
    if !at_once {
        let attempts: Vec<&String> =
            survivor.log.iter().filter(|line| line.starts_with("attempt ")).collect();
        match done {
            Progress { saved: true, .. } => assert!(attempts.is_empty(), "{attempts:?}"),
            Progress { claimed: true, .. } => assert_eq!(attempts, ["attempt 2"]),
            Progress { .. } => assert_eq!(attempts, ["attempt 1"]),
        }
    }
    if !lost {
        assert_eq!(survivor.log.last().map(String::as_str), Some(SERVED));
        assert_eq!(survivor.count("generation 2"), 1, "{:?}", survivor.log);
    }
    Ending { at, kind, done, received: stats.refreshes_received, lost }
}
