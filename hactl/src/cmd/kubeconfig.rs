//! `hactl kubeconfig`: the cluster's administrator configuration, for whoever may have it.

use ha_proto::v1::KubeconfigRequest;

use crate::cli::Cli;
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::clean::clean;
use crate::voice::Voice;

/// What `kubeconfig` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "It holds a key that may do everything in the cluster: keep it as you keep that.

Example:
  (umask 077; hactl kubeconfig > acme.conf) && kubectl --kubeconfig acme.conf get nodes")]
pub(crate) struct Args {}

pub(crate) async fn run(cli: &Cli, _: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let reply = client.call(async |mut c| c.kubeconfig(KubeconfigRequest {}).await).await?;
    let text =
        String::from_utf8(reply.kubeconfig).map_err(|_| Failure::Failed("the kubeconfig is no text".to_owned()))?;
    Voice::Out.say(&clean(&text));
    Ok(())
}
