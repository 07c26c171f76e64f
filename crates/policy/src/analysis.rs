//! A request taken apart into the questions that policies answer, and what needs no policy to be refused.

use crate::call::Call;
use crate::decision::{Action, Outcome, Step};
use crate::effects::Access;
use crate::facts::SessionFacts;
use crate::generate::SECRET_ACCESS;
use crate::intersect::may_match;
use crate::path::{CanonicalPath, PathError, Resolver, canonical_paths};
use crate::request::{AGENT_LIST_MAX, Agent, Request};
use crate::resource::{Resource, domains};
use crate::scope::{self, Scopes};
use crate::set::PolicySet;
use crate::tables::NoAgent;
use url::Url;

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
}

/// A request taken apart.
pub(crate) struct Analysis<'a> {
    pub set: &'a PolicySet,
    pub request: &'a Request,
    resolver: &'a dyn Resolver,
    /// The agent's own scopes that no policy names.
    own_scopes: Option<Scopes>,
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

    fn agent(&mut self) {
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
            let reason = format!("a list of the agent has more than {AGENT_LIST_MAX} entries");
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
            Call::Search { path: Some(path) } => self.path(&path, Access::Search, "", false),
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
            Call::Search { path: None } | Call::Other => {}
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

    /// A file, in every form that it may have.
    pub fn path(&mut self, text: &str, access: Access, program: &str, is_pattern: bool) {
        let paths = match canonical_paths(text, &self.request.place, self.resolver) {
            Ok(paths) => paths,
            Err(_) if access == Access::Mention => return,
            Err(error) => {
                let outcome = if error == PathError::UnknownHome {
                    Outcome::Ask
                } else {
                    Outcome::Deny
                };
                self.refuse(Step::Path, outcome, text, error.to_string());
                return;
            }
        };
        for path in paths {
            self.canonical(path, access, program, is_pattern);
        }
    }

    fn canonical(&mut self, path: CanonicalPath, access: Access, program: &str, is_pattern: bool) {
        let set = self.set;
        let ignores_case = self.request.place.ignores_case;
        // A secret is one in any spelling.
        let secret = !set.secrets.matching(&path, true).is_empty();
        let maybe_secret = is_pattern
            && set
                .tables
                .secret_files
                .iter()
                .any(|scope| may_match(path.as_str(), scope));
        if access == Access::Mention && !secret && !maybe_secret {
            return;
        }
        let mut scopes: Vec<String> = set
            .scopes
            .matching(&path, ignores_case)
            .into_iter()
            .map(str::to_owned)
            .collect();
        if let Some(own) = &self.own_scopes {
            scopes.extend(
                own.matching(&path, ignores_case)
                    .into_iter()
                    .map(str::to_owned),
            );
        }
        self.learned(&path, access, secret, maybe_secret);
        let maybe = is_pattern.then(|| self.possible(&path, &scopes, secret || maybe_secret));
        let action = match access {
            Access::Read | Access::Mention => Action::ReadPath,
            Access::Write => Action::WritePath,
            Access::Search => Action::SearchPath,
        };
        let resource = Resource::Path {
            path,
            scopes,
            secret,
        };
        self.ask(Step::Path, action, resource, maybe, program);
    }

    /// Facts and operations of a file that is used.
    fn learned(&mut self, path: &CanonicalPath, access: Access, secret: bool, maybe_secret: bool) {
        if secret {
            self.operation(SECRET_ACCESS);
        }
        if secret || maybe_secret {
            self.audit = true;
            if access != Access::Write {
                self.gained.learn("read_secret");
            }
        }
        if access != Access::Write {
            return;
        }
        if path.relative().is_none() {
            self.gained.learn("wrote_outside_project");
        }
        let set = self.set;
        for rule in set.operations.iter().filter(|rule| rule.has_files) {
            if !rule.files.matching(path, true).is_empty() {
                self.operation(&rule.name);
            }
        }
    }

    /// What a pattern of the shell may name, with every scope that it may reach.
    fn possible(&self, path: &CanonicalPath, scopes: &[String], secret: bool) -> Resource {
        let mut possible = scopes.to_vec();
        for scope in self.set.scopes.texts() {
            let reaches = || {
                absolute_scope(scope, path)
                    .is_some_and(|absolute| may_match(path.as_str(), &absolute))
            };
            if !scopes.contains(scope) && reaches() {
                possible.push(scope.clone());
            }
        }
        Resource::Path {
            path: path.clone(),
            scopes: possible,
            secret,
        }
    }
}

/// A relative scope as an absolute pattern; nothing for a path outside the root, which it cannot reach.
fn absolute_scope(scope: &str, path: &CanonicalPath) -> Option<String> {
    if scope.starts_with('/') {
        return Some(scope.to_owned());
    }
    let root = path.as_str().strip_suffix(path.relative()?)?;
    Some(format!(
        "{root}/{}",
        scope.strip_prefix("./").unwrap_or(scope)
    ))
}

fn too_long(agent: &Agent) -> bool {
    let optional = [&agent.allowed_tools, &agent.path_scopes, &agent.api_access];
    [&agent.teams, &agent.tags, &agent.denied_tools]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .any(|list| list.len() > AGENT_LIST_MAX || list.iter().any(|entry| entry.len() > 256))
}
