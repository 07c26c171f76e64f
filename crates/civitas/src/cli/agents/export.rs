//! `civitas agents export`: agents back to files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::{self, clean, counted, data, note, text};
use crate::cli::remote::Remote;

/// Write agents back to files.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder to write into.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Only these, by their names or ids; every one otherwise.
    #[arg(value_name = "AGENT")]
    pub agents: Vec<String>,
    /// Write over files that hold something else.
    #[arg(long)]
    pub force: bool,
}

pub(super) async fn run(arguments: Export, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let mut agents = Vec::new();
    for agent in &arguments.agents {
        agents.push(super::find(&client, agent).await?);
    }
    if arguments.agents.is_empty() {
        agents = super::all(&client, &[]).await?;
    }
    let mut written: Vec<Value> = Vec::with_capacity(agents.len());
    for agent in &agents {
        let path = ["api", "v1", "agents", text(agent, "agent_id"), "file"];
        let file = client.get(&path, &[]).await?;
        let below = safe(text(&file, "path")).unwrap_or_else(|| {
            // Names are small letters, digits and hyphens.
            PathBuf::from(format!("{}.md", text(agent, "name")))
        });
        let target = arguments.folder.join(&below);
        let is_new = write(&target, text(&file, "text"), arguments.force)?;
        if !remote.json && is_new {
            data(&clean(&target.display().to_string()))?;
        }
        written.push(json!({ "agent": agent["name"], "path": target, "written": is_new }));
    }
    let count = written.iter().filter(|one| one["written"] == true).count();
    if remote.json {
        return Ok(output::json(&json!({ "files": written }))?);
    }
    let same = written.len() - count;
    let written = counted(count, "file");
    note(&format!("{written} written, {same} the same already"));
    Ok(())
}

/// A path from the registry is data: it is used only when it leads nowhere but below a folder.
fn safe(path: &str) -> Option<PathBuf> {
    let is_safe = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.contains(['\\', ':', '\0'])
            && !part.contains(char::is_control)
    };
    path.split('/')
        .all(is_safe)
        .then(|| path.split('/').collect())
}

/// Writes a file and its folders; answers whether there was anything to write.
fn write(target: &Path, content: &str, force: bool) -> anyhow::Result<bool> {
    match fs::read(target) {
        Ok(there) if there == content.as_bytes() => return Ok(false),
        Ok(_) if !force => {
            let message = format!(
                "{} holds something else: write elsewhere, or over it with --force",
                target.display()
            );
            return Err(Failure::failed(message).into());
        }
        _ => {}
    }
    let unwritable = || format!("{} cannot be written", target.display());
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(unwritable)?;
    }
    fs::write(target, content).with_context(unwritable)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_but_below() {
        assert_eq!(safe("quality/x.md"), Some(PathBuf::from("quality/x.md")));
        for path in [
            "",
            "/etc/x.md",
            "../x.md",
            "a/../../x.md",
            "a//b.md",
            "C:x.md",
            "a\\b.md",
            "a\nb",
        ] {
            assert_eq!(safe(path), None, "{path:?}");
        }
    }
}
