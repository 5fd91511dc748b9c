//! Machines, coordinators and operators come in and go out.

use crate::id::{CoordinatorId, Identity, MachineId, MachineName, Subject, Time, TokenId};
use crate::report::Facts;
use crate::spec::Role;
use crate::state::{
    Command, CoordinatorRecord, Entry, EventKind, MachineRecord, Outcome, Place, Refusal, Reply, State, TokenPurpose,
    TokenRecord, assign,
};

/// Wrong secrets after which a token is burnt.
const FAILURES: u32 = 5;

pub(super) fn enrol(state: &mut State, index: u64, entry: &Entry) -> Outcome {
    let Command::Enrol { token, secret, facts, name, address } = &entry.command else { return Ok(Reply::Unchanged) };
    let Some(record) = state.tokens.get_mut(token) else {
        return refused(format!("token {token} is not known here: it was revoked, or belongs to another mesh"));
    };
    if record.secret != *secret {
        record.failures += 1;
        if record.failures >= FAILURES {
            record.uses = 0;
        }
        return refused(format!("the secret does not belong to token {token}: copy the join string again, whole"));
    }
    if let Err(refusal) = usable(record, token, entry.at) {
        state.alarm(entry.at, format!("token {token} was presented again or too late"));
        return Err(refusal);
    }
    let purpose = record.purpose.clone();
    let mesh = state.mesh.as_ref().map(|m| m.cluster.clone()).ok_or(Refusal::NotFounded)?;
    let subject = match &purpose {
        TokenPurpose::AnyMachine => machine(state, index, entry, (facts.as_deref(), name.clone(), Place::Unknown))?,
        TokenPurpose::Machine { name, role } => {
            let place = bound(state, name, *role)?;
            machine(state, index, entry, (facts.as_deref(), Some(name.clone()), place))?
        }
        TokenPurpose::Coordinator { .. } => coordinator(state, index, entry, address.as_deref())?,
        TokenPurpose::Operator { name } => Subject::Operator(name.clone()),
    };
    if let Some(record) = state.tokens.get_mut(token) {
        record.uses -= 1;
    }
    state.revision += 1;
    Ok(Reply::Enrolled { identity: Identity { cluster: mesh, subject } })
}

fn refused<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::Token { text })
}

fn usable(record: &TokenRecord, token: &TokenId, at: Time) -> Result<(), Refusal> {
    if record.uses == 0 {
        return refused(format!("token {token} is spent: make a new one with `hactl token create`"));
    }
    if at > record.expires {
        return refused(format!("token {token} has expired: make a new one with `hactl token create`"));
    }
    Ok(())
}

/// A join string for one role lets in nobody whom the spec gives another; where the spec does not name the machine yet, the
/// role is remembered for when it does.
fn bound(state: &State, name: &MachineName, role: Option<Role>) -> Result<Place, Refusal> {
    let Some(role) = role else { return Ok(Place::Unknown) };
    let named = state.spec.as_ref().and_then(|record| record.spec.machine(name.as_str()));
    match named {
        Some(machine) if machine.role != role => refused(format!(
            "this join string is for {name} as {role}, the spec has it as {}: make another",
            machine.role
        )),
        Some(_) | None => Ok(Place::Bound { role }),
    }
}

fn machine(
    state: &mut State,
    index: u64,
    entry: &Entry,
    (facts, name, place): (Option<&Facts>, Option<MachineName>, Place),
) -> Result<Subject, Refusal> {
    let Some(facts) = facts else {
        return refused("a machine joins with `ha-agent join`, not with `hactl login`".to_owned());
    };
    let id = MachineId::new(&format!("n{index}")).map_err(|e| Refusal::Token { text: e.to_string() })?;
    for record in
        state.machines.values_mut().filter(|r| !facts.machine_id.is_empty() && r.facts.machine_id == facts.machine_id)
    {
        record.place = Place::Gone;
    }
    let record = MachineRecord { at: entry.at, name, facts: facts.clone(), place };
    state.machines.insert(id.clone(), record);
    if let Some(spec) = &state.spec {
        assign(&mut state.machines, &spec.spec);
    }
    state.note(entry.at, &facts.hostname, EventKind::Machine, format!("{} enrolled as {id}", facts.hostname));
    Ok(Subject::Agent(id))
}

fn coordinator(state: &mut State, index: u64, entry: &Entry, address: Option<&str>) -> Result<Subject, Refusal> {
    let Some(host) = address else { return refused("a coordinator must say its own address".to_owned()) };
    let id = CoordinatorId(index);
    let ip = host.parse().ok();
    let machine = state
        .machines
        .iter()
        .find(|(_, r)| r.place != Place::Gone && ip.is_some_and(|a| r.facts.addresses.contains(&a)));
    let machine = machine.map(|(id, _)| id.clone());
    // An empty disk comes back under a new id; the replica that had this address before is out.
    for record in state.coordinators.values_mut().filter(|r| r.host == host) {
        record.removed = true;
    }
    state.coordinators.insert(id, CoordinatorRecord { host: host.to_owned(), at: entry.at, machine, removed: false });
    state.note(entry.at, host, EventKind::Coordinator, format!("coordinator {id} on {host} admitted"));
    Ok(Subject::Coordinator(id))
}

pub(super) fn remove_coordinator(state: &mut State, at: Time, by: &str, id: CoordinatorId) -> Outcome {
    let Some(record) = state.coordinators.get_mut(&id) else { return State::missing("coordinator", id) };
    record.removed = true;
    // Once out, nobody listens to it; its process goes on in vain until a person ends it.
    let by_hand = match id {
        CoordinatorId::FIRST => {
            format!("; `init` made it, no agent: end it with `apt purge ha-coordinator` on {}", record.host)
        }
        _ => String::new(),
    };
    state.certificates.retain(|_, c| c.identity.subject != Subject::Coordinator(id));
    state.note(at, by, EventKind::Coordinator, format!("coordinator {id} removed{by_hand}"));
    state.touch()
}

pub(super) fn update_facts(state: &mut State, machine: &MachineId, facts: &Facts) -> Outcome {
    let Some(record) = state.machines.get_mut(machine) else { return State::missing("machine", machine) };
    if record.facts == *facts {
        return Ok(Reply::Unchanged);
    }
    record.facts = facts.clone();
    if let Some(spec) = &state.spec {
        assign(&mut state.machines, &spec.spec);
    }
    state.touch()
}

pub(super) fn forget_machine(state: &mut State, at: Time, by: &str, machine: &MachineId) -> Outcome {
    let Some(record) = state.machines.get_mut(machine) else { return State::missing("machine", machine) };
    record.place = Place::Gone;
    state.certificates.retain(|_, c| c.identity.subject != Subject::Agent(machine.clone()));
    state.note(at, by, EventKind::Machine, format!("{machine} has left"));
    state.touch()
}
