//! The coordinators of a simulated site: what happens in this process when a simulated machine runs the coordinator's program.
//!
//! Knows nothing of agents and plans.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ha_agent::host::fake::Coordinators;
use ha_transport::JoinString;

use crate::coordinator::CoordinatorSeat;

/// A seat for every machine: any of them may become a coordinator.
#[derive(Default)]
pub struct Replicas(BTreeMap<String, Arc<CoordinatorSeat>>);

impl Replicas {
    /// Of these.
    pub fn of(seats: impl IntoIterator<Item = CoordinatorSeat>) -> Self {
        Self(seats.into_iter().map(|seat| (seat.name.clone(), Arc::new(seat))).collect())
    }

    /// The seat on a machine.
    pub fn seat(&self, machine: &str) -> Option<&Arc<CoordinatorSeat>> {
        self.0.get(machine)
    }

    /// The one that leads, if one does.
    pub fn leader(&self) -> Option<&Arc<CoordinatorSeat>> {
        self.0.values().find(|seat| seat.leads())
    }

    /// All seats.
    pub fn seats(&self) -> impl Iterator<Item = &Arc<CoordinatorSeat>> {
        self.0.values()
    }
}

#[async_trait]
impl Coordinators for Replicas {
    async fn join(&self, machine: &str, address: &str, join_string: &str) -> Result<(), String> {
        let seat = self.seat(machine).ok_or("this machine has no seat for a coordinator")?;
        let invitation = JoinString::parse(join_string.trim()).map_err(|e| e.to_string())?;
        seat.join(&invitation, address).await.map_err(|e| format!("ha-coordinator: {e:#}"))
    }

    fn set_running(&self, machine: &str, running: bool) {
        let Some(seat) = self.seat(machine) else { return };
        if !running {
            seat.kill();
        } else if let Err(error) = seat.start() {
            tracing::error!(machine, %error, "the coordinator was not started");
        }
    }

    fn is_healthy(&self, machine: &str) -> bool {
        self.seat(machine).is_some_and(|seat| seat.is_healthy())
    }
}
