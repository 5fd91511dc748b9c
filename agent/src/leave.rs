//! How a machine leaves the mesh: `ha-agent leave` cleans it by its ledger first; one that was removed is clean already.

use std::path::Path;
use std::sync::Arc;

use ha_domain::step::{Action, Component, Reset};
use ha_transport::{Cause, diagnose};

use crate::config::{CERTIFICATE, Config};
use crate::execute::{self, Probe};
use crate::host::Host;
use crate::machine::Machine;
use crate::observe::looking;

/// Cleans this machine.
pub async fn leave(config: &Config, host: Arc<dyn Host>) -> anyhow::Result<()> {
    let machine = Machine::open(config, host).await?;
    let reset = Action::Reset(Reset { leave: true });
    looking(&machine, async |cx| execute::ensure(&reset, cx).await).await?;
    forget(&config.keys)?;
    println!("this machine is clean and has left the mesh");
    Ok(())
}

/// Without its certificate an agent is of no mesh, and its unit does not start it again.
pub(crate) fn forget(keys: &Path) -> std::io::Result<()> {
    for file in ["pem", "key"] {
        match std::fs::remove_file(keys.join(format!("{CERTIFICATE}.{file}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether the mesh let this machine go: it was told to clean itself, is clean, and its certificate counts no more.
pub(crate) async fn was_let_go(machine: &Machine, refused: &tonic::Status) -> bool {
    let told = machine.wanted.all().remove(&Component::Reset);
    let Some(reset @ Action::Reset(Reset { leave: true })) = told else { return false };
    let out = matches!(diagnose(refused), Some(Cause::OurCertificateRevoked | Cause::OurCertificateRefused));
    out && matches!(looking(machine, async |cx| execute::probe(&reset, cx).await).await, Ok(Probe::Converged(_)))
}
