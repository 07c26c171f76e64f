//! Whether a `git push` may reach a protected branch.

use crate::classes::subcommand;
use crate::shell::{Command, Word};

/// Also true when the text does not tell, for instance for a `git push` alone.
pub fn may_push_to(command: &Command, protected: &[String]) -> bool {
    if command.name() != "git" || protected.is_empty() {
        return false;
    }
    let own = subcommand(command);
    // `git subtree push`, `git lfs push`.
    let verb = if matches!(own, "subtree" | "lfs") {
        "push"
    } else {
        own
    };
    let mut words = command.arguments().iter();
    let Some(at) = words.position(|word| word.text == verb) else {
        return false;
    };
    let word = &command.arguments()[at];
    if word.dynamic {
        return true;
    }
    if !matches!(verb, "push" | "send-pack") {
        return false;
    }
    let mut references: Vec<&Word> = Vec::new();
    let mut words = command.arguments()[at + 1..].iter();
    let (mut dry, mut all) = (false, false);
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "--all" | "--branches" | "--mirror" => all = true,
            "-n" | "--dry-run" => dry = true,
            "--no-dry-run" => dry = false,
            "-o" | "--push-option" | "--receive-pack" | "--exec" | "--repo" => {
                words.next();
            }
            text if text.starts_with('-') && !word.dynamic => {}
            _ => references.push(word),
        }
    }
    if dry {
        return false;
    }
    if all {
        return true;
    }
    let tags_only = command.arguments().iter().any(|word| word.text == "--tags");
    match references.as_slice() {
        // Which branch is checked out, and which one a remote's configuration names, is not in the text.
        [] | [_] => !tags_only,
        [_, references @ ..] => references.iter().any(|word| may_name(word, protected)),
    }
}

fn may_name(reference: &Word, protected: &[String]) -> bool {
    if reference.dynamic || reference.glob || reference.text.contains('*') {
        return true;
    }
    let text = reference.text.trim_start_matches('+');
    let target = text.rsplit(':').next().unwrap_or(text);
    let branch = target
        .strip_prefix("refs/heads/")
        .or_else(|| target.strip_prefix("heads/"))
        .unwrap_or(target);
    matches!(branch, "" | "HEAD" | "@") || protected.iter().any(|name| name == branch)
}

#[cfg(test)]
mod tests {
    use super::may_push_to;
    use crate::shell::parse;

    #[test]
    fn pushes_are_told_apart() {
        let protected = ["main".to_owned(), "master".to_owned()];
        for (command, expected) in [
            ("git push origin main", true),
            ("git push -f origin +HEAD:main", true),
            ("git push origin :master", true),
            ("git push origin refs/heads/x:refs/heads/main", true),
            ("git -C x push --all origin", true),
            ("git push", true),
            ("git push origin", true),
            ("git push origin HEAD", true),
            ("git push origin $BRANCH", true),
            ("git $VERB origin feature", true),
            ("git push origin feature", false),
            ("git push -u origin main:feature", false),
            ("git push --dry-run origin main", false),
            ("git push -n --no-dry-run origin main", true),
            ("git --attr-source HEAD push origin main", true),
            ("git --config-env user.x=AA push origin main", true),
            ("git --no-pager push origin main", true),
            ("git --no-pager log main", false),
            ("git lfs push origin main", true),
            ("git subtree push --prefix=x origin main", true),
            ("git push origin --tags", false),
            ("git commit -m 'push main'", false),
            ("git pull origin main", false),
            ("echo git push origin main", false),
        ] {
            let script = parse(command);
            let found = script
                .commands
                .iter()
                .any(|command| may_push_to(command, &protected));
            assert_eq!(found, expected, "{command}");
        }
    }
}
