//! What is judged, as Cedar sees it.

use crate::path::CanonicalPath;
use crate::request::{Agent, Request};
use crate::tables::{SYSTEM_ROLE, Tables};
use cedar_policy::{Context, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::LazyLock;

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Tool(String),
    Path {
        path: CanonicalPath,
        scopes: Vec<String>,
        secret: bool,
    },
    Command {
        name: String,
        subcommand: String,
        arguments: Vec<String>,
        text: String,
        through: Vec<String>,
        classes: Vec<&'static str>,
        dangers: Vec<&'static str>,
    },
    Url {
        text: String,
        scheme: String,
        host: String,
    },
    ApiTool {
        name: String,
        api: String,
    },
    AgentType(String),
    Operation(String),
}

/// An entity with the entities it is in, itself first.
pub(crate) struct Known {
    pub entity: Entity,
    pub with_parents: Vec<EntityUid>,
}

/// Why Cedar cannot be asked; a fault of this crate, which denies.
pub(crate) type Fault = String;

/// Every kind of the schema, read once: reading a name takes Cedar's parser microseconds, and a question names dozens.
static KINDS: LazyLock<HashMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
    let read = |kind: &'static str| Some((kind, EntityTypeName::from_str(kind).ok()?));
    [
        "Action",
        "Agent",
        "AgentType",
        "Api",
        "ApiTool",
        "Command",
        "CommandClass",
        "Danger",
        "Domain",
        "Operation",
        "Path",
        "Role",
        "Scope",
        "Team",
        "Tool",
        "Url",
    ]
    .into_iter()
    .filter_map(read)
    .collect()
});

pub(crate) fn uid(kind: &str, id: &str) -> Result<EntityUid, Fault> {
    let kind = match KINDS.get(kind) {
        Some(known) => known.clone(),
        None => EntityTypeName::from_str(kind).map_err(|error| error.to_string())?,
    };
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

type Attributes = HashMap<String, RestrictedExpression>;

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set<'a>(values: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.into_iter().map(text))
}

fn known(
    kind: &str,
    id: &str,
    attributes: Attributes,
    parents: Vec<(&str, &str)>,
) -> Result<Known, Fault> {
    let own = uid(kind, id)?;
    let parents = parents
        .into_iter()
        .map(|(kind, id)| uid(kind, id))
        .collect::<Result<Vec<_>, _>>()?;
    let entity = Entity::new(
        own.clone(),
        attributes,
        parents.iter().cloned().collect::<HashSet<_>>(),
    )
    .map_err(|error| error.to_string())?;
    let mut with_parents = vec![own];
    with_parents.extend(parents);
    Ok(Known {
        entity,
        with_parents,
    })
}

impl Resource {
    /// What it is called in explanations.
    pub fn subject(&self) -> &str {
        match self {
            Self::Path { path, .. } => path.as_str(),
            Self::Command { text, .. } | Self::Url { text, .. } => text,
            Self::ApiTool { name, .. }
            | Self::Tool(name)
            | Self::AgentType(name)
            | Self::Operation(name) => name,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of the schema")]
    pub fn entity(&self) -> Result<Known, Fault> {
        let mut attributes = Attributes::new();
        let mut put = |name: &str, value: RestrictedExpression| {
            attributes.insert(name.to_owned(), value);
        };
        match self {
            Self::Tool(name) => {
                put("name", text(name));
                known("Tool", name, attributes, Vec::new())
            }
            Self::Path {
                path,
                scopes,
                secret,
            } => {
                put("path", text(path.as_str()));
                put("relative", text(path.relative().unwrap_or_default()));
                put("name", text(path.name()));
                put(
                    "inside",
                    RestrictedExpression::new_bool(path.relative().is_some()),
                );
                put("secret", RestrictedExpression::new_bool(*secret));
                put("scopes", set(scopes.iter().map(String::as_str)));
                let parents = scopes
                    .iter()
                    .map(|scope| ("Scope", scope.as_str()))
                    .collect();
                known("Path", path.as_str(), attributes, parents)
            }
            Self::Command {
                name,
                subcommand,
                arguments,
                text: whole,
                through,
                classes,
                dangers,
            } => {
                put("name", text(name));
                put("subcommand", text(subcommand));
                put("arguments", set(arguments.iter().map(String::as_str)));
                put("text", text(whole));
                put("through", set(through.iter().map(String::as_str)));
                let classes = classes.iter().map(|class| ("CommandClass", *class));
                let dangers = dangers.iter().map(|danger| ("Danger", *danger));
                known(
                    "Command",
                    name,
                    attributes,
                    classes.chain(dangers).collect(),
                )
            }
            Self::Url {
                text: whole,
                scheme,
                host,
            } => {
                put("text", text(whole));
                put("scheme", text(scheme));
                put("host", text(host));
                known(
                    "Url",
                    whole,
                    attributes,
                    domains(host).map(|domain| ("Domain", domain)).collect(),
                )
            }
            Self::ApiTool { name, api } => {
                put("name", text(name));
                put("api", text(api));
                known("ApiTool", name, attributes, vec![("Api", api)])
            }
            Self::AgentType(name) => {
                put("name", text(name));
                known("AgentType", name, attributes, Vec::new())
            }
            Self::Operation(name) => known("Operation", name, attributes, Vec::new()),
        }
    }
}

/// A host and every domain it is in: `a.b.c`, `b.c`, `c`; at most eight.
pub(crate) fn domains(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |domain| {
        domain.split_once('.').map(|(_, rest)| rest)
    })
    .filter(|domain| !domain.is_empty())
    .take(8)
}

/// The agent as an entity; without one, the system.
pub(crate) fn principal(agent: Option<&Agent>, tables: &Tables) -> Result<Known, Fault> {
    let system = Agent::new(SYSTEM_ROLE, SYSTEM_ROLE);
    let agent = agent.unwrap_or(&system);
    let level = tables
        .roles
        .get(&agent.role)
        .map_or(0, |role| i64::from(role.level));
    let tools = |list: &[String]| {
        set(list
            .iter()
            .map(|tool| tables.tool(tool))
            .collect::<Vec<_>>())
    };
    let mut attributes = Attributes::from([
        ("name".to_owned(), text(&agent.name)),
        ("role".to_owned(), text(&agent.role)),
        ("level".to_owned(), RestrictedExpression::new_long(level)),
        (
            "tags".to_owned(),
            set(agent.tags.iter().map(String::as_str)),
        ),
        (
            "registered".to_owned(),
            RestrictedExpression::new_bool(agent.registered),
        ),
        (
            "requires_approval".to_owned(),
            RestrictedExpression::new_bool(agent.requires_approval),
        ),
        ("denied_tools".to_owned(), tools(&agent.denied_tools)),
    ]);
    if let Some(list) = &agent.allowed_tools {
        attributes.insert("allowed_tools".to_owned(), tools(list));
    }
    if let Some(list) = &agent.path_scopes {
        attributes.insert(
            "path_scopes".to_owned(),
            set(list.iter().map(String::as_str)),
        );
    }
    if let Some(list) = &agent.api_access {
        attributes.insert(
            "api_access".to_owned(),
            set(list.iter().map(|api| tables.api(api)).collect::<Vec<_>>()),
        );
    }
    let teams = agent.teams.iter().map(|team| ("Team", team.as_str()));
    let parents = std::iter::once(("Role", agent.role.as_str()))
        .chain(teams)
        .collect();
    known("Agent", &agent.id, attributes, parents)
}

/// What is known besides the agent and the resource.
pub(crate) fn context(
    request: &Request,
    program: &str,
    facts: &[String],
) -> Result<Context, Fault> {
    Context::from_pairs([
        ("tool".to_owned(), text(&request.call.tool_name)),
        ("program".to_owned(), text(program)),
        ("environment".to_owned(), text(&request.environment)),
        ("permission_mode".to_owned(), text(&request.permission_mode)),
        (
            "sub_agent".to_owned(),
            RestrictedExpression::new_bool(request.sub_agent),
        ),
        ("facts".to_owned(), set(facts.iter().map(String::as_str))),
    ])
    .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::SCHEMA;

    #[test]
    fn every_kind_of_the_schema_is_read_once() {
        let entities = SCHEMA
            .lines()
            .filter_map(|line| line.strip_prefix("entity "));
        for line in entities {
            let name = line
                .split(|letter: char| !letter.is_alphanumeric())
                .next()
                .unwrap();
            assert!(KINDS.contains_key(name), "{name}");
        }
        assert!(KINDS.contains_key("Action"));
        assert_eq!(KINDS.len(), SCHEMA.matches("\nentity ").count() + 1);
    }
}
