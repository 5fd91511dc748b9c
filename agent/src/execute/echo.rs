//! Nothing: proves that an action travels there and back.

use std::path::Path;

use ha_domain::step::Echo;

use super::{ActError, Context, Probe, distro};
use crate::host::NewFile;
use crate::ledger::Owned;

/// On a tmpfs: what is measured is the mesh, not a disk.
const PATH: &str = "/run/ha-mesh/echo";

pub(super) async fn probe(action: &Echo, cx: &Context<'_>) -> Result<Probe, ActError> {
    let nonce = action.nonce.to_string();
    Ok(match cx.host.read(Path::new(PATH)).await? {
        Some(last) if last == nonce.as_bytes() => Probe::Converged(distro::facts([("nonce", nonce)])),
        Some(_) | None => Probe::Differs("it was not done yet".to_owned()),
    })
}

pub(super) async fn act(action: &Echo, cx: &Context<'_>) -> Result<(), ActError> {
    let path = Path::new(PATH);
    cx.ledger.own_file(cx.host, path, Owned::File).await?;
    Ok(cx.host.write(NewFile { path, content: action.nonce.to_string().as_bytes(), mode: 0o600 }).await?)
}
