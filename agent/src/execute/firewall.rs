//! The firewall: one nftables table of our own that admits what the roles need and drops the rest of what comes in.
//!
//! Only the input hook: forwarded traffic is the pod network's. Knows nothing of why a port is open.

use std::net::IpAddr;
use std::path::Path;

use ha_domain::id::Digest;
use ha_domain::step::{Allow, Component, Firewall, Protocol};
use minijinja::context;

use super::address::network;
use super::rendered::{self, Validator, template};
use super::{ActError, Context, Probe, distro, service};
use crate::host::{Command, UnitVerb};

const RULES: &str = "/etc/ha-mesh/firewall.nft";
const UNIT: (&str, &str) = ("ha-mesh-firewall.service", "/etc/systemd/system/ha-mesh-firewall.service");
const NFT: &str = "/usr/sbin/nft";

/// Everything that is put in place.
struct Files {
    rules: String,
    unit: String,
    digest: Digest,
}

fn render(a: &Firewall) -> Result<Files, ActError> {
    let rules = a.allow.iter().map(lines).collect::<Result<Vec<_>, _>>()?.concat();
    let with = |digest: &str| {
        rendered::render(
            Component::Firewall,
            &template!("firewall.nft.j2"),
            context! { digest, rules => rules.clone() },
        )
    };
    let digest = Digest::of(with("")?.as_bytes());
    let unit = context! { nft => NFT, rules => RULES };
    Ok(Files {
        rules: with(digest.as_str())?,
        unit: rendered::render(Component::Firewall, &template!("ha-mesh-firewall.service.j2"), unit)?,
        digest,
    })
}

/// One rule a family, since a set holds addresses of one.
fn lines(allow: &Allow) -> Result<Vec<String>, ActError> {
    let what = match (allow.protocol, allow.port) {
        (Protocol::Tcp, Some(port)) => format!("tcp dport {port}"),
        (Protocol::Udp, Some(port)) => format!("udp dport {port}"),
        (Protocol::Vrrp, _) => "meta l4proto 112".to_owned(),
        (Protocol::Tcp | Protocol::Udp, None) => {
            return Err(ActError::Refused(format!("firewall rule {:?} has no port", allow.comment)));
        }
    };
    let comment: String =
        allow.comment.chars().filter(|c| c.is_ascii_alphanumeric() || " -._".contains(*c)).take(100).collect();
    let end = format!("{what} accept comment \"{comment}\"");
    if allow.from.is_empty() {
        return Ok(vec![end]);
    }
    let (v4, v6) = families(&allow.from)?;
    let rule = |family: &str, from: Vec<&str>| format!("{family} saddr {{ {} }} {end}", from.join(", "));
    let sets = [("ip", v4), ("ip6", v6)].into_iter().filter(|(_, from)| !from.is_empty());
    Ok(sets.map(|(family, from)| rule(family, from)).collect())
}

/// The addresses and networks of each family, each once.
fn families(from: &[String]) -> Result<(Vec<&str>, Vec<&str>), ActError> {
    let mut sorted: Vec<&str> = from.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut families = (Vec::new(), Vec::new());
    for one in sorted {
        match network(one) {
            Some((IpAddr::V4(_), _)) => families.0.push(one),
            Some((IpAddr::V6(_), _)) => families.1.push(one),
            None => return Err(ActError::Refused(format!("firewall: {one:?} is neither an address nor a network"))),
        }
    }
    Ok(families)
}

/// What the kernel has: the table as nft lists it, without counters.
async fn loaded(cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let listing = cx.host.run(Command::new(NFT, &["--stateless", "list", "table", "inet", "ha_mesh"])).await?;
    Ok(listing.ok().then(|| listing.text()))
}

/// What was in the kernel after our rules were loaded: rules that someone changes by hand are seen as well.
fn facts(listing: &str) -> std::collections::BTreeMap<String, String> {
    distro::facts([("loaded", Digest::of(listing.as_bytes()).to_string())])
}

/// Looks: files, unit, and the kernel's own table.
pub(super) async fn probe(a: &Firewall, cx: &Context<'_>) -> Result<Probe, ActError> {
    if let Some(trouble) = service::trouble(cx, UNIT.0).await? {
        return Ok(Probe::Differs(trouble));
    }
    let files = render(a)?;
    for (path, content) in [(RULES, &files.rules), (UNIT.1, &files.unit)] {
        if !rendered::is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{path} differs")));
        }
    }
    let noted = rendered::applied_facts(cx, Component::Firewall, &files.digest).await?;
    match loaded(cx).await? {
        None => Ok(Probe::Differs("the kernel does not have the table inet ha_mesh".to_owned())),
        Some(listing) if noted.is_none_or(|noted| noted != facts(&listing)) => {
            Ok(Probe::Differs("the rules in the kernel are not those of the file".to_owned()))
        }
        Some(_) => Ok(Probe::converged()),
    }
}

/// Loads the rules as a whole, now and at every boot.
pub(super) async fn act(a: &Firewall, cx: &Context<'_>) -> Result<(), ActError> {
    distro::install(cx, distro::of(cx).await?.every_machine).await?;
    let files = render(a)?;
    let validator = Validator { program: NFT, args: &["--check", "--file", "{}"] };
    rendered::put_validated(cx, Path::new(RULES), files.rules.as_bytes(), 0o644, Some(validator)).await?;
    if rendered::put_validated(cx, Path::new(UNIT.1), files.unit.as_bytes(), 0o644, None).await? {
        cx.host.reload_units().await?;
    }
    service::bring(cx, UNIT.0, UnitVerb::Reload).await?;
    let listing = loaded(cx).await?.ok_or_else(|| {
        ActError::Refused("nft took the rules, but the table inet ha_mesh is not in the kernel".to_owned())
    })?;
    rendered::mark_applied_with(cx, Component::Firewall, &files.digest, facts(&listing)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(protocol: Protocol, port: Option<u16>, from: &[&str], comment: &str) -> Allow {
        let from = from.iter().map(|s| (*s).to_owned()).collect();
        Allow { protocol, port, from, comment: comment.to_owned() }
    }

    #[test]
    fn a_load_balancer() {
        let a = Firewall {
            allow: vec![
                allow(Protocol::Tcp, Some(22), &[], "ssh"),
                allow(Protocol::Tcp, Some(6443), &[], "load balancing"),
                allow(Protocol::Udp, Some(8472), &["10.0.0.21", "10.0.0.22", "10.0.0.21"], "pod network"),
                allow(Protocol::Tcp, Some(3306), &["10.244.0.0/16", "fd00::/64"], "database"),
                allow(Protocol::Vrrp, None, &["10.0.0.12"], "VRRP"),
            ],
        };
        let files = render(&a).unwrap();
        rendered::assert_golden("firewall.nft", &files.rules);
        rendered::assert_golden("ha-mesh-firewall.service", &files.unit);
    }

    #[test]
    fn what_is_no_address_never_becomes_a_rule() {
        for from in ["10.0.0.1 } accept; tcp dport { 1", "10.0.0.0/24 } accept", "10.0.0.0/33", "", "any"] {
            assert!(lines(&allow(Protocol::Tcp, Some(80), &[from], "x")).is_err(), "{from}");
        }
        assert!(lines(&allow(Protocol::Tcp, None, &[], "x")).is_err());
    }

    #[test]
    fn a_comment_cannot_end_its_quotes() {
        let rule = lines(&allow(Protocol::Tcp, Some(80), &[], "a\" accept; drop \"")).unwrap().concat();
        assert_eq!(rule.matches('"').count(), 2, "{rule}");
    }
}
