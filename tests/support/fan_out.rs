//! Many agents in one process, on machines that have nothing to do: what they cost, and how fast all are reached.
//!
//! Coordinators are elsewhere, so that each side can be measured by itself.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _};
use ha_agent::app::Agent;
use ha_agent::config::Config;
use ha_agent::enrol;
use ha_agent::host::fake::World;
use ha_domain::id::{MachineName, TokenId};
use ha_domain::state::{Command, TokenPurpose};
use ha_transport::{Endpoint, JoinString, LoginString, Secret};

use ha_coordinator::config::Ports;
use ha_coordinator::mesh::{Mesh, now};
use ha_coordinator::store::Timing;

use crate::coordinator::{CoordinatorSeat, end_all};
use crate::network::Network;
use crate::operator::Operator;
use crate::until::{until, until_so};

/// Enrolments under way: fewer than a listener takes from one address.
const AT_ONCE: usize = 8;
/// How often an agent asks to be enrolled: coordinators that are asked for hundreds at once may answer too late.
const ASKED: u32 = 3;
/// How long the tokens live.
const HOUR_MS: u64 = 3_600_000;
/// Coordinators.
const REPLICAS: u8 = 3;

/// Three coordinators and nobody else.
pub struct Coordinators {
    /// They.
    pub seats: Vec<CoordinatorSeat>,
    /// The administrator.
    pub admin: Operator,
    _network: Network,
}

impl Coordinators {
    /// Founds a mesh of three replicas.
    ///
    /// # Errors
    /// What the programs would say.
    pub async fn found(dir: &Path, timing: Timing) -> anyhow::Result<Self> {
        let network = Network::claim()?;
        let seat = |n: u8| CoordinatorSeat::new(dir, (&format!("c{n}"), network.host(20 + n)), timing);
        let seats: Vec<_> = (1..=REPLICAS).map(seat).collect();
        let (first, others) = seats.split_first().context("there are replicas")?;
        let founded = first.found(b"no package").await?;
        first.start()?;
        let admin = login(&founded.login).await?;
        for (n, other) in others.iter().enumerate() {
            let purpose = TokenPurpose::Coordinator { name: MachineName::new(&other.name)? };
            let invitation = invite(first, purpose, 1).await?;
            other.join(&invitation, &other.address.to_string()).await?;
            other.start()?;
            until_so("a further voter", || first.voters() == n + 2).await?;
        }
        Ok(Self { seats, admin, _network: network })
    }

    /// The one that leads.
    pub fn leader(&self) -> Option<&CoordinatorSeat> {
        self.seats.iter().find(|seat| seat.leads())
    }

    /// A join string for `machines` machines, each of which may ask again.
    ///
    /// # Errors
    /// Nobody leads.
    pub async fn invite(&self, machines: u32) -> anyhow::Result<JoinString> {
        let leader = self.leader().context("nobody leads")?;
        invite(leader, TokenPurpose::AnyMachine, machines.saturating_mul(ASKED)).await
    }

    /// Waits until this many agents have a session with the leader.
    ///
    /// # Errors
    /// When they do not come.
    pub async fn sessions(&self, wanted: usize) -> anyhow::Result<()> {
        let count = || self.leader().and_then(|seat| seat.look(|mesh| mesh.hub.sessions())).unwrap_or(0);
        let look = || {
            let count = count();
            std::future::ready(if count >= wanted { Ok(()) } else { Err(format!("{count}")) })
        };
        until("all agents' sessions", look).await
    }

    /// How many agents the leader has heard of within `ms` milliseconds.
    pub fn heard_within(&self, ms: u64) -> usize {
        let heard = |mesh: &Mesh| {
            let at = now();
            mesh.hub.with_observed(|o| o.values().filter(|s| s.connected && at.ms_since(s.heard) <= ms).count())
        };
        self.leader().and_then(|seat| seat.look(heard)).unwrap_or(0)
    }

    /// Ends them.
    pub fn end(&self) {
        end_all(self.seats.iter());
    }
}

async fn login(invitation: &LoginString) -> anyhow::Result<Operator> {
    until("a coordinator that takes a login", async || Operator::login(invitation).await.map_err(|e| format!("{e:#}")))
        .await
}

/// Issues a token at the leader: the operators' service has none for so many machines.
async fn invite(leader: &CoordinatorSeat, purpose: TokenPurpose, uses: u32) -> anyhow::Result<JoinString> {
    let mesh = leader.mesh().context("the coordinator does not run")?;
    let secret = Secret::<[u8; 32]>::random()?;
    let id = TokenId::new(&format!("b{:010x}", rand::random::<u32>()))?;
    let issue =
        Command::IssueToken { id: id.clone(), secret: secret.digest(), purpose, uses, expires: now().plus_ms(HOUR_MS) };
    mesh.propose("sandbox", issue).await?;
    let pin = mesh.peek(|s| s.mesh.as_ref().map(|m| m.pin.clone())).context("there is no mesh")?;
    let endpoints = mesh.hosts().into_iter().map(|(_, host)| Ok(Endpoint::new(&Ports::of(&host)?.agents())?));
    Ok(JoinString::new(id, secret, pin, endpoints.collect::<anyhow::Result<_>>()?)?)
}

/// Agents that share this process.
pub struct Crowd {
    _agents: Vec<Agent>,
}

impl Crowd {
    /// Enrols and starts them, each on a machine of its own.
    ///
    /// # Errors
    /// What the programs would say.
    pub async fn start(dir: &Path, count: u32, invitation: &JoinString) -> anyhow::Result<Self> {
        let starting = futures_util::stream::iter((0..count).map(|n| one(dir, n, invitation)));
        Ok(Self { _agents: starting.buffer_unordered(AT_ONCE).try_collect().await? })
    }
}

async fn one(dir: &Path, n: u32, invitation: &JoinString) -> anyhow::Result<Agent> {
    let name = format!("a{n}");
    // Its own world: no machine waits for another.
    let host = World::new().machine(&name, IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n)));
    let home = dir.join("agents").join(&name);
    let config = Config { keys: home.join("keys"), state: home.join("state") };
    let mut asked = 0;
    while let Err(error) = enrol::join(&config, &host, invitation, None).await {
        asked += 1;
        if asked == ASKED {
            return Err(error.context(format!("{name} joins")));
        }
    }
    Agent::start(&config, Arc::new(host)).await
}
