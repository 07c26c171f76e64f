//! Names and other short texts from outside. They are data: shown and searched, never used as a path.

use civitas_intent::prelude::*;

/// The longest name, in characters.
pub(crate) const NAME_LENGTH_MAX: usize = 255;

/// The text without control characters and without white space around it.
pub(crate) fn clean(parameter: &str, text: &str) -> std::result::Result<String, Invalid> {
    let kept: String = text.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim();
    let length = kept.chars().count();
    let refused = |detail| {
        Err(Invalid::new(
            format!("/{}", parameter.replace('.', "/")),
            detail,
        ))
    };
    match length {
        0 => refused(format!(
            "{parameter} holds nothing that can be shown: send at least one visible character"
        )),
        1..=NAME_LENGTH_MAX => Ok(kept.to_owned()),
        _ => refused(format!(
            "{parameter} has {length} characters, more than {NAME_LENGTH_MAX}: shorten it"
        )),
    }
}

/// The same for a text that may be left out.
pub(crate) fn clean_some(
    parameter: &str,
    text: Option<&str>,
) -> std::result::Result<Option<String>, Invalid> {
    text.map(|text| clean(parameter, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_path_in_it_is_kept_as_it_is() {
        assert_eq!(
            clean("ui_name", "../../etc/passwd").unwrap(),
            "../../etc/passwd"
        );
        assert_eq!(
            clean("ui_name", "C:\\Größe 1.csv").unwrap(),
            "C:\\Größe 1.csv"
        );
    }

    #[test]
    fn control_characters_are_removed() {
        assert_eq!(
            clean("ui_name", " a\u{0}b\r\n\u{1b}[31mc\u{7f}\u{85} ").unwrap(),
            "ab[31mc"
        );
    }

    #[test]
    fn a_name_of_nothing_visible_and_an_endless_one_are_refused() {
        let error = clean("ui_name", "\u{0}\t ").unwrap_err().to_string();
        assert!(error.contains("ui_name holds nothing"), "{error}");
        assert!(clean("ui_name", &"ß".repeat(255)).is_ok());
        let error = clean("ui_name", &"ß".repeat(256)).unwrap_err().to_string();
        assert!(error.contains("256 characters"), "{error}");
    }
}
