//! Records as a store may hold them, in clear and sealed.

use crate::{client, world::World};
use evergrant::{
    testing::{
        arbitrary::{Result, Unstructured},
        parts::{Kind, rewritten},
    },
    *,
};
use serde_json::Value;

/// The authorization of the frozen records.
const AUTHORIZATION: &str = "hQVE4LNMqImgU_SQK69cPw8tLoA31YcUQZIG2RqYuWQ";
const COMPANY: &str = "urn:company:1";

pub(crate) fn plain(data: &[u8]) -> Result<()> {
    let Some((choice, bytes)) = data.split_first() else { return Ok(()) };
    match choice % 3 {
        0 => {
            written_again(Kind::Connection, bytes);
            lives_on(bytes);
        }
        1 => written_again(Kind::Pending, bytes),
        _ => company(bytes),
    }
    Ok(())
}

/// A record is sealed, and what comes of it is changed somewhere: then it is not opened.
pub(crate) fn sealed(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let (choice, at, with): (u8, u16, u8) = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
    let bytes = u.take_rest();
    let (ring, key) = (client::ring(), key(Kind::Connection));
    // As it is: a record in clear, or an envelope that nobody here has sealed.
    let opened = rewritten(&ring, Kind::Connection, &key, bytes);
    if !bytes.starts_with(b"evergrant ") {
        assert_eq!(opened.err().map(|it| it.code()), Some("host_record_sealing"));
        assert_eq!(sealing_key_id(bytes), None);
    }
    let Ok(clear) = rewritten(&Sealing::Plain, Kind::Connection, &key, bytes) else {
        return Ok(());
    };
    let sealed = seal(&ring, &key, &clear);
    assert_eq!(sealing_key_id(sealed.expose()), Some("fixture-2"));
    let again = rewritten(&ring, Kind::Connection, &key, sealed.expose());
    assert_eq!(again.as_ref(), Ok(&sealed), "the same record is sealed to the same bytes");
    let Ok(other) = StoreKey::connection(&client::fixture(Sealing::Plain), "tenant-2") else {
        return Ok(());
    };
    assert!(rewritten(&ring, Kind::Connection, &other, sealed.expose()).is_err());

    let mut changed = sealed.expose().to_vec();
    let at = usize::from(at) % changed.len();
    match choice % 3 {
        0 => changed[at] ^= with,
        1 => changed.truncate(at),
        _ => changed.insert(at, with),
    }
    if changed != sealed.expose() {
        let opened = rewritten(&ring, Kind::Connection, &key, &changed);
        assert!(opened.is_err(), "opened, although it was changed at {at}");
    }
    Ok(())
}

/// In clear it is accepted from a ring that says so, and written sealed.
fn seal(ring: &Sealing, key: &StoreKey, clear: &SecretBytes) -> SecretBytes {
    let Sealing::Sealed(ring) = ring.clone() else { unreachable!("a ring") };
    let accepting = Sealing::Sealed(ring.accepting_plain());
    rewritten(&accepting, Kind::Connection, key, clear.expose()).expect("a record")
}

fn key(kind: Kind) -> StoreKey {
    let client = client::fixture(Sealing::Plain);
    match kind {
        Kind::Connection => StoreKey::connection(&client, crate::world::TENANT).expect("a tenant"),
        Kind::Pending => StoreKey::pending(&AuthorizationId::new(AUTHORIZATION)),
    }
}

/// What was read is written, and then read and written alike; nothing in it is lost.
fn written_again(kind: Kind, bytes: &[u8]) {
    let key = key(kind);
    let Ok(once) = rewritten(&Sealing::Plain, kind, &key, bytes) else { return };
    let twice = rewritten(&Sealing::Plain, kind, &key, once.expose());
    assert_eq!(twice.as_ref(), Ok(&once));
    // Another reader may have its own limits of numbers.
    let Ok(Value::Object(before)) = serde_json::from_slice(bytes) else { return };
    let Ok(Value::Object(after)) = serde_json::from_slice(once.expose()) else {
        panic!("no JSON was written")
    };
    // Who writes it says which version that is.
    for (name, value) in before.into_iter().filter(|(name, _)| name != "v") {
        let nothing = [Value::Null, Value::Bool(false), Value::Array(vec![])].contains(&value);
        let kept =
            after.get(&name).map_or(nothing, |kept| without_null(kept) == without_null(&value));
        assert!(kept, "{name} was {value}");
    }
}

/// Inside of a member, too, nothing may be written as `null`, and a flag left out.
fn without_null(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.iter().filter(|(_, it)| !it.is_null() && **it != Value::Bool(false));
            told.map(|(name, it)| (name.clone(), without_null(it))).collect()
        }
        Value::Array(items) => items.iter().map(without_null).collect(),
        value => value.clone(),
    }
}

/// A machine that takes it up does as it is told, and comes to rest.
fn lives_on(bytes: &[u8]) {
    let mut world = World::new(client::fixture(Sealing::Plain));
    // Whoever writes a record may put anything where it is seen.
    world.has_canaries = false;
    let write = Write { bytes: SecretBytes::new(bytes), due_at: None, purge_at: None };
    let key = key(Kind::Connection);
    world.store.swap(&key, None, Some(&write)).expect("a store without faults");
    let restored =
        Connection::restore(world.client.clone(), crate::world::TENANT, world.store.read(&key));
    if restored.is_err() {
        return;
    }
    for input in [
        Input::Wake,
        Input::TokenWanted { min_validity: 0 },
        Input::ApiAnswered { generation: 1, status: 401, headers: vec![] },
        testing::authorize(),
        Input::Cancel { authorization: None },
        Input::Revoke,
    ] {
        world.restart(0);
        world.tell(0, input);
        world.settle();
        world.advance(86_400_000);
        world.settle();
    }
}

fn company(bytes: &[u8]) {
    let client = client::fixture(Sealing::Plain);
    let stored = SecretBytes::new(bytes);
    let Ok(tenant) = company_tenant(&client, COMPANY, &stored) else { return };
    let Some(tenant) = tenant else { return };
    // One that no connection can be of was written by nobody.
    if let Ok(write) = reserve_company(&client, COMPANY, &tenant) {
        assert_eq!(company_tenant(&client, COMPANY, &write.bytes), Ok(Some(tenant)));
    }
}
