//! Front matter line by line, for what is no YAML: whatever a line can be understood as, it is.
//!
//! It never fails and never goes back, so its time is linear in the text, whatever the text is.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::repairs::Repairs;
use crate::scalar;
use crate::yaml::insert;

/// How deep values may lie in each other; what lies deeper is kept as text.
const DEPTH_MAX: usize = 8;
/// Lines over which a list in brackets may go on.
const FLOW_LINES_MAX: usize = 40;

/// Keys that stand at the outermost level. They end a `hooks` block whose shell lines lost their indentation.
const OUTER_KEYS: &[&str] = &[
    "agent_id",
    "artifact_contracts",
    "author",
    "background",
    "behavior",
    "budget",
    "capabilities",
    "category",
    "color",
    "communication",
    "constraints",
    "created",
    "description",
    "disallowedTools",
    "effort",
    "examples",
    "hooks",
    "identity",
    "initialPrompt",
    "integration",
    "isolation",
    "maxTurns",
    "mcpServers",
    "mcp_servers",
    "memory",
    "metadata",
    "model",
    "model_fallback",
    "name",
    "optimization",
    "owner",
    "performance",
    "permissionMode",
    "phase",
    "preferred_model",
    "priority",
    "quality_gates",
    "rbac",
    "role",
    "skills",
    "tags",
    "tools",
    "tools_required",
    "triggers",
    "type",
    "updated",
    "version",
    "x-civitas",
];

struct Line<'a> {
    number: usize,
    indent: usize,
    /// Without the spaces around it.
    text: &'a str,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.is_empty() || self.text.starts_with('#')
    }

    fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }
}

struct Reader<'a, 'r> {
    lines: Vec<Line<'a>>,
    at: usize,
    repairs: &'r mut Repairs,
}

/// Reads what can be read.
pub(super) fn read(text: &str, first_line: usize, repairs: &mut Repairs) -> Map<String, Value> {
    let lines: Vec<Line<'_>> = text
        .lines()
        .zip(first_line..)
        .map(|(text, number)| line(number, text, repairs))
        .collect();
    let mut reader = Reader {
        lines,
        at: 0,
        repairs,
    };
    let indent = reader.next_indent().unwrap_or_default();
    let mut front = Map::new();
    while reader.at < reader.lines.len() {
        reader.mapping(&mut front, indent, 0);
        // What is indented less than the first line is on the same level all the same.
        if let Some(line) = reader.next() {
            let (number, less) = (line.number, line.indent);
            reader
                .repairs
                .at(number, "it is indented less than what is before it");
            reader.mapping(&mut front, less, 0);
        }
    }
    front
}

fn line<'a>(number: usize, text: &'a str, repairs: &mut Repairs) -> Line<'a> {
    let content = text.trim_start_matches([' ', '\t']);
    let space = &text[..text.len() - content.len()];
    let tabs = space.matches('\t').count();
    if tabs > 0 && !content.trim().is_empty() {
        repairs.at(
            number,
            "it is indented with tabs: each counts as two spaces",
        );
    }
    Line {
        number,
        indent: space.len() + tabs,
        text: content.trim_end(),
    }
}

impl<'a> Reader<'a, '_> {
    /// The next line that says something.
    fn next(&mut self) -> Option<&Line<'a>> {
        while self.lines.get(self.at).is_some_and(Line::is_blank) {
            self.at += 1;
        }
        self.lines.get(self.at)
    }

    fn next_indent(&mut self) -> Option<usize> {
        self.next().map(|line| line.indent)
    }

    /// Reads keys and values of this indentation into `map`, up to a line that is indented less.
    fn mapping(&mut self, map: &mut Map<String, Value>, indent: usize, depth: usize) {
        let mut last = None;
        while let Some(line) = self.next() {
            let (number, text) = (line.number, line.text);
            if line.indent < indent {
                return;
            }
            if line.is_item() {
                // A list may stand as far left as its key.
                let at = line.indent;
                let items = self.sequence(at, depth + 1);
                self.belated(map, last.as_ref(), number, items);
                continue;
            }
            let is_deeper = line.indent > indent;
            let Some((key, rest)) = key_of(text) else {
                self.at += 1;
                self.repairs
                    .at(number, "it could not be understood and was passed by");
                continue;
            };
            if is_deeper && last.is_some() {
                // Under a key that has its value already.
                self.repairs
                    .at(number, "it is indented more than what it belongs to");
            }
            self.at += 1;
            if key == "hooks" && depth == 0 {
                self.hooks(number, indent);
                continue;
            }
            let key = key.to_owned();
            let value = self.value(rest, number, indent, depth);
            insert(map, key.clone(), value, number, self.repairs);
            last = Some(key);
        }
    }

    /// A list that stands where a key was expected: it belongs to the key before it, when that has no value.
    fn belated(
        &mut self,
        map: &mut Map<String, Value>,
        last: Option<&String>,
        number: usize,
        items: Value,
    ) {
        match last.and_then(|key| map.get_mut(key)) {
            Some(value) if value.is_null() => *value = items,
            _ => self
                .repairs
                .at(number, "a list that belongs to nothing was passed by"),
        }
    }

    /// What stands after a key or a hyphen, and the lines that go on with it.
    fn value(&mut self, rest: &'a str, number: usize, indent: usize, depth: usize) -> Value {
        let rest = rest.trim();
        if rest.is_empty() || rest.starts_with('#') {
            return self.child(indent, depth);
        }
        if let Some(marks) = rest.strip_prefix(['|', '>'])
            && marks
                .trim_end()
                .chars()
                .all(|c| matches!(c, '+' | '-' | '0'..='9'))
        {
            return Value::String(self.deeper(indent, "\n"));
        }
        if rest.starts_with('[') {
            let whole = self.flow(rest, ']');
            return list(&whole);
        }
        if rest.starts_with('{') {
            let whole = self.flow(rest, '}');
            return object(&whole);
        }
        if rest.starts_with(['"', '\'']) {
            return Value::String(self.quoted(rest, number));
        }
        self.plain(rest, number, indent)
    }

    /// A word or a sentence without quotes.
    fn plain(&mut self, rest: &'a str, number: usize, indent: usize) -> Value {
        let text = rest.split(" #").next().unwrap_or_default().trim_end();
        if text.starts_with('*') {
            self.repairs.at(
                number,
                &format!("`{text}` stands without quotes: taken as text"),
            );
        } else if text.starts_with(['&', '!', '%', '@', '`']) {
            self.repairs.at(
                number,
                "it begins with a sign of YAML's own without quotes: taken as text",
            );
        }
        if text.contains(": ") || text.ends_with(':') {
            self.repairs
                .at(number, "a colon stands without quotes: taken as text");
        }
        let value = scalar::plain(text);
        let follows = self.lines.get(self.at);
        let goes_on = follows.is_some_and(|line| !line.is_blank() && line.indent > indent);
        if !goes_on {
            return value;
        }
        let more = self.deeper(indent, " ");
        Value::String(format!("{text} {more}"))
    }

    /// The block under a key that has nothing beside it.
    fn child(&mut self, indent: usize, depth: usize) -> Value {
        let Some(line) = self.next() else {
            return Value::Null;
        };
        let (deeper, is_item) = (line.indent, line.is_item());
        if deeper < indent || (deeper == indent && !is_item) {
            return Value::Null;
        }
        if deeper > indent && depth + 1 >= DEPTH_MAX {
            return Value::String(self.deeper(indent, "\n"));
        }
        if is_item {
            return self.sequence(deeper, depth + 1);
        }
        if key_of(line.text).is_none() {
            return Value::String(self.deeper(indent, " "));
        }
        let mut map = Map::new();
        self.mapping(&mut map, deeper, depth + 1);
        Value::Object(map)
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Value {
        let mut items = Vec::new();
        while let Some(line) = self.next() {
            if line.indent != indent || !line.is_item() {
                break;
            }
            let (number, text) = (line.number, line.text);
            let rest = text.strip_prefix('-').unwrap_or_default().trim_start();
            self.at += 1;
            if depth < DEPTH_MAX
                && !rest.starts_with(['"', '\'', '[', '{'])
                && let Some((key, beside)) = key_of(rest)
                && !beside.trim_start().contains(": ")
            {
                let mut map = Map::new();
                let value = self.value(beside, number, indent + 2, depth);
                map.insert(key.to_owned(), value);
                if let Some(deeper) = self.next_indent().filter(|deeper| *deeper > indent) {
                    self.mapping(&mut map, deeper, depth + 1);
                }
                items.push(Value::Object(map));
            } else {
                items.push(self.value(rest, number, indent, depth));
            }
        }
        Value::Array(items)
    }

    /// The text of the lines that are indented more.
    fn deeper(&mut self, indent: usize, between: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            if !line.text.is_empty() && line.indent <= indent {
                break;
            }
            parts.push(line.text);
            self.at += 1;
        }
        parts.join(between).trim().to_owned()
    }

    /// A list or a mapping in brackets, which may go on over lines up to the closing bracket.
    fn flow(&mut self, rest: &'a str, end: char) -> Cow<'a, str> {
        let mut whole = Cow::Borrowed(rest);
        for _ in 0..FLOW_LINES_MAX {
            if whole.contains(end) {
                break;
            }
            match self.lines.get(self.at) {
                Some(line) if line.indent > 0 || line.text.starts_with(end) => {
                    whole.to_mut().push(' ');
                    whole.to_mut().push_str(line.text);
                    self.at += 1;
                }
                _ => break,
            }
        }
        whole
    }

    /// A text in quotes, up to the closing one.
    fn quoted(&mut self, rest: &str, number: usize) -> String {
        match unquoted(rest) {
            Some(text) => text,
            None => {
                self.repairs.at(
                    number,
                    "a quote is never closed: taken to end with the line",
                );
                rest.trim_start_matches(['"', '\'']).to_owned()
            }
        }
    }

    /// Passes by the shell commands of hooks. Many files have lost their indentation, so that a command may look like
    /// anything; only a key of the outermost level ends them.
    fn hooks(&mut self, number: usize, indent: usize) {
        let mut flattened = 0;
        while let Some(line) = self.lines.get(self.at) {
            if !line.is_blank() && line.indent <= indent {
                let key = key_of(line.text).map(|(key, _)| key);
                if key.is_some_and(|key| OUTER_KEYS.contains(&key)) {
                    break;
                }
                flattened += 1;
            }
            self.at += 1;
        }
        if flattened > 0 {
            self.repairs.at(
                number,
                &format!("{flattened} lines of `hooks` have lost their indentation: passed by"),
            );
        }
    }
}

/// A key and what stands beside it: a word, a colon, and then a space or the end.
fn key_of(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.split_once(':')?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let key = key.trim_end().trim_matches(['"', '\'']);
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.len() <= 64 && key.chars().all(is_key)).then_some((key, rest))
}

/// The text within quotes, when they are closed.
fn unquoted(text: &str) -> Option<String> {
    if text.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
        return stream.next()?.ok().or_else(|| {
            // Escapes that JSON does not have are kept as they stand.
            let inner = text.strip_prefix('"')?;
            Some(inner[..inner.rfind('"')?].to_owned())
        });
    }
    let inner = text.strip_prefix('\'')?.replace("''", "\u{0}");
    let end = inner.find('\'')?;
    Some(inner[..end].replace('\u{0}', "'"))
}

/// The parts between commas, outside of quotes.
fn parts(inner: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    inner
        .split(move |c: char| {
            match quote {
                Some(open) if open == c => quote = None,
                None if c == '"' || c == '\'' => quote = Some(c),
                _ => {}
            }
            c == ',' && quote.is_none()
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn word(text: &str) -> Value {
    unquoted(text).map_or_else(|| scalar::plain(text), Value::String)
}

/// `[a, "b", **]`.
fn list(text: &str) -> Value {
    let inner = text.trim_start_matches('[');
    let inner = inner.rfind(']').map_or(inner, |end| &inner[..end]);
    parts(inner).map(word).collect()
}

/// `{a: 1, b: x}`.
fn object(text: &str) -> Value {
    let inner = text.trim_start_matches('{');
    let inner = inner.rfind('}').map_or(inner, |end| &inner[..end]);
    let pairs = parts(inner).filter_map(|part| {
        let (key, value) = part.split_once(':')?;
        let key = key.trim().trim_matches(['"', '\'']).to_owned();
        Some((key, word(value.trim())))
    });
    Value::Object(pairs.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_lines(text: &str) -> (Value, Vec<String>) {
        let mut repairs = Repairs::default();
        let front = read(text, 2, &mut repairs);
        (Value::Object(front), repairs.into_vec())
    }

    #[test]
    fn what_is_valid_is_read_like_yaml() {
        let text = "name: coder # the first\ncapabilities:\n  - coding\n  - \"api: design\"\nrbac:\n  allowed_tools: [Read, 'Write']\n  path_scopes:\n  - src/**\nmetadata: {category: foundry, specialist: false}\ntext: |\n  one\n  two\nnone:\nlong: a\n  b\n";
        let (front, repairs) = read_lines(text);
        let expected = json!({
            "name": "coder", "capabilities": ["coding", "api: design"],
            "rbac": { "allowed_tools": ["Read", "Write"], "path_scopes": ["src/**"] },
            "metadata": { "category": "foundry", "specialist": false },
            "text": "one\ntwo", "none": null, "long": "a b",
        });
        assert_eq!(front, expected);
        assert_eq!(repairs, [] as [String; 0]);
    }

    #[test]
    fn colons_and_stars_without_quotes_are_text() {
        let (front, repairs) = read_lines(
            "description: Use this: it works\nrbac:\n  path_scopes:\n    - **\n    - *\n  api_access:\n    - *\n",
        );
        let expected = json!({
            "description": "Use this: it works",
            "rbac": { "path_scopes": ["**", "*"], "api_access": ["*"] },
        });
        assert_eq!(front, expected);
        assert_eq!(repairs.len(), 4, "{repairs:?}");
        assert!(repairs[0].starts_with("line 2: a colon"), "{repairs:?}");
    }

    #[test]
    fn hooks_without_indentation_are_passed_by() {
        let text = "name: coder\nhooks:\npre: |\necho \"Starting: $TASK\"\nif [ -f x ]; then\n  npm test\nfi\npost: |\necho done\nidentity:\n  role: developer\n";
        let (front, repairs) = read_lines(text);
        assert_eq!(
            front,
            json!({ "name": "coder", "identity": { "role": "developer" } })
        );
        assert_eq!(
            repairs,
            ["line 3: 6 lines of `hooks` have lost their indentation: passed by"]
        );
        let (front, repairs) = read_lines("hooks:\n  pre: |\n    echo: x\nname: y\n");
        assert_eq!((front, repairs.len()), (json!({ "name": "y" }), 0));
    }

    #[test]
    fn tabs_and_uneven_lines_lose_nothing() {
        let (front, repairs) = read_lines("identity:\n\trole: tester\n\tagent_id: x\n");
        assert_eq!(
            front["identity"],
            json!({ "role": "tester", "agent_id": "x" })
        );
        assert_eq!(repairs.len(), 2);
        let (front, _) = read_lines("  name: a\nrole: tester\n");
        assert_eq!(front, json!({ "name": "a", "role": "tester" }));
        let (front, repairs) = read_lines("name: \"open\ntools: Read\n- stray\n");
        assert_eq!(front, json!({ "name": "open", "tools": "Read" }));
        assert_eq!(repairs.len(), 2, "{repairs:?}");
    }

    #[test]
    fn depth_and_length_are_limited() {
        let deep: String = (0..5000).fold(String::new(), |mut text, depth| {
            text.push_str(&" ".repeat(depth % 400));
            text.push_str("a:\n");
            text
        });
        read_lines(&deep);
        read_lines(&"- ".repeat(100_000));
        read_lines(&"[".repeat(100_000));
    }
}
