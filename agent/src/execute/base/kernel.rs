//! Kernel modules and settings that containers and the pod network need. Their effect is checked, not the command: in a
//! container or with a monolithic kernel `modprobe` fails though all is there.
//!
//! Knows nothing of swap.

use std::path::{Path, PathBuf};

use ha_domain::step::Component;
use minijinja::context;

use crate::execute::rendered::{self, last_lines, template};
use crate::execute::{ActError, Context};
use crate::host::Command;

const MODULES_FILE: &str = "/etc/modules-load.d/ha-mesh.conf";
const SYSCTL_FILE: &str = "/etc/sysctl.d/90-ha-mesh.conf";

/// A module, and what is there once the kernel can do it.
struct Module {
    name: &'static str,
    effect: Effect,
}

enum Effect {
    /// A line of `/proc/filesystems` ends with this.
    FileSystem(&'static str),
    /// This path exists.
    Exists(&'static str),
}

const MODULES: [Module; 4] = [
    Module { name: "overlay", effect: Effect::FileSystem("overlay") },
    Module { name: "br_netfilter", effect: Effect::Exists("/proc/sys/net/bridge/bridge-nf-call-iptables") },
    Module { name: "nf_conntrack", effect: Effect::Exists("/proc/sys/net/netfilter/nf_conntrack_max") },
    Module { name: "vxlan", effect: Effect::Exists("/sys/module/vxlan") },
];

/// A setting.
struct Setting {
    name: &'static str,
    value: u64,
    /// Without it pods have no network; the others make a busy node better, and on some machines are not ours to set.
    needed: bool,
}

const SETTINGS: [Setting; 5] = [
    Setting { name: "net.ipv4.ip_forward", value: 1, needed: true },
    Setting { name: "net.bridge.bridge-nf-call-iptables", value: 1, needed: true },
    Setting { name: "net.bridge.bridge-nf-call-ip6tables", value: 1, needed: false },
    Setting { name: "fs.inotify.max_user_instances", value: 8192, needed: false },
    Setting { name: "fs.inotify.max_user_watches", value: 524_288, needed: false },
];

impl Module {
    async fn works(&self, cx: &Context<'_>) -> Result<bool, ActError> {
        Ok(match self.effect {
            Effect::Exists(path) => cx.host.stat(Path::new(path)).await?.is_some(),
            Effect::FileSystem(name) => {
                let known = cx.host.read(Path::new("/proc/filesystems")).await?.unwrap_or_default();
                String::from_utf8_lossy(&known).lines().any(|l| l.split_whitespace().last() == Some(name))
            }
        })
    }
}

impl Setting {
    fn path(&self) -> PathBuf {
        Path::new("/proc/sys").join(self.name.replace('.', "/"))
    }

    /// More is fine for what only limits.
    async fn is_right(&self, cx: &Context<'_>) -> Result<bool, ActError> {
        let value = cx.host.read(&self.path()).await?.unwrap_or_default();
        let value: Option<u64> = String::from_utf8_lossy(&value).trim().parse().ok();
        Ok(value.is_some_and(|v| if self.needed { v == self.value } else { v >= self.value }))
    }
}

fn files() -> Result<[(&'static str, String); 2], ActError> {
    let modules = context! { modules => MODULES.iter().map(|m| m.name).collect::<Vec<_>>() };
    let settings = SETTINGS.iter().map(|s| vec![s.name.to_owned(), s.value.to_string()]).collect::<Vec<_>>();
    Ok([
        (MODULES_FILE, rendered::render(Component::Base, &template!("modules.conf.j2"), modules)?),
        (SYSCTL_FILE, rendered::render(Component::Base, &template!("sysctl.conf.j2"), context! { settings })?),
    ])
}

pub(super) async fn trouble(cx: &Context<'_>) -> Result<Option<String>, ActError> {
    for (path, content) in files()? {
        if !rendered::is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Some(format!("{path} differs")));
        }
    }
    for module in &MODULES {
        if !module.works(cx).await? {
            return Ok(Some(format!("the kernel cannot do {}", module.name)));
        }
    }
    for setting in SETTINGS.iter().filter(|s| s.needed) {
        if !setting.is_right(cx).await? {
            return Ok(Some(format!("{} is not {}", setting.name, setting.value)));
        }
    }
    Ok(None)
}

pub(super) async fn prepare(cx: &Context<'_>) -> Result<(), ActError> {
    for (path, content) in files()? {
        rendered::put_validated(cx, Path::new(path), content.as_bytes(), 0o644, None).await?;
    }
    for module in &MODULES {
        load(cx, module).await?;
    }
    for setting in &SETTINGS {
        set(cx, setting).await?;
    }
    Ok(())
}

async fn load(cx: &Context<'_>, module: &Module) -> Result<(), ActError> {
    if module.works(cx).await? {
        return Ok(());
    }
    let output = cx.host.run(Command::new("modprobe", &[module.name])).await?;
    if output.ok() || module.works(cx).await? {
        return Ok(());
    }
    Err(ActError::Refused(format!(
        "the kernel cannot do {} ({}); install the distribution's own kernel with its modules",
        module.name,
        last_lines(&output.stderr)
    )))
}

async fn set(cx: &Context<'_>, setting: &Setting) -> Result<(), ActError> {
    if setting.is_right(cx).await? {
        return Ok(());
    }
    let assignment = format!("{}={}", setting.name, setting.value);
    let output = cx.host.run(Command::new("sysctl", &["-q", "-w", &assignment])).await?;
    if output.ok() || !setting.needed {
        return Ok(());
    }
    Err(ActError::Program {
        program: format!("sysctl {assignment}"),
        code: output.code,
        said: last_lines(&output.stderr),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_settings_of_a_node() {
        let [(_, modules), (_, settings)] = files().unwrap();
        rendered::assert_golden("modules.conf", &modules);
        rendered::assert_golden("sysctl.conf", &settings);
    }
}
