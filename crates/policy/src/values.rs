//! What a word may become when the script itself says what its variables hold.

use crate::shell::Word;

/// How many texts one word is taken for.
const TEXTS_MAX: usize = 24;
/// How often values that name variables again are followed.
const ROUNDS_MAX: usize = 4;

/// The texts that a word may become by the values that its variables get in the script, by the defaults in it, by braces, and when a
/// variable is empty. Others are possible; a word without expansions is its own text.
pub(crate) fn possible(word: &Word, values: &[(String, Word)]) -> Vec<String> {
    if !word.dynamic {
        return vec![word.text.clone()];
    }
    let mut texts = vec![closed(&word.text)];
    for _ in 0..ROUNDS_MAX {
        let before = texts.len();
        for at in 0..before {
            let text = texts[at].clone();
            for new in replaced(&text, values) {
                if texts.len() < TEXTS_MAX && !texts.contains(&new) {
                    texts.push(new);
                }
            }
        }
        if texts.len() == before {
            break;
        }
    }
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        braces(&text, &mut found, 0);
    }
    found.retain(|text| !text.contains(['$', '`']));
    found
}

/// The text with its first expansion replaced by each thing that it may be.
fn replaced(text: &str, values: &[(String, Word)]) -> Vec<String> {
    let Some(at) = text.find('$') else {
        return Vec::new();
    };
    let rest = &text[at + 1..];
    let (name, default, length) = match rest.strip_prefix('{') {
        Some(inner) => {
            let Some(end) = inner.find('}') else {
                return Vec::new();
            };
            let whole = &inner[..end];
            let name_end = whole
                .find(|letter: char| !is_name(letter))
                .unwrap_or(whole.len());
            let (name, default) = whole.split_at(name_end);
            (
                name,
                default.trim_start_matches([':', '-', '=', '+']),
                end + 2,
            )
        }
        None => {
            let end = rest
                .find(|letter: char| !is_name(letter))
                .unwrap_or(rest.len());
            let end = if end == 0 {
                rest.chars()
                    .next()
                    .filter(|letter| "@*".contains(*letter))
                    .map_or(0, char::len_utf8)
            } else {
                end
            };
            (&rest[..end], "", end)
        }
    };
    if length == 0 {
        return Vec::new();
    }
    let with = |value: &str| format!("{}{value}{}", &text[..at], &rest[length..]);
    let mut found: Vec<String> = values
        .iter()
        .filter(|(known, value)| known == name && !value.text.contains('…'))
        .map(|(_, value)| with(&closed(&value.text)))
        .collect();
    found.push(with(default));
    found
}

/// `$a` as `${a}`, so that what is put beside it does not become a part of its name.
fn closed(text: &str) -> String {
    let mut closed = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        closed.push(letter);
        if letter == '$' && letters.peek().is_some_and(|next| is_name(*next)) {
            closed.push('{');
            while let Some(letter) = letters.next_if(|next| is_name(*next)) {
                closed.push(letter);
            }
            closed.push('}');
        }
    }
    closed
}

fn is_name(letter: char) -> bool {
    letter == '_' || letter.is_ascii_alphanumeric()
}

/// `a{b,c}` is `ab` and `ac`.
fn braces(text: &str, found: &mut Vec<String>, depth: usize) {
    if found.len() >= TEXTS_MAX || depth > 8 {
        return;
    }
    let choice = text.rfind('{').and_then(|from| {
        let to = from + text[from..].find('}')?;
        text[from..to].contains(',').then_some((from, to))
    });
    let Some((from, to)) = choice else {
        if !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
        return;
    };
    for part in text[from + 1..to].split(',') {
        let one = format!("{}{part}{}", &text[..from], &text[to + 1..]);
        braces(&one, found, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::possible;
    use crate::shell::parse;

    #[test]
    fn words_become_what_the_script_says() {
        for (script, expected) in [
            ("x a", "a"),
            ("X=.env; x $X", ".env,"),
            ("A=.en; B=v; x $A$B", ".env,.en,v,"),
            ("A=b; B=$A; x ${B}c", "c,bc"),
            ("x .en{v,x}", ".env,.enx"),
            ("x {a,b}{c,d}", "ac,bc,ad,bd"),
            ("x .e${n}nv", ".env"),
            ("x ${n:-.env}", ".env"),
            ("for f in a b; do x $f; done", "a,b,"),
            ("x $(y)", ""),
        ] {
            let script = parse(script);
            let word = script.commands.last().unwrap().words.last().unwrap();
            let found = possible(word, &script.values);
            assert_eq!(found.join(","), expected, "{script:?}");
        }
    }
}
