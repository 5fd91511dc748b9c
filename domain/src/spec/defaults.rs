//! Every default of the file, in one place. What has no line here has no default or the empty one.

use super::value::{AbsolutePath, Cidr, Period, Quantity, TimeOfDay};
use super::{
    Amounts, Backups, Budgets, Checks, DataSource, Fencing, Healing, LoadBalancers, Policy, Pool, Probe, Resources,
    RouterIds, Secrets, Storage, StorageKind, Timeouts,
};
use crate::id::{InvalidName, SecretName};

/// A constant of this file, parsed. Every one is exercised by `every_default_can_be_read`.
#[expect(clippy::expect_used, reason = "the texts are constants of this file and a test reads each of them")]
fn constant<T: std::str::FromStr<Err = InvalidName>>(text: &str) -> T {
    text.parse().expect("a default is well formed")
}

pub(super) fn pod_subnet() -> Cidr {
    constant("10.244.0.0/16")
}

pub(super) fn service_subnet() -> Cidr {
    constant("10.96.0.0/12")
}

pub(super) fn database_name() -> String {
    "jwdb".to_owned()
}

pub(super) fn database_user() -> String {
    "joget".to_owned()
}

pub(super) fn max_connections() -> u32 {
    300
}

pub(super) fn replicas() -> u32 {
    1
}

pub(super) fn smtp_port() -> u16 {
    587
}

pub(super) fn yes() -> bool {
    true
}

impl Default for LoadBalancers {
    fn default() -> Self {
        Self {
            router_ids: RouterIds::default(),
            advert_interval: Period::from_ms(200),
            timeouts: Timeouts::default(),
            checks: Checks::default(),
            interface: None,
            max_connections: 4_000,
        }
    }
}

impl Default for RouterIds {
    fn default() -> Self {
        Self { api: 61, apps: 62 }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Period::from_secs(2),
            client: Period::from_secs(4 * 3_600),
            server: Period::from_secs(4 * 3_600),
            check: Period::from_secs(2),
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self { interval: Period::from_ms(500), fall: 2, rise: 1 }
    }
}

impl Default for Backups {
    fn default() -> Self {
        Self { at: TimeOfDay::at(2, 0), keep: 7, copies: 2 }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            kind: StorageKind::Local,
            server: None,
            export: constant::<AbsolutePath>("/srv/joget"),
            path: constant::<AbsolutePath>("/var/lib/joget"),
            size: constant::<Quantity>("20Gi"),
        }
    }
}

impl Default for Resources {
    fn default() -> Self {
        let amounts = |cpu: Option<&str>, memory| Amounts {
            cpu: cpu.map(constant::<Quantity>),
            memory: Some(constant::<Quantity>(memory)),
        };
        Self { requests: amounts(Some("500m"), "2Gi"), limits: amounts(None, "3Gi") }
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self { max_active: 100 }
    }
}

impl Default for DataSource {
    fn default() -> Self {
        Self { profile: "default".to_owned(), parameters: Default::default() }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            path: "/jw/web/login".to_owned(),
            select: true,
            form: None,
            interval: Period::from_secs(15),
            timeout: Period::from_secs(5),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            healing: Healing::default(),
            veto_window: Period::from_secs(60),
            remove_after: Period::from_secs(600),
            budgets: Budgets::default(),
            windows: Vec::new(),
            fencing: Fencing::default(),
        }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self { per_hour: 3, per_day: 10, cool_down: Period::from_secs(120), storm_percent: 40 }
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            database_password: constant::<SecretName>("database-password"),
            replication_password: constant::<SecretName>("replication-password"),
            joget_admin_password: constant::<SecretName>("joget-admin-password"),
            ingress_certificate: constant::<SecretName>("ingress-certificate"),
            ingress_key: constant::<SecretName>("ingress-key"),
        }
    }
}
