//! `hactl login`: makes a key here, has it certified with a login string, keeps it as a context.

use std::io::Read as _;

use ha_proto::v1::enrolment_client::EnrolmentClient;
use ha_proto::v1::{EnrolReply, EnrolRequest};
use ha_transport::{ChannelOptions, Credentials, Endpoint, LocalKey, LoginString, pinned_channel};

use crate::cli::Cli;
use crate::context::Context;
use crate::exit::{Done, Failure};
use crate::voice::Voice;

/// What `login` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The login is kept as a context named like the mesh, or as --context says, and becomes the current one.

Examples:
  hactl login hal1.xxxx
  hactl login - < login.txt
  hactl login hal1.xxxx --context lab"
)]
pub(crate) struct Args {
    /// What `ha-coordinator init` or `hactl user add` printed; `-` reads it from standard input.
    login_string: String,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let invitation = LoginString::parse(text(args)?.trim()).map_err(|e| Failure::Refused(e.to_string()))?;
    let key = LocalKey::generate().map_err(|e| Failure::Failed(e.to_string()))?;
    let mut last = Failure::Refused("the login string names no coordinator".to_owned());
    for endpoint in &invitation.endpoints {
        match ask(&invitation, endpoint, &key).await {
            Ok(reply) => return keep(cli, &key, reply),
            Err(failure @ Failure::Unreachable(_)) => last = failure,
            // A coordinator has answered: the others would say the same.
            Err(failure) => return Err(failure),
        }
    }
    Err(last)
}

/// The login string, which standard input gives where it must not show in the list of processes.
fn text(args: &Args) -> Result<String, Failure> {
    if args.login_string != "-" {
        return Ok(args.login_string.clone());
    }
    let mut text = String::new();
    let read = std::io::stdin().take(1 << 14).read_to_string(&mut text);
    read.map_err(|e| Failure::doing("read the login string from standard input", e))?;
    Ok(text)
}

async fn ask(invitation: &LoginString, endpoint: &Endpoint, key: &LocalKey) -> Result<EnrolReply, Failure> {
    let pinned = pinned_channel(endpoint, &invitation.pin, &ChannelOptions::default()).await;
    let pinned = pinned.map_err(|e| Failure::Unreachable(e.to_string()))?;
    let request = EnrolRequest {
        token_id: invitation.token.to_string(),
        secret: invitation.secret.expose().to_vec(),
        csr: key.csr_der().map_err(|e| Failure::Failed(e.to_string()))?,
        ..EnrolRequest::default()
    };
    Ok(EnrolmentClient::new(pinned.channel).enrol(request).await?.into_inner())
}

fn keep(cli: &Cli, key: &LocalKey, reply: EnrolReply) -> Done {
    let name = cli.context.clone().unwrap_or_else(|| reply.cluster.clone());
    let credentials =
        Credentials { certificate_pem: reply.certificate_pem, key_pem: key.pem().clone(), ca_pem: reply.ca_pem };
    let context = Context::keep(&name, &credentials, &reply.endpoints)?;
    let place = context.folder().display();
    Voice::Out.say(&format!("logged in as {} (context {}, kept in {place})\n", reply.id, context.name));
    Ok(())
}
