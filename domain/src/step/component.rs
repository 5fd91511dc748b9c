//! The parts of a machine that steps converge and reports speak of: one component an action kind.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! components {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A part of a machine that is brought to a wanted state by one kind of action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Component {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }
        impl Component {
            /// Every component, in the order in which a site is built.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// Its name in step ids, screens and events.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

components! {
    /// Sizes, reachability, fsync latency, clock difference, leftovers.
    Preflight = "preflight",
    /// Host name, hosts file, kernel modules, sysctl, swap, distribution packages.
    Base = "base",
    /// chrony.
    Time = "time",
    /// nftables allow list.
    Firewall = "firewall",
    /// HAProxy.
    Haproxy = "haproxy",
    /// Keepalived.
    Keepalived = "keepalived",
    /// containerd, runc, CNI plugins.
    Containerd = "containerd",
    /// kubeadm, kubelet, kubectl, etcdctl, etcdutl.
    Kubernetes = "kubernetes",
    /// Container images in containerd's store.
    Images = "images",
    /// The coordinator replica on this machine.
    Coordinator = "coordinator",
    /// This machine as a node: kubeadm init or join.
    Node = "node",
    /// Fresh join credentials in the cluster (a control plane makes them).
    JoinCredentials = "join-credentials",
    /// The pod network (applied through one control plane).
    Network = "network",
    /// Labels and taints of all nodes (applied through one control plane).
    NodeLabels = "node-labels",
    /// The ingress controller.
    Ingress = "ingress",
    /// The site's TLS certificate as a Kubernetes secret.
    IngressTls = "ingress-tls",
    /// The database server.
    Database = "database",
    /// Schema, user and grants in the database.
    DatabaseAccess = "database-access",
    /// Nightly backups of the database and their verification.
    DatabaseBackup = "database-backup",
    /// The NFS server.
    NfsServer = "nfs-server",
    /// The volume that Joget's replicas share.
    Volume = "volume",
    /// Joget: secret, Deployment, Service, Ingress, PodDisruptionBudget.
    Joget = "joget",
    /// Joget's one-time setup.
    JogetSetup = "joget-setup",
    /// etcd snapshots on a timer.
    EtcdSnapshots = "etcd-snapshots",
    /// The acceptance test of the site.
    Acceptance = "acceptance",
    /// A node taken out of service: cordoned and drained.
    Drain = "drain",
    /// A node declared out of service, or back.
    OutOfService = "out-of-service",
    /// A node deleted from the cluster, its etcd member first.
    RemoveNode = "remove-node",
    /// A machine cleaned of what the agent made on it.
    Reset = "reset",
    /// Nothing, there and back: measures the mesh.
    Echo = "echo",
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
