//! Changes of what is wanted: parsed and checked again here, whatever `hactl` said of it.

use ha_domain::catalog::Catalog;
use ha_domain::id::{CoordinatorId, MachineId, MachineName};
use ha_domain::plan::{Forecast, Input, Observed, forecast, may_forget};
use ha_domain::spec::{Problem, Spec, check_removal, read_where, same_members};
use ha_domain::state::{Command, MachineRecord, Place, Reply, SpecRecord, State, assign};
use ha_domain::view::PlanView;
use ha_proto::v1::{ApplyReply, ApplyRequest, Document, PlanRequest, RemoveNodeRequest, SpecReply};
use tonic::{Code, Response, Status};

use super::Answer;
use crate::api::reply::{document, refused, unread};
use crate::mesh::{SharedMesh, now};

/// A spec as it came, understood.
struct Wanted {
    text: String,
    spec: Spec,
    catalog: Catalog,
}

/// `old`: what is wanted now.
fn understand(text: String, catalog: &str, old: Option<&SpecRecord>) -> Result<Wanted, Status> {
    let catalog = match catalog {
        "" => Catalog::built_in(),
        text => Catalog::parse(text).map_err(|e| Status::invalid_argument(e.to_string()))?,
    };
    let stands = |new: &Spec| old.is_some_and(|old| same_members(&old.spec, new));
    let (spec, _) = read_where(&text, &catalog, stands).map_err(|problems| wrong(&problems))?;
    Ok(Wanted { text, spec, catalog })
}

/// The problems as text and, where they are few enough for a header, as JSON: the caller knows the file and its lines.
fn wrong(problems: &[ha_domain::spec::Problem]) -> Status {
    let text = ha_domain::spec::render(problems, "cluster.yaml");
    let details = serde_json::to_vec(problems).unwrap_or_default();
    if details.len() > 4 << 10 {
        return Status::invalid_argument(text);
    }
    Status::with_details(Code::InvalidArgument, text, details.into())
}

pub(super) async fn apply(mesh: &SharedMesh, by: &str, request: ApplyRequest) -> Answer<ApplyReply> {
    let current = mesh.read(|s| s.spec.clone()).await.map_err(unread)?;
    let wanted = understand(request.spec_yaml, &request.catalog_yaml, current.as_ref())?;
    let reasons = mesh.peek(|s| s.check_change(&wanted.spec));
    if !reasons.is_empty() {
        return Err(wrong(&reasons));
    }
    if let Some(why) = mesh.peek(|s| s.refuse_return(&wanted.spec)) {
        return Err(Status::failed_precondition(why));
    }
    let changed = current.as_ref().is_none_or(|old| old.spec != wanted.spec || old.catalog != wanted.catalog);
    let generation = current.as_ref().map_or(0, |old| old.generation);
    let forecast = predict(mesh, &wanted);
    let forecast = serde_json::to_vec(&forecast).map_err(|e| Status::internal(e.to_string()))?;
    if request.dry_run {
        return Ok(Response::new(ApplyReply { generation, changed, forecast }));
    }
    let set = Command::SetSpec {
        base: request.base,
        text: wanted.text,
        spec: Box::new(wanted.spec),
        catalog: Box::new(wanted.catalog),
    };
    let reply = mesh.propose_once(by, Some(request.key), set).await.map_err(refused)?;
    let (generation, changed) = match reply {
        Reply::Generation { generation, changed } => (generation, changed),
        Reply::Done | Reply::Unchanged | Reply::Enrolled { .. } => (generation, changed),
    };
    Ok(Response::new(ApplyReply { generation, changed, forecast }))
}

/// What would be done for a spec, with the fleet as it is.
fn predict(mesh: &SharedMesh, wanted: &Wanted) -> Forecast {
    let mut state = mesh.peek(State::clone);
    let generation = state.spec.as_ref().map_or(0, |s| s.generation);
    assign(&mut state.machines, &wanted.spec);
    state.spec = Some(SpecRecord {
        generation,
        at: now(),
        by: String::new(),
        text: String::new(),
        spec: wanted.spec.clone(),
        catalog: wanted.catalog.clone(),
    });
    let observed = mesh.hub.observed();
    forecast(&Input { now: now(), state: &state, observed: &observed })
}

pub(super) async fn plan(mesh: &SharedMesh, request: PlanRequest) -> Answer<Document> {
    let wanted = if request.spec_yaml.is_empty() {
        let record = mesh.read(|s| s.spec.clone()).await.map_err(unread)?;
        let record = record.ok_or_else(|| Status::failed_precondition("no spec was applied yet: give one with -f"))?;
        Wanted { text: record.text, spec: record.spec, catalog: record.catalog }
    } else {
        let current = mesh.read(|s| s.spec.clone()).await.map_err(unread)?;
        understand(request.spec_yaml, &request.catalog_yaml, current.as_ref())?
    };
    let forecast = predict(mesh, &wanted);
    let mut machines = mesh.peek(|s| s.machines.clone());
    assign(&mut machines, &wanted.spec);
    let joined = |name: &MachineName| {
        machines.values().any(|m| matches!(&m.place, Place::Assigned { name: n, .. } if n == name))
    };
    let not_joined = wanted.spec.machines.iter().filter(|m| !joined(&m.name)).map(|m| m.name.to_string()).collect();
    let name = wanted.spec.name.to_string();
    document(&PlanView { name, machines: wanted.spec.machines.len(), not_joined, forecast })
}

pub(super) async fn remove_node(mesh: &SharedMesh, by: &str, request: RemoveNodeRequest) -> Answer<Document> {
    let name = MachineName::new(&request.name).map_err(|e| Status::invalid_argument(e.to_string()))?;
    let checked = mesh.read(|s| s.spec.as_ref().map(|r| (r.generation, removal(s, r, &name)))).await.map_err(unread)?;
    // The call was repeated because its first answer was lost; what it asked for is under way by now.
    if mesh.peek(|s| s.replies.contains_key(&request.key)) {
        return document(&serde_json::json!({ "removing": name, "warnings": [] }));
    }
    if let Some(verdict) = on_its_way_out(mesh, &name) {
        let machine = verdict.map_err(Status::failed_precondition)?;
        mesh.propose_once(by, Some(request.key), Command::ForgetMachine { machine }).await.map_err(refused)?;
        return document(&serde_json::json!({ "forgotten": name }));
    }
    let (base, checked) = checked.ok_or_else(|| Status::failed_precondition("no spec was applied yet"))?;
    let warnings = checked.map_err(Status::failed_precondition)?;
    let remove = Command::RemoveMachine { name: name.clone(), base };
    mesh.propose_once(by, Some(request.key), remove).await.map_err(refused)?;
    document(&serde_json::json!({ "removing": name, "warnings": warnings }))
}

/// Whether a machine that leaves already may be forgotten, its agent being silent.
fn on_its_way_out(mesh: &SharedMesh, name: &MachineName) -> Option<Result<MachineId, String>> {
    let look = |observed: &Observed| mesh.peek(|state| may_forget(&Input { now: now(), state, observed }, name));
    mesh.hub.with_observed(look)
}

/// What is to be told of a machine's removal, or why it cannot be taken out: the site must stay one that can stand.
fn removal(state: &State, record: &SpecRecord, name: &MachineName) -> Result<Vec<String>, String> {
    let problems = check_removal(&record.spec, name, &record.catalog);
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
    if !errors.is_empty() {
        return Err(ha_domain::spec::render(&errors, "the site without it"));
    }
    let told =
        warnings.into_iter().map(|p| if p.help.is_empty() { p.message } else { format!("{}: {}", p.message, p.help) });
    Ok(told.chain(first_coordinator(state, name)).collect())
}

/// No agent installed the coordinator that `init` made, so none takes it away.
fn first_coordinator(state: &State, name: &MachineName) -> Option<String> {
    let is = |m: &&(&MachineId, &MachineRecord)| m.1.spec_name() == Some(name);
    let (id, _) = state.machines.iter().find(|m| is(&m))?;
    (state.replica_on(id)? == CoordinatorId::FIRST).then(|| {
        format!("the coordinator on {name} was made by `ha-coordinator init`: `apt purge ha-coordinator` there, once it is out")
    })
}

pub(super) async fn show(mesh: &SharedMesh, generation: u64) -> Answer<SpecReply> {
    let found = mesh.read(|s| {
        let current = s.spec.as_ref().map(|r| (r.generation, r.text.clone()));
        let earlier = s.history.iter().find(|n| n.generation == generation).map(|n| (n.generation, n.text.clone()));
        current.filter(|(g, _)| generation == 0 || *g == generation).or(earlier)
    });
    let found = found.await.map_err(unread)?;
    let (generation, spec_yaml) = found.ok_or_else(|| Status::not_found("there is no such spec"))?;
    Ok(Response::new(SpecReply { spec_yaml, generation }))
}
