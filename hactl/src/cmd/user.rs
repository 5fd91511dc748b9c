//! `hactl user`: operators and what they may do.

use clap::Subcommand;
use ha_domain::id::Time;
use ha_domain::view::UserView;
use ha_proto::v1::{AddUserRequest, RevokeRequest, UsersRequest};

use super::token::string;
use crate::cli::Cli;
use crate::client::{Client, key};
use crate::exit::Done;
use crate::render::list::{Column, list};
use crate::render::text::utc;
use crate::voice::Voice;

/// What `user` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: UserVerb,
}

#[derive(Debug, Subcommand)]
enum UserVerb {
    /// Adds an operator, or gives one another role; prints a login string.
    #[command(after_help = "reader looks; operator also changes the site; admin also users, tokens and secrets.

Examples:
  hactl user add bob --role reader
  hactl user add carol --role admin")]
    Add {
        /// Their name: a-z, 0-9 and '-'.
        name: String,
        /// What they may do.
        #[arg(long, value_parser = ["admin", "operator", "reader"])]
        role: String,
    },
    /// Shows all operators.
    #[command(after_help = "Example:\n  hactl user list")]
    List,
    /// Takes everything from an operator, at once.
    #[command(after_help = "Example:\n  hactl user revoke bob")]
    Revoke {
        /// Their name.
        name: String,
    },
}

const COLUMNS: &[Column<UserView>] = &[
    Column::of("USER", |u| u.name.to_string()),
    Column::of("ROLE", |u| u.role.word().to_owned()),
    Column::of("SINCE", |u| utc(u.at)),
];

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    match &args.verb {
        UserVerb::Add { name, role } => {
            let request = AddUserRequest { name: name.clone(), role: role.clone(), key: key() };
            let reply = client.call(async |mut c| c.add_user(request.clone()).await).await?;
            let until = utc(Time(reply.expires_ms));
            let lead = format!("{name} is {role}. On their own machine, until {until} UTC and once:\n  hactl login");
            Voice::Out.say(&string(cli.output, &reply, &lead)?);
        }
        UserVerb::List => {
            let users: Vec<UserView> = client.document(async |mut c| c.users(UsersRequest {}).await).await?;
            Voice::Out.say(&list(cli.output, COLUMNS, &users)?);
        }
        UserVerb::Revoke { name } => {
            let request = RevokeRequest { id: name.clone(), key: key() };
            client.call(async |mut c| c.revoke_user(request.clone()).await).await?;
            Voice::beside(cli.output).say(&format!("{name} is no operator any more\n"));
        }
    }
    Ok(())
}
