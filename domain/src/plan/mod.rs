//! What is to be done next: a pure function of what is wanted, what is known and what is under way.
//!
//! [`CONCERNS`] is the order in which a site is built; each concern is one file under `concern/` that lists wishes. The
//! engine here turns wishes into steps: done by observation, one at a time per component, with a reason for whatever waits.

mod concern;
mod ensure;
mod forecast;
mod leaving;
mod replicas;
mod report;
mod settle;
mod turns;
mod wish;
mod world;

pub use forecast::{Forecast, Wave, forecast};
pub use leaving::may_forget;
pub use replicas::surplus;
pub use report::{ConcernReport, Outcome, PlanReport};
pub use settle::settle;
pub use world::{Observed, Seen, World};

use wish::Wish;

use crate::id::Time;
use crate::state::State;
use crate::step::Step;

/// Everything a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The planner's instant.
    pub now: Time,
    /// What is replicated.
    pub state: &'a State,
    /// What agents last said, on this node.
    pub observed: &'a Observed,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// [`State::revision`] it was made from: the reducer adopts it only on that.
    pub base: u64,
    /// New steps.
    pub steps: Vec<Step>,
    /// Each concern: done, proposed, running, waiting or holding, and why.
    pub report: PlanReport,
}

/// A concern lists what it wants, given what earlier concerns want.
type Concern = fn(&World<'_>) -> Vec<Wish>;

/// The order in which a site is built: the table of contents of the product.
const CONCERNS: &[(&str, Concern)] = &[
    ("preflight", concern::machine::preflight),
    ("base", concern::machine::base),
    ("time", concern::machine::time),
    ("firewall", concern::machine::firewall),
    ("load balancing", concern::balance::load_balancing),
    ("coordinators", concern::coordinators::coordinators),
    ("runtime", concern::runtime::runtime),
    ("storage", concern::storage::server),
    ("database", concern::database::server),
    ("control plane", concern::control_plane::control_plane),
    ("network", concern::cluster::network),
    ("workers", concern::workers::workers),
    ("evacuation", concern::evacuate::evacuate),
    ("node labels", concern::cluster::node_labels),
    ("ingress", concern::cluster::ingress),
    ("volume", concern::storage::volume),
    ("database access", concern::database::access),
    ("joget", concern::joget::joget),
    ("backups", concern::backups::backups),
    ("acceptance", concern::joget::acceptance),
    ("retirement", concern::retire::retire),
];

/// Plans. Never fails: not being able to act is data with a reason, in the report.
pub fn plan(input: &Input<'_>) -> Plan {
    let mut steps = Vec::new();
    let mut report = PlanReport::default();
    if let Some(mut world) = World::new(input) {
        for (name, concern) in CONCERNS {
            let wishes = concern(&world);
            let concern_report = ensure::all(&mut world, name, wishes, &mut steps);
            let hold = matches!(concern_report.outcome, Outcome::Hold { .. });
            report.concerns.push(concern_report);
            if hold {
                break;
            }
        }
    }
    Plan { base: input.state.revision, steps, report }
}

#[cfg(test)]
mod tests;
