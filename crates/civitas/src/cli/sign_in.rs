//! `civitas login`, `logout`, `setup` and `whoami`: people, and the sign-in that is kept for them.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use civitas_auth::Secret;
use civitas_model::{Clock, SystemClock};
use clap::Args;
use console::Term;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{self, BOLD, WARN, clean, data, note, text};
use super::remote::Remote;
use crate::client::Client;
use crate::client::kept::{Kept, Place};

/// Sign in.
#[derive(Debug, Args)]
pub struct Login {
    /// The e-mail address of your account; asked for when it is left out.
    #[arg(long)]
    pub email: Option<String>,
    /// Read the password from the first line of standard input, instead of asking for it.
    #[arg(long)]
    pub password_stdin: bool,
}

/// Sign out.
#[derive(Debug, Args)]
pub struct Logout {
    /// On every machine, not only on this one.
    #[arg(long)]
    pub everywhere: bool,
}

/// Make the first account.
#[derive(Debug, Args)]
pub struct Setup {
    /// What the first start of `civitas serve` printed. It counts once.
    #[arg(long, value_name = "TOKEN")]
    pub setup_token: String,
    /// Your e-mail address, to sign in with.
    #[arg(long)]
    pub email: String,
    /// Your name.
    #[arg(long)]
    pub name: String,
    /// Read the password from the first line of standard input, instead of asking for it.
    #[arg(long)]
    pub password_stdin: bool,
}

/// Runs `civitas login`.
pub(crate) async fn login(arguments: Login, remote: &Remote) -> anyhow::Result<()> {
    let client = Client::new(&remote.server, None)?;
    warn_of_plain_text(&client);
    let email = match arguments.email {
        Some(email) => email,
        None => asked("e-mail address: ")?,
    };
    let password = password(arguments.password_stdin, false)?;
    let body = json!({ "email": email.trim(), "password": password.reveal() });
    let answer = client.post(&["api", "auth", "login"], Some(&body)).await;
    let answer = answer.map_err(|failure| match failure.code() {
        "authentication_failed" => Failure::NotAllowed(format!(
            "{} knows no such e-mail address and password together: check both; an administrator makes accounts with `civitas user create`",
            client.server()
        )),
        _ => failure,
    })?;
    keep(&client, &answer, remote).await
}

/// Runs `civitas setup`.
pub(crate) async fn setup(arguments: Setup, remote: &Remote) -> anyhow::Result<()> {
    let client = Client::new(&remote.server, None)?;
    warn_of_plain_text(&client);
    let password = password(arguments.password_stdin, true)?;
    let body = json!({
        "setup_token": arguments.setup_token.trim(),
        "administrator": { "email": arguments.email, "password": password.reveal(), "name": arguments.name },
    });
    let answer = client.post(&["api", "auth", "setup"], Some(&body)).await;
    let answer = answer.map_err(|failure| match failure.code() {
        "setup_token_invalid" => Failure::NotAllowed(format!(
            "the setup token does not count at {}: the newest start of `civitas serve` printed the one that does, and none once there is an administrator, who signs in with `civitas login`",
            client.server()
        )),
        _ => failure,
    })?;
    keep(&client, &answer, remote).await
}

/// Keeps what the server gave, and says so. What was kept before is ended there.
async fn keep(client: &Client, answer: &Value, remote: &Remote) -> anyhow::Result<()> {
    let kept = Kept::of(client.server(), answer, SystemClock.now())?;
    let place = place(client)?;
    let earlier = {
        let _lock = place.lock().await?;
        // One that cannot be read is replaced.
        let earlier = place.load().ok().flatten();
        place.keep(&kept)?;
        earlier
    };
    if let Some(earlier) = earlier {
        let earlier = Client::new(client.server(), Some(earlier.access.reveal().to_owned()))?;
        // Ended by its time, or by this: nobody has it any more.
        drop(earlier.post(&["api", "auth", "logout"], None).await);
    }
    let roles = listed(&answer["roles"]);
    if remote.json {
        let facts = ["user_id", "tenant_id", "roles", "permissions"];
        let mut shown = json!({ "server": client.server(), "email": kept.email });
        for name in facts {
            shown[name] = answer[name].clone();
        }
        return Ok(output::json(&shown)?);
    }
    note(&format!(
        "signed in at {} as {BOLD}{}{BOLD:#} ({roles}); kept in {} until `civitas logout`",
        client.server(),
        clean(&kept.email),
        place.path().display()
    ));
    if remote
        .token
        .as_deref()
        .is_some_and(|token| !token.is_empty())
    {
        note(&format!(
            "{WARN}note:{WARN:#} CIVITAS_TOKEN or --token goes before it: leave it out to act as yourself"
        ));
    }
    Ok(())
}

/// Runs `civitas logout`.
pub(crate) async fn logout(arguments: Logout, remote: &Remote) -> anyhow::Result<()> {
    let nobody = Client::new(&remote.server, None)?;
    let place = place(&nobody)?;
    let server = nobody.server();
    if !place.path().exists() {
        note(&format!("nobody is signed in at {server} from here"));
        return Ok(());
    }
    let outcome = match Client::signed_in(&remote.server) {
        Ok(client) => {
            let body = json!({ "everywhere": arguments.everywhere });
            client
                .post(&["api", "auth", "logout"], Some(&body))
                .await
                .map(drop)
        }
        Err(failure) => Err(failure),
    };
    {
        let _lock = place.lock().await?;
        place.forget()?;
    }
    match outcome {
        Ok(()) => note(&format!("signed out at {server}")),
        // It ended there before.
        Err(failure) if failure.is_not_allowed() && !arguments.everywhere => {
            note(&format!(
                "signed out at {server}, where it had ended already"
            ));
        }
        Err(failure) => {
            let context = "the sign-in is forgotten here, but the server was not told: there it ends 30 days after its last use";
            return Err(anyhow::Error::from(failure).context(context));
        }
    }
    Ok(())
}

/// Runs `civitas whoami`.
pub(crate) async fn whoami(remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let me = client.get(&["api", "auth", "me"], &[]).await?;
    if remote.json {
        return Ok(output::json(&me)?);
    }
    let how = match (client.is_signed_in(), text(&me, "kind")) {
        (true, _) => "signed in with `civitas login`",
        (false, "local_operator") => {
            "whoever sits at this machine: this server asks for no sign-in"
        }
        (false, "service") => "a token of a machine, which decides no approvals",
        (false, _) => "an access token",
    };
    let rows = [
        ("server", client.server().to_owned()),
        ("name", clean(text(&me, "name"))),
        ("e-mail", clean(text(&me, "email"))),
        ("by", how.to_owned()),
        ("tenant", clean(text(&me, "tenant_id"))),
        ("roles", listed(&me["roles"])),
        ("may", listed(&me["permissions"])),
    ];
    for (name, value) in rows {
        if !value.is_empty() {
            data(&format!("{name:<8}{value}"))?;
        }
    }
    Ok(())
}

fn place(client: &Client) -> Result<Place, Failure> {
    Place::of(client.server()).ok_or_else(|| {
        Failure::failed(
            "there is no home folder to keep the sign-in in: set HOME or XDG_CONFIG_HOME",
        )
    })
}

fn listed(words: &Value) -> String {
    let words = words.as_array().into_iter().flatten();
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    clean(&words.join(", "))
}

fn warn_of_plain_text(client: &Client) {
    let server = client.server();
    let is_local = ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| server.starts_with(local));
    if server.starts_with("http://") && !is_local {
        note(&format!(
            "{WARN}note:{WARN:#} the password travels unencrypted to this server: give it an https address"
        ));
    }
}

/// A line from whoever sits at the terminal.
fn asked(prompt: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let message = "there is no terminal to ask at: name the e-mail address with --email";
        return Err(Failure::Usage(message.to_owned()).into());
    }
    let mut terminal = std::io::stderr();
    // Without the question there is still somebody to answer it.
    drop(write!(terminal, "{prompt}").and_then(|()| terminal.flush()));
    line()
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The password: from standard input, or from the terminal without being shown; a new one twice.
fn password(from_stdin: bool, is_new: bool) -> anyhow::Result<Secret> {
    let password = if from_stdin {
        line()?
    } else {
        let terminal = Term::stderr();
        if !(terminal.is_term() && std::io::stdin().is_terminal()) {
            let message = "there is no terminal to ask for the password at: use --password-stdin";
            return Err(Failure::Usage(message.to_owned()).into());
        }
        let hidden = |prompt: &str| -> anyhow::Result<String> {
            terminal.write_str(prompt)?;
            terminal
                .read_secure_line()
                .context("the password cannot be read from the terminal")
        };
        let password = hidden("password: ")?;
        if is_new && hidden("the same again: ")? != password {
            return Err(Failure::Usage("the two passwords differ: try again".to_owned()).into());
        }
        password
    };
    if password.is_empty() {
        return Err(Failure::Usage("no password was given".to_owned()).into());
    }
    Ok(Secret::new(password))
}
