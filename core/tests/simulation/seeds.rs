//! Seeds that once showed a defect, of the machine or of its description, run always.
//! What a seed means changes with `plan.rs`; what each defect was stays told in
//! `found_by_simulation.rs` and `found_of_companies.rs`.

use crate::{dice::Mode, plan::Plan, world::World};

const NAMED: &[(&str, u64)] = &[
    ("workers told of a spent token waited for each other without end", 109),
    ("a hold that ended wiped the grant that had come meanwhile", 1_914),
    ("an unfit token was served by a clock that was behind", 1_097),
    ("a grant stored without an answer was put over its own refresh", 4_823),
    ("and over the grant that came after it", 12_808),
    ("the answer to the first of two requests given up was dropped", 16_108),
    ("an unfit token was sent to end the grant", 57_655),
    ("a disconnect that was put off ended a later grant", 1_572),
    ("and so did one that was wanted twice", 281_394),
    ("one that others had finished ended a later grant", 1_799),
    ("a late answer of the store brought an ended grant back", 62_541),
    ("a revoke and an exchange at once", 2_006),
    ("a revoke asleep while a person authorized", 5_265),
    ("an end that its own worker still had before it", 68_820),
    ("parallel renewals at the end of a grant", 112_642),
];

/// The same with companies, keys and sealed records.
const BELONGING: &[(&str, u64)] = &[
    ("a candidate that another worker had had revoked was taken into use", 20_161),
    ("and one that had been dropped long before", 4_283),
    ("the successor of the token that another answer had left in place was dropped", 52_753),
    ("the rules missed an answer that gave way to a new grant without a refresh token", 105_267),
    ("tokens over by the clock alone were never looked up again in the store", 168_283),
    ("the rules wanted a revocation that a store had brought back unseen", 168_695),
    ("an end renewed its token beside a refresh with it", 2_336),
    ("a disconnect put off unread ended what its own worker stored after it", 669_440),
    ("the rules took tokens served before they were stored for the key in the store", 772_835),
    ("tokens that others had followed on were handed to the end", 921_346),
    ("an end that was only put off ended what was authorized meanwhile", 1_088_912),
    ("an authorization begun without a look was compared with an end by clocks", 1_308_285),
    ("tokens that a refresh had not rotated undid a verdict on their successors", 2_027_846),
    ("the rules wanted an end that nobody living had seen", 2_128_822),
    ("an end wanted while the store was silent ended what was authorized meanwhile", 2_580_341),
    ("the rules did not know that a lost answer had put its sibling aside", 2_796_213),
];

#[test]
fn seeds_that_once_failed_hold() {
    let plain = NAMED.iter().map(|(name, seed)| (name, Plan::plain(*seed)));
    let belonging = BELONGING.iter().map(|(name, seed)| (name, Plan::of(*seed)));
    for (name, plan) in plain.chain(belonging) {
        let seed = plan.seed;
        let mut world = World::new(plan, Mode::Draw, false);
        world.run();
        assert_eq!(world.violation, None, "{name}: seed {seed}");
    }
}
