//! Whether this machine reaches another: asked for by the leader when the other falls silent.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ha_proto::v1::{ProbeRequest, ProbeResult};

use crate::host::{Host, Reachability};

/// How long a machine that is there may take to answer.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// More ports than any machine is asked on.
const PORTS: usize = 4;

/// Tries the ports at once: an answer or a refusal says that a machine is there, silence on all of them that none is.
pub async fn look(host: &dyn Host, request: &ProbeRequest) -> ProbeResult {
    let result = |reachable, detail| ProbeResult { request: request.request, reachable, detail };
    let Ok(address) = request.address.parse::<IpAddr>() else {
        return result(true, format!("{} is no address", request.address));
    };
    let ports: Vec<u16> = request.ports.iter().filter_map(|p| u16::try_from(*p).ok()).take(PORTS).collect();
    let tries =
        ports.iter().map(|port| async move { (*port, host.connect(SocketAddr::new(address, *port), PATIENCE).await) });
    let answers = futures_util::future::join_all(tries).await;
    let heard = answers.iter().find_map(|(port, answer)| match answer {
        Ok(Reachability::Open) => Some(format!("port {port} answers")),
        Ok(Reachability::Refused) => Some(format!("port {port} refuses")),
        // Not having been able to ask is no silence.
        Err(error) => Some(format!("could not ask: {error}")),
        Ok(Reachability::Silent) => None,
    });
    match heard {
        Some(how) => result(true, how),
        None => result(false, format!("no answer on {}", listed(&ports))),
    }
}

fn listed(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}
