//! Changes of what is wanted: parsed and checked again here, whatever `hactl` said of it.

use ha_domain::catalog::Catalog;
use ha_domain::id::MachineName;
use ha_domain::plan::{Forecast, Input, forecast};
use ha_domain::spec::Spec;
use ha_domain::state::{Command, Place, Reply, SpecRecord, State, assign};
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

fn understand(text: String, catalog: &str) -> Result<Wanted, Status> {
    let catalog = match catalog {
        "" => Catalog::built_in(),
        text => Catalog::parse(text).map_err(|e| Status::invalid_argument(e.to_string()))?,
    };
    let (spec, _) = ha_domain::spec::read(&text, &catalog).map_err(|problems| wrong(&problems))?;
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
    let wanted = understand(request.spec_yaml, &request.catalog_yaml)?;
    let current = mesh.read(|s| s.spec.clone()).await.map_err(unread)?;
    if let Some(old) = &current {
        let reasons = ha_domain::spec::check_change(&old.spec, &wanted.spec);
        if !reasons.is_empty() {
            return Err(wrong(&reasons));
        }
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
        understand(request.spec_yaml, &request.catalog_yaml)?
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
    let refusals = mesh.peek(|s| removal(s, &name));
    if let Some(why) = refusals {
        return Err(Status::failed_precondition(why));
    }
    mesh.propose_once(by, Some(request.key), Command::RemoveMachine { name: name.clone() }).await.map_err(refused)?;
    document(&serde_json::json!({ "removing": name }))
}

/// Why a machine cannot be taken out: the site must stay one that the checks allow.
fn removal(state: &State, name: &MachineName) -> Option<String> {
    let record = state.spec.as_ref()?;
    let mut spec = record.spec.clone();
    spec.machines.retain(|m| m.name != *name);
    spec.coordinators.retain(|n| n != name);
    let problems = ha_domain::spec::check_change(&record.spec, &spec);
    (!problems.is_empty()).then(|| ha_domain::spec::render(&problems, "the site without it"))
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
