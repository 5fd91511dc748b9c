//! `ha-coordinator join`: a further replica, admitted by a token, under an id of its own.

use anyhow::{Context as _, bail};
use ha_proto::v1::EnrolRequest;
use ha_proto::v1::enrolment_client::EnrolmentClient;
use ha_transport::{ChannelOptions, Credentials, JoinString, LocalKey, SealKey, Secret, pinned_channel};

use super::{CERTIFICATE, SEAL_KEY, host_file, write_private};
use crate::config::Config;

/// Gets a certificate and the seal key; `run` then waits until the leader takes it into the group.
pub async fn join(config: &Config, invitation: &JoinString, host: &str) -> anyhow::Result<()> {
    if config.keys.join(format!("{CERTIFICATE}.pem")).exists() {
        bail!("this machine has a coordinator already (in {}): `ha-coordinator status`", config.keys.display());
    }
    // What an interrupted join left was never a member under the new id.
    if config.state.exists() {
        std::fs::remove_dir_all(&config.state).context("clear what an interrupted join left")?;
    }
    std::fs::create_dir_all(&config.keys)?;
    std::fs::create_dir_all(&config.state)?;
    let key = LocalKey::generate()?;
    let mut last = None;
    for endpoint in &invitation.endpoints {
        match ask(invitation, endpoint, &key, host).await {
            Ok(reply) => return keep(config, key, reply, host),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("the join string names no coordinator")))
}

async fn ask(
    invitation: &JoinString,
    endpoint: &ha_transport::Endpoint,
    key: &LocalKey,
    host: &str,
) -> anyhow::Result<ha_proto::v1::EnrolReply> {
    let pinned = pinned_channel(endpoint, &invitation.pin, &ChannelOptions::default()).await?;
    let request = EnrolRequest {
        token_id: invitation.token.to_string(),
        secret: invitation.secret.expose().to_vec(),
        csr: key.csr_der()?,
        address: host.to_owned(),
        ..EnrolRequest::default()
    };
    let reply = EnrolmentClient::new(pinned.channel).enrol(request).await;
    reply.map(tonic::Response::into_inner).map_err(|status| anyhow::anyhow!("{}", status.message()))
}

fn keep(config: &Config, key: LocalKey, reply: ha_proto::v1::EnrolReply, host: &str) -> anyhow::Result<()> {
    let bytes: [u8; 32] = reply.seal_key.as_slice().try_into().context("the coordinator sent no seal key")?;
    SealKey::from_bytes(Secret::new(bytes)).store(&config.keys.join(SEAL_KEY))?;
    write_private(&host_file(&config.keys), host.as_bytes())?;
    let credentials =
        Credentials { certificate_pem: reply.certificate_pem, key_pem: key.pem().clone(), ca_pem: reply.ca_pem };
    credentials.store(&config.keys, CERTIFICATE)?;
    Ok(())
}
