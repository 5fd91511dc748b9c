//! One agent on a simulated machine: its folders, and the program while it runs.
//!
//! Knows nothing of the mesh beyond the join string it is given.

use std::path::Path;
use std::sync::Arc;

use ha_agent::app::Agent;
use ha_agent::config::Config;
use ha_agent::enrol;
use ha_agent::host::Host;
use ha_agent::host::fake::SimulatedMachine;
use ha_transport::JoinString;

use crate::process::{Asked, Process, thread_name};

/// An agent; it may run or not.
pub struct AgentSeat {
    /// Its machine.
    pub machine: SimulatedMachine,
    thread: String,
    config: Config,
    process: Option<Process>,
}

impl AgentSeat {
    /// With folders below `dir`. What it notes on its machine is on the simulated disk.
    pub fn new(dir: &Path, machine: SimulatedMachine) -> Self {
        let home = dir.join("agents").join(machine.name());
        let config = Config { keys: home.join("keys"), state: home.join("state") };
        let thread = thread_name("agent", machine.name(), dir);
        Self { machine, thread, config, process: None }
    }

    /// Where its certificate and its list of coordinators lie.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// `ha-agent join`.
    ///
    /// # Errors
    /// What the program would say.
    pub async fn join(&self, invitation: &JoinString) -> anyhow::Result<String> {
        enrol::join(&self.config, &self.machine, invitation, None).await
    }

    /// Starts the program, after an earlier run of it has ended.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(&mut self) -> std::io::Result<()> {
        let (config, host) = (self.config.clone(), Arc::new(self.machine.clone()));
        self.process = Some(Process::start(&self.thread, self.process.take(), |asked| serve(config, host, asked))?);
        Ok(())
    }

    /// Ends it wherever it is, with every step it was carrying out; comes back when it is gone.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
            process.wait();
        }
    }
}

async fn serve(config: Config, host: Arc<dyn Host>, asked: Asked) -> anyhow::Result<()> {
    let mut agent = Agent::start(&config, host).await?;
    tokio::select! {
        () = agent.run() => anyhow::bail!("a task of the agent ended"),
        _ = asked => agent.stop().await,
    }
    Ok(())
}
