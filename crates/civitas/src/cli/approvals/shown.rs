//! An approval as people read it before they decide: first what exactly would be done.

use std::io;

use serde_json::Value;

use super::super::output::{BAD, BOLD, DIM, GOOD, clean, data, moment, text};

/// Everything about an approval.
pub(super) fn whole(approval: &Value) -> io::Result<()> {
    let (code, state) = (
        clean(text(approval, "code")),
        clean(text(approval, "state")),
    );
    let summary = exact(text(approval, "summary"));
    data(&format!("{BOLD}{code}{BOLD:#}  {state}  {summary}"))?;
    if let Some(bytes) = approval["input_omitted"].as_u64() {
        data(&format!(
            "    {bytes} bytes of input: see `civitas approvals show {code}`"
        ))?;
    } else {
        input(text(approval, "tool_name"), &approval["input"])?;
    }
    if let Some(original) = approval.get("original_input") {
        data(&format!("{DIM}asked for was{DIM:#}"))?;
        input(text(approval, "tool_name"), original)?;
    }
    for (name, value) in facts(approval) {
        data(&format!("{DIM}{name:<10}{DIM:#}  {value}"))?;
    }
    for vote in approval["votes"].as_array().into_iter().flatten() {
        let comment = match text(vote, "comment") {
            "" => String::new(),
            comment => format!(": {}", clean(comment)),
        };
        let style = if vote["verdict"] == "approve" {
            GOOD
        } else {
            BAD
        };
        data(&format!(
            "{style}{:<10}{style:#}  {}{comment}",
            clean(text(vote, "verdict")),
            clean(text(vote, "person"))
        ))?;
    }
    Ok(())
}

fn facts(approval: &Value) -> Vec<(&'static str, String)> {
    let list = |name: &str| {
        let items = approval[name].as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(Value::as_str).collect();
        clean(&items.join(", "))
    };
    let tokens = approval["tokens"].as_u64().unwrap_or_default();
    let cost = approval["cost_usd"].as_f64().unwrap_or_default();
    let cost = if tokens == 0 && cost <= 0.0 {
        String::new()
    } else {
        format!("{tokens} tokens, {cost} USD expected")
    };
    let quorum = approval["quorum"].as_u64().unwrap_or(1);
    let decide = match quorum {
        1 => list("approvers"),
        many => format!("{many} of {}", list("approvers")),
    };
    [
        ("asks", clean(text(approval, "agent_name"))),
        ("answers", clean(text(approval, "owner"))),
        ("in", clean(text(approval, "cwd"))),
        ("session", clean(text(approval, "session_id"))),
        ("why", clean(text(approval, "reason"))),
        ("policies", list("policies")),
        ("cost", cost),
        ("blocks", list("blocked_executions")),
        ("decides", decide),
        ("until", moment(approval, "expires_at")),
        ("outcome", clean(text(approval, "outcome"))),
        ("sha256", clean(text(approval, "request_hash"))),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

/// What exactly would be done: a command as it is typed, an edit as a difference, anything else as JSON.
fn input(tool: &str, input: &Value) -> io::Result<()> {
    match tool {
        "Bash" | "PowerShell" => {
            for line in text(input, "command").split('\n') {
                data(&format!("    {BOLD}{}{BOLD:#}", exact(line)))?;
            }
            rest(input, &["command"])
        }
        "Edit" => {
            data(&format!(
                "    {BOLD}{}{BOLD:#}",
                exact(text(input, "file_path"))
            ))?;
            difference(input)?;
            rest(input, &["file_path", "old_string", "new_string"])
        }
        "MultiEdit" => {
            data(&format!(
                "    {BOLD}{}{BOLD:#}",
                exact(text(input, "file_path"))
            ))?;
            for edit in input["edits"].as_array().into_iter().flatten() {
                difference(edit)?;
                rest(edit, &["old_string", "new_string"])?;
            }
            rest(input, &["file_path", "edits"])
        }
        "Write" => {
            data(&format!(
                "    {BOLD}{}{BOLD:#}",
                exact(text(input, "file_path"))
            ))?;
            lines("+", GOOD, text(input, "content"))?;
            rest(input, &["file_path", "content"])
        }
        _ => pretty(input),
    }
}

/// What goes and what comes, line by line, without the lines that stay at the beginning and the end.
fn difference(edit: &Value) -> io::Result<()> {
    let old: Vec<&str> = text(edit, "old_string").split('\n').collect();
    let new: Vec<&str> = text(edit, "new_string").split('\n').collect();
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = old.iter().zip(&new).take_while(same).count();
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let after = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(same)
        .count();
    for line in &old[..before] {
        data(&format!("      {}", exact(line)))?;
    }
    for line in &old_rest[..old_rest.len() - after] {
        data(&format!("    {BAD}- {}{BAD:#}", exact(line)))?;
    }
    for line in &new_rest[..new_rest.len() - after] {
        data(&format!("    {GOOD}+ {}{GOOD:#}", exact(line)))?;
    }
    for line in &old_rest[old_rest.len() - after..] {
        data(&format!("      {}", exact(line)))?;
    }
    Ok(())
}

fn lines(sign: &str, style: anstyle::Style, text: &str) -> io::Result<()> {
    for line in text.split('\n') {
        data(&format!("    {style}{sign} {}{style:#}", exact(line)))?;
    }
    Ok(())
}

/// What an input holds beside what was shown: nothing of it may be overlooked. So is what should have been text and is not.
fn rest(input: &Value, shown: &[&str]) -> io::Result<()> {
    let Some(members) = input.as_object() else {
        return pretty(input);
    };
    for (name, value) in members {
        let is_shown = shown.contains(&name.as_str()) && (value.is_string() || value.is_array());
        if !is_shown {
            data(&format!(
                "    {DIM}{}{DIM:#}  {}",
                exact(name),
                exact(&value.to_string())
            ))?;
        }
    }
    Ok(())
}

fn pretty(input: &Value) -> io::Result<()> {
    for line in format!("{input:#}").split('\n') {
        data(&format!("    {}", exact(line)))?;
    }
    Ok(())
}

/// Text exactly as it is: what a terminal would not show, or would show elsewhere or reversed, is written as an escape.
fn exact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_shown(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    shown
}

fn is_shown(character: char) -> bool {
    // Marks of direction, characters without width, and separators that are not spaces.
    !(character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_hide_or_turn_around_is_seen() {
        assert_eq!(exact("rm -rf ä 漢"), "rm -rf ä 漢");
        assert_eq!(exact("ls\r\t\u{1b}[2K"), r"ls\r\t\u{1b}[2K");
        assert_eq!(exact("a\u{202e}b\u{200b}"), r"a\u{202e}b\u{200b}");
    }
}
