//! Programs: started without a shell, in a process group of their own, ended with their children.
//!
//! Knows nothing of what a program does. Never logs what it reads or writes.

use std::process::Stdio;
use std::time::Duration;

use ha_transport::Secret;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

use super::{Command, HostError, Output};

/// Most of standard output that is kept, in bytes.
const STDOUT: usize = 4 << 20;
/// How much of the end of standard error is kept, in bytes.
const STDERR: usize = 64 << 10;
/// From "please end" to "end".
const GRACE: Duration = Duration::from_secs(5);
/// A grandchild may hold the pipes open for ever: how long its last words are waited for.
const LINGER: Duration = Duration::from_millis(500);
/// Where programs are looked for.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) async fn run(command: Command<'_>) -> Result<Output, HostError> {
    let refuse = |reason: String| HostError::Program { program: command.program.to_owned(), reason };
    let mut child = start(&command).map_err(|e| refuse(super::said(&e)))?;
    let group = Group::of(&child);
    let talk = talk(&mut child, command.stdin.as_ref());
    let Ok(talked) = tokio::time::timeout(command.timeout, talk).await else {
        group.end(&mut child).await;
        return Err(refuse(format!("it did not end within {} s and was stopped", command.timeout.as_secs())));
    };
    let output = talked.map_err(|e| refuse(super::said(&e)))?;
    group.gone();
    Ok(output)
}

fn start(command: &Command<'_>) -> std::io::Result<Child> {
    let mut os = tokio::process::Command::new(command.program);
    os.args(&command.args).env_clear().env("PATH", PATH).env("LANG", "C").env("HOME", "/root");
    os.envs(command.env.iter().copied()).current_dir("/");
    os.stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    os.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    os.spawn()
}

/// Feeds and hears a program until it has ended.
async fn talk(child: &mut Child, input: Option<&Secret<Vec<u8>>>) -> std::io::Result<Output> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut out = Heard::first(STDOUT);
    let mut err = Heard::last(STDERR);
    let status = {
        let hearing = async { tokio::join!(feed(stdin, input), out.hear(stdout), err.hear(stderr)) };
        tokio::pin!(hearing);
        let ended = tokio::select! {
            status = child.wait() => Some(status?),
            _ = &mut hearing => None,
        };
        match ended {
            None => child.wait().await?,
            Some(status) => {
                let _ = tokio::time::timeout(LINGER, &mut hearing).await;
                status
            }
        }
    };
    Ok(output(status, out, &err))
}

fn output(status: std::process::ExitStatus, out: Heard, err: &Heard) -> Output {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(-1);
    let end = err.bytes.len().saturating_sub(err.most);
    Output { code, stdout: out.bytes, stderr: String::from_utf8_lossy(&err.bytes[end..]).into_owned() }
}

async fn feed(stdin: Option<ChildStdin>, input: Option<&Secret<Vec<u8>>>) {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        // A program may end without reading all: its exit code tells.
        let _ = stdin.write_all(input.expose()).await;
        let _ = stdin.shutdown().await;
    }
}

/// What was heard: the first or the last bytes.
struct Heard {
    bytes: Vec<u8>,
    most: usize,
    keep_last: bool,
}

impl Heard {
    fn first(most: usize) -> Self {
        Self { bytes: Vec::new(), most, keep_last: false }
    }
    fn last(most: usize) -> Self {
        Self { bytes: Vec::new(), most, keep_last: true }
    }

    async fn hear(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = vec![0; 8 << 10];
        // A broken pipe ends the hearing like an end does.
        while let Ok(n @ 1..) = pipe.read(&mut buffer).await {
            self.take(&buffer[..n]);
        }
    }

    fn take(&mut self, heard: &[u8]) {
        if self.keep_last {
            self.bytes.extend_from_slice(heard);
            if self.bytes.len() > 2 * self.most {
                self.bytes.drain(..self.bytes.len() - self.most);
            }
        } else {
            let room = self.most - self.bytes.len();
            self.bytes.extend_from_slice(&heard[..heard.len().min(room)]);
        }
    }
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
