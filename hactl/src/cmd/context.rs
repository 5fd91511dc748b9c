//! `hactl context`: the logins that are kept here, and which one verbs use.

use clap::Subcommand;
use serde::Serialize;

use crate::cli::Cli;
use crate::context::{Context, all, current};
use crate::exit::Done;
use crate::render::list::{Column, list};
use crate::render::text::utc;
use crate::voice::Voice;

/// What `context` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: ContextVerb,
}

#[derive(Debug, Subcommand)]
enum ContextVerb {
    /// Shows all logins; a star marks the current one.
    #[command(after_help = "Example:\n  hactl context list")]
    List,
    /// Makes a login the current one.
    #[command(after_help = "Example:\n  hactl context use lab")]
    Use {
        /// Its name.
        name: String,
    },
}

/// A login, for lists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    name: String,
    current: bool,
    user: String,
    expires: String,
    coordinators: Vec<String>,
}

const COLUMNS: &[Column<Login>] = &[
    Column::of("CONTEXT", |l| l.name.clone()),
    Column::of("CURRENT", |l| if l.current { "*" } else { "" }.to_owned()),
    Column::of("USER", |l| l.user.clone()),
    Column::of("EXPIRES", |l| l.expires.clone()),
    Column::of("COORDINATORS", |l| l.coordinators.join(" ")),
];

pub(crate) fn run(cli: &Cli, args: &Args) -> Done {
    match &args.verb {
        ContextVerb::List => {
            let current = current();
            let logins: Vec<_> = all().iter().map(|c| login(c, current.as_deref())).collect();
            Voice::Out.say(&list(cli.output, COLUMNS, &logins)?);
        }
        ContextVerb::Use { name } => {
            Context::find(Some(name))?.make_current()?;
            Voice::Out.say(&format!("{name} is the current context\n"));
        }
    }
    Ok(())
}

fn login(context: &Context, current: Option<&str>) -> Login {
    let credentials = context.credentials().ok();
    let subject = credentials.as_ref().and_then(|c| c.identity().ok()).map(|i| i.to_string());
    let endpoints = context.endpoints().unwrap_or_default();
    Login {
        name: context.name.clone(),
        current: current == Some(context.name.as_str()),
        user: subject.and_then(|s| s.rsplit('/').next().map(str::to_owned)).unwrap_or_else(|| "-".to_owned()),
        expires: credentials.and_then(|c| c.not_after().ok()).map_or_else(|| "-".to_owned(), utc),
        coordinators: endpoints.iter().map(ToString::to_string).collect(),
    }
}
