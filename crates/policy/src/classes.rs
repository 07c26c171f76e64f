//! What kind of program a command is, for policies about kinds rather than names.

use crate::danger::operands;
use crate::shell::Command;

const NETWORK: [&str; 34] = [
    "curl", "wget", "nc", "ncat", "netcat", "telnet", "ssh", "scp", "sftp", "rsync", "ftp",
    "socat", "dig", "nslookup", "host", "http", "https", "xh", "aria2c", "lynx", "w3m", "ping",
    "gh", "glab", "aws", "gcloud", "az", "kubectl", "helm", "ngrok", "mail", "sendmail", "rclone",
    "whois",
];
const PRIVILEGED: [&str; 6] = ["sudo", "doas", "su", "pkexec", "runuser", "chroot"];
const DESTRUCTIVE: [&str; 6] = ["rm", "rmdir", "unlink", "shred", "truncate", "dd"];
pub(crate) const INTERPRETER: [&str; 22] = [
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "node",
    "deno",
    "bun",
    "php",
    "lua",
    "Rscript",
    "osascript",
    "awk",
    "gawk",
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "ash",
    "fish",
    "tclsh",
];
const PACKAGE_MANAGER: [&str; 20] = [
    "npm", "npx", "pnpm", "yarn", "bunx", "pip", "pip3", "pipx", "uv", "uvx", "poetry", "cargo",
    "go", "gem", "bundle", "apt", "apt-get", "brew", "dnf", "apk",
];
const DATABASE: [&str; 10] = [
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "mongosh",
    "mongo",
    "redis-cli",
    "sqlcmd",
    "clickhouse-client",
    "duckdb",
];
const CONTAINER: [&str; 7] = [
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "helm",
    "docker-compose",
    "crictl",
];

/// The classes of a command.
pub fn classes(command: &Command) -> Vec<&'static str> {
    let name = command.name();
    let subcommand = subcommand(command);
    let mut found = Vec::new();
    let mut add = |class: &'static str, applies: bool| {
        if applies {
            found.push(class);
        }
    };
    let is_git = matches!(name, "git" | "hg" | "svn" | "jj");
    let remote = matches!(
        subcommand,
        "push" | "pull" | "fetch" | "clone" | "ls-remote" | "remote" | "submodule"
    );
    let installs = matches!(
        subcommand,
        "install"
            | "i"
            | "add"
            | "publish"
            | "update"
            | "upgrade"
            | "get"
            | "download"
            | "ci"
            | "login"
    );
    let package_manager = PACKAGE_MANAGER.contains(&name);
    add(
        "network",
        NETWORK.contains(&name)
            || is_git && remote
            || package_manager && (installs || matches!(name, "npx" | "uvx" | "bunx"))
            || name == "docker" && matches!(subcommand, "push" | "pull" | "login"),
    );
    add(
        "privileged",
        PRIVILEGED.contains(&name)
            || command
                .through
                .iter()
                .any(|wrapper| PRIVILEGED.contains(&wrapper.as_str())),
    );
    add("destructive", DESTRUCTIVE.contains(&name));
    let interpreter = INTERPRETER.contains(&name);
    add("interpreter", interpreter);
    let inline = command.arguments().iter().any(|word| {
        matches!(
            word.text.as_str(),
            "-c" | "-e" | "-E" | "-r" | "--eval" | "-p"
        )
    });
    add(
        "inline_code",
        interpreter && (inline || command.here.is_some() || matches!(name, "awk" | "gawk")),
    );
    add("package_manager", package_manager);
    add("version_control", is_git);
    add("database", DATABASE.contains(&name));
    add("container", CONTAINER.contains(&name));
    found
}

/// The first argument that is no option; of git, after the options that have a value.
pub fn subcommand(command: &Command) -> &str {
    if command.name() != "git" {
        return operands(command)
            .next()
            .map_or("", |word| word.text.as_str());
    }
    let mut arguments = command.arguments().iter();
    while let Some(word) = arguments.next() {
        match word.text.as_str() {
            "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace" | "--attr-source"
            | "--config-env" | "--super-prefix" => {
                arguments.next();
            }
            text if text.starts_with('-') => {}
            text => return text,
        }
    }
    ""
}
