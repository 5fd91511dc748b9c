//! Join strings that are not what they should be. Where the secret would fall into wrong hands, it does not leave.

use ha_domain::view::TokenView;
use ha_proto::v1::{CreateTokenRequest, TokensRequest};
use ha_tests::operator::key;
use ha_tests::site::Site;
use ha_tests::until::until;
use ha_transport::{Endpoint, JoinString, Secret};

use crate::other::Other;
use crate::shared;

/// `hactl token create`.
async fn token(site: &Site, name: &str, ttl_seconds: u64) -> JoinString {
    let request = CreateTokenRequest { name: name.to_owned(), ttl_seconds, key: key(), ..Default::default() };
    let reply = site.admin.call(async |mut c| c.create_token(request.clone()).await).await.unwrap();
    JoinString::parse(&reply.text).unwrap()
}

/// What `ha-agent join` says to a string that does not work.
async fn refusal(name: &str, invitation: &JoinString) -> String {
    let stranger = shared::stranger(name);
    let error = stranger.join(invitation).await.expect_err("it was let in");
    assert!(!stranger.config().keys.join("agent.pem").exists());
    format!("{error:#}")
}

#[tokio::test]
async fn a_string_that_was_cut_or_altered_is_refused_before_anything_is_dialled() {
    let (site, _quiet) = shared::site().await;
    let text = token(site, "cut", 0).await.text().expose().clone();
    let secret = text.split('.').nth(2).unwrap().to_owned();
    let mut altered = text.clone();
    let at = text.find(&secret).unwrap();
    altered.replace_range(at..=at, if text[at..].starts_with('A') { "B" } else { "A" });
    for (wrong, why) in [(&text[..text.len() - 20], "cut short"), (&altered, "altered")] {
        let refusal = JoinString::parse(wrong).unwrap_err().to_string();
        assert!(refusal.contains(why), "{refusal}");
        assert!(!refusal.contains(&secret[1..20]), "{refusal}");
    }
}

#[tokio::test]
async fn a_string_of_one_use_lets_one_machine_in() {
    let (site, _quiet) = shared::site().await;
    let once = token(site, "once", 0).await;
    shared::stranger("once-1").join(&once).await.unwrap();
    let refusal = refusal("once-2", &once).await;
    assert!(refusal.contains("is spent") && refusal.contains("hactl token create"), "{refusal}");
}

#[tokio::test]
async fn of_many_who_use_a_string_at_once_one_gets_in() {
    let (site, _quiet) = shared::site().await;
    let once = token(site, "race", 0).await;
    let strangers: Vec<_> = (0..4).map(|n| shared::stranger(&format!("race-{n}"))).collect();
    let outcomes = futures_util::future::join_all(strangers.iter().map(|s| s.join(&once))).await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_string_that_has_expired_is_refused() {
    let (site, _quiet) = shared::site().await;
    let late = token(site, "late", 1).await;
    let expired = async || {
        let tokens: Vec<TokenView> =
            site.admin.document(async |mut c| c.tokens(TokensRequest {}).await).await.map_err(|e| e.to_string())?;
        let expires = tokens.iter().find(|t| t.id == late.token).map(|t| t.expires);
        let now = site.admin.status().await.map_err(|e| e.to_string())?.now;
        if expires.is_none_or(|at| at < now) { Ok(()) } else { Err("not yet".to_owned()) }
    };
    until("the token to expire", expired).await.unwrap();
    let refusal = refusal("late", &late).await;
    assert!(refusal.contains("has expired"), "{refusal}");
}

#[tokio::test]
async fn a_wrong_secret_opens_nothing_and_five_burn_the_token() {
    let (site, _quiet) = shared::site().await;
    let right = token(site, "burnt", 0).await;
    let guess = || {
        let (token, pin) = (right.token.clone(), right.pin.clone());
        JoinString::new(token, Secret::random().unwrap(), pin, right.endpoints.clone()).unwrap()
    };
    for n in 0..5 {
        let refusal = refusal(&format!("guess-{n}"), &guess()).await;
        assert!(refusal.contains("the secret does not belong to token"), "{refusal}");
    }
    let refusal = refusal("burnt", &right).await;
    assert!(refusal.contains("is spent"), "{refusal}");
}

#[tokio::test]
async fn to_a_coordinator_of_another_authority_not_even_the_token_s_name_is_sent() {
    let (site, _quiet) = shared::site().await;
    let other = Other::found("thief").await;
    let before = other.claims();
    let right = token(site, "stolen", 0).await;
    let thief: Endpoint = other.join.endpoints[0].clone();
    let led_astray =
        JoinString::new(right.token.clone(), right.secret.clone(), right.pin.clone(), vec![thief]).unwrap();
    let refusal = refusal("stolen", &led_astray).await;
    assert!(refusal.contains("authority"), "{refusal}");
    assert_eq!(other.claims(), before, "the other mesh was asked to let it in");
    // The token is as good as before.
    shared::stranger("not-stolen").join(&right).await.unwrap();
    other.seat.stop();
}

#[tokio::test]
async fn a_string_of_another_mesh_opens_nothing_here() {
    let (site, _quiet) = shared::site().await;
    let other = Other::found("neighbour").await;
    let theirs = &other.join;
    let (token, secret) = (theirs.token.clone(), theirs.secret.clone());
    let brought_here = JoinString::new(token, secret, site.join.pin.clone(), site.join.endpoints.clone()).unwrap();
    let refusal = refusal("neighbour", &brought_here).await;
    assert!(refusal.contains("is not known here"), "{refusal}");
    other.seat.stop();
}
