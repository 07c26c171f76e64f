//! Makes a folder of agent files with everything that is wrong with such files in practice, and says what must become of
//! each. The same seed makes the same files.

use std::fmt::Write as _;

use civitas_model::agent::Role;

/// Files of each kind.
pub const PER_KIND: usize = 8;

/// A file, and what must become of it.
#[derive(Debug, Clone)]
pub struct Made {
    pub path: String,
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    /// `loaded`, `repaired`, `synthesised` or `skipped`.
    pub outcome: &'static str,
    /// What a repair or the reason must say.
    pub says: &'static str,
    pub name: Option<String>,
    pub role: Option<Role>,
    pub agent_id: Option<String>,
}

/// The mixer `splitmix64`: enough to vary texts, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap_or(1);
        let at = usize::try_from(self.next() % count).unwrap_or(0);
        from[at]
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}

const FOLDERS: &[&str] = &[
    "delivery/architecture",
    "foundry/core",
    "operations/devops",
    "orchestration/consensus",
    "platforms/cloud",
    "quality/checks",
    "research/literature",
    "tooling/cli",
];

const THINGS: &[&str] = &[
    "ledger", "harbour", "signal", "mirror", "canvas", "forge", "compass", "lantern", "anchor",
    "quarry",
];

/// What every file of an identity is made of.
struct Draft {
    stem: String,
    folder: &'static str,
    id: String,
    role: Role,
    description: String,
    /// Lines before the identity, with line feeds.
    before: String,
    scopes: &'static str,
    approval: &'static str,
    /// Lines after the identity.
    after: String,
}

impl Draft {
    fn new(random: &mut Random, kind: &str, number: usize) -> Self {
        let thing = random.pick(THINGS);
        Self {
            stem: format!("{thing}-{kind}-{number}"),
            folder: random.pick(FOLDERS),
            id: random.uuid(),
            role: random.pick(&Role::ALL),
            description: format!("Keeps the {thing} in order"),
            before: String::new(),
            scopes: "    - \"src/**\"\n    - \"tests/**\"\n",
            approval: "false",
            after: String::new(),
        }
    }

    fn path(&self) -> String {
        format!("{}/{}.md", self.folder, self.stem)
    }

    fn identity(&self) -> String {
        format!(
            "identity:\n  agent_id: \"{}\"\n  role: \"{}\"\n  role_confidence: 0.9\n  capabilities:\n    - coding\n    - testing\n\
             rbac:\n  allowed_tools:\n    - Read\n    - Write\n  denied_tools: []\n  path_scopes:\n{}  api_access:\n    - github\n  requires_approval: {}\n  approval_threshold: 10.0\n\
             budget:\n  max_tokens_per_session: 200000\n  max_cost_per_day: 30\n  currency: \"USD\"\n",
            self.id,
            self.role.as_str(),
            self.scopes,
            self.approval,
        )
    }

    fn text(&self) -> String {
        format!(
            "---\nname: {}\ndescription: {}\n{}{}{}---\n\n# {}\n\nYou keep things in order.\n",
            self.stem,
            self.description,
            self.before,
            self.identity(),
            self.after,
            self.stem
        )
    }

    fn made(&self, kind: &'static str, outcome: &'static str, says: &'static str) -> Made {
        self.made_of(kind, outcome, says, self.text())
    }

    fn made_of(
        &self,
        kind: &'static str,
        outcome: &'static str,
        says: &'static str,
        text: impl Into<Vec<u8>>,
    ) -> Made {
        Made {
            path: self.path(),
            bytes: text.into(),
            kind,
            outcome,
            says,
            name: Some(self.stem.clone()),
            role: Some(self.role),
            agent_id: Some(self.id.clone()),
        }
    }

    /// The same without an identity, whose role the rules must give.
    fn synthesised(
        &self,
        kind: &'static str,
        says: &'static str,
        role: Option<Role>,
        text: String,
    ) -> Made {
        Made {
            role,
            agent_id: None,
            ..self.made_of(kind, "synthesised", says, text)
        }
    }
}

const METADATA: &str =
    "metadata:\n  category: \"foundry\"\n  specialist: false\n  version: \"1.0.0\"\n  tags: []\n";

const FLAT_HOOKS: &str = "hooks:\npre: |\necho \"Starting: $TASK\"\nif grep -q 'x: y' notes; then\n  npm run lint\nfi\npost: |\nmemory_store \"done: $(date)\"\necho finished\n";

/// A folder of files.
pub fn folder(seed: u64) -> Vec<Made> {
    let mut random = Random(seed);
    let mut files = Vec::new();
    for number in 0..PER_KIND {
        well_formed(&mut random, number, &mut files);
        broken(&mut random, number, &mut files);
        combined(&mut random, number, &mut files);
        without_identity(&mut random, number, &mut files);
        names_and_ids(&mut random, number, &mut files);
        documents(&mut random, number, &mut files);
    }
    files
}

fn well_formed(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let mut draft = Draft::new(random, "whole", number);
    draft.after = METADATA.into();
    files.push(draft.made("whole", "loaded", ""));

    let draft = Draft::new(random, "own-block", number);
    let indented = draft
        .identity()
        .lines()
        .fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "  {line}");
            text
        });
    let text = format!(
        "---\nname: {}\ntools: Read\nx-civitas:\n{indented}---\nBody\n",
        draft.stem
    );
    files.push(draft.made_of("own-block", "loaded", "", text));

    let draft = Draft::new(random, "flat-block", number);
    let text = format!(
        "---\nname: {}\nx-civitas:\n  agent_id: {}\n  role: {}\n  rbac_allowed_tools: [Read]\n  rbac_path_scopes: ['docs/**']\n  budget_max_tokens_per_session: 5000\n  budget_max_cost_per_day: 1.5\n---\nBody\n",
        draft.stem,
        draft.id,
        draft.role.as_str()
    );
    files.push(draft.made_of("flat-block", "loaded", "", text));

    let draft = Draft::new(random, "crlf", number);
    let text = draft.text().replace('\n', "\r\n");
    files.push(draft.made_of("crlf", "loaded", "", text));

    let draft = Draft::new(random, "mark", number);
    let text = format!("\u{feff}{}", draft.text());
    files.push(draft.made_of("mark", "loaded", "", text));

    let mut draft = Draft::new(random, "older-metadata", number);
    draft.before = "metadata:\n  description: \"an older block\"\n  specialization: \"things\"\n  complexity: high\n  autonomous: true\n".into();
    files.push(draft.made("older-metadata", "loaded", ""));

    let mut draft = Draft::new(random, "performance", number);
    draft.after = "performance:\n  success_rate: 0.5\n  quality_score: 87\n  average_execution_time_ms: 120\n  total_tasks_completed: 4\n".into();
    files.push(draft.made("performance", "loaded", ""));
}

fn broken(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let mut draft = Draft::new(random, "colon", number);
    draft.description = "Use this: it keeps order, e.g.: always".into();
    files.push(draft.made("colon", "repaired", "a colon"));

    let mut draft = Draft::new(random, "hooks", number);
    draft.before = FLAT_HOOKS.into();
    files.push(draft.made("hooks", "repaired", "hooks"));

    let mut draft = Draft::new(random, "star", number);
    draft.scopes = "    - **\n";
    files.push(draft.made("star", "repaired", "`**` stands without quotes"));

    let mut draft = Draft::new(random, "one-star", number);
    draft.scopes = "    - *\n    - src/**\n";
    files.push(draft.made("one-star", "repaired", "`*` stands without quotes"));

    let mut draft = Draft::new(random, "undefined", number);
    draft.approval = "undefined";
    files.push(draft.made(
        "undefined",
        "repaired",
        "requires_approval` says `undefined`",
    ));

    let mut draft = Draft::new(random, "clash", number);
    draft.before = "metadata:\n  description: first\n  complexity: high\n".into();
    draft.after = METADATA.into();
    files.push(draft.made("clash", "repaired", "`metadata` is there twice"));

    let draft = Draft::new(random, "tabs", number);
    let text = draft
        .text()
        .replace("  agent_id", "\tagent_id")
        .replace("\n  role:", "\n\trole:");
    files.push(draft.made_of("tabs", "repaired", "tabs", text));

    let draft = Draft::new(random, "open", number);
    let text = draft.text().replacen("---\n\n#", "\n#", 1);
    files.push(draft.made_of("open", "repaired", "never closed", text));

    let draft = Draft::new(random, "bytes", number);
    let mut bytes = draft.text().into_bytes();
    bytes.extend(b"caf\xe9\n");
    files.push(draft.made_of("bytes", "repaired", "could not be read", bytes));

    let draft = Draft::new(random, "role", number);
    let said = format!("role: \"{}\"", draft.role.as_str());
    let text = draft.text().replace(&said, "role: \"wizard\"");
    let mut made = draft.made_of("role", "repaired", "wizard", text);
    // By its capabilities.
    made.role = Some(Role::Developer);
    files.push(made);

    let draft = Draft::new(random, "budget", number);
    let text = draft.text().replace("200000", "plenty");
    files.push(draft.made_of("budget", "repaired", "max_tokens_per_session", text));
}

fn combined(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let mut draft = Draft::new(random, "everything", number);
    draft.description = "Use this: always".into();
    draft.before = FLAT_HOOKS.into();
    draft.scopes = "    - **\n";
    draft.approval = "undefined";
    draft.after = format!("metadata:\n  complexity: high\n{METADATA}");
    let text = format!("\u{feff}{}", draft.text().replace('\n', "\r\n"));
    files.push(draft.made_of("everything", "repaired", "`**` stands without quotes", text));

    let draft = Draft::new(random, "appendix", number);
    let id = format!("{}-20251229", draft.stem);
    let identity = draft.identity().replace(&draft.id, &id);
    let text = format!(
        "---\nname: {}\ndescription: Keeps order\n---\n\n# Body\n\n```yaml\n{identity}```\n\nMore.\n",
        draft.stem
    );
    let mut made = draft.made_of("appendix", "repaired", "stands in the text", text);
    made.agent_id = Some(id);
    files.push(made);
}

fn without_identity(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let draft = Draft::new(random, "common", number);
    let tools = if number.is_multiple_of(2) {
        "tools: Read, Grep, Bash(git log:*)"
    } else {
        "tools:\n  - Read\n  - Grep"
    };
    let text = format!(
        "---\nname: {}\ndescription: Keeps order\n{tools}\nmodel: sonnet\n---\nYou keep order.\n",
        draft.stem
    );
    files.push(draft.synthesised("common", "", None, text));

    let draft = Draft::new(random, "capable", number);
    let (capability, role) = random.pick(&[
        ("penetration-testing", Role::Security),
        ("sql", Role::Database),
        ("code-review", Role::Reviewer),
        ("ui-design", Role::Frontend),
        ("planning", Role::Coordinator),
    ]);
    let text = format!(
        "---\nname: {}\ntype: developer\ncolor: blue\npriority: high\ncapabilities:\n  - {capability}\n---\nBody\n",
        draft.stem
    );
    files.push(draft.synthesised("capable", "", Some(role), text));

    let draft = Draft::new(random, "permissions", number);
    let text = format!(
        "---\nname: {}\ncapabilities:\n  allowed_tools: [Read, Grep]\n  restricted_tools: [Bash]\n  max_file_operations: 10\n  memory_access: both\nconstraints:\n  allowed_paths:\n    - docs/**\n---\nBody\n",
        draft.stem
    );
    files.push(draft.synthesised("permissions", "`capabilities` is a mapping", None, text));

    let draft = Draft::new(random, "headers", number);
    let text = format!(
        "# {}\n\n**Agent ID**: {number}\n**Version**: 2.0.0\n**Category**: quality\n**Batch**: 3\n\nYou keep order.\n",
        draft.stem
    );
    files.push(draft.synthesised("headers", "", None, text));

    let draft = Draft::new(random, "bare", number);
    files.push(draft.synthesised(
        "bare",
        "",
        None,
        "# An agent\n\nYou keep order: always.\n".to_owned(),
    ));
}

fn names_and_ids(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let draft = Draft::new(random, "spaced", number);
    let name = format!("name: {}", draft.stem);
    let text = draft.text().replacen(&name, "name: Benchmark Suite", 1);
    files.push(draft.made_of("spaced", "repaired", "is no agent's name", text));

    // Twins: two files that say the same name.
    let said = format!("name: twin-of-{number}");
    for enhanced in ["", "-enhanced"] {
        let mut draft = Draft::new(random, "twin", number);
        draft.stem.push_str(enhanced);
        let own = format!("name: {}", draft.stem);
        let text = draft.text().replacen(&own, &said, 1);
        files.push(draft.made_of("twin", "repaired", "is said by another file too", text));
    }

    // The same file name in two folders.
    for folder in ["foundry/core", "quality/checks"] {
        let mut draft = Draft::new(random, "same", number);
        draft.stem = format!("goal-planner-{number}");
        draft.folder = folder;
        if folder == "foundry/core" {
            files.push(draft.made("same", "loaded", ""));
        } else {
            let mut made = draft.made("same", "repaired", "several files are called");
            made.name = Some(format!("goal-planner-{number}-checks"));
            files.push(made);
        }
    }

    // One id in two files.
    let mut first = Draft::new(random, "first", number);
    let mut second = Draft::new(random, "second", number);
    // In the order of their paths, too.
    first.stem = format!("id-{number}-first");
    second.stem = format!("id-{number}-second");
    second.folder = first.folder;
    second.id.clone_from(&first.id);
    files.push(first.made("first", "loaded", ""));
    let mut made = second.made("second", "repaired", "another file's too");
    made.agent_id = None;
    files.push(made);
}

fn documents(random: &mut Random, number: usize, files: &mut Vec<Made>) {
    let folder = random.pick(FOLDERS);
    let mut skip = |file: String, text: &str, says: &'static str| {
        files.push(Made {
            path: format!("{folder}/{number}/{file}"),
            bytes: text.into(),
            kind: "document",
            outcome: "skipped",
            says,
            name: None,
            role: None,
            agent_id: None,
        });
    };
    skip(
        "README.md".into(),
        "# Agents\n\nAll of them.\n",
        "is a document",
    );
    skip(
        "MIGRATION-SUMMARY.md".into(),
        "# Summary\n\nWe moved.\n",
        "is a summary",
    );
    skip("notes.txt".into(), "not Markdown", "not a Markdown file");
    skip("empty.md".into(), "\n\n", "is empty");
    if number == 0 {
        skip("huge.md".into(), &"x".repeat(600 * 1024), "bytes");
    }
}
