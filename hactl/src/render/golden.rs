//! For tests: a small site to draw, and files that hold how it is drawn. `HA_REGENERATE=1` writes them anew.

use std::path::Path;

use ha_domain::catalog::Catalog;
use ha_domain::id::{CoordinatorId, Digest, MachineId, MachineName, Time};
use ha_domain::plan::{Input, Observed, Seen, forecast, plan};
use ha_domain::report::{
    BalanceReport, ComponentReport, ComponentState, DatabaseReport, EtcdMember, EtcdReport, Facts, KubernetesReport,
    Load, NodeStatus, PodStatus, Report,
};
use ha_domain::spec::Spec;
use ha_domain::state::{CoordinatorRecord, MachineRecord, Place, SpecRecord, State, StepRecord, assign};
use ha_domain::step::{Action, Component, Status, Step};
use ha_domain::view::{Beside, NodeView, PlanView, SiteStatus, StepView, nodes, site_status, steps};
use ha_domain::whatif::{Score, WhatIf, score, what_if};

const SITE: &str = "
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
vips: {api: 10.0.0.135, apps: 10.0.0.136}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget-dx8:8.2\", host: myapp.com}
";

/// The instant at which all screens are drawn.
const NOW: Time = Time(1_795_500_000_000);

/// Compares with `golden/<name>.txt`.
pub(crate) fn check(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/golden/{name}.txt"));
    if std::env::var_os("HA_REGENERATE").is_some() {
        std::fs::write(&path, drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "{} differs (HA_REGENERATE=1 writes it anew); drawn:\n{drawn}", path.display());
}

/// A site of eight machines.
pub(crate) struct Site {
    state: State,
    observed: Observed,
}

impl Site {
    /// Everybody has joined, nothing is there yet.
    pub(crate) fn fresh() -> Self {
        Self::without(&[])
    }

    /// Without these machines having joined.
    pub(crate) fn without(missing: &[&str]) -> Self {
        let (spec, _) = ha_domain::spec::read(SITE, &Catalog::built_in()).unwrap();
        let mut site = Self { state: State { revision: 1, ..State::default() }, observed: Observed::new() };
        for (n, machine) in spec.machines.iter().enumerate() {
            if !missing.contains(&machine.name.as_str()) {
                site.enrol(n, machine);
            }
        }
        site.want(spec, 4);
        site
    }

    fn enrol(&mut self, n: usize, machine: &ha_domain::spec::Machine) {
        let id = MachineId::new(&format!("n{}", n + 7)).unwrap();
        let facts = Facts { addresses: vec![machine.address], hostname: machine.name.to_string(), ..facts() };
        let load = Load { cpu_percent: 3, memory_percent: 18, disk_percent: 22, ..Load::default() };
        let report = Report { facts: facts.clone(), load, ..Report::default() };
        let record = MachineRecord { at: NOW, name: None, facts, place: Place::Unknown };
        self.state.machines.insert(id.clone(), record);
        self.observed.insert(id, Seen { report, connected: true, heard: NOW, ..Seen::default() });
    }

    fn want(&mut self, spec: Spec, generation: u64) {
        assign(&mut self.state.machines, &spec);
        let (by, at) = ("alice".to_owned(), Time(NOW.0 - 3 * 86_400_000));
        let text = SITE.to_owned();
        self.state.spec = Some(SpecRecord { generation, at, by, text, spec, catalog: Catalog::built_in() });
    }

    /// Every step done.
    pub(crate) fn built() -> Self {
        let mut site = Self::fresh();
        for _ in 0..80 {
            let next = plan(&site.input()).steps;
            if next.is_empty() {
                return site;
            }
            next.into_iter().for_each(|step| site.take_for_done(step));
        }
        panic!("the site is never built");
    }

    fn take_for_done(&mut self, step: Step) {
        let report = &mut self.observed.get_mut(&step.machine).unwrap().report;
        let mut facts = std::collections::BTreeMap::new();
        if matches!(step.action, Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_)) {
            facts.insert("ca-pin".to_owned(), Digest::of(b"ca").to_string());
            let etcd = ha_domain::report::EtcdReport { healthy: true, ..Default::default() };
            report.kubernetes.get_or_insert_default().etcd = Some(etcd);
        }
        let (digest, state) = (step.action.digest(), ComponentState::Converged);
        report.components.insert(step.component(), ComponentReport { digest, state, since: NOW, facts });
        let status = Status::Confirmed { at: NOW };
        let granted = Some(Time(NOW.0 - 5_000));
        let record = StepRecord { step: step.clone(), status, index: 1, adopted: Time(NOW.0 - 6_000), granted };
        self.state.journal.insert(step.id, record);
    }

    /// The same without a machine in the spec.
    pub(crate) fn removing(mut self, name: &str) -> Self {
        let mut spec = self.state.spec.take().unwrap().spec;
        spec.machines.retain(|m| m.name.as_str() != name);
        self.want(spec, 5);
        self
    }

    /// Half way: lb1 holds a VIP, some steps run, one failed, w2 is silent.
    pub(crate) fn under_way() -> Self {
        let mut site = Self::without(&["db1"]);
        let steps = plan(&site.input()).steps;
        for (n, step) in steps.into_iter().enumerate() {
            match n {
                0..4 => site.take_for_done(step),
                4 => site.start(step, Status::Granted { at: NOW }),
                5 => site.start(step, Status::Failed { at: NOW, error: "no space left on /var/lib".to_owned() }),
                _ => {}
            }
        }
        let id = site.id("w2");
        let seen = site.observed.get_mut(&id).unwrap();
        (seen.connected, seen.heard) = (false, Time(NOW.0 - 5_000));
        let id = site.id("lb1");
        let balance =
            BalanceReport { haproxy_alive: true, vips: vec!["10.0.0.135".parse().unwrap()], ..Default::default() };
        site.observed.get_mut(&id).unwrap().report.balance = Some(balance);
        site
    }

    /// Built, and everything tells that it works: lb1 holds both VIPs, Joget is on w1; lb1 and m1 share a hypervisor.
    pub(crate) fn running() -> Self {
        let mut site = Self::built();
        let spec = &mut site.state.spec.as_mut().unwrap().spec;
        for (name, hypervisor) in [("lb1", "hv-a"), ("m1", "hv-a"), ("lb2", "hv-b"), ("m2", "hv-b")] {
            let machine = spec.machines.iter_mut().find(|m| m.name.as_str() == name).unwrap();
            machine.hypervisor = Some(hypervisor.to_owned());
        }
        for (n, name) in ["m1", "m2", "m3"].into_iter().enumerate() {
            let host = format!("10.0.0.2{}", n + 1);
            let record = CoordinatorRecord { host, at: NOW, machine: None, removed: false };
            site.state.coordinators.insert(CoordinatorId(n as u64 + 1), record);
            site.report(name).components.insert(Component::Coordinator, as_wanted());
            site.report(name).kubernetes = Some(cluster());
        }
        let vips = vec!["10.0.0.135".parse().unwrap(), "10.0.0.136".parse().unwrap()];
        for (name, vips) in [("lb1", vips), ("lb2", Vec::new())] {
            site.report(name).balance = Some(BalanceReport { haproxy_alive: true, vips, ..Default::default() });
        }
        let last_backup = Some(Time(NOW.0 - 11 * 3_600_000));
        site.report("db1").database = Some(DatabaseReport { alive: true, last_backup, ..Default::default() });
        site
    }

    fn report(&mut self, name: &str) -> &mut Report {
        let id = self.id(name);
        &mut self.observed.get_mut(&id).unwrap().report
    }

    /// The same with an agent that has been silent for a minute.
    pub(crate) fn silent(mut self, name: &str) -> Self {
        let id = self.id(name);
        let seen = self.observed.get_mut(&id).unwrap();
        (seen.connected, seen.heard) = (false, Time(NOW.0 - 60_000));
        self
    }

    /// As `hactl whatif --lose` gets it.
    pub(crate) fn what_if(&self, lost: &[&str]) -> WhatIf {
        what_if(&self.input(), &lost.iter().map(|n| MachineName::new(n).unwrap()).collect()).unwrap()
    }

    /// As `hactl whatif` gets it.
    pub(crate) fn score(&self) -> Score {
        score(&self.input()).unwrap()
    }

    fn start(&mut self, step: Step, status: Status) {
        let granted = Some(Time(NOW.0 - 12_000));
        let record = StepRecord { step: step.clone(), status, index: 1, adopted: Time(NOW.0 - 12_500), granted };
        self.state.journal.insert(step.id, record);
    }

    fn id(&self, name: &str) -> MachineId {
        let is = |m: &MachineRecord| m.spec_name().is_some_and(|n| n.as_str() == name);
        self.state.machines.iter().find(|(_, m)| is(m)).unwrap().0.clone()
    }

    fn input(&self) -> Input<'_> {
        Input { now: NOW, state: &self.state, observed: &self.observed }
    }

    /// As `hactl plan` gets it.
    pub(crate) fn plan(&self) -> PlanView {
        let spec = &self.state.spec.as_ref().unwrap().spec;
        let joined = |name| self.state.machines.values().any(|m| m.spec_name() == Some(name));
        let not_joined = spec.machines.iter().filter(|m| !joined(&m.name)).map(|m| m.name.to_string()).collect();
        let forecast = forecast(&self.input());
        PlanView { name: spec.name.to_string(), machines: spec.machines.len(), not_joined, forecast }
    }

    /// As `hactl status` gets it.
    pub(crate) fn status(&self) -> SiteStatus {
        let running = steps(&self.state, false);
        let line = |s: StepView| (s.id, "3 of 9 imported".to_owned());
        let progress = running.into_iter().map(line).collect();
        let beside = Beside { voters: 3, leader: "m2".to_owned(), progress };
        site_status(&self.input(), plan(&self.input()).report, &beside)
    }

    /// As `hactl node list` gets it.
    pub(crate) fn nodes(&self) -> Vec<NodeView> {
        nodes(&self.input())
    }

    /// As `hactl steps --all` gets it.
    pub(crate) fn steps(&self) -> Vec<StepView> {
        steps(&self.state, true)
    }
}

fn as_wanted() -> ComponentReport {
    let (digest, facts) = (Digest::of(b"package"), std::collections::BTreeMap::new());
    ComponentReport { digest, state: ComponentState::Converged, since: NOW, facts }
}

/// What every control plane says of a cluster that works.
fn cluster() -> KubernetesReport {
    let members = ["m1", "m2", "m3"].map(|name| (name.to_owned(), EtcdMember::default())).into();
    let node = |name: &str| (name.to_owned(), NodeStatus { ready: true, ..NodeStatus::default() });
    let pod = PodStatus { app: "joget".to_owned(), node: "w1".to_owned(), ready: true, ..PodStatus::default() };
    KubernetesReport {
        api_ready: Some(true),
        etcd: Some(EtcdReport { healthy: true, members, ..EtcdReport::default() }),
        nodes: ["m1", "m2", "m3", "w1", "w2"].map(node).into(),
        pods: [("joget/joget-6c9f".to_owned(), pod)].into(),
        ..KubernetesReport::default()
    }
}

fn facts() -> Facts {
    Facts {
        machine_id: "3f1d".to_owned(),
        os: "debian 12".to_owned(),
        kernel: "6.1.0-40-amd64".to_owned(),
        arch: "amd64".to_owned(),
        cpus: 4,
        memory_mib: 8192,
        disk_gib: 60,
        agent_version: "0.1.0".to_owned(),
        ..Facts::default()
    }
}
