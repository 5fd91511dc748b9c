//! Offers become starts, starts become effects: asks before it begins, notes BEGIN and END on disk, replays stored results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use ha_domain::id::Time;
use ha_domain::report::{ComponentReport, ComponentState};
use ha_domain::step::{Action, CredentialKind, Step, StepId};
use ha_proto::v1::agent_message::Message;
use ha_proto::v1::{Offer, Progress, StartReply, StartRequest, StepFinished};
use ha_transport::Secret;
use tokio::sync::mpsc;

use crate::execute::{self, Context, Credentials, mesh::Mesh};
use crate::journal::Outcome;
use crate::machine::Machine;

/// Where messages to the coordinator go; they are dropped while there is no session.
pub type Outbox = mpsc::Sender<Message>;

/// How long an answer is waited for before the question is put again: either may be lost with a leader.
const ANSWER: Duration = Duration::from_secs(5);

/// Steps of this machine.
pub struct Steps {
    machine: Arc<Machine>,
    mesh: Arc<dyn Mesh>,
    outbox: Outbox,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Offered and asked for, waiting for the grant; and since when.
    asked: BTreeMap<String, (Step, Instant)>,
    running: BTreeSet<String>,
    lineage: u64,
}

impl Steps {
    /// For one machine.
    pub fn new(machine: Arc<Machine>, mesh: Arc<dyn Mesh>, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self { machine, mesh, outbox, state: Mutex::default() })
    }

    fn state<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session began: what was asked of another coordinator is asked again when it is offered again.
    pub fn forget_asked(&self) {
        self.state(|s| s.asked.clear());
    }

    /// A committed step is offered. It may be offered many times; it is asked for until an answer comes, and begun once.
    pub fn offered(&self, offer: &Offer) -> Result<(), String> {
        let step: Step = serde_json::from_slice(&offer.step).map_err(|e| format!("an offer: {e}"))?;
        if let Some(outcome) = self.machine.journal.result(&step.id) {
            self.send(Message::Finished(finished(&step.id, &outcome, 0)));
            return Ok(());
        }
        let id = step.id.to_string();
        let ask = self.state(|s| {
            let waits = s.asked.get(&id).is_some_and(|(_, since)| since.elapsed() < ANSWER);
            if offer.lineage < s.lineage || s.running.contains(&id) || waits {
                return false;
            }
            s.lineage = offer.lineage;
            s.asked.insert(id.clone(), (step, Instant::now()));
            true
        });
        if ask {
            self.send(Message::Start(StartRequest { step_id: id }));
        }
        Ok(())
    }

    /// The answer to a question whether a step may start.
    pub fn answered(self: &Arc<Self>, reply: StartReply) {
        let Some((step, _)) = self.state(|s| s.asked.remove(&reply.step_id)) else { return };
        if !reply.granted {
            tracing::info!(step = %step.id, why = %reply.refusal, "was not granted");
            return;
        }
        self.state(|s| s.running.insert(reply.step_id.clone()));
        let (steps, credentials) = (Arc::clone(self), credentials(reply.credentials));
        tokio::spawn(async move {
            let began = Instant::now();
            let outcome = steps.carry_out(&step, &credentials).await;
            steps.state(|s| s.running.remove(&reply.step_id));
            match &outcome {
                Ok(_) => tracing::info!(step = %step.id, ms = began.elapsed().as_millis(), "done"),
                Err(error) => tracing::warn!(step = %step.id, %error, "failed"),
            }
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            steps.send(Message::Finished(finished(&step.id, &outcome, took)));
        });
    }

    /// Journal, act, journal, and only then tell.
    async fn carry_out(&self, step: &Step, credentials: &Credentials) -> Outcome {
        let host = &*self.machine.host;
        let text = |e: &dyn std::fmt::Display| e.to_string();
        self.machine.journal.begin(host, &step.id, &step.action).await.map_err(|e| text(&e))?;
        let occupied = self.machine.occupy(&step.action).await;
        if let Action::Reset(_) = step.action {
            self.machine.wanted.clear(host).await.map_err(|e| text(&e))?;
        }
        let deadline = Duration::from_millis(step.deadline_ms);
        let outcome = match tokio::time::timeout(deadline, self.ensure(step, credentials)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("not done after {} s, its deadline", deadline.as_secs())),
        };
        drop(occupied);
        // Before END: after a crash in between the step is carried out again, while a step that has ended, of which no report
        // ever shows anything, would have to expire first.
        let outcome = match outcome {
            Ok(facts) => self.machine.wanted.set(host, &step.action).await.map_err(|e| text(&e)).map(|()| facts),
            Err(error) => Err(error),
        };
        self.machine.journal.end(host, &step.id, outcome.clone()).await.map_err(|e| text(&e))?;
        if let Ok(facts) = &outcome {
            show(&self.machine, &step.action, ComponentState::Converged, facts.clone());
        }
        outcome
    }

    /// Boxed: the compiler cannot see through the actions' nested futures that they may move between threads.
    fn ensure<'a>(&'a self, step: &'a Step, credentials: &'a Credentials) -> BoxFuture<'a, Outcome> {
        Box::pin(self.ensure_now(step, credentials))
    }

    async fn ensure_now(&self, step: &Step, credentials: &Credentials) -> Outcome {
        let (outbox, id) = (self.outbox.clone(), step.id.to_string());
        let progress = move |line: String| {
            // A line that finds no room is a line that nobody misses.
            let _ = outbox.try_send(Message::Progress(Progress { step_id: id.clone(), line }));
        };
        let cx = Context {
            host: &*self.machine.host,
            ledger: &self.machine.ledger,
            credentials,
            mesh: &*self.mesh,
            progress: &progress,
        };
        execute::ensure(&step.action, &cx).await.map_err(|e| e.to_string())
    }

    fn send(&self, message: Message) {
        if self.outbox.try_send(message).is_err() {
            // Nobody is there, or far behind: the next offer brings it up again.
            tracing::debug!("a message to the coordinator was dropped");
        }
    }
}

/// Shows a component in the report.
pub fn show(machine: &Machine, action: &Action, state: ComponentState, facts: BTreeMap<String, String>) {
    let (component, digest, now) = (action.component(), action.digest(), machine.host.now());
    machine.see(|report| {
        let since = since(report.components.get(&component), &digest, &state).unwrap_or(now);
        report.components.insert(component, ComponentReport { digest, state, since, facts });
    });
}

fn since(old: Option<&ComponentReport>, digest: &ha_domain::id::Digest, state: &ComponentState) -> Option<Time> {
    old.filter(|o| o.digest == *digest && o.state == *state).map(|o| o.since)
}

fn finished(id: &StepId, outcome: &Outcome, took_ms: u64) -> StepFinished {
    let (ok, error) = match outcome {
        Ok(_) => (true, String::new()),
        Err(error) => (false, error.chars().take(2_000).collect()),
    };
    StepFinished { step_id: id.to_string(), ok, error, took_ms }
}

fn credentials(sent: std::collections::HashMap<String, String>) -> Credentials {
    let kind = |name: &str| serde_json::from_value::<CredentialKind>(serde_json::Value::String(name.to_owned())).ok();
    sent.into_iter().filter_map(|(name, text)| Some((kind(&name)?, Secret::new(text)))).collect()
}
