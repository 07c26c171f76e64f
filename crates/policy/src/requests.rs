//! What commands ask of servers: which addresses, and whether to read or to change.

mod schemes;
mod tables;

use crate::address::{Address, paths_in};
use crate::classes::{INTERPRETER, classes};
use crate::effects::is_known;
use crate::options::{Options, Valued};
use crate::shell::{Command, Word};
use tables::CURL_ELSEWHERE;
pub(crate) use tables::{CURL, CURL_DATA, HTTPIE, WGET};

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

impl Requests {
    /// What a command asks for; `values` are those that variables get in the script.
    pub fn of(command: &Command, values: &[(String, Word)]) -> Self {
        match command.name().to_ascii_lowercase().as_str() {
            "curl" => curl(command, values),
            "wget" | "wget2" => wget(command),
            "http" | "https" | "httpie" | "xh" | "xhs" => httpie(command),
            "aria2c" | "lynx" | "w3m" | "links" | "elinks" | "fetch" | "axel" => {
                browser(command, values)
            }
            "nc6" | "cryptcat" | "tcpclient" | "wscat" | "gnutls-cli" | "nc" | "ncat"
            | "netcat" | "nc.openbsd" | "nc.traditional" | "telnet" | "socat" | "websocat" => {
                raw(command)
            }
            "openssl" => tls(command),
            "redis-cli" if command.arguments().iter().any(|word| word.text == "--pipe") => Self {
                unclear: Some(RAW),
                ..Self::default()
            },
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

fn curl(command: &Command, values: &[(String, Word)]) -> Requests {
    let options = Options::of(command, CURL);
    let mut methods = options.values(&["-X", "--request"]);
    let sends = options.has(&CURL_DATA) && !options.has(&["-G", "--get"]);
    let mut requests = Requests {
        changes: sends || methods.any(|method| !is_reading(method)),
        ..Requests::default()
    };
    let braces = !options.has(&["-g", "--globoff"]);
    let target = &["--request-target"];
    for word in options.operands.iter().chain(options.values(&["--url"])) {
        requests.target(word, braces);
        if schemes::is_by_hand(word, braces, values) {
            requests.unclear = Some(RAW);
        }
    }
    for word in options.values(target) {
        requests.target(word, braces);
    }
    let mut schemes = options.values(&["--proto-default"]);
    if schemes.any(|scheme| !matches!(scheme.known(), Some("http" | "https")))
        || hides_request(&options, sends)
    {
        requests.unclear = Some(RAW);
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

/// Whether a header or another option holds a request of its own, or a length that makes one of what is sent.
fn hides_request(options: &Options, sends: bool) -> bool {
    let headers = &["-H", "--header"];
    let texts = [
        "-d",
        "--data",
        "--data-ascii",
        "--data-binary",
        "--data-raw",
        "--data-urlencode",
        "--json",
        "-F",
        "--form",
        "--form-string",
        "--post-data",
        "--body-data",
        "-w",
        "--write-out",
    ];
    let breaks = |(name, value): &(String, Option<Word>)| {
        let value = value.as_ref().map_or("", |word| word.text.as_str());
        !texts.contains(&name.as_str()) && value.contains(['\r', '\n'])
    };
    let near = |word: &Word| word.dynamic || Address::of(word, false).is_near();
    let is_near = options
        .operands
        .iter()
        .chain(options.values(&["--url"]))
        .any(near);
    options.given.iter().any(breaks)
        || sends && is_near && options.values(headers).any(|word| is_length(&word.text))
}

/// A header that says how long what is sent is, or a file of headers.
fn is_length(header: &str) -> bool {
    let header = header.trim_start().to_ascii_lowercase();
    header.starts_with(['@', '$'])
        || ["content-length", "transfer-encoding"]
            .iter()
            .any(|name| header.starts_with(name))
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
    if hides_request(&options, requests.changes) {
        requests.unclear = Some(RAW);
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
    let near = |word: &Word| word.dynamic || Address::of(word, false).is_near();
    let length = |word: &Word| is_length(&word.text) && word.text.contains(':');
    let breaks = |word: &Word| word.text.contains('\r');
    if operands.first().is_some_and(near) && changes && items.iter().any(length)
        || items.iter().any(breaks)
    {
        requests.unclear = Some(RAW);
    }
    requests.words(command);
    requests
}

/// Programs that read, but for forms that are posted.
fn browser(command: &Command, values: &[(String, Word)]) -> Requests {
    let arguments = command.arguments();
    let mut requests = Requests {
        changes: arguments
            .iter()
            .any(|word| word.text.trim_start_matches('-').starts_with("post")),
        ..Requests::default()
    };
    for word in arguments.iter().filter(|word| !word.text.starts_with('-')) {
        requests.target(word, false);
        if schemes::is_by_hand(word, false, values) {
            requests.unclear = Some(RAW);
        }
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
