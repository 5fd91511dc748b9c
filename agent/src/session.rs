//! The stream to any one coordinator: reports up, steps down; reconnects with full jitter, and tells everything again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::Time;
use ha_domain::report::Report;
use ha_proto::v1::agent_message::Message;
use ha_proto::v1::agents_client::AgentsClient;
use ha_proto::v1::coordinator_message::Message as FromCoordinator;
use ha_proto::v1::{AgentMessage, Hello, LogLines, LogRequest, ProbeRequest, ReportDelta};
use ha_transport::{Backoff, ChannelOptions, CredentialStore, channel};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::endpoints::Endpoints;
use crate::leave;
use crate::logs;
use crate::machine::Machine;
use crate::sight;
use crate::steps::Steps;

#[cfg(test)]
mod tests;

/// Changes that come together are told together.
const GATHER: Duration = Duration::from_millis(20);
/// A word at least this often: the coordinator counts silence.
const BREATH: Duration = Duration::from_secs(1);
/// The first and the longest pause between two tries to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// What a session needs.
pub struct Link {
    /// The machine.
    pub machine: Arc<Machine>,
    /// Its steps.
    pub steps: Arc<Steps>,
    /// Its certificate.
    pub credentials: CredentialStore,
    /// The folder it is in.
    pub keys: PathBuf,
    /// Messages of steps, to be sent.
    pub outbox: mpsc::Receiver<Message>,
}

impl Link {
    /// Keeps a session, until the mesh lets this machine go.
    pub async fn keep(mut self) {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            let endpoints = Endpoints::load(&self.machine.state).unwrap_or_default().shuffled();
            if endpoints.is_empty() {
                tracing::error!("no coordinator is known; join again");
            }
            for endpoint in endpoints {
                let options = ChannelOptions::default();
                let Ok(channel) = channel(&endpoint, self.credentials.clone(), &options) else { continue };
                match self.serve(channel, &mut backoff).await {
                    Ok(()) => tracing::info!(%endpoint, "the session ended"),
                    Err(status) => {
                        tracing::info!(%endpoint, why = %status.message(), "no session");
                        if leave::was_let_go(&self.machine, &status).await {
                            return self.depart();
                        }
                    }
                }
                tokio::time::sleep(backoff.next()).await;
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    fn depart(&self) {
        match leave::forget(&self.keys) {
            Ok(()) => tracing::info!("this machine is clean and has left the mesh"),
            Err(error) => tracing::warn!(%error, "the certificate of a mesh that let this machine go stays"),
        }
    }

    /// One session, until it ends.
    async fn serve(&mut self, channel: Channel, backoff: &mut Backoff) -> Result<(), tonic::Status> {
        let (to, outgoing) = mpsc::channel(64);
        let hello = Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: self.machine.report().facts.boot_id,
            name: String::new(),
        };
        send(&to, Message::Hello(hello)).await?;
        let mut client = AgentsClient::new(channel);
        let mut incoming = client.session(ReceiverStream::new(outgoing)).await?.into_inner();
        // What steps wanted to tell an earlier session is told again when they are offered again.
        while self.outbox.try_recv().is_ok() {}
        self.steps.forget_asked();
        let mut sent: Option<Report> = None;
        let mut changes = self.machine.changes();
        loop {
            tokio::select! {
                message = incoming.message() => match message? {
                    Some(message) => {
                        backoff.reset();
                        self.take(message.message, &to, &mut sent).await?;
                    }
                    None => return Ok(()),
                },
                Some(message) = self.outbox.recv() => {
                    // An end is told after the report that shows it.
                    tell(&self.machine, &to, &mut sent).await?;
                    send(&to, message).await?;
                }
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    tokio::time::sleep(GATHER).await;
                    changes.mark_unchanged();
                    tell(&self.machine, &to, &mut sent).await?;
                }
                () = tokio::time::sleep(BREATH) => breathe(&to).await?,
            }
        }
    }

    async fn take(
        &self,
        message: Option<FromCoordinator>,
        to: &mpsc::Sender<AgentMessage>,
        sent: &mut Option<Report>,
    ) -> Result<(), tonic::Status> {
        match message {
            Some(FromCoordinator::Welcome(welcome)) => {
                self.machine.hear_clock(Time(welcome.now_ms));
                let known = Endpoints::of(&welcome.endpoints);
                if !known.is_empty()
                    && let Err(error) = known.store(&self.machine.state)
                {
                    tracing::warn!(%error, "keeping the coordinators' addresses");
                }
                tell(&self.machine, to, sent).await?;
            }
            Some(FromCoordinator::Offer(offer)) => {
                if let Err(why) = self.steps.offered(&offer) {
                    tracing::warn!(%why, "an offer this version cannot read: update the agent");
                }
            }
            Some(FromCoordinator::Start(reply)) => self.steps.answered(reply),
            Some(FromCoordinator::Resync(_)) => {
                *sent = None;
                tell(&self.machine, to, sent).await?;
            }
            Some(FromCoordinator::Log(request)) => self.log(request, to.clone()),
            Some(FromCoordinator::Goodbye(goodbye)) => tracing::info!(why = %goodbye.reason, "the coordinator goes"),
            Some(FromCoordinator::Probe(request)) => self.look(request, to.clone()),
            Some(FromCoordinator::Finished(_)) | None => {}
        }
        Ok(())
    }

    fn look(&self, request: ProbeRequest, to: mpsc::Sender<AgentMessage>) {
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            let seen = sight::look(&*machine.host, &request).await;
            let _ = to.send(AgentMessage { message: Some(Message::Probe(seen)) }).await;
        });
    }

    fn log(&self, request: LogRequest, to: mpsc::Sender<AgentMessage>) {
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            let answer = match logs::lines(&*machine.host, &request).await {
                Ok(lines) => LogLines { request: request.request, lines, last: true, error: String::new() },
                Err(error) => LogLines { request: request.request, lines: Vec::new(), last: true, error },
            };
            let _ = to.send(AgentMessage { message: Some(Message::Log(answer)) }).await;
        });
    }
}

async fn send(to: &mpsc::Sender<AgentMessage>, message: Message) -> Result<(), tonic::Status> {
    let gone = |_| tonic::Status::unavailable("the stream is closed");
    to.send(AgentMessage { message: Some(message) }).await.map_err(gone)
}

/// Tells what changed since `sent`; everything where nothing was sent yet.
async fn tell(
    machine: &Machine,
    to: &mpsc::Sender<AgentMessage>,
    sent: &mut Option<Report>,
) -> Result<(), tonic::Status> {
    let report = machine.report();
    let full = sent.is_none();
    let sections = match sent {
        Some(old) => report.delta(old),
        None => report.full(),
    };
    let sections = sections.map_err(|e| tonic::Status::internal(e.to_string()))?;
    if sections.is_empty() && !full {
        return Ok(());
    }
    let sections = serde_json::to_vec(&sections).map_err(|e| tonic::Status::internal(e.to_string()))?;
    send(to, Message::Report(ReportDelta { sections, full })).await?;
    *sent = Some(report);
    Ok(())
}

/// An empty report: "still here, nothing changed".
async fn breathe(to: &mpsc::Sender<AgentMessage>) -> Result<(), tonic::Status> {
    send(to, Message::Report(ReportDelta { sections: b"{}".to_vec(), full: false })).await
}
