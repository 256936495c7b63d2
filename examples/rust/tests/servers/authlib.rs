//! PyPI Authlib: a library whose users decide what a refresh does.

use evergrant::{IssPolicy, RefreshPolicy, Rotation};

use crate::{install, server::Kind};

pub(crate) const WITHOUT_ROTATION: Kind = Kind {
    name: "Authlib",
    setting: "no rotation",
    program: || install::python("authlib_server.py"),
    settings: r#"{ "rotate": false, "iss": false }"#,
    iss: IssPolicy::IfPresent,
    refresh: RefreshPolicy::NO_ROTATION,
};

pub(crate) const WITH_ROTATION: Kind = Kind {
    setting: "`INCLUDE_NEW_REFRESH_TOKEN`",
    settings: r#"{ "rotate": true, "iss": true }"#,
    iss: IssPolicy::Required,
    refresh: RefreshPolicy { rotation: Rotation::SingleUse, ..RefreshPolicy::STRICT },
    ..WITHOUT_ROTATION
};
