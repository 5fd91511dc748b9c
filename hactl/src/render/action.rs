//! Actions in a few words, and the layer each belongs to: in one place, so that screens, plans and summaries agree.

use std::net::IpAddr;

use ha_domain::step::{Action, Keepalived};

/// What is done, in a few words: `containerd 2.3.4`, `9 images`, `kubeadm init`.
pub(crate) fn what(action: &Action) -> String {
    use Action as A;
    match action {
        A::Keepalived(k) => format!("keepalived ({})", vips(k)),
        A::Containerd(c) => format!("containerd {}", c.containerd.version),
        A::Kubernetes(k) => format!("kubelet {}", k.version),
        A::Images(i) => super::text::count(i.images.len(), "image"),
        A::Coordinator(c) => format!("coordinator {}", c.version),
        A::ControlPlaneInit(_) => "kubeadm init".to_owned(),
        A::ControlPlaneJoin(_) => "kubeadm join (control plane)".to_owned(),
        A::WorkerJoin(_) => "kubeadm join".to_owned(),
        A::Network(_) => "pod network".to_owned(),
        A::Database(d) => d.kind.to_string(),
        A::Joget(j) => format!("joget {}", j.image.rsplit('/').next().unwrap_or_default()),
        A::Acceptance(_) => "acceptance test".to_owned(),
        A::Drain(d) => format!("drain {}", d.node),
        A::OutOfService(o) if o.out => format!("let the pods of {} go", o.node),
        A::OutOfService(o) => format!("{} is back in service", o.node),
        A::RemoveNode(r) => format!("remove {} from the cluster", r.node),
        A::Reset(_) => "reset".to_owned(),
        A::Preflight(_)
        | A::Base(_)
        | A::Time(_)
        | A::Firewall(_)
        | A::Haproxy(_)
        | A::JoinCredentials(_)
        | A::NodeLabels(_)
        | A::Ingress(_)
        | A::IngressTls(_)
        | A::DatabaseAccess(_)
        | A::DatabaseBackup(_)
        | A::NfsServer(_)
        | A::Volume(_)
        | A::JogetSetup(_)
        | A::EtcdSnapshots(_)
        | A::Echo(_) => action.component().as_str().replace('-', " "),
    }
}

/// `VIPs .135 .136`
fn vips(keepalived: &Keepalived) -> String {
    let short = |vip: IpAddr| match vip {
        IpAddr::V4(v4) => format!(".{}", v4.octets()[3]),
        IpAddr::V6(v6) => v6.to_string(),
    };
    let all: Vec<_> = keepalived.instances.iter().map(|i| short(i.vip)).collect();
    format!("VIP{} {}", if all.len() == 1 { "" } else { "s" }, all.join(" "))
}

/// The layer it belongs to, named like the planner's concerns.
pub(crate) fn layer(action: &Action) -> &'static str {
    use Action as A;
    match action {
        A::Preflight(_) => "preflight",
        A::Base(_) => "base",
        A::Time(_) => "time",
        A::Firewall(_) => "firewall",
        A::Haproxy(_) | A::Keepalived(_) => "load balancing",
        A::Coordinator(_) => "coordinators",
        A::Containerd(_) | A::Kubernetes(_) | A::Images(_) => "runtime",
        A::NfsServer(_) => "storage",
        A::Database(_) => "database",
        A::ControlPlaneInit(_) | A::ControlPlaneJoin(_) | A::JoinCredentials(_) => "control plane",
        A::Network(_) => "network",
        A::WorkerJoin(_) => "workers",
        A::OutOfService(_) => "evacuation",
        A::NodeLabels(_) => "node labels",
        A::Ingress(_) | A::IngressTls(_) => "ingress",
        A::Volume(_) => "volume",
        A::DatabaseAccess(_) => "database access",
        A::Joget(_) | A::JogetSetup(_) => "joget",
        A::DatabaseBackup(_) | A::EtcdSnapshots(_) => "backups",
        A::Acceptance(_) => "acceptance",
        A::Drain(_) | A::RemoveNode(_) | A::Reset(_) => "retirement",
        A::Echo(_) => "mesh",
    }
}

/// Whether it takes something away that does not come back by applying the old spec again: such plans are asked about.
pub(crate) fn is_destructive(action: &Action) -> bool {
    matches!(action, Action::Drain(_) | Action::RemoveNode(_) | Action::Reset(_))
}
