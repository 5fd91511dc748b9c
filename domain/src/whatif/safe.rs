//! What could be switched off afterwards: asks the engine once more for each machine that is there then.

use std::collections::BTreeSet;

use super::scene::is_here;
use super::{After, LayerLoss, Verdict, after};
use crate::id::MachineName;
use crate::plan::{Input, World};

/// Machines that could be switched off after `lost`, each alone. One that carries a part of a layer which is lost then is
/// not among them, even if nothing more breaks: it may have the last copy, and is needed to come back.
pub(super) fn safe(
    input: &Input<'_>,
    world: &World<'_>,
    lost: &BTreeSet<MachineName>,
    then: &After,
) -> Vec<MachineName> {
    let machines = world.spec.machines.iter().map(|m| &m.name);
    let there = machines.filter(|name| !lost.contains(*name) && is_here(world, name));
    let harmless = there.filter(|name| {
        let more = lost.iter().chain([*name]).cloned().collect();
        is_harmless(name, then, &after(input, world, &more))
    });
    harmless.cloned().collect()
}

fn is_harmless(name: &MachineName, then: &After, more: &After) -> bool {
    let needed = |l: &&LayerLoss| l.verdict == Verdict::Lost && !was_lost_without(then.layer(l.layer), name);
    let layers = !more.layers.iter().any(|l| needed(&l));
    layers && more.data.len() <= then.data.len() && (then.joget.interrupts() || !more.joget.interrupts())
}

/// Whether a layer was lost before this machine went, and had no part on it.
fn was_lost_without(layer: Option<&LayerLoss>, name: &MachineName) -> bool {
    layer.is_some_and(|l| l.verdict == Verdict::Lost && !l.left.contains(name))
}
