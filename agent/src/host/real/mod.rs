//! The real machine: Linux with systemd and dpkg.
//!
//! Each concern is a file of its own; this one holds what they share and joins them to the trait.

mod addresses;
mod certificates;
mod clock;
mod digests;
mod download;
mod facts;
mod files;
mod fsync;
mod kept;
mod load;
mod packages;
mod places;
mod programs;
mod request;
mod services;
mod systemctl;
mod systemd;
mod unpack;
mod wire;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use ha_domain::id::{Digest, Time};
use ha_domain::report::{Facts, Load};

use super::{
    Command, Download, Host, HostError, HttpRequest, HttpResponse, InterfaceAddress, NewFile, Output, Reachability,
    Stat, Unit, UnitVerb, Unpack,
};

/// The machine that this process runs on.
#[derive(Debug, Default)]
pub struct RealHost {
    files: files::Files,
    digests: digests::Digests,
    services: services::Services,
    packages: packages::Packages,
    load: load::Sampler,
    kept: kept::Kept,
}

impl RealHost {
    /// The machine; takes away what an earlier run left half done.
    ///
    /// # Errors
    /// When the leftover cannot be removed.
    pub fn new() -> Result<Self, HostError> {
        packages::quiet::clear_leftover()?;
        Ok(Self::default())
    }
}

#[async_trait]
impl Host for RealHost {
    async fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
        files::read(path).await
    }
    async fn read_part(&self, path: &Path, offset: u64, most: usize) -> Result<Vec<u8>, HostError> {
        files::read_part(path, offset, most).await
    }
    async fn write(&self, file: NewFile<'_>) -> Result<(), HostError> {
        self.files.write(file).await
    }
    async fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), HostError> {
        files::append(path, bytes).await
    }
    async fn link(&self, target: &Path, path: &Path) -> Result<(), HostError> {
        self.files.link(target, path).await
    }
    async fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        files::rename(from, to).await
    }
    async fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        self.files.copy(from, to, mode).await
    }
    async fn remove(&self, path: &Path) -> Result<(), HostError> {
        files::remove(path).await
    }
    async fn make_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        files::make_dir(path, mode).await
    }
    async fn stat(&self, path: &Path) -> Result<Option<Stat>, HostError> {
        files::stat(path).await
    }
    async fn list(&self, dir: &Path) -> Result<Vec<String>, HostError> {
        files::list(dir).await
    }
    async fn digest(&self, path: &Path) -> Result<Option<Digest>, HostError> {
        self.digests.of(path).await
    }
    async fn free_space(&self, path: &Path) -> Result<u64, HostError> {
        files::free_space(path).await
    }

    async fn kill(&self, pid: u32) -> Result<(), HostError> {
        programs::kill(pid)
    }
    async fn run(&self, command: Command<'_>) -> Result<Output, HostError> {
        programs::run(command).await
    }
    async fn unit(&self, name: &str) -> Result<Unit, HostError> {
        self.services.unit(name).await
    }
    async fn control(&self, name: &str, verb: UnitVerb) -> Result<(), HostError> {
        self.services.control(name, verb).await
    }
    async fn reload_units(&self) -> Result<(), HostError> {
        self.services.reload().await
    }

    async fn missing_packages(&self, packages: &[&str]) -> Result<Vec<String>, HostError> {
        packages::missing(packages).await
    }
    async fn install_packages(&self, packages: &[&str]) -> Result<(), HostError> {
        self.packages.install(packages).await
    }

    async fn download(&self, what: Download<'_>) -> Result<(), HostError> {
        download::fetch(what).await
    }
    async fn unpack(&self, what: Unpack<'_>) -> Result<(), HostError> {
        unpack::unpack(what).await
    }
    async fn http(&self, request: HttpRequest<'_>) -> Result<HttpResponse, HostError> {
        request::send(request, &self.kept).await
    }
    async fn connect(&self, to: SocketAddr, timeout: Duration) -> Result<Reachability, HostError> {
        Ok(wire::reach(to, timeout).await)
    }
    async fn greet(&self, socket: &Path, timeout: Duration) -> Result<Reachability, HostError> {
        Ok(wire::greet(socket, timeout).await)
    }

    async fn facts(&self) -> Result<Facts, HostError> {
        facts::facts().await
    }
    async fn load(&self) -> Result<Load, HostError> {
        self.load.sample().await
    }
    async fn addresses(&self) -> Result<Vec<InterfaceAddress>, HostError> {
        addresses::list().await
    }
    async fn fsync_latency(&self, dir: &Path) -> Result<Duration, HostError> {
        fsync::latency(dir).await
    }
    fn now(&self) -> Time {
        clock::now()
    }
}

/// Runs what blocks where it may block.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    path: &Path,
    work: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
) -> Result<T, HostError> {
    let there = path.to_owned();
    let outcome = tokio::task::spawn_blocking(move || work(&there)).await;
    let reason = match outcome {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(e)) => said(&e),
        Err(e) => format!("it was interrupted: {e}"),
    };
    Err(HostError::File { doing, path: path.to_owned(), reason })
}

/// The system's reason in its own words, without "(os error 28)".
fn said(e: &std::io::Error) -> String {
    let text = e.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
