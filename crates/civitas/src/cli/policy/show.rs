//! Looking at versions.

use civitas_policy::Tables;
use serde_json::Value;

use super::Show;
use super::folder::files;
use crate::cli::failure::Failure;
use crate::cli::output::{self, DIM, GOOD, clean, data, moment, note, short, table, text};
use crate::client::Client;

/// Roles' lists are cut to this many characters.
const LIST_WIDTH: usize = 48;

/// One version with its texts.
pub(super) async fn version(client: &Client, version: &str) -> Result<Value, Failure> {
    if version != "active" && !version.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!(
            "{version} is no version: give a number or `active`; `civitas policy show active --file NAME` prints a file of it"
        );
        return Err(Failure::Usage(message));
    }
    client
        .get(&["api", "v1", "policy", "versions", version], &[])
        .await
}

/// The versions, and where they stand.
pub(super) async fn listed(client: &Client) -> Result<Value, Failure> {
    let query = [("limit", "200".to_owned())];
    client
        .get(&["api", "v1", "policy", "versions"], &query)
        .await
}

/// `civitas policy show`.
pub(super) async fn run(client: &Client, arguments: Show, machine: bool) -> anyhow::Result<()> {
    let shown = version(client, &arguments.version).await?;
    if let Some(name) = arguments.file {
        let files = files(&shown);
        let found = files.iter().find(|(known, _)| *known == name);
        let Some((_, text)) = found else {
            let known: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("there is no {name} in it: there are {}", known.join(", "));
            return Err(Failure::NotFound(message).into());
        };
        return Ok(data(text.trim_end_matches('\n'))?);
    }
    if machine {
        return Ok(output::json(&shown)?);
    }
    let number = &shown["version"];
    let facts = [
        ("version", number.to_string()),
        ("note", clean(text(&shown, "note"))),
        ("made by", clean(text(&shown, "created_by"))),
        ("made", moment(&shown, "created_at")),
        ("made from", shown["based_on"].to_string()),
        ("fingerprint", clean(text(&shown, "fingerprint"))),
    ];
    let rows = facts.into_iter().filter(|(name, value)| {
        !value.is_empty() && (*number != 0 || !["made", "made from"].contains(name))
    });
    let rows: Vec<Vec<String>> = rows
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    table(&["FIELD", "VALUE"], &rows)?;
    data("")?;
    let rows: Vec<Vec<String>> = files(&shown)
        .iter()
        .map(|(name, text)| vec![clean(name), text.lines().count().to_string()])
        .collect();
    table(&["FILE", "LINES"], &rows)?;
    // A table that another release wrote may be none for this one; its text can still be shown.
    if let Ok(tables) = Tables::from_toml(text(&shown, "tables")) {
        data("")?;
        roles(&tables)?;
    }
    Ok(())
}

fn roles(tables: &Tables) -> std::io::Result<()> {
    let mut roles: Vec<_> = tables.roles.iter().collect();
    roles.sort_by_key(|(name, role)| (std::cmp::Reverse(role.level), name.as_str()));
    let rows: Vec<Vec<String>> = roles
        .into_iter()
        .map(|(name, role)| {
            let yes = |value: bool| if value { "yes" } else { "" }.to_owned();
            vec![
                clean(name),
                role.level.to_string(),
                short(&role.tools.join(" "), LIST_WIDTH),
                short(&role.paths.join(" "), LIST_WIDTH),
                short(&role.apis.join(" "), LIST_WIDTH / 2),
                yes(role.spawn),
                yes(role.secrets),
                short(&role.approval.join(" "), LIST_WIDTH / 2),
            ]
        })
        .collect();
    let headings = [
        "ROLE",
        "LEVEL",
        "TOOLS",
        "PATHS",
        "APIS",
        "STARTS AGENTS",
        "SECRETS",
        "NEEDS APPROVAL",
    ];
    table(&headings, &rows)
}

/// `civitas policy versions`.
pub(super) async fn versions(client: &Client, machine: bool) -> anyhow::Result<()> {
    let listed = listed(client).await?;
    if machine {
        return Ok(output::json(&listed)?);
    }
    let active = listed["active"].as_u64().unwrap_or_default();
    let versions = listed["versions"].as_array().into_iter().flatten();
    let mut rows: Vec<Vec<String>> = versions
        .map(|one| {
            let number = one["version"].as_u64().unwrap_or_default();
            vec![
                marked(number, active),
                moment(one, "created_at"),
                short(text(one, "created_by"), 24),
                one["based_on"].to_string(),
                short(text(one, "fingerprint"), 13),
                short(text(one, "note"), 60),
            ]
        })
        .collect();
    let defaults = "what every tenant starts with";
    rows.push(vec![
        marked(0, active),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        defaults.to_owned(),
    ]);
    table(
        &["VERSION", "MADE", "BY", "FROM", "FINGERPRINT", "NOTE"],
        &rows,
    )?;
    let activations = listed["activations"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if !activations.is_empty() {
        data("")?;
        let rows: Vec<Vec<String>> = activations
            .iter()
            .take(10)
            .map(|one| {
                vec![
                    moment(one, "activated_at"),
                    format!("{} → {}", one["previous"], one["version"]),
                    short(text(one, "activated_by"), 24),
                    short(text(one, "note"), 60),
                ]
            })
            .collect();
        table(&["ACTIVATED", "VERSION", "BY", "NOTE"], &rows)?;
    }
    note(&format!(
        "{GOOD}version {active} decides{GOOD:#}{DIM}; `civitas policy diff 0 active` shows what was made of the defaults{DIM:#}"
    ));
    Ok(())
}

fn marked(number: u64, active: u64) -> String {
    if number == active {
        format!("{number} (active)")
    } else {
        number.to_string()
    }
}
