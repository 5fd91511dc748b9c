//! A whole simulated site under the real planner and the real actions, without coordinators and streams between them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use ha_domain::catalog::Catalog;
use ha_domain::id::{Digest, MachineId, MachineName};
use ha_domain::plan::{self, Input, Observed, Seen};
use ha_domain::state::{MachineRecord, Place, SpecRecord, State, StepRecord, assign};
use ha_domain::step::{Action, CredentialKind, Status, Step};
use ha_transport::Secret;

use crate::config::Config;
use crate::execute::mesh::Mesh;
use crate::execute::{self, ActError, Context, Credentials};
use crate::host::fake::{SimulatedMachine, World};
use crate::host::{Download, Host, Lifespan};
use crate::machine::Machine;
use crate::observe;

pub(super) const SPEC: &str = "
version: 1
name: acme
machines:
- {name: lb1, role: load-balancer, address: 10.0.0.11}
- {name: lb2, role: load-balancer, address: 10.0.0.12}
- {name: m1, role: control-plane, address: 10.0.0.21}
- {name: m2, role: control-plane, address: 10.0.0.22}
- {name: m3, role: control-plane, address: 10.0.0.23}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: w2, role: worker, address: 10.0.0.32}
- {name: db1, role: database, address: 10.0.0.41}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
";

/// The site, and what a coordinator would know of it.
pub(super) struct Site {
    pub(super) world: World,
    pub(super) state: State,
    pub(super) observed: Observed,
    pub(super) machines: BTreeMap<MachineName, SimulatedMachine>,
    agents: BTreeMap<MachineName, Arc<Machine>>,
}

/// Files that come over the mesh: what was asked for.
struct Stream(SimulatedMachine, Arc<Machine>);

#[async_trait]
impl Mesh for Stream {
    async fn package(&self, sha256: &Digest, to: &Path) -> Result<(), ActError> {
        let what = Download { url: "mesh", sha256, size: 0, to, mode: 0o600, proxy: None, lifespan: Lifespan::Lasting };
        Ok(self.0.download(what).await?)
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.1.clock_ahead_ms()
    }
}

impl Site {
    pub(super) async fn new(spec: &str) -> Self {
        let world = World::new();
        let (parsed, _) = ha_domain::spec::read(spec, &Catalog::built_in()).unwrap();
        let mut site = Self {
            state: State { revision: 1, ..State::default() },
            observed: Observed::new(),
            machines: BTreeMap::new(),
            agents: BTreeMap::new(),
            world,
        };
        for (n, machine) in parsed.machines.iter().enumerate() {
            let id = MachineId::new(&format!("n{n}")).unwrap();
            let simulated = site.world.machine(machine.name.as_str(), machine.address);
            let facts = simulated.facts().await.unwrap();
            let record = MachineRecord { at: site.world.now(), name: None, facts, place: Place::Unknown };
            site.state.machines.insert(id, record);
            site.machines.insert(machine.name.clone(), simulated);
        }
        assign(&mut site.state.machines, &parsed);
        let (at, by, catalog) = (site.world.now(), "test".to_owned(), Catalog::built_in());
        site.state.spec = Some(SpecRecord { generation: 1, at, by, text: spec.to_owned(), spec: parsed, catalog });
        site.start_agents().await;
        site
    }

    /// Agents that start, or start again: they know what is on their disks.
    pub(super) async fn start_agents(&mut self) {
        for name in self.machines.keys().cloned().collect::<Vec<_>>() {
            self.start_agent(&name).await;
        }
    }

    /// One of them.
    pub(super) async fn start_agent(&mut self, name: &MachineName) {
        let machine = &self.machines[name];
        machine.restart_agent();
        let host: Arc<dyn Host> = Arc::new(machine.clone());
        self.agents.insert(name.clone(), Arc::new(Machine::open(&Config::default(), host).await.unwrap()));
        machine.restart_agent();
    }

    /// The same site once more, with one agent, which has just started.
    pub(super) async fn fork(&self, name: &MachineName) -> Self {
        let world = self.world.fork();
        let machines =
            self.machines.keys().map(|name| (name.clone(), world.existing(name.as_str()).unwrap())).collect();
        let (state, observed, agents) = (self.state.clone(), self.observed.clone(), BTreeMap::new());
        let mut fork = Self { world, state, observed, machines, agents };
        fork.start_agent(name).await;
        fork
    }

    pub(super) fn machine(&self, name: &str) -> &SimulatedMachine {
        &self.machines[&MachineName::new(name).unwrap()]
    }

    /// Every agent that has power looks at its machine.
    pub(super) async fn observe(&mut self) {
        for (name, agent) in &self.agents {
            let connected = self.machines[name].is_on();
            if connected {
                observe::once(agent).await;
            }
            let seen = Seen { report: agent.report(), connected, heard: self.world.now(), ..Seen::default() };
            let id = self.state.machines.iter().find(|(_, m)| m.spec_name() == Some(name)).map(|(id, _)| id.clone());
            id.map(|id| self.observed.insert(id, seen));
        }
    }

    pub(super) fn plan(&self) -> plan::Plan {
        plan::plan(&Input { now: self.world.now(), state: &self.state, observed: &self.observed })
    }

    /// Carries out one action, as an agent does.
    pub(super) async fn ensure(&self, name: &MachineName, action: &Action) -> Result<(), ActError> {
        self.find(name, action).await.map(drop)
    }

    /// The same, with what was found.
    async fn find(&self, name: &MachineName, action: &Action) -> Result<BTreeMap<String, String>, ActError> {
        let agent = &self.agents[name];
        let credentials = credentials();
        let quiet = |_: String| {};
        agent.hear_clock(self.world.now());
        let mesh = Stream(self.machines[name].clone(), Arc::clone(agent));
        let cx = Context {
            host: &*agent.host,
            ledger: &agent.ledger,
            credentials: &credentials,
            mesh: &mesh,
            progress: &quiet,
        };
        let facts = Box::pin(execute::ensure(action, &cx)).await?;
        agent.wanted.set(&*agent.host, action).await?;
        Ok(facts)
    }

    /// Carries out a step and notes it. What fails says which step it was.
    pub(super) async fn carry_out(&mut self, step: &Step) {
        let outcome = self.find(&step.name, &step.action).await;
        let facts = outcome.unwrap_or_else(|e| panic!("{}: {e}", step.id));
        let now = self.world.now();
        let record = StepRecord {
            step: step.clone(),
            status: Status::Confirmed { at: now },
            index: 1,
            adopted: now,
            granted: Some(now),
        };
        self.state.journal.insert(step.id.clone(), record);
        // The agent shows history when a step ended.
        let converged = ha_domain::report::ComponentState::Converged;
        crate::steps::show(&self.agents[&step.name], &step.action, converged, facts);
    }

    /// Plans and acts until there is nothing to do; calls `before` ahead of each step.
    pub(super) async fn converge(&mut self, mut before: impl FnMut(&Step)) {
        for _ in 0..120 {
            self.observe().await;
            let steps = self.plan().steps;
            if steps.is_empty() {
                return;
            }
            for step in steps {
                before(&step);
                self.carry_out(&step).await;
            }
        }
        panic!("the plan does not end: {:#?}", self.plan().report);
    }

    /// The spec names this machine no more; those that left before are gone by now.
    pub(super) fn retire(&mut self, name: &str) {
        let Some(record) = &mut self.state.spec else { return };
        for left in self.state.machines.values_mut().filter(|m| matches!(m.place, Place::Leaving { .. })) {
            left.place = Place::Gone;
        }
        record.spec.machines.retain(|m| m.name.as_str() != name);
        assign(&mut self.state.machines, &record.spec);
    }

    /// The agent of a machine.
    pub(super) fn agent(&self, name: &str) -> &Arc<Machine> {
        &self.agents[&MachineName::new(name).unwrap()]
    }

    /// What the agent of a machine says it made there.
    pub(super) fn ledger(&self, name: &str) -> &crate::ledger::Ledger {
        &self.agents[&MachineName::new(name).unwrap()].ledger
    }

    pub(super) fn assert_converged(&self) {
        let report = self.plan().report;
        assert!(report.converged(), "{report:#?}");
    }
}

pub(super) fn credentials() -> Credentials {
    let certificate = include_str!("../cluster/ca.pem");
    let all = [
        (CredentialKind::BootstrapToken, "abcdef.0123456789abcdef"),
        (CredentialKind::CertificateKey, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        (CredentialKind::CoordinatorJoin, "join string"),
        (CredentialKind::SiteCertificate, certificate),
        (CredentialKind::SiteKey, "site key"),
        (CredentialKind::DatabaseCertificate, certificate),
        (CredentialKind::DatabaseKey, "database key"),
        (CredentialKind::DatabasePassword, "it's a \\ password; really"),
        (CredentialKind::JogetAdminPassword, "admin password"),
    ];
    all.into_iter().map(|(kind, secret)| (kind, Secret::new(secret.to_owned()))).collect()
}
