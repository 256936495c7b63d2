//! The same host, unchanged, against authorization servers that nobody here has
//! written, and a table of what they do.

#[path = "../support/mod.rs"]
mod support;

mod authlib;
mod django;
mod install;
mod life;
mod notes;
mod odd;
mod oidc_provider;
mod scenes;
mod server;

use std::sync::OnceLock;

use expect_test::expect_file;
use notes::Column;
use server::Kind;

/// A kind of server, and what was seen of it in this run.
struct Subject {
    kind: Kind,
    seen: OnceLock<Column>,
}

impl Subject {
    const fn new(kind: Kind) -> Self {
        Self { kind, seen: OnceLock::new() }
    }

    fn column(&'static self) -> &'static Column {
        self.seen.get_or_init(|| life::observe(&self.kind))
    }
}

static SUBJECTS: [Subject; 5] = [
    Subject::new(oidc_provider::KIND),
    Subject::new(authlib::WITHOUT_ROTATION),
    Subject::new(authlib::WITH_ROTATION),
    Subject::new(django::AS_IT_COMES),
    Subject::new(django::WITH_GRACE),
];

#[test]
fn oidc_provider_is_lived_with() {
    SUBJECTS[0].column();
}

#[test]
fn authlib_without_rotation_is_lived_with() {
    SUBJECTS[1].column();
}

#[test]
fn authlib_with_rotation_is_lived_with() {
    SUBJECTS[2].column();
}

#[test]
fn django_oauth_toolkit_as_it_comes_is_lived_with() {
    SUBJECTS[3].column();
}

#[test]
fn django_oauth_toolkit_with_grace_is_lived_with() {
    SUBJECTS[4].column();
}

#[test]
fn the_table_says_what_was_seen() {
    let columns: Vec<&Column> = SUBJECTS.iter().map(Subject::column).collect();
    expect_file!["../../../../docs/servers.md"].assert_eq(&notes::page(&columns));
}
