//! Machines of one group on one hypervisor fall together.

use std::collections::BTreeMap;

use crate::spec::problem::Problem;
use crate::spec::{Role, Spec};

use super::{all_of, tolerates};

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    [Role::ControlPlane, Role::LoadBalancer, Role::Database].into_iter().flat_map(|role| together(spec, role)).collect()
}

fn together(spec: &Spec, role: Role) -> Vec<Problem> {
    let mut on: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for (n, machine) in spec.machines.iter().enumerate().filter(|(_, m)| m.role == role) {
        if let Some(hypervisor) = &machine.hypervisor {
            on.entry(hypervisor).or_default().push((n, machine.name.as_str()));
        }
    }
    on.into_iter().filter_map(|(hypervisor, machines)| shared(spec, role, hypervisor, &machines)).collect()
}

fn shared(spec: &Spec, role: Role, hypervisor: &str, machines: &[(usize, &str)]) -> Option<Problem> {
    let all = spec.machines_with(role).count();
    let may_fall = match role {
        Role::ControlPlane => tolerates(all).max(1),
        Role::Worker | Role::LoadBalancer | Role::Database | Role::Storage | Role::Spare => {
            all.saturating_sub(1).max(1)
        }
    };
    let (last, _) = machines.last().filter(|_| machines.len() > may_fall)?;
    let names: Vec<&str> = machines.iter().map(|(_, name)| *name).collect();
    let what = match role {
        Role::ControlPlane => "control planes at once, more than the cluster tolerates",
        Role::Database => "database machines at once, which are all there are",
        Role::LoadBalancer | Role::Worker | Role::Storage | Role::Spare => {
            "load balancers at once, which are all there are"
        }
    };
    let message = format!("{} are both on {hypervisor}: losing it takes {} {what}", all_of(&names), names.len());
    let message = if names.len() > 2 { message.replace(" are both on ", " are all on ") } else { message };
    let path = format!("machines[{last}].hypervisor");
    Some(Problem::warning(path, message).help("spread them over hypervisors"))
}
