//! Replicated writes: every change of the state is one of these.

use serde::{Deserialize, Serialize};

use super::{CoordinatorAddress, Mesh, Refusal, Role, TokenPurpose};
use crate::catalog::Catalog;
use crate::heal::Act;
use crate::health::Condition;
use crate::id::{CoordinatorId, Digest, Identity, MachineId, MachineName, SecretName, Time, TokenId, UserName};
use crate::report::Facts;
use crate::spec::Spec;
use crate::step::{Step, StepEvent, StepId};

/// One entry of the replicated log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The proposer's clock.
    pub at: Time,
    /// Who asked: an identity, or `leader` for its own tasks.
    pub by: String,
    /// Idempotency key of a mutating call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is to change.
    pub command: Command,
}

/// What is to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// The mesh is founded.
    Found {
        /// Its identity.
        mesh: Box<Mesh>,
        /// The first coordinator.
        coordinator: CoordinatorAddress,
    },
    /// A spec is wanted from now on. Refused unless `base` is the current generation.
    SetSpec {
        /// Generation it was made from; 0 where there was none yet.
        base: u64,
        /// As the operator wrote it.
        text: String,
        /// Parsed and checked.
        spec: Box<Spec>,
        /// The catalog that goes with it.
        catalog: Box<Catalog>,
    },
    /// One machine is not wanted any more.
    RemoveMachine {
        /// Which.
        name: MachineName,
        /// Generation for which this was found to be allowed; 0 in entries of older coordinators, which did not say.
        #[serde(default)]
        base: u64,
    },
    /// A join or login token exists.
    IssueToken {
        /// Public id.
        id: TokenId,
        /// sha256 of the secret.
        secret: Digest,
        /// For whom.
        purpose: TokenPurpose,
        /// How often it may be used.
        uses: u32,
        /// Until when.
        expires: Time,
    },
    /// A token counts no more.
    RevokeToken {
        /// Which.
        id: TokenId,
    },
    /// A machine, a coordinator or an operator presents a token. Exactly one claim of a single-use token wins.
    Enrol {
        /// Token id.
        token: TokenId,
        /// sha256 of the secret that was presented.
        secret: Digest,
        /// What the machine says of itself; absent for operators.
        facts: Option<Box<Facts>>,
        /// Name given by hand.
        name: Option<MachineName>,
        /// A coordinator replica's address.
        address: Option<String>,
    },
    /// A certificate was signed; it counts from this entry on.
    RegisterCertificate {
        /// sha256 of its DER.
        fingerprint: Digest,
        /// For whom.
        identity: Identity,
        /// Until when.
        not_after: Time,
    },
    /// All certificates of an identity count no more.
    RevokeIdentity {
        /// Whose.
        identity: Identity,
    },
    /// A machine's facts changed (addresses above all).
    UpdateFacts {
        /// Which machine.
        machine: MachineId,
        /// Its facts.
        facts: Box<Facts>,
    },
    /// A plan is adopted: its steps may be offered. Refused unless made from the current revision.
    AdoptPlan {
        /// [`super::State::revision`] it was made from.
        base: u64,
        /// New steps.
        steps: Vec<Step>,
    },
    /// Something happened to a step.
    Advance {
        /// Which.
        step: StepId,
        /// What.
        event: StepEvent,
    },
    /// A secret is set.
    SetSecret {
        /// Which.
        name: SecretName,
        /// Sealed, in hex.
        sealed: String,
        /// Keep an existing value (generated secrets).
        if_absent: bool,
    },
    /// An operator exists, or has another role.
    SetUser {
        /// Who.
        name: UserName,
        /// What they may do.
        role: Role,
    },
    /// An operator and all their certificates count no more.
    RevokeUser {
        /// Who.
        name: UserName,
    },
    /// A coordinator replica is out.
    RemoveCoordinator {
        /// Which.
        id: CoordinatorId,
    },
    /// A machine is clean and gone.
    ForgetMachine {
        /// Which.
        machine: MachineId,
    },
    /// A machine is no longer as it was.
    NoteHealth {
        /// Which.
        machine: MachineId,
        /// How it is.
        condition: Condition,
        /// Why that is thought, a line for each observer.
        evidence: Vec<String>,
    },
    /// Something is to be done about an ill machine. Refused unless every gate is open.
    Decide {
        /// What.
        act: Act,
    },
    /// A decision whose time has come is carried out. Refused unless every gate is still open.
    CarryOut {
        /// Which.
        number: u64,
    },
    /// The reason for a decision went away.
    WithdrawDecision {
        /// Which.
        number: u64,
        /// How.
        why: String,
    },
    /// A person says no to a decision.
    VetoDecision {
        /// Which.
        number: u64,
    },
    /// A person says yes to a decision.
    ApproveDecision {
        /// Which.
        number: u64,
    },
    /// Healing is paused, or goes on.
    PauseHealing {
        /// Whether it is paused.
        on: bool,
    },
    /// Somebody works on a machine: nothing is done about it.
    SetMaintenance {
        /// Which.
        name: MachineName,
        /// Until when; absent ends it.
        until: Option<Time>,
    },
}

impl Command {
    /// sha256 of the command, to notice another command under the same idempotency key.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// Done.
    Done,
    /// Nothing had to change.
    Unchanged,
    /// The spec generation now in force.
    Generation {
        /// It.
        generation: u64,
        /// Whether this command changed it.
        changed: bool,
    },
    /// Who was enrolled.
    Enrolled {
        /// The new identity.
        identity: Identity,
    },
}

/// The reply, or why not; a refusal changes nothing.
pub type Outcome = Result<Reply, Refusal>;
