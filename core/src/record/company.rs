//! The reservation that keeps one company to one tenant.

use super::{Kind, Record, StoreKey, Unknown, Write, decode, encode};
use crate::{
    client::Client,
    failure::{Failure, Misuse},
    json::{Object, Writer, string},
    secret::SecretBytes,
};
use alloc::string::String;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Company {
    key: StoreKey,
    /// None once it has been released.
    tenant: Option<String>,
    unknown: Unknown,
}

/// What to write under [`StoreKey::company`] to reserve a company for a tenant:
/// by a swap that expects nothing there.
///
/// # Errors
/// [`Misuse::TenantInvalid`] if the tenant is empty or over 256 bytes.
pub fn reserve_company(client: &Client, company: &str, tenant: &str) -> Result<Write, Misuse> {
    StoreKey::connection(client, tenant)?;
    Ok(write(client, company, Some(String::from(tenant))))
}

/// What to write under [`StoreKey::company`] once its tenant is gone for good, by a
/// swap over the revision that was read: another tenant may then have the company.
/// A connection never does this by itself: who disconnects may come back.
pub fn release_company(client: &Client, company: &str) -> Write {
    write(client, company, None)
}

/// For which tenant a company is reserved; none if it has been released.
///
/// # Errors
/// [`Failure::HostFailed`] if the bytes are not the reservation of this company.
pub fn company_tenant(
    client: &Client,
    company: &str,
    bytes: &SecretBytes,
) -> Result<Option<String>, Failure> {
    let key = StoreKey::company(client, company);
    let record: Company = decode(client.sealing(), &key, bytes.expose())?;
    Ok(record.tenant)
}

fn write(client: &Client, company: &str, tenant: Option<String>) -> Write {
    let record =
        Company { key: StoreKey::company(client, company), tenant, unknown: Unknown::default() };
    Write { bytes: encode(client.sealing(), &record), due_at: None, purge_at: None }
}

impl Record for Company {
    const KIND: Kind = Kind::Company;

    fn read(object: &mut Object<'_>, key: &StoreKey) -> Option<Self> {
        let tenant = object.optional("tenant", string)?;
        Some(Self { key: key.clone(), tenant, unknown: Unknown::default() })
    }

    fn write(&self, to: &mut Writer) {
        to.text("tenant", self.tenant.as_deref());
    }

    fn room(&self) -> usize {
        512
    }

    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn unknown(&mut self) -> &mut Unknown {
        &mut self.unknown
    }

    fn unknown_ref(&self) -> &Unknown {
        &self.unknown
    }
}
