//! Which file carries out which action: one row each, and no other knowledge.

use ha_domain::step::Action;

use super::{
    ActError, Context, Probe, acceptance, base, containerd, coordinator, database, database_access, database_backup,
    drain, echo, etcd_snapshots, firewall, haproxy, images, ingress, ingress_tls, joget, joget_setup, join_credentials,
    keepalived, kubernetes, network, nfs_server, node, node_labels, out_of_service, preflight, remove_node, reset,
    time, volume,
};

/// Looks.
pub(super) async fn probe(action: &Action, cx: &Context<'_>) -> Result<Probe, ActError> {
    match action {
        Action::Preflight(a) => preflight::probe(a, cx).await,
        Action::Base(a) => base::probe(a, cx).await,
        Action::Time(a) => time::probe(a, cx).await,
        Action::Firewall(a) => firewall::probe(a, cx).await,
        Action::Haproxy(a) => haproxy::probe(a, cx).await,
        Action::Keepalived(a) => keepalived::probe(a, cx).await,
        Action::Containerd(a) => containerd::probe(a, cx).await,
        Action::Kubernetes(a) => kubernetes::probe(a, cx).await,
        Action::Images(a) => images::probe(a, cx).await,
        Action::Coordinator(a) => coordinator::probe(a, cx).await,
        Action::ControlPlaneInit(a) => node::init::probe(a, cx).await,
        Action::ControlPlaneJoin(a) => node::join::probe_control_plane(a, cx).await,
        Action::WorkerJoin(a) => node::join::probe_worker(a, cx).await,
        Action::JoinCredentials(a) => join_credentials::probe(a, cx).await,
        Action::Network(a) => network::probe(a, cx).await,
        Action::NodeLabels(a) => node_labels::probe(a, cx).await,
        Action::Ingress(a) => ingress::probe(a, cx).await,
        Action::IngressTls(a) => ingress_tls::probe(a, cx).await,
        Action::Database(a) => database::probe(a, cx).await,
        Action::DatabaseAccess(a) => database_access::probe(a, cx).await,
        Action::DatabaseBackup(a) => database_backup::probe(a, cx).await,
        Action::NfsServer(a) => nfs_server::probe(a, cx).await,
        Action::Volume(a) => volume::probe(a, cx).await,
        Action::Joget(a) => joget::probe(a, cx).await,
        Action::JogetSetup(a) => joget_setup::probe(a, cx).await,
        Action::EtcdSnapshots(a) => etcd_snapshots::probe(a, cx).await,
        Action::Acceptance(a) => acceptance::probe(a, cx).await,
        Action::Drain(a) => drain::probe(a, cx).await,
        Action::OutOfService(a) => out_of_service::probe(a, cx).await,
        Action::RemoveNode(a) => remove_node::probe(a, cx).await,
        Action::Reset(a) => reset::probe(a, cx).await,
        Action::Echo(a) => echo::probe(a, cx).await,
    }
}

/// Acts.
pub(super) async fn act(action: &Action, cx: &Context<'_>) -> Result<(), ActError> {
    match action {
        Action::Preflight(a) => preflight::act(a, cx).await,
        Action::Base(a) => base::act(a, cx).await,
        Action::Time(a) => time::act(a, cx).await,
        Action::Firewall(a) => firewall::act(a, cx).await,
        Action::Haproxy(a) => haproxy::act(a, cx).await,
        Action::Keepalived(a) => keepalived::act(a, cx).await,
        Action::Containerd(a) => containerd::act(a, cx).await,
        Action::Kubernetes(a) => kubernetes::act(a, cx).await,
        Action::Images(a) => images::act(a, cx).await,
        Action::Coordinator(a) => coordinator::act(a, cx).await,
        Action::ControlPlaneInit(a) => node::init::act(a, cx).await,
        Action::ControlPlaneJoin(a) => node::join::act_control_plane(a, cx).await,
        Action::WorkerJoin(a) => node::join::act_worker(a, cx).await,
        Action::JoinCredentials(a) => join_credentials::act(a, cx).await,
        Action::Network(a) => network::act(a, cx).await,
        Action::NodeLabels(a) => node_labels::act(a, cx).await,
        Action::Ingress(a) => ingress::act(a, cx).await,
        Action::IngressTls(a) => ingress_tls::act(a, cx).await,
        Action::Database(a) => database::act(a, cx).await,
        Action::DatabaseAccess(a) => database_access::act(a, cx).await,
        Action::DatabaseBackup(a) => database_backup::act(a, cx).await,
        Action::NfsServer(a) => nfs_server::act(a, cx).await,
        Action::Volume(a) => volume::act(a, cx).await,
        Action::Joget(a) => joget::act(a, cx).await,
        Action::JogetSetup(a) => joget_setup::act(a, cx).await,
        Action::EtcdSnapshots(a) => etcd_snapshots::act(a, cx).await,
        Action::Acceptance(a) => acceptance::act(a, cx).await,
        Action::Drain(a) => drain::act(a, cx).await,
        Action::OutOfService(a) => out_of_service::act(a, cx).await,
        Action::RemoveNode(a) => remove_node::act(a, cx).await,
        Action::Reset(a) => reset::act(a, cx).await,
        Action::Echo(a) => echo::act(a, cx).await,
    }
}
