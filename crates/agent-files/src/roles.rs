//! Roles: what an agent of each may use where its file says nothing, and how an agent without a role gets one.

use std::collections::BTreeMap;

use civitas_model::agent::Role;
use civitas_model::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an agent of a role gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Tools; `*` is every one.
    pub tools: &'static [&'static str],
    /// Paths, as globs.
    pub paths: &'static [&'static str],
    /// Outside services; `*` is every one.
    pub apis: &'static [&'static str],
    /// Tokens in one session.
    pub max_tokens_per_session: u64,
    /// Dollars in one day.
    pub max_cost_per_day: Money,
}

/// What an agent of a role may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleBudget {
    /// Tokens in one session.
    pub tokens_per_session: u64,
    /// Dollars in one day.
    pub usd_per_day: Money,
}

/// What agents of each role may spend, as a tenant's tables say. A role of which they said nothing yet has what its
/// [`template`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleBudgets(BTreeMap<Role, RoleBudget>);

impl RoleBudgets {
    /// Under which name a tenant states them.
    pub const SETTING: &str = "role_budgets";

    /// What a tenant states; what every tenant starts with where it states nothing.
    pub fn stated(value: Option<Value>) -> Self {
        let read = value.and_then(|value| serde_json::from_value(value).ok());
        read.unwrap_or_default()
    }

    /// What agents of a role may spend.
    pub fn of(&self, role: Role) -> RoleBudget {
        let template = template(role);
        let usual = RoleBudget {
            tokens_per_session: template.max_tokens_per_session,
            usd_per_day: template.max_cost_per_day,
        };
        self.0.get(&role).copied().unwrap_or(usual)
    }

    /// Says what agents of a role may spend from now on.
    pub fn set(&mut self, role: Role, budget: RoleBudget) {
        self.0.insert(role, budget);
    }
}

const WRITING: &[&str] = &[
    "Read",
    "Write",
    "Edit",
    "MultiEdit",
    "Bash",
    "Grep",
    "Glob",
    "Task",
];
const EVERYWHERE: &[&str] = &["**"];

/// The template of a role.
pub const fn template(role: Role) -> Template {
    let (tools, paths, apis, tokens, dollars): (&[&str], &[&str], &[&str], u64, u64) = match role {
        Role::Admin => (&["*"], EVERYWHERE, &["*"], 500_000, 100),
        Role::Developer => (
            &[
                "Read",
                "Write",
                "Edit",
                "MultiEdit",
                "Bash",
                "Grep",
                "Glob",
                "Task",
                "TodoWrite",
            ],
            &["src/**", "tests/**", "scripts/**", "config/**"],
            &["github", "gitlab", "memory-mcp"],
            200_000,
            30,
        ),
        Role::Coordinator => (
            &["Read", "Grep", "Glob", "Task", "TodoWrite"],
            EVERYWHERE,
            &["memory-mcp", "flow-nexus", "ruv-swarm"],
            250_000,
            40,
        ),
        Role::Security => (
            &["Read", "Grep", "Glob", "Task", "WebFetch"],
            EVERYWHERE,
            &["github", "memory-mcp", "connascence-analyzer"],
            180_000,
            25,
        ),
        Role::Database => (
            &["Read", "Write", "Edit", "Bash", "Task"],
            &["backend/**", "database/**", "migrations/**", "schemas/**"],
            &["memory-mcp"],
            150_000,
            20,
        ),
        Role::Backend => (
            WRITING,
            &[
                "backend/**",
                "src/api/**",
                "src/services/**",
                "src/models/**",
                "tests/**",
            ],
            &["github", "gitlab", "memory-mcp"],
            180_000,
            25,
        ),
        Role::Reviewer => (
            &["Read", "Grep", "Glob", "Task"],
            EVERYWHERE,
            &["github", "memory-mcp", "connascence-analyzer"],
            150_000,
            20,
        ),
        Role::Frontend => (
            WRITING,
            &[
                "frontend/**",
                "src/components/**",
                "src/pages/**",
                "public/**",
                "styles/**",
            ],
            &["github", "memory-mcp"],
            150_000,
            20,
        ),
        Role::Tester => (
            &["Read", "Write", "Edit", "Bash", "Grep", "Glob", "Task"],
            &["tests/**", "e2e/**", "**/*.test.*", "**/*.spec.*"],
            &["github", "memory-mcp"],
            150_000,
            20,
        ),
        Role::Analyst => (
            &["Read", "Grep", "Glob", "WebSearch", "WebFetch"],
            EVERYWHERE,
            &["github", "memory-mcp"],
            100_000,
            15,
        ),
    };
    Template {
        tools,
        paths,
        apis,
        max_tokens_per_session: tokens,
        max_cost_per_day: Money::from_micros(dollars * 1_000_000),
    }
}

/// The categories of agents: the folders that agents lie in.
pub const CATEGORIES: [&str; 10] = [
    "delivery",
    "foundry",
    "operations",
    "orchestration",
    "platforms",
    "quality",
    "research",
    "security",
    "specialists",
    "tooling",
];

/// A capability's words, the role it speaks for, and how sure that is.
const CAPABILITIES: &[(Role, f64, &[&str])] = &[
    (
        Role::Admin,
        0.95,
        &[
            "system-design",
            "architecture",
            "infrastructure",
            "full-access",
        ],
    ),
    (
        Role::Developer,
        0.9,
        &["coding", "api-design", "refactoring", "implementation"],
    ),
    (
        Role::Reviewer,
        0.9,
        &["code-review", "quality-analysis", "static-analysis"],
    ),
    (
        Role::Security,
        0.95,
        &[
            "security-audit",
            "vulnerability-scanning",
            "penetration-testing",
            "compliance",
        ],
    ),
    (
        Role::Database,
        0.9,
        &[
            "database-design",
            "schema-migration",
            "query-optimization",
            "sql",
        ],
    ),
    (
        Role::Frontend,
        0.85,
        &["ui-design", "react", "vue", "css", "accessibility"],
    ),
    (
        Role::Backend,
        0.85,
        &[
            "api-design",
            "backend-logic",
            "server-design",
            "microservices",
        ],
    ),
    (Role::Tester, 0.9, &["testing", "test-design", "qa"]),
    (
        Role::Analyst,
        0.85,
        &["data-analysis", "reporting", "metrics", "monitoring"],
    ),
    (
        Role::Coordinator,
        0.9,
        &[
            "orchestration",
            "workflow-management",
            "agent-coordination",
            "planning",
        ],
    ),
];

/// Words in names and folders that refine what a category says.
const WORDS: &[(&str, Role)] = &[
    ("test", Role::Tester),
    ("tester", Role::Tester),
    ("testing", Role::Tester),
    ("qa", Role::Tester),
    ("security", Role::Security),
    ("pentest", Role::Security),
    ("database", Role::Database),
    ("sql", Role::Database),
    ("frontend", Role::Frontend),
    ("ui", Role::Frontend),
    ("backend", Role::Backend),
    ("api", Role::Backend),
    ("review", Role::Reviewer),
    ("reviewer", Role::Reviewer),
    ("audit", Role::Reviewer),
    ("analysis", Role::Analyst),
    ("analyst", Role::Analyst),
    ("analyzer", Role::Analyst),
    ("monitor", Role::Analyst),
    ("monitoring", Role::Analyst),
    ("researcher", Role::Analyst),
    ("planner", Role::Coordinator),
    ("coordinator", Role::Coordinator),
    ("orchestrator", Role::Coordinator),
    ("swarm", Role::Coordinator),
    ("coder", Role::Developer),
    ("developer", Role::Developer),
];

/// What a category alone says.
const DEFAULTS: &[(&str, Role)] = &[
    ("delivery", Role::Developer),
    ("foundry", Role::Developer),
    ("operations", Role::Backend),
    ("orchestration", Role::Coordinator),
    ("platforms", Role::Backend),
    ("quality", Role::Reviewer),
    ("research", Role::Analyst),
    ("security", Role::Security),
    ("specialists", Role::Developer),
    ("tooling", Role::Developer),
];

/// How sure a role is that a category or a name alone speaks for.
const BY_CATEGORY: f64 = 0.7;
/// How sure the least role is, which is given where nothing speaks for any.
const BY_NOTHING: f64 = 0.5;

/// A role with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The role.
    pub role: Role,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// Why.
    pub reasoning: String,
}

/// The role of an agent that says none: the one that most of its capabilities speak for, of several the surer one; else
/// what its name and folders say, else its category; else the least role, which only reads.
pub fn assign(capabilities: &[String], folders_and_name: &str, category: &str) -> Assigned {
    if let Some(assigned) = by_capability(capabilities) {
        return assigned;
    }
    let words = key(folders_and_name);
    let mut parts = words.split('-').rev();
    let word = parts.find_map(|part| WORDS.iter().find(|(word, _)| *word == part));
    if let Some((word, role)) = word {
        return Assigned {
            role: *role,
            confidence: BY_CATEGORY,
            reasoning: format!("its name or folder says `{word}`"),
        };
    }
    if let Some((category, role)) = DEFAULTS.iter().find(|(known, _)| *known == category) {
        return Assigned {
            role: *role,
            confidence: BY_CATEGORY,
            reasoning: format!("it belongs to `{category}`"),
        };
    }
    Assigned {
        role: Role::Analyst,
        confidence: BY_NOTHING,
        reasoning: "nothing says what it is for: the role that only reads".to_owned(),
    }
}

fn by_capability(capabilities: &[String]) -> Option<Assigned> {
    let keys: Vec<String> = capabilities
        .iter()
        .map(|capability| key(capability))
        .collect();
    let mut best: Option<(usize, f64, Role, Vec<&str>)> = None;
    for (role, confidence, words) in CAPABILITIES {
        let spoken: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| keys.iter().any(|key| speaks(*role, key, word)))
            .collect();
        let better = best.as_ref().is_none_or(|(count, sure, ..)| {
            spoken.len() > *count || (spoken.len() == *count && confidence > sure)
        });
        if !spoken.is_empty() && better {
            best = Some((spoken.len(), *confidence, *role, spoken));
        }
    }
    best.map(|(_, confidence, role, spoken)| Assigned {
        role,
        confidence,
        reasoning: format!("its capabilities say {}", spoken.join(", ")),
    })
}

/// Whether a capability holds a word of a role. The role that may do everything is given for the exact word only.
fn speaks(role: Role, capability: &str, word: &str) -> bool {
    if role == Role::Admin {
        return capability == word;
    }
    format!("-{capability}-").contains(&format!("-{word}-"))
}

/// In small letters, with hyphens between the words.
fn key(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(capabilities: &[&str], place: &str, category: &str) -> (Role, f64) {
        let capabilities: Vec<String> = capabilities.iter().map(|&one| one.to_owned()).collect();
        let assigned = assign(&capabilities, place, category);
        (assigned.role, assigned.confidence)
    }

    #[test]
    fn every_word_of_the_matrix_speaks_for_a_role_that_has_it() {
        for (role, _, words) in CAPABILITIES {
            for word in *words {
                let (given, confidence) = role_of(&[word], "x", "quality");
                let of_given = CAPABILITIES
                    .iter()
                    .find(|(known, ..)| *known == given)
                    .unwrap();
                assert!(of_given.2.contains(word), "{word}: {given:?}");
                assert!((confidence - of_given.1).abs() < 1e-9);
                assert!(given == *role || *word == "api-design", "{word}");
            }
        }
        assert_eq!(role_of(&["api-design"], "", ""), (Role::Developer, 0.9));
        let most = ["api-design", "Microservices", "server_design"];
        assert_eq!(role_of(&most, "", ""), (Role::Backend, 0.85));
    }

    #[test]
    fn words_are_found_within_capabilities_but_never_make_an_admin() {
        assert_eq!(role_of(&["advanced testing"], "", ""), (Role::Tester, 0.9));
        assert_eq!(role_of(&["infrastructure"], "", ""), (Role::Admin, 0.95));
        assert_eq!(
            role_of(&["infrastructure monitoring"], "", ""),
            (Role::Analyst, 0.85)
        );
        assert_eq!(
            role_of(&["contesting"], "", "quality"),
            (Role::Reviewer, 0.7)
        );
    }

    #[test]
    fn without_capabilities_the_name_and_then_the_category_decide() {
        assert_eq!(
            role_of(&[], "quality/analysis/code-helper", "quality"),
            (Role::Analyst, 0.7)
        );
        assert_eq!(
            role_of(&[], "foundry/core/helper", "foundry"),
            (Role::Developer, 0.7)
        );
        assert_eq!(role_of(&[], "helper", ""), (Role::Analyst, 0.5));
        for category in CATEGORIES {
            assert!(DEFAULTS.iter().any(|(known, _)| *known == category));
        }
    }
}
