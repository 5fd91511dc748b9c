//! What every machine promises, real or simulated: one suite that is run against both, so that the simulated one cannot
//! drift away from Linux.
//!
//! Knows only the trait. Gives back the promises that were broken; an empty list is success.

use std::path::Path;
use std::time::Duration;

use ha_domain::id::Digest;

use super::{Command, Host, HostError, NewFile, Reachability, UnitVerb};

/// Broken promises.
#[derive(Debug, Default)]
struct Broken(Vec<String>);

impl Broken {
    fn expect(&mut self, kept: bool, promise: &str) {
        if !kept {
            self.0.push(promise.to_owned());
        }
    }
}

/// Files, folders, links, programs, ports and facts, below `dir`, which must be absent or empty.
pub async fn anywhere(host: &dyn Host, dir: &Path) -> Vec<String> {
    let mut broken = Broken::default();
    let outcomes = [
        ("files", files(host, dir, &mut broken).await),
        ("folders", folders(host, dir, &mut broken).await),
        ("links and copies", links(host, dir, &mut broken).await),
        ("programs", programs(host, &mut broken).await),
        ("facts", facts(host, dir, &mut broken).await),
    ];
    finished(broken, outcomes)
}

/// Units and packages: changes the machine, so only where that does no harm.
pub async fn on_a_machine_of_its_own(host: &dyn Host) -> Vec<String> {
    let mut broken = Broken::default();
    let outcomes = [
        ("units", units(host, &mut broken).await),
        ("failing units", failing_unit(host, &mut broken).await),
        ("packages", packages(host, &mut broken).await),
    ];
    finished(broken, outcomes)
}

fn finished<const N: usize>(broken: Broken, outcomes: [(&str, Result<(), HostError>); N]) -> Vec<String> {
    let errors = outcomes.into_iter().filter_map(|(what, outcome)| outcome.err().map(|e| format!("{what}: {e}")));
    broken.0.into_iter().chain(errors).collect()
}

async fn files(host: &dyn Host, dir: &Path, broken: &mut Broken) -> Result<(), HostError> {
    let path = dir.join("a/b/file");
    broken.expect(host.read(&path).await?.is_none(), "an absent file reads as None");
    broken.expect(host.digest(&path).await?.is_none(), "an absent file has no digest");
    broken.expect(host.stat(&path).await?.is_none(), "an absent path has no stat");
    host.write(NewFile { path: &path, content: b"one", mode: 0o640 }).await?;
    broken.expect(host.read(&path).await?.as_deref() == Some(b"one"), "a written file reads back");
    broken.expect(host.digest(&path).await? == Some(Digest::of(b"one")), "a digest is that of the content");
    let stat = host.stat(&path).await?;
    broken.expect(stat.is_some_and(|s| !s.is_dir && s.mode == 0o640 && s.len == 3), "stat tells kind, mode and length");
    host.write(NewFile { path: &path, content: b"two!", mode: 0o600 }).await?;
    broken.expect(host.digest(&path).await? == Some(Digest::of(b"two!")), "a digest follows a changed content");
    host.append(&path, b" three").await?;
    broken.expect(host.read(&path).await?.as_deref() == Some(b"two! three"), "append adds to the end");
    let parts = [host.read_part(&path, 0, 4).await?, host.read_part(&path, 4, 99).await?];
    broken.expect(parts == [b"two!".to_vec(), b" three".to_vec()], "a file is read in parts");
    broken.expect(host.read_part(&path, 10, 4).await?.is_empty(), "there is nothing after the end");
    broken.expect(host.read_part(&dir.join("x"), 0, 4).await.is_err(), "an absent file has no parts");
    host.append(&dir.join("a/log"), b"first").await?;
    let log = host.stat(&dir.join("a/log")).await?;
    broken.expect(log.is_some_and(|s| s.mode == 0o600 && s.len == 5), "append makes an absent file, private");
    host.rename(&path, &dir.join("a/renamed")).await?;
    broken.expect(host.read(&path).await?.is_none(), "a renamed file is gone from its old place");
    broken.expect(host.read(&dir.join("a/renamed")).await?.is_some(), "a renamed file is in its new place");
    broken.expect(host.rename(&path, &dir.join("x")).await.is_err(), "renaming what is absent is an error");
    host.remove(&dir.join("a")).await?;
    host.remove(&dir.join("a")).await?;
    broken.expect(host.stat(&dir.join("a")).await?.is_none(), "a folder is removed with all in it");
    Ok(())
}

async fn folders(host: &dyn Host, dir: &Path, broken: &mut Broken) -> Result<(), HostError> {
    let folder = dir.join("p/q");
    broken.expect(host.list(&folder).await?.is_empty(), "an absent folder lists as empty");
    host.make_dir(&folder, 0o700).await?;
    let mode = |s: Option<super::Stat>| s.filter(|s| s.is_dir).map(|s| s.mode);
    broken.expect(mode(host.stat(&folder).await?) == Some(0o700), "a made folder has its mode");
    broken.expect(mode(host.stat(&dir.join("p")).await?) == Some(0o755), "its parents have 0755");
    host.make_dir(&folder, 0o750).await?;
    broken.expect(mode(host.stat(&folder).await?) == Some(0o750), "a folder that was there gets the mode");
    for name in ["c", "a", "b"] {
        host.write(NewFile { path: &folder.join(name), content: b"", mode: 0o644 }).await?;
    }
    broken.expect(host.list(&folder).await? == ["a", "b", "c"], "names are listed sorted, and no draft is left");
    let refused = host.write(NewFile { path: &folder, content: b"", mode: 0o644 }).await;
    broken.expect(matches!(refused, Err(HostError::File { .. })), "a folder is not replaced by a file");
    let refused = host.write(NewFile { path: &folder.join("a/below"), content: b"", mode: 0o644 }).await;
    broken.expect(matches!(refused, Err(HostError::File { .. })), "a file is no folder");
    broken.expect(host.stat(&folder.join("a/below")).await?.is_none(), "nothing is below a file");
    host.remove(&dir.join("p")).await
}

async fn links(host: &dyn Host, dir: &Path, broken: &mut Broken) -> Result<(), HostError> {
    let (target, link) = (dir.join("t/target"), dir.join("t/link"));
    host.write(NewFile { path: &target, content: b"program", mode: 0o755 }).await?;
    host.link(&target, &link).await?;
    host.link(&target, &link).await?;
    broken.expect(host.read(&link).await?.as_deref() == Some(b"program"), "a link is followed");
    let (of_link, of_target) = (host.stat(&link).await?, host.stat(&target).await?);
    broken.expect(of_link == of_target, "the stat of a link is its target's");
    host.copy(&link, &dir.join("t/copy"), 0o600).await?;
    let copy = host.stat(&dir.join("t/copy")).await?;
    broken.expect(copy.is_some_and(|s| s.mode == 0o600 && s.len == 7), "a copy has its own mode");
    host.write(NewFile { path: &link, content: b"file", mode: 0o644 }).await?;
    broken.expect(host.read(&target).await?.as_deref() == Some(b"program"), "writing replaces a link, not its target");
    host.link(&target, &link).await?;
    host.remove(&link).await?;
    broken.expect(host.stat(&target).await?.is_some(), "removing a link leaves its target");
    host.link(&dir.join("nowhere"), &link).await?;
    broken.expect(host.stat(&link).await?.is_none(), "a link to nowhere looks absent");
    broken.expect(
        host.copy(&dir.join("nowhere"), &dir.join("t/c"), 0o600).await.is_err(),
        "copying what is absent is an error",
    );
    host.remove(&dir.join("t")).await
}

async fn programs(host: &dyn Host, broken: &mut Broken) -> Result<(), HostError> {
    let echoed = host.run(Command::new("echo", &["two", "words"])).await?;
    broken.expect(echoed.ok() && echoed.text() == "two words\n", "a program's output is heard");
    let failed = host.run(Command::new("false", &[])).await?;
    broken.expect(failed.code == 1 && !failed.ok(), "a program's exit code is told, and is no error");
    let read = host.run(Command::new("cat", &[]).stdin(b"input".to_vec())).await?;
    broken.expect(read.text() == "input", "a program reads what it is given");
    let absent = host.run(Command::new("/usr/bin/ha-no-such-program", &[])).await;
    broken.expect(matches!(absent, Err(HostError::Program { .. })), "an absent program is an error");
    let late = host.run(Command::new("sleep", &["30"]).timeout(Duration::from_millis(300))).await;
    broken.expect(matches!(late, Err(HostError::Program { .. })), "a program that takes too long is an error");
    Ok(())
}

async fn facts(host: &dyn Host, dir: &Path, broken: &mut Broken) -> Result<(), HostError> {
    let facts = host.facts().await?;
    broken.expect(!facts.hostname.is_empty() && !facts.os.is_empty() && facts.cpus > 0, "a machine knows what it is");
    broken.expect(["amd64", "arm64"].contains(&facts.arch.as_str()), "architectures have Debian's names");
    let loopback = host.addresses().await?.into_iter().find(|a| a.interface == "lo");
    broken.expect(loopback.is_some_and(|a| a.address.is_loopback()), "a machine has a loopback address");
    let load = host.load().await?;
    broken.expect(
        load.memory_percent <= 100 && load.disk_percent <= 100 && load.cpu_percent <= 100,
        "load is in per cent",
    );
    broken.expect(
        host.free_space(&dir.join("not/yet/there")).await? > 0,
        "free space is told for a path that is not there yet",
    );
    broken.expect(host.fsync_latency(dir).await? < Duration::from_secs(30), "an fsync takes less than half a minute");
    let nobody = host.connect(([127, 0, 0, 1], 1).into(), Duration::from_secs(2)).await?;
    broken.expect(nobody == Reachability::Refused, "a port of its own on which nobody listens refuses");
    let nobody = host.greet(&dir.join("not/yet/there"), Duration::from_secs(2)).await?;
    broken.expect(nobody == Reachability::Refused, "a socket that is not there refuses");
    // More than any kernel counts to.
    broken.expect(host.kill(u32::MAX >> 1).await.is_ok(), "a process that is gone need not be ended");
    broken.expect(host.kill(1).await.is_err(), "the first process is the machine, and is never ended");
    Ok(())
}

const UNIT: &str = "ha-conformance.service";
const UNIT_FILE: &str = "/etc/systemd/system/ha-conformance.service";

async fn put_unit(host: &dyn Host, kind: &str, program: &str) -> Result<(), HostError> {
    let text = format!("[Service]\nType={kind}\nExecStart={program}\n[Install]\nWantedBy=multi-user.target\n");
    host.write(NewFile { path: Path::new(UNIT_FILE), content: text.as_bytes(), mode: 0o644 }).await?;
    host.reload_units().await
}

async fn units(host: &dyn Host, broken: &mut Broken) -> Result<(), HostError> {
    broken.expect(host.unit(UNIT).await?.active == "absent", "an unknown unit is absent");
    host.control(UNIT, UnitVerb::Stop).await?;
    host.control(UNIT, UnitVerb::Disable).await?;
    let refused = host.control(UNIT, UnitVerb::Start).await;
    broken.expect(matches!(refused, Err(HostError::Unit { .. })), "an absent unit cannot be started");
    put_unit(host, "exec", "/bin/sleep 1000").await?;
    let new = host.unit(UNIT).await?;
    broken.expect(new.active == "inactive" && !new.enabled && new.pid == 0, "a new unit is inactive and disabled");
    host.control(UNIT, UnitVerb::Enable).await?;
    host.control(UNIT, UnitVerb::Start).await?;
    host.control(UNIT, UnitVerb::Start).await?;
    let running = host.unit("ha-conformance").await?;
    broken
        .expect(running.active == "active" && running.sub == "running" && running.enabled, "a started unit is active");
    host.control(UNIT, UnitVerb::Restart).await?;
    let anew = host.unit(UNIT).await?;
    broken.expect(anew.pid != 0 && anew.pid != running.pid, "a restarted unit has another process");
    host.control(UNIT, UnitVerb::Kill).await?;
    host.control(UNIT, UnitVerb::KillAll).await?;
    host.control(UNIT, UnitVerb::Restart).await?;
    let after = host.unit(UNIT).await?;
    broken.expect(after.active == "active" && after.pid != anew.pid, "a unit that was ended by force can be restarted");
    host.control(UNIT, UnitVerb::Stop).await?;
    host.control(UNIT, UnitVerb::Disable).await?;
    let stopped = host.unit(UNIT).await?;
    broken.expect(stopped.active == "inactive" && !stopped.enabled && stopped.pid == 0, "a stopped unit is inactive");
    host.remove(Path::new(UNIT_FILE)).await?;
    host.reload_units().await?;
    broken.expect(host.unit(UNIT).await?.active == "absent", "a unit whose file is gone is absent");
    Ok(())
}

async fn failing_unit(host: &dyn Host, broken: &mut Broken) -> Result<(), HostError> {
    put_unit(host, "oneshot", "/bin/false").await?;
    for _ in 0..7 {
        let refused = host.control(UNIT, UnitVerb::Start).await;
        let told = matches!(&refused, Err(HostError::Unit { verb: "start", reason, .. }) if reason.contains("failed"));
        broken.expect(told, "a unit that fails to start is an error that says so, however often it is tried");
    }
    broken.expect(host.unit(UNIT).await?.active == "failed", "a unit that failed is failed");
    host.remove(Path::new(UNIT_FILE)).await?;
    host.reload_units().await
}

async fn packages(host: &dyn Host, broken: &mut Broken) -> Result<(), HostError> {
    let missing = host.missing_packages(&["haproxy", "ha-no-such-package"]).await?;
    broken.expect(missing == ["haproxy", "ha-no-such-package"], "missing packages are told in the order asked");
    host.install_packages(&["haproxy"]).await?;
    broken.expect(host.missing_packages(&["haproxy"]).await?.is_empty(), "an installed package is not missing");
    let unit = host.unit("haproxy.service").await?;
    broken.expect(unit.active == "inactive", "what is installed does not start by itself");
    broken.expect(
        host.stat(Path::new("/etc/haproxy/haproxy.cfg")).await?.is_some(),
        "a package brings its configuration",
    );
    broken.expect(
        host.stat(Path::new("/usr/sbin/policy-rc.d")).await?.is_none(),
        "nothing stays that keeps services down",
    );
    let refused = host.install_packages(&["ha-no-such-package"]).await;
    broken.expect(matches!(refused, Err(HostError::Packages { .. })), "a package that nobody has is an error");
    host.install_packages(&["haproxy"]).await
}
