//! The machine as an object: one customer's grant.

use crate::{Client, Env, Input, Refusal, Secret, Status, Step, Stored};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

/// One customer's grant, from authorize to disconnect.
///
/// It does no I/O: `step` is told what happened and answers with what the host
/// must do. Safe to be used from several threads; each step is one short
/// critical section.
#[derive(uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Connection {
    store_key: String,
    machine: Mutex<evergrant::Connection>,
}

#[uniffi::export]
impl Connection {
    /// A connection of which nothing has been read yet; its first step that
    /// needs the record reads it.
    ///
    /// Throws `misuse_tenant_invalid` if the tenant is empty or over 256 bytes.
    #[uniffi::constructor]
    pub fn new(client: &Client, tenant: &str) -> Result<Self, Refusal> {
        let machine = evergrant::Connection::new(Arc::clone(client.inner()), tenant)?;
        Ok(Self::of(machine))
    }

    /// A connection as the store holds it: `current` is what was read under
    /// [`store_key`], or that nothing is there.
    ///
    /// Throws a `host_…` code if the record is unreadable, newer than this
    /// code, or another connection's.
    #[uniffi::constructor]
    pub fn restore(
        client: &Client,
        tenant: &str,
        current: Option<Stored>,
    ) -> Result<Self, Refusal> {
        let client = Arc::clone(client.inner());
        let current = current.map(Into::into);
        let machine = evergrant::Connection::restore(client, tenant, current)?;
        Ok(Self::of(machine))
    }

    /// Tells the machine what happened; it answers with everything that the
    /// host must do. An answer to an unknown or finished op changes nothing.
    ///
    /// Throws a `misuse_…` code, and then the connection is as it was.
    pub fn step(&self, env: &Env, input: Input) -> Result<Step, Refusal> {
        let step = self.machine().step(env.inner(), input.into())?;
        Ok(step.into())
    }

    /// What a request to this URL may carry at this time (UNIX ms), if the URL
    /// is of the API's origin and a token is at hand that is valid for at least
    /// `min_validity` ms more. Drivers cache what `TokenReady` gave instead
    /// of asking here before each request.
    ///
    /// Throws nothing but a panic.
    pub fn authorization(
        &self,
        now: u64,
        url: &str,
        min_validity: u64,
    ) -> Result<Option<Credential>, Refusal> {
        let machine = self.machine();
        let credential = machine.authorization(now, url, min_validity);
        Ok(credential.map(|credential| Credential {
            generation: credential.generation,
            header: Secret::shared(credential.header.into()),
        }))
    }

    /// Where the connection stands at this time (UNIX ms), by what it has read so far.
    ///
    /// Throws nothing but a panic.
    pub fn status(&self, now: u64) -> Result<Status, Refusal> {
        Ok(self.machine().status(now).into())
    }

    /// Whether it remembers what the store has not confirmed and nobody else has:
    /// tokens that the server gave, or a person's wish that the grant end. Whoever is
    /// about to end goes on with `Step.wake_at` for as long as that can be waited for.
    ///
    /// Throws nothing but a panic.
    pub fn is_unsaved(&self) -> Result<bool, Refusal> {
        Ok(self.machine().is_unsaved())
    }

    /// Which of these scopes (separated by spaces) the grant has not, as far as the
    /// server has told.
    ///
    /// Throws nothing but a panic.
    pub fn missing_scopes(&self, needed: &str) -> Result<String, Refusal> {
        Ok(self.machine().missing_scopes(needed))
    }

    /// The company that this connection belongs to, where it is known.
    ///
    /// Throws nothing but a panic.
    pub fn company(&self) -> Result<Option<String>, Refusal> {
        Ok(self.machine().company().map(ToOwned::to_owned))
    }

    /// Where the store keeps this connection's record.
    pub fn store_key(&self) -> String {
        self.store_key.clone()
    }
}

/// What a request to the API carries.
#[derive(Debug, uniffi::Record)]
pub struct Credential {
    /// The fence: to be given back with `Input.ApiAnswered`.
    pub generation: u64,
    /// The value of the `Authorization` header.
    pub header: Arc<Secret>,
}

/// Where the store keeps a tenant's connection: for reading it before
/// [`Connection::restore`].
///
/// Throws `misuse_tenant_invalid` if the tenant is empty or over 256 bytes.
#[uniffi::export]
pub fn store_key(client: &Client, tenant: &str) -> Result<String, Refusal> {
    Ok(evergrant::StoreKey::connection(client.inner(), tenant)?.as_str().to_owned())
}

impl Connection {
    pub(crate) fn of(machine: evergrant::Connection) -> Self {
        let store_key = machine.store_key().as_str().to_owned();
        Self { store_key, machine: Mutex::new(machine) }
    }

    /// A machine in which a step has panicked may be half changed: it answers
    /// nothing any more, and the host restores it from the store.
    pub(crate) fn machine(&self) -> MutexGuard<'_, evergrant::Connection> {
        self.machine.lock().expect("an earlier step panicked: restore the connection")
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("store_key", &self.store_key).finish_non_exhaustive()
    }
}
