//! containerd, runc and the CNI plugins from their releases, with containerd's configuration and unit.
//!
//! Knows nothing of images or of Kubernetes.

use std::path::Path;

use ha_domain::id::Digest;
use ha_domain::step::{Component, Containerd, Source};
use minijinja::context;

use super::rendered::{self, Validator, is_current, put_validated, render, template};
use super::{ActError, Context, Probe, artifact, distro, service};
use crate::host::{UnitVerb, Unpack};
use crate::ledger::Owned;

const UNIT: &str = "containerd.service";
const BIN: &str = "/usr/local/bin";
const RUNC: &str = "/usr/local/sbin/runc";
const PLUGINS: &str = "/opt/cni/bin";
const PROGRAMS: [&str; 3] = ["containerd", "containerd-shim-runc-v2", "ctr"];
/// Plugins that the pod network cannot do without.
const NEEDED_PLUGINS: [&str; 4] = ["bridge", "host-local", "loopback", "portmap"];

/// A file that this action renders.
struct Rendered {
    path: &'static str,
    mode: u32,
    /// `None` where it must not be there.
    content: Option<String>,
}

pub(super) async fn probe(action: &Containerd, cx: &Context<'_>) -> Result<Probe, ActError> {
    let files = files(action)?;
    if !rendered::is_applied(cx, Component::Containerd, &version(action, &files)).await? {
        return Ok(Probe::Differs("it is not installed in this version".to_owned()));
    }
    if let Some(what) = missing_program(cx).await? {
        return Ok(Probe::Differs(what));
    }
    for file in &files {
        if !as_wanted(cx, file).await? {
            return Ok(Probe::Differs(format!("{} was edited", file.path)));
        }
    }
    Ok(match service::trouble(cx, UNIT).await? {
        Some(trouble) => Probe::Differs(trouble),
        None => Probe::Converged(distro::facts([
            ("version", action.containerd.version.clone()),
            ("runc", action.runc.version.clone()),
            ("cni-plugins", action.cni_plugins.version.clone()),
        ])),
    })
}

pub(super) async fn act(action: &Containerd, cx: &Context<'_>) -> Result<(), ActError> {
    let files = files(action)?;
    let version = version(action, &files);
    let stale =
        !rendered::is_applied(cx, Component::Containerd, &version).await? || missing_program(cx).await?.is_some();
    if stale {
        own(cx).await?;
        tokio::try_join!(programs(action, cx), runc(action, cx), plugins(action, cx))?;
    }
    let changed = put(cx, &files).await?;
    if stale || changed {
        cx.host.reload_units().await?;
        service::bring(cx, UNIT, UnitVerb::Restart).await?;
    } else {
        service::start(cx, UNIT).await?;
    }
    rendered::mark_applied(cx, Component::Containerd, &version).await?;
    for unpacked in [&action.containerd, &action.cni_plugins] {
        artifact::discard(cx, unpacked).await?;
    }
    Ok(())
}

/// What is made here and by containerd itself; the store of images goes with a reset too.
async fn own(cx: &Context<'_>) -> Result<(), ActError> {
    for dir in ["/etc/containerd", PLUGINS, "/etc/cni/net.d", "/var/lib/containerd", "/var/lib/cni"] {
        cx.ledger.own_file(cx.host, Path::new(dir), Owned::Dir).await?;
    }
    for name in PROGRAMS {
        cx.ledger.own_file(cx.host, &Path::new(BIN).join(name), Owned::File).await?;
    }
    Ok(cx.ledger.own_file(cx.host, Path::new(RUNC), Owned::Link).await?)
}

async fn programs(action: &Containerd, cx: &Context<'_>) -> Result<(), ActError> {
    let archive = artifact::fetch(cx, &action.containerd, &action.source).await?;
    (cx.progress)(format!("unpacking containerd {}", action.containerd.version));
    Ok(cx.host.unpack(Unpack { archive: &archive, into: Path::new(BIN), members: &PROGRAMS, strip: 1 }).await?)
}

async fn runc(action: &Containerd, cx: &Context<'_>) -> Result<(), ActError> {
    let program = artifact::program(cx, &action.runc, &action.source).await?;
    Ok(cx.host.link(&program, Path::new(RUNC)).await?)
}

async fn plugins(action: &Containerd, cx: &Context<'_>) -> Result<(), ActError> {
    let archive = artifact::fetch(cx, &action.cni_plugins, &action.source).await?;
    Ok(cx.host.unpack(Unpack { archive: &archive, into: Path::new(PLUGINS), members: &[], strip: 0 }).await?)
}

async fn missing_program(cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let programs = PROGRAMS.iter().map(|name| Path::new(BIN).join(name));
    let plugins = NEEDED_PLUGINS.iter().map(|name| Path::new(PLUGINS).join(name));
    for path in programs.chain(plugins).chain([RUNC.into()]) {
        if cx.host.stat(&path).await?.is_none_or(|s| s.mode & 0o111 == 0) {
            return Ok(Some(format!("{} is missing", path.display())));
        }
    }
    Ok(None)
}

/// What of the installation has no file of its own that could be compared.
fn version(action: &Containerd, files: &[Rendered]) -> Digest {
    let artifacts = [&action.containerd, &action.runc, &action.cni_plugins];
    let mut text: Vec<&str> = artifacts.iter().filter_map(|a| a.sha256.as_ref().map(Digest::as_str)).collect();
    text.extend(files.iter().filter_map(|f| f.content.as_deref()));
    Digest::of(text.join("\n").as_bytes())
}

fn files(action: &Containerd) -> Result<Vec<Rendered>, ActError> {
    let c = Component::Containerd;
    let settings = context! { pause => action.pause.clone(), restrict_oom_score_adj => action.restrict_oom_score_adj };
    let config = render(c, &template!("containerd.toml.j2"), settings)?;
    let unit = render(c, &template!("containerd.service.j2"), context! {})?;
    Ok(vec![
        Rendered { path: "/etc/containerd/config.toml", mode: 0o644, content: Some(config) },
        Rendered { path: "/etc/systemd/system/containerd.service", mode: 0o644, content: Some(unit) },
        Rendered { path: "/etc/containerd/certs.d/_default/hosts.toml", mode: 0o644, content: hosts(&action.source)? },
        // A proxy's address may hold a password.
        Rendered { path: "/etc/containerd/proxy.env", mode: 0o600, content: proxy(&action.source)? },
    ])
}

/// Which proxy containerd itself pulls through.
fn proxy(source: &Source) -> Result<Option<String>, ActError> {
    let Some(proxy) = &source.proxy else { return Ok(None) };
    let no_proxy: String = source.no_proxy.iter().map(|one| format!(",{one}")).collect();
    render(Component::Containerd, &template!("containerd-proxy.env.j2"), context! { proxy, no_proxy }).map(Some)
}

/// Which registries are asked instead of the one that an image names.
fn hosts(source: &Source) -> Result<Option<String>, ActError> {
    let nobody = source.offline.then_some("http://127.0.0.1:9");
    let Some(mirror) = source.mirror.as_deref().or(nobody) else { return Ok(None) };
    let values = context! { mirror => mirror.trim_end_matches('/'), offline => source.offline };
    render(Component::Containerd, &template!("containerd-hosts.toml.j2"), values).map(Some)
}

async fn as_wanted(cx: &Context<'_>, file: &Rendered) -> Result<bool, ActError> {
    let path = Path::new(file.path);
    match &file.content {
        Some(content) => is_current(cx, path, content.as_bytes()).await,
        None => Ok(cx.host.stat(path).await?.is_none()),
    }
}

async fn put(cx: &Context<'_>, files: &[Rendered]) -> Result<bool, ActError> {
    let mut changed = false;
    for file in files {
        let path = Path::new(file.path);
        match &file.content {
            Some(content) => {
                let reads_it =
                    Validator { program: "/usr/local/bin/containerd", args: &["--config", "{}", "config", "dump"] };
                let judge = path.ends_with("config.toml").then_some(reads_it);
                changed |= put_validated(cx, path, content.as_bytes(), file.mode, judge).await?;
            }
            None if cx.host.stat(path).await?.is_some() => {
                cx.host.remove(path).await?;
                cx.ledger.forget(cx.host, path).await?;
                changed = true;
            }
            None => {}
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::rendered::assert_golden;

    #[test]
    fn the_configuration_is_the_golden_one() {
        let settings = context! { pause => "registry.k8s.io/pause:3.10.2", restrict_oom_score_adj => true };
        let text = render(Component::Containerd, &template!("containerd.toml.j2"), settings).unwrap();
        assert_golden("containerd.toml", &text);
    }

    #[test]
    fn the_unit_is_the_golden_one() {
        let text = render(Component::Containerd, &template!("containerd.service.j2"), context! {}).unwrap();
        assert_golden("containerd.service", &text);
    }

    #[test]
    fn an_offline_site_asks_its_mirror_and_nobody_else() {
        let source = Source { mirror: Some("http://10.0.0.5:8088/".to_owned()), offline: true, ..Source::default() };
        assert_golden("containerd-hosts.toml", &hosts(&source).unwrap().unwrap());
    }

    #[test]
    fn a_site_with_the_internet_has_no_hosts_file() {
        assert_eq!(hosts(&Source::default()).unwrap(), None);
    }

    #[test]
    fn what_is_reached_without_the_proxy_is_the_golden_one() {
        let no_proxy = vec!["registry.example".to_owned(), "10.244.0.0/16".to_owned()];
        let source = Source { proxy: Some("http://10.0.0.8:3128".to_owned()), no_proxy, ..Source::default() };
        let text = proxy(&source).unwrap().unwrap();
        assert_golden("containerd-proxy.env", &text);
    }

    #[test]
    fn an_offline_site_without_a_mirror_asks_nobody() {
        let source = Source { offline: true, ..Source::default() };
        assert!(hosts(&source).unwrap().unwrap().contains("server = \"http://127.0.0.1:9\""));
    }
}
