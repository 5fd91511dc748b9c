//! `hactl events`: what happened, and what goes on happening.

use ha_domain::state::Event;
use ha_proto::v1::EventsRequest;

use crate::cli::{Cli, Output};
use crate::client::{Client, understand};
use crate::exit::{Done, Failure};
use crate::render::clean::line;
use crate::render::data;
use crate::render::text::utc;
use crate::voice::Voice;

/// What `events` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Times are UTC. `-o json` prints one document a line.

Examples:
  hactl events --lines 20
  hactl events --follow")]
pub(crate) struct Args {
    /// Goes on with what happens from now on, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// Only what came after this event.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    after: u64,
    /// Only the last few.
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let mut after = args.after;
    if let Some(lines) = args.lines {
        let mut all = Vec::new();
        let request = EventsRequest { follow: false, after };
        read(&client, request, |event| {
            all.push(event);
            Ok(())
        })
        .await?;
        let skip = all.len().saturating_sub(lines);
        all.iter().skip(skip).try_for_each(|event| tell(cli.output, event))?;
        after = all.last().map_or(after, |e| e.seq);
        if !args.follow {
            return Ok(());
        }
    }
    follow(cli, &client, EventsRequest { follow: args.follow, after }).await
}

/// Tells events as they come; when a coordinator goes, goes on with another where it was.
async fn follow(cli: &Cli, client: &Client, mut request: EventsRequest) -> Done {
    loop {
        let mut last = request.after;
        let ended = read(client, request, |event| {
            last = event.seq;
            tell(cli.output, &event)
        })
        .await;
        match ended {
            Err(Failure::NotPermitted(why)) => return Err(Failure::NotPermitted(why)),
            ended if !request.follow => return ended,
            Err(_) if last > request.after => {}
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        client.turn_away();
        request.after = last;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

async fn read(
    client: &Client,
    request: EventsRequest,
    mut each: impl FnMut(Event) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut events = client.call(async |mut c| c.events(request).await).await?;
    while let Some(document) = events.message().await? {
        each(understand(&document.json)?)?;
    }
    Ok(())
}

fn tell(output: Output, event: &Event) -> Result<(), Failure> {
    Voice::Out.say(&match output {
        Output::Json => serde_json::to_string(event).map_err(|e| Failure::doing("write JSON", e))? + "\n",
        Output::Yaml => format!("---\n{}", data::yaml(event)?),
        Output::Name => format!("{}\n", event.seq),
        Output::Wide => format!("{:>6}  {}", event.seq, row(event)),
        Output::Table => row(event),
    });
    Ok(())
}

fn row(event: &Event) -> String {
    format!("{}  {:<8} {:<12} {}\n", utc(event.at), event.kind.word(), event.by, line(&event.text))
}
