//! Which certificates a listener lets in: registered in the state, and of a kind that belongs there.

use std::sync::{Arc, OnceLock, Weak};

use ha_domain::id::{Digest, Identity, Subject};
use ha_transport::{Admission, Refusal};

use crate::mesh::Mesh;

/// Which listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Raft and relayed calls.
    Peers,
    /// Agents and enrolment.
    Agents,
    /// Operators.
    Operators,
}

/// Lets in what the state has registered.
pub struct Registered {
    door: Door,
    mesh: Arc<OnceLock<Weak<Mesh>>>,
}

impl Registered {
    /// For one listener; `mesh` may be set after the listener is bound.
    pub fn new(door: Door, mesh: Arc<OnceLock<Weak<Mesh>>>) -> Self {
        Self { door, mesh }
    }
}

impl Admission for Registered {
    fn admits(&self, fingerprint: &Digest, identity: &Identity) -> Result<(), Refusal> {
        let kind = match (self.door, &identity.subject) {
            (Door::Peers, Subject::Coordinator(_))
            | (Door::Agents, Subject::Agent(_))
            | (Door::Operators, Subject::Operator(_)) => true,
            (Door::Peers | Door::Agents | Door::Operators, _) => false,
        };
        if !kind {
            return Err(Refusal::OtherKind);
        }
        let mesh = self.mesh.get().and_then(Weak::upgrade).ok_or(Refusal::Unregistered)?;
        // A replica that knows no mesh yet (a fresh learner) must let its leader in: the certificate itself has to do.
        let known =
            mesh.peek(|s| s.mesh.is_none() || s.certificates.get(fingerprint).is_some_and(|c| c.identity == *identity));
        if known { Ok(()) } else { Err(Refusal::Unregistered) }
    }
}
