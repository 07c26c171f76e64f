//! From what a file says to an agent's definition: what is missing is its role's.

use civitas_model::AgentId;
use civitas_model::agent::{
    APPROVAL_THRESHOLD, AgentMetadata, Lifecycle, Performance, Rbac, Role, is_name,
};
use civitas_model::money::Money;
use serde_json::{Map, Value};

use crate::fields::{Homes, number, text, texts, truth};
use crate::headers::Headers;
use crate::limits::{CURRENCIES, LIST_MAX, TEXT_MAX, TOKENS_MAX};
use crate::repairs::Repairs;
use crate::roles::{self, CATEGORIES, RoleBudget, RoleBudgets, Template, template};
use crate::{Definition, Input};

/// The category of what says none and lies in no folder of one.
const UNSORTED: &str = "specialists";

/// Where a definition comes from.
struct Maker<'a, 'r> {
    homes: Homes<'a>,
    front: &'a Map<String, Value>,
    headers: &'a Headers,
    repairs: &'r mut Repairs,
}

/// The definition, and whether its name is the registry's own. It takes the name that the file says, which may be none yet.
pub(super) fn make(
    file: &Input<'_>,
    front: &Map<String, Value>,
    headers: &Headers,
    budgets: &RoleBudgets,
    repairs: &mut Repairs,
) -> (Definition, bool) {
    let homes = Homes::of(front);
    let mut maker = Maker {
        homes,
        front,
        headers,
        repairs,
    };
    let says_identity = maker.homes.say_identity();
    let category = maker.category(file.path);
    let capabilities = maker.capabilities();
    let role = maker.role(file.path, &capabilities, category.as_deref());
    let template = template(role.role);
    let budget = budgets.of(role.role);
    let name = maker.name();
    let is_settled =
        maker.homes.has_own_block() && maker.homes.inner("agent_id").is_some() && is_name(&name);
    let synthesised = maker.homes.inner("synthesised").and_then(truth);
    let definition = Definition {
        agent_id: maker.agent_id(),
        shares_id: false,
        name,
        role: role.role,
        role_confidence: role.confidence,
        role_reasoning: role.reasoning,
        rbac: maker.rbac(&template),
        max_tokens_per_session: maker.tokens(budget),
        max_cost_per_day: maker.cost(budget),
        currency: maker.currency(),
        metadata: maker.metadata(category),
        performance: maker.performance(),
        lifecycle: maker.lifecycle(),
        owner: maker.homes.own("owner").and_then(text).map(short),
        capabilities,
        is_synthesised: synthesised.unwrap_or(!says_identity),
    };
    (definition, is_settled)
}

impl Maker<'_, '_> {
    /// The one in the registry's block; else the one clients know it by, which stands outermost; else the identity's.
    fn name(&self) -> String {
        let own = self.front.get("x-civitas").and_then(|own| own.get("name"));
        let said = own.or_else(|| self.front.get("name"));
        let said = said.or_else(|| self.homes.own("name"));
        said.and_then(text).unwrap_or_default()
    }

    fn agent_id(&mut self) -> Option<AgentId> {
        let said = text(self.homes.own("agent_id")?)?;
        match AgentId::new(said.as_str()) {
            Ok(id) => Some(id),
            Err(error) => {
                self.repairs
                    .note(format!("the agent's id cannot be used: {error}"));
                None
            }
        }
    }

    fn role(
        &mut self,
        path: &str,
        capabilities: &[String],
        category: Option<&str>,
    ) -> roles::Assigned {
        let said = self.homes.own("role").and_then(text);
        // An identity is asked for; a heading or a `role` outside of one is prose as often as not.
        let said = said.or_else(|| self.headers.get("role").cloned());
        if let Some(role) = said
            .as_deref()
            .and_then(|role| Role::parse(&role.to_lowercase()))
        {
            let confidence = self
                .own_number("role_confidence")
                .or(self.own_number("confidence"));
            let reasoning = self.homes.own("role_reasoning").and_then(text);
            return roles::Assigned {
                role,
                confidence: confidence.unwrap_or(1.0).clamp(0.0, 1.0),
                reasoning: short(reasoning.unwrap_or_else(|| "its file says so".to_owned())),
            };
        }
        let place = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let mut hints = capabilities.to_vec();
        let words = ["type", "category"].map(|name| self.front.get(name).and_then(text));
        hints.extend(words.into_iter().flatten());
        let assigned = roles::assign(&hints, place, category.unwrap_or_default());
        if self.homes.inner("role").is_some() || self.homes.inner("agent_id").is_some() {
            let said = short(said.unwrap_or_else(|| "none".to_owned()));
            self.repairs.note(format!(
                "the role it says ({said}) is no role: `{}`, because {}",
                assigned.role.as_str(),
                assigned.reasoning
            ));
        }
        assigned
    }

    fn own_number(&self, name: &str) -> Option<f64> {
        self.homes.own(name).and_then(number)
    }

    fn category(&self, path: &str) -> Option<String> {
        if let Some(said) = self.homes.of_block("metadata", "category").and_then(text) {
            return Some(short(said));
        }
        let known = |word: &str| {
            let word = word.to_lowercase();
            CATEGORIES.into_iter().find(|category| *category == word)
        };
        let folder = path.split('/').rev().skip(1).find_map(known);
        let header = self.headers.get("category");
        let by_header = header.and_then(|said| said.split([' ', '/', ',']).find_map(known));
        folder.or(by_header).map(str::to_owned)
    }

    fn capabilities(&mut self) -> Vec<String> {
        let Some(said) = self.homes.own("capabilities") else {
            let header = self.headers.get("capabilities");
            let listed = header.map(|said| Value::String(said.clone()));
            return self.limited(listed.as_ref().and_then(texts).unwrap_or_default());
        };
        if said.is_object() {
            // An older form: what it holds are permissions, which are read as such.
            self.repairs
                .note("`capabilities` is a mapping: its tools and paths are taken, and it names no capability");
            return Vec::new();
        }
        let listed = texts(said).unwrap_or_default();
        self.limited(listed)
    }

    /// A field of the older mapping under `capabilities`, or of `constraints`.
    fn older(&self, block: &str, name: &str) -> Option<&Value> {
        self.front.get(block)?.as_object()?.get(name)
    }

    fn rbac(&mut self, template: &Template) -> Rbac {
        let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        let list = |value: Option<&Value>| value.and_then(texts);
        let rbac = |name| list(self.homes.of_block("rbac", name));
        let tools = rbac("allowed_tools")
            .or_else(|| list(self.older("capabilities", "allowed_tools")))
            .or_else(|| list(self.front.get("tools")))
            .or_else(|| list(self.front.get("tools_required")));
        let denied = rbac("denied_tools")
            .or_else(|| list(self.older("capabilities", "restricted_tools")))
            .or_else(|| list(self.front.get("disallowedTools")));
        let paths =
            rbac("path_scopes").or_else(|| list(self.older("constraints", "allowed_paths")));
        let apis = rbac("api_access");
        let approval = ["rbac", "metadata"]
            .into_iter()
            .find_map(|block| self.homes.of_block(block, "requires_approval"))
            .and_then(truth);
        let threshold = self
            .homes
            .of_block("rbac", "approval_threshold")
            .and_then(number)
            .and_then(Money::from_units);
        Rbac {
            allowed_tools: self.limited(tools.unwrap_or_else(|| owned(template.tools))),
            denied_tools: self.limited(denied.unwrap_or_default()),
            path_scopes: self.limited(paths.unwrap_or_else(|| owned(template.paths))),
            api_access: self.limited(apis.unwrap_or_else(|| owned(template.apis))),
            requires_approval: approval.unwrap_or_default(),
            approval_threshold: threshold.unwrap_or(APPROVAL_THRESHOLD),
        }
    }

    fn tokens(&mut self, of_role: RoleBudget) -> u64 {
        let Some(said) = self.homes.of_block("budget", "max_tokens_per_session") else {
            return of_role.tokens_per_session;
        };
        // Whole and at most 2^53: the conversion is exact.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the range is checked"
        )]
        let tokens = number(said)
            .filter(|tokens| *tokens >= 1.0 && *tokens <= TOKENS_MAX as f64)
            .map(|tokens| tokens as u64);
        tokens.unwrap_or_else(|| {
            self.repairs.note(format!(
                "`budget.max_tokens_per_session` is no number of tokens from 1 to {TOKENS_MAX}: its role's is taken"
            ));
            of_role.tokens_per_session
        })
    }

    fn cost(&mut self, of_role: RoleBudget) -> Money {
        let Some(said) = self.homes.of_block("budget", "max_cost_per_day") else {
            return of_role.usd_per_day;
        };
        let cost = number(said).and_then(Money::from_units);
        cost.unwrap_or_else(|| {
            self.repairs
                .note("`budget.max_cost_per_day` is no amount of money: its role's is taken");
            of_role.usd_per_day
        })
    }

    fn currency(&mut self) -> String {
        let said = self.homes.of_block("budget", "currency").and_then(text);
        let known = said.as_deref().map(|said| {
            CURRENCIES
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(said))
        });
        match known {
            Some(Some(currency)) => currency.to_owned(),
            None => CURRENCIES[0].to_owned(),
            Some(None) => {
                let known = CURRENCIES.join(", ");
                self.repairs.note(format!(
                    "`budget.currency` is not among {known}: taken as {}",
                    CURRENCIES[0]
                ));
                CURRENCIES[0].to_owned()
            }
        }
    }

    fn metadata(&mut self, category: Option<String>) -> AgentMetadata {
        let of = |name| self.homes.of_block("metadata", name);
        let version = of("version")
            .or_else(|| self.front.get("version"))
            .and_then(text)
            .or_else(|| self.headers.get("version").cloned());
        let specialist = of("specialist").and_then(truth);
        let tags = of("tags")
            .or_else(|| self.front.get("tags"))
            .and_then(texts);
        AgentMetadata {
            category: category.unwrap_or_else(|| UNSORTED.to_owned()),
            specialist: specialist.unwrap_or_default(),
            version: short(version.unwrap_or_else(|| "1.0.0".to_owned())),
            tags: self.limited(tags.unwrap_or_default()),
        }
    }

    /// What the file claims; a quality above 1 is of 100.
    fn performance(&self) -> Performance {
        let of = |name| self.homes.of_block("performance", name).and_then(number);
        let share = |value: Option<f64>| {
            let value = value.unwrap_or_default();
            let value = if value > 1.0 { value / 100.0 } else { value };
            value.clamp(0.0, 1.0)
        };
        let time = of("average_execution_time_ms").or_else(|| of("avg_execution_time_ms"));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is set just before"
        )]
        let tasks = of("total_tasks_completed")
            .unwrap_or_default()
            .clamp(0.0, 1e12) as u64;
        Performance {
            success_rate: share(of("success_rate")),
            avg_execution_time_ms: time.unwrap_or_default().clamp(0.0, 1e12),
            quality_score: share(of("quality_score")),
            total_tasks_completed: tasks,
            ..Performance::default()
        }
    }

    fn lifecycle(&mut self) -> Option<Lifecycle> {
        let said = text(self.homes.inner("lifecycle")?)?;
        let known = Lifecycle::parse(&said.to_lowercase());
        if known.is_none() {
            self.repairs.note(format!(
                "the lifecycle it says ({}) is none: taken as absent",
                short(said)
            ));
        }
        known
    }

    /// At most so many texts of at most such a length; what is cut is said.
    fn limited(&mut self, mut list: Vec<String>) -> Vec<String> {
        if list.len() > LIST_MAX {
            self.repairs
                .note(format!("a list of {} was cut to {LIST_MAX}", list.len()));
            list.truncate(LIST_MAX);
        }
        for text in &mut list {
            if text.chars().count() > TEXT_MAX {
                self.repairs
                    .note(format!("a text of a list was cut to {TEXT_MAX} characters"));
                *text = short(std::mem::take(text));
            }
        }
        list
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        None => text,
        Some((end, _)) => text[..end].trim_end().to_owned(),
    }
}
