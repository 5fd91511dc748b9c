//! Replicas as processes of their own, so that they can be killed for real. A replica process is this test binary, run
//! again for the one test [`replica`], and is told what to do over a socket, a line at a time.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ha_coordinator::store::Store;
use ha_domain::id::CoordinatorId;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::{Begin, start};
use crate::machine::Texts;

const ROLE: &str = "HA_STORE_REPLICA";

/// A replica process, seen from the test.
pub(crate) struct Replica {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    control: SocketAddr,
    dir: PathBuf,
    child: Child,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Replica {
    pub(crate) fn spawn(begin: &str, dir: &Path, id: u64) -> Self {
        let (peer, control) = (free_port(), free_port());
        let child = run(begin, dir, id, peer, control);
        Self { id, peer, control, dir: dir.to_owned(), child }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = run("open", &self.dir, self.id, self.peer, self.control);
    }

    /// Sends a line and returns the answer; None if the process does not answer.
    pub(crate) async fn ask(&self, line: &str) -> Option<String> {
        let asking = async {
            let mut stream = TcpStream::connect(self.control).await.ok()?;
            stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
            BufReader::new(stream).lines().next_line().await.ok()?
        };
        tokio::time::timeout(Duration::from_secs(5), asking).await.ok()?
    }
}

fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn run(begin: &str, dir: &Path, id: u64, peer: SocketAddr, control: SocketAddr) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process::replica"]);
    command.env(ROLE, format!("{begin} {id} {peer} {control} {}", dir.display()));
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Not a test unless called as a replica: then it serves until killed.
#[tokio::test]
async fn replica() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let role = role.into_string().unwrap();
    let [begin, id, peer, control, dir] = role.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
    let begin = match begin {
        "create" => Begin::Create,
        "join" => Begin::Join,
        _ => Begin::Open,
    };
    let listener = TcpListener::bind(peer).await.unwrap();
    let store = start(begin, Path::new(dir), id.parse().unwrap(), listener).await.unwrap();
    let control = TcpListener::bind(control).await.unwrap();
    loop {
        let (stream, _) = control.accept().await.unwrap();
        tokio::spawn(serve(store.clone(), stream));
    }
}

async fn serve(store: Store<Texts>, mut stream: TcpStream) -> Option<()> {
    let (reading, mut writing) = stream.split();
    let line = BufReader::new(reading).lines().next_line().await.ok()??;
    let answer = answer(&store, &line).await;
    writing.write_all(format!("{answer}\n").as_bytes()).await.ok()
}

async fn answer(store: &Store<Texts>, line: &str) -> String {
    let word = |n: usize| line.split(' ').nth(n).unwrap_or_default();
    let id = || CoordinatorId(word(1).parse().unwrap());
    match word(0) {
        "set" => match store.propose(word(1).into()).await {
            Ok(applied) => format!("ok {}", applied.index),
            Err(error) => format!("no {error}"),
        },
        "add" => format!("{:?}", store.add_learner(id(), word(2)).await),
        "promote" => format!("{:?}", store.promote(id()).await),
        "leads" => store.leadership().borrow().ready.to_string(),
        "applied" => store.applied().borrow().to_string(),
        "count" => store.peek(|texts| texts.0.len()).to_string(),
        other => format!("what is {other}?"),
    }
}
