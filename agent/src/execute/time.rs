//! The clock: chrony with the site's servers, or the distribution's pool where it names none.
//!
//! Knows nothing of how far off the clock is; the report does.

use std::path::Path;

use ha_domain::id::Digest;
use ha_domain::step::{Component, TimeSync};
use minijinja::context;

use super::distro::{self, CHRONY, Distribution};
use super::rendered::{self, Validator, template};
use super::{ActError, Context, Probe, service};
use crate::host::UnitVerb;

fn render(a: &TimeSync, distribution: &Distribution) -> Result<String, ActError> {
    if let Some(odd) =
        a.servers.iter().find(|s| s.is_empty() || s.contains(|c: char| c.is_whitespace() || c.is_control()))
    {
        return Err(ActError::Refused(format!("time.servers: {odd:?} is not a name or an address")));
    }
    let values = context! { servers => a.servers.clone(), pool => distribution.ntp_pool };
    rendered::render(Component::Time, &template!("chrony.conf.j2"), values)
}

/// Looks: file, unit, and whether the process was started with it.
pub(super) async fn probe(a: &TimeSync, cx: &Context<'_>) -> Result<Probe, ActError> {
    if let Some(trouble) = service::trouble(cx, CHRONY.0).await? {
        return Ok(Probe::Differs(trouble));
    }
    let config = render(a, &distro::of(cx).await?)?;
    if !rendered::is_current(cx, Path::new(CHRONY.1), config.as_bytes()).await? {
        return Ok(Probe::Differs(format!("{} differs", CHRONY.1)));
    }
    let facts = rendered::applied_facts(cx, Component::Time, &Digest::of(config.as_bytes())).await?;
    Ok(facts.map_or(Probe::Differs("chronyd was not started anew".to_owned()), Probe::Converged))
}

/// Installs, configures, starts or restarts: chronyd reads its configuration at its start only.
pub(super) async fn act(a: &TimeSync, cx: &Context<'_>) -> Result<(), ActError> {
    let distribution = distro::of(cx).await?;
    distro::install(cx, distribution.time).await?;
    let config = render(a, &distribution)?;
    let digest = Digest::of(config.as_bytes());
    let validator = Validator { program: "chronyd", args: &["-p", "-f", "{}"] };
    rendered::put_validated(cx, Path::new(CHRONY.1), config.as_bytes(), 0o644, Some(validator)).await?;
    if rendered::is_applied(cx, Component::Time, &digest).await? {
        service::start(cx, CHRONY.0).await?;
    } else {
        service::bring(cx, CHRONY.0, UnitVerb::Restart).await?;
    }
    let version = distro::version(cx, "chrony").await?;
    rendered::mark_applied_with(cx, Component::Time, &digest, distro::facts([("version", version)])).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::distro::SUPPORTED;

    #[test]
    fn the_sites_servers() {
        let a = TimeSync { servers: vec!["10.0.0.5".to_owned(), "ntp.example".to_owned()] };
        rendered::assert_golden("chrony.conf", &render(&a, &SUPPORTED[0]).unwrap());
    }

    #[test]
    fn without_servers_the_distributions_pool() {
        rendered::assert_golden("chrony-pool.conf", &render(&TimeSync { servers: Vec::new() }, &SUPPORTED[2]).unwrap());
    }

    #[test]
    fn a_server_that_would_be_another_line_is_refused() {
        let a = TimeSync { servers: vec!["a\ncmdport 1".to_owned()] };
        assert!(render(&a, &SUPPORTED[0]).is_err());
    }
}
