//! Folders of this machine that containers get: what runs in one may read all that is in them, and change it.

use super::{Access, Effect, add, mentions};
use crate::options::{Options, Valued, part_of};
use crate::shell::{Command, Word};

/// Options of container engines that take a value.
const VALUED: Valued = Valued {
    short: "vuwepPhmlacf",
    attached: "",
    long: &[
        "volume",
        "mount",
        "env-file",
        "workdir",
        "entrypoint",
        "name",
        "network",
        "user",
    ],
};

pub(super) fn is_engine(name: &str) -> bool {
    matches!(name, "docker" | "podman" | "nerdctl" | "docker-compose")
}

pub(super) fn container(command: &Command, found: &mut Vec<Effect>) {
    mentions(command, Access::Touch, found);
    let starts = ["run", "create", "exec"];
    let mut arguments = command.arguments().iter();
    if !arguments.any(|word| starts.contains(&word.text.as_str())) {
        return;
    }
    let options = Options::of(command, VALUED);
    for word in options.values(&["-v", "--volume"]) {
        let Some((source, rest)) = word.text.split_once(':') else {
            continue;
        };
        // A name is a volume of the engine's own.
        if source.starts_with(['/', '.', '~', '$', '`']) {
            let mode = rest.rsplit(':').next().unwrap_or_default();
            mount(
                word,
                source,
                mode.split(',').any(|part| part == "ro"),
                found,
            );
        }
    }
    for word in options.values(&["--mount"]) {
        let fields = || word.text.split(',');
        let field = |names: [&str; 2]| {
            let mut pairs = fields().filter_map(|field| field.split_once('='));
            let named = pairs.find(|(name, _)| names.contains(name));
            named.map(|(_, value)| value)
        };
        let is_read = fields().any(|field| field.starts_with("readonly") || field == "ro");
        if let (Some(source), Some("bind")) = (field(["source", "src"]), field(["type", "type"])) {
            mount(word, source, is_read, found);
        }
    }
}

fn mount(word: &Word, source: &str, is_read: bool, found: &mut Vec<Effect>) {
    let source = match source {
        "$(…)" | "`…`" => return,
        "$PWD" | "${PWD}" => ".",
        source => source,
    };
    let target = part_of(word, source);
    add(found, Access::Mount, target.clone());
    if !is_read {
        add(found, Access::Tree, target);
    }
}
