//! The simulated network: who is reached at an address, what listens there, and who answers HTTP.
//!
//! Virtual addresses are held as Keepalived would: by a machine whose Keepalived and HAProxy live, and kept until it falls.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ha_domain::id::Time;

use super::coordinators::Coordinators;
use super::state::State;
use super::world::Site;
use crate::host::{HttpRequest, HttpResponse, InterfaceAddress, Reachability};

/// An answer with a body.
pub(super) fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

impl Site {
    pub(super) fn addresses_of(&mut self, name: &str) -> Vec<InterfaceAddress> {
        self.elect();
        let on =
            |interface: &str, address, prefix| InterfaceAddress { interface: interface.to_owned(), address, prefix };
        let own = self.machines.get(name).map(|m| on("eth0", m.address, 24));
        let vips = self.holders.iter().filter(|(_, holder)| *holder == name).map(|(vip, _)| on("eth0", *vip, 24));
        own.into_iter().chain(vips).chain([on("lo", IpAddr::from([127, 0, 0, 1]), 8)]).collect()
    }

    /// Moves virtual addresses whose holder fell.
    pub(super) fn elect(&mut self) {
        let claims: Vec<(IpAddr, u8, String)> = self.machines.values().flat_map(claims).collect();
        let stays = |vip: &IpAddr, holder: &String| claims.iter().any(|(v, _, name)| v == vip && name == holder);
        self.holders.retain(|vip, holder| stays(vip, holder));
        let vips: BTreeSet<IpAddr> = claims.iter().map(|(vip, ..)| *vip).collect();
        for vip in vips {
            let best = claims.iter().filter(|(v, ..)| *v == vip).max_by_key(|(_, priority, _)| *priority);
            if let Some((_, _, name)) = best {
                self.holders.entry(vip).or_insert_with(|| name.clone());
            }
        }
    }

    /// Who is reached from `from` at `to`: the machine, if it lets packets through.
    pub(super) fn machine_at(&self, from: &str, to: IpAddr) -> Option<&State> {
        // A site may lie on other addresses of 127.0.0.0/8, where real sockets of its coordinators listen.
        if to == Ipv4Addr::LOCALHOST {
            return self.machines.get(from);
        }
        let holder = self.holders.get(&to);
        let state = self.machines.values().find(|m| m.address == to || holder == Some(&m.name))?;
        let cut = |name: &str| self.machines.get(name).is_none_or(|m| m.cut);
        let through = state.name == from || !(cut(from) || cut(&state.name));
        (state.on && through).then_some(state)
    }

    pub(super) fn reachability(&mut self, from: &str, to: SocketAddr) -> Reachability {
        self.elect();
        match self.machine_at(from, to.ip()) {
            None => Reachability::Silent,
            Some(state) if self.listens(state, to.port()) => Reachability::Open,
            Some(_) => Reachability::Refused,
        }
    }

    fn listens(&self, state: &State, port: u16) -> bool {
        match port {
            22 => true,
            80 | 443 => state.is_active("haproxy") || self.has_ingress(&state.name),
            6443 => state.is_active("haproxy") || state.control_plane,
            9100 => state.is_active("haproxy"),
            2379 | 2380 | 10257 | 10259 => state.control_plane,
            10250 => state.is_active("kubelet"),
            3306 => state.is_active("mariadb"),
            5432 => state.is_active("postgresql@15-main"),
            2049 => state.is_active("nfs-server") || state.is_active("nfs-ganesha"),
            _ => false,
        }
    }

    /// Answers an HTTP request of the machine `from`, or says why nobody does.
    pub(super) fn answer(
        &mut self,
        from: &str,
        request: &HttpRequest<'_>,
        now: Time,
        coordinators: &dyn Coordinators,
    ) -> Result<HttpResponse, String> {
        let uri: http::Uri = request.url.parse().map_err(|_| "this is no URL".to_owned())?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let to = target(&uri, request.connect)?;
        let state = self.machine_at(from, to.ip()).ok_or("no answer in time")?;
        let (name, refused) = (state.name.clone(), Err("connection refused".to_owned()));
        let hangs = match to.port() {
            9100 => state.hangs("haproxy.service"),
            10248 => state.hangs("kubelet.service"),
            2379 | 2381 => state.hangs("etcd"),
            6443 => state.hangs("kube-apiserver"),
            _ => false,
        };
        if hangs {
            return Err("no answer in time".to_owned());
        }
        match to.port() {
            9100 => haproxy_page(state, path),
            10248 if state.is_active("kubelet") && state.files.has("/var/lib/kubelet/config.yaml") => {
                Ok(answer(200, "ok"))
            }
            2381 if state.control_plane => {
                let quorum = self.has_quorum();
                Ok(answer(if quorum { 200 } else { 503 }, &format!("{{\"health\":\"{quorum}\"}}")))
            }
            2379 if state.control_plane => Ok(self.etcd(&name, path, &request.body)),
            6443 => match self.api_behind(&name) {
                Some(_) => Ok(self.api(request, path, now)),
                None => refused,
            },
            7409 if state.is_active("ha-coordinator") => {
                Ok(if coordinators.is_healthy(&name) { answer(200, "ok") } else { answer(503, "no leader") })
            }
            80 | 443 => self.site_page(&name, request, path),
            _ => refused,
        }
    }

    /// The control plane that answers on port 6443 of a machine: itself, or one behind its HAProxy.
    pub(super) fn api_behind(&self, name: &str) -> Option<String> {
        let state = self.machines.get(name)?;
        if let Some(config) = state.loaded("haproxy") {
            let backends = servers(config, "backend api");
            return backends.into_iter().find_map(|at| {
                let backend = self.machine_at(name, at.ip())?;
                self.serves_api(backend).then(|| backend.name.clone())
            });
        }
        self.serves_api(state).then(|| name.to_owned())
    }

    fn serves_api(&self, state: &State) -> bool {
        state.on && state.control_plane && self.has_quorum()
    }

    /// The worker that answers on port 80 of a machine: itself, or one behind its HAProxy.
    pub(super) fn ingress_behind(&self, name: &str) -> Option<String> {
        let Some(config) = self.machines.get(name)?.loaded("haproxy") else {
            return self.has_ingress(name).then(|| name.to_owned());
        };
        servers(config, "backend http").into_iter().find_map(|at| {
            let worker = self.machine_at(name, at.ip())?;
            self.has_ingress(&worker.name).then(|| worker.name.clone())
        })
    }
}

fn target(uri: &http::Uri, connect: Option<SocketAddr>) -> Result<SocketAddr, String> {
    if let Some(at) = connect {
        return Ok(at);
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let ip = if host == "localhost" { Ok(IpAddr::from([127, 0, 0, 1])) } else { host.parse() };
    ip.map(|ip| SocketAddr::new(ip, port)).map_err(|_| format!("the name {host} cannot be resolved"))
}

/// Virtual addresses that a machine would hold, with its priority.
fn claims(state: &State) -> Vec<(IpAddr, u8, String)> {
    let Some(config) = state.loaded("keepalived").filter(|_| !state.cut && state.is_active("haproxy")) else {
        return Vec::new();
    };
    let instances = config.split("vrrp_instance ").skip(1);
    let one = |text: &str| {
        let after =
            |word: &str| text.lines().find_map(|l| l.trim().strip_prefix(word).map(str::trim).map(str::to_owned));
        let vip = text.split("virtual_ipaddress {").nth(1)?.split('/').next()?.trim().parse().ok()?;
        Some((vip, after("priority ")?.parse().ok()?, state.name.clone()))
    };
    instances.filter_map(one).collect()
}

fn haproxy_page(state: &State, path: &str) -> Result<HttpResponse, String> {
    let config = state.loaded("haproxy").ok_or("connection refused")?;
    if path == "/alive" && config.contains("monitor-uri /alive") {
        return Ok(answer(200, "ok"));
    }
    let digest = config.lines().find(|l| l.contains("path /config")).and_then(|l| l.split(" string ").nth(1));
    let digest = digest.and_then(|d| d.split(' ').next()).filter(|_| path == "/config");
    Ok(digest.map_or_else(|| answer(403, "denied"), |d| answer(200, d)))
}

/// Addresses of the `server` lines of a section of HAProxy's configuration.
fn servers(config: &str, section: &str) -> Vec<SocketAddr> {
    let after = config.split_once(&format!("\n{section}\n")).map_or("", |(_, after)| after);
    let lines = after.lines().take_while(|l| l.is_empty() || l.starts_with([' ', '#']));
    let server = |l: &str| l.trim().strip_prefix("server ")?.split(' ').nth(1)?.parse().ok();
    lines.filter_map(server).collect()
}
