//! A look at the machine before anything is changed on it: all problems at once, each with what to do.
//!
//! What was found is kept with the digest of what was asked, so that the look afterwards is a read of one file.

mod clock;
mod leftovers;
mod network;
mod sizes;
mod system;

use std::collections::BTreeMap;

use ha_domain::step::{Action, Component, Preflight};

use super::{ActError, Context, Probe, rendered};

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// Name of the check, as `preflight.ignore` has it.
    check: &'static str,
    /// Whether the machine cannot take the role like this; otherwise it is told and no more.
    refuses: bool,
    /// What it is and what to do.
    text: String,
}

impl Finding {
    fn refusal(check: &'static str, text: String) -> Self {
        Self { check, refuses: true, text }
    }
    fn warning(check: &'static str, text: String) -> Self {
        Self { check, refuses: false, text }
    }
}

/// Whether exactly this was asked and passed before.
pub(super) async fn probe(a: &Preflight, cx: &Context<'_>) -> Result<Probe, ActError> {
    let digest = Action::Preflight(a.clone()).digest();
    let facts = rendered::applied_facts(cx, Component::Preflight, &digest).await?;
    Ok(facts.map_or(Probe::Differs("not looked at yet".to_owned()), Probe::Converged))
}

/// Runs every check, at once where they wait.
///
/// # Errors
/// [`ActError::Refused`] with all that is in the way and is not ignored.
pub(super) async fn act(a: &Preflight, cx: &Context<'_>) -> Result<(), ActError> {
    (cx.progress)("looking at the machine".to_owned());
    let facts = cx.host.facts().await?;
    let mut measured = sizes::facts(&facts);
    let (network, system, left) =
        tokio::join!(network::check(a, cx), system::check(a, cx, &facts), leftovers::check(a, cx));
    let (system, more) = system?;
    measured.extend(more);
    let (clock, off) = clock::check(a, cx.mesh.clock_ahead_ms());
    measured.extend(off);
    let findings = [sizes::check(a, &facts), network?, system, left?, clock].concat();
    let told = judge(a, findings)?;
    if !told.is_empty() {
        measured.insert("warnings".to_owned(), told.join("; "));
    }
    let digest = Action::Preflight(a.clone()).digest();
    rendered::mark_applied_with(cx, Component::Preflight, &digest, measured).await
}

/// The warnings, ignored refusals among them.
fn judge(a: &Preflight, findings: Vec<Finding>) -> Result<Vec<String>, ActError> {
    let ignored =
        |f: &Finding| f.check != leftovers::FATAL && a.ignore.iter().any(|name| name.eq_ignore_ascii_case(f.check));
    let (refused, told): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.refuses && !ignored(f));
    if refused.is_empty() {
        return Ok(told.into_iter().map(|f| f.text).collect());
    }
    let texts: Vec<_> = refused.into_iter().map(|f| format!("{}: {}", f.check, f.text)).collect();
    Err(ActError::Refused(texts.join("; ")))
}

/// Names and values for the report.
type Measured = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;
    use ha_domain::spec::Role;
    use ha_domain::step::Sizes;

    pub(super) fn asked() -> Preflight {
        Preflight {
            role: Role::ControlPlane,
            address: "10.0.0.21".parse().unwrap(),
            minimum: Sizes { cpus: 2, memory_mib: 1700, disk_gib: 4 },
            reach: Vec::new(),
            vips: vec!["10.0.0.135".parse().unwrap()],
            ignore: Vec::new(),
            max_clock_difference_ms: 500,
        }
    }

    #[test]
    fn all_refusals_are_told_at_once() {
        let findings = ["a", "b"].map(|text| Finding::refusal("sizes", text.to_owned())).to_vec();
        assert_eq!(judge(&asked(), findings).unwrap_err().to_string(), "sizes: a; sizes: b");
    }

    #[test]
    fn an_ignored_check_still_tells_what_it_found() {
        let a = Preflight { ignore: vec!["Sizes".to_owned()], ..asked() };
        assert_eq!(judge(&a, vec![Finding::refusal("sizes", "small".to_owned())]).unwrap(), ["small"]);
    }
}
