//! A request taken apart into the questions that policies answer, and what needs no policy to be refused.

use crate::call::Call;
use crate::decision::{Action, Outcome, Step};
use crate::effects::Access;
use crate::facts::{FACTS_MAX, SessionFacts};
use crate::path::{PATH_LENGTH_MAX, Resolver};
use crate::request::{AGENT_ENTRY_LENGTH_MAX, AGENT_LIST_MAX, Agent, Request};
use crate::resource::{Resource, domains};
use crate::scope::{self, Scopes};
use crate::set::PolicySet;
use crate::tables::NoAgent;
use url::Url;

/// The longest name of a tool, agent or environment, in bytes.
pub const NAME_LENGTH_MAX: usize = 256;

/// How many questions one call may raise.
pub const QUESTIONS_MAX: usize = 1_000;

/// One question for the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub step: Step,
    pub action: Action,
    pub resource: Resource,
    /// What it may be as well, when a shell's pattern decides which file it is.
    pub maybe: Option<Resource>,
    /// The program that does it, when a command does.
    pub program: String,
}

/// What needs no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub step: Step,
    pub outcome: Outcome,
    pub subject: String,
    pub reason: String,
    /// The built-in rule that a decision names.
    pub rule: Option<&'static str>,
}

/// A request taken apart.
pub(crate) struct Analysis<'a> {
    pub set: &'a PolicySet,
    pub request: &'a Request,
    pub resolver: &'a dyn Resolver,
    /// The agent's own scopes that no policy names.
    pub own_scopes: Option<Scopes>,
    pub questions: Vec<Question>,
    pub findings: Vec<Finding>,
    pub gained: SessionFacts,
    pub operations: Vec<String>,
    /// A secret is used, or may be.
    pub audit: bool,
    pub warnings: Vec<String>,
}

pub(crate) fn analyse<'a>(
    set: &'a PolicySet,
    request: &'a Request,
    resolver: &'a dyn Resolver,
) -> Analysis<'a> {
    let mut analysis = Analysis {
        set,
        request,
        resolver,
        own_scopes: None,
        questions: Vec::new(),
        findings: Vec::new(),
        gained: SessionFacts::default(),
        operations: Vec::new(),
        audit: false,
        warnings: Vec::new(),
    };
    analysis.sizes();
    analysis.agent();
    let tool = set.tables.tool(&request.call.tool_name).to_owned();
    if analysis
        .findings
        .iter()
        .all(|finding| finding.outcome != Outcome::Deny)
    {
        match Call::of(&request.call) {
            Ok(call) => analysis.call(call, &tool),
            Err(error) => analysis.refuse(Step::Tool, Outcome::Deny, &tool, error.to_string()),
        }
    }
    if let Some(budget) = request
        .budget
        .as_ref()
        .filter(|budget| budget.outcome != Outcome::Allow)
    {
        let reason = budget.reason.clone();
        analysis.refuse(Step::Budget, budget.outcome, "budget", reason);
    }
    analysis.perform();
    analysis
}

impl Analysis<'_> {
    pub fn refuse(
        &mut self,
        step: Step,
        outcome: Outcome,
        subject: &str,
        reason: impl Into<String>,
    ) {
        let finding = Finding {
            step,
            outcome,
            subject: subject.chars().take(256).collect(),
            reason: reason.into(),
            rule: None,
        };
        if !self.findings.contains(&finding) && self.findings.len() < QUESTIONS_MAX {
            self.findings.push(finding);
        }
    }

    pub fn ask(
        &mut self,
        step: Step,
        action: Action,
        resource: Resource,
        maybe: Option<Resource>,
        program: &str,
    ) {
        if self.questions.len() >= QUESTIONS_MAX {
            let reason = format!("the call raises more than {QUESTIONS_MAX} questions: split it");
            self.refuse(step, Outcome::Deny, "call", reason);
            return;
        }
        let question = Question {
            step,
            action,
            resource,
            maybe,
            program: program.to_owned(),
        };
        // Most calls raise few; the last ones are the likely duplicates.
        if !self
            .questions
            .iter()
            .rev()
            .take(32)
            .any(|known| *known == question)
        {
            self.questions.push(question);
        }
    }

    /// Nothing that policies look at is longer than an honest caller makes it.
    fn sizes(&mut self) {
        let request = self.request;
        let place = &request.place;
        let agent = request.agent.as_ref();
        let optional = |text: Option<&String>| text.map_or(0, String::len);
        for (name, length, most) in [
            (
                "the tool's name",
                request.call.tool_name.len(),
                NAME_LENGTH_MAX,
            ),
            (
                "the server's name",
                optional(request.call.mcp_server.as_ref()),
                NAME_LENGTH_MAX,
            ),
            (
                "the agent's id",
                optional(agent.map(|agent| &agent.id)),
                NAME_LENGTH_MAX,
            ),
            (
                "the agent's name",
                optional(agent.map(|agent| &agent.name)),
                NAME_LENGTH_MAX,
            ),
            (
                "the agent's role",
                optional(agent.map(|agent| &agent.role)),
                NAME_LENGTH_MAX,
            ),
            (
                "the unregistered agent's name",
                optional(request.unregistered.as_ref()),
                NAME_LENGTH_MAX * 4,
            ),
            (
                "the environment",
                request.environment.len(),
                NAME_LENGTH_MAX,
            ),
            (
                "the permission mode",
                request.permission_mode.len(),
                NAME_LENGTH_MAX,
            ),
            ("the project's root", place.root.len(), PATH_LENGTH_MAX),
            (
                "the working folder",
                optional(place.cwd.as_ref()),
                PATH_LENGTH_MAX,
            ),
            (
                "the home folder",
                optional(place.home.as_ref()),
                PATH_LENGTH_MAX,
            ),
        ] {
            if length > most {
                let reason = format!("{name} has {length} bytes, and {most} are allowed");
                self.refuse(Step::Agent, Outcome::Deny, "request", reason);
            }
        }
        let facts = request.facts.iter().count();
        if facts > FACTS_MAX {
            let reason = format!("the session has {facts} facts, and {FACTS_MAX} are allowed");
            self.refuse(Step::Agent, Outcome::Deny, "request", reason);
        }
    }

    /// What becomes of a call that names an agent which nobody registered.
    fn unregistered(&mut self) {
        let Some(name) = &self.request.unregistered else {
            return;
        };
        let outcome = self.set.tables.unregistered.outcome;
        if outcome == Outcome::Allow {
            let warning = format!("nobody registered the agent {name}");
            self.warnings.push(warning);
            return;
        }
        let reason =
            "nobody registered it, so a person decides, or an administrator registers or adopts it";
        self.refuse(Step::Agent, outcome, &format!("agent {name}"), reason);
    }

    fn agent(&mut self) {
        if self.request.call.tool_name.is_empty() {
            let reason = "the call says no usable name of a tool";
            self.refuse(Step::Tool, Outcome::Deny, "call", reason);
        }
        self.unregistered();
        let Some(agent) = &self.request.agent else {
            match self.set.tables.no_agent {
                NoAgent::Allow => self
                    .warnings
                    .push("no agent is named: this is judged as a system operation".to_owned()),
                NoAgent::Deny => self.refuse(
                    Step::Agent,
                    Outcome::Deny,
                    "agent",
                    "no agent is named, and calls without one are denied",
                ),
            }
            return;
        };
        if !agent.registered {
            self.warnings
                .push(format!("the agent {} is not registered", agent.name));
        }
        if !self.set.tables.roles.contains_key(&agent.role) {
            let roles: Vec<&str> = self.set.tables.roles.keys().map(String::as_str).collect();
            let reason = format!(
                "there is no role `{}`: the roles are {}",
                agent.role,
                roles.join(", ")
            );
            self.refuse(Step::Agent, Outcome::Deny, &agent.name, reason);
            return;
        }
        if too_long(agent) {
            let reason = format!(
                "a list of the agent has more than {AGENT_LIST_MAX} entries, or one of more than {AGENT_ENTRY_LENGTH_MAX} bytes"
            );
            self.refuse(Step::Agent, Outcome::Deny, &agent.name, reason);
            return;
        }
        let own = agent.path_scopes.iter().flatten();
        let own: Vec<String> = own
            .filter(|text| !self.set.scopes.knows(text) && scope::check(text).is_ok())
            .cloned()
            .collect();
        // A scope that cannot be used matches nothing, so the agent has less.
        self.own_scopes = if own.is_empty() {
            None
        } else {
            Scopes::new(own).ok()
        };
    }

    fn call(&mut self, call: Call, tool: &str) {
        if !matches!(call, Call::Mcp { .. }) {
            self.ask(
                Step::Tool,
                Action::UseTool,
                Resource::Tool(tool.to_owned()),
                None,
                "",
            );
        }
        let tables = &self.set.tables;
        let is_operation = tables.escalations.contains_key(tool)
            || tables
                .roles
                .values()
                .any(|role| role.approval.iter().any(|entry| tables.tool(entry) == tool));
        if is_operation {
            self.operation(tool);
        }
        match call {
            Call::Read { path } => self.path(&path, Access::Read, "", false),
            Call::Write { path } => self.path(&path, Access::Write, "", false),
            Call::Search { path, names } => {
                if let Some(path) = &path {
                    self.path(path, Access::Search, "", false);
                }
                self.limits(path.as_deref().unwrap_or("."), &names);
            }
            Call::Shell { command } => self.shell(&command),
            Call::PowerShell { command } => {
                let reason = "commands of PowerShell are not taken apart, so a person decides";
                self.refuse(Step::Command, Outcome::Ask, &command, reason);
            }
            Call::Fetch { url } => self.fetch(&url, ""),
            Call::WebSearch => {
                self.gained.learn("fetched_untrusted_web");
            }
            Call::Spawn { agent_type } => {
                self.ask(
                    Step::Spawn,
                    Action::SpawnAgent,
                    Resource::AgentType(agent_type),
                    None,
                    "",
                );
            }
            Call::Mcp { server } => {
                let api = tables.api(&server).to_owned();
                let name = self.request.call.tool_name.clone();
                self.ask(
                    Step::Api,
                    Action::CallApi,
                    Resource::ApiTool { name, api },
                    None,
                    "",
                );
            }
            Call::Other => {}
        }
    }

    pub fn operation(&mut self, name: &str) {
        if !self.operations.iter().any(|known| known == name) {
            self.operations.push(name.to_owned());
        }
    }

    /// Operations are judged last, because their answer is often a person's.
    fn perform(&mut self) {
        for name in self.operations.clone() {
            self.ask(
                Step::Approval,
                Action::Perform,
                Resource::Operation(name),
                None,
                "",
            );
        }
    }

    /// An address that is fetched, by a tool or a command.
    pub fn fetch(&mut self, text: &str, program: &str) {
        let Ok(url) = Url::parse(text) else {
            self.refuse(
                Step::Url,
                Outcome::Deny,
                text,
                "this is not an absolute address",
            );
            return;
        };
        let host = url
            .host_str()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            self.refuse(
                Step::Url,
                Outcome::Deny,
                text,
                "only addresses of http and https are fetched",
            );
            return;
        }
        let trusted = &self.set.tables.trusted_domains;
        if !domains(&host)
            .any(|domain| trusted.iter().any(|name| name.eq_ignore_ascii_case(domain)))
        {
            self.gained.learn("fetched_untrusted_web");
        }
        let resource = Resource::Url {
            text: url.as_str().chars().take(2048).collect(),
            scheme: url.scheme().to_owned(),
            host,
        };
        self.ask(Step::Url, Action::FetchUrl, resource, None, program);
    }
}

fn too_long(agent: &Agent) -> bool {
    let optional = [&agent.allowed_tools, &agent.path_scopes, &agent.api_access];
    [&agent.teams, &agent.tags, &agent.denied_tools]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .any(|list| {
            list.len() > AGENT_LIST_MAX
                || list
                    .iter()
                    .any(|entry| entry.len() > AGENT_ENTRY_LENGTH_MAX)
        })
}
