use super::*;
use crate::state::random::challenge_of;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const BACK: &str = "http://127.0.0.1/callback";

fn grants() -> Grants {
    Grants::new(&Config::default())
}

fn granted(grants: &mut Grants, now: Moment) -> Issued {
    let request = AuthorizationRequest {
        client_id: "c".into(),
        redirect_uri: BACK.into(),
        scope: Scope::parse("a:read b:read").unwrap(),
        state: "s".into(),
        code_challenge: challenge_of(VERIFIER),
        proposed: None,
    };
    let owner = Owner { user: "alice".into(), subject: Subject::company_of("alice") };
    let code = grants.issue_code(now, request, owner);
    grants.exchange(now, "c", &code, BACK, VERIFIER).unwrap()
}

#[test]
fn a_lifetime_ends_on_its_last_second() {
    let (mut grants, start) = (grants(), Moment::at(1_000));
    let issued = granted(&mut grants, start);
    assert!(grants.allowed(Moment::at(1_899), &issued.access_token).is_some());
    assert!(grants.allowed(Moment::at(1_900), &issued.access_token).is_none());

    let end = start.plus(Duration::from_secs(60 * 24 * 60 * 60));
    let refused = grants.refresh(end, "c", &issued.refresh_token, None);
    assert_eq!(refused.unwrap_err(), Refusal::Grant("this refresh token has expired"));
}

#[test]
fn a_refused_scope_or_client_spends_nothing() {
    let (mut grants, now) = (grants(), Moment::at(1_000));
    let issued = granted(&mut grants, now);
    let wider = Scope::parse("a:read c:read");
    assert!(matches!(
        grants.refresh(now, "c", &issued.refresh_token, wider),
        Err(Refusal::Scope(_))
    ));
    assert!(matches!(
        grants.refresh(now, "other", &issued.refresh_token, None),
        Err(Refusal::Grant(_))
    ));
    assert!(grants.allowed(now, &issued.access_token).is_some());
    assert!(grants.refresh(now, "c", &issued.refresh_token, None).is_ok());
}

#[test]
fn a_narrower_access_token_leaves_the_grant_wide() {
    let (mut grants, now) = (grants(), Moment::at(1_000));
    let first = granted(&mut grants, now);
    let narrow = grants.refresh(now, "c", &first.refresh_token, Scope::parse("a:read")).unwrap();
    assert_eq!(narrow.scope.to_string(), "a:read");
    let wide = grants.refresh(now, "c", &narrow.refresh_token, None).unwrap();
    assert_eq!(wide.scope.to_string(), "a:read b:read");
}

#[test]
fn a_replay_ends_this_grant_and_no_other() {
    let (mut grants, now) = (grants(), Moment::at(1_000));
    let (victim, bystander) = (granted(&mut grants, now), granted(&mut grants, now));
    let next = grants.refresh(now, "c", &victim.refresh_token, None).unwrap();
    let replay = grants.refresh(now, "c", &victim.refresh_token, None);
    assert_eq!(replay.unwrap_err(), Refusal::Replay { ended: 1 });
    assert!(grants.allowed(now, &next.access_token).is_none());
    assert!(grants.refresh(now, "c", &next.refresh_token, None).is_err());
    assert!(grants.allowed(now, &bystander.access_token).is_some());
}

#[test]
fn nothing_prints_a_token() {
    let mut grants = grants();
    let issued = granted(&mut grants, Moment::at(1_000));
    let printed = format!("{grants:?} {issued:?}");
    assert!(!printed.contains(&issued.access_token));
    assert!(!printed.contains(&issued.refresh_token));
}
