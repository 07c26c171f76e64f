//! No crate or version in the lock file that `deny.toml` bans.

use cargo_metadata::semver::VersionReq;
use toml::{Table, Value};

use super::{Finding, Tree};

const POLICY: &str = "deny.toml";

/// One entry of `bans.deny`.
struct Ban {
    name: String,
    versions: VersionReq,
    reason: String,
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(policy) = tree.file(POLICY) else {
        return Vec::new();
    };
    let bans = match bans(&policy.text) {
        Ok(bans) => bans,
        Err(problem) => return vec![Finding::new(POLICY, 1, problem)],
    };
    let mut findings = Vec::new();
    for package in &tree.locked {
        for ban in bans
            .iter()
            .filter(|ban| ban.name == package.name && ban.versions.matches(&package.version))
        {
            let message = format!(
                "{} {} is banned ({}): see what needs it with `cargo tree --invert {}` and turn that off or raise it",
                package.name, package.version, ban.reason, package.name,
            );
            findings.push(Finding::new(
                POLICY,
                policy.line_of(&format!("\"{}", ban.name)),
                message,
            ));
        }
    }
    findings
}

/// Reads `bans.deny`, whose entries look like `{ crate = "name:<1.2", reason = "…" }`.
fn bans(policy: &str) -> Result<Vec<Ban>, String> {
    let policy: Table = policy
        .parse()
        .map_err(|error| format!("cannot be read as TOML: {error}"))?;
    let list = policy
        .get("bans")
        .and_then(|section| section.get("deny"))
        .and_then(Value::as_array);
    let list = list.ok_or("there is no list `bans.deny`")?;
    let mut bans = Vec::new();
    for entry in list {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let (Some(spec), Some(reason)) = (text("crate"), text("reason")) else {
            return Err(format!("`{entry}` needs `crate` and `reason`"));
        };
        let (name, versions) = spec.split_once([':', '@']).unwrap_or((spec, "*"));
        let versions = versions
            .parse()
            .map_err(|error| format!("`{spec}`: {error}"))?;
        bans.push(Ban {
            name: name.to_owned(),
            versions,
            reason: reason.to_owned(),
        });
    }
    Ok(bans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(name: &str, version: &str) -> usize {
        let policy = "[bans]\ndeny = [{ crate = \"a\", reason = \"r\" }, { crate = \"b:<0.42\", reason = \"r\" }]\n";
        check(&Tree::of(&[(POLICY, policy)]).with_locked(name, version, None)).len()
    }

    #[test]
    fn a_banned_crate_is_found_in_every_version_and_a_floor_below_it() {
        assert_eq!(count("a", "3.0.0"), 1);
        assert_eq!(count("b", "0.41.9"), 1);
        assert_eq!(count("b", "0.42.0"), 0);
        assert_eq!(count("c", "1.0.0"), 0);
    }

    #[test]
    fn a_ban_that_cannot_be_read_is_found() {
        assert_eq!(
            check(&Tree::of(&[(
                POLICY,
                "[bans]\ndeny = [{ crate = \"a\" }]\n"
            )]))
            .len(),
            1
        );
        assert_eq!(
            check(&Tree::of(&[(
                POLICY,
                "[bans]\ndeny = [{ crate = \"a:new\", reason = \"r\" }]\n"
            )]))
            .len(),
            1
        );
    }
}
