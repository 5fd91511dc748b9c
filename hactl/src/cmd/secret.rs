//! `hactl secret`: values that the site needs and nobody shall see. They come from standard input or a file, never from
//! the command line, and go out never.

use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ha_domain::view::SecretView;
use ha_proto::v1::{SecretsRequest, SetSecretRequest};
use ha_transport::Secret;

use crate::cli::Cli;
use crate::client::{Client, key};
use crate::exit::{Done, Failure};
use crate::render::list::{Column, list};
use crate::render::text::utc;
use crate::voice::Voice;

/// A larger value is refused.
const MOST: u64 = 1 << 20;

/// What `secret` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: SecretVerb,
}

#[derive(Debug, Subcommand)]
enum SecretVerb {
    /// Sets a secret, from standard input or a file.
    #[command(after_help = "A file is taken as it is; of what is typed or piped, the last line end is left out.

Examples:
  hactl secret set registry-example          asks, without showing it
  hactl secret set registry-example < file
  hactl secret set ingress-key --from-file tls.key")]
    Set {
        /// Its name, as the spec has it.
        name: String,
        /// The file that holds it; left out, standard input.
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
    },
    /// Shows which secrets there are, never their values.
    #[command(after_help = "Example:\n  hactl secret list")]
    List,
}

const COLUMNS: &[Column<SecretView>] = &[
    Column::of("SECRET", |s| s.name.to_string()),
    Column::of("SET", |s| utc(s.at)),
    Column::of("BY", |s| s.by.clone()),
    Column::of("GENERATION", |s| s.generation.to_string()),
];

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    match &args.verb {
        SecretVerb::Set { name, from_file } => {
            let value = match from_file {
                Some(path) => of_file(path)?,
                None => of_input(name)?,
            };
            let client = Client::open(cli.context.as_deref()).await?;
            let key = key();
            let request = || SetSecretRequest { name: name.clone(), value: value.expose().clone(), key: key.clone() };
            client.call(async |mut c| c.set_secret(request()).await).await?;
            Voice::beside(cli.output).say(&format!("secret {name} is set\n"));
        }
        SecretVerb::List => {
            let client = Client::open(cli.context.as_deref()).await?;
            let secrets: Vec<SecretView> = client.document(async |mut c| c.secrets(SecretsRequest {}).await).await?;
            Voice::Out.say(&list(cli.output, COLUMNS, &secrets)?);
        }
    }
    Ok(())
}

fn of_file(path: &Path) -> Result<Secret<Vec<u8>>, Failure> {
    let name = path.display();
    let file = std::fs::File::open(path).map_err(|e| Failure::Refused(format!("open {name}: {e}")))?;
    bounded(file, &name.to_string())
}

fn of_input(name: &str) -> Result<Secret<Vec<u8>>, Failure> {
    if std::io::stdin().is_terminal() {
        eprint!("{name}: ");
        let typed = console::Term::stderr().read_secure_line();
        let typed = typed.map_err(|e| Failure::doing("read the secret", e))?;
        return not_empty(Secret::new(typed.into_bytes()));
    }
    let piped = bounded(std::io::stdin(), "standard input")?;
    let bytes = piped.expose();
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    not_empty(Secret::new(text.strip_suffix(b"\r").unwrap_or(text).to_vec()))
}

fn bounded(from: impl Read, name: &str) -> Result<Secret<Vec<u8>>, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(MOST + 1).read_to_end(&mut bytes);
    let value = Secret::new(bytes);
    read.map_err(|e| Failure::Refused(format!("read {name}: {e}")))?;
    if value.expose().len() as u64 > MOST {
        return Err(Failure::Refused(format!("{name} has more than {} KiB: a secret is smaller", MOST >> 10)));
    }
    not_empty(value)
}

fn not_empty(value: Secret<Vec<u8>>) -> Result<Secret<Vec<u8>>, Failure> {
    if value.expose().is_empty() {
        Err(Failure::Refused("the secret is empty; nothing was set".to_owned()))
    } else {
        Ok(value)
    }
}
