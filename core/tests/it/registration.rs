//! A registration as Pleo takes it: every rule by itself, and all faults at once.

use evergrant::*;

fn good() -> Registration {
    Registration {
        client_name: "Example ERP".into(),
        client_uri: "https://erp.example".into(),
        logo_uri: Some("https://erp.example/logo.png".into()),
        logo_size: Some(LogoSize { width: 512, height: 512 }),
        tos_uri: "https://erp.example/terms".into(),
        policy_uri: "https://erp.example/legal#privacy".into(),
        contacts: vec!["api@erp.example".into(), "on.call+pleo@erp.example".into()],
        initiation_uri: "https://erp.example/connect/pleo".into(),
        settings_uri: "https://erp.example/settings/pleo".into(),
        redirect_uris: vec!["https://erp.example/callback".into()],
        scopes: vec!["users:read".into(), "export-jobs:write".into()],
        pkce: true,
        subject_type: None,
    }
}

fn faults(registration: &Registration, environment: Pleo) -> Vec<String> {
    let faults = registration.check(environment).err().unwrap_or_default();
    faults.iter().map(ToString::to_string).collect()
}

/// What each environment says of a registration with one change.
fn said(change: impl FnOnce(&mut Registration)) -> [Vec<String>; 2] {
    let mut registration = good();
    change(&mut registration);
    [Pleo::Staging, Pleo::Production].map(|environment| faults(&registration, environment))
}

#[test]
fn a_good_one_is_taken() {
    assert_eq!(said(|_| ()), [[""; 0]; 2]);
    assert_eq!(good().check(Pleo::Production), Ok(()));
}

#[test]
fn all_faults_come_at_once() {
    assert_eq!(
        faults(&Registration::default(), Pleo::Production),
        [
            "client_name: registration_missing",
            "client_uri: registration_missing",
            "logo_uri: registration_missing",
            "tos_uri: registration_missing",
            "policy_uri: registration_missing",
            "contacts: registration_missing",
            "initiation_uri: registration_missing",
            "settings_uri: registration_missing",
            "redirect_uris: registration_missing",
            "scopes: registration_missing",
            "pkce: registration_pkce_missing",
        ]
    );
}

#[test]
fn names() {
    for (name, code) in [
        ("Example ERP", ""),
        ("PeopleOps", ""),
        ("Simple Ops", ""),
        ("Simpleone", ""),
        ("\u{c6}rlig Bogf\u{f8}ring", ""),
        ("Example for Pleo", "branding"),
        ("PLEO sync", "branding"),
        ("pleo", "branding"),
        ("MyPleo", "branding"),
        ("Pleosync", "branding"),
        ("Example (Pleo's)", "branding"),
        ("", "missing"),
        ("  ", "missing"),
        (" Example", "text_invalid"),
        ("Exa\nmple", "text_invalid"),
    ] {
        let expected = if code.is_empty() {
            vec![]
        } else {
            vec![format!("client_name: registration_{code}")]
        };
        assert_eq!(said(|r| r.client_name = name.into())[1], expected, "{name:?}");
    }
}

#[test]
fn redirect_uris() {
    for (uri, staging, production) in [
        ("https://erp.example/callback?x=1", "", ""),
        ("https://oauth.pstmn.io/v1/callback", "", ""),
        ("http://localhost:8080/callback", "", "not_https"),
        ("http://127.0.0.1/callback", "", "not_https"),
        ("https://localhost/callback", "", "local"),
        ("http://erp.example/callback", "not_https", "not_https"),
        ("example.erp:/callback", "not_https", "not_https"),
        ("https://*.erp.example/callback", "wildcard", "wildcard"),
        ("https://erp.example/*", "wildcard", "wildcard"),
        ("https://erp.example/callback#x", "uri_invalid", "uri_invalid"),
        ("https://user@erp.example/callback", "uri_invalid", "uri_invalid"),
        ("/callback", "uri_invalid", "uri_invalid"),
        ("javascript:alert(1)", "uri_invalid", "uri_invalid"),
        (" https://erp.example/callback", "uri_invalid", "uri_invalid"),
        ("", "missing", "missing"),
    ] {
        let expected = [staging, production].map(|code| match code {
            "" => vec![],
            code => vec![format!("redirect_uris[1]: registration_{code}")],
        });
        assert_eq!(said(|r| r.redirect_uris.push(uri.into())), expected, "{uri:?}");
    }
}

#[test]
fn pages() {
    for (uri, staging, production) in [
        ("https://erp.example/a#b", "", ""),
        ("http://localhost:3000/settings", "", "not_https"),
        ("http://erp.example", "not_https", "not_https"),
        ("erp.example", "uri_invalid", "uri_invalid"),
    ] {
        for field in
            ["client_uri", "logo_uri", "tos_uri", "policy_uri", "initiation_uri", "settings_uri"]
        {
            let expected = [staging, production].map(|code| match code {
                "" => vec![],
                code => vec![format!("{field}: registration_{code}")],
            });
            let change = |r: &mut Registration| match field {
                "client_uri" => r.client_uri = uri.into(),
                "logo_uri" => r.logo_uri = Some(uri.into()),
                "tos_uri" => r.tos_uri = uri.into(),
                "policy_uri" => r.policy_uri = uri.into(),
                "initiation_uri" => r.initiation_uri = uri.into(),
                _ => r.settings_uri = uri.into(),
            };
            assert_eq!(said(change), expected, "{field} {uri:?}");
        }
    }
}

#[test]
fn logos() {
    for (width, height, good) in [(1024, 1024, true), (512, 256, false), (0, 0, false)] {
        let [_, said] = said(|r| r.logo_size = Some(LogoSize { width, height }));
        let expected = if good { vec![] } else { vec!["logo_size: registration_not_square"] };
        assert_eq!(said, expected, "{width} x {height}");
    }
    // Handed in as a file.
    assert_eq!(said(|r| r.logo_uri = None), [[""; 0]; 2]);
}

#[test]
fn contacts_and_scopes() {
    let email = "contacts[2]: registration_email_invalid";
    for address in [
        "api",
        "@erp.example",
        "api@",
        "api@example",
        "a b@erp.example",
        "Api <api@erp.example>",
        "api@erp..example",
    ] {
        assert_eq!(said(|r| r.contacts.push(address.into()))[0], [email], "{address}");
    }
    let again = said(|r| r.contacts.push("api@erp.example".into()));
    assert_eq!(again[0], ["contacts[2]: registration_duplicate"]);
    for (scope, code) in
        [("users read", "scope_invalid"), ("", "scope_invalid"), ("users:read", "duplicate")]
    {
        let expected = format!("scopes[2]: registration_{code}");
        assert_eq!(said(|r| r.scopes.push(scope.into()))[0], [expected], "{scope:?}");
    }
    let subject = said(|r| r.subject_type = Some("".into()));
    assert_eq!(subject[0], ["subject_type: registration_missing"]);
}

#[test]
fn the_form_is_to_be_read_and_to_be_parsed() {
    expect_test::expect![[r#"
        Client name:              Example ERP
        Client URI:               https://erp.example
        Logo:                     https://erp.example/logo.png, 512 x 512 pixels
        Terms of service URI:     https://erp.example/terms
        Privacy policy URI:       https://erp.example/legal#privacy
        Contact emails:           api@erp.example
                                  on.call+pleo@erp.example
        Initiation URI:           https://erp.example/connect/pleo
        Settings URI:             https://erp.example/settings/pleo
        Redirect URIs:            https://erp.example/callback
        Scopes:                   users:read
                                  export-jobs:write
        PKCE:                     Supported (S256)
        Subject type preference:  None
    "#]]
    .assert_eq(&good().to_string());
    expect_test::expect![[r#"
        {
          "client_name": "Example ERP",
          "client_uri": "https://erp.example",
          "logo_uri": "https://erp.example/logo.png",
          "logo_size": {
            "width": 512,
            "height": 512
          },
          "tos_uri": "https://erp.example/terms",
          "policy_uri": "https://erp.example/legal#privacy",
          "contacts": [
            "api@erp.example",
            "on.call+pleo@erp.example"
          ],
          "initiation_uri": "https://erp.example/connect/pleo",
          "settings_uri": "https://erp.example/settings/pleo",
          "redirect_uris": [
            "https://erp.example/callback"
          ],
          "scope": "users:read export-jobs:write",
          "grant_types": [
            "authorization_code",
            "refresh_token"
          ],
          "response_types": [
            "code"
          ],
          "code_challenge_methods": [
            "S256"
          ]
        }"#]]
    .assert_eq(&good().to_json());
    let forged = Registration { client_name: "A\nScopes: all".into(), ..Registration::default() };
    assert!(forged.form().starts_with("Client name:              A Scopes: all\nClient URI:\n"));
}
