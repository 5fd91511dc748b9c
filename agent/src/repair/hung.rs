//! Processes that are there and do nothing: their unit is active, whoever asks them gets no answer. They are ended by force
//! and started again, units by systemd, static pods by the kubelet.
//!
//! Their own programs' checks come late or not at all: systemd watches neither HAProxy nor the kubelet, and the kubelet
//! gives a static pod one and a half minutes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ha_domain::step::{Action, Component};
use tokio::time::Instant;

use super::silence::Answer;
use super::{Attempt, Subject, Verdict, attempt};
use crate::execute::ActError;
use crate::execute::kube_api::KubeApi;
use crate::host::{HttpRequest, Reachability, Tls, UnitVerb};
use crate::machine::Machine;
use crate::observe::looking;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Something that should answer.
struct Check {
    /// Whose it is.
    component: Component,
    /// Only where a control plane is.
    control_plane: bool,
    ask: Ask,
    cure: Cure,
}

/// How it is asked. Any answer will do, an error as well: whether it is well is for others to judge.
enum Ask {
    /// A page, without any secret.
    Page(&'static str),
    /// The API server, over the connection that the agent keeps to it: a handshake for each look would cost more than all
    /// the rest.
    Api,
    /// A socket that greets whoever comes.
    Greeting(&'static str),
    /// It has nothing to ask: whether the kernel has stopped its main process.
    Stopped,
}

/// What helps.
enum Cure {
    /// A unit is ended by force and started again: all of it, or its main process alone where others must outlive it.
    Unit(&'static str, UnitVerb),
    /// A process that the kubelet starts again: its name, and an argument that no other process of that name has.
    Process(&'static str, &'static str),
}

impl Cure {
    fn name(&self) -> &'static str {
        match self {
            Self::Unit(name, _) | Self::Process(name, _) => name,
        }
    }

    fn subject(&self) -> Subject {
        match self {
            Self::Unit(name, _) => Subject::Unit((*name).to_owned()),
            Self::Process(name, _) => Subject::Process(name),
        }
    }
}

static CHECKS: [Check; 6] = [
    Check {
        component: Component::Haproxy,
        control_plane: false,
        ask: Ask::Page("http://127.0.0.1:9100/alive"),
        cure: Cure::Unit("haproxy.service", UnitVerb::KillAll),
    },
    Check {
        component: Component::Keepalived,
        control_plane: false,
        ask: Ask::Stopped,
        cure: Cure::Unit("keepalived.service", UnitVerb::KillAll),
    },
    Check {
        component: Component::Containerd,
        control_plane: false,
        ask: Ask::Greeting("/run/containerd/containerd.sock"),
        // Pods outlive their runtime.
        cure: Cure::Unit("containerd.service", UnitVerb::Kill),
    },
    Check {
        component: Component::Node,
        control_plane: false,
        ask: Ask::Page("http://127.0.0.1:10248/healthz"),
        cure: Cure::Unit("kubelet.service", UnitVerb::Kill),
    },
    Check {
        component: Component::Node,
        control_plane: true,
        // Its own word alone: without the others it has no quorum, and ending it would help nobody.
        ask: Ask::Page("http://127.0.0.1:2381/health?serializable=true"),
        cure: Cure::Process("etcd", "--data-dir=/var/lib/etcd"),
    },
    Check {
        component: Component::Node,
        control_plane: true,
        ask: Ask::Api,
        cure: Cure::Process("kube-apiserver", "--secure-port=6443"),
    },
];

fn applies(machine: &Machine, check: &Check) -> bool {
    match machine.wanted.all().get(&check.component) {
        None => false,
        Some(Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_)) => true,
        Some(_) => !check.control_plane,
    }
}

/// Asks all that should answer, and ends what hangs.
pub(super) async fn look(machine: Arc<Machine>) {
    if machine.is_at_work() {
        machine.repairs.lock().silences.forget();
        return;
    }
    join_all(CHECKS.iter().filter(|c| applies(&machine, c)).map(|check| one(&machine, check))).await;
}

async fn one(machine: &Arc<Machine>, check: &Check) {
    let answer = ask(machine, check).await;
    let hangs = machine.repairs.lock().silences.hear(check.cure.name(), answer, Instant::now());
    let Some(silent) = hangs else { return };
    let what = format!("it did not answer for {} s", silent.as_secs());
    if let Attempt::Tried(_) = attempt(machine, &check.cure.subject(), &what, end(machine, &check.cure)).await {
        // What comes after it has its own time to begin to answer.
        machine.repairs.lock().silences.hear(check.cure.name(), Answer::Some, Instant::now());
    }
}

/// Whether a process of the component is silent now and may still be ended: what else differs about it is told, and helped,
/// by a process that answers. Asked only where something differs.
pub(super) async fn covers(machine: &Arc<Machine>, component: Component) -> bool {
    for check in CHECKS.iter().filter(|c| c.component == component && applies(machine, c)) {
        let subject = check.cure.subject().to_string();
        let spent = machine.repairs.lock().budget.judge(&subject, Instant::now()) == Verdict::Spent;
        if !spent && ask(machine, check).await == Answer::None {
            return true;
        }
    }
    false
}

async fn ask(machine: &Machine, check: &Check) -> Answer {
    let silent = match &check.ask {
        Ask::Page(url) => is_page_silent(machine, url).await,
        Ask::Api => is_api_silent(machine).await,
        Ask::Greeting(socket) => {
            matches!(machine.host.greet(Path::new(socket), TIMEOUT).await, Ok(Reachability::Silent))
        }
        Ask::Stopped => is_stopped(machine, check.cure.name()).await,
    };
    if silent && is_up(machine, &check.cure).await { Answer::None } else { Answer::Some }
}

async fn is_page_silent(machine: &Machine, url: &str) -> bool {
    let request = HttpRequest {
        method: "GET",
        url,
        connect: None,
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: TIMEOUT,
    };
    machine.host.http(request).await.is_err_and(|e| e.is_silence())
}

async fn is_api_silent(machine: &Machine) -> bool {
    looking(machine, async |cx| match KubeApi::of(cx).await {
        Ok(Some(api)) => api.is_silent(TIMEOUT).await,
        // Without its kubeconfig nothing can be said of it.
        Ok(None) | Err(_) => false,
    })
    .await
}

/// `T`: stopped by a signal. A process that somebody traces has another letter.
async fn is_stopped(machine: &Machine, unit: &str) -> bool {
    let Ok(unit) = machine.host.unit(unit).await else { return false };
    let stat = machine.host.read(Path::new(&format!("/proc/{}/stat", unit.pid))).await;
    let stat = stat.ok().flatten().unwrap_or_default();
    // The name before it is in brackets, and may hold anything.
    String::from_utf8_lossy(&stat).rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Only what systemd takes for well: the rest has fallen, or is being started or stopped. A unit that a person has disabled
/// is theirs.
async fn is_up(machine: &Machine, cure: &Cure) -> bool {
    match cure {
        Cure::Unit(name, _) => machine.host.unit(name).await.is_ok_and(|u| u.active == "active" && u.enabled),
        // It listens, or there would have been a refusal.
        Cure::Process(..) => true,
    }
}

/// SIGTERM is for those who listen.
async fn end(machine: &Machine, cure: &Cure) -> Result<(), ActError> {
    match cure {
        Cure::Unit(name, force) => {
            machine.host.control(name, *force).await?;
            Ok(machine.host.control(name, UnitVerb::Restart).await?)
        }
        Cure::Process(name, argument) => end_process(machine, name, argument).await,
    }
}

async fn end_process(machine: &Machine, name: &str, argument: &str) -> Result<(), ActError> {
    let mut ended = 0;
    for process in machine.host.list(Path::new("/proc")).await? {
        let Ok(pid) = process.parse::<u32>() else { continue };
        if is_process(machine, pid, name, argument).await {
            machine.host.kill(pid).await?;
            ended += 1;
        }
    }
    if ended == 0 { Err(ActError::Refused(format!("there is no process {name} with {argument}"))) } else { Ok(()) }
}

/// A process may end between two looks: then it is not the one.
async fn is_process(machine: &Machine, pid: u32, name: &str, argument: &str) -> bool {
    let read = async |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        machine.host.read(Path::new(&path)).await.ok().flatten().unwrap_or_default()
    };
    if read("comm").await != format!("{name}\n").into_bytes() {
        return false;
    }
    read("cmdline").await.split(|b| *b == 0).any(|a| a == argument.as_bytes())
}
