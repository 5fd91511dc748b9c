//! Join and login strings: whole or refused, each refusal with its reason and what to do, none quoting the secret.

use ha_domain::id::{Digest, TokenId};
use ha_transport::{Endpoint, InvitationError, JoinString, LoginString, Secret};

fn made() -> JoinString {
    let endpoints = ["10.0.0.11:7443", "[fd00::12]:7443", "master3.site:7443"];
    JoinString::new(
        TokenId::new("t42").unwrap(),
        Secret::new(*b"canary-secret-canary-secret-4242"),
        Digest::of(b"authority"),
        endpoints.iter().map(|e| Endpoint::new(e).unwrap()).collect(),
    )
    .unwrap()
}

fn text() -> String {
    made().text().expose().clone()
}

#[test]
fn what_was_written_is_read() {
    let read = JoinString::parse(&format!("  {}\r\n", text())).unwrap();
    let made = made();
    assert_eq!(read.secret.expose(), made.secret.expose());
    assert_eq!((read.token, read.pin, read.endpoints), (made.token, made.pin, made.endpoints));
    assert!(text().len() < 250, "it fits two lines: {}", text().len());
}

#[test]
fn it_needs_no_quoting_in_a_shell() {
    assert!(text().bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{}", text());
}

#[test]
fn cut_short_anywhere_it_is_refused() {
    let text = text();
    for cut in 0..text.len() {
        let refused = JoinString::parse(&text[..cut]).unwrap_err();
        let expected = if cut < 3 { "whole line" } else { "cut short" };
        assert!(refused.to_string().contains(expected), "cut at {cut}: {refused}");
    }
}

#[test]
fn altered_anywhere_it_is_refused() {
    let text = text();
    for i in 4..text.len() {
        for with in ["A", "z", "0", ".", "-"] {
            if text[i..].starts_with(with) {
                continue;
            }
            let altered = format!("{}{with}{}", &text[..i], &text[i + 1..]);
            let refused = JoinString::parse(&altered).unwrap_err();
            let cut_or_altered = matches!(refused, InvitationError::Altered { .. } | InvitationError::Truncated { .. });
            assert!(cut_or_altered, "{i} {with}: {refused}");
        }
    }
    let longer = JoinString::parse(&format!("{text}0")).unwrap_err();
    assert!(matches!(longer, InvitationError::Altered { .. }), "{longer}");
}

#[test]
fn another_version_is_named() {
    let refused = JoinString::parse(&text().replacen("ha1.", "ha2.", 1)).unwrap_err();
    assert!(refused.to_string().contains("version 2"), "{refused}");
}

#[test]
fn a_login_string_is_sent_to_the_right_program() {
    let m = made();
    let login = LoginString::new(m.token, m.secret, m.pin, m.endpoints).unwrap();
    let login = login.text();
    assert!(login.expose().starts_with("hal1.") && LoginString::parse(login.expose()).is_ok());
    let refused = JoinString::parse(login.expose()).unwrap_err();
    assert!(refused.to_string().contains("hactl login"), "{refused}");
    let refused = LoginString::parse(&text()).unwrap_err();
    assert!(refused.to_string().contains("ha-agent join"), "{refused}");
}

#[test]
fn other_texts_are_foreign() {
    for foreign in ["", "ha", "hello", "hb1.x.y", "ha.x", "ha99999999999.x", "--help", "ha1x.y", &"ha1.".repeat(3000)] {
        let refused = JoinString::parse(foreign).unwrap_err();
        let long = foreign.len() > 100;
        assert!(long || matches!(refused, InvitationError::Foreign { .. }), "{foreign}: {refused}");
    }
}

#[test]
fn whole_but_malformed_it_names_the_part() {
    // A valid checksum over parts that no coordinator would write.
    let with = |i: usize, part: &str| {
        let text = text();
        let mut parts: Vec<&str> = text.split('.').collect();
        parts[i] = part;
        let body = parts[..5].join(".");
        let sum = Digest::of(body.as_bytes()).short().to_owned();
        JoinString::parse(&format!("{body}.{sum}")).unwrap_err().to_string()
    };
    assert!(with(1, "T_42").contains("the token in"));
    assert!(with(2, "c2hvcnQ").contains("the secret in"));
    assert!(with(3, "c2hvcnQ").contains("the pin in"));
    assert!(with(4, "").contains("the endpoint list in"));
    assert!(with(4, "aHR0cDovL3g").contains("the endpoint list in"));
}

#[test]
fn neither_debug_nor_any_refusal_shows_the_secret() {
    assert!(!format!("{:?}", made()).contains("canary"));
    let text = text();
    let secret = text.split('.').nth(2).unwrap();
    for cut in 0..text.len() {
        let refused = JoinString::parse(&text[..cut]).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains(&secret[..6]));
    }
}

#[test]
fn without_an_endpoint_it_cannot_be_made() {
    let m = made();
    assert!(JoinString::new(m.token, m.secret, m.pin, Vec::new()).is_err());
}
