//! Records of every version and shape are read for ever, and written back as they
//! were.

use super::{company::Company, connection::ConnectionRecord, pending::Pending, *};
use alloc::{collections::BTreeSet, format, string::ToString as _, vec::Vec};
use serde_json::{Map, Value};
use std::{fs, path::Path};

fn frozen(version: u32) -> Vec<(String, String)> {
    in_folder(&format!("v{version}"))
}

fn in_folder(name: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen").join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_string();
            (name, fs::read_to_string(path).unwrap().trim_end().to_string())
        })
        .collect();
    files.sort();
    files
}

/// The record, read and written again.
fn rewritten(name: &str, json: &str) -> Result<String, Failure> {
    let members: Map<String, Value> = serde_json::from_str(json).unwrap();
    let key = StoreKey(members["key"].as_str().unwrap().into());
    let bytes = match name.split('-').next() {
        Some("connection") => again::<ConnectionRecord>(&key, json)?,
        Some("pending") => again::<Pending>(&key, json)?,
        Some("company") => again::<Company>(&key, json)?,
        _ => panic!("of no kind: {name}"),
    };
    Ok(String::from_utf8(bytes.expose().to_vec()).unwrap())
}

/// The members that the record's reader asks for.
fn asked(name: &str, text: &str) -> Vec<String> {
    let mut object = Object::read(text).unwrap();
    let key = object.required("key", json::string).unwrap();
    let key = StoreKey(key.as_str().into());
    let read = match name.split('-').next() {
        Some("connection") => ConnectionRecord::read(&mut object, &key).is_some(),
        Some("pending") => Pending::read(&mut object, &key).is_some(),
        _ => Company::read(&mut object, &key).is_some(),
    };
    assert!(read, "{name}");
    object.asked
}

fn again<R: Record>(key: &StoreKey, json: &str) -> Result<SecretBytes, Failure> {
    decode::<R>(&Sealing::Plain, key, json.as_bytes())
        .map(|record| encode(&Sealing::Plain, &record))
}

#[test]
fn every_frozen_record_is_read_and_written_back_byte_for_byte() {
    for version in 1..=VERSION {
        let files = frozen(version);
        for (name, json) in &files {
            assert_eq!(rewritten(name, json).as_ref(), Ok(json), "v{version}/{name}");
        }
        // Every kind, and every member that this version has, is in one of them.
        if version == VERSION {
            let all: String = files.iter().map(|(_, json)| json.as_str()).collect();
            let asked: BTreeSet<_> =
                files.iter().flat_map(|(name, json)| asked(name, json)).collect();
            assert!(asked.len() > 25, "{asked:?}");
            let missing: Vec<_> =
                asked.iter().filter(|name| !all.contains(&format!("\"{name}\":"))).collect();
            assert!(missing.is_empty(), "{missing:?}");
        }
    }
}

#[test]
fn members_of_the_future_survive_a_rewrite() {
    for (name, json) in frozen(VERSION) {
        let new = r#""future":{"a":[1,"two",null,{"b":-1.5}]},"later":true"#;
        let json = format!("{},{new}}}", json.strip_suffix('}').unwrap());
        assert_eq!(rewritten(&name, &json), Ok(json), "{name}");
    }
}

#[test]
fn what_could_not_be_kept_is_not_read() {
    for (member, known) in [
        ("tokens", r#""token_id""#),
        ("intent", r#""nonce""#),
        ("revoke_token", r#""token""#),
        ("exchanging", r#""nonce""#),
        ("disconnecting", r#""attempts""#),
        ("reauthenticate", r#""cause""#),
    ] {
        let opening = format!(r#""{member}":{{{known}"#);
        let (name, json) =
            frozen(VERSION).into_iter().find(|(_, json)| json.contains(&opening)).unwrap();
        let json = json.replace(&opening, &format!(r#""{member}":{{"future":1,{known}"#));
        let unreadable = Failure::HostFailed(HostFault::RecordUnreadable);
        assert_eq!(rewritten(&name, &json), Err(unreadable), "{member}");
        // Of a newer version it is known to be newer.
        let newer = json.replacen("\"v\":1", "\"v\":2", 1);
        assert_eq!(rewritten(&name, &newer), Err(Failure::HostFailed(HostFault::RecordNewer)));
    }
}

/// The same records, sealed: the envelope is frozen as they are. The key of these files
/// is the bytes from 0 to 31.
#[cfg(feature = "sealed")]
#[test]
fn every_frozen_sealed_record_is_opened_and_sealed_again_byte_for_byte() {
    let key = SecretBytes::new((0..32).collect::<Vec<u8>>());
    let key = crate::SealingKey::new("frozen-1", key).unwrap();
    let sealing = Sealing::Sealed(crate::KeyRing::new(key, Vec::new()).unwrap());
    let sealed = in_folder("v1-sealed");
    let plain = frozen(1);
    let names = |files: &[(String, String)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&sealed), names(&plain));
    for ((name, sealed), (_, json)) in sealed.iter().zip(&plain) {
        let members: Map<String, Value> = serde_json::from_str(json).unwrap();
        let key = members["key"].as_str().unwrap();
        let opened = sealing.open(key, sealed.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&opened).unwrap(), json, "{name}");
        let again = sealing.close(key, opened.to_vec().into());
        assert_eq!(again.expose(), sealed.as_bytes(), "{name}");
    }
}
