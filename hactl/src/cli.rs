//! The command line of `hactl`. Knows which verb is whose, nothing of what they do.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::cmd;
use crate::exit::{Done, Failure};

/// How verbs print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For people with wide screens: everything.
    Wide,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
    /// Names only, one a line.
    Name,
}

/// The operator's command of an ha-mesh site.
#[derive(Debug, Parser)]
#[command(name = "hactl", version, about, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  hactl login hal1.xxxx          the string that `ha-coordinator init` printed
  hactl spec init cluster.yaml   a commented file to begin with
  hactl plan -f cluster.yaml     what would be done
  hactl apply -f cluster.yaml    do it, and watch
  hactl status                   the site on one screen

Exit codes: 0 done, 1 failed, 2 refused input, 3 not permitted, 4 no coordinator reachable,
5 timed out while still running, 6 conflict.")]
pub struct Cli {
    /// How to print.
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Which login to use; left out, the current one.
    #[arg(long, global = true, env = "HACTL_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Logs in with a login string.
    Login(cmd::login::Args),
    /// Shows and chooses logins.
    Context(cmd::context::Args),
    /// Writes, checks and shows specs.
    Spec(cmd::spec::Args),
    /// Shows what would be done, on which machine, why, and what waits for what.
    Plan(cmd::plan::Args),
    /// Brings about what a spec says.
    Apply(cmd::apply::Args),
    /// Shows the work in progress until the site is as wanted.
    Watch(cmd::watch::Args),
    /// Shows the site on one screen.
    Status(cmd::status::Args),
    /// Says what breaks when machines are lost, or what each loss alone would cost.
    Whatif(cmd::whatif::Args),
    /// Shows machines, removes one, or says that somebody works on it.
    Node(cmd::node::Args),
    /// Makes, shows and revokes join strings for machines.
    Token(cmd::token::Args),
    /// Shows steps under way, or all that are kept.
    Steps(cmd::steps::Args),
    /// Shows what happened.
    Events(cmd::events::Args),
    /// Shows who is ill and what is done about it, and takes your word.
    Heal(cmd::heal::Args),
    /// Shows what happened while something was ill, on one clock.
    Incident(cmd::incident::Args),
    /// Shows the journal of a unit on a machine.
    Logs(cmd::logs::Args),
    /// Prints the cluster's administrator configuration.
    Kubeconfig(cmd::kubeconfig::Args),
    /// Sets and lists secrets.
    Secret(cmd::secret::Args),
    /// Adds, shows and revokes operators.
    User(cmd::user::Args),
    /// Shows the versions of this program and of the coordinators.
    Version(cmd::version::Args),
    /// Prints shell completions.
    Completion(cmd::completion::Args),
    /// Sends a no-op to every agent and back, and measures it.
    #[command(hide = true)]
    Echo(cmd::echo::Args),
    /// Writes the manual pages.
    #[command(hide = true)]
    Man(cmd::man::Args),
}

impl Cli {
    async fn run(self) -> Done {
        match &self.verb {
            Verb::Login(args) => cmd::login::run(&self, args).await,
            Verb::Context(args) => cmd::context::run(&self, args),
            Verb::Spec(args) => cmd::spec::run(&self, args).await,
            Verb::Plan(args) => cmd::plan::run(&self, args).await,
            Verb::Apply(args) => cmd::apply::run(&self, args).await,
            Verb::Watch(args) => cmd::watch::run(&self, args).await,
            Verb::Status(args) => cmd::status::run(&self, args).await,
            Verb::Whatif(args) => cmd::whatif::run(&self, args).await,
            Verb::Node(args) => cmd::node::run(&self, args).await,
            Verb::Token(args) => cmd::token::run(&self, args).await,
            Verb::Steps(args) => cmd::steps::run(&self, args).await,
            Verb::Events(args) => cmd::events::run(&self, args).await,
            Verb::Heal(args) => cmd::heal::run(&self, args).await,
            Verb::Incident(args) => cmd::incident::run(&self, args).await,
            Verb::Logs(args) => cmd::logs::run(&self, args).await,
            Verb::Kubeconfig(args) => cmd::kubeconfig::run(&self, args).await,
            Verb::Secret(args) => cmd::secret::run(&self, args).await,
            Verb::User(args) => cmd::user::run(&self, args).await,
            Verb::Version(args) => cmd::version::run(&self, args).await,
            Verb::Completion(args) => cmd::completion::run(args),
            Verb::Echo(args) => cmd::echo::run(&self, args).await,
            Verb::Man(args) => cmd::man::run(args),
        }
    }
}

/// Parses the command line, runs the verb, says what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => Err(Failure::doing("start the runtime", error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.shown());
            ExitCode::from(failure.code())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Every verb that can be run, with its words.
    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        let path = format!("{path} {}", command.get_name());
        if !command.has_subcommands() {
            found.push((path, command.clone()));
            return;
        }
        command.get_subcommands().for_each(|c| leaves(c, &path, found));
    }

    #[test]
    fn every_verb_has_a_description_and_examples() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        assert!(found.len() > 25, "{}", found.len());
        for (path, command) in found {
            assert!(command.get_about().is_some(), "{path} says nothing of itself");
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example") && help.contains("hactl "), "{path} has no examples");
        }
    }

    #[test]
    fn what_surface_promises_is_understood() {
        let lines = [
            "hactl apply -f cluster.yaml --dry-run",
            "hactl apply -f cluster.yaml --no-wait --yes --timeout 30m --context lab",
            "hactl plan",
            "hactl plan -f cluster.yaml -o wide",
            "hactl node remove w2 --yes --no-wait",
            "hactl node show m1 -o json",
            "hactl steps --all",
            "hactl events --follow",
            "hactl logs m1 kubelet --lines 50",
            "hactl token create --name s1 --role spare --ttl 1h",
            "hactl token revoke t0123456789",
            "hactl user add bob --role reader",
            "hactl secret set registry-example --from-file f",
            "hactl secret set registry-example",
            "hactl spec show --defaults",
            "hactl spec check -f cluster.yaml",
            "hactl completion bash",
            "hactl whatif",
            "hactl whatif --lose m1,m2 --lose w1 -o yaml",
            "hactl whatif --lose-hypervisor hv-a",
            "hactl echo",
            "hactl heal explain 3",
            "hactl incident show 2",
            "hactl heal veto 3",
            "hactl node maintenance w1 --for 1h",
            "hactl node maintenance w1 --end",
        ];
        for line in lines {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_secret_cannot_be_given_as_an_argument() {
        assert!(Cli::try_parse_from(["hactl", "secret", "set", "name", "value"]).is_err());
    }
}
