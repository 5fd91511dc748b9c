//! The site: simulated machines, an agent on each, a coordinator on the first control plane, and seats for more.
//!
//! Knows nothing of what is then asked of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ha_agent::host::fake::{SimulatedMachine, World};
use ha_agent::host::{Host as _, UnitVerb};
use ha_coordinator::store::Timing;
use ha_domain::view::SiteStatus;
use ha_transport::{JoinString, LoginString};
use tokio::sync::Mutex;

use crate::agent::AgentSeat;
use crate::coordinator::{CoordinatorSeat, end_all};
use crate::network::Network;
use crate::operator::Operator;
use crate::replicas::Replicas;
use crate::specs::{self, Document};
use crate::until::until;

/// What stands in for the coordinator's package: simulated machines install whatever has the right digest.
const PACKAGE: &[u8] = b"the coordinator's package, which this process is";
const UNIT: &str = "ha-coordinator.service";

/// What a site is made from.
pub struct Options {
    /// Folder for everything that is on real disks; it must be empty.
    pub dir: PathBuf,
    /// The document; its addresses are moved to loopback.
    pub spec: String,
    /// Agents beyond the machines of the document, which wait for a place in it.
    pub spare_agents: usize,
    /// Raft's timing.
    pub timing: Timing,
}

/// A site; nothing is applied yet.
pub struct Site {
    /// Its machines.
    pub world: World,
    /// Its coordinators.
    pub replicas: Arc<Replicas>,
    /// Its agents by their machine's name.
    pub agents: Mutex<BTreeMap<String, AgentSeat>>,
    /// What `init` printed for machines.
    pub join: JoinString,
    /// The administrator.
    pub admin: Operator,
    /// What is to be applied.
    pub document: Document,
    /// Its addresses.
    pub network: Network,
    /// Its folder.
    pub dir: PathBuf,
}

impl Site {
    /// Founds a mesh on the first control plane; every machine joins it.
    ///
    /// # Errors
    /// What the programs would say.
    pub async fn found(options: Options) -> anyhow::Result<Self> {
        let network = Network::claim()?;
        let document = specs::on_loopback(&options.spec, &network)?;
        let world = World::new();
        let mut agents = machines(&options, (&world, &document, &network))?;
        let seats = document.spec.machines.iter();
        let seats = seats.map(|m| CoordinatorSeat::new(&options.dir, (m.name.as_str(), m.address), options.timing));
        let replicas = Arc::new(Replicas::of(seats));
        world.run_coordinators(Arc::clone(&replicas) as _);

        let first = document.spec.first_control_plane().context("a site has a control plane")?;
        let (join, login) = init(&replicas, &agents[first.name.as_str()].machine).await?;
        for agent in agents.values_mut() {
            agent.join(&join).await.with_context(|| format!("{} joins", agent.machine.name()))?;
            agent.start()?;
        }
        let admin = Operator::login(&login).await?;
        let (agents, dir) = (Mutex::new(agents), options.dir);
        Ok(Self { world, replicas, agents, join, admin, document, network, dir })
    }

    /// The machine called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn machine(&self, name: &str) -> anyhow::Result<SimulatedMachine> {
        self.world.existing(name).with_context(|| format!("there is no machine {name}"))
    }

    /// Waits until everything is as the spec wants it.
    ///
    /// # Errors
    /// When it does not come about, with what is still missing.
    pub async fn converged(&self) -> anyhow::Result<SiteStatus> {
        let look = async || {
            let status = self.admin.status().await.map_err(|e| format!("{e:#}"))?;
            if status.plan.converged() && status.running.is_empty() { Ok(status) } else { Err(missing(&status)) }
        };
        until("a site as its spec wants it", look).await
    }

    /// Ends every program.
    pub async fn end(&self) {
        let mut agents = self.agents.lock().await;
        agents.values_mut().for_each(AgentSeat::kill);
        end_all(self.replicas.seats().map(AsRef::as_ref));
    }
}

/// One line for each thing that is not as wanted.
pub fn missing(status: &SiteStatus) -> String {
    let running = status.running.iter().map(|r| format!("{} {}", r.id, r.line));
    let waiting = status.plan.concerns.iter().flat_map(|c| &c.waiting).cloned();
    let (done, all) = status.plan.progress();
    let all = std::iter::once(format!("{done} of {all}")).chain(running).chain(waiting);
    all.collect::<Vec<_>>().join("\n  ")
}

fn machines(
    options: &Options,
    (world, document, network): (&World, &Document, &Network),
) -> anyhow::Result<BTreeMap<String, AgentSeat>> {
    let named = document.spec.machines.iter().map(|m| (m.name.to_string(), m.address));
    let spares = (0..options.spare_agents).map(|n| {
        let last = u8::try_from(100 + n).context("at most 155 agents fit beside the site")?;
        Ok((format!("x{n}"), network.host(last)))
    });
    let all = named.map(Ok).chain(spares).collect::<anyhow::Result<Vec<_>>>()?;
    let seat = |name: &str, at| AgentSeat::new(&options.dir, world.machine(name, at));
    Ok(all.into_iter().map(|(name, at)| (name.clone(), seat(&name, at))).collect())
}

/// `apt install ha-coordinator && ha-coordinator init` on a machine.
async fn init(replicas: &Replicas, machine: &SimulatedMachine) -> anyhow::Result<(JoinString, LoginString)> {
    let seat = replicas.seat(machine.name()).context("the first control plane has a seat")?;
    let founded = seat.found(PACKAGE).await?;
    machine.install_packages(&["ha-coordinator"]).await?;
    machine.control(UNIT, UnitVerb::Start).await?;
    Ok((founded.join, founded.login))
}
