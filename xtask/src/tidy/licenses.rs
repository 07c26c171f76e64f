//! Every dependency may be used under a licence that `deny.toml` allows.

use spdx::{Expression, Licensee, ParseMode};
use toml::{Table, Value};

use super::{Finding, Tree};

const POLICY: &str = "deny.toml";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(policy) = tree.file(POLICY) else {
        return Vec::new();
    };
    let allowed = match allowed(&policy.text) {
        Ok(allowed) => allowed,
        Err(problem) => return vec![Finding::new(POLICY, 1, problem)],
    };
    let line = policy.line_of("[licenses]");
    let mut findings = Vec::new();
    for package in &tree.locked {
        let Some(license) = &package.license else {
            let message = format!(
                "{} {} names no licence: use another crate",
                package.name, package.version
            );
            findings.push(Finding::new(POLICY, line, message));
            continue;
        };
        let permitted = Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|wanted| allowed.iter().any(|one| one.satisfies(wanted)))
        });
        if !permitted {
            let message = format!(
                "{} {} is under `{license}`, which is not allowed: use another crate, or allow the licence with a reason",
                package.name, package.version,
            );
            findings.push(Finding::new(POLICY, line, message));
        }
    }
    findings
}

/// The licences under `licenses.allow`.
fn allowed(policy: &str) -> Result<Vec<Licensee>, String> {
    let policy: Table = policy
        .parse()
        .map_err(|error| format!("cannot be read as TOML: {error}"))?;
    let list = policy
        .get("licenses")
        .and_then(|section| section.get("allow"))
        .and_then(Value::as_array);
    let list = list.ok_or("there is no list `licenses.allow`")?;
    list.iter()
        .map(|name| {
            let name = name.as_str().unwrap_or_default();
            Licensee::parse(name).map_err(|error| format!("`{name}` is no SPDX licence: {error}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(license: Option<&str>) -> usize {
        let policy = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Unicode-3.0\"]\n";
        check(&Tree::of(&[(POLICY, policy)]).with_locked("a", "1.0.0", license)).len()
    }

    #[test]
    fn an_allowed_alternative_is_enough() {
        for license in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert_eq!(count(Some(license)), 0, "{license}");
        }
    }

    #[test]
    fn other_missing_and_unreadable_licences_are_found() {
        for license in [
            Some("GPL-3.0-only"),
            Some("MIT AND AGPL-3.0-only"),
            Some("beer"),
            None,
        ] {
            assert_eq!(count(license), 1, "{license:?}");
        }
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_found() {
        assert_eq!(
            check(&Tree::of(&[(POLICY, "[licenses]\nallow = [\"Beer\"]\n")])).len(),
            1
        );
        assert_eq!(check(&Tree::of(&[(POLICY, "[bans]\n")])).len(), 1);
    }
}
