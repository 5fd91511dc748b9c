//! `hactl heal`: who is ill, what comes next and why, and a person's word about it.

use clap::Subcommand;
use ha_domain::view::HealingView;
use ha_proto::v1::{HealRequest, HealVerb, HealingRequest};

use crate::cli::Cli;
use crate::client::{Client, key};
use crate::exit::{Done, Failure};
use crate::render::list::list;
use crate::render::{data, heal};
use crate::voice::Voice;

/// What `heal` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Steer,
}

#[derive(Debug, Subcommand)]
enum Steer {
    /// Shows who is ill, what comes next for each and what it waits for.
    #[command(after_help = "Example:\n  hactl heal status")]
    Status,
    /// Shows what was decided, newest first.
    #[command(after_help = "Examples:\n  hactl heal history\n  hactl heal history -o json")]
    History,
    /// Shows one decision: its evidence, its gates with their figures, what else could have been done.
    #[command(after_help = "Example:\n  hactl heal explain 3")]
    Explain {
        /// The decision's number.
        number: u64,
    },
    /// Nothing is decided or done until `hactl heal resume`.
    #[command(after_help = "Example:\n  hactl heal pause")]
    Pause,
    /// Healing goes on.
    #[command(after_help = "Example:\n  hactl heal resume")]
    Resume,
    /// Says no to a decision that is announced or suggested.
    #[command(after_help = "Example:\n  hactl heal veto 3")]
    Veto {
        /// The decision's number.
        number: u64,
    },
    /// Says yes to a decision that is suggested, or announced for later.
    #[command(after_help = "Example:\n  hactl heal approve 3")]
    Approve {
        /// The decision's number.
        number: u64,
    },
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    match args.verb {
        Steer::Status => {
            let view = look(&client).await?;
            let text = data::text(cli.output, &view)?.unwrap_or_else(|| heal::screen(&view));
            Voice::Out.say(&text);
            Ok(())
        }
        Steer::History => {
            let view = look(&client).await?;
            Voice::Out.say(&list(cli.output, heal::COLUMNS, &view.decisions)?);
            Ok(())
        }
        Steer::Explain { number } => explain(cli, &look(&client).await?, number),
        Steer::Pause => steer(cli, &client, (HealVerb::Pause, 0), "healing is paused: `hactl heal resume`").await,
        Steer::Resume => steer(cli, &client, (HealVerb::Resume, 0), "healing goes on").await,
        Steer::Veto { number } => {
            steer(cli, &client, (HealVerb::Veto, number), "vetoed: nothing like it is decided for a while").await
        }
        Steer::Approve { number } => {
            steer(cli, &client, (HealVerb::Approve, number), "approved: `hactl watch` shows it").await
        }
    }
}

async fn look(client: &Client) -> Result<HealingView, Failure> {
    client.document(async |mut c| c.healing(HealingRequest {}).await).await
}

fn explain(cli: &Cli, view: &HealingView, number: u64) -> Done {
    let missing = || Failure::Refused(format!("there is no decision {number}: see `hactl heal history`"));
    let decision = view.decisions.iter().find(|d| d.number == number).ok_or_else(missing)?;
    let text = data::text(cli.output, decision)?.unwrap_or_else(|| heal::explain(decision));
    Voice::Out.say(&text);
    Ok(())
}

async fn steer(cli: &Cli, client: &Client, (verb, number): (HealVerb, u64), said: &str) -> Done {
    let request = HealRequest { verb: verb.into(), number, key: key() };
    client.call(async |mut c| c.heal(request.clone()).await).await?;
    Voice::beside(cli.output).say(&format!("{said}\n"));
    Ok(())
}
