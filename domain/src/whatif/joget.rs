//! Joget as its users have it: what it stands on, where its replicas run, and whether others can take them.

use super::scene::Scene;
use super::words::{counted, names};
use super::{LayerKind, LayerLoss, Replicas, Room, Verdict, storage, told, workers};
use crate::id::MachineName;
use crate::report::PodStatus;
use crate::spec::{Amounts, StorageKind};

/// Seconds of silence after which Kubernetes calls a node Unknown: its default since 1.32.
const NODE_UNKNOWN_AFTER_S: u64 = 50;
/// Seconds that Joget's pods then stay where they are: what its deployment tolerates, 300 by Kubernetes' default.
pub const EVICTED_AFTER_S: u64 = 15;

/// `under`: the Kubernetes API, load balancing, workers, database and storage, as they are then.
pub(super) fn joget(scene: &Scene<'_, '_>, under: [&LayerLoss; 5]) -> (LayerLoss, Replicas) {
    let pods = told::joget_pods(scene.world);
    let [api, needed @ ..] = under;
    let replicas = replicas(scene, pods.as_deref().unwrap_or_default(), api.verdict);
    let broken: Vec<&str> = needed.iter().filter(|l| l.verdict == Verdict::Lost).map(|l| without(l.layer)).collect();
    let (verdict, detail) = match (broken.is_empty(), pods.is_some()) {
        (false, _) => (Verdict::Lost, format!("does not serve: {}", broken.join(", "))),
        (true, false) => unseen(scene),
        (true, true) => judge(scene, &replicas, api.verdict),
    };
    let tolerates = needed.iter().filter_map(|l| l.tolerates).min().filter(|_| verdict != Verdict::Lost);
    let left = places(scene, pods.as_deref().unwrap_or_default());
    let tolerates = Some(tolerates.unwrap_or_default());
    (LayerLoss { layer: LayerKind::Joget, verdict, left, votes: None, tolerates, detail }, replicas)
}

fn without(layer: LayerKind) -> &'static str {
    match layer {
        LayerKind::LoadBalancing => "no machine holds the apps VIP",
        LayerKind::Workers => "no worker is left",
        LayerKind::Database => "its database is lost",
        LayerKind::Storage => "its files are not there",
        LayerKind::Coordinators | LayerKind::Etcd | LayerKind::Kubernetes | LayerKind::Joget => "it is not managed",
    }
}

fn runs_on(scene: &Scene<'_, '_>, pod: &PodStatus) -> bool {
    MachineName::new(&pod.node).is_ok_and(|name| scene.has(&name))
}

fn replicas(scene: &Scene<'_, '_>, pods: &[(&str, &PodStatus)], api: Verdict) -> Replicas {
    let ready = || pods.iter().filter(|(_, pod)| pod.ready);
    let gone = ready().filter(|(_, pod)| !runs_on(scene, pod)).map(|(name, pod)| format!("{name} on {}", pod.node));
    let displaced: Vec<String> = gone.collect();
    let room = room(scene, displaced.len(), pods);
    let moves = match room {
        Room::Enough | Room::NotKnown => api != Verdict::Lost,
        Room::NotNeeded | Room::TooLittle => false,
    };
    let moved_after_s = moves.then_some(NODE_UNKNOWN_AFTER_S + EVICTED_AFTER_S);
    Replicas { stay: ready().count() - displaced.len(), displaced, room, moved_after_s }
}

/// Workers on which ready pods go on.
fn places(scene: &Scene<'_, '_>, pods: &[(&str, &PodStatus)]) -> Vec<MachineName> {
    let runs = |name: &str| pods.iter().any(|(_, pod)| pod.ready && pod.node == name);
    scene.left(&scene.world.spec.machines, |m| runs(m.name.as_str()))
}

/// Workers that a pod can be started on.
fn open(scene: &Scene<'_, '_>) -> Vec<MachineName> {
    let nodes = told::nodes(scene.world);
    let cordoned = |name: &MachineName| nodes.and_then(|n| n.get(name.as_str())).is_some_and(|n| n.unschedulable);
    let bound = match scene.world.spec.storage.kind {
        // The volume is on one worker, and a pod with it can be nowhere else.
        StorageKind::Local => storage::local_machine(scene.world.spec).map(|m| &m.name),
        StorageKind::Nfs | StorageKind::Shared => None,
    };
    let fits = |name: &MachineName| !cordoned(name) && bound.is_none_or(|b| b == name);
    workers::serving(scene).into_iter().filter(fits).collect()
}

fn room(scene: &Scene<'_, '_>, wanted: usize, pods: &[(&str, &PodStatus)]) -> Room {
    if wanted == 0 {
        return Room::NotNeeded;
    }
    let places: Vec<Option<u64>> = open(scene).iter().map(|name| free(scene, name, pods)).collect();
    let known = places.iter().flatten().fold(0_u64, |sum, n| sum.saturating_add(*n));
    match (known >= wanted as u64, places.iter().any(Option::is_none)) {
        (true, _) => Room::Enough,
        (false, true) => Room::NotKnown,
        (false, false) => Room::TooLittle,
    }
}

/// How many more replicas a worker can take by its size and what Joget requests; what other pods request is not known here.
/// `None` where the machine has not reported its size.
fn free(scene: &Scene<'_, '_>, name: &MachineName, pods: &[(&str, &PodStatus)]) -> Option<u64> {
    let facts = &scene.report(name)?.facts;
    let (cores, bytes) = (u64::from(facts.cpus) * 1_000, facts.memory_mib.saturating_mul(1 << 20));
    let requests = &scene.world.spec.joget.resources.requests;
    let cpu = requests.cpu.as_ref().map_or(0, |q| q.millicores());
    let memory = requests.memory.as_ref().map_or(0, |q| q.bytes());
    let by = |have: u64, need: u64| have.checked_div(need).unwrap_or(u64::MAX);
    let there = pods.iter().filter(|(_, pod)| pod.node == name.as_str()).count() as u64;
    (cores > 0 && bytes > 0).then(|| by(cores, cpu).min(by(bytes, memory)).saturating_sub(there))
}

/// Nobody tells where it runs.
fn unseen(scene: &Scene<'_, '_>) -> (Verdict, String) {
    let of = counted(scene.world.spec.joget.replicas as usize, "replica");
    let has_worker = scene.world.spec.workers().iter().any(|m| scene.lost.contains(&m.name));
    match has_worker {
        true => (Verdict::Degraded, format!("where its {of} runs is not known: no API server tells")),
        false => (Verdict::Holds, format!("no worker is taken away; where its {of} runs is not known")),
    }
}

fn judge(scene: &Scene<'_, '_>, replicas: &Replicas, api: Verdict) -> (Verdict, String) {
    let wanted = scene.world.spec.joget.replicas as usize;
    let all = replicas.stay + replicas.displaced.len();
    let goes_on = format!("{} of {} on {}", replicas.stay, counted(wanted, "replica"), on(scene));
    match (replicas.displaced.is_empty(), replicas.stay) {
        (true, 0) => (Verdict::Lost, "no replica is ready now, before anything is taken away".to_owned()),
        (true, n) if api == Verdict::Lost => {
            let verb = if n == 1 { "goes" } else { "go" };
            (Verdict::Degraded, format!("{goes_on} {verb} on, and no replica is started elsewhere without the API"))
        }
        (true, _) if all < wanted => (Verdict::Degraded, goes_on),
        (true, _) => (Verdict::Holds, goes_on),
        (false, 0) => moved(scene, replicas, api),
        (false, n) => {
            let (_, then) = moved(scene, replicas, api);
            let verb = if n == 1 { "goes" } else { "go" };
            (Verdict::Degraded, format!("{goes_on} {verb} on; {then}"))
        }
    }
}

fn on(scene: &Scene<'_, '_>) -> String {
    names(&places(scene, &told::joget_pods(scene.world).unwrap_or_default()))
}

/// What becomes of replicas whose machine is not there.
fn moved(scene: &Scene<'_, '_>, replicas: &Replicas, api: Verdict) -> (Verdict, String) {
    let who = names(&replicas.displaced);
    if api == Verdict::Lost {
        return (Verdict::Lost, format!("{who}: started nowhere else without the Kubernetes API"));
    }
    let open = open(scene);
    let (verdict, room) = match replicas.room {
        Room::Enough => (Verdict::Degraded, format!("{} has room", any_of(&open))),
        Room::NotKnown | Room::NotNeeded => {
            (Verdict::Degraded, format!("whether {} has room is not known", any_of(&open)))
        }
        Room::TooLittle if open.is_empty() => (Verdict::Lost, "no worker can take it".to_owned()),
        Room::TooLittle => {
            let requests = requests(&scene.world.spec.joget.resources.requests);
            (Verdict::Lost, format!("{} has no room for what it requests ({requests})", any_of(&open)))
        }
    };
    (verdict, format!("{who}: {room}{}", delay(replicas)))
}

fn any_of(open: &[MachineName]) -> String {
    if open.len() > 1 { format!("one of {}", names(open)) } else { names(open) }
}

fn requests(amounts: &Amounts) -> String {
    let told = [(&amounts.cpu, "CPU"), (&amounts.memory, "memory")];
    let told = told.iter().filter_map(|(q, what)| q.as_ref().map(|q| format!("{} {what}", q.as_str())));
    told.collect::<Vec<_>>().join(", ")
}

fn delay(replicas: &Replicas) -> String {
    let Some(total) = replicas.moved_after_s else { return String::new() };
    let until = if replicas.stay == 0 { "; until then nobody has Joget" } else { "" };
    format!(
        "; Kubernetes calls the node Unknown after {NODE_UNKNOWN_AFTER_S} s and evicts {EVICTED_AFTER_S} s later: {total} s \
         and Joget's own start{until}"
    )
}
