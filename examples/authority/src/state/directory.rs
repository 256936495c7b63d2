use serde::{Deserialize, Serialize};

use super::Subject;
use crate::config::Config;

/// A company or an organisation that a person can pick when he consents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its URN.
    pub subject: Subject,
    /// What the consent page calls it.
    pub name: String,
    /// The organisation that the company belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Subject>,
}

/// Why an entity cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntityError {
    /// There is one with this URN.
    #[error("an entity with this subject is there already")]
    Taken,
    /// Only a company belongs to an organisation, and to nothing else.
    #[error("only a company belongs to an organisation, and to nothing else")]
    Organisation,
}

/// Who there is, and who is picked where nobody is asked.
#[derive(Debug)]
pub(crate) struct Directory {
    entities: Vec<Entity>,
    picked: Option<Subject>,
}

impl Directory {
    pub(crate) fn new(config: &Config) -> Result<Self, EntityError> {
        let mut directory = Self { entities: Vec::new(), picked: config.subject.clone() };
        for entity in &config.entities {
            directory.add(entity.clone())?;
        }
        Ok(directory)
    }

    pub(crate) fn add(&mut self, entity: Entity) -> Result<(), EntityError> {
        if self.find(&entity.subject).is_some() {
            return Err(EntityError::Taken);
        }
        let fine =
            |organisation: &Subject| entity.subject.is_company() && !organisation.is_company();
        if !entity.organisation.as_ref().is_none_or(fine) {
            return Err(EntityError::Organisation);
        }
        self.entities.push(entity);
        Ok(())
    }

    pub(crate) fn entities(&self) -> &[Entity] {
        &self.entities
    }

    pub(crate) fn pick(&mut self, subject: Option<Subject>) {
        self.picked = subject;
    }

    /// What the user picks unless he is asked: what was set, else what the client proposes (if it
    /// exists), else his own company.
    pub(crate) fn picked(&self, user: &str, proposed: Option<&Subject>) -> Subject {
        let proposed = proposed.filter(|subject| self.find(subject).is_some());
        let picked = self.picked.as_ref().or(proposed);
        picked.cloned().unwrap_or_else(|| Subject::company_of(user))
    }

    /// What a person may pick, his own company first.
    pub(crate) fn offered(&self, user: &str) -> Vec<Entity> {
        let own = Subject::company_of(user);
        let mut offered = self.entities.clone();
        for (subject, name) in [
            (self.picked.clone(), "The company that was set".to_owned()),
            (Some(own), format!("Company of {user}")),
        ] {
            if let Some(subject) = subject.filter(|s| offered.iter().all(|e| e.subject != *s)) {
                offered.insert(0, Entity { subject, name, organisation: None });
            }
        }
        offered
    }

    /// Whether data of the company is open to whom speaks for `subject`.
    pub(crate) fn covers(&self, subject: &Subject, company: &Subject) -> bool {
        subject == company
            || self
                .find(company)
                .is_some_and(|entity| entity.organisation.as_ref() == Some(subject))
    }

    fn find(&self, subject: &Subject) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.subject == *subject)
    }
}
