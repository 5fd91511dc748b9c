//! `ha-agent join`: the key is made here; the coordinator's authority is checked before the secret is sent.

use std::time::Duration;

use anyhow::{Context as _, bail};
use ha_domain::id::MachineName;
use ha_proto::v1::enrolment_client::EnrolmentClient;
use ha_proto::v1::{EnrolReply, EnrolRequest};
use ha_transport::{Cause, ChannelOptions, Credentials, Endpoint, JoinString, LocalKey, pinned_channel};

use crate::config::{CERTIFICATE, Config, NAME};
use crate::endpoints::Endpoints;
use crate::host::Host;

/// Enrols this machine. Where it is enrolled already, says so.
pub async fn join(
    config: &Config,
    host: &dyn Host,
    invitation: &JoinString,
    name: Option<&MachineName>,
) -> anyhow::Result<String> {
    if config.keys.join(format!("{CERTIFICATE}.pem")).exists() {
        bail!("this machine is enrolled already: `ha-agent status`, or `ha-agent leave` first");
    }
    std::fs::create_dir_all(&config.keys).with_context(|| format!("make {}", config.keys.display()))?;
    std::fs::create_dir_all(&config.state).with_context(|| format!("make {}", config.state.display()))?;
    let facts = serde_json::to_vec(&host.facts().await?)?;
    let key = LocalKey::generate()?;
    let mut last = anyhow::anyhow!("the join string names no coordinator");
    for round in 0..ROUNDS {
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let mut hope = false;
        for endpoint in &invitation.endpoints {
            match ask(invitation, endpoint, (&key, &facts), name).await {
                Ok(reply) => return keep(config, &key, reply, name),
                Err(Refusal::Final(error)) => return Err(error.context(format!("join through {endpoint}"))),
                Err(Refusal::Passing(error)) => {
                    hope = true;
                    last = error.context(format!("join through {endpoint}"));
                }
                Err(Refusal::Elsewhere(error)) => last = error.context(format!("join through {endpoint}")),
            }
        }
        if !hope {
            break;
        }
    }
    Err(last)
}

/// A coordinator that was just started elects its leader first: asked again this often.
const ROUNDS: u32 = 15;
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a coordinator did not enrol us.
enum Refusal {
    /// It may do so in a moment.
    Passing(anyhow::Error),
    /// It will not.
    Final(anyhow::Error),
    /// What answers there belongs to another mesh: asking again is of no use, asking others may be.
    Elsewhere(anyhow::Error),
}

async fn ask(
    invitation: &JoinString,
    endpoint: &Endpoint,
    (key, facts): (&LocalKey, &[u8]),
    name: Option<&MachineName>,
) -> Result<EnrolReply, Refusal> {
    let pinned = pinned_channel(endpoint, &invitation.pin, &ChannelOptions::default()).await;
    let pinned = pinned.map_err(|e| match e {
        ha_transport::Error::Connect(failure) if failure.cause == Cause::PinMismatch => {
            Refusal::Elsewhere(failure.into())
        }
        other => Refusal::Passing(other.into()),
    })?;
    let request = EnrolRequest {
        token_id: invitation.token.to_string(),
        secret: invitation.secret.expose().to_vec(),
        csr: key.csr_der().map_err(|e| Refusal::Final(e.into()))?,
        facts: facts.to_vec(),
        name: name.map_or_else(String::new, ToString::to_string),
        address: String::new(),
    };
    let reply = EnrolmentClient::new(pinned.channel).enrol(request).await;
    reply.map(tonic::Response::into_inner).map_err(|status| {
        let error = anyhow::anyhow!("{}", status.message());
        if may_pass(status.code()) { Refusal::Passing(error) } else { Refusal::Final(error) }
    })
}

/// Whether asking again may help. A coordinator that was too busy to answer in time may have enrolled us all the same: whoever
/// enrols again takes the place of its older self, at the price of one more use of the string.
fn may_pass(code: tonic::Code) -> bool {
    use tonic::Code;
    matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
}

fn keep(config: &Config, key: &LocalKey, reply: EnrolReply, name: Option<&MachineName>) -> anyhow::Result<String> {
    Endpoints::of(&reply.endpoints).store(&config.state)?;
    if let Some(name) = name {
        std::fs::write(config.keys.join(NAME), name.as_str())?;
    }
    let credentials =
        Credentials { certificate_pem: reply.certificate_pem, key_pem: key.pem().clone(), ca_pem: reply.ca_pem };
    // Last: the unit starts when the certificate is there.
    credentials.store(&config.keys, CERTIFICATE)?;
    Ok(reply.id)
}
