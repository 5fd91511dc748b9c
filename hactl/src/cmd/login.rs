//! `hactl login`: makes a key here, has it certified with a login string, keeps it as a context.

use ha_proto::v1::enrolment_client::EnrolmentClient;
use ha_proto::v1::{EnrolReply, EnrolRequest};
use ha_transport::{ChannelOptions, Credentials, Endpoint, LocalKey, LoginString, pinned_channel};

use crate::cli::Cli;
use crate::context::Context;
use crate::exit::{Done, Failure};

/// What `login` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What `ha-coordinator init` or `hactl user add` printed.
    login_string: String,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let invitation = LoginString::parse(args.login_string.trim()).map_err(|e| Failure::Refused(e.to_string()))?;
    let key = LocalKey::generate().map_err(|e| Failure::Failed(e.to_string()))?;
    let mut last = Failure::Refused("the login string names no coordinator".to_owned());
    for endpoint in &invitation.endpoints {
        match ask(&invitation, endpoint, &key).await {
            Ok(reply) => return keep(cli, &key, reply),
            Err(failure) => last = failure,
        }
    }
    Err(last)
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
    println!("logged in as {} (context {}, kept in {})", reply.id, context.name, context.folder().display());
    Ok(())
}
