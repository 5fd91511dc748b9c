//! Programs: started without a shell, in a process group of their own, ended with their children.
//!
//! What they say goes to files in memory, not to pipes: when the agent dies, a program that still runs (kubeadm, a package
//! installation) goes on to its end instead of dying of a broken pipe.
//!
//! Knows nothing of what a program does. Never logs what it reads or writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use ha_transport::Secret;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};

use super::{Command, HostError, Output};

/// Most of standard output that is kept, in bytes.
const STDOUT: u64 = 4 << 20;
/// How much of the end of standard error is kept, in bytes.
const STDERR: u64 = 64 << 10;
/// From "please end" to "end".
const GRACE: Duration = Duration::from_secs(5);
/// Where programs are looked for.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) async fn run(command: Command<'_>) -> Result<Output, HostError> {
    let refuse = |reason: String| HostError::Program { program: command.program.to_owned(), reason };
    let said = Said::new().map_err(|e| refuse(super::said(&e)))?;
    let mut child = start(&command, &said).map_err(|e| refuse(super::said(&e)))?;
    let group = Group::of(&child);
    let end = end_of(&mut child, command.stdin.as_ref());
    let Ok(ended) = tokio::time::timeout(command.timeout, end).await else {
        group.end(&mut child).await;
        return Err(refuse(format!("it did not end within {} s and was stopped", command.timeout.as_secs())));
    };
    let output = ended.and_then(|status| said.output(status)).map_err(|e| refuse(super::said(&e)))?;
    group.gone();
    Ok(output)
}

/// Ends a process that is not of our making. The number 1 is the machine itself.
pub(super) fn kill(pid: u32) -> Result<(), HostError> {
    let refuse = |reason: String| HostError::Program { program: format!("process {pid}"), reason };
    let process = Pid::from_raw(pid.cast_signed()).filter(|_| pid > 1);
    let process = process.ok_or_else(|| refuse("this is no process that may be ended".to_owned()))?;
    match kill_process(process, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(e) => Err(refuse(super::said(&e.into()))),
    }
}

fn start(command: &Command<'_>, said: &Said) -> io::Result<Child> {
    let mut os = tokio::process::Command::new(command.program);
    os.args(&command.args).env_clear().env("PATH", PATH).env("LANG", "C").env("HOME", "/root");
    os.envs(command.env.iter().copied()).current_dir("/");
    os.stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    os.stdout(said.out.try_clone()?).stderr(said.err.try_clone()?).process_group(0).kill_on_drop(true);
    os.spawn()
}

/// Feeds a program until it has ended; what it started may go on.
async fn end_of(child: &mut Child, input: Option<&Secret<Vec<u8>>>) -> io::Result<ExitStatus> {
    let feeding = feed(child.stdin.take(), input);
    tokio::pin!(feeding);
    tokio::select! {
        status = child.wait() => return status,
        () = &mut feeding => {}
    }
    child.wait().await
}

async fn feed(stdin: Option<ChildStdin>, input: Option<&Secret<Vec<u8>>>) {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        // A program may end without reading all: its exit code tells.
        let _ = stdin.write_all(input.expose()).await;
        let _ = stdin.shutdown().await;
    }
}

/// Where a program's words go.
struct Said {
    out: File,
    err: File,
}

impl Said {
    fn new() -> io::Result<Self> {
        let file = |name: &str| memfd_create(name, MemfdFlags::CLOEXEC).map(File::from);
        Ok(Self { out: file("stdout")?, err: file("stderr")? })
    }

    /// The first of what it printed, the last of what it complained of.
    fn output(&self, status: ExitStatus) -> io::Result<Output> {
        use std::os::unix::process::ExitStatusExt;
        let code = status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(-1);
        let from = self.err.metadata()?.len().saturating_sub(STDERR);
        let (stdout, stderr) = (read(&self.out, 0, STDOUT)?, read(&self.err, from, STDERR)?);
        Ok(Output { code, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }
}

/// At most `most` bytes. The program shares the file's position, so it is read by place.
fn read(file: &File, from: u64, most: u64) -> io::Result<Vec<u8>> {
    let len = file.metadata()?.len().saturating_sub(from).min(most);
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

/// The process group of a program. Dropped early (its step was given up), it is ended at once.
struct Group {
    leader: Option<Pid>,
}

impl Group {
    fn of(child: &Child) -> Self {
        Self { leader: child.id().and_then(|id| Pid::from_raw(id.cast_signed())) }
    }

    async fn end(self, child: &mut Child) {
        self.signal(Signal::TERM);
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        self.signal(Signal::KILL);
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        self.gone();
    }

    /// It ended by itself; a daemon that it started may stay.
    fn gone(mut self) {
        self.leader = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // It may be gone already.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
