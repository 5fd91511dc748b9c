//! Images behind a password, and hosts that are reached without the proxy.

use super::{SITE, Site};
use crate::step::{Action, CredentialKind, Images, Joget, Step};

const CLOSED: &str = "artifacts: {proxy: {url: 'http://10.0.0.8:3128', noProxy: [near.example]}, registryCredentials: {registry.example: reader}}";

fn steps(text: &str) -> Vec<Step> {
    let mut all = Vec::new();
    Site::new(text).settle(|steps| all.extend_from_slice(steps));
    all
}

fn joget(steps: &[Step]) -> &Joget {
    let of = |s: &'_ Step| matches!(s.action, Action::Joget(_));
    match &steps.iter().find(|s| of(s)).unwrap().action {
        Action::Joget(joget) => joget,
        other => panic!("{other:?}"),
    }
}

fn prepared(steps: &[Step]) -> Vec<String> {
    let images = steps.iter().filter_map(|s| match &s.action {
        Action::Images(Images { images, .. }) => Some(images),
        _ => None,
    });
    images.flatten().map(|image| image.url.clone()).collect()
}

#[test]
fn an_image_behind_a_password_is_left_to_the_kubelet_which_gets_the_login() {
    let steps = steps(&format!("{SITE}{CLOSED}\n"));
    let joget = joget(&steps);
    let registry = joget.registry.as_ref().unwrap();
    assert_eq!((registry.host.as_str(), registry.secret.as_str()), ("registry.example", "reader"));
    assert!(Action::Joget(joget.clone()).credentials().contains(&CredentialKind::RegistryLogin));
    assert!(!prepared(&steps).contains(&"registry.example/joget:1".to_owned()));
}

#[test]
fn an_image_that_anybody_may_pull_is_prepared_and_needs_no_login() {
    let steps = steps(SITE);
    assert_eq!(joget(&steps).registry, None);
    assert!(!Action::Joget(joget(&steps).clone()).credentials().contains(&CredentialKind::RegistryLogin));
    assert!(prepared(&steps).contains(&"registry.example/joget:1".to_owned()));
}

#[test]
fn hosts_that_need_no_proxy_are_reached_without_it_and_so_is_what_lies_below_them() {
    let steps = steps(&format!("{SITE}{CLOSED}\n"));
    let found = steps.iter().find_map(|s| match &s.action {
        Action::Images(images) => Some(&images.source),
        _ => None,
    });
    let source = found.unwrap();
    assert_eq!(source.proxy_to("dl.k8s.io"), Some("http://10.0.0.8:3128"));
    assert_eq!(source.proxy_to("near.example"), None);
    assert_eq!(source.proxy_to("a.near.example"), None);
    assert_eq!(source.proxy_to("linear.example"), Some("http://10.0.0.8:3128"));
}
