//! npm `oidc-provider`: strict rotation.

use evergrant::{IssPolicy, RefreshPolicy};

use crate::{install, server::Kind};

pub(crate) const KIND: Kind = Kind {
    name: "oidc-provider",
    setting: "rotation",
    program: || install::node("oidc-provider"),
    settings: "{}",
    iss: IssPolicy::Required,
    refresh: RefreshPolicy {
        access_dies: false,
        // A session has one grant: authorizing anew in the same browser extends it.
        family_per_user: true,
        ..RefreshPolicy::STRICT
    },
};
