//! The sign-in of a person, kept between commands: one file per server, readable by its owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use civitas_auth::Secret;
use civitas_model::Timestamp;
use data_encoding::HEXLOWER;
use rustix::fs::{FlockOperation, flock};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::failure::Failure;
use crate::cli::output::causes;
use crate::cli::replace::replace;

/// The file holds what lets its reader act as a person.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
/// How long before its end an access token is taken for over: a request is on its way for a while.
const MARGIN: Duration = Duration::from_secs(30);
/// How long another command may take to renew the sign-in, and how often it is looked whether it is done.
const LOCK_LOOKS: u32 = 300;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// What a server gave to a person who signed in.
#[derive(Clone, Deserialize)]
pub(crate) struct Kept {
    /// The server's address, without a slash at its end.
    pub(crate) server: String,
    /// Who signed in.
    pub(crate) email: String,
    /// What requests are made with, for some minutes.
    pub(crate) access: Secret,
    /// When that ends, by this machine's clock.
    pub(crate) access_until: Timestamp,
    /// What gives the next pair. It counts once.
    pub(crate) refresh: Secret,
}

impl Kept {
    /// What the answer to signing in or to renewing says.
    pub(crate) fn of(server: &str, answer: &Value, now: Timestamp) -> Result<Self, Failure> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let kept = text(&answer["access_token"])
            .zip(text(&answer["refresh_token"]))
            .zip(text(&answer["user"]["email"]));
        let Some(((access, refresh), email)) = kept else {
            return Err(Failure::failed(format!(
                "{server} does not answer like a Civitas server: check --server"
            )));
        };
        let lifetime = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or_default());
        Ok(Self {
            server: server.to_owned(),
            email,
            access: Secret::new(access),
            access_until: now.plus(lifetime),
            refresh: Secret::new(refresh),
        })
    }

    /// Whether the access token is over, or nearly.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now.plus(MARGIN) >= self.access_until
    }

    fn to_json(&self) -> Value {
        json!({
            "server": self.server, "email": self.email, "access": self.access.reveal(),
            "access_until": self.access_until, "refresh": self.refresh.reveal(),
        })
    }
}

/// Where the sign-in at one server is kept.
#[derive(Clone)]
pub(crate) struct Place {
    file: PathBuf,
    lock: PathBuf,
}

impl Place {
    /// The place for a server's address without a slash at its end; nothing when there is no home folder.
    pub(crate) fn of(server: &str) -> Option<Self> {
        let folder = configuration()?.join("civitas/sign-in");
        let digest = HEXLOWER.encode(&Sha256::digest(server));
        let name = digest.get(..16)?;
        Some(Self {
            file: folder.join(format!("{name}.json")),
            lock: folder.join(format!("{name}.lock")),
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// What is kept, if anything is.
    pub(crate) fn load(&self) -> Result<Option<Kept>, Failure> {
        let path = self.file.display();
        let bytes = match fs::read(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::failed(format!("{path} cannot be read: {error}"))),
            Ok(bytes) => bytes,
        };
        // What is in it is not said: it is secret.
        serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            Failure::failed(format!(
                "{path} is damaged: sign in again with `civitas login`"
            ))
        })
    }

    /// Keeps a sign-in in place of what was kept, in one step. For whoever holds the lock.
    pub(crate) fn keep(&self, kept: &Kept) -> Result<(), Failure> {
        let text = format!("{:#}\n", kept.to_json());
        replace(&self.file, text.as_bytes(), PRIVATE_FILE)
            .map_err(|error| Failure::failed(causes(&error)))
    }

    /// Forgets what is kept. For whoever holds the lock.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::failed(format!(
                "{} cannot be removed: {error}",
                self.file.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Takes the sign-in for this process, until the answer is dropped: a refresh token that is used twice ends everything
    /// that came from it.
    pub(crate) async fn lock(&self) -> Result<File, Failure> {
        let path = self.lock.display();
        let cannot = |error: std::io::Error| {
            Failure::failed(format!("the sign-in cannot be kept: {path}: {error}"))
        };
        if let Some(folder) = self.lock.parent() {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(PRIVATE_FOLDER).create(folder);
            made.map_err(cannot)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options
            .mode(PRIVATE_FILE)
            .open(&self.lock)
            .map_err(cannot)?;
        for _ in 0..LOCK_LOOKS {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(file);
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Err(Failure::failed(
            "another command is renewing the sign-in and does not come to an end: stop it, and try again",
        ))
    }
}

/// Where programs keep what a user set (the XDG base directories).
fn configuration() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || std::env::home_dir().map(|home| home.join(".config"));
    named
        .filter(|folder| folder.is_absolute())
        .or_else(|| home().filter(|folder| folder.is_absolute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "access_token": "a.b.c", "refresh_token": "refresh_1", "expires_in": 900,
            "user": { "email": "ada@example.com" },
        })
    }

    #[test]
    fn an_access_token_is_over_a_little_before_its_end() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let kept = Kept::of("http://s", &answer(), now).unwrap();
        assert!(!kept.is_over(now.plus(Duration::from_secs(869))));
        assert!(kept.is_over(now.plus(Duration::from_secs(870))));
    }

    #[test]
    fn what_no_server_of_ours_answers_is_not_kept() {
        let mut without = answer();
        without["refresh_token"] = Value::Null;
        assert!(Kept::of("http://s", &without, Timestamp::default()).is_err());
    }
}
