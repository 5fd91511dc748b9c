//! The proof that the site works, as a user sees it: the page through the apps VIP, a SELECT, and where the spec names a
//! form, a login and a row that the form wrote.
//!
//! Runs on the database machine. The whole proof is done once for its parameters; a look repeats what needs no password.

use std::time::{Duration, Instant};

use ha_domain::id::Digest;
use ha_domain::spec::FormProbe;
use ha_domain::step::{Acceptance, Action, Component, CredentialKind};

use super::service::Wait;
use super::site::{Site, cookies};
use super::{ActError, Context, Probe, distro, rendered, select};
use crate::host::{HostError, HttpResponse};

const LOGIN: &str = "/jw/j_spring_security_check";

pub(super) async fn probe(action: &Acceptance, cx: &Context<'_>) -> Result<Probe, ActError> {
    if !rendered::is_applied(cx, Component::Acceptance, &digest(action)).await? {
        return Ok(Probe::Differs("it was not proven yet".to_owned()));
    }
    Ok(match look(action, cx).await? {
        Ok(latency) => Probe::Converged(distro::facts([("latency-ms", rounded(latency))])),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &Acceptance, cx: &Context<'_>) -> Result<(), ActError> {
    (cx.progress)(format!("asking {} for {}", action.host, action.page));
    let wait = Wait::new(240, Duration::from_millis(300), "the site through the apps VIP");
    while let Err(last) = look(action, cx).await? {
        wait.again(last).await?;
    }
    if let Some(form) = &action.form {
        (cx.progress)(format!("submitting a form to {}", form.path));
        submit(action, form, cx).await?;
    }
    rendered::mark_applied(cx, Component::Acceptance, &digest(action)).await
}

fn digest(action: &Acceptance) -> Digest {
    Action::Acceptance(action.clone()).digest()
}

/// In steps, so that a report does not change with every look.
fn rounded(latency: Duration) -> String {
    let ms = latency.as_millis();
    let step = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000].into_iter().find(|step| ms <= *step);
    step.map_or_else(|| ">10000".to_owned(), |step| format!("<={step}"))
}

/// How long the page took, or what is wrong.
async fn look(action: &Acceptance, cx: &Context<'_>) -> Result<Result<Duration, String>, ActError> {
    let begun = Instant::now();
    if let Err(what) = page(action, cx, 80).await? {
        return Ok(Err(what));
    }
    let latency = begun.elapsed();
    if action.tls
        && let Err(what) = page(action, cx, 443).await?
    {
        return Ok(Err(what));
    }
    if action.select
        && let Err(what) = select(action, cx).await?
    {
        return Ok(Err(what));
    }
    Ok(Ok(latency))
}

async fn page(action: &Acceptance, cx: &Context<'_>, port: u16) -> Result<Result<(), String>, ActError> {
    let site = site(action);
    let answer = match port {
        443 => site.get_over_tls(cx, &action.page).await,
        _ => site.get(cx, &action.page, "").await,
    };
    match answer {
        Ok(answer) if answer.status == 200 => Ok(Ok(())),
        Ok(answer) => Ok(Err(format!("{} answers {} on port {port}", action.page, answer.status))),
        Err(ActError::Host(HostError::Http { reason, .. })) => {
            Ok(Err(format!("port {port} does not answer: {reason}")))
        }
        Err(error) => Err(error),
    }
}

fn site(action: &Acceptance) -> Site<'_> {
    Site { vip: action.vip, host: &action.host }
}

/// A table that Joget's setup fills.
async fn select(action: &Acceptance, cx: &Context<'_>) -> Result<Result<(), String>, ActError> {
    let database = &action.database;
    let rows = select::rows(cx, database.kind, &database.name, "SELECT COUNT(*) FROM dir_role").await;
    Ok(match rows {
        Ok(rows) if rows.trim() != "0" => Ok(()),
        Ok(_) => Err("Joget's schema has no roles".to_owned()),
        Err(ActError::Program { said, .. }) => Err(format!("Joget's schema cannot be read: {said}")),
        Err(error) => return Err(error),
    })
}

/// Logs in, submits a value of its own, and finds it in the table.
async fn submit(action: &Acceptance, form: &FormProbe, cx: &Context<'_>) -> Result<(), ActError> {
    let site = site(action);
    let password = cx.credential(CredentialKind::JogetAdminPassword)?;
    let fields = [("j_username", "admin"), ("j_password", password)];
    let entered = site.post(cx, LOGIN, &fields, "").await?;
    let cookie = logged_in(&entered)?;
    let value = format!("acceptance-{}", cx.host.now().0);
    let saved = site.post(cx, &form.path, &[(form.field.as_str(), value.as_str())], &cookie).await?;
    if saved.status >= 400 {
        let what = format!("the form {} answers {}; is joget.probe.form right?", form.path, saved.status);
        return Err(ActError::Refused(what));
    }
    let wait = Wait::new(20, Duration::from_millis(200), "the form's row");
    while let Err(last) = find(action, form, &value, cx).await? {
        wait.again(last).await?;
    }
    Ok(())
}

/// The session's cookies. A wrong password is answered with a way back to the login.
fn logged_in(answer: &HttpResponse) -> Result<String, ActError> {
    let location = answer.headers.iter().find(|(name, _)| name == "location").map_or("", |(_, to)| to.as_str());
    let cookie = cookies(answer);
    let refused = location.contains("login_error") || location.contains("error=") || answer.status >= 400;
    if refused || cookie.is_empty() {
        let what =
            "Joget refuses the administrator's login; was its password changed in Joget? `hactl secret set` tells us";
        return Err(ActError::Refused(what.to_owned()));
    }
    Ok(cookie)
}

async fn find(
    action: &Acceptance,
    form: &FormProbe,
    value: &str,
    cx: &Context<'_>,
) -> Result<Result<(), String>, ActError> {
    for name in [&form.table, &form.column] {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let what =
                format!("joget.probe.form: {name:?} is no name of a table or column; letters, digits and _ only");
            return Err(ActError::Refused(what));
        }
    }
    let query = format!("SELECT COUNT(*) FROM {} WHERE {} = '{value}'", form.table, form.column);
    let count = select::rows(cx, action.database.kind, &action.database.name, &query).await?;
    Ok(if count.trim() == "1" { Ok(()) } else { Err(format!("{} rows in {}", count.trim(), form.table)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(status: u16, headers: &[(&str, &str)]) -> HttpResponse {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        HttpResponse { status, headers, body: Vec::new() }
    }

    #[test]
    fn a_session_is_a_cookie_and_no_way_back_to_the_login() {
        let good = entered(302, &[("location", "/jw/web/userview"), ("set-cookie", "JSESSIONID=x; Path=/jw")]);
        assert_eq!(logged_in(&good).unwrap(), "JSESSIONID=x");
        let bad = entered(302, &[("location", "/jw/web/login?login_error=1"), ("set-cookie", "JSESSIONID=x")]);
        assert!(logged_in(&bad).is_err());
    }

    #[test]
    fn a_latency_is_reported_in_steps() {
        assert_eq!(rounded(Duration::from_millis(84)), "<=100");
        assert_eq!(rounded(Duration::from_secs(60)), ">10000");
    }
}
