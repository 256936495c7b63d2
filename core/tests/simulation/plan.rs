//! What a run is like: drawn from its seed, before it begins.

use crate::{
    dice::Dice,
    fault::{Fault, Mix, Place},
    features::Features,
    server::Rotating,
};
use evergrant::*;

/// A run's circumstances.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Whether the assumptions of `docs/refresh.md` are kept.
    pub timely: bool,
    pub provider: ProviderConfig,
    pub server: Rotating,
    pub access_life: u64,
    pub refresh_life: Option<u64>,
    /// Which tenant each worker works for.
    pub workers: Vec<u8>,
    pub tenants: u8,
    /// When faults stop, in virtual milliseconds.
    pub end: u64,
    /// The mean time between two acts.
    pub pace: u64,
    pub http: Mix,
    pub swap: Mix,
    pub acts: Mix,
    pub late_timers: bool,
    /// The store says how old a revision is.
    pub store_has_clock: bool,
    pub features: Features,
}

pub const REDIRECT_URI: &str = "https://client.example/callback";
pub const API: &str = "https://api.example/v1/expenses";

impl Plan {
    pub fn of(seed: u64) -> Self {
        let plan = Self::plain(seed);
        let features = Features::draw(seed, plan.timely);
        plan.with(features)
    }

    /// The same run without companies, keys and sealed records.
    pub fn plain(seed: u64) -> Self {
        let dice = &mut Dice::new(seed, 1);
        let timely = !dice.one_in(4);
        let (refresh, server) = policy(dice, timely);
        let several = dice.one_in(8);
        let count = if dice.one_in(4) { 1 } else { dice.between(2, 8) };
        let tenants = if several { dice.between(2, 3) as u8 } else { 1 };
        let workers = (0..count.max(u64::from(tenants))).map(|at| (at % u64::from(tenants)) as u8);
        let workers: Vec<u8> = workers.collect();
        let access_life = dice.pick(&[20_000, 60_000, 300_000, 900_000, 3_600_000]);
        let cycles = dice.pick(&[2, 5, 20, 50, 100, 200, 400]) / (1 + workers.len() as u64 / 4);
        let end = (access_life * cycles.max(2)).clamp(600_000, 7 * 86_400_000);
        let pace = dice.pick(&[access_life / 8, access_life / 2, access_life * 2]).max(2_000);
        let mut plan = Self {
            seed,
            timely,
            provider: provider(dice, refresh),
            server,
            access_life,
            refresh_life: dice.one_in(16).then_some(access_life * 3 + 500_000),
            workers,
            tenants,
            end,
            pace,
            http: Mix::default(),
            swap: Mix::default(),
            acts: Mix::default(),
            late_timers: dice.one_in(4),
            store_has_clock: dice.one_in(3),
            features: Features::default(),
        };
        plan.swarm(dice);
        plan
    }

    /// Which faults there are, and how often.
    fn swarm(&mut self, dice: &mut Dice) {
        // A run without any fault, one with a few, one with many.
        let kinds = dice.pick(&[0, 8, 4, 2]);
        for fault in Fault::ALL {
            let common = match fault.place() {
                Place::Keys | Place::Seal => continue,
                Place::Use => dice.pick(&[1, 1, 4]),
                _ if kinds == 0 || !dice.one_in(kinds) => continue,
                _ => dice.pick(&[1, 4, 16]),
            };
            let often = |per_64k: u32| per_64k * common;
            match fault.place() {
                Place::HttpUntimely | Place::ActUntimely if self.timely => {}
                Place::Http => self.http.add(*fault, often(200)),
                Place::HttpUntimely => self.http.add(*fault, often(600)),
                Place::Swap if *fault == Fault::Rubbish => self.swap.add(*fault, often(4)),
                Place::Swap => self.swap.add(*fault, often(100)),
                Place::Act | Place::ActUntimely => self.acts.add(*fault, often(300)),
                Place::Timer => self.late_timers = true,
                // Only with the features.
                Place::Keys | Place::Seal => {}
                Place::Use => {
                    let weight = match fault {
                        Fault::TokenWanted => 12_000,
                        Fault::ApiCall => 6_000,
                        Fault::Consent => 3_000,
                        Fault::Authorize => 700,
                        Fault::Flood => 80,
                        Fault::Revoke => 120,
                        Fault::ApiRefuses | Fault::StaleRefusal => 300,
                        _ => 150,
                    };
                    self.acts.add(*fault, often(weight));
                }
            }
        }
    }

    pub fn timing(&self) -> Timing {
        self.provider.refresh.timing
    }
}

fn policy(dice: &mut Dice, timely: bool) -> (RefreshPolicy, Rotating) {
    // A replay does no harm only while the grace covers a takeover and a request that
    // comes as late as may be: A + W + D.
    let short = dice.pick(&[10_000, 30_000]);
    let grace = if timely { 300_000 } else { short };
    match dice.below(12) {
        0..=2 => (RefreshPolicy::STRICT, Rotating::Strict),
        3 => (RefreshPolicy { access_dies: false, ..RefreshPolicy::STRICT }, Rotating::Strict),
        4 => (RefreshPolicy::OIDC_PROVIDER, Rotating::StrictPerUser),
        5 => (
            dice.pick(&[RefreshPolicy::SINGLE_USE, RefreshPolicy::CONNECT2ID]),
            Rotating::SingleUse,
        ),
        6 => (RefreshPolicy::OKTA, Rotating::GraceSibling(30_000)),
        7 => (RefreshPolicy::SIBLINGS, Rotating::GraceSibling(grace)),
        8 => (RefreshPolicy::ATLASSIAN, Rotating::GraceSibling(600_000)),
        9 => (RefreshPolicy::SAME_SUCCESSOR, Rotating::GraceSame(grace)),
        10 => (RefreshPolicy::NEWEST_WINS, Rotating::NewestWins),
        _ => (dice.pick(&[RefreshPolicy::NO_ROTATION, RefreshPolicy::WISE]), Rotating::Never),
    }
}

fn provider(dice: &mut Dice, refresh: RefreshPolicy) -> ProviderConfig {
    let disconnect = match dice.below(3) {
        0 => Disconnect::Forget,
        1 => Disconnect::Revocation { endpoint: "https://as.example/revoke".into() },
        _ => Disconnect::ApiRequest {
            method: Method::Delete,
            url: "https://api.example/v1/installations/me".into(),
            spares_others: true,
        },
    };
    let oracle = dice.one_in(3);
    ProviderConfig {
        environment: "test".into(),
        issuer: Some("https://as.example".into()),
        iss: dice.pick(&[IssPolicy::Required, IssPolicy::IfPresent]),
        authorization_endpoint: "https://as.example/authorize".into(),
        token_endpoint: "https://as.example/token".into(),
        introspection_endpoint: oracle.then(|| "https://as.example/introspect".into()),
        disconnect,
        api_origin: "https://api.example".into(),
        quirks: Quirks {
            token_type_optional: dice.one_in(2),
            form_encoded_answers: dice.one_in(2),
            comma_separated_scopes: dice.one_in(2),
            invalid_grant_errors: Vec::new(),
        },
        refresh,
        release_unsaved: dice.one_in(8),
        ..ProviderConfig::default()
    }
}
