//! `hactl spec`: writing, checking and showing specs. Only `show` without a file asks a coordinator.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use ha_domain::spec;
use ha_proto::v1::SpecRequest;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::clean::clean;
use crate::render::data;
use crate::render::text::count;
use crate::voice::Voice;
use crate::wanted::{self, EvenNumbers, Given};

/// What `spec` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: SpecVerb,
}

#[derive(Debug, Subcommand)]
enum SpecVerb {
    /// Writes a commented spec to begin with.
    #[command(after_help = "Examples:\n  hactl spec init cluster.yaml\n  hactl spec init | less")]
    Init {
        /// The file to write, which must not be there yet; left out, standard output.
        file: Option<PathBuf>,
    },
    /// Checks a spec, and sends nothing.
    #[command(after_help = "Examples:\n  hactl spec check -f cluster.yaml\n  hactl spec check -f - < cluster.yaml")]
    Check(Given),
    /// Shows the spec in force, an earlier one, or a file.
    #[command(after_help = "Examples:
  hactl spec show
  hactl spec show --defaults
  hactl spec show --defaults -f cluster.yaml
  hactl spec show --generation 3")]
    Show(Shown),
    /// Prints the JSON Schema of cluster.yaml.
    #[command(after_help = "Example:\n  hactl spec schema > cluster.schema.json")]
    Schema,
    /// Prints an older file in the present format.
    #[command(after_help = "Example:\n  hactl spec migrate -f cluster.yaml > new.yaml")]
    Migrate {
        /// The spec; `-` reads standard input.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
}

/// What `spec show` takes.
#[derive(Debug, clap::Args)]
struct Shown {
    /// With every default written out.
    #[arg(long)]
    defaults: bool,
    /// A file instead of the spec in force.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// An earlier one; 0 is the one in force.
    #[arg(long, default_value_t = 0, conflicts_with = "file", value_name = "N")]
    generation: u64,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    match &args.verb {
        SpecVerb::Init { file } => init(file.as_deref()),
        SpecVerb::Check(given) => check(given).await,
        SpecVerb::Show(shown) => show(cli, shown).await,
        SpecVerb::Schema => {
            Voice::Out.say(&data::json(&spec::schema())?);
            Ok(())
        }
        SpecVerb::Migrate { file } => {
            let (text, name) = wanted::text(file)?;
            let new = spec::migrate(&text).map_err(|problems| wrong(&problems, &name))?;
            Voice::Out.say(&new);
            Ok(())
        }
    }
}

fn init(file: Option<&Path>) -> Done {
    use std::io::Write as _;
    let Some(path) = file else {
        Voice::Out.say(spec::template());
        return Ok(());
    };
    let name = path.display();
    let made = std::fs::File::create_new(path).and_then(|mut f| f.write_all(spec::template().as_bytes()));
    made.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Refused(format!("{name} is there already; nothing was written")),
        _ => Failure::doing(&format!("write {name}"), e),
    })?;
    Voice::Out.say(&format!("{name} is written: name your machines in it, then `hactl spec check -f {name}`\n"));
    Ok(())
}

async fn check(given: &Given) -> Done {
    let wanted = wanted::read(given, EvenNumbers::Refused).await?;
    eprint!("{}", wanted.warnings);
    let machines = count(wanted.spec.machines.len(), "machine");
    Voice::Out.say(&format!("{}: no problem; {} with {machines}\n", wanted.name, wanted.spec.name));
    Ok(())
}

async fn show(cli: &Cli, shown: &Shown) -> Done {
    let (text, name) = match &shown.file {
        Some(file) => wanted::text(file)?,
        None => in_force(cli, shown.generation).await?,
    };
    if !shown.defaults && !matches!(cli.output, Output::Json | Output::Yaml) {
        Voice::Out.say(&text);
        return Ok(());
    }
    let parsed = spec::parse(&text).map_err(|problems| wrong(&problems, &name))?;
    Voice::Out.say(&match cli.output {
        Output::Json => data::json(&parsed)?,
        Output::Table | Output::Wide | Output::Yaml | Output::Name => {
            spec::with_defaults(&parsed).map_err(Failure::Failed)?.trim_end().to_owned() + "\n"
        }
    });
    Ok(())
}

async fn in_force(cli: &Cli, generation: u64) -> Result<(String, String), Failure> {
    let client = Client::open(cli.context.as_deref()).await?;
    let reply = client.call(async |mut c| c.spec(SpecRequest { generation }).await).await?;
    Ok((clean(&reply.spec_yaml), format!("spec {}", reply.generation)))
}

fn wrong(problems: &[spec::Problem], name: &str) -> Failure {
    Failure::WrongSpec(spec::render(problems, name).trim_end().to_owned())
}
