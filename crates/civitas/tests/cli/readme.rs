//! README.md: every command it shows is run, in its order, and says what README says that it says.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{BINARY, Ran, civitas};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
/// What stands for the id of an execution.
const SOME_ID: &str = "01a1f…";

/// A command and what is shown of its output.
struct Shown {
    command: String,
    output: Vec<String>,
}

/// The commands of the `console` blocks.
fn shown(readme: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let (mut inside, mut goes_on) = (false, false);
    for line in readme.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            inside = fence == "console";
        } else if !inside {
        } else if goes_on {
            let last = found.last_mut().unwrap();
            goes_on = line.ends_with('\\');
            last.command.push_str(line.trim_end_matches('\\'));
        } else if let Some(command) = line.strip_prefix("$ ") {
            goes_on = command.ends_with('\\');
            found.push(Shown {
                command: command.trim_end_matches('\\').to_owned(),
                output: Vec::new(),
            });
        } else if !line.is_empty() {
            found.last_mut().unwrap().output.push(line.to_owned());
        }
    }
    found
}

/// Whether a line is the one shown, in which `…` stands for anything.
fn matches(line: &str, shown: &str) -> bool {
    let mut rest = line;
    for (number, part) in shown.replace(SOME_ID, "…").split('…').enumerate() {
        match rest.find(part) {
            Some(at) if at == 0 || number > 0 => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    true
}

/// A server that a command of README starts, ended with the test.
struct Started {
    child: Child,
    address: String,
}

impl Started {
    fn start(command: &str, folder: &Path) -> Self {
        let mut child = shell(command, folder)
            .env("CIVITAS_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{command}: {line}"));
        Self {
            child,
            address: address.to_owned(),
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command as a shell runs it, with `civitas` on the path.
fn shell(command: &str, folder: &Path) -> Command {
    let mut shell = civitas();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.join("bin").display());
    let settings: Vec<_> = shell.get_envs().map(|(name, _)| name.to_owned()).collect();
    shell = Command::new("sh");
    for name in settings {
        shell.env_remove(name);
    }
    // The shell becomes the command, so that ending it ends the server.
    shell.args(["-c", &format!("exec {command}")]);
    shell.current_dir(folder).env("PATH", path);
    shell.env("HOME", folder);
    shell
        .env_remove("CLAUDE_CONFIG_DIR")
        .env_remove("XDG_STATE_HOME");
    shell.stdin(Stdio::null());
    shell
}

#[test]
fn every_command_of_the_readme_works_as_shown() {
    let readme = std::fs::read_to_string(README).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("bin")).unwrap();
    symlink(BINARY, folder.join("bin/civitas")).unwrap();
    std::fs::write(folder.join("README.md"), &readme).unwrap();
    std::fs::create_dir_all(folder.join(".claude/agents")).unwrap();
    let agent = "---\nname: test-writer\ndescription: Writes tests\ntools: Read, Write\n---\nYou write tests.\n";
    std::fs::write(folder.join(".claude/agents/test-writer.md"), agent).unwrap();
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    let commands = shown(&readme);
    assert!(commands.len() > 10, "the blocks were not found");
    let (mut server, mut execution) = (None::<Started>, None::<String>);
    for Shown { command, output } in commands {
        match command.as_str() {
            "cargo xtask test" => {
                // It is what runs this test. That it can be typed is what is left to check.
                let config = Path::new(README).with_file_name(".cargo/config.toml");
                let config = std::fs::read_to_string(config).unwrap();
                assert!(config.contains("xtask = "), "{config}");
            }
            "cargo run --release -- demo" => {
                let demo = "civitas demo --exit";
                Ran::from(shell(demo, folder).output().unwrap()).ok();
            }
            "civitas dev" | "civitas dev &" => {
                // The folder is one server's at a time.
                drop(server.take());
                server = Some(Started::start("civitas dev", folder));
            }
            serve if serve.starts_with("civitas serve") => {
                let serve = serve.replace("0.0.0.0:8000", "127.0.0.1:0");
                Started::start(&format!("{serve} --data-dir others"), folder);
            }
            curl if curl.starts_with("curl") && !has_curl => eprintln!("skipped: {curl}"),
            _ => {
                let address = &server.as_ref().unwrap().address;
                let mut typed = command.replace("localhost:8000", address);
                // Nobody is there to be asked.
                typed = typed.replace("activate --drafts", "activate --drafts --yes");
                if let Some(execution) = &execution {
                    typed = typed.replace(SOME_ID, execution);
                }
                let mut shell = shell(&typed, folder);
                shell.env("CIVITAS_SERVER", format!("http://{address}"));
                shell.env("CIVITAS_LISTEN", address);
                let ran = Ran::from(shell.output().unwrap()).ok();
                for (line, shown) in ran.out.lines().zip(&output) {
                    assert!(matches(line, shown), "{typed}\nsays {line}\nnot  {shown}");
                }
                assert!(ran.out.lines().count() >= output.len(), "{typed}");
                if let Some((_, id)) = ran.out.split_once(r#""execution_id":""#) {
                    execution.get_or_insert_with(|| id[..36].to_owned());
                }
            }
        }
    }
}
