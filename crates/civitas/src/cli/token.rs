//! `civitas token`: service tokens, for machines.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{self, clean, data, moment, note, table, text};
use super::remote::Remote;

/// Make and revoke tokens for machines.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token. Its secret is printed once, on standard output. Needs an administrator.
    #[command(
        after_help = "Example:\n  civitas token create nightly-import --scope read,write --days 30 > token.txt"
    )]
    Create(Create),
    /// List tokens, newest first; their secrets are not kept.
    #[command(after_help = "Example:\n  civitas token list")]
    List,
    /// Revoke a token for good; whoever uses it is refused at once.
    #[command(after_help = "Example:\n  civitas token revoke TOKEN_ID --yes")]
    Revoke {
        /// The token's id, as `civitas token list` shows it.
        #[arg(value_name = "TOKEN_ID")]
        token_id: String,
        /// Yes, for good.
        #[arg(long)]
        yes: bool,
    },
}

/// A token to make.
#[derive(Debug, Args)]
pub struct Create {
    /// What it is for.
    pub name: String,
    /// What it may do, separated by commas: read, write, admin; metrics, to scrape `/metrics` and nothing else; hooks, to
    /// report what agents do and ask what they may, for an agent's machine.
    #[arg(
        long = "scope",
        value_delimiter = ',',
        default_value = "read",
        value_name = "SCOPES"
    )]
    pub scopes: Vec<String>,
    /// How long it lasts.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=366))]
    pub days: u64,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Token, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Token::Create(arguments) => {
            let body = json!({ "name": arguments.name, "scopes": arguments.scopes, "expires_in_days": arguments.days });
            let made = client.post(&["api", "auth", "tokens"], Some(&body)).await?;
            if remote.json {
                return Ok(output::json(&made)?);
            }
            data(text(&made, "token"))?;
            note(&format!(
                "shown once; id {}, until {}",
                clean(text(&made, "token_id")),
                moment(&made, "expires_at")
            ));
            Ok(())
        }
        Token::List => {
            let listed = client.get(&["api", "auth", "tokens"], &[]).await?;
            if remote.json {
                return Ok(output::json(&listed)?);
            }
            let tokens = listed["tokens"].as_array().into_iter().flatten();
            let rows: Vec<Vec<String>> = tokens.map(row).collect();
            Ok(table(
                &[
                    "TOKEN ID",
                    "NAME",
                    "SCOPES",
                    "EXPIRES",
                    "LAST USED",
                    "REVOKED",
                ],
                &rows,
            )?)
        }
        Token::Revoke { token_id, yes } => {
            if !yes {
                let message =
                    format!("a revoked token never works again: add --yes to revoke {token_id}");
                return Err(Failure::Usage(message).into());
            }
            client.delete(&["api", "auth", "tokens", &token_id]).await?;
            note("revoked");
            Ok(())
        }
    }
}

fn row(token: &Value) -> Vec<String> {
    let scopes = token["scopes"].as_array().into_iter().flatten();
    let scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
    vec![
        clean(text(token, "token_id")),
        clean(text(token, "name")),
        clean(&scopes.join(",")),
        moment(token, "expires_at"),
        moment(token, "last_used_at"),
        moment(token, "revoked_at"),
    ]
}
