//! The reducer: refusals change nothing, replay is exact, tokens are single use.

use super::*;
use crate::id::{ClusterName, Identity, MachineName, Subject};
use crate::report::Facts;

fn mesh() -> Mesh {
    Mesh {
        cluster: ClusterName::new("ha-test").unwrap(),
        lineage: 1,
        ca_pem: "pem".into(),
        ca_key_sealed: "00".into(),
        pin: Digest::of(b"pin"),
        package: None,
    }
}

fn entry(at: u64, command: Command) -> Entry {
    Entry { at: Time(at), by: "test".into(), key: None, command }
}

fn founded() -> State {
    let mut state = State::default();
    let coordinator = CoordinatorAddress { id: CoordinatorId(1), host: "10.0.0.1".into() };
    state.apply(1, &entry(1, Command::Found { mesh: Box::new(mesh()), coordinator }), b"found").unwrap();
    state
}

fn token(uses: u32, expires: u64, purpose: TokenPurpose) -> Command {
    let id = TokenId::new("t1").unwrap();
    Command::IssueToken { id, secret: Digest::of(b"secret"), purpose, uses, expires: Time(expires) }
}

fn claim(secret: &[u8], machine_id: &str) -> Command {
    let facts = Facts { machine_id: machine_id.into(), hostname: "vm".into(), ..Facts::default() };
    Command::Enrol {
        token: TokenId::new("t1").unwrap(),
        secret: Digest::of(secret),
        facts: Some(Box::new(facts)),
        name: None,
        address: None,
    }
}

#[test]
fn nothing_is_accepted_before_the_mesh_is_founded() {
    let mut state = State::default();
    let refused = state.apply(1, &entry(1, token(1, 9, TokenPurpose::AnyMachine)), b"x");
    assert_eq!(refused, Err(Refusal::NotFounded));
}

#[test]
fn a_mesh_is_founded_once() {
    let mut state = founded();
    let coordinator = CoordinatorAddress { id: CoordinatorId(1), host: "10.0.0.9".into() };
    let again = state.apply(2, &entry(2, Command::Found { mesh: Box::new(mesh()), coordinator }), b"again");
    assert_eq!(again, Err(Refusal::AlreadyFounded));
}

#[test]
fn a_used_token_is_refused_and_raises_an_alarm() {
    let mut state = founded();
    state.apply(2, &entry(2, token(1, 100, TokenPurpose::AnyMachine)), b"t").unwrap();
    let first = state.apply(3, &entry(3, claim(b"secret", "a")), b"1").unwrap();
    let subject = Subject::Agent(MachineId::new("n3").unwrap());
    assert_eq!(first, Reply::Enrolled { identity: Identity { cluster: mesh().cluster, subject } });
    let second = state.apply(4, &entry(4, claim(b"secret", "b")), b"2").unwrap_err();
    assert!(second.to_string().contains("spent"), "{second}");
    assert_eq!(state.events.back().unwrap().kind, EventKind::Alarm);
}

#[test]
fn an_expired_token_is_refused() {
    let mut state = founded();
    state.apply(2, &entry(2, token(1, 100, TokenPurpose::AnyMachine)), b"t").unwrap();
    let late = state.apply(3, &entry(101, claim(b"secret", "a")), b"1").unwrap_err();
    assert!(late.to_string().contains("expired"), "{late}");
}

#[test]
fn five_wrong_secrets_burn_a_token() {
    let mut state = founded();
    state.apply(2, &entry(2, token(9, 100, TokenPurpose::AnyMachine)), b"t").unwrap();
    for n in 0..5 {
        assert!(state.apply(3 + n, &entry(3, claim(b"guess", "a")), b"g").is_err());
    }
    let right = state.apply(9, &entry(4, claim(b"secret", "a")), b"r").unwrap_err();
    assert!(right.to_string().contains("spent"), "{right}");
}

#[test]
fn a_machine_that_enrols_again_takes_the_place_of_its_older_self() {
    let mut state = founded();
    state.apply(2, &entry(2, token(2, 100, TokenPurpose::AnyMachine)), b"t").unwrap();
    state.apply(3, &entry(3, claim(b"secret", "same")), b"1").unwrap();
    state.apply(4, &entry(4, claim(b"secret", "same")), b"2").unwrap();
    let places: Vec<_> = state.machines.values().map(|m| m.place.clone()).collect();
    assert_eq!(places, [Place::Gone, Place::Unknown]);
}

#[test]
fn a_refused_command_changes_nothing_but_the_audit_chain() {
    let mut state = founded();
    let before = state.clone();
    let refused = state.apply(2, &entry(2, Command::AdoptPlan { base: 77, steps: Vec::new() }), b"p");
    assert!(matches!(refused, Err(Refusal::StalePlan { base: 77, .. })));
    assert_ne!(state.audit, before.audit);
    assert_eq!(State { index: before.index, audit: before.audit.clone(), ..state }, before);
}

#[test]
fn a_repeated_key_gets_the_first_reply_and_another_command_is_refused() {
    let mut state = founded();
    let user = |name: &str| Command::SetUser { name: UserName::new(name).unwrap(), role: Role::Admin };
    let keyed = |command| Entry { key: Some("k".into()), ..entry(5, command) };
    let first = state.apply(2, &keyed(user("ann")), b"1");
    let revision = state.users.len();
    assert_eq!(state.apply(3, &keyed(user("ann")), b"2"), first);
    assert_eq!(state.users.len(), revision);
    assert_eq!(state.apply(4, &keyed(user("bob")), b"3"), Err(Refusal::KeyReused));
}

#[test]
fn the_last_administrator_stays() {
    let mut state = founded();
    let name = UserName::new("ann").unwrap();
    state.apply(2, &entry(2, Command::SetUser { name: name.clone(), role: Role::Admin }), b"1").unwrap();
    let gone = state.apply(3, &entry(3, Command::RevokeUser { name: name.clone() }), b"2");
    assert_eq!(gone, Err(Refusal::LastAdmin { name: "ann".into() }));
}

#[test]
fn the_same_log_makes_the_same_bytes_and_a_snapshot_with_its_tail_too() {
    let log = [token(2, 100, TokenPurpose::AnyMachine), claim(b"secret", "a"), claim(b"secret", "b")];
    let run = |mut state: State, from: usize| {
        for (n, command) in log.iter().enumerate().skip(from) {
            let entry = entry(10, command.clone());
            let raw = serde_json::to_vec(&entry).unwrap();
            let _ = state.apply(2 + n as u64, &entry, &raw);
        }
        serde_json::to_vec(&state).unwrap()
    };
    let whole = run(founded(), 0);
    assert_eq!(whole, run(founded(), 0));
    let mut half = founded();
    let first = entry(10, log[0].clone());
    let _ = half.apply(2, &first, &serde_json::to_vec(&first).unwrap());
    let restored: State = serde_json::from_slice(&serde_json::to_vec(&half).unwrap()).unwrap();
    assert_eq!(whole, run(restored, 1));
}

mod retirement;

#[test]
fn a_machine_is_found_by_its_address_and_an_unclear_one_is_not_guessed() {
    let text = "
version: 1
name: acme
machines:
- {name: m1, role: control-plane, address: 10.0.0.21}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: db1, role: database, address: 10.0.0.41}
- {name: lb1, role: load-balancer, address: 10.0.0.11}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
";
    let spec = crate::spec::parse(text).unwrap();
    let record = |addresses: &[&str]| MachineRecord {
        at: Time(1),
        name: None,
        facts: Facts { addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(), ..Facts::default() },
        place: Place::Unknown,
    };
    let id = |s: &str| MachineId::new(s).unwrap();
    let mut machines = BTreeMap::from([
        (id("n1"), record(&["10.0.0.21"])),
        (id("n2"), record(&["10.0.0.31", "10.0.0.41"])),
        (id("n3"), record(&["192.168.7.7"])),
    ]);
    assign(&mut machines, &spec);
    let m1 = Place::Assigned { name: MachineName::new("m1").unwrap(), role: crate::spec::Role::ControlPlane };
    assert_eq!(machines[&id("n1")].place, m1);
    assert!(matches!(&machines[&id("n2")].place, Place::Ambiguous { why } if why.contains("w1, db1")));
    assert_eq!(machines[&id("n3")].place, Place::Unknown);
}
