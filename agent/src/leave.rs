//! `ha-agent leave`: cleans the machine by its ledger, then forgets the mesh.

use std::sync::Arc;

use ha_domain::step::{Action, Reset};

use crate::config::{CERTIFICATE, Config};
use crate::execute;
use crate::host::Host;
use crate::machine::Machine;
use crate::observe::looking;

/// Cleans this machine.
pub async fn leave(config: &Config, host: Arc<dyn Host>) -> anyhow::Result<()> {
    let machine = Machine::open(config, Arc::clone(&host)).await?;
    let reset = Action::Reset(Reset { leave: true });
    looking(&machine, async |cx| execute::ensure(&reset, cx).await).await?;
    for file in ["pem", "key"] {
        host.remove(&config.keys.join(format!("{CERTIFICATE}.{file}"))).await?;
    }
    println!("this machine is clean and has left the mesh");
    Ok(())
}
