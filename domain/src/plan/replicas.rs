//! Which coordinator replica is to leave the group. Knows nothing of the group itself: who answers is the leader's to see.

use crate::id::CoordinatorId;
use crate::state::{CoordinatorRecord, Place, State};

/// The replica that is one too many: its machine leaves, has left, or is no coordinator in the spec any more. Nobody goes
/// before as many others are in as the spec names, so a replacement joins first. A replica on a machine that never
/// enrolled is left alone: nobody can say what it is to the spec.
pub fn surplus(state: &State) -> Option<CoordinatorId> {
    let spec = &state.spec.as_ref()?.spec;
    let live = || state.coordinators.iter().filter(|(_, replica)| !replica.removed);
    // Without a package nobody can join in its place, and waiting for that would have no end.
    let can_grow = state.mesh.as_ref().is_some_and(|mesh| mesh.package.is_some());
    let stay = if can_grow { spec.coordinator_machines().len() } else { 1 };
    if live().count() <= stay.max(1) {
        return None;
    }
    live().find(|(_, replica)| !belongs(state, replica)).map(|(id, _)| *id)
}

fn belongs(state: &State, replica: &CoordinatorRecord) -> bool {
    let Some(record) = &state.spec else { return true };
    match state.machine_of(replica).map(|(_, machine)| &machine.place) {
        Some(Place::Assigned { name, .. }) => record.spec.coordinator_machines().iter().any(|m| m.name == *name),
        Some(Place::Leaving { .. } | Place::Gone) => false,
        Some(Place::Unknown | Place::Bound { .. } | Place::Ambiguous { .. }) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::id::{ClusterName, Digest, MachineId, MachineName, Time};
    use crate::spec::Role;
    use crate::state::{MachineRecord, Mesh, Package, SpecRecord};

    fn site(masters: &[&str]) -> SpecRecord {
        let line = |n: &&str| format!("- {{name: m{n}, role: control-plane, address: 10.0.0.{n}}}\n");
        let text = format!(
            "version: 1\nname: acme\nmachines:\n{}- {{name: w1, role: worker, address: 10.0.0.31}}\n\
             - {{name: db1, role: database, address: 10.0.0.41}}\n- {{name: lb1, role: load-balancer, address: 10.0.0.11}}\n\
             vips: {{api: 10.0.0.10, apps: 10.0.0.9}}\nkubernetes: {{version: 1.36.4}}\ndatabase: {{kind: mariadb}}\n\
             joget: {{image: \"registry.example/joget:1\", host: myapp.com}}\n",
            masters.iter().map(line).collect::<String>()
        );
        let spec = crate::spec::parse(&text).unwrap();
        SpecRecord { generation: 1, at: Time(1), by: String::new(), text, spec, catalog: Catalog::built_in() }
    }

    /// Replicas on machines by number; the spec names those in `named`, the others leave.
    fn state(replicas: &[u64], named: &[&str], package: bool) -> State {
        let mut state = State { spec: Some(site(named)), ..State::default() };
        for n in replicas {
            let name = MachineName::new(&format!("m{n}")).unwrap();
            let place = match named.contains(&n.to_string().as_str()) {
                true => Place::Assigned { name, role: Role::ControlPlane },
                false => Place::Leaving { name, role: Role::ControlPlane },
            };
            let host = format!("10.0.0.{n}");
            let facts = crate::report::Facts { addresses: vec![host.parse().unwrap()], ..Default::default() };
            let record = MachineRecord { at: Time(1), name: None, facts, place };
            state.machines.insert(MachineId::new(&format!("n{n}")).unwrap(), record);
            let replica = CoordinatorRecord { host, at: Time(1), machine: None, removed: false };
            state.coordinators.insert(CoordinatorId(*n), replica);
        }
        let digest = Digest::of(b"package");
        state.mesh = Some(Mesh {
            cluster: ClusterName::new("ha-test").unwrap(),
            lineage: 1,
            ca_pem: String::new(),
            ca_key_sealed: String::new(),
            pin: digest.clone(),
            package: package.then(|| Package { digest, version: String::new() }),
        });
        state
    }

    #[test]
    fn a_replica_leaves_with_its_machine_but_not_before_its_successor_is_in() {
        type Row = (&'static [u64], &'static [&'static str], bool, Option<u64>);
        let rows: [Row; 7] = [
            (&[1, 2, 3], &["1", "2", "3"], true, None),
            (&[1, 2, 3], &["1", "2"], true, Some(3)),
            (&[1, 2, 3], &["2", "3"], true, Some(1)),
            (&[1, 2, 3], &["1", "2", "4"], true, None),
            (&[1, 2, 3, 4], &["1", "2", "4"], true, Some(3)),
            (&[1, 2, 3], &["1", "2", "4"], false, Some(3)),
            (&[1], &["2"], false, None),
        ];
        for (n, (replicas, named, package, expected)) in rows.into_iter().enumerate() {
            assert_eq!(surplus(&state(replicas, named, package)), expected.map(CoordinatorId), "row {n}");
        }
    }

    #[test]
    fn a_machine_that_stays_but_is_no_coordinator_any_more_gives_its_replica_up() {
        let mut state = state(&[1, 2, 3], &["1", "2", "3"], true);
        state.spec.as_mut().unwrap().spec.coordinators = vec![MachineName::new("m2").unwrap()];
        assert_eq!(surplus(&state), Some(CoordinatorId(1)));
    }

    #[test]
    fn a_replica_on_a_machine_that_never_enrolled_is_left_alone() {
        let mut state = state(&[1, 2, 3], &["2", "3"], true);
        state.machines.remove(&MachineId::new("n1").unwrap());
        assert_eq!(surplus(&state), None);
    }
}
