//! `evg_connection`: the machine, and what is asked of it without a step.

use crate::{
    boundary::boundary,
    client::EvgClient,
    handle::{self, EVG_NONE, EvgText, Place, items, shared, text},
    owned::EvgOwned,
    result::EvgResult,
    tag::EvgStatus,
};
use core::ffi::c_char;
use evergrant::{Connection, Env, Revision, SecretBytes, Status, Stored};

/// One customer's grant, from authorize to disconnect. It may move between
/// threads, but only one thread may use it at a time.
#[derive(Debug)]
pub struct EvgConnection {
    pub(crate) machine: Connection,
    /// A step of it panicked: what it holds is not to be believed.
    pub(crate) closed: bool,
}

impl EvgConnection {
    pub(crate) fn machine(&self) -> Result<&Connection, EvgResult> {
        if self.closed { Err(EvgResult::Panic) } else { Ok(&self.machine) }
    }
}

/// The world as the host sees it now: made fresh for every step. Its layout
/// never changes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvgEnv {
    /// Wall clock, UNIX time in milliseconds. It may jump either way.
    pub now: u64,
    /// Milliseconds on a clock that runs through suspend (`CLOCK_BOOTTIME`,
    /// `mach_continuous_time`), or EVG_NONE.
    pub uptime: u64,
    /// 16 bytes that name the boot which `uptime` counts from, or NULL.
    pub boot_id: *const u8,
    /// Bytes from the system's generator, new for each step. Secrets are derived
    /// from them: wipe them after the step.
    pub entropy: [u8; 32],
}

impl core::fmt::Debug for EvgEnv {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EvgEnv").field("now", &self.now).finish_non_exhaustive()
    }
}

/// # Safety
/// As the header says of structs.
pub(crate) unsafe fn env(env: *const EvgEnv) -> Result<Env, EvgResult> {
    // SAFETY: the caller's promise, also of the 16 bytes.
    let (env, boot_id) = unsafe {
        let env = shared(env)?;
        (env, env.boot_id.cast::<[u8; 16]>().as_ref())
    };
    Ok(Env {
        now: env.now,
        uptime: (env.uptime != EVG_NONE).then_some(env.uptime),
        boot_id: boot_id.copied(),
        entropy: env.entropy,
    })
}

/// Makes a connection of which nothing has been read yet; its first step that
/// needs the record reads it.
///
/// `tenant` is your name for the customer, 1 to 256 bytes. `*connection` is
/// yours, to be given to evg_connection_free(). Errors:
/// EVG_RESULT_MISUSE_TENANT_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_new(
    client: *const EvgClient,
    tenant: *const c_char,
    tenant_len: usize,
    connection: *mut *mut EvgConnection,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, tenant) =
            unsafe { (Place::new(connection)?, shared(client)?, text(tenant, tenant_len)?) };
        let machine = Connection::new(client.0.clone(), tenant)?;
        place.write_handle(EvgConnection { machine, closed: false });
        Ok(())
    })
}

/// Makes a connection as the store last held it: `record` is what is stored
/// under its key, and `revision` the store's version of it, a text; with NULL and
/// length 0 for both nothing is there. `age` is as for evg_connection_step_swapped().
///
/// `*connection` is yours, to be given to evg_connection_free(). Errors:
/// EVG_RESULT_HOST_RECORD_... if the record is unreadable, newer than this
/// library, or another connection's, as it is where `tenant` cannot be one;
/// EVG_RESULT_HOST_SEALING_KEY_MISSING if it is sealed under a key that the client has
/// not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_restore(
    client: *const EvgClient,
    tenant: *const c_char,
    tenant_len: usize,
    revision: *const c_char,
    revision_len: usize,
    record: *const u8,
    record_len: usize,
    age: u64,
    connection: *mut *mut EvgConnection,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, tenant, current) = unsafe {
            let (place, client) = (Place::new(connection)?, shared(client)?);
            let current = stored(revision, revision_len, record, record_len, age)?;
            (place, client, text(tenant, tenant_len)?, current)
        };
        let machine = Connection::restore(client.0.clone(), tenant, current)
            .map_err(|failure| EvgResult::from(&failure))?;
        place.write_handle(EvgConnection { machine, closed: false });
        Ok(())
    })
}

/// Frees a connection, and wipes what secrets only it holds. NULL is allowed.
/// Steps got from it stay good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_free(connection: *mut EvgConnection) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(connection) }
}

/// The value of the `Authorization` header for a request to `url` at this time
/// (UNIX ms), if the URL is of the API's origin and a token is at hand that is
/// valid for `min_validity` more milliseconds; else `header->data` is NULL and
/// `*generation` EVG_NONE, and evg_connection_step_token_wanted() is what to do.
/// Never send it elsewhere. `*generation` is to be given back with the API's answer.
///
/// The text is a secret; it is borrowed until the connection's next step, or
/// until it is freed. Allocates nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_authorization(
    connection: *const EvgConnection,
    now: u64,
    url: *const c_char,
    url_len: usize,
    min_validity: u64,
    generation: *mut u64,
    header: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, header, connection, bytes) = unsafe {
            let (place, header) = (Place::new(generation)?, Place::new(header)?);
            (place, header, shared(connection)?, items(url.cast::<u8>(), url_len)?)
        };
        let credential = connection.machine()?.authorization(now, bytes, min_validity);
        if credential.is_none() {
            // Only now: what a token may go to is a text.
            // SAFETY: the caller's promise.
            unsafe { text(url, url_len)? };
        }
        place.write(credential.map_or(EVG_NONE, |credential| credential.generation));
        header.write(credential.map(|credential| credential.header));
        Ok(())
    })
}

/// Where the store keeps this connection's record. The text is borrowed until
/// the connection is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_store_key(
    connection: *const EvgConnection,
    key: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(key)?, shared(connection)?) };
        place.write(connection.machine()?.store_key().as_str());
        Ok(())
    })
}

/// Where the connection stands at `now`, UNIX ms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_status(
    connection: *const EvgConnection,
    now: u64,
    status: *mut EvgStatus,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(status)?, shared(connection)?) };
        place.write(connection.machine()?.status(now));
        Ok(())
    })
}

/// Why the person has to authorize again, one of EVG_RESULT_REAUTHENTICATE_...;
/// EVG_RESULT_OK if that is not how the connection stands at `now`, UNIX ms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_cause(
    connection: *const EvgConnection,
    now: u64,
    cause: *mut EvgResult,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(cause)?, shared(connection)?) };
        place.write(self::cause(connection.machine()?.status(now)));
        Ok(())
    })
}

/// The generation whose token may be used at `now`, UNIX ms, or EVG_NONE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_servable(
    connection: *const EvgConnection,
    now: u64,
    generation: *mut u64,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(generation)?, shared(connection)?) };
        place.write(connection.machine()?.servable(now).unwrap_or(EVG_NONE));
        Ok(())
    })
}

/// Whether the connection remembers what the store has not confirmed and nobody else
/// has: tokens that the server gave, or a person's wish that the grant end. A host that
/// is about to end goes on with evg_step_wake_at() for as long as it can wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_is_unsaved(
    connection: *const EvgConnection,
    unsaved: *mut bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(unsaved)?, shared(connection)?) };
        place.write(connection.machine()?.is_unsaved());
        Ok(())
    })
}

/// Which of these scopes (separated by spaces) the grant has not, as far as the server
/// has told: to be asked before a call that would be refused.
///
/// `*missing` is yours, to be given to evg_owned_free(); it is empty if none is missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_missing_scopes(
    connection: *const EvgConnection,
    needed: *const c_char,
    needed_len: usize,
    missing: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection, needed) =
            unsafe { (Place::new(missing)?, shared(connection)?, text(needed, needed_len)?) };
        let scopes = connection.machine()?.missing_scopes(needed);
        place.write_handle(EvgOwned::from(scopes.as_str()));
        Ok(())
    })
}

/// When the connection wants evg_connection_step_wake(), UNIX ms, or EVG_NONE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_wake_at(
    connection: *const EvgConnection,
    now: u64,
    wake_at: *mut u64,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) = unsafe { (Place::new(wake_at)?, shared(connection)?) };
        place.write(connection.machine()?.wake_at(now).unwrap_or(EVG_NONE));
        Ok(())
    })
}

/// What a store holds: nothing, or a record and its revision.
///
/// # Safety
/// As the header says of texts and bytes.
pub(crate) unsafe fn stored(
    revision: *const c_char,
    revision_len: usize,
    record: *const u8,
    record_len: usize,
    age: u64,
) -> Result<Option<Stored>, EvgResult> {
    if revision.is_null() && record.is_null() && revision_len | record_len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let (revision, record) = unsafe { (text(revision, revision_len)?, items(record, record_len)?) };
    let (revision, bytes) = (Revision::new(revision), SecretBytes::new(record));
    Ok(Some(Stored { revision, bytes, age: (age != EVG_NONE).then_some(age) }))
}

pub(crate) fn cause(status: Status) -> EvgResult {
    match status {
        Status::ReauthenticationRequired(cause) => cause.into(),
        Status::Disconnected
        | Status::Authorizing
        | Status::Exchanging
        | Status::Authorized
        | Status::Refreshing
        | Status::Disconnecting => EvgResult::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client, input::evg_connection_step_wake, provider, tag::EvgPleo};
    use core::ptr;

    /// A connection that a panic has left half done.
    fn closed() -> *mut EvgConnection {
        let mut provider = ptr::null_mut();
        let mut config = ptr::null_mut();
        let mut client = ptr::null_mut();
        let mut connection = ptr::null_mut();
        let uri = c"https://erp.example/callback";
        // SAFETY: handles and texts are our own, and freed once.
        unsafe {
            provider::evg_provider_new_pleo(EvgPleo::Staging as u32, &raw mut provider);
            client::evg_client_config_new(&raw mut config);
            client::evg_client_config_set_client_id(config, c"id".as_ptr(), 2);
            client::evg_client_config_add_redirect_uri(config, uri.as_ptr(), uri.count_bytes());
            crate::sealing::evg_client_config_set_sealing(config, 1);
            client::evg_client_new(provider, config, &raw mut client);
            evg_connection_new(client, c"tenant".as_ptr(), 6, &raw mut connection);
            client::evg_client_config_free(config);
            client::evg_client_free(client);
            provider::evg_provider_free(provider);
            (*connection).closed = true;
        }
        connection
    }

    #[test]
    fn after_a_panic_nothing_else_is_answered() {
        let connection = closed();
        let env = EvgEnv { now: 1, uptime: EVG_NONE, boot_id: ptr::null(), entropy: [7; 32] };
        let (mut step, mut status) = (ptr::null_mut(), EvgStatus::Authorized);
        // SAFETY: the handle is open to any use until it is freed, once.
        unsafe {
            let stepped = evg_connection_step_wake(connection, &raw const env, &raw mut step);
            assert_eq!(stepped, EvgResult::Panic);
            let asked = evg_connection_status(connection, 1, &raw mut status);
            assert_eq!(asked, EvgResult::Panic);
            evg_connection_free(connection);
        }
        assert!(step.is_null() && status == EvgStatus::Authorized, "nothing was written");
    }
}
