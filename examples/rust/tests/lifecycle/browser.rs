//! What comes back from the browser, and who may have sent it.

use evergrant::{
    Authorize, Binding, BrowserProof, CallbackFault, Denial, Failure, Secret, Status, StoreKey,
};
use evergrant_example_host::{Host, HostError, tenant_of};

use crate::{support::failure, world::World};

#[test]
fn a_person_may_say_no() {
    let world = World::new();
    let mut host = world.host();
    world.control().deny_next();
    let back = world.consent(&mut host);
    let denied = failure(host.redirected(back.clone(), BrowserProof::SameProcess));
    assert!(matches!(denied, Failure::Denied { reason: Denial::AccessDenied, said: Some(_) }));
    assert_eq!(host.status(), Status::Disconnected);
    // That answer counted, and counts once.
    assert_eq!(refused(&mut host, back), CallbackFault::StateUsed);
    world.connect(&mut host);
    let stats = world.stats();
    assert_eq!((stats.authorizations_denied, stats.code_exchanges_ok), (1, 1));
}

#[test]
fn a_denial_leaves_a_living_grant_alone() {
    let world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    world.control().deny_next();
    let back = world.consent(&mut host);
    failure(host.redirected(back, BrowserProof::SameProcess));
    assert_eq!(host.api_get(&world.expenses()).expect("an answer").response.status, 200);
}

#[test]
fn a_forged_callback_changes_nothing() {
    let world = World::new();
    let mut host = world.host();
    let back = world.consent(&mut host);
    let real = back.expose();
    let other_issuer =
        real.replace(&encoded(world.authority.issuer()), "https%3A%2F%2Fevil.example");
    let no_issuer = real.split("&iss=").next().expect("a part").to_owned();
    let forged = [
        (real.replace("state=", "state=x"), CallbackFault::StateUnknown),
        (real.replace("state=", "stat="), CallbackFault::StateMissing),
        (format!("{real}&code=forged"), CallbackFault::DuplicateParameter),
        (format!("{real}&error=access_denied"), CallbackFault::Malformed),
        (real.replace("code=", "kode="), CallbackFault::Malformed),
        (other_issuer, CallbackFault::IssuerMismatch),
        (no_issuer, CallbackFault::IssuerMissing),
        ("not a URL".to_owned(), CallbackFault::Unreadable),
    ];
    for (url, fault) in forged {
        assert_eq!(refused(&mut host, url.into()), fault);
        assert_eq!(host.status(), Status::Authorizing);
        assert!(world.record().is_none());
    }
    assert_eq!(world.stats().code_exchanges_ok + world.stats().code_exchanges_refused, 0);
    host.redirected(back, BrowserProof::SameProcess).expect("the true one still counts");
}

#[test]
fn a_cookie_ties_the_browser_to_the_authorization() {
    let world = World::new();
    let mut host = world.host();
    let asked = Authorize { binding: Binding::Cookie, ..world.asking() };
    let (url, cookie) = host.authorize(asked).expect("a URL");
    let cookie = cookie.expect("a secret for a cookie");
    assert!(!url.expose().contains(cookie.expose()));
    let back = world.browser.visit(&url);
    let wrong = [
        BrowserProof::Missing,
        BrowserProof::SameProcess,
        BrowserProof::Binding("another browser's".into()),
    ];
    for proof in wrong {
        let fault = failure(host.redirected(back.clone(), proof));
        assert_eq!(fault, Failure::CallbackRefused(CallbackFault::BindingMismatch));
    }
    host.redirected(back, BrowserProof::Binding(cookie)).expect("the right browser");
}

#[test]
fn without_a_cookie_none_is_accepted() {
    let world = World::new();
    let mut host = world.host();
    let back = world.consent(&mut host);
    let fault = failure(host.redirected(back.clone(), BrowserProof::Binding("any".into())));
    assert_eq!(fault, Failure::CallbackRefused(CallbackFault::BindingMismatch));
    host.redirected(back, BrowserProof::SameProcess).expect("the same process");
}

#[test]
fn one_callback_url_serves_all_tenants() {
    let world = World::new();
    let open = |tenant: &str| {
        let store = Box::new(world.store());
        Host::open(&world.client, tenant, store, world.desk.world.clone()).expect("a host")
    };
    let tenants = ["a", "b/c", "ü"];
    let returned = tenants.map(|tenant| world.consent(&mut open(tenant)));
    // By now each of those processes has ended, and only the URL is known.
    for (tenant, back) in tenants.into_iter().zip(returned).rev() {
        let found = tenant_of(&world.client, &mut world.store(), &back).expect("a tenant");
        assert_eq!(found, tenant);
        let mut wrong = open("somebody else");
        let fault = failure(wrong.redirected(back.clone(), BrowserProof::SameProcess));
        assert_eq!(fault, Failure::CallbackRefused(CallbackFault::ForeignConnection));
        let mut right = open(&found);
        right.redirected(back, BrowserProof::SameProcess).expect("a grant");
        assert_eq!(right.api_get(&world.expenses()).expect("an answer").response.status, 200);
    }
    let nobody = tenant_of(&world.client, &mut world.store(), &"/callback?state=x".into());
    assert_eq!(failure(nobody), Failure::CallbackRefused(CallbackFault::StateUnknown));
}

#[test]
fn used_authorizations_are_swept_away_in_time() {
    let world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    let now = world.desk.world.now();
    assert_eq!(world.store().purge(now).expect("an answer"), 0, "a replay must find the tombstone");
    assert_eq!(world.store().purge(now + 2 * 86_400_000).expect("an answer"), 1);
    let key = StoreKey::connection(&world.client, crate::support::TENANT).expect("a key");
    assert!(world.store().due(now).expect("an answer").is_empty());
    assert_eq!(world.store().due(now + 900_000).expect("an answer"), [key.as_str()]);
}

fn refused(host: &mut Host, url: Secret) -> CallbackFault {
    match host.redirected(url, BrowserProof::SameProcess) {
        Err(HostError::Failure(Failure::CallbackRefused(fault))) => fault,
        other => panic!("not refused: {other:?}"),
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
