//! Questions that are asked of a spec again and again. Answers only from the spec.

use std::net::IpAddr;

use super::{Machine, Role, Spec};
use crate::id::MachineName;

/// At most this many coordinators by default: five control planes still mean three.
const COORDINATORS: usize = 3;

impl Spec {
    /// The machines with `role`, in the file's order.
    pub fn machines_with(&self, role: Role) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(move |m| m.role == role)
    }

    /// The machine called `name`.
    pub fn machine(&self, name: &str) -> Option<&Machine> {
        self.machines.iter().find(|m| m.name.as_str() == name)
    }

    /// This spec without the machine called `name`, wherever it is named.
    #[must_use]
    pub fn without(&self, name: &MachineName) -> Self {
        let mut spec = self.clone();
        spec.machines.retain(|m| m.name != *name);
        spec.coordinators.retain(|n| n != name);
        spec
    }

    /// This spec with `spare` in the place of `machine`: the same role, its own name, address and hypervisor.
    #[must_use]
    pub fn replacing(&self, machine: &MachineName, spare: &MachineName) -> Self {
        let role = self.machine(machine.as_str()).map(|m| m.role);
        let coordinators = self.coordinators.iter().map(|n| if n == machine { spare } else { n }).cloned().collect();
        let mut spec = self.without(machine);
        spec.coordinators = coordinators;
        if let (Some(role), Some(spare)) = (role, spec.machines.iter_mut().find(|m| m.name == *spare)) {
            spare.role = role;
        }
        spec
    }

    /// The machine at `address`.
    pub fn machine_at(&self, address: IpAddr) -> Option<&Machine> {
        self.machines.iter().find(|m| m.address == address)
    }

    /// The control planes, in the file's order.
    pub fn control_planes(&self) -> Vec<&Machine> {
        self.machines_with(Role::ControlPlane).collect()
    }

    /// The control plane that kubeadm init would run on in a fresh site.
    pub fn first_control_plane(&self) -> Option<&Machine> {
        self.machines_with(Role::ControlPlane).next()
    }

    /// The workers, in the file's order.
    pub fn workers(&self) -> Vec<&Machine> {
        self.machines_with(Role::Worker).collect()
    }

    /// The load balancers, in the file's order.
    pub fn balancers(&self) -> Vec<&Machine> {
        self.machines_with(Role::LoadBalancer).collect()
    }

    /// The database machines, in the file's order; the first is the primary of a fresh site.
    pub fn databases(&self) -> Vec<&Machine> {
        self.machines_with(Role::Database).collect()
    }

    /// The Kubernetes nodes: control planes and workers, in the file's order.
    pub fn nodes(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(|m| m.role.is_node())
    }

    /// The machines that hold the site's own state: those named, else the first three control planes.
    pub fn coordinator_machines(&self) -> Vec<&Machine> {
        if self.coordinators.is_empty() {
            self.machines_with(Role::ControlPlane).take(COORDINATORS).collect()
        } else {
            self.coordinators.iter().filter_map(|name| self.machine(name.as_str())).collect()
        }
    }

    /// `VIP:6443`, where every API client connects.
    pub fn api_endpoint(&self) -> String {
        std::net::SocketAddr::new(self.vips.api, 6443).to_string()
    }

    /// The URL users open.
    pub fn users_url(&self) -> String {
        let scheme = match self.ingress.tls {
            super::IngressTls::SiteCa | super::IngressTls::Files => "https",
            super::IngressTls::Off => "http",
        };
        format!("{scheme}://{}/jw", self.joget.host)
    }

    /// The folder's server with `storage.kind: nfs`: the one that is named, else our own storage machine.
    pub fn nfs_server(&self) -> Option<String> {
        let named = self.storage.server.as_ref().map(ToString::to_string);
        named.or_else(|| self.machines_with(Role::Storage).next().map(|m| m.address.to_string()))
    }
}
