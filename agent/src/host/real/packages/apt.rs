//! How apt-get is called and what its words mean. Pure.
//!
//! Knows nothing of when it is called.

use super::Output;

/// No questions, no restarts of services, no changelogs.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("DEBCONF_NONINTERACTIVE_SEEN", "true"),
    ("NEEDRESTART_SUSPEND", "1"),
    ("APT_LISTCHANGES_FRONTEND", "none"),
    ("UCF_FORCE_CONFFOLD", "1"),
];

/// What apt-get said no with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another process holds the package manager.
    Locked(String),
    /// dpkg was cut off earlier.
    Interrupted,
    /// The lists are older than the mirror, or do not know the package.
    Stale(String),
    /// The mirror cannot be reached.
    Unreachable(String),
    /// Anything else.
    Refused(String),
}

pub(super) fn install<'a>(names: &[&'a str]) -> Vec<&'a str> {
    [&["apt-get", "install"], OPTIONS, &["--"], names].concat()
}

/// Unpacks and sets up again what is there already.
pub(super) fn reinstall<'a>(names: &[&'a str]) -> Vec<&'a str> {
    [&["apt-get", "install", "--reinstall"], OPTIONS, &["--"], names].concat()
}

const OPTIONS: &[&str] = &[
    "--yes",
    "--quiet",
    "--no-install-recommends",
    "--option=DPkg::Lock::Timeout=300",
    "--option=Dpkg::Options::=--force-confold",
    "--option=Dpkg::Options::=--force-confdef",
    // The files are synced once at the end instead of one by one.
    "--option=Dpkg::Options::=--force-unsafe-io",
    "--option=Dpkg::Use-Pty=0",
    "--option=Acquire::Retries=3",
    "--option=Acquire::http::Timeout=30",
    "--option=Acquire::https::Timeout=30",
    "--option=APT::Color=0",
];

pub(super) fn update() -> Vec<&'static str> {
    vec![
        "apt-get",
        "update",
        "--quiet",
        "--option=Acquire::Languages=none",
        "--option=Acquire::Retries=3",
        "--option=Acquire::http::Timeout=30",
        "--option=Acquire::https::Timeout=30",
        "--option=APT::Update::Error-Mode=any",
        "--option=APT::Color=0",
    ]
}

pub(super) fn finish() -> Vec<&'static str> {
    vec!["dpkg", "--configure", "--pending", "--force-confold", "--force-confdef"]
}

/// What went wrong; `None` when nothing did.
pub(super) fn trouble(output: &Output) -> Option<Trouble> {
    if output.ok() {
        return None;
    }
    let said = output.stderr.as_str();
    let line = |words: &[&str]| said.lines().find(|l| words.iter().any(|w| l.contains(w))).map(shorter);
    if let Some(why) =
        line(&["Could not get lock", "Unable to acquire the dpkg frontend lock", "Unable to lock directory"])
    {
        return Some(Trouble::Locked(why));
    }
    if said.contains("dpkg was interrupted") {
        return Some(Trouble::Interrupted);
    }
    if let Some(why) =
        line(&["Unable to locate package", "no installation candidate", "404  Not Found", "Hash Sum mismatch"])
    {
        return Some(Trouble::Stale(why));
    }
    if let Some(why) =
        line(&["Temporary failure resolving", "Could not connect", "Could not resolve", "Connection failed"])
    {
        return Some(Trouble::Unreachable(why));
    }
    Some(Trouble::Refused(last_words(output)))
}

fn last_words(output: &Output) -> String {
    let said = if output.stderr.trim().is_empty() { output.text() } else { output.stderr.clone() };
    let lines: Vec<_> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let errors: Vec<_> = lines.iter().filter(|l| l.starts_with("E: ") || l.starts_with("dpkg: ")).copied().collect();
    let chosen = if errors.is_empty() { lines } else { errors };
    chosen[chosen.len().saturating_sub(4)..].join(" | ")
}

fn shorter(line: &str) -> String {
    line.trim_start_matches("E: ").trim_start_matches("W: ").chars().take(300).collect()
}

impl Trouble {
    /// For a person: what it is and what to do.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Locked(why) => format!(
                "the package manager was in use for more than 300 s ({why}); wait for that process or stop it, then try again"
            ),
            Self::Interrupted => "an earlier installation was cut off and could not be finished; \
                run `dpkg --configure -a` on the machine and repair what it names"
                .to_owned(),
            Self::Stale(why) => format!(
                "the mirror does not have it, also after fetching the lists anew ({why}); \
                check the package sources of the machine"
            ),
            Self::Unreachable(why) => {
                format!("the mirror cannot be reached ({why}); check the machine's network, DNS and proxy for apt")
            }
            Self::Refused(why) => format!("apt-get refused: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(stderr: &str) -> Option<Trouble> {
        trouble(&Output { code: 100, stdout: Vec::new(), stderr: stderr.to_owned() })
    }

    #[test]
    fn success_is_no_trouble_whatever_was_warned_of() {
        assert_eq!(trouble(&Output { code: 0, stdout: Vec::new(), stderr: "W: Could not get lock".into() }), None);
    }

    #[test]
    fn a_held_lock_names_its_holder() {
        let said = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n\
                    E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?";
        let advice = failed(said).unwrap().advice();
        assert!(advice.contains("process 812 (unattended-upgr)") && advice.contains("wait for"), "{advice}");
    }

    #[test]
    fn old_lists_are_told_from_an_unreachable_mirror() {
        assert!(matches!(failed("E: Unable to locate package haproxy"), Some(Trouble::Stale(_))));
        assert!(matches!(
            failed("E: Failed to fetch http://m/p.deb  404  Not Found [IP: 10.0.0.1 80]"),
            Some(Trouble::Stale(_))
        ));
        assert!(matches!(
            failed("W: Failed to fetch http://m/ Temporary failure resolving 'm'"),
            Some(Trouble::Unreachable(_))
        ));
    }

    #[test]
    fn an_interrupted_dpkg_is_recognised() {
        let said = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.";
        assert_eq!(failed(said), Some(Trouble::Interrupted));
    }

    #[test]
    fn other_refusals_keep_their_last_errors() {
        let said = "some noise\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n";
        assert_eq!(
            failed(said),
            Some(Trouble::Refused("E: Sub-process /usr/bin/dpkg returned an error code (1)".into()))
        );
    }
}
