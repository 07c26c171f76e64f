//! The registry: every realm and intent of this binary, with their compiled schemas.

use std::collections::HashMap;

use civitas_intent::{Definition, Invalid, Realm};
use serde_json::Value;

use crate::schema::Schema;

/// How many names are suggested for an unknown type.
const NEAREST_MAX: usize = 3;

/// Everything this binary can be asked to do.
pub struct Registry {
    realms: Vec<Realm>,
    intents: HashMap<&'static str, Registered>,
    /// Further names of intents, with the names they stand for.
    synonyms: HashMap<&'static str, &'static str>,
}

struct Registered {
    realm: &'static str,
    definition: Definition,
    schema: Schema,
}

/// Why realms cannot be registered together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two intents have one name.
    #[error("the intent `{name}` is registered twice, by the realms `{first}` and `{second}`")]
    Duplicate {
        /// The name.
        name: &'static str,
        /// The realm that registered it first.
        first: &'static str,
        /// The other realm.
        second: &'static str,
    },
    /// A schema does not compile.
    #[error("the schema of the intent `{name}` does not compile: {reason}")]
    Schema {
        /// The intent.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

impl Registry {
    /// Registers realms.
    pub fn new(realms: Vec<Realm>) -> Result<Self, RegistryError> {
        let mut intents: HashMap<&'static str, Registered> = HashMap::new();
        for realm in &realms {
            for definition in realm.definitions() {
                let name = definition.name();
                let schema = Schema::compile(definition.parameters())
                    .map_err(|reason| RegistryError::Schema { name, reason })?;
                let registered = Registered {
                    realm: realm.name(),
                    definition: definition.clone(),
                    schema,
                };
                if let Some(earlier) = intents.insert(name, registered) {
                    let first = earlier.realm;
                    return Err(RegistryError::Duplicate {
                        name,
                        first,
                        second: realm.name(),
                    });
                }
            }
        }
        let synonyms = synonyms(&realms, &intents)?;
        Ok(Self {
            realms,
            intents,
            synonyms,
        })
    }

    /// The realms, in the order they were given.
    pub fn realms(&self) -> &[Realm] {
        &self.realms
    }

    /// An intent by its type or another of its names.
    pub fn find(&self, name: &str) -> Option<&Definition> {
        self.registered(name)
            .map(|registered| &registered.definition)
    }

    /// The realm an intent belongs to.
    pub fn realm_of(&self, name: &str) -> Option<&'static str> {
        self.registered(name).map(|registered| registered.realm)
    }

    fn registered(&self, name: &str) -> Option<&Registered> {
        let name = self.synonyms.get(name).copied().unwrap_or(name);
        self.intents.get(name)
    }

    /// Checks parameters against the schema of a known intent, and against what the intent itself says of them.
    pub fn check(&self, name: &str, parameters: &Value) -> Result<(), Vec<Invalid>> {
        let Some(registered) = self.registered(name) else {
            return Ok(());
        };
        registered.schema.check(parameters)?;
        let checked = registered.definition.check(parameters);
        checked.map_err(|invalid| vec![invalid])
    }

    /// Known names that look like `name`, best first.
    pub fn nearest(&self, name: &str) -> Vec<String> {
        let known = self.intents.keys().chain(self.synonyms.keys());
        nearest(name, known.copied())
    }
}

/// The names among `known` that look like `name`, best first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let name = name.chars().take(64).collect::<String>().to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .map(|known| (distance(&name, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()) / 2)
        .collect();
    scored.sort_unstable();
    let best = scored.into_iter().take(NEAREST_MAX);
    best.map(|(_, known)| known.to_owned()).collect()
}

/// The further names of every intent; none may be the name of another.
fn synonyms(
    realms: &[Realm],
    intents: &HashMap<&'static str, Registered>,
) -> Result<HashMap<&'static str, &'static str>, RegistryError> {
    let mut synonyms = HashMap::new();
    for realm in realms {
        for definition in realm.definitions() {
            for name in definition.synonyms() {
                let earlier = synonyms.insert(*name, definition.name());
                let earlier =
                    earlier.or_else(|| intents.get_key_value(name).map(|(known, _)| *known));
                let first = earlier.and_then(|known| intents.get(known));
                if let Some(first) = first {
                    return Err(RegistryError::Duplicate {
                        name,
                        first: first.realm,
                        second: realm.name(),
                    });
                }
            }
        }
    }
    Ok(synonyms)
}

/// The Levenshtein distance, by the two-row method (Wagner and Fischer, 1974).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_edits() {
        assert_eq!(distance("parse", "parse"), 0);
        assert_eq!(distance("prase_content", "parse_content"), 2);
        assert_eq!(distance("", "abc"), 3);
    }
}
