//! What an installation put into a client's settings: for commands that act in its name.

use serde_json::Value;

use super::install::place::Place;
use super::install::plan;
use crate::cli::remote::Remote;

/// The largest settings file that is read.
const BYTES_MAX: u64 = 4 << 20;

/// What an installation says.
pub(crate) struct Installed {
    /// Whose settings they are.
    pub(crate) place: Place,
    /// The settings.
    pub(crate) settings: Value,
}

impl Installed {
    /// The installation that prevails.
    pub(crate) fn find() -> Option<Self> {
        Place::ALL.into_iter().find_map(|place| {
            let path = place.path().ok()?;
            let facts = std::fs::metadata(&path).ok()?;
            if !facts.is_file() || facts.len() > BYTES_MAX {
                return None;
            }
            let settings: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            settings["env"][plan::SERVER]
                .is_string()
                .then_some(Self { place, settings })
        })
    }

    /// A variable that it sets.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.settings["env"][name].as_str()
    }
}

/// Which server a hook speaks to, and as whom: what it was told, else what is installed. A token goes to no other server than
/// the one it was made for.
pub(crate) fn credentials(remote: &Remote) -> (String, Option<String>) {
    let told = remote.token.clone().filter(|token| !token.is_empty());
    if told.is_some() {
        return (remote.server.clone(), told);
    }
    let is_default =
        remote.server == super::super::remote::SERVER && std::env::var_os(plan::SERVER).is_none();
    let installed = Installed::find();
    let server = installed
        .as_ref()
        .and_then(|installed| installed.variable(plan::SERVER));
    let server = server
        .filter(|_| is_default)
        .unwrap_or(&remote.server)
        .to_owned();
    let token = token_for(&server);
    (server, token)
}

/// The token that was installed for a server.
pub(crate) fn token_for(server: &str) -> Option<String> {
    let installed = Installed::find()?;
    let is_meant = installed.variable(plan::SERVER) == Some(server.trim_end_matches('/'));
    installed
        .variable(plan::TOKEN)
        .filter(|_| is_meant)
        .map(str::to_owned)
}
