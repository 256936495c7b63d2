//! Records that a host finds or writes without a connection: whose redirect it is,
//! and the reservations that keep one company to one tenant.

use crate::{
    boundary::boundary,
    client::EvgClient,
    handle::{Place, foreign_text, items, shared, text},
    owned::EvgOwned,
    result::EvgResult,
};
use core::ffi::c_char;
use evergrant::{
    Secret, SecretBytes, StoreKey, company_tenant, pending_key, pending_tenant, release_company,
    reserve_company,
};

/// Where the store keeps a tenant's connection: for reading it before
/// evg_connection_restore().
///
/// `*key` is yours, to be given to evg_owned_free(). Errors:
/// EVG_RESULT_MISUSE_TENANT_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_store_key(
    client: *const EvgClient,
    tenant: *const c_char,
    tenant_len: usize,
    key: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, tenant) =
            unsafe { (Place::new(key)?, shared(client)?, text(tenant, tenant_len)?) };
        let key = StoreKey::connection(&client.0, tenant)?;
        place.write_handle(EvgOwned::from(key.as_str()));
        Ok(())
    })
}

/// Under which store key the authorization is kept that a redirect speaks of. For
/// hosts with one redirect URI for many tenants. What is not UTF-8 in the URL is
/// replaced.
///
/// `*key` is yours, to be given to evg_owned_free(); it is not a secret. Errors:
/// EVG_RESULT_CALLBACK_... if the URL has no readable `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pending_key(
    url: *const c_char,
    url_len: usize,
    key: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, url) = unsafe { (Place::new(key)?, foreign_text(url, url_len)?) };
        let key = pending_key(&Secret::new(url)).map_err(|failure| EvgResult::from(&failure))?;
        place.write_handle(EvgOwned::from(key.as_str()));
        Ok(())
    })
}

/// Whose authorization that is: the tenant of the connection that the redirect must
/// be given to. `record` is what the store holds under evg_pending_key(). What is not
/// UTF-8 in the URL is replaced.
///
/// `*tenant` is yours, to be given to evg_owned_free(). Errors:
/// EVG_RESULT_CALLBACK_... and EVG_RESULT_HOST_... if they do not fit this client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_pending_tenant(
    client: *const EvgClient,
    url: *const c_char,
    url_len: usize,
    record: *const u8,
    record_len: usize,
    tenant: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, url, record) = unsafe {
            let (place, client) = (Place::new(tenant)?, shared(client)?);
            (place, client, foreign_text(url, url_len)?, items(record, record_len)?)
        };
        let tenant = pending_tenant(&client.0, &Secret::new(url), &SecretBytes::new(record))
            .map_err(|failure| EvgResult::from(&failure))?;
        place.write_handle(EvgOwned::from(tenant.as_str()));
        Ok(())
    })
}

/// Where the store keeps the reservation of a company. A connection makes it by
/// itself; these four functions are for an administrator's tools.
///
/// `*key` is yours, to be given to evg_owned_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_company_key(
    client: *const EvgClient,
    company: *const c_char,
    company_len: usize,
    key: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, company) =
            unsafe { (Place::new(key)?, shared(client)?, text(company, company_len)?) };
        place.write_handle(EvgOwned::from(StoreKey::company(&client.0, company).as_str()));
        Ok(())
    })
}

/// What to write under evg_client_company_key() to reserve a company for a tenant: by
/// a swap that expects nothing there.
///
/// `*record` is yours, to be given to evg_owned_free(). Errors:
/// EVG_RESULT_MISUSE_TENANT_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_reserve_company(
    client: *const EvgClient,
    company: *const c_char,
    company_len: usize,
    tenant: *const c_char,
    tenant_len: usize,
    record: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, company, tenant) = unsafe {
            let (place, client) = (Place::new(record)?, shared(client)?);
            (place, client, text(company, company_len)?, text(tenant, tenant_len)?)
        };
        let write = reserve_company(&client.0, company, tenant)?;
        place.write_handle(EvgOwned::new(write.bytes));
        Ok(())
    })
}

/// What to write under evg_client_company_key() once the company's tenant is gone for
/// good, by a swap over the revision that was read: another tenant may then have it.
/// A connection never does this by itself: who disconnects may come back.
///
/// `*record` is yours, to be given to evg_owned_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_release_company(
    client: *const EvgClient,
    company: *const c_char,
    company_len: usize,
    record: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, company) =
            unsafe { (Place::new(record)?, shared(client)?, text(company, company_len)?) };
        place.write_handle(EvgOwned::new(release_company(&client.0, company).bytes));
        Ok(())
    })
}

/// For which tenant a company is reserved, by the `record` that the store holds under
/// evg_client_company_key(); `*tenant` is NULL if it has been released.
///
/// `*tenant` is yours, to be given to evg_owned_free(). Errors: EVG_RESULT_HOST_... if
/// it is not the reservation of this company.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_company_tenant(
    client: *const EvgClient,
    company: *const c_char,
    company_len: usize,
    record: *const u8,
    record_len: usize,
    tenant: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, client, company, record) = unsafe {
            let (place, client) = (Place::new(tenant)?, shared(client)?);
            (place, client, text(company, company_len)?, items(record, record_len)?)
        };
        let tenant = company_tenant(&client.0, company, &SecretBytes::new(record))
            .map_err(|failure| EvgResult::from(&failure))?;
        match tenant {
            Some(tenant) => place.write_handle(EvgOwned::from(tenant.as_str())),
            None => place.write(core::ptr::null_mut()),
        }
        Ok(())
    })
}
