//! Machines as a list and one by one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ha_domain::report::{ComponentState, Repair, RepairOutcome, Report};
use ha_domain::view::{MachineState, NodeView};

use super::list::{Column, grid};
use super::status::{row, seen};
use super::text::{WIDTH, fit, utc, wrap};

/// The columns of `hactl node list`.
pub(crate) const COLUMNS: &[Column<NodeView>] = &[
    Column::of("MACHINE", |n| n.machine.name.clone()),
    Column::of("ROLE", |n| cell(n, 1)),
    Column::of("STATE", |n| cell(n, 2)),
    Column::of("SEEN", |n| cell(n, 3)),
    Column::of("CPU", |n| cell(n, 4)),
    Column::of("MEM", |n| cell(n, 5)),
    Column::of("DISK", |n| cell(n, 6)),
    Column::wide("ID", |n| n.id.as_ref().map_or("-".to_owned(), ToString::to_string)),
    Column::wide("ADDRESS", |n| n.report.as_ref().map_or("-".to_owned(), address)),
    Column::wide("OS", |n| fact(n, |r| r.facts.os.clone())),
    Column::wide("KERNEL", |n| fact(n, |r| r.facts.kernel.clone())),
    Column::wide("AGENT", |n| fact(n, |r| r.facts.agent_version.clone())),
    Column::of("NOTE", |n| n.machine.note.clone()),
];

fn cell(node: &NodeView, n: usize) -> String {
    row(&node.machine).get(n).cloned().unwrap_or_default()
}

fn fact(node: &NodeView, of: fn(&Report) -> String) -> String {
    node.report.as_ref().map(of).filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
}

/// The address that every machine has. Simulated machines have others of loopback, each its own.
fn is_localhost(address: &IpAddr) -> bool {
    *address == Ipv4Addr::LOCALHOST || *address == Ipv6Addr::LOCALHOST
}

fn address(report: &Report) -> String {
    let own = report.facts.addresses.iter().find(|a| !is_localhost(a));
    own.map_or("-".to_owned(), ToString::to_string)
}

/// All that is known of one machine.
pub(crate) fn show(node: &NodeView) -> String {
    let machine = &node.machine;
    let role = machine.role.map_or("no role in the spec", |r| r.as_str());
    let mut text = format!("{}   {role}   {}   seen: {}\n", machine.name, machine.state.word(), seen(machine));
    if !machine.note.is_empty() {
        text.push_str(&format!("{}\n", machine.note));
    }
    if let Some(id) = &node.id {
        text.push_str(&format!("id {id}\n"));
    }
    match &node.report {
        Some(report) => text + &known(report, machine.state),
        None => text + "nothing was heard of it by this leader\n",
    }
}

fn known(report: &Report, state: MachineState) -> String {
    let facts = &report.facts;
    let addresses: Vec<_> = facts.addresses.iter().filter(|a| !is_localhost(a)).map(ToString::to_string).collect();
    let mut text = String::new();
    if matches!(state, MachineState::Unreachable | MachineState::Dead) {
        text.push_str("what follows is its last word\n");
    }
    text.push_str(&format!("addresses  {}\n", addresses.join(" ")));
    text.push_str(&format!(
        "system     {}, kernel {}, {}; {} CPUs, {} MiB, {} GiB; agent {}\n",
        facts.os, facts.kernel, facts.arch, facts.cpus, facts.memory_mib, facts.disk_gib, facts.agent_version
    ));
    if let Some(ms) = report.load.clock_offset_ms {
        text.push_str(&format!("clock      {ms} ms off\n"));
    }
    text + &components(report) + &units(report) + &repairs(report)
}

fn components(report: &Report) -> String {
    let header = ["COMPONENT", "STATE", "DETAIL"].map(str::to_owned).to_vec();
    let rows = report.components.iter().map(|(component, c)| {
        let (state, detail) = match &c.state {
            ComponentState::Converged => {
                let facts = c.facts.iter().map(|(k, v)| format!("{k}={}", fit(v, 32)));
                ("as wanted", facts.collect::<Vec<_>>().join(" "))
            }
            ComponentState::Drifted { what } => ("drifted", what.clone()),
            ComponentState::Unknown { why } => ("unknown", why.clone()),
        };
        vec![component.to_string(), state.to_owned(), detail]
    });
    section(header, rows.collect())
}

fn units(report: &Report) -> String {
    let header = ["UNIT", "STATE", "RESTARTS BY THE AGENT"].map(str::to_owned).to_vec();
    let rows = report
        .units
        .iter()
        .map(|(name, u)| vec![name.clone(), format!("{}/{}", u.active, u.sub), u.restarts.to_string()]);
    section(header, rows.collect())
}

/// What the agent did by itself, and what it would not do: two lines each, since both can be long.
fn repairs(report: &Report) -> String {
    if report.repairs.is_empty() {
        return String::new();
    }
    let lines = report.repairs.iter().flat_map(|(subject, repair)| {
        let head = std::iter::once(fit(&format!("{subject}: {}", repair.what), WIDTH));
        head.chain(wrap(&outcome(repair), WIDTH - 4).into_iter().map(|line| format!("    {line}")))
    });
    format!("\nREPAIRED BY THE AGENT\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

fn outcome(repair: &Repair) -> String {
    let (word, why) = match &repair.outcome {
        RepairOutcome::Running => ("under way since", None),
        RepairOutcome::Healed => ("healed", None),
        RepairOutcome::Failed { why } => ("failed", Some(why)),
        RepairOutcome::Left { why } => ("left alone since", Some(why)),
    };
    let used_up = if repair.spent { ", used up" } else { "" };
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{word} {}, tries in ten minutes: {}{used_up}{why}", utc(repair.last), repair.count)
}

fn section(header: Vec<String>, rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\n{}", grid(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), WIDTH))
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::super::list::list;
    use super::*;
    use crate::cli::Output;

    #[test]
    fn the_list_of_machines_looks_like_this() {
        golden::check("node-list", &list(Output::Table, COLUMNS, &golden::Site::under_way().nodes()).unwrap());
    }

    #[test]
    fn one_machine_looks_like_this() {
        let nodes = golden::Site::built().nodes();
        golden::check("node-show", &show(nodes.iter().find(|n| n.machine.name == "m1").unwrap()));
    }

    #[test]
    fn what_the_agent_repaired_looks_like_this() {
        let mut nodes = golden::Site::built().nodes();
        let lb1 = nodes.iter_mut().find(|n| n.machine.name == "lb1").unwrap();
        let repair = |count, what: &str, outcome| Repair {
            count,
            last: ha_domain::id::Time(1_795_499_000_000),
            what: what.to_owned(),
            outcome,
            spent: count == 5,
        };
        let said = "keepalived.service was disabled, by a person".to_owned();
        let failed = "haproxy refuses the new configuration, the old one stays: line 3".to_owned();
        lb1.report.as_mut().unwrap().repairs = [
            (
                "haproxy".to_owned(),
                repair(5, "/etc/haproxy/haproxy.cfg differs", RepairOutcome::Failed { why: failed }),
            ),
            ("keepalived".to_owned(), repair(0, "keepalived.service is inactive", RepairOutcome::Left { why: said })),
            ("unit kubelet.service".to_owned(), repair(1, "it did not answer for 8 s", RepairOutcome::Healed)),
        ]
        .into();
        golden::check("node-show-repairs", &show(lb1));
    }
}
