//! The coordinator's own package, made again from what is installed, so that the mesh can hand it to further machines.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use ha_domain::id::Digest;
use ha_domain::state::Package;

/// Name of the package.
const NAME: &str = "ha-coordinator";

/// Puts this machine's coordinator package into `share` under its digest; `None` where it was not installed as a package.
pub fn keep_own_package(share: &Path) -> anyhow::Result<Option<Package>> {
    let Some(version) = installed_version()? else { return Ok(None) };
    std::fs::create_dir_all(share).context("make the share folder")?;
    let tree = share.join(".package");
    let built = share.join(".package.deb");
    if tree.exists() {
        std::fs::remove_dir_all(&tree)?;
    }
    std::fs::create_dir_all(tree.join("DEBIAN"))?;
    copy_files(&tree)?;
    copy_control(&tree)?;
    run("dpkg-deb", &["--root-owner-group", "-Zxz", "-z1", "--build", path(&tree)?, path(&built)?])?;
    std::fs::remove_dir_all(&tree)?;
    let digest = Digest::of(&std::fs::read(&built)?);
    std::fs::rename(&built, share.join(digest.as_str()))?;
    Ok(Some(Package { digest, version }))
}

fn installed_version() -> anyhow::Result<Option<String>> {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Status}|${Version}", NAME]).output();
    let Ok(output) = output else { return Ok(None) };
    let text = String::from_utf8(output.stdout)?;
    Ok(text.strip_prefix("install ok installed|").map(str::to_owned))
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path that is not text")
}

fn run(program: &str, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(args).output().with_context(|| format!("run {program}"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Copies every regular file and link that the package has installed.
fn copy_files(tree: &Path) -> anyhow::Result<()> {
    for line in run("dpkg-query", &["-L", NAME])?.lines() {
        let source = Path::new(line);
        let meta = std::fs::symlink_metadata(source);
        let target = tree.join(line.trim_start_matches('/'));
        match meta {
            Ok(meta) if meta.is_dir() => std::fs::create_dir_all(&target)?,
            Ok(meta) if meta.is_symlink() => std::os::unix::fs::symlink(std::fs::read_link(source)?, &target)?,
            Ok(_) => {
                std::fs::copy(source, &target).with_context(|| format!("copy {line}"))?;
            }
            Err(error) => bail!("{line} of the package is missing: {error}"),
        }
    }
    Ok(())
}

/// Copies the maintainer scripts, and the control file from the package manager's record.
fn copy_control(tree: &Path) -> anyhow::Result<()> {
    let info = Path::new("/var/lib/dpkg/info");
    for script in ["conffiles", "postinst", "prerm", "postrm", "preinst"] {
        let source = info.join(format!("{NAME}.{script}"));
        if source.exists() {
            std::fs::copy(&source, tree.join("DEBIAN").join(script))?;
        }
    }
    let record = run("dpkg-query", &["-s", NAME])?;
    let dropped = ["Status:", "Conffiles:"];
    let mut skipping = false;
    let mut control = String::new();
    for line in record.lines() {
        skipping = line.starts_with("Conffiles:") || (skipping && line.starts_with(" /"));
        if !skipping && !dropped.iter().any(|d| line.starts_with(d)) {
            control.push_str(line);
            control.push('\n');
        }
    }
    std::fs::write(tree.join("DEBIAN/control"), control)?;
    Ok(())
}
