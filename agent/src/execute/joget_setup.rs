//! Joget's one-time setup, through the apps VIP: it makes the schema and writes the data source's files.
//!
//! Once a data source is in use Joget answers 403 to it for good: that is how a look knows that it was done.

use std::time::Duration;

use ha_domain::step::{CredentialKind, DataSource, JogetSetup};
use serde::Deserialize;

use super::service::Wait;
use super::site::Site;
use super::{ActError, Context, Probe, jdbc};
use crate::host::{HostError, HttpResponse};

const PAGE: &str = "/jw/setup";

/// Where the setup stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Done,
    Due,
}

pub(super) async fn probe(action: &JogetSetup, cx: &Context<'_>) -> Result<Probe, ActError> {
    Ok(match look(action, cx).await? {
        Ok(Standing::Done) => Probe::converged(),
        Ok(Standing::Due) => Probe::Differs("Joget was not set up yet".to_owned()),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &JogetSetup, cx: &Context<'_>) -> Result<(), ActError> {
    (cx.progress)("waiting for Joget behind the apps VIP".to_owned());
    let wait = Wait::new(300, Duration::from_millis(300), "Joget's setup page through the apps VIP");
    loop {
        let outcome = match look(action, cx).await? {
            Ok(Standing::Done) => return Ok(()),
            Ok(Standing::Due) => set_up(action, cx).await?,
            Err(what) => Err(what),
        };
        match outcome {
            Ok(()) => return Ok(()),
            Err(what) => wait.again(what).await?,
        }
    }
}

async fn look(action: &JogetSetup, cx: &Context<'_>) -> Result<Result<Standing, String>, ActError> {
    match site(action).get(cx, PAGE, "").await {
        Ok(answer) => Ok(standing(&answer)),
        Err(ActError::Host(HostError::Http { reason, .. })) => Ok(Err(format!("the site does not answer: {reason}"))),
        Err(error) => Err(error),
    }
}

fn standing(answer: &HttpResponse) -> Result<Standing, String> {
    match answer.status {
        403 => Ok(Standing::Done),
        200 => Ok(Standing::Due),
        other => Err(format!("the site answers {other} to {PAGE}")),
    }
}

fn site(action: &JogetSetup) -> Site<'_> {
    Site { vip: action.vip, host: &action.host }
}

/// `Err` inside: it did not come through to Joget.
async fn set_up(action: &JogetSetup, cx: &Context<'_>) -> Result<Result<(), String>, ActError> {
    (cx.progress)("setting Joget up: making its schema".to_owned());
    let password = cx.credential(CredentialKind::DatabasePassword)?;
    let url = jdbc::url(&action.data_source);
    let answer = site(action).post(cx, "/jw/setup/init", &fields(&action.data_source, &url, password), "").await?;
    taken(&answer)
}

fn taken(answer: &HttpResponse) -> Result<Result<(), String>, ActError> {
    match answer.status {
        // Another replica, or an earlier try whose answer was lost.
        403 => Ok(Ok(())),
        200 => outcome(answer).map(Ok),
        // The page came through one ingress controller; another one, asked now, has no way to Joget yet.
        404 | 502 | 503 => {
            Ok(Err(format!("an ingress controller answers {}: it does not know Joget yet", answer.status)))
        }
        other => Err(ActError::Refused(format!("Joget's setup answers {other}; its log says why"))),
    }
}

/// `sampleApps` and `sampleUsers` are left out: any value of theirs means yes.
fn fields<'a>(source: &'a DataSource, url: &'a str, password: &'a str) -> [(&'static str, &'a str); 7] {
    [
        ("jdbcDriver", jdbc::driver(source.kind)),
        ("jdbcUrl", url),
        ("jdbcFullUrl", url),
        ("jdbcUser", &source.user),
        ("jdbcPassword", password),
        ("dbType", jdbc::setup_kind(source.kind)),
        ("dbName", &source.name),
    ]
}

#[derive(Deserialize)]
struct Outcome {
    result: String,
    #[serde(default)]
    message: String,
}

fn outcome(answer: &HttpResponse) -> Result<(), ActError> {
    match serde_json::from_slice::<Outcome>(&answer.body) {
        Ok(outcome) if outcome.result == "true" => Ok(()),
        Ok(Outcome { message, .. }) => {
            let what = if message.is_empty() { "it gives no reason; its log does" } else { &message };
            Err(ActError::Refused(format!(
                "Joget could not be set up: {what}. Is its database reachable from the workers?"
            )))
        }
        Err(_) => Err(ActError::Refused("Joget's setup did not answer in JSON; is this Joget?".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_refused_setup_page_means_that_it_was_done() {
        assert_eq!(standing(&answer(403, "")), Ok(Standing::Done));
        assert_eq!(standing(&answer(200, "")), Ok(Standing::Due));
        assert!(standing(&answer(404, "")).is_err(), "no pod behind the ingress yet");
    }

    #[test]
    fn a_setup_that_did_not_come_through_is_tried_again_and_one_that_failed_is_not() {
        assert!(taken(&answer(404, "")).unwrap().is_err());
        assert!(taken(&answer(503, "")).unwrap().is_err());
        assert_eq!(taken(&answer(403, "")).unwrap(), Ok(()));
        assert!(taken(&answer(500, "")).is_err());
    }

    #[test]
    fn jogets_own_reason_is_passed_on() {
        let said = outcome(&answer(200, r#"{"action":"init","result":"false","message":"access denied"}"#));
        assert!(said.unwrap_err().to_string().contains("access denied"));
        assert!(outcome(&answer(200, r#"{"action":"init","result":"true"}"#)).is_ok());
    }
}
