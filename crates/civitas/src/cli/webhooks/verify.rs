//! `civitas webhooks verify`: whether a message that was received is genuine.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use civitas_governance::webhooks::signature;
use civitas_model::{Clock, SystemClock};
use civitas_storage::SigningSecret;
use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{self, note};

/// A message that was received.
#[derive(Debug, Args)]
pub struct Verify {
    /// The file with the body, to the byte as it was received; - for standard input.
    #[arg(value_name = "FILE")]
    pub body: PathBuf,
    /// A header that was received, such as `webhook-id: msg_…`; `webhook-id`, `webhook-timestamp` and
    /// `webhook-signature` are needed.
    #[arg(short = 'H', long = "header", value_name = "HEADER", required = true)]
    pub headers: Vec<String>,
    /// The secret that was shown when the webhook was set up.
    #[arg(
        long,
        env = "CIVITAS_WEBHOOK_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub secret: String,
}

pub(super) fn run(arguments: &Verify, json: bool) -> anyhow::Result<()> {
    let body = read(arguments)?;
    let header = |wanted: &str| {
        let found = arguments.headers.iter().find_map(|header| {
            let (name, value) = header.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        });
        found.ok_or_else(|| {
            Failure::Usage(format!("the header {wanted} is missing: add it with -H"))
        })
    };
    let headers = [
        header("webhook-id")?,
        header("webhook-timestamp")?,
        header("webhook-signature")?,
    ];
    let secret = SigningSecret::new(arguments.secret.as_str());
    signature::verify(&secret, headers, &body, SystemClock.now())
        .map_err(|forged| Failure::failed(forged.to_string()))?;
    if json {
        return Ok(output::json(&json!({ "genuine": true, "id": headers[0] }))?);
    }
    note("genuine");
    Ok(())
}

fn read(arguments: &Verify) -> anyhow::Result<Vec<u8>> {
    let path = &arguments.body;
    if path.as_os_str() != "-" {
        return std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    }
    let mut body = Vec::new();
    std::io::stdin()
        .read_to_end(&mut body)
        .context("standard input cannot be read")?;
    Ok(body)
}
