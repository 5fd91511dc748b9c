//! A stand-in for Joget in the lab: it keeps Joget's outside contract and is not Joget.
//!
//! This file only starts and stops it; it must not know pages, SQL or file formats.

mod about;
mod db;
mod first_setup;
mod jdbc;
mod password;
mod properties;
mod secret;
mod session;
mod settings;
mod shared_file;
mod source;
mod web;

use crate::db::Conn;
use crate::db::schema::{self, Outcome};
use crate::settings::Settings;
use crate::source::Source;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long requests under way may take after SIGTERM.
const DRAIN: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let result = match argument.as_deref() {
        None => run(serve()),
        Some("schema") => run(make_schema()),
        Some("--version" | "-V") => say(about::VERSION),
        Some("--help" | "-h") => say(about::HELP),
        Some(other) => Err(format!("unknown argument `{other}`; see joget-standin --help").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            about::log(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> Result<(), Failure> {
    println!("{}", text.trim_end());
    Ok(())
}

fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
    let result = runtime.block_on(work);
    // A thread that hangs on a dead mount must not keep the process.
    runtime.shutdown_background();
    result
}

async fn serve() -> Result<(), Failure> {
    let settings = Settings::from_env();
    let listener = TcpListener::bind(&settings.listen).await.map_err(|e| format!("{}: {e}", settings.listen))?;
    about::log(&format!("{}: pod {}, listening on {}", about::VERSION, settings.pod, listener.local_addr()?));
    let seed = settings.makes_schema.then(|| settings.seed.clone());
    let source = Source::new(settings.datasource_dir.clone(), seed);
    let router = web::router(Arc::new(web::App { settings, source }));
    let (stop, stopped) = watch::channel(());
    let server = axum::serve(listener, router).with_graceful_shutdown(told_to_stop(stop)?);
    tokio::select! {
        ended = server.into_future() => ended?,
        () = drained(stopped) => about::log("some requests did not end in time and were cut"),
    }
    about::log("stopped");
    Ok(())
}

/// Ends at SIGTERM or SIGINT and drops `stop`, which starts the clock of `drained`.
fn told_to_stop(stop: watch::Sender<()>) -> Result<impl Future<Output = ()>, Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        about::log("told to stop: finishing the requests under way");
        drop(stop);
    })
}

async fn drained(mut stopped: watch::Receiver<()>) {
    // Ends with an error when the sender is dropped, which is the signal.
    while stopped.changed().await.is_ok() {}
    tokio::time::sleep(DRAIN).await;
}

async fn make_schema() -> Result<(), Failure> {
    let settings = Settings::from_env();
    let found = Source::new(settings.datasource_dir.clone(), None).read().await?;
    let mut conn = Conn::open(&found.target, &found.login).await?;
    let outcome = schema::install(&mut conn, &settings.seed).await?;
    schema::create_runtime_tables(&mut conn).await?;
    let word = match outcome {
        Outcome::Made => "made",
        Outcome::WasThere => "was there already, nothing was touched",
    };
    about::log(&format!("schema of profile {}: {word}", found.profile));
    Ok(())
}
