//! What every command that speaks to a server takes: which server, as whom, and for whom to print.

use clap::Args;

use super::failure::Failure;
use crate::client::Client;

/// Where a server of one's own listens.
pub(crate) const SERVER: &str = "http://127.0.0.1:8000";

/// Which server, as whom, and for whom to print.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Remote {
    /// The server.
    #[arg(
        long,
        global = true,
        env = "CIVITAS_SERVER",
        default_value = SERVER,
        value_name = "URL"
    )]
    pub server: String,
    /// Who asks: a service token or an access token, instead of whoever signed in with `civitas login`. `civitas dev` needs none.
    #[arg(
        long,
        global = true,
        env = "CIVITAS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// Print JSON for machines; a failure is then one line of JSON, the last one on standard error.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Remote {
    /// A client of the server, as whoever the token says, or else as whoever signed in there.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.client_of(&self.server)
    }

    /// The same, of another server.
    pub(crate) fn client_of(&self, server: &str) -> Result<Client, Failure> {
        match self.token.clone().filter(|token| !token.is_empty()) {
            Some(token) => Client::new(server, Some(token)),
            None => Client::signed_in(server),
        }
    }
}
