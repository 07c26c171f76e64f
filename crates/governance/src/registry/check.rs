//! What a request may say of an agent: everything that is wrong with it, place by place.

use civitas_model::agent::{NAME_LENGTH_MAX, is_name};
use civitas_model::{Agent, Money};
use civitas_policy::check_scope;

use crate::error::{Error, Invalid};
use crate::limits::{CURRENCIES, LIST_MAX, TEXT_MAX, TOKENS_MAX};

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<Invalid>);

impl Errors {
    pub(super) fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0.push(Invalid {
            pointer: pointer.to_owned(),
            detail: detail.into(),
        });
    }

    pub(super) fn end(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }

    pub(super) fn name(&mut self, pointer: &str, name: &str) {
        if !is_name(name) {
            let detail = format!(
                "must match ^[a-z0-9-]+$ (small letters, digits and hyphens) and have up to {NAME_LENGTH_MAX} characters"
            );
            self.add(pointer, detail);
        }
    }

    pub(super) fn share(&mut self, pointer: &str, share: f64) {
        if !(0.0..=1.0).contains(&share) {
            self.add(pointer, "must be a number from 0 to 1");
        }
    }

    pub(super) fn tokens(&mut self, pointer: &str, tokens: i64) -> u64 {
        match u64::try_from(tokens) {
            Ok(tokens @ 1..=TOKENS_MAX) => tokens,
            _ => {
                let detail = format!("must be a whole number from 1 to {TOKENS_MAX}");
                self.add(pointer, detail);
                0
            }
        }
    }

    /// An amount above nothing.
    pub(super) fn cost(&mut self, pointer: &str, units: f64) -> Money {
        let cost = Money::from_units(units).filter(|cost| *cost > Money::default());
        cost.unwrap_or_else(|| {
            self.add(
                pointer,
                "must be an amount of money above 0, up to 1000000000",
            );
            Money::default()
        })
    }

    pub(super) fn money(&mut self, pointer: &str, units: f64) -> Money {
        Money::from_units(units).unwrap_or_else(|| {
            self.add(pointer, "must be an amount of money from 0 to 1000000000");
            Money::default()
        })
    }

    /// A number that is not below nothing.
    pub(super) fn count(&mut self, pointer: &str, count: Option<i64>) -> Option<u64> {
        let count = count?;
        let fits = u64::try_from(count)
            .ok()
            .filter(|count| *count <= TOKENS_MAX);
        if fits.is_none() {
            self.add(
                pointer,
                format!("must be a whole number from 0 to {TOKENS_MAX}"),
            );
        }
        fits
    }

    /// Every text and list of an agent, within its limits.
    pub(super) fn texts(&mut self, agent: &Agent) {
        for (pointer, list) in [
            ("/capabilities", &agent.capabilities),
            ("/rbac_allowed_tools", &agent.rbac.allowed_tools),
            ("/rbac_denied_tools", &agent.rbac.denied_tools),
            ("/rbac_path_scopes", &agent.rbac.path_scopes),
            ("/rbac_api_access", &agent.rbac.api_access),
            ("/metadata_tags", &agent.metadata.tags),
        ] {
            if list.len() > LIST_MAX {
                self.add(pointer, format!("may have up to {LIST_MAX} entries"));
            }
            for (at, text) in list.iter().enumerate().take(LIST_MAX) {
                self.text(&format!("{pointer}/{at}"), text);
            }
        }
        self.text("/metadata_category", &agent.metadata.category);
        self.text("/metadata_version", &agent.metadata.version);
        self.text("/owner", &agent.owner);
        if !agent.role_reasoning.is_empty() {
            self.text("/role_reasoning", &agent.role_reasoning);
        }
        if !CURRENCIES.contains(&agent.budget.currency.as_str()) {
            let detail = format!("must be among {}", CURRENCIES.join(", "));
            self.add("/budget_currency", detail);
        }
    }

    /// Path scopes that somebody wrote: each can match something. Those of files are taken as they are.
    pub(super) fn scopes(&mut self, scopes: &[String]) {
        for (at, scope) in scopes.iter().enumerate().take(LIST_MAX) {
            if let Err(detail) = check_scope(scope) {
                self.add(&format!("/rbac_path_scopes/{at}"), detail);
            }
        }
    }

    pub(super) fn text(&mut self, pointer: &str, text: &str) {
        let length = text.chars().count();
        if text.trim().is_empty() || length > TEXT_MAX || text.contains(char::is_control) {
            let detail =
                format!("must be a text of 1 to {TEXT_MAX} characters without control characters");
            self.add(pointer, detail);
        }
    }
}
