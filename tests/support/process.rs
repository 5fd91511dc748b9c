//! A program as a thread with a runtime of its own: all its tasks end with it, also those that it did not keep.
//!
//! Knows nothing of what it runs.

use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// How long work that cannot be interrupted (a file being written) may go on after the end.
const LAST_WORK: Duration = Duration::from_secs(2);

/// What a program's thread is called: what it is, on which machine, and of which mesh where there are several.
pub fn thread_name(what: &str, machine: &str, dir: &Path) -> String {
    let mesh = dir.file_name().map_or_else(String::new, |name| format!(".{}", name.to_string_lossy()));
    format!("{what}-{machine}{mesh}")
}

/// What a program is told when it is to end by itself.
pub type Asked = oneshot::Receiver<()>;

/// A running program.
pub struct Process(Mutex<Parts>);

struct Parts {
    ask: Option<oneshot::Sender<()>>,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `main` in a thread called `name`, after `before` has ended. Runtime threads carry the same name.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start<F, Fut>(name: &str, before: Option<Self>, main: F) -> std::io::Result<Self>
    where
        F: FnOnce(Asked) -> Fut + Send + 'static,
        Fut: Future<Output = anyhow::Result<()>>,
    {
        let (ask, asked) = oneshot::channel();
        let (kill, killed) = oneshot::channel::<()>();
        let shown = name.to_owned();
        let thread = std::thread::Builder::new().name(shown.clone()).spawn(move || {
            if let Some(before) = before {
                before.kill();
                before.wait();
            }
            if let Err(error) = run(&shown, main(asked), killed) {
                tracing::error!(program = %shown, error = format!("{error:#}"), "ended");
            }
        })?;
        Ok(Self(Mutex::new(Parts { ask: Some(ask), kill: Some(kill), thread: Some(thread) })))
    }

    fn parts<R>(&self, change: impl FnOnce(&mut Parts) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks it to end, as SIGTERM does.
    pub fn ask_to_end(&self) {
        if let Some(ask) = self.parts(|p| p.ask.take()) {
            let _ = ask.send(());
        }
    }

    /// Ends it wherever it is, as SIGKILL does.
    pub fn kill(&self) {
        if let Some(kill) = self.parts(|p| p.kill.take()) {
            let _ = kill.send(());
        }
    }

    /// Comes back when it has ended.
    pub fn wait(&self) {
        if let Some(thread) = self.parts(|p| p.thread.take()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(
    name: &str,
    main: impl Future<Output = anyhow::Result<()>>,
    killed: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let runtime = runtime(name)?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = main => outcome,
            _ = killed => Ok(()),
        }
    });
    runtime.shutdown_timeout(LAST_WORK);
    outcome
}

/// One thread does for a program: a mesh has more programs than this machine has cores.
fn runtime(name: &str) -> std::io::Result<Runtime> {
    Builder::new_current_thread().thread_name(name).enable_all().build()
}
