//! `hactl node`: the machines, one of them, and the end of one.

use std::time::Duration;

use clap::Subcommand;
use ha_domain::spec::Role;
use ha_domain::view::NodeView;
use ha_proto::v1::{MaintenanceRequest, NodesRequest, RemoveNodeRequest};

use crate::ask;
use crate::cli::Cli;
use crate::client::{Client, key};
use crate::exit::{Done, Failure};
use crate::live::{self, Before, Goal, Until};
use crate::render::list::list;
use crate::render::{data, node};
use crate::span;
use crate::voice::Voice;

/// What `node` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: NodeVerb,
}

#[derive(Debug, Subcommand)]
enum NodeVerb {
    /// Shows all machines.
    #[command(after_help = "Examples:\n  hactl node list\n  hactl node list -o wide")]
    List,
    /// Shows all that is known of one machine.
    #[command(after_help = "Example:\n  hactl node show m1")]
    Show {
        /// Its name in the spec, or its host name.
        name: String,
    },
    /// Takes a machine out of the site.
    #[command(after_help = "Examples:\n  hactl node remove w2\n  hactl node remove w2 --yes --no-wait")]
    Remove(Removal),
    /// Says that somebody works on a machine: nothing is done about it meanwhile, whatever it looks like.
    #[command(after_help = "Examples:\n  hactl node maintenance w1 --for 1h\n  hactl node maintenance w1 --end")]
    Maintenance(Maintenance),
}

/// What `node maintenance` takes.
#[derive(Debug, clap::Args)]
struct Maintenance {
    /// Its name in the spec.
    name: String,
    /// For how long: 30m, 1h, 2d.
    #[arg(long = "for", value_parser = span::parse, value_name = "TIME", required_unless_present = "end")]
    length: Option<Duration>,
    /// It has ended.
    #[arg(long, conflicts_with = "length")]
    end: bool,
}

/// What `node remove` takes.
#[derive(Debug, clap::Args)]
struct Removal {
    /// Its name in the spec.
    name: String,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    /// Does not wait until it is out.
    #[arg(long)]
    no_wait: bool,
    /// How long to wait: 90s, 10m, 1h.
    #[arg(long, value_parser = span::parse, default_value = "30m", value_name = "TIME")]
    timeout: Duration,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let nodes: Vec<NodeView> = client.document(async |mut c| c.nodes(NodesRequest {}).await).await?;
    match &args.verb {
        NodeVerb::List => Voice::Out.say(&list(cli.output, node::COLUMNS, &nodes)?),
        NodeVerb::Show { name } => {
            let found = find(&nodes, name)?;
            let document = data::text(cli.output, found)?;
            Voice::Out.say(&document.unwrap_or_else(|| node::show(found)));
        }
        NodeVerb::Maintenance(wanted) => maintain(cli, &client, find(&nodes, &wanted.name)?, wanted).await?,
        NodeVerb::Remove(removal) => remove(cli, &client, find(&nodes, &removal.name)?, removal).await?,
    }
    Ok(())
}

fn find<'n>(nodes: &'n [NodeView], name: &str) -> Result<&'n NodeView, Failure> {
    let is = |n: &&NodeView| n.machine.name == name || n.id.as_ref().is_some_and(|id| id.as_str() == name);
    let missing = || Failure::Refused(format!("there is no machine {name}: see `hactl node list`"));
    nodes.iter().find(is).ok_or_else(missing)
}

async fn maintain(cli: &Cli, client: &Client, node: &NodeView, wanted: &Maintenance) -> Done {
    let name = node.machine.name.clone();
    let for_ms = wanted.length.map_or(0, |length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    let request = MaintenanceRequest { name: name.clone(), for_ms, key: key() };
    client.call(async |mut c| c.maintain(request.clone()).await).await?;
    let said = match wanted.length {
        Some(length) => format!("nothing is done about {name} for {} s\n", length.as_secs()),
        None => format!("{name} is looked after again\n"),
    };
    Voice::beside(cli.output).say(&said);
    Ok(())
}

async fn remove(cli: &Cli, client: &Client, node: &NodeView, removal: &Removal) -> Done {
    let (name, voice) = (&node.machine.name, Voice::beside(cli.output));
    voice.say(&consequences(name, node.machine.role));
    if !removal.yes {
        ask::confirm(&format!("Remove {name}?"))?;
    }
    let before = Before::now(client).await?;
    let request = RemoveNodeRequest { name: name.clone(), key: key() };
    let told: Removed = client.document(async |mut c| c.remove_node(request.clone()).await).await?;
    if let Some(name) = told.forgotten {
        voice.say(&format!("{name} is forgotten: should it return, it is refused until it joins anew\n"));
        return Ok(());
    }
    for warning in told.warnings {
        voice.say(&format!("note: {warning}\n"));
    }
    if removal.no_wait {
        voice.say(&format!("{name} is being removed: `hactl watch` shows it\n"));
    } else {
        let goal = Goal { generation: 0, limit: removal.timeout, until: Until::AsWanted };
        live::show(cli, client, goal, before).await?;
    }
    voice.say(&format!("take {name} out of your cluster.yaml too: the next apply would bring it back\n"));
    Ok(())
}

/// What the coordinator says of a removal.
#[derive(serde::Deserialize)]
struct Removed {
    /// A machine that was on its way out and silent: nothing more is waited for.
    forgotten: Option<String>,
    /// What the site loses.
    #[serde(default)]
    warnings: Vec<String>,
}

/// What will happen, before it does.
fn consequences(name: &str, role: Option<Role>) -> String {
    let what = match role {
        Some(Role::ControlPlane) => {
            "is drained, its etcd member is removed first, then the node; it must not cost the others their quorum"
        }
        Some(Role::Worker) => {
            "is drained (its pods start elsewhere), then the node is deleted; the load balancers follow"
        }
        Some(Role::LoadBalancer) => "gives up its VIPs to the other load balancer",
        Some(Role::Database) => "is not used any more; its data stays on its disk",
        Some(Role::Storage) => "is not used any more; its files stay on its disk",
        Some(Role::Spare) => "leaves the site",
        None => "is no machine of the spec",
    };
    format!("{name}: {what}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::golden::Site;

    #[test]
    fn a_machine_is_found_by_its_name_and_by_its_id() {
        let nodes = Site::built().nodes();
        assert_eq!(find(&nodes, "m1").unwrap().machine.name, "m1");
        assert_eq!(find(&nodes, "n7").unwrap().machine.name, "lb1");
        assert!(matches!(find(&nodes, "x").unwrap_err(), Failure::Refused(_)));
    }
}
