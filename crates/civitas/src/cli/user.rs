//! `civitas user`: people.

use std::io::BufRead;

use anyhow::Context;
use civitas_model::{Entropy, SystemEntropy};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::{self, clean, data, note, text};
use super::remote::Remote;

/// Make accounts for people.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make a user in your tenant. Needs an administrator.
    #[command(
        after_help = "The password is never an argument, where others could read it. Examples:\n  civitas user create ada@example.com --name 'Ada Berg' --role operator\n  civitas user create ada@example.com --name 'Ada Berg' --password-stdin < password.txt"
    )]
    Create(Create),
}

/// A user to make.
#[derive(Debug, Args)]
pub struct Create {
    /// The e-mail address to sign in with.
    pub email: String,
    /// The name.
    #[arg(long)]
    pub name: String,
    /// What they may do.
    #[arg(long, default_value = "user", value_parser = ["viewer", "user", "operator", "admin"])]
    pub role: String,
    /// Read the password from the first line of standard input; without it one is made and shown once.
    #[arg(long)]
    pub password_stdin: bool,
}

/// Runs a command of the group.
pub(crate) async fn run(command: User, remote: &Remote) -> anyhow::Result<()> {
    let User::Create(arguments) = command;
    let password = if arguments.password_stdin {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .context("standard input cannot be read")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        SystemEntropy.uuid_v4().simple().to_string()
    };
    if password.is_empty() {
        return Err(Failure::Usage("standard input holds no password".to_owned()).into());
    }
    let body = json!({
        "user": { "email": arguments.email, "password": password, "name": arguments.name },
        "role": arguments.role,
    });
    let mut made = remote
        .client()?
        .post(&["api", "auth", "users"], Some(&body))
        .await?;
    if remote.json {
        if !arguments.password_stdin {
            made["password"] = password.into();
        }
        return Ok(output::json(&made)?);
    }
    data(&clean(text(&made, "user_id")))?;
    note(&format!(
        "{} may sign in as {}",
        clean(text(&made, "email")),
        clean(text(&made, "role"))
    ));
    if !arguments.password_stdin {
        note(&format!("password, shown once: {password}"));
    }
    Ok(())
}
