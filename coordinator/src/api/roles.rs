//! Who may call what: one row for each method, deny by default. A test walks the descriptors and fails where a row is missing.

use ha_domain::state::Role;

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Callers without a certificate too.
    Anyone,
    /// Agents.
    Agent,
    /// Coordinators.
    Coordinator,
    /// Agents and coordinators.
    Member,
    /// Operators who have at least this role.
    Operator(Role),
}

/// Method path to who may call it.
pub const TABLE: &[(&str, Allowed)] = &[
    ("/ha.v1.Enrolment/Enrol", Allowed::Anyone),
    ("/ha.v1.Agents/Session", Allowed::Agent),
    ("/ha.v1.Agents/Renew", Allowed::Agent),
    ("/ha.v1.Agents/Fetch", Allowed::Member),
    ("/ha.v1.Agents/Store", Allowed::Agent),
    ("/ha.v1.Control/Apply", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/Plan", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Status", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Watch", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/WhatIf", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Nodes", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/RemoveNode", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/Steps", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Events", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Logs", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/CreateToken", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/Tokens", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/RevokeToken", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/AddUser", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/Users", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/RevokeUser", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/SetSecret", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/Secrets", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Kubeconfig", Allowed::Operator(Role::Admin)),
    ("/ha.v1.Control/Spec", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Version", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Echo", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/Healing", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Incidents", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Control/Heal", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/Maintain", Allowed::Operator(Role::Operator)),
    ("/ha.v1.Control/RenewOperator", Allowed::Operator(Role::Reader)),
    ("/ha.v1.Peer/Append", Allowed::Coordinator),
    ("/ha.v1.Peer/Vote", Allowed::Coordinator),
    ("/ha.v1.Peer/PreVote", Allowed::Coordinator),
    ("/ha.v1.Peer/InstallSnapshot", Allowed::Coordinator),
    ("/ha.v1.Peer/TransferLeader", Allowed::Coordinator),
];

/// The row of a method.
pub fn allowed(path: &str) -> Option<Allowed> {
    TABLE.iter().find(|(method, _)| *method == path).map(|(_, allowed)| *allowed)
}
