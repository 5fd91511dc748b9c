//! Small healthy sites, from which something is taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::Catalog;
use crate::id::{CoordinatorId, Digest, MachineId};
use crate::plan::{Observed, Seen};
use crate::report::*;
use crate::spec::{Machine, Role, Spec};
use crate::state::{CoordinatorRecord, MachineRecord, Place, SpecRecord, State, assign};
use crate::step::Component;

const SITE: &str = "
version: 1
name: acme
machines:
- {name: lb1, role: load-balancer, address: 10.0.0.11, hypervisor: hv-a}
- {name: lb2, role: load-balancer, address: 10.0.0.12, hypervisor: hv-b}
- {name: m1, role: control-plane, address: 10.0.0.21, hypervisor: hv-a}
- {name: m2, role: control-plane, address: 10.0.0.22, hypervisor: hv-b}
- {name: m3, role: control-plane, address: 10.0.0.23, hypervisor: hv-c}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: w2, role: worker, address: 10.0.0.32}
- {name: db1, role: database, address: 10.0.0.41}
- {name: s1, role: spare, address: 10.0.0.51}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
";

const NOW: Time = Time(1_000_000_000);
const HOUR: u64 = 3_600_000;

/// A site on which all is well: lb1 holds both VIPs, Joget's one pod is on w1, the last backup is 11 h old.
struct Site {
    state: State,
    observed: Observed,
}

impl Site {
    fn healthy(text: &str) -> Self {
        let spec = crate::spec::parse(text).unwrap();
        let mut site = Self { state: State::default(), observed: Observed::new() };
        let mut cluster = cluster(&spec);
        if !spec.workers().is_empty() {
            cluster.pods.insert("joget/joget-1".into(), pod(spec.workers()[0].name.as_str()));
        }
        for (n, machine) in spec.machines.iter().enumerate() {
            site.enrol(n, machine, &spec, &cluster);
        }
        assign(&mut site.state.machines, &spec);
        let catalog = Catalog::built_in();
        site.state.spec =
            Some(SpecRecord { generation: 1, at: Time(1), by: "t".into(), text: text.into(), spec, catalog });
        site
    }

    fn enrol(&mut self, n: usize, machine: &Machine, spec: &Spec, cluster: &KubernetesReport) {
        let id = MachineId::new(&format!("n{n}")).unwrap();
        let facts = Facts { addresses: vec![machine.address], cpus: 4, memory_mib: 8_192, ..Facts::default() };
        let mut report = Report { facts: facts.clone(), ..Report::default() };
        match machine.role {
            Role::ControlPlane => {
                report.kubernetes = Some(cluster.clone());
                let first = self.state.coordinators.is_empty();
                self.admit(machine);
                if !first {
                    report.components.insert(Component::Coordinator, converged());
                }
            }
            Role::LoadBalancer => {
                let first = spec.balancers()[0].name == machine.name;
                let vips = if first { vec![spec.vips.api, spec.vips.apps] } else { Vec::new() };
                report.balance = Some(BalanceReport { haproxy_alive: true, vips, ..Default::default() });
            }
            Role::Database => {
                let last_backup = Some(Time(NOW.0 - 11 * HOUR));
                report.database = Some(DatabaseReport { alive: true, last_backup, ..Default::default() });
            }
            Role::Worker | Role::Storage | Role::Spare => {}
        }
        self.state.machines.insert(id.clone(), MachineRecord { at: Time(1), name: None, facts, place: Place::Unknown });
        self.observed.insert(id, Seen { report, connected: true, heard: NOW, ..Seen::default() });
    }

    fn admit(&mut self, machine: &Machine) {
        let id = CoordinatorId(self.state.coordinators.len() as u64 * 7 + 1);
        let record =
            CoordinatorRecord { host: machine.address.to_string(), at: Time(1), machine: None, removed: false };
        self.state.coordinators.insert(id, record);
    }

    fn seen(&mut self, name: &str) -> &mut Seen {
        let is = |m: &MachineRecord| m.spec_name().is_some_and(|n| n.as_str() == name);
        let id = self.state.machines.iter().find(|(_, m)| is(m)).unwrap().0.clone();
        self.observed.get_mut(&id).unwrap()
    }

    /// Its agent has been silent for a minute.
    fn silence(&mut self, name: &str) {
        let seen = self.seen(name);
        (seen.connected, seen.heard) = (false, Time(NOW.0 - 60_000));
    }

    fn cluster(&mut self, name: &str) -> &mut KubernetesReport {
        self.seen(name).report.kubernetes.as_mut().unwrap()
    }

    /// What every control plane says of the cluster.
    fn every_cluster(&mut self, change: impl Fn(&mut KubernetesReport)) {
        let masters: Vec<String> = self.spec().control_planes().iter().map(|m| m.name.to_string()).collect();
        masters.iter().for_each(|name| change(self.cluster(name)));
    }

    fn spec(&self) -> &Spec {
        &self.state.spec.as_ref().unwrap().spec
    }

    fn input(&self) -> Input<'_> {
        Input { now: NOW, state: &self.state, observed: &self.observed }
    }

    fn lose(&self, names: &[&str]) -> WhatIf {
        what_if(&self.input(), &set(names)).unwrap()
    }

    fn votes(&self, group: QuorumGroup, lost: &[&str]) -> (usize, usize, usize) {
        let votes = quorum_after(group, &self.input(), &set(lost));
        (votes.voters, votes.healthy_after, votes.quorum)
    }
}

fn cluster(spec: &Spec) -> KubernetesReport {
    let members = spec.control_planes().into_iter().map(|m| (m.name.to_string(), EtcdMember::default()));
    let etcd = EtcdReport { healthy: true, members: members.collect(), ..Default::default() };
    let nodes = spec.nodes().map(|m| (m.name.to_string(), NodeStatus { ready: true, ..Default::default() }));
    KubernetesReport { api_ready: Some(true), etcd: Some(etcd), nodes: nodes.collect(), ..Default::default() }
}

fn pod(node: &str) -> PodStatus {
    PodStatus { app: "joget".into(), node: node.into(), ready: true, ..Default::default() }
}

fn converged() -> ComponentReport {
    let facts = BTreeMap::new();
    ComponentReport { digest: Digest::of(b"x"), state: ComponentState::Converged, since: Time(1), facts }
}

fn set(names: &[&str]) -> BTreeSet<MachineName> {
    names.iter().map(|n| MachineName::new(n).unwrap()).collect()
}

fn texts(names: &[MachineName]) -> Vec<&str> {
    names.iter().map(MachineName::as_str).collect()
}

fn layer(told: &WhatIf, kind: LayerKind) -> &LayerLoss {
    told.layers.iter().find(|l| l.layer == kind).unwrap()
}

fn verdicts(told: &WhatIf) -> Vec<(&'static str, &'static str)> {
    let worse = told.layers.iter().filter(|l| l.verdict != Verdict::Holds);
    worse.map(|l| (l.layer.word(), l.verdict.word())).collect()
}

mod application;
mod groups;
mod whole;
