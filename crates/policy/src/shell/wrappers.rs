//! Programs that run the program named in their arguments, and where in their arguments it stands.

use super::Word;

/// How a wrapper's own options are told from the program it runs.
pub(super) struct Wrapper {
    names: &'static [&'static str],
    /// Short options without a value.
    flags: &'static str,
    /// Short options whose value is attached or follows.
    values: &'static str,
    /// Long options without a value.
    long_flags: &'static [&'static str],
    /// Long options whose value follows, unless it is attached with `=`.
    long_values: &'static [&'static str],
    /// How many arguments of its own stand before the program.
    pub skipped: usize,
    /// `NAME=value` may stand before the program.
    pub assigns: bool,
    /// What it reads becomes further arguments.
    pub from_input: bool,
    /// Without a program it starts a shell.
    pub starts_shell: bool,
}

const PLAIN: Wrapper = Wrapper {
    names: &[],
    flags: "",
    values: "",
    long_flags: &[],
    long_values: &[],
    skipped: 0,
    assigns: false,
    from_input: false,
    starts_shell: false,
};

/// The wrappers that are seen through. An option that is not listed makes the command unclear.
const WRAPPERS: [Wrapper; 29] = [
    Wrapper {
        names: &["sudo"],
        starts_shell: true,
        flags: "AbEHnPSkKl",
        values: "ughpCrtTUDR",
        long_flags: &[
            "non-interactive",
            "preserve-env",
            "set-home",
            "stdin",
            "background",
            "askpass",
        ],
        long_values: &[
            "user",
            "group",
            "host",
            "prompt",
            "chdir",
            "role",
            "type",
            "close-from",
            "chroot",
        ],
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &["doas"],
        starts_shell: true,
        flags: "nL",
        values: "uCa",
        ..PLAIN
    },
    Wrapper {
        names: &["pkexec"],
        long_values: &["user"],
        long_flags: &["disable-internal-agent"],
        ..PLAIN
    },
    Wrapper {
        names: &["env"],
        flags: "i0v",
        values: "u",
        long_flags: &["ignore-environment", "null", "debug"],
        long_values: &["unset"],
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &[
            "nohup",
            "setsid",
            "builtin",
            "noglob",
            "nocorrect",
            "chronic",
            "busybox",
            "toybox",
        ],
        flags: "cfw",
        long_flags: &["ctty", "fork", "wait"],
        ..PLAIN
    },
    Wrapper {
        names: &["exec"],
        flags: "cl",
        values: "a",
        ..PLAIN
    },
    Wrapper {
        names: &["command"],
        flags: "p",
        ..PLAIN
    },
    Wrapper {
        names: &["nice"],
        values: "n",
        long_values: &["adjustment"],
        ..PLAIN
    },
    Wrapper {
        names: &["ionice"],
        flags: "t",
        values: "cn",
        long_flags: &["ignore"],
        long_values: &["class", "classdata"],
        ..PLAIN
    },
    Wrapper {
        names: &["timeout", "gtimeout"],
        flags: "v",
        values: "sk",
        long_flags: &["preserve-status", "foreground", "verbose"],
        long_values: &["signal", "kill-after"],
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["time", "gtime"],
        flags: "apqvV",
        values: "fo",
        long_flags: &["verbose", "portability", "append", "quiet"],
        long_values: &["format", "output"],
        ..PLAIN
    },
    Wrapper {
        names: &["stdbuf"],
        values: "ioe",
        long_values: &["input", "output", "error"],
        ..PLAIN
    },
    Wrapper {
        names: &["xargs", "gxargs"],
        flags: "0rtpxo",
        values: "IJnPLdasER",
        long_flags: &[
            "null",
            "no-run-if-empty",
            "verbose",
            "interactive",
            "exit",
            "open-tty",
        ],
        long_values: &[
            "replace",
            "max-args",
            "max-procs",
            "max-lines",
            "delimiter",
            "arg-file",
            "max-chars",
            "eof",
        ],
        from_input: true,
        ..PLAIN
    },
    Wrapper {
        names: &["chroot"],
        starts_shell: true,
        long_values: &["userspec", "groups"],
        long_flags: &["skip-chdir"],
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["strace", "ltrace"],
        flags: "cCdDfFhiknqrtTvVwxXyYz",
        values: "abeEIoOpPsSuU",
        ..PLAIN
    },
    Wrapper {
        names: &["caffeinate"],
        flags: "disum",
        values: "tw",
        ..PLAIN
    },
    Wrapper {
        names: &["flock"],
        flags: "esxunoFv",
        values: "wE",
        long_flags: &[
            "shared",
            "exclusive",
            "nonblock",
            "nb",
            "close",
            "no-fork",
            "verbose",
        ],
        long_values: &["timeout", "wait", "conflict-exit-code"],
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["setarch", "linux32", "linux64"],
        starts_shell: true,
        flags: "RvZ",
        ..PLAIN
    },
    Wrapper {
        names: &["chrt"],
        flags: "abdefGimoRrv",
        values: "TPD",
        long_flags: &[
            "batch",
            "deadline",
            "ext",
            "fifo",
            "idle",
            "other",
            "rr",
            "reset-on-fork",
            "all-tasks",
            "verbose",
        ],
        long_values: &["sched-runtime", "sched-period", "sched-deadline"],
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["taskset"],
        flags: "acp",
        long_flags: &["all-tasks", "cpu-list", "pid"],
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["numactl"],
        flags: "alHsb",
        values: "iCNmpPwt",
        long_flags: &["all", "localalloc", "balancing"],
        long_values: &[
            "interleave",
            "cpunodebind",
            "physcpubind",
            "membind",
            "preferred",
            "preferred-many",
            "weighted-interleave",
        ],
        ..PLAIN
    },
    Wrapper {
        names: &["prlimit"],
        flags: "cdefilmnqrstuvxy",
        values: "o",
        long_flags: &[
            "core",
            "data",
            "nice",
            "fsize",
            "sigpending",
            "memlock",
            "rss",
            "nofile",
            "msgqueue",
            "rtprio",
            "stack",
            "cpu",
            "nproc",
            "as",
            "locks",
            "rttime",
            "verbose",
            "noheadings",
            "raw",
        ],
        long_values: &["output"],
        ..PLAIN
    },
    Wrapper {
        names: &["setpriv"],
        long_flags: &[
            "clear-groups",
            "keep-groups",
            "init-groups",
            "no-new-privs",
            "nnp",
            "reset-env",
        ],
        long_values: &[
            "ambient-caps",
            "inh-caps",
            "bounding-set",
            "ruid",
            "euid",
            "reuid",
            "rgid",
            "egid",
            "regid",
            "groups",
            "securebits",
            "pdeathsig",
            "selinux-label",
            "apparmor-profile",
        ],
        ..PLAIN
    },
    Wrapper {
        names: &["proot"],
        flags: "0hV",
        values: "rbwqkvipRSm",
        long_flags: &["kill-on-exit", "link2symlink", "root-id"],
        long_values: &[
            "rootfs",
            "bind",
            "cwd",
            "qemu",
            "kernel-release",
            "change-id",
        ],
        ..PLAIN
    },
    Wrapper {
        names: &["fakeroot", "fakechroot"],
        starts_shell: true,
        flags: "u",
        values: "lfsibdce",
        long_flags: &["unknown-is-real"],
        long_values: &["lib", "faked", "fd-base"],
        ..PLAIN
    },
    Wrapper {
        names: &["faketime"],
        flags: "mp",
        values: "f",
        skipped: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["dotenv", "dotenvx", "env-cmd", "cross-env", "with-env"],
        flags: "qo",
        values: "fe",
        long_flags: &["override", "quote", "quiet"],
        long_values: &["file", "env", "env-file"],
        assigns: true,
        ..PLAIN
    },
    Wrapper {
        names: &["npx", "bunx", "uvx", "pnpx"],
        flags: "yq",
        values: "p",
        long_flags: &[
            "yes",
            "no",
            "no-install",
            "quiet",
            "prefer-offline",
            "offline",
            "bun",
        ],
        long_values: &["package", "from", "with", "python"],
        ..PLAIN
    },
    Wrapper {
        names: &["coproc", "unbuffer", "dbus-run-session", "firejail", "-"],
        ..PLAIN
    },
];

/// Runners whose first argument says that a program follows.
const RUNNERS: [(&str, &str); 13] = [
    ("uv", "run"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("pdm", "run"),
    ("bundle", "exec"),
    ("npm", "exec"),
    ("pnpm", "exec"),
    ("yarn", "exec"),
    ("mise", "exec"),
    ("dotenv", "run"),
    ("pnpm", "dlx"),
    ("yarn", "dlx"),
    ("pipx", "run"),
];

pub(super) fn wrapper(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS
        .iter()
        .find(|wrapper| wrapper.names.contains(&name))
}

/// Whether `name word …` runs the rest.
pub(super) fn is_runner(name: &str, word: Option<&Word>) -> bool {
    word.is_some_and(|word| RUNNERS.contains(&(name, word.text.as_str())))
}

impl Wrapper {
    /// The mark that `xargs -I` replaces, if it is told which one.
    pub fn mark(own: &[Word]) -> Option<&str> {
        let mut own = own.iter();
        while let Some(word) = own.next() {
            let text = word.text.as_str();
            if matches!(text, "-I" | "-J" | "--replace") {
                return Some(own.next().map_or("{}", |mark| mark.text.as_str()));
            }
            let attached = ["-I", "-J", "--replace="];
            if let Some(mark) = attached.iter().find_map(|option| text.strip_prefix(option)) {
                return Some(mark);
            }
        }
        None
    }

    /// Where in `arguments` the program stands, its own options, values and arguments before it.
    ///
    /// # Errors
    ///
    /// The option that is not known.
    pub fn program_at(&self, arguments: &[Word]) -> Result<usize, String> {
        let mut at = 0;
        let mut skipped = 0;
        while let Some(word) = arguments.get(at) {
            let text = word.text.as_str();
            if word.dynamic && (text.starts_with(['-', '$', '`']) || skipped >= self.skipped) {
                // May become an option or the program itself: the caller says that it is not known.
                return Ok(at);
            }
            if text == "--" {
                at += 1;
                // Arguments of its own still come first.
                return Ok(at + self.skipped.saturating_sub(skipped));
            }
            if let Some(long) = text.strip_prefix("--") {
                at += self.long(long).ok_or_else(|| text.to_owned())?;
            } else if text.len() > 1 && text.starts_with('-') {
                at += self.short(&text[1..]).ok_or_else(|| text.to_owned())?;
            } else if self.assigns && text.contains('=') {
                // `BASH_FUNC_ls%%=…` is a variable, too, and a function of the shells that are started.
                at += is_assignment(text).then_some(1).ok_or(text)?;
            } else if skipped < self.skipped {
                skipped += 1;
                at += 1;
            } else {
                break;
            }
        }
        Ok(at)
    }

    /// How many words a long option takes.
    fn long(&self, text: &str) -> Option<usize> {
        let (name, attached) = text
            .split_once('=')
            .map_or((text, false), |(name, _)| (name, true));
        if self.long_flags.contains(&name) {
            Some(1)
        } else if self.long_values.contains(&name) {
            Some(if attached { 1 } else { 2 })
        } else {
            None
        }
    }

    /// How many words a group of short options takes.
    fn short(&self, text: &str) -> Option<usize> {
        if self.names.contains(&"nice") && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(1);
        }
        for (at, letter) in text.char_indices() {
            if self.values.contains(letter) {
                let last = at + letter.len_utf8() == text.len();
                return Some(if last { 2 } else { 1 });
            }
            if !self.flags.contains(letter) {
                return None;
            }
        }
        Some(1)
    }
}

/// `NAME=value`.
pub(super) fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    })
}
