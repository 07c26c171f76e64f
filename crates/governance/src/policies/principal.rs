//! A registered agent as policies see it.

use civitas_model::Agent;
use civitas_model::agent::Role;
use civitas_policy::Agent as Principal;

use crate::roles::template;

/// What a tag begins with that names a team.
const TEAM: &str = "team:";

/// A registered agent as policies see it: its role decides, and its own lists narrow that.
///
/// - A list with `*` (of tools or interfaces) or `**` or `*` (of paths) narrows nothing.
/// - Nor does one that is what the registry gives every agent of the role: the role's row of the tables decides then, as it is
///   now.
/// - An empty list of tools or of paths means none. An empty list of interfaces means those of the role, because a request
///   that registers an agent may leave it out.
///
/// Teams are the tags `team:<name>`. Its approval threshold holds calls that are expected to cost that much.
pub fn principal(agent: &Agent) -> Principal {
    let rbac = &agent.rbac;
    let of_role = template(agent.role);
    let teams = agent.metadata.tags.iter();
    let teams = teams.filter_map(|tag| tag.strip_prefix(TEAM));
    Principal {
        id: agent.agent_id.to_string(),
        name: agent.name.clone(),
        role: Role::as_str(agent.role).to_owned(),
        teams: teams.map(str::to_owned).collect(),
        tags: agent.metadata.tags.clone(),
        registered: true,
        allowed_tools: narrowed(&rbac.allowed_tools, of_role.tools, &["*"]),
        denied_tools: rbac.denied_tools.clone(),
        path_scopes: narrowed(&rbac.path_scopes, of_role.paths, &["**", "*"]),
        api_access: Some(&rbac.api_access)
            .filter(|list| !list.is_empty())
            .and_then(|list| narrowed(list, of_role.apis, &["*"])),
        requires_approval: rbac.requires_approval,
        approval_threshold_micro_usd: Some(rbac.approval_threshold.as_micros()),
    }
}

fn narrowed(own: &[String], of_role: &[&str], all: &[&str]) -> Option<Vec<String>> {
    let has_all = own.iter().any(|entry| all.contains(&entry.as_str()));
    let is_of_role = own.len() == of_role.len()
        && of_role
            .iter()
            .all(|entry| own.iter().any(|own| own == entry));
    (!has_all && !is_of_role).then(|| own.to_vec())
}

#[cfg(test)]
mod tests {
    use civitas_model::{AgentId, TenantId, Timestamp};
    use civitas_policy::{NoLinks, Outcome, Place, PolicySet, Request, Tables, ToolCall};
    use serde_json::json;

    use super::*;
    use crate::agent_file::{Input, read};
    use crate::registry::agent_of;
    use crate::roles::RoleBudgets;

    fn agent(front: &str) -> Agent {
        let text = format!(
            "---\nname: ada\nidentity:\n  agent_id: a1\n  role: developer\n{front}\n---\nx\n"
        );
        let input = Input {
            path: "ada.md",
            text: &text,
            name: None,
            ignores_id: false,
        };
        let reading = read(&[input], &RoleBudgets::default()).remove(0);
        let definition = reading.outcome.definition().unwrap().clone();
        agent_of(
            &definition,
            AgentId::trusted("a1"),
            TenantId::trusted("t"),
            "o",
            Timestamp::from_micros(0),
        )
    }

    #[test]
    fn lists_narrow_only_what_they_say() {
        let nothing = principal(&agent("metadata:\n  tags: [team:core, fast]"));
        assert_eq!(nothing.teams, ["core"]);
        assert_eq!(nothing.tags, ["team:core", "fast"]);
        assert_eq!(
            (
                nothing.allowed_tools,
                nothing.path_scopes,
                nothing.api_access
            ),
            (None, None, None)
        );
        let all = principal(&agent(
            "rbac:\n  allowed_tools: ['*']\n  path_scopes: ['**']\n  api_access: ['*']",
        ));
        assert_eq!(
            (all.allowed_tools, all.path_scopes, all.api_access),
            (None, None, None)
        );
        let mut some = agent("rbac:\n  allowed_tools: [Read]\n  path_scopes: ['src/**']");
        let known = principal(&some);
        assert_eq!(known.allowed_tools, Some(vec!["Read".to_owned()]));
        assert_eq!(known.path_scopes, Some(vec!["src/**".to_owned()]));
        some.rbac.allowed_tools.clear();
        some.rbac.api_access.clear();
        let none = principal(&some);
        assert_eq!(none.allowed_tools, Some(Vec::new()));
        assert_eq!(none.api_access, None);
    }

    #[test]
    fn an_agent_with_what_its_role_has_gets_all_of_it() {
        let set = PolicySet::compile(Tables::defaults().unwrap(), &[]).unwrap();
        // The tables give it to the role besides its list.
        let call = ToolCall::new("BashOutput", json!({}));
        let mut request = Request::new(call, Place::at("/work"));
        request.agent = Some(principal(&agent("")));
        assert_eq!(set.decide(&request, &NoLinks).outcome, Outcome::Allow);
        request.agent = Some(principal(&agent("rbac:\n  allowed_tools: [Bash]")));
        assert_eq!(set.decide(&request, &NoLinks).outcome, Outcome::Deny);
    }
}
