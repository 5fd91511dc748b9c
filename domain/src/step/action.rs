//! The closed list of what an agent can be told to do. There is no shell, no free command and no path among them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Acceptance, Base, Component, Containerd, ControlPlaneInit, ControlPlaneJoin, CoordinatorReplica, CredentialKind,
    Database, DatabaseAccess, DatabaseBackup, Drain, Echo, EtcdSnapshots, Firewall, Haproxy, Images, Ingress,
    IngressTls, Joget, JogetSetup, JoinCredentials, Keepalived, KubernetesBinaries, Network, NfsServer, NodeLabels,
    OutOfService, Preflight, RemoveNode, Reset, TimeSync, Volume, WorkerJoin,
};
use crate::id::Digest;

/// What is done on one machine, with all its parameters. Every action is probe, act, verify on the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs, reason = "each variant is documented at its parameters")]
pub enum Action {
    Preflight(Preflight),
    Base(Base),
    Time(TimeSync),
    Firewall(Firewall),
    Haproxy(Haproxy),
    Keepalived(Keepalived),
    Containerd(Containerd),
    Kubernetes(KubernetesBinaries),
    Images(Images),
    Coordinator(CoordinatorReplica),
    ControlPlaneInit(ControlPlaneInit),
    ControlPlaneJoin(ControlPlaneJoin),
    WorkerJoin(WorkerJoin),
    JoinCredentials(JoinCredentials),
    Network(Network),
    NodeLabels(NodeLabels),
    Ingress(Ingress),
    IngressTls(IngressTls),
    Database(Database),
    DatabaseAccess(DatabaseAccess),
    DatabaseBackup(DatabaseBackup),
    NfsServer(NfsServer),
    Volume(Volume),
    Joget(Joget),
    JogetSetup(JogetSetup),
    EtcdSnapshots(EtcdSnapshots),
    Acceptance(Acceptance),
    Drain(Drain),
    OutOfService(OutOfService),
    RemoveNode(RemoveNode),
    Reset(Reset),
    Echo(Echo),
}

/// What may happen when an action is started again after a crash that left its end unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Doing it twice is the same as doing it once.
    Idempotent,
    /// Its probe tells whether it happened.
    Probeable,
    /// Neither: a person decides.
    Dangerous,
}

impl Action {
    /// The component this action converges.
    pub fn component(&self) -> Component {
        match self {
            Self::Preflight(_) => Component::Preflight,
            Self::Base(_) => Component::Base,
            Self::Time(_) => Component::Time,
            Self::Firewall(_) => Component::Firewall,
            Self::Haproxy(_) => Component::Haproxy,
            Self::Keepalived(_) => Component::Keepalived,
            Self::Containerd(_) => Component::Containerd,
            Self::Kubernetes(_) => Component::Kubernetes,
            Self::Images(_) => Component::Images,
            Self::Coordinator(_) => Component::Coordinator,
            Self::ControlPlaneInit(_) | Self::ControlPlaneJoin(_) | Self::WorkerJoin(_) => Component::Node,
            Self::JoinCredentials(_) => Component::JoinCredentials,
            Self::Network(_) => Component::Network,
            Self::NodeLabels(_) => Component::NodeLabels,
            Self::Ingress(_) => Component::Ingress,
            Self::IngressTls(_) => Component::IngressTls,
            Self::Database(_) => Component::Database,
            Self::DatabaseAccess(_) => Component::DatabaseAccess,
            Self::DatabaseBackup(_) => Component::DatabaseBackup,
            Self::NfsServer(_) => Component::NfsServer,
            Self::Volume(_) => Component::Volume,
            Self::Joget(_) => Component::Joget,
            Self::JogetSetup(_) => Component::JogetSetup,
            Self::EtcdSnapshots(_) => Component::EtcdSnapshots,
            Self::Acceptance(_) => Component::Acceptance,
            Self::Drain(_) => Component::Drain,
            Self::OutOfService(_) => Component::OutOfService,
            Self::RemoveNode(_) => Component::RemoveNode,
            Self::Reset(_) => Component::Reset,
            Self::Echo(_) => Component::Echo,
        }
    }

    /// SHA-256 of what makes this action different from another of its component. The ways into the cluster of a node
    /// (init or join, which pin) do not count: once it is a node, how it became one is history.
    pub fn digest(&self) -> Digest {
        let identity = match self {
            Self::ControlPlaneInit(a) => serde_json::to_vec(&a.node),
            Self::ControlPlaneJoin(a) => serde_json::to_vec(&a.node),
            Self::WorkerJoin(a) => serde_json::to_vec(&a.node),
            other => serde_json::to_vec(other),
        };
        // Serialising plain data to memory cannot fail; an empty digest would only cause the step to be done again.
        Digest::of(&identity.unwrap_or_default())
    }

    /// The secrets that the leader hands over with the start grant, and never keeps in the journal.
    pub fn credentials(&self) -> &'static [CredentialKind] {
        match self {
            Self::ControlPlaneInit(_) | Self::ControlPlaneJoin(_) | Self::JoinCredentials(_) => {
                &[CredentialKind::BootstrapToken, CredentialKind::CertificateKey]
            }
            Self::WorkerJoin(_) => &[CredentialKind::BootstrapToken],
            Self::Coordinator(_) => &[CredentialKind::CoordinatorJoin],
            Self::IngressTls(_) => &[CredentialKind::SiteCertificate, CredentialKind::SiteKey],
            Self::Database(_) => &[CredentialKind::DatabaseCertificate, CredentialKind::DatabaseKey],
            Self::DatabaseAccess(_) => &[CredentialKind::DatabasePassword],
            Self::Joget(joget) if joget.registry.is_some() => {
                &[CredentialKind::DatabasePassword, CredentialKind::JogetAdminPassword, CredentialKind::RegistryLogin]
            }
            Self::Joget(_) | Self::JogetSetup(_) | Self::Acceptance(_) => {
                &[CredentialKind::DatabasePassword, CredentialKind::JogetAdminPassword]
            }
            _ => &[],
        }
    }

    /// Whether the action may simply be started again.
    pub fn repeat(&self) -> Repeat {
        match self {
            Self::ControlPlaneInit(_) | Self::ControlPlaneJoin(_) | Self::WorkerJoin(_) | Self::JogetSetup(_) => {
                Repeat::Probeable
            }
            Self::RemoveNode(_) | Self::Reset(_) => Repeat::Probeable,
            _ => Repeat::Idempotent,
        }
    }

    /// Whether it changes the membership of etcd: one at a time may.
    pub fn changes_membership(&self) -> bool {
        match self {
            Self::ControlPlaneInit(_) | Self::ControlPlaneJoin(_) => true,
            Self::RemoveNode(remove) => remove.etcd_peer.is_some(),
            _ => false,
        }
    }

    /// The node that it takes out of service or out of the cluster.
    pub fn retires(&self) -> Option<&str> {
        match self {
            Self::Drain(drain) => Some(&drain.node),
            Self::RemoveNode(remove) => Some(&remove.node),
            _ => None,
        }
    }

    /// How long it may take, in milliseconds, generously: slow mirrors and disks are normal.
    pub fn deadline_ms(&self) -> u64 {
        const MINUTE: u64 = 60_000;
        match self {
            Self::Echo(_) => 10_000,
            Self::Preflight(_) | Self::Time(_) | Self::Firewall(_) | Self::Keepalived(_) => 5 * MINUTE,
            Self::ControlPlaneInit(_) | Self::ControlPlaneJoin(_) | Self::WorkerJoin(_) => 10 * MINUTE,
            Self::Images(_) | Self::Containerd(_) | Self::Kubernetes(_) | Self::Database(_) => 20 * MINUTE,
            _ => 10 * MINUTE,
        }
    }
}

/// Free key-value overrides that a site gives for a program's own configuration format; checked by that program.
pub type Overrides = BTreeMap<String, serde_json::Value>;
