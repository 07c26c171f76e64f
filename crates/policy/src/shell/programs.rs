//! Options by which programs run others.

use super::languages;
use super::parser::Parser;
use super::unwrap::short;
use super::{Command, Word};
use crate::options::abbreviates;

/// The options of a program that name another to run.
struct Runs {
    names: &'static [&'static str],
    /// Short options, also within a group.
    short: &'static str,
    /// Short options with a value, which end a group.
    valued: &'static str,
    /// Long options, whole or cut short.
    long: &'static [&'static str],
    /// Beginnings of arguments.
    begins: &'static [&'static str],
}

const NONE: Runs = Runs {
    names: &[],
    short: "",
    valued: "",
    long: &[],
    begins: &[],
};

const RUNS: [Runs; 24] = [
    Runs {
        names: &["man"],
        short: "PH",
        valued: "CRLmMSserpEDT",
        long: &["pager", "html"],
        ..NONE
    },
    Runs {
        names: &["sort", "gsort"],
        long: &["compress-program"],
        ..NONE
    },
    Runs {
        names: &["zip"],
        long: &["unzip-command"],
        begins: &["-TT"],
        ..NONE
    },
    Runs {
        names: &["make", "gmake"],
        short: "E",
        valued: "CfIjloW",
        long: &["eval"],
        begins: &["SHELL=", ".SHELLFLAGS=", "MAKEFLAGS=", "MAKEFILES="],
    },
    Runs {
        names: &["vi", "vim", "nvim", "ex", "view"],
        begins: &["-c", "--cmd", "+", "-S", "-s"],
        ..NONE
    },
    Runs {
        names: &["emacs", "emacsclient"],
        begins: &[
            "-e",
            "--eval",
            "-l",
            "--load",
            "-f",
            "--funcall",
            "--script",
        ],
        ..NONE
    },
    Runs {
        names: &["scp"],
        short: "SD",
        valued: "cFiJloPX",
        ..NONE
    },
    Runs {
        names: &["sftp"],
        short: "SDb",
        valued: "BcFiJloPRX",
        ..NONE
    },
    Runs {
        names: &["rsync"],
        long: &["rsync-path"],
        ..NONE
    },
    Runs {
        names: &["less", "more"],
        long: &["lesskey-file", "lesskey-src", "lesskey-content"],
        begins: &["+!", "-k"],
        ..NONE
    },
    Runs {
        names: &["tar", "gtar", "bsdtar"],
        short: "IF",
        valued: "fCTXbgHKLNV",
        long: &[
            "to-command",
            "checkpoint-action",
            "use-compress-program",
            "rsh-command",
            "rmt-command",
            "info-script",
            "new-volume-script",
        ],
        ..NONE
    },
    Runs {
        names: &["split"],
        long: &["filter"],
        ..NONE
    },
    Runs {
        names: &["install", "ginstall"],
        long: &["strip-program"],
        ..NONE
    },
    Runs {
        names: &["wget", "wget2"],
        long: &["use-askpass"],
        ..NONE
    },
    Runs {
        names: &["rg"],
        long: &["pre", "hostname-bin"],
        ..NONE
    },
    Runs {
        names: &["ack", "ag", "bat", "dpkg", "mysql", "mariadb"],
        long: &["pager"],
        ..NONE
    },
    Runs {
        names: &["dpkg-deb", "apt", "apt-get", "aptitude"],
        short: "o",
        valued: "tc",
        long: &["option"],
        ..NONE
    },
    Runs {
        names: &["go"],
        begins: &[
            "-toolexec",
            "--toolexec",
            "-exec",
            "--exec",
            "-vettool",
            "--vettool",
        ],
        ..NONE
    },
    Runs {
        names: &["gcc", "g++", "cc", "c++", "clang", "clang++"],
        begins: &[
            "-wrapper",
            "-fplugin",
            "-specs",
            "--specs",
            "-B",
            "-fuse-ld=/",
            "--ld-path",
        ],
        ..NONE
    },
    Runs {
        names: &["cargo"],
        begins: &["--config"],
        ..NONE
    },
    Runs {
        names: &["npm", "pnpm", "yarn"],
        begins: &[
            "--script-shell",
            "--shell",
            "--editor",
            "--git=",
            "--node-options",
        ],
        ..NONE
    },
    Runs {
        names: &["openssl"],
        begins: &["-engine", "-provider-path", "engine"],
        ..NONE
    },
    Runs {
        names: &["tcpdump"],
        short: "z",
        valued: "BcCDFGirsTVwWyEQ",
        ..NONE
    },
    Runs {
        names: &["ssh-keygen", "ssh-add"],
        short: "D",
        valued: "abCEFfIlmMnNOPrRsStTVwWYz",
        ..NONE
    },
];

/// Options that are whole and begin like one that names a program.
const WHOLE: [&str; 4] = ["--checkpoint", "--to", "--use", "--in"];

impl Parser<'_> {
    /// Notes the options and texts by which a program runs another.
    pub fn programs_of_options(&mut self, command: &Command) {
        let name = command.name();
        let values = &self.state.script.values;
        let runs = has_option(command)
            || match name {
                "sed" | "gsed" => languages::sed_runs(command, values),
                "awk" | "gawk" | "mawk" | "nawk" => languages::awk_runs(command, values),
                "crontab" => !command
                    .arguments()
                    .iter()
                    .any(|word| matches!(word.text.as_str(), "-l" | "-r")),
                "make" | "gmake" => reads_rules(command) || sets_program(command),
                "tar" | "gtar" | "bsdtar" => old_letters(command),
                "rsync" => other_shell(command),
                "scp" | "sftp" => {
                    let words = command.arguments();
                    let next = words.iter().skip(1).map(Some).chain([None]);
                    words
                        .iter()
                        .zip(next)
                        .any(|(word, next)| languages::is_ssh_program(&word.text, next))
                }
                _ => languages::runs(command, &self.state.script),
            };
        if runs {
            self.note(format!(
                "`{}` runs what cannot be known",
                short(&command.text())
            ));
        }
    }

    /// Builtins of the shell whose options run or rename something.
    pub fn builtins(&mut self, command: &Command) {
        let letters = match command.name() {
            "mapfile" | "readarray" => "C",
            "hash" => "p",
            "compgen" | "complete" | "compopt" => "CWF",
            "fc" => {
                let lists = command
                    .arguments()
                    .first()
                    .is_some_and(|word| word.text.starts_with("-l"));
                if !lists {
                    self.note("what `fc` runs cannot be known");
                }
                return;
            }
            _ => return,
        };
        let has = |word: &Word| {
            word.dynamic && word.text.starts_with('$')
                || word.text.starts_with('-')
                    && word.text.contains(|letter| letters.contains(letter))
        };
        if command.arguments().iter().any(has) {
            self.note(format!(
                "`{}` runs what cannot be known",
                short(&command.text())
            ));
        }
    }
}

fn has_option(command: &Command) -> bool {
    let Some(runs) = RUNS
        .iter()
        .find(|runs| runs.names.contains(&command.name()))
    else {
        return false;
    };
    let is_one = |word: &Word| {
        let text = word.text.as_str();
        let short = || {
            let group = text.strip_prefix('-').unwrap_or_default();
            let mut letters = group
                .chars()
                .take_while(|letter| !runs.valued.contains(*letter));
            letters.any(|letter| runs.short.contains(letter))
        };
        runs.begins.iter().any(|begin| text.starts_with(begin))
            || if text.starts_with("--") {
                !WHOLE.contains(&text.split('=').next().unwrap_or_default())
                    && runs.long.iter().any(|option| abbreviates(text, option, 1))
            } else {
                text.starts_with('-') && short()
            }
    };
    let words = command.arguments();
    words
        .iter()
        .take_while(|word| word.text != "--")
        .any(is_one)
}

/// `tar cIf PROGRAM FILE`: the first word is letters of options.
fn old_letters(command: &Command) -> bool {
    command.arguments().first().is_some_and(|word| {
        word.text.bytes().all(|byte| byte.is_ascii_alphabetic()) && word.text.contains(['I', 'F'])
    })
}

/// `make CC='rm x;'`, `make 'x:=$(shell y)'`.
fn sets_program(command: &Command) -> bool {
    command.arguments().iter().any(|word| {
        word.text.split_once('=').is_some_and(|(name, value)| {
            let first = value.split_whitespace().next().unwrap_or_default();
            let is_option = name.starts_with('-');
            !is_option
                && (value.contains([';', '|', '&', '`', '>', '<'])
                    || word.quoted && value.contains("$(") && !word.dynamic
                    || super::opaque::can_harm(first))
        })
    })
}

/// `make -f -`.
fn reads_rules(command: &Command) -> bool {
    let arguments = command.arguments();
    let is_input =
        |text: &str| text == "-" || text.starts_with("/dev/") || text.starts_with("/proc/");
    let mut next = arguments.iter().skip(1);
    arguments.iter().any(|word| {
        let text = word.text.as_str();
        let following = next
            .next()
            .is_some_and(|word| is_input(&word.text) || word.process);
        let is_long = abbreviates(text, "file", 1) || abbreviates(text, "makefile", 2);
        let group = text
            .strip_prefix('-')
            .filter(|group| !group.starts_with('-'));
        let attached = match (
            group.and_then(|group| group.split_once('f')),
            text.split_once('='),
        ) {
            (Some((_, value)), _) => Some(value),
            (None, Some((_, value))) if is_long => Some(value),
            _ if is_long => Some(""),
            _ => None,
        };
        attached.is_some_and(|value| is_input(value) || value.is_empty() && following)
    })
}

/// `rsync -e` with anything but ssh.
fn other_shell(command: &Command) -> bool {
    let arguments = command.arguments();
    let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
    let is_ssh = |text: &str| {
        text == "ssh"
            || text.starts_with("ssh -")
                && !text.to_ascii_lowercase().contains("command")
                && !text.contains("-F")
    };
    let attached = |word: &Word| {
        let long = abbreviates(&word.text, "rsh", 1)
            .then(|| word.text.split_once('='))
            .flatten();
        long.is_some_and(|(_, value)| !is_ssh(value))
    };
    arguments.iter().any(attached)
        || pairs.any(|(option, value)| {
            let is_option = abbreviates(&option.text, "rsh", 1) && !option.text.contains('=')
                || option.text.starts_with('-')
                    && !option.text.starts_with("--")
                    && option.text.ends_with('e');
            is_option && !value.known().is_some_and(is_ssh)
        })
}
