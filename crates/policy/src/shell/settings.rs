//! Variables that change which program a name means, what a shell reads, or which programs others run.
//!
//! They are told by patterns of their names, because programs add new ones; a value that names what people use every day is
//! no reason to ask.

use super::Word;

/// What a variable is for, and so which values of it are harmless.
#[derive(Clone, Copy)]
enum Kind {
    /// No value is.
    Always,
    /// These values are.
    One(&'static [&'static str]),
    /// Values of which every word is a compiler, or an option of one.
    Compiler,
    /// Options of compilers and virtual machines, but for those that run programs.
    Flags,
    /// Values of these words.
    Words(&'static [&'static str]),
}

const ALWAYS: [&str; 77] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "HOME",
    "PWD",
    "CDPATH",
    "EXECIGNORE",
    "BASH_ALIASES",
    "BASH_CMDS",
    "BASH_LOADABLES_PATH",
    "FPATH",
    "MODULE_PATH",
    "NULLCMD",
    "READNULLCMD",
    "ZDOTDIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PROXY_COMMAND",
    "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR",
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "TAR_OPTIONS",
    "TAR_RSH",
    "RSH",
    "CVS_RSH",
    "SVN_SSH",
    "HGRCPATH",
    "MAKEFILES",
    "GCC_EXEC_PREFIX",
    "COMPILER_PATH",
    "COLLECT_GCC",
    "VIMINIT",
    "EXINIT",
    "GVIMINIT",
    "MYVIMRC",
    "VIM",
    "VIMRUNTIME",
    "PSQLRC",
    "DOTNET_STARTUP_HOOKS",
    "CORECLR_PROFILER",
    "CORECLR_PROFILER_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "GCONV_PATH",
    "CURL_HOME",
    "WGETRC",
    "SYSTEM_WGETRC",
    "HTTPIE_CONFIG_DIR",
    "FCEDIT",
    "RUBYOPT",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONEXECUTABLE",
    "AWS_CONFIG_FILE",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "MANROFFOPT",
    "TEXINPUTS",
    "LUA_INIT",
    "R_PROFILE",
    "R_PROFILE_USER",
    "R_ENVIRON",
    "R_ENVIRON_USER",
    "PERLLIB",
    "PERLDB_OPTS",
    "EMACSLOADPATH",
    "GROFF_COMMAND_PREFIX",
    "WATCH_COMMAND",
];

/// Beginnings of names, of which no value is harmless.
const ALWAYS_BEGIN: [&str; 8] = [
    "LD_",
    "DYLD_",
    "BASH_FUNC_",
    "GIT_CONFIG",
    "GIT_SSH",
    "RSYNC_",
    "PERL5",
    "LUA_INIT_",
];

const PAGERS: [&str; 12] = [
    "",
    "cat",
    "less",
    "more",
    "most",
    "bat",
    "delta",
    "less -R",
    "less -F",
    "less -FR",
    "less -FRX",
    "less -FX",
];
const EDITORS: [&str; 15] = [
    "",
    "true",
    "false",
    ":",
    "cat",
    "vi",
    "vim",
    "nvim",
    "nano",
    "emacs",
    "ed",
    "code --wait",
    "code -w",
    "/bin/true",
    "/usr/bin/true",
];
const BROWSERS: [&str; 5] = ["", "none", "true", "false", "echo"];
const SHELLS: [&str; 10] = [
    "",
    "sh",
    "bash",
    "zsh",
    "/bin/sh",
    "/bin/bash",
    "/bin/zsh",
    "/usr/bin/bash",
    "/usr/bin/zsh",
    "/bin/dash",
];
const WRAPPERS: [&str; 5] = ["", "sccache", "ccache", "cachepot", "distcc"];
const SWITCHES: [&str; 8] = ["", "0", "1", "2", "true", "false", "yes", "no"];
const MAKE_FLAGS: [&str; 11] = [
    "-j*",
    "j*",
    "-k",
    "-s",
    "-n",
    "-w",
    "-i",
    "-l*",
    "--no-print-directory",
    "--silent",
    "--output-sync*",
];
const NODE_OPTIONS: [&str; 12] = [
    "--max-old-space-size=*",
    "--max-semi-space-size=*",
    "--no-warnings",
    "--trace-warnings",
    "--experimental-vm-modules",
    "--enable-source-maps",
    "--openssl-legacy-provider",
    "--experimental-strip-types",
    "--trace-deprecation",
    "--no-deprecation",
    "--unhandled-rejections=*",
    "--stack-trace-limit=*",
];

/// What the variable of a name is for, if it is one of these.
fn kind(name: &str) -> Option<Kind> {
    if ALWAYS.contains(&name) || ALWAYS_BEGIN.iter().any(|begin| name.starts_with(begin)) {
        return Some(Kind::Always);
    }
    let lower = name.to_ascii_lowercase();
    if let Some(setting) = lower.strip_prefix("npm_config_") {
        return of_npm(setting);
    }
    let ends = |end: &str| name.ends_with(end);
    let kind = match name {
        "LESS" => Kind::Words(&["-F*", "-R*", "-X*", "-S*", "-i", "-M", "F*", "R*", "X*"]),
        "LESSCHARSET" | "LESSHISTFILE" | "LESSSECURE" | "LESSANSIENDCHARS" => return None,
        "NODE_OPTIONS" => Kind::Words(&NODE_OPTIONS),
        "MAKEFLAGS" | "MFLAGS" | "GNUMAKEFLAGS" => Kind::Words(&MAKE_FLAGS),
        "PYTHONBREAKPOINT" => Kind::One(&["", "0", "pdb.set_trace", "ipdb.set_trace"]),
        "CC" | "CXX" | "CPP" | "LD" | "AR" | "AS" | "NM" | "RANLIB" | "STRIP" | "FC" | "HOSTCC"
        | "HOSTCXX" | "RUSTC" | "RUSTDOC" | "CARGO" | "MAKE" | "RUSTFMT" => Kind::Compiler,
        "RUSTFLAGS"
        | "RUSTDOCFLAGS"
        | "CARGO_ENCODED_RUSTFLAGS"
        | "CARGO_BUILD_RUSTFLAGS"
        | "CFLAGS"
        | "CXXFLAGS"
        | "CPPFLAGS"
        | "LDFLAGS"
        | "GOFLAGS"
        | "JAVA_TOOL_OPTIONS"
        | "_JAVA_OPTIONS"
        | "JDK_JAVA_OPTIONS"
        | "JAVA_OPTS"
        | "MAVEN_OPTS"
        | "GRADLE_OPTS"
        | "SBT_OPTS"
        | "CGO_CFLAGS"
        | "CGO_LDFLAGS" => Kind::Flags,
        _ if name.starts_with("LESS") => Kind::One(&[""]),
        _ if name.starts_with("GIT_TRACE") => Kind::One(&SWITCHES),
        _ if ends("PAGER") => Kind::One(&PAGERS),
        _ if ends("EDITOR") || name == "VISUAL" => Kind::One(&EDITORS),
        _ if ends("BROWSER") => Kind::One(&BROWSERS),
        _ if ends("ASKPASS") => Kind::One(&EDITORS),
        _ if ends("_SHELL") || name == "SHELL" => Kind::One(&SHELLS),
        _ if ends("_WRAPPER") || ends("_LAUNCHER") => Kind::One(&WRAPPERS),
        _ if name.starts_with("CARGO_") && (ends("_LINKER") || ends("_RUSTC")) => Kind::Compiler,
        _ if name.starts_with("CARGO_TARGET_") && ends("_RUNNER") => Kind::Always,
        _ if name.starts_with("CARGO_TARGET_") && ends("_RUSTFLAGS") => Kind::Flags,
        _ if name.starts_with("CMAKE_") && ends("_COMPILER") || name.starts_with("CC_") => {
            Kind::Compiler
        }
        _ => return None,
    };
    Some(kind)
}

fn of_npm(setting: &str) -> Option<Kind> {
    match setting {
        "script_shell" | "shell" => Some(Kind::One(&SHELLS)),
        "editor" | "viewer" => Some(Kind::One(&EDITORS)),
        "browser" => Some(Kind::One(&BROWSERS)),
        "git" | "userconfig" | "globalconfig" | "node_gyp" | "onload_script" => Some(Kind::Always),
        "node_options" => Some(Kind::Words(&NODE_OPTIONS)),
        _ => None,
    }
}

/// Whether a variable with this value may change what later commands mean, or which programs they run. Without a value it is
/// one that the text does not tell.
pub(super) fn is_powerful(name: &str, value: Option<&Word>) -> bool {
    let Some(kind) = kind(name) else {
        return false;
    };
    let known = value.and_then(Word::known);
    let harmless = match kind {
        Kind::Always => false,
        Kind::One(values) => known.is_some_and(|text| values.contains(&text.trim())),
        Kind::Words(words) => known.is_some_and(|text| {
            let listed = |word: &str| words.iter().any(|pattern| is_like(word, pattern));
            text.split_whitespace().all(listed)
        }),
        Kind::Compiler => known.is_some_and(are_compilers),
        // Most add to what there was: `CFLAGS="$CFLAGS -O2"`.
        Kind::Flags => value.is_some_and(|word| are_flags(&word.text)),
    };
    !harmless
}

/// A word, or with a `*` at its end what begins so and goes on with letters and numbers.
fn is_like(word: &str, pattern: &str) -> bool {
    let plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    pattern.strip_suffix('*').map_or(word == pattern, |begin| {
        word.strip_prefix(begin).is_some_and(plain)
    })
}

/// `clang-18`, `aarch64-linux-gnu-gcc -O2`, `ccache g++`.
fn are_compilers(text: &str) -> bool {
    let mut words = text
        .split_whitespace()
        .skip_while(|word| WRAPPERS.contains(word));
    let Some(first) = words.next() else {
        return text.trim().is_empty();
    };
    is_compiler(first) && words.all(|word| word.starts_with('-')) && are_flags(text)
}

fn is_compiler(word: &str) -> bool {
    let name = word.strip_prefix("/usr/bin/").unwrap_or(word);
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let name = name.trim_end_matches('-');
    let known = [
        "gcc", "g++", "cc", "c++", "clang", "clang++", "clang-cl", "tcc", "icc", "icx", "icpx",
        "gfortran", "emcc", "em++", "cpp", "ld", "lld", "mold", "ar", "ranlib", "nm", "strip",
        "as", "rustc", "rustdoc", "rustfmt", "cargo", "make", "gmake", "nvcc",
    ];
    let last = name.rsplit(['-', '.']).next().unwrap_or(name);
    !name.contains('/') && (known.contains(&name) || known.contains(&last))
}

/// Options without one that names a program, and without what only a shell makes sense of.
fn are_flags(text: &str) -> bool {
    let harmful = [
        "linker",
        "plugin",
        "wrapper",
        "specs",
        "toolexec",
        "exec=",
        "vettool",
        "agent",
        "OnError",
        "OnOutOfMemory",
        "ld=/",
        "ld-path",
        "`",
        ";",
        "|",
    ];
    let is_folder = |word: &str| word.starts_with("-B");
    !harmful.iter().any(|mark| text.contains(mark)) && !text.split_whitespace().any(is_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_by_name_and_value() {
        for (name, value, powerful) in [
            ("PATH", "/bin", true),
            ("GIT_PAGER", "cat", false),
            ("GIT_PAGER", "sh -c x", true),
            ("AWS_PAGER", "", false),
            ("SYSTEMD_PAGER", "x", true),
            ("GIT_SEQUENCE_EDITOR", ":", false),
            ("GIT_SEQUENCE_EDITOR", "rm x", true),
            ("CC", "clang", false),
            ("CC", "ccache aarch64-linux-gnu-gcc-13 -m64", false),
            ("CC", "src/cc", true),
            ("CC", "gcc -wrapper sh", true),
            ("CXX", "g++-14", false),
            ("RUSTC_WRAPPER", "sccache", false),
            ("RUSTC_WRAPPER", "src/x", true),
            ("RUSTFLAGS", "-D warnings", false),
            ("RUSTFLAGS", "-C link-arg=-fuse-ld=lld", false),
            ("RUSTFLAGS", "-Clinker=src/x", true),
            ("MAKEFLAGS", "-j8", false),
            ("MAKEFLAGS", "--eval=x", true),
            ("NODE_OPTIONS", "--max-old-space-size=4096", false),
            ("NODE_OPTIONS", "--require ./x", true),
            ("LESS", "-FRX", false),
            ("LESS", "+!x", true),
            ("SHELL", "/bin/bash", false),
            ("npm_config_script_shell", "src/x", true),
            ("npm_config_loglevel", "warn", false),
            (
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
                "clang",
                false,
            ),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "x", true),
            ("GIT_TRACE", "1", false),
            ("GIT_TRACE", "/tmp/x", true),
            ("GIT_SHA", "abc", false),
            ("NODE_ENV", "test", false),
            ("LOG_LEVEL", "x", false),
        ] {
            assert_eq!(
                is_powerful(name, Some(&Word::literal(value))),
                powerful,
                "{name}={value}"
            );
        }
        assert!(is_powerful("EDITOR", None));
    }
}
