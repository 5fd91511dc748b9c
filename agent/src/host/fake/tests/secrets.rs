//! No secret is seen on a machine: not among arguments and variables, not in a file that others can read, not in our records.

use ha_domain::step::CredentialKind;

use super::site::{SPEC, Site, credentials};

/// All but certificates, which are for everybody.
fn secrets() -> Vec<String> {
    let open = [CredentialKind::SiteCertificate, CredentialKind::DatabaseCertificate];
    credentials().iter().filter(|(kind, _)| !open.contains(kind)).map(|(_, s)| s.expose().clone()).collect()
}

#[tokio::test]
async fn no_secret_is_seen_while_a_site_is_built() {
    for spec in [SPEC.to_owned(), SPEC.replace("kind: mariadb", "kind: postgresql")] {
        let mut site = Site::new(&spec).await;
        site.machines.values().for_each(|m| m.watch_for(&secrets()));
        site.converge(|_| ()).await;
        site.assert_converged();
        for (name, machine) in &site.machines {
            assert_eq!(machine.leaks(), Vec::<String>::new(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_shows_a_secret_is_noticed() {
    use crate::host::{Command, Host, NewFile};
    let machine = super::machine();
    machine.watch_for(&["canary".to_owned()]);
    let write = |path: &'static str, mode| NewFile { path: std::path::Path::new(path), content: b"a canary", mode };
    machine.write(write("/etc/quiet", 0o600)).await.unwrap();
    assert_eq!(machine.leaks(), Vec::<String>::new());
    machine.write(write("/etc/loud", 0o640)).await.unwrap();
    machine.append(std::path::Path::new("/var/lib/ha-mesh/journal"), b"a canary").await.unwrap();
    let _ = machine.run(Command::new("kubeadm", &["--token=canary"])).await;
    let _ = machine.run(Command::new("psql", &[]).env("PGPASSWORD", "canary")).await;
    assert_eq!(machine.leaks().len(), 4, "{:?}", machine.leaks());
}
