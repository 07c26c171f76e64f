//! Names and ids that are unique among the files read together.

use std::collections::{BTreeMap, HashSet};

use civitas_model::agent::{NAME_LENGTH_MAX, as_name, is_name};

use crate::{Draft, Input};

/// Gives every agent its name. The name a file says counts when it is one and no other file says the same; otherwise it is
/// the file's own, and when that is taken, the folder's is put after it.
pub(super) fn settle(files: &[Input<'_>], drafts: &mut [Result<Draft, String>]) {
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for draft in drafts.iter().flatten() {
        *said.entry(draft.definition.name.clone()).or_default() += 1;
    }
    let mut names: HashSet<String> = HashSet::new();
    let mut ids = HashSet::new();
    // What is settled already stays, whatever is before it.
    for settled in [true, false] {
        for (file, draft) in files.iter().zip(drafts.iter_mut()) {
            let Ok(draft) = draft else { continue };
            if (file.name.is_some() || draft.is_settled) != settled {
                continue;
            }
            let name = choose(file, draft, &said, &names);
            names.insert(name.clone());
            draft.definition.name = name;
            if let Some(id) = &draft.definition.agent_id
                && (file.ignores_id || !ids.insert(id.clone()))
            {
                draft.repairs.note(format!(
                    "the id {id} is another file's too: this one gets its own"
                ));
                draft.definition.agent_id = None;
                draft.definition.shares_id = true;
            }
        }
    }
}

fn choose(
    file: &Input<'_>,
    draft: &mut Draft,
    said: &BTreeMap<String, usize>,
    taken: &HashSet<String>,
) -> String {
    let own = draft.definition.name.clone();
    let is_free = |name: &str| is_name(name) && !taken.contains(name);
    let stem = stem(file.path);
    let name = match file.name.filter(|name| is_free(name)) {
        Some(settled) => settled.to_owned(),
        None if is_free(&own) && (draft.is_settled || said.get(&own) == Some(&1)) => own.clone(),
        None if is_free(&stem) => stem.clone(),
        None => with_folder(file.path, &stem),
    };
    let mut free = name.clone();
    let mut number = 2;
    while !is_free(&free) {
        free = shortened(&name, &format!("-{number}"));
        number += 1;
    }
    say(&free, &own, &stem, draft);
    free
}

/// Says why the name is not the one that the file says.
fn say(name: &str, own: &str, stem: &str, draft: &mut Draft) {
    if name == own {
        return;
    }
    if !own.is_empty() && own != stem {
        let why = if is_name(own) {
            "is said by another file too"
        } else {
            "is no agent's name (small letters, digits and hyphens)"
        };
        let own: String = own.chars().take(NAME_LENGTH_MAX).collect();
        draft
            .repairs
            .note(format!("the name `{own}` {why}: the file's own is taken"));
    }
    if name != stem {
        draft.repairs.note(format!(
            "several files are called `{stem}`: this one is `{name}`"
        ));
    }
}

/// The file's name without its ending, as a name.
fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    slug(stem)
}

fn with_folder(path: &str, stem: &str) -> String {
    let mut parts = path.rsplit('/');
    parts.next();
    match parts.next().filter(|folder| !folder.is_empty()) {
        Some(folder) => shortened(stem, &format!("-{}", slug(folder))),
        None => stem.to_owned(),
    }
}

/// What is before, cut so that all of it fits.
fn shortened(before: &str, after: &str) -> String {
    let after: String = after.chars().take(NAME_LENGTH_MAX / 2).collect();
    let room = NAME_LENGTH_MAX - after.len();
    let before: String = before.chars().take(room).collect();
    before + &after
}

/// A name of small letters, digits and hyphens.
fn slug(text: &str) -> String {
    as_name(text).unwrap_or_else(|| "agent".to_owned())
}
