//! `hactl token`: join strings for machines.

use std::time::Duration;

use clap::Subcommand;
use ha_domain::spec::Role;
use ha_domain::state::TokenPurpose;
use ha_domain::view::TokenView;
use ha_proto::v1::{CreateTokenReply, CreateTokenRequest, RevokeRequest, TokensRequest};

use crate::cli::{Cli, Output};
use crate::client::{Client, key};
use crate::exit::{Done, Failure};
use crate::render::clean::line;
use crate::render::data;
use crate::render::list::{Column, list};
use crate::render::text::utc;
use crate::span;
use crate::voice::Voice;

/// What `token` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: TokenVerb,
}

#[derive(Debug, Subcommand)]
enum TokenVerb {
    /// Makes a join string for one machine, good for one use.
    #[command(after_help = "Examples:
  hactl token create --name w3
  hactl token create --name s1 --role spare --ttl 1h
  hactl token create --name w3 -o name | ssh w3 ha-agent join -")]
    Create(Creation),
    /// Shows the tokens that still open something, without their secrets.
    #[command(after_help = "Example:\n  hactl token list")]
    List,
    /// Makes a token useless.
    #[command(after_help = "Example:\n  hactl token revoke t0123456789")]
    Revoke {
        /// The token's id.
        id: String,
    },
}

/// What `token create` takes.
#[derive(Debug, clap::Args)]
struct Creation {
    /// The machine's name in the spec.
    #[arg(long)]
    name: String,
    /// Admits the machine in this role only.
    #[arg(long, value_parser = Role::ALL.map(Role::as_str))]
    role: Option<String>,
    /// How long it is good for, a day at most.
    #[arg(long, value_parser = span::parse, default_value = "10m", value_name = "TIME")]
    ttl: Duration,
}

const COLUMNS: &[Column<TokenView>] = &[
    Column::of("TOKEN", |t| t.id.to_string()),
    Column::of("FOR", |t| purpose(&t.purpose)),
    Column::of("USES", |t| t.uses.to_string()),
    Column::of("EXPIRES", |t| utc(t.expires)),
];

fn purpose(purpose: &TokenPurpose) -> String {
    match purpose {
        TokenPurpose::AnyMachine => "any machine".to_owned(),
        TokenPurpose::Machine { name, role: None } => format!("machine {name}"),
        TokenPurpose::Machine { name, role: Some(role) } => format!("machine {name} as {role}"),
        TokenPurpose::Coordinator { name } => format!("a coordinator on {name}"),
        TokenPurpose::Operator { name } => format!("login of {name}"),
    }
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    match &args.verb {
        TokenVerb::Create(creation) => create(cli, &client, creation).await,
        TokenVerb::List => {
            let tokens: Vec<TokenView> = client.document(async |mut c| c.tokens(TokensRequest {}).await).await?;
            Voice::Out.say(&list(cli.output, COLUMNS, &tokens)?);
            Ok(())
        }
        TokenVerb::Revoke { id } => {
            let request = RevokeRequest { id: id.clone(), key: key() };
            client.call(async |mut c| c.revoke_token(request.clone()).await).await?;
            Voice::beside(cli.output).say(&format!("token {id} opens nothing any more\n"));
            Ok(())
        }
    }
}

async fn create(cli: &Cli, client: &Client, creation: &Creation) -> Done {
    let request = CreateTokenRequest {
        name: creation.name.clone(),
        role: creation.role.clone().unwrap_or_default(),
        ttl_seconds: creation.ttl.as_secs(),
        key: key(),
    };
    let reply = client.call(async |mut c| c.create_token(request.clone()).await).await?;
    let lead = format!(
        "On {}, until {} UTC and once:\n  ha-agent join",
        creation.name,
        utc(ha_domain::id::Time(reply.expires_ms))
    );
    Voice::Out.say(&string(cli.output, &reply, &lead)?);
    Ok(())
}

/// A string that is told once, in the form that was asked for; `lead` is what stands before it for people.
pub(super) fn string(output: Output, reply: &CreateTokenReply, lead: &str) -> Result<String, Failure> {
    let text = line(&reply.text);
    let document = serde_json::json!({"id": line(&reply.id), "text": text, "expiresMs": reply.expires_ms});
    Ok(match (output, data::text(output, &document)?) {
        (_, Some(document)) => document,
        (Output::Name, None) => format!("{text}\n"),
        (Output::Table | Output::Wide | Output::Json | Output::Yaml, None) => format!("{lead} {text}\n"),
    })
}
