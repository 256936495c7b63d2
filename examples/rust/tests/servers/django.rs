//! PyPI django-oauth-toolkit: rotation, a window of grace, reuse protection.

use evergrant::{IssPolicy, RefreshPolicy, Rotation};

use crate::{install, server::Kind};

pub(crate) const AS_IT_COMES: Kind = Kind {
    name: "django-oauth-toolkit",
    setting: "as it comes",
    program: || install::python("django_server.py"),
    settings: r#"{ "provider": {}, "challenge": false }"#,
    iss: IssPolicy::IfPresent,
    refresh: RefreshPolicy { rotation: Rotation::SingleUse, ..RefreshPolicy::STRICT },
};

/// Ten minutes, so that no test has to hurry.
pub(crate) const WITH_GRACE: Kind = Kind {
    setting: "grace of 600 s, reuse protection, `iss`",
    settings: r#"{
        "provider": {
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 600,
            "REFRESH_TOKEN_REUSE_PROTECTION": true,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": true
        },
        "challenge": true
    }"#,
    refresh: RefreshPolicy { access_dies: true, ..RefreshPolicy::SAME_SUCCESSOR },
    ..AS_IT_COMES
};
