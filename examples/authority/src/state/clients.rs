use std::{collections::BTreeMap, fmt};

use crate::client::{ClientAuth, RegisteredClient, RegistrationError};

/// Why the secrets of a client stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no such client.
    #[error("the client is unknown")]
    Unknown,
    /// A public client has none.
    #[error("a public client has no secret")]
    Public,
    /// A secret may not be empty.
    #[error("a secret may not be empty")]
    Empty,
    /// A confidential client keeps one.
    #[error("the last secret stays")]
    Last,
}

/// The clients, and the secrets that are good for each.
#[derive(Debug, Default)]
pub(crate) struct Clients(BTreeMap<String, Registered>);

struct Registered {
    client: RegisteredClient,
    /// Oldest first; the number counts them from 0 for the one of the registration.
    secrets: Vec<(u64, String)>,
    next: u64,
}

impl Clients {
    pub(crate) fn register(&mut self, client: RegisteredClient) -> Result<(), RegistrationError> {
        client.check()?;
        if self.0.contains_key(&client.id) {
            return Err(RegistrationError::Taken);
        }
        let secrets = match &client.auth {
            ClientAuth::Basic(secret) | ClientAuth::Post(secret) => vec![(0, secret.clone())],
            ClientAuth::None => vec![],
        };
        self.0.insert(client.id.clone(), Registered { client, secrets, next: 1 });
        Ok(())
    }

    pub(crate) fn find(&self, id: &str) -> Option<&RegisteredClient> {
        self.0.get(id).map(|known| &known.client)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &RegisteredClient> {
        self.0.values().map(|known| &known.client)
    }

    /// What is good now, with the number of each.
    pub(crate) fn secrets(&self, id: &str) -> &[(u64, String)] {
        self.0.get(id).map_or(&[], |known| &known.secrets)
    }

    /// One more, beside those that are there.
    pub(crate) fn add_secret(&mut self, id: &str, secret: &str) -> Result<u64, SecretError> {
        let known = self.confidential(id)?;
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        let number = known.next;
        known.next += 1;
        known.secrets.push((number, secret.into()));
        Ok(number)
    }

    /// The oldest one is good no more.
    pub(crate) fn drop_secret(&mut self, id: &str) -> Result<u64, SecretError> {
        let known = self.confidential(id)?;
        if known.secrets.len() < 2 {
            return Err(SecretError::Last);
        }
        Ok(known.secrets.remove(0).0)
    }

    fn confidential(&mut self, id: &str) -> Result<&mut Registered, SecretError> {
        let known = self.0.get_mut(id).ok_or(SecretError::Unknown)?;
        if known.client.auth == ClientAuth::None { Err(SecretError::Public) } else { Ok(known) }
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("client", &self.client).finish_non_exhaustive()
    }
}
