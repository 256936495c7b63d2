//! What a provider and a client may have beyond grants: companies, API keys, sealed
//! records. Drawn apart from the rest of the plan, which is the same without them.

use crate::{
    dice::Dice,
    fault::{Fault, Place},
    plan::Plan,
    seal,
};
use evergrant::*;

#[derive(Clone, Debug, Default)]
pub struct Features {
    /// A grant is used once its company is known.
    pub company: bool,
    pub keys: bool,
    /// All tenants' people are of one company, which only one of them can have.
    pub rivals: bool,
    /// Companies were reserved once, and their tenants are gone.
    pub released: bool,
    pub sealed: bool,
    /// A new key is in use before all workers know it, an old one dropped while it is needed.
    pub hasty: bool,
    /// The provider's own request ends all that a company has.
    pub ends_companies: bool,
}

impl Features {
    pub fn draw(seed: u64, timely: bool) -> Self {
        let dice = &mut Dice::new(seed, 5);
        let (company, keys) = (dice.one_in(3), dice.one_in(4));
        let belongs = company || keys;
        let sealed = dice.one_in(4) && seal::rings(true).len() > 1;
        Self {
            company,
            keys,
            rivals: belongs && dice.one_in(3),
            released: belongs && dice.one_in(4),
            sealed,
            hasty: sealed && !timely && dice.one_in(2),
            ends_companies: company && dice.one_in(2),
        }
    }

    /// Whether a connection may belong to a company.
    pub fn belongs(&self) -> bool {
        self.company || self.keys
    }
}

impl Plan {
    /// The same run with the features.
    pub fn with(mut self, features: Features) -> Self {
        let dice = &mut Dice::new(self.seed, 6);
        let binding = CompanyBinding {
            url: "https://api.example/v1/introspect".into(),
            subject: "/data/subjectURN".into(),
            scope: dice.one_in(2).then(|| "/data/scope".into()),
            company_prefix: "urn:company:".into(),
            organisation_prefix: Some("urn:organisation:".into()),
        };
        self.provider.company = features.company.then(|| binding.clone());
        self.provider.api_keys = features.keys.then_some(binding);
        if let Disconnect::ApiRequest { spares_others, .. } = &mut self.provider.disconnect {
            *spares_others = !features.company || dice.one_in(2);
        }
        // Somebody to compete with for a company.
        if features.belongs() && self.tenants == 1 && self.workers.len() > 1 && !dice.one_in(3) {
            self.tenants = 2;
            for (at, tenant) in self.workers.iter_mut().enumerate() {
                *tenant = (at % 2) as u8;
            }
        }
        for fault in Fault::ALL {
            let weight = match (fault.place(), fault) {
                (Place::Keys, Fault::EnterKey) if features.keys => 1_500,
                (Place::Keys, _) if features.keys => 200,
                (Place::Seal, _) if features.sealed => 400,
                _ => continue,
            };
            self.acts.add(*fault, weight);
        }
        self.features = features;
        self
    }

    /// The companies of the tenants' people, and one that nobody is at home in.
    pub fn companies(&self) -> u8 {
        self.tenants + 1
    }
}
