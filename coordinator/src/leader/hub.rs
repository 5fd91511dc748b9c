//! Sessions and what agents last said: volatile, of use on the leader only, rebuilt by full reports after a change of leader.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ha_domain::health::{Question, sighted};
use ha_domain::id::{MachineId, MachineName, Time};
use ha_domain::plan::{Observed, PlanReport};
use ha_domain::report::{Report, ReportDelta};
use ha_domain::step::StepId;
use ha_proto::v1::{CoordinatorMessage, LogLines, ProbeRequest, ProbeResult, coordinator_message::Message};
use tokio::sync::{mpsc, watch};
use tonic::Status;
use tonic::transport::Channel;

/// How many lines of progress one step keeps: the last.
type Progress = BTreeMap<String, String>;

/// Sessions and reports.
pub struct Hub {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    next: AtomicU64,
    refusals: AtomicU64,
}

#[derive(Default)]
struct Inner {
    sessions: BTreeMap<MachineId, Entered>,
    observed: Observed,
    progress: Progress,
    /// Where every concern stands, and the generation of the spec it was planned for.
    report: (u64, PlanReport),
    logs: HashMap<u64, mpsc::Sender<LogLines>>,
    /// Questions to peers that were not answered yet: who was asked about whom.
    asked: HashMap<u64, (MachineId, MachineName)>,
    channels: HashMap<String, Channel>,
}

/// A session as long as it is the machine's.
struct Entered {
    session: Session,
    /// Goes with the entry: whoever serves the session learns from it that nothing will be sent through it any more.
    _held: watch::Sender<()>,
}

/// The way to one agent.
#[derive(Clone)]
pub struct Session {
    /// Counts sessions, so that an old one's end does not close a new one.
    pub number: u64,
    to: mpsc::Sender<Result<CoordinatorMessage, Status>>,
    held: watch::Receiver<()>,
}

impl Session {
    /// Ends when the hub has forgotten this session, or has another one of the same machine.
    pub async fn forgotten(&self) {
        let mut held = self.held.clone();
        while held.changed().await.is_ok() {}
    }

    /// Sends a message; `false` when the agent does not take any (gone, or far behind).
    pub fn send(&self, message: Message) -> bool {
        self.to.try_send(Ok(CoordinatorMessage { message: Some(message) })).is_ok()
    }
}

impl Default for Hub {
    fn default() -> Self {
        let (changed, _) = watch::channel(0);
        Self { inner: Mutex::default(), changed, next: AtomicU64::new(1), refusals: AtomicU64::new(0) }
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each holder leaves it whole, so a panic elsewhere does no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// A wake-up for whoever decides; it carries no data.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// An agent is here; an older session of the same machine ends.
    pub fn enter(&self, machine: &MachineId, to: mpsc::Sender<Result<CoordinatorMessage, Status>>) -> Session {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (_held, held) = watch::channel(());
        let session = Session { number, to, held };
        self.lock().sessions.insert(machine.clone(), Entered { session: session.clone(), _held });
        session
    }

    /// A session ended. What the machine last said is kept, as the last word of a silent one.
    pub fn leave(&self, machine: &MachineId, session: &Session, at: Time) {
        let mut inner = self.lock();
        if inner.sessions.get(machine).is_some_and(|s| s.session.number == session.number) {
            inner.sessions.remove(machine);
            if let Some(seen) = inner.observed.get_mut(machine) {
                seen.connected = false;
                seen.heard = at;
            }
        }
        drop(inner);
        self.touch();
    }

    /// Takes in changed sections of a report; `full` replaces everything. `Err` asks for a full report.
    pub fn report(&self, machine: &MachineId, delta: ReportDelta, full: bool, at: Time) -> Result<Report, String> {
        let mut inner = self.lock();
        let seen = inner.observed.entry(machine.clone()).or_default();
        if !full && !seen.connected {
            return Err("a full report must come first".to_owned());
        }
        let base = if full { Report::default() } else { seen.report.clone() };
        seen.report = base.merged(delta).map_err(|e| e.to_string())?;
        seen.connected = true;
        seen.heard = at;
        seen.sightings.clear();
        let report = seen.report.clone();
        drop(inner);
        self.touch();
        Ok(report)
    }

    /// What agents last said.
    pub fn observed(&self) -> Observed {
        self.lock().observed.clone()
    }

    /// Reads what agents last said without copying it.
    pub fn with_observed<R>(&self, read: impl FnOnce(&Observed) -> R) -> R {
        read(&self.lock().observed)
    }

    /// The way to a machine's agent.
    pub fn session(&self, machine: &MachineId) -> Option<Session> {
        self.lock().sessions.get(machine).map(|s| s.session.clone())
    }

    /// The ways to all agents.
    pub fn all_sessions(&self) -> Vec<(MachineId, Session)> {
        self.lock().sessions.iter().map(|(machine, s)| (machine.clone(), s.session.clone())).collect()
    }

    /// Everything volatile is forgotten: this replica does not lead any more, or begins to.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.sessions.clear();
        inner.observed.clear();
        inner.progress.clear();
        inner.asked.clear();
        inner.report = Default::default();
    }

    /// The last line of a step's progress.
    pub fn progress(&self, step: &StepId, line: String) {
        self.lock().progress.insert(step.to_string(), line);
        self.touch();
    }

    /// Last lines of all running steps.
    pub fn all_progress(&self) -> Progress {
        self.lock().progress.clone()
    }

    /// A step ended: its lines are of no interest.
    pub fn finished(&self, step: &StepId) {
        self.lock().progress.remove(step.as_str());
    }

    /// Where every concern stands, as last planned, for this generation of the spec.
    pub fn set_plan_report(&self, generation: u64, report: PlanReport) {
        let mut inner = self.lock();
        let report = (generation, report);
        if inner.report != report {
            inner.report = report;
            drop(inner);
            self.touch();
        }
    }

    /// Where every concern stands; empty while this generation of the spec has not been planned for.
    pub fn plan_report(&self, generation: u64) -> PlanReport {
        let inner = self.lock();
        if inner.report.0 == generation { inner.report.1.clone() } else { PlanReport::default() }
    }

    /// A place for the lines that an agent will send for a log request.
    pub fn expect_logs(&self, to: mpsc::Sender<LogLines>) -> u64 {
        let request = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().logs.insert(request, to);
        request
    }

    /// Asks a peer whether it sees a machine; `false` when the peer does not take any question.
    pub fn ask(&self, question: &Question) -> bool {
        let request = self.next.fetch_add(1, Ordering::Relaxed);
        let mut inner = self.lock();
        let Some(session) = inner.sessions.get(&question.peer).map(|s| s.session.clone()) else { return false };
        let asked = (question.about.clone(), question.peer_name.clone());
        // One that was not answered is asked anew.
        inner.asked.retain(|_, other| *other != asked);
        inner.asked.insert(request, asked);
        drop(inner);
        let ports = question.ports.iter().map(|port| u32::from(*port)).collect();
        session.send(Message::Probe(ProbeRequest { request, address: question.address.to_string(), ports }))
    }

    /// A peer says whether it sees the machine that it was asked about.
    pub fn sighted(&self, result: ProbeResult, at: Time) {
        let mut inner = self.lock();
        let Some((about, peer)) = inner.asked.remove(&result.request) else { return };
        let detail = result.detail.chars().filter(|c| !c.is_control()).take(100).collect();
        // Whoever spoke meanwhile needs nobody to speak for it; a machine never heard has an entry from now on.
        let sightings = &mut inner.observed.entry(about).or_default().sightings;
        sighted(sightings, peer, (result.reachable, detail), at);
        drop(inner);
        self.touch();
    }

    /// Lines of a log came.
    pub fn logs(&self, lines: LogLines) {
        let mut inner = self.lock();
        let request = lines.request;
        let last = lines.last;
        let gone = inner.logs.get(&request).is_none_or(|to| to.try_send(lines).is_err());
        if gone || last {
            inner.logs.remove(&request);
        }
    }

    /// The channel to another coordinator, made once.
    pub fn peer_channel(
        &self,
        address: &str,
        make: impl FnOnce() -> anyhow::Result<Channel>,
    ) -> anyhow::Result<Channel> {
        if let Some(channel) = self.lock().channels.get(address) {
            return Ok(channel.clone());
        }
        let channel = make()?;
        self.lock().channels.insert(address.to_owned(), channel.clone());
        Ok(channel)
    }

    /// A call was refused at the door.
    pub fn count_refusal(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls refused at the door since the start.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Agents that are connected to this leader.
    pub fn sessions(&self) -> usize {
        self.lock().sessions.len()
    }
}
