//! Programs that are not seen through, and words that are taken for programs that another one runs.

/// Programs that run others in a way that is not seen through.
pub(super) const OPAQUE: [&str; 27] = [
    "parallel",
    "alias",
    "nsenter",
    "unshare",
    "su",
    "runuser",
    "script",
    "entr",
    "expect",
    "at",
    "batch",
    "cmd",
    "powershell",
    "pwsh",
    "bind",
    "enable",
    "systemd-run",
    "capsh",
    "chpst",
    "start-stop-daemon",
    "zmodload",
    "fish",
    "csh",
    "tcsh",
    "nu",
    "xonsh",
    "elvish",
];

/// Programs whose arguments are never programs to run.
pub(super) const NEVER_RUN: [&str; 18] = [
    "git", "gh", "glab", "hg", "man", "info", "apropos", "whatis", "whereis", "apt", "apt-get",
    "apk", "dnf", "brew", "logger", "civitas", "complete", "rustup",
];

/// How many words of a command are taken for a program that it runs.
pub(super) const GUESSES_MAX: usize = 4;

/// Whether a program can do what no agent may: judged wherever it stands among the words of a program that is not known.
pub(super) fn can_harm(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    let harmful = [
        "rm", "dd", "shred", "find", "chmod", "chown", "mkfs", "wipefs", "kill", "shutdown",
        "reboot", "crontab", "iptables", "tee", "sh", "bash", "dash", "zsh", "ksh", "civitas",
    ];
    harmful.contains(&name) || name.starts_with("mkfs.")
}
