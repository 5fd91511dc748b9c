//! What breaks when machines are lost together, counted from what is there now. Decides nothing and changes nothing.
//!
//! One file a layer: each takes the scene after the loss and says what is left of it. [`quorum_after`] also gates acts.

mod agreement;
mod balance;
mod database;
mod joget;
mod kubernetes;
mod loss;
mod quorum;
mod safe;
mod scene;
mod score;
mod storage;
mod taken;
mod told;
mod words;
mod workers;

pub use joget::EVICTED_AFTER_S;
pub use loss::{Absent, DataLoss, LayerKind, LayerLoss, Replicas, Room, Verdict, VipLoss};
pub use quorum::{QuorumGroup, Votes, quorum_after, quorum_after_removal};
pub use score::{Score, SingleLoss, Taken, score};
pub use taken::{UnknownName, taken};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{MachineName, Time};
use crate::plan::{Input, World};

use scene::Scene;

/// What breaks when machines are lost together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WhatIf {
    /// The site's name.
    pub site: String,
    /// The machines that are taken away, in the spec's order.
    pub lost: Vec<MachineName>,
    /// Machines of the spec that count as lost without that, in the spec's order.
    pub absent: Vec<Absent>,
    /// Every layer, from the mesh up.
    pub layers: Vec<LayerLoss>,
    /// Both VIPs: who holds them now and then.
    pub vips: Vec<VipLoss>,
    /// Joget's replicas on machines that are not there then.
    pub joget: Replicas,
    /// Data that is gone if these machines never return.
    pub data: Vec<DataLoss>,
    /// Machines that could be switched off then, each alone, without a layer, data or Joget's only replica being lost.
    pub safe: Vec<MachineName>,
    /// The instant this was computed for.
    pub now: Time,
}

/// What the loss of these machines breaks; `None` where no spec was applied yet.
pub fn what_if(input: &Input<'_>, lost: &BTreeSet<MachineName>) -> Option<WhatIf> {
    let world = World::new(input)?;
    let then = after(input, &world, lost);
    let named = world.spec.machines.iter().map(|m| &m.name);
    Some(WhatIf {
        site: world.spec.name.to_string(),
        lost: named.filter(|name| lost.contains(*name)).cloned().collect(),
        absent: scene::absent(&world),
        safe: safe::safe(input, &world, lost, &then),
        layers: then.layers,
        vips: then.vips,
        joget: then.joget,
        data: then.data,
        now: input.now,
    })
}

/// What is left of everything, once.
struct After {
    layers: Vec<LayerLoss>,
    vips: Vec<VipLoss>,
    joget: Replicas,
    data: Vec<DataLoss>,
}

impl After {
    fn layer(&self, kind: LayerKind) -> Option<&LayerLoss> {
        self.layers.iter().find(|l| l.layer == kind)
    }
}

fn after(input: &Input<'_>, world: &World<'_>, lost: &BTreeSet<MachineName>) -> After {
    let scene = Scene { input, world, lost };
    let coordinators = agreement::coordinators(&scene);
    let etcd = agreement::etcd(&scene);
    let (balance, vips) = balance::balance(&scene);
    let kubernetes = kubernetes::kubernetes(&scene, &etcd, &balance);
    let workers = workers::workers(&scene);
    let (database, rows) = database::database(&scene);
    let (storage, files) = storage::storage(&scene);
    let under = [&kubernetes, &balance, &workers, &database, &storage];
    let (joget, replicas) = joget::joget(&scene, under);
    After {
        layers: vec![coordinators, etcd, kubernetes, balance, workers, database, storage, joget],
        vips,
        joget: replicas,
        data: rows.into_iter().chain(files).collect(),
    }
}

#[cfg(test)]
mod tests;
