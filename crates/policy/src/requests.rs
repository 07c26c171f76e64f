//! What commands ask of servers: which addresses, and whether to read or to change.

use crate::address::{Address, paths_in};
use crate::classes::{INTERPRETER, classes};
use crate::effects::is_known;
use crate::options::{Options, Valued};
use crate::shell::{Command, Word};

/// What a command asks of servers.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// The paths of addresses, as a server sees them.
    pub paths: Vec<String>,
    /// It is more than reading, or may be.
    pub changes: bool,
    /// Why what it asks for cannot be known, and it may be something of this server.
    pub unclear: Option<&'static str>,
}

const ADDRESS: &str = "which address it requests cannot be known before it runs";
const FILE: &str = "which addresses it requests stands in a file or in what it reads";
const RAW: &str = "what it sends to a server cannot be known";

pub(crate) const CURL: Valued = Valued {
    short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    attached: "",
    long: &[
        "request",
        "request-target",
        "url",
        "url-query",
        "data",
        "data-ascii",
        "data-binary",
        "data-raw",
        "data-urlencode",
        "json",
        "form",
        "form-string",
        "upload-file",
        "config",
        "header",
        "proxy-header",
        "user",
        "user-agent",
        "output",
        "output-dir",
        "cookie",
        "cookie-jar",
        "dump-header",
        "referer",
        "proxy",
        "preproxy",
        "max-time",
        "connect-timeout",
        "retry",
        "retry-delay",
        "retry-max-time",
        "write-out",
        "connect-to",
        "resolve",
        "cacert",
        "capath",
        "cert",
        "cert-type",
        "key",
        "pass",
        "range",
        "limit-rate",
        "trace",
        "trace-ascii",
        "stderr",
        "libcurl",
        "etag-save",
        "etag-compare",
        "unix-socket",
        "abstract-unix-socket",
        "variable",
        "hsts",
        "alt-svc",
        "interface",
        "ciphers",
        "max-redirs",
        "socks4",
        "socks4a",
        "socks5",
        "socks5-hostname",
        "netrc-file",
        "oauth2-bearer",
        "aws-sigv4",
        "max-filesize",
        "noproxy",
        "proto",
        "proto-default",
        "time-cond",
        "quote",
    ],
};
pub(crate) const CURL_DATA: [&str; 14] = [
    "-d",
    "-F",
    "-T",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--json",
    "--form",
    "--form-string",
    "--upload-file",
    "-Q",
    "--quote",
];
/// Options by which curl reaches another server than the address names.
const CURL_ELSEWHERE: [&str; 11] = [
    "-x",
    "--proxy",
    "--preproxy",
    "--connect-to",
    "--resolve",
    "--unix-socket",
    "--abstract-unix-socket",
    "--socks4",
    "--socks4a",
    "--socks5",
    "--socks5-hostname",
];
pub(crate) const WGET: Valued = Valued {
    short: "aADeEiIlnoOPQRtTUwXB",
    attached: "",
    long: &[
        "method",
        "post-data",
        "post-file",
        "body-data",
        "body-file",
        "input-file",
        "config",
        "execute",
        "output-document",
        "output-file",
        "append-output",
        "directory-prefix",
        "header",
        "user",
        "password",
        "user-agent",
        "referer",
        "tries",
        "timeout",
        "wait",
        "level",
        "accept",
        "reject",
        "domains",
        "load-cookies",
        "save-cookies",
        "limit-rate",
        "quota",
        "base",
        "ca-certificate",
        "certificate",
        "private-key",
    ],
};
pub(crate) const HTTPIE: Valued = Valued {
    short: "aAops",
    attached: "",
    long: &[
        "auth",
        "auth-type",
        "output",
        "print",
        "style",
        "session",
        "session-read-only",
        "verify",
        "timeout",
        "proxy",
        "cert",
        "cert-key",
        "raw",
        "max-redirects",
        "format-options",
        "pretty",
        "default-scheme",
    ],
};

impl Requests {
    pub fn of(command: &Command) -> Self {
        match command.name().to_ascii_lowercase().as_str() {
            "curl" => curl(command),
            "wget" | "wget2" => wget(command),
            "http" | "https" | "httpie" | "xh" | "xhs" => httpie(command),
            "aria2c" | "lynx" | "w3m" | "links" | "elinks" | "fetch" | "axel" => browser(command),
            "nc" | "ncat" | "netcat" | "nc.openbsd" | "nc.traditional" | "telnet" | "socat"
            | "websocat" => raw(command),
            "openssl" => tls(command),
            name if INTERPRETER.contains(&name) => code(command),
            _ => other(command),
        }
    }

    /// One address that is asked for.
    fn target(&mut self, word: &Word, braces: bool) {
        if word.splits || word.process {
            self.unclear = Some(ADDRESS);
        }
        let address = Address::of(word, braces);
        let reads_file = address.scheme == "file" && word.known().is_none();
        if reads_file || self.changes && address.may_be_own() {
            self.unclear = Some(ADDRESS);
        }
        self.paths.push(address.path);
    }

    /// Words that may become several may be options and addresses.
    fn words(&mut self, command: &Command) {
        let from_input = |name: &String| matches!(name.as_str(), "xargs" | "gxargs");
        let splits = command.arguments().iter().any(|word| word.splits);
        if splits || command.through.iter().any(from_input) {
            self.unclear = Some(ADDRESS);
        }
    }
}

fn is_reading(method: &Word) -> bool {
    let reads = |text: &str| {
        matches!(
            text.to_ascii_uppercase().as_str(),
            "GET" | "HEAD" | "OPTIONS"
        )
    };
    method.known().is_some_and(reads)
}

fn curl(command: &Command) -> Requests {
    let options = Options::of(command, CURL);
    let mut methods = options.values(&["-X", "--request"]);
    let sends = options.has(&CURL_DATA) && !options.has(&["-G", "--get"]);
    let mut requests = Requests {
        changes: sends || methods.any(|method| !is_reading(method)),
        ..Requests::default()
    };
    let named = &["--url", "--request-target", "--proto-default"];
    let braces = !options.has(&["-g", "--globoff"]);
    for word in options.operands.iter().chain(options.values(named)) {
        requests.target(word, braces);
    }
    let elsewhere = options.has(&CURL_ELSEWHERE);
    let unknown = |word: &Word| word.known().is_none() || braces && word.text.contains(['{', '[']);
    if elsewhere && requests.changes && options.operands.iter().any(unknown) {
        requests.unclear = Some(ADDRESS);
    }
    let is_file = |word: &Word| word.text != "/dev/null";
    let expands = options
        .given
        .iter()
        .any(|(name, _)| name.starts_with("--expand-"));
    if expands || options.values(&["-K", "--config"]).any(is_file) {
        requests.unclear = Some(FILE);
    }
    requests.words(command);
    requests
}

fn wget(command: &Command) -> Requests {
    let options = Options::of(command, WGET);
    let data = ["--post-data", "--post-file", "--body-data", "--body-file"];
    let mut methods = options.values(&["--method"]);
    let mut requests = Requests {
        changes: options.has(&data) || methods.any(|method| !is_reading(method)),
        ..Requests::default()
    };
    for word in &options.operands {
        requests.target(word, false);
    }
    if options.has(&["-i", "--input-file", "--config", "-e", "--execute"]) {
        requests.unclear = Some(FILE);
    }
    requests.words(command);
    requests
}

/// `http [METHOD] ADDRESS [ITEM …]`.
fn httpie(command: &Command) -> Requests {
    let options = Options::of(command, HTTPIE);
    let is_method = |word: &&Word| word.text.chars().all(|letter| letter.is_ascii_alphabetic());
    let mut operands = options.operands.as_slice();
    let method = operands
        .first()
        .filter(is_method)
        .filter(|_| operands.len() > 1);
    if method.is_some() {
        operands = operands.get(1..).unwrap_or_default();
    }
    let items = operands.get(1..).unwrap_or_default();
    let is_data = |word: &Word| {
        let text = word.text.replace("==", "");
        word.dynamic && !word.quoted || text.contains('=') || text.contains('@')
    };
    let reads_input =
        command.here.is_some() || !command.fed_by.is_empty() || !command.redirects.is_empty();
    let raw = options.has(&["-f", "--form", "--multipart", "--raw"]);
    let changes = match method {
        Some(method) => !is_reading(method),
        None => raw || reads_input || items.iter().any(is_data),
    };
    let mut requests = Requests {
        changes,
        ..Requests::default()
    };
    if let Some(word) = operands.first() {
        requests.target(word, false);
    }
    requests.words(command);
    requests
}

/// Programs that read, but for forms that are posted.
fn browser(command: &Command) -> Requests {
    let arguments = command.arguments();
    let mut requests = Requests {
        changes: arguments
            .iter()
            .any(|word| word.text.trim_start_matches('-').starts_with("post")),
        ..Requests::default()
    };
    for word in arguments.iter().filter(|word| !word.text.starts_with('-')) {
        requests.target(word, false);
    }
    requests.words(command);
    requests
}

/// Programs that send whatever they are given; looking whether a port is open sends nothing.
fn raw(command: &Command) -> Requests {
    let valued = Valued {
        short: "IigmOPpqsTVWwXx",
        attached: "",
        long: &["proxy", "wait", "source-port", "source"],
    };
    let options = Options::of(command, valued);
    let looks =
        options.has(&["-z"]) && !options.has(&["-e", "-c", "--exec", "--sh-exec", "--lua-exec"]);
    let asks_for_help =
        options.has(&["-h", "--help", "-V", "--version"]) && options.operands.is_empty();
    Requests {
        unclear: (!looks && !asks_for_help).then_some(RAW),
        ..Requests::default()
    }
}

fn tls(command: &Command) -> Requests {
    let arguments = command.arguments();
    let mut values = arguments.iter().zip(arguments.iter().skip(1));
    let near = values.any(|(option, value)| {
        matches!(option.text.as_str(), "-connect" | "-host" | "-proxy")
            && (value.known().is_none() || Address::of(value, false).is_near())
    });
    Requests {
        unclear: near.then_some(RAW),
        ..Requests::default()
    }
}

/// The text that an interpreter is given: what it does with an address is not known.
fn code(command: &Command) -> Requests {
    let here = command.here.as_ref().and_then(|here| here.text.as_deref());
    let inline = classes(command).contains(&"inline_code");
    let words = command
        .arguments()
        .iter()
        .filter(|word| inline || word.text.contains("://"));
    let texts = words.map(|word| word.text.as_str()).chain(here);
    Requests {
        paths: texts.flat_map(paths_in).collect(),
        changes: true,
        unclear: None,
    }
}

/// A program of which nothing is known, unless it only looks at texts.
fn other(command: &Command) -> Requests {
    if is_known(command.name()) || matches!(command.name(), "git" | "gh" | "glab") {
        return Requests::default();
    }
    let words = command
        .arguments()
        .iter()
        .filter(|word| !word.text.contains(' '));
    let addresses = words.filter(|word| !word.text.starts_with('/'));
    Requests {
        paths: addresses.flat_map(|word| paths_in(&word.text)).collect(),
        changes: true,
        unclear: None,
    }
}
