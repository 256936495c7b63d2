//! That the check can fail: each rule of the protocol's table of counterexamples is
//! turned off, and the checker must find what goes wrong. With the rule, in the
//! same bounds, all is well. C3 needs requests that the server itself refuses when
//! they are late (`exp` of `private_key_jwt`), which a later part brings.

use crate::{
    actions::Action,
    canonical::TICK,
    model::explore,
    parts::Stage,
    properties::Invariant,
    server::{Reply, Request},
    setup::{Budget, Setup, Ticks},
    world::World,
};
use evergrant::*;

const NONE: Budget = Budget::NONE;

/// More than any of these bounds has.
const ALL: usize = 2_000_000;

fn strict(budget: Budget) -> Setup {
    Setup::new(Rotation::Strict, budget)
}

fn holds(name: &str, off: &[Rule], setup: &Setup) {
    let found = explore(name, setup, off, ALL);
    assert!(found.whole, "{name}: {:?}", found.broken);
}

fn fails(name: &str, off: &[Rule], setup: &Setup, broken: Invariant) {
    let found = explore(name, setup, off, ALL);
    let names: Vec<_> = found.broken.iter().map(|(name, _)| *name).collect();
    assert!(names.contains(&broken.name()), "{name}: {names:?}");
}

/// Without the rule the invariant is broken, with it nothing is.
fn needs(rule: Rule, setup: &Setup, broken: Invariant) {
    fails(&format!("without {rule:?}"), &[rule], setup, broken);
    holds(&format!("with {rule:?}"), &[], setup);
}

#[test]
fn b01_b02_intent() {
    needs(Rule::Intent, &strict(Budget { wants: 2, ..NONE }), Invariant::I1);
}

#[test]
fn a10_a_dead_owners_request_is_not_dead() {
    let budget = Budget { wants: 2, crashes: 1, obituaries: 1, ..NONE };
    needs(Rule::DeadOwnersRequest, &strict(budget), Invariant::I1);
}

#[test]
fn b04_b05_the_takeover_age_is_sharp() {
    let setup = strict(Budget { wants: 2, pauses: 1, ..NONE });
    let ticks = Ticks::EXACT;
    holds("A as it must be", &[], &setup.clone().ticks(ticks));
    let shorter = setup.ticks_unsound(Ticks { a: ticks.a - 1, ..ticks });
    fails("A a tick shorter", &[], &shorter, Invariant::I1);
}

#[test]
fn a7_listening_is_longer_than_the_server_can_take() {
    let setup = strict(Budget { wants: 2, ..NONE });
    let ticks = Ticks { t: 2, d: 2, a: 5, ..Ticks::EXACT };
    fails("T as long as D", &[], &setup.ticks_unsound(ticks), Invariant::I4);
}

#[test]
fn b03_observers_clock() {
    let setup = strict(Budget { wants: 2, ..NONE });
    let setup = Setup { ahead: [0, 2 * TICK, 0], ..setup };
    needs(Rule::ObserversClock, &setup, Invariant::I1);
}

#[test]
fn b14_check_before_send() {
    needs(Rule::CheckBeforeSend, &strict(Budget { wants: 2, pauses: 1, ..NONE }), Invariant::I1);
}

#[test]
fn b10_quiet_retry() {
    needs(Rule::QuietRetry, &strict(Budget { wants: 2, resets: 1, ..NONE }), Invariant::I1);
}

#[test]
fn b06_merge_by_generation() {
    let setup = strict(Budget { wants: 2, ..NONE }).early();
    needs(Rule::MergeByGeneration, &setup, Invariant::I3);
}

#[test]
fn b07_only_the_owner_gives_a_verdict() {
    let budget = Budget { wants: 1, withdrawals: 1, reauthorizations: 1, ..NONE };
    needs(Rule::OwnersVerdict, &strict(budget), Invariant::I4);
}

#[test]
fn b08_a_swap_without_an_answer_is_resolved() {
    needs(Rule::ResolveSwap, &strict(Budget { wants: 2, silences: 1, ..NONE }), Invariant::I3);
}

#[test]
fn b09_a_new_grant_is_fenced_twice() {
    let setup = strict(Budget { wants: 1, reauthorizations: 1, ..NONE });
    let both = [Rule::NewGrantRaises, Rule::SameGrant];
    fails("without NewGrantRaises and SameGrant", &both, &setup, Invariant::I8);
    holds("without SameGrant", &[Rule::SameGrant], &setup);
    holds("without NewGrantRaises", &[Rule::NewGrantRaises], &setup);
}

#[test]
fn b12_a_success_heals_a_verdict() {
    let setup = Setup::new(Rotation::SingleUse, Budget { wants: 2, ..NONE }).early();
    needs(Rule::Heal, &setup, Invariant::I3);
}

#[test]
fn b11_what_has_arrived_beats_a_timer() {
    needs(Rule::DrainFirst, &strict(Budget { wants: 1, ..NONE }).untimely(), Invariant::I3);
}

#[test]
fn e1_an_exchange_waits_where_families_are_per_user() {
    let budget = Budget { wants: 2, replies_lost: 1, reauthorizations: 1, ..NONE };
    let setup = Setup { machines: 1, ..strict(budget).family_per_user() };
    needs(Rule::WaitBeforeExchange, &setup, Invariant::I2);
}

#[test]
fn e5_a_refresh_is_stored_despite_a_fence_for_two_reasons() {
    let setup = strict(Budget { wants: 1, reauthorizations: 1, ..NONE });
    let both = [Rule::FenceKeeps, Rule::Successor];
    fails("without FenceKeeps and Successor", &both, &setup, Invariant::I3);
    holds("without FenceKeeps", &[Rule::FenceKeeps], &setup);
    holds("without Successor", &[Rule::Successor], &setup);
}

#[test]
fn c8_a_late_sibling_is_kept() {
    let setup = Setup::new(Rotation::NewestWins, Budget { wants: 2, ..NONE }).early();
    needs(Rule::Spare, &setup, Invariant::I3);
}

#[test]
fn what_the_store_forgot_is_written_again() {
    let setup = strict(Budget { wants: 2, forgets: 1, ..NONE });
    needs(Rule::Repair, &setup, Invariant::I3);
}

#[test]
fn a_disconnect_beats_an_authorization_begun_before() {
    let budget = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    needs(Rule::DisconnectWins, &strict(budget), Invariant::I7);
}

#[test]
fn c4_an_oracle_alone_does_not_help_against_any_pause() {
    // Told that the token is unused, the machine sends it; before it arrives so does
    // the other's, which was late.
    let setup = strict(Budget { wants: 2, ..NONE }).oracle().untimely();
    let setup = setup.claiming(&[Invariant::I2]);
    let found = explore("oracle, without exp", &setup, &[], ALL);
    let [(name, path)] = found.broken.as_slice() else { panic!("{:?}", found.broken) };
    assert_eq!(*name, Invariant::I2.name());
    assert!(was_told_that_it_lives(&setup, path), "{path:?}");
}

/// Whether on this way the server says to somebody that a refresh token is unused.
fn was_told_that_it_lives(setup: &Setup, path: &[Action]) -> bool {
    let mut world = World::new(setup);
    path.iter().any(|action| {
        world.apply(setup, *action);
        world.flights.iter().any(|flight| {
            matches!(flight.request, Request::Introspect(_))
                && flight.stage == Stage::Answered(Reply::Live(true))
        })
    })
}

#[test]
fn what_the_server_calls_used_up_is_not_sent() {
    let setup = strict(Budget { wants: 2, replies_lost: 1, ..NONE }).oracle();
    needs(Rule::HeedOracle, &setup, Invariant::I11);
}

#[test]
fn a_refused_call_speaks_of_its_own_generation() {
    let setup = strict(Budget { refused_calls: 2, ..NONE }).lasting();
    needs(Rule::RefusedGeneration, &setup, Invariant::I10);
}

#[test]
fn callers_refused_at_once_share_one_refresh() {
    let setup = strict(Budget { refused_calls: 2, ..NONE }).lasting();
    needs(Rule::Intent, &setup.claiming(&[Invariant::I10]), Invariant::I10);
}

#[test]
fn an_old_grant_is_not_ended_once_there_is_a_newer() {
    let budget = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    let setup = strict(budget).disconnect_by_api().lasting();
    needs(Rule::LookBeforeTelling, &setup, Invariant::I12);
}

#[test]
fn a_disconnect_by_api_beats_an_authorization_begun_before() {
    let budget = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    let setup = strict(budget).disconnect_by_api().lasting();
    needs(Rule::DisconnectWins, &setup, Invariant::I7);
}

#[test]
fn an_end_renews_nothing_beside_a_refresh() {
    let setup = strict(Budget { wants: 1, revokes: 1, ..NONE }).disconnect_by_api();
    needs(Rule::IntentAtEnd, &setup, Invariant::I1);
}
