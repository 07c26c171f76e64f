//! Scalars: what a plain word of YAML stands for (the core schema of YAML 1.2).

use serde_json::Value;

/// The value of a word without quotes.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.trim_start_matches(['-', '+']);
    // A number begins with a digit or a point; `inf`, `nan` and `1e5x` are words.
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        if let Ok(whole) = text.parse::<i64>() {
            return whole.into();
        }
        if let Ok(number) = text.parse::<f64>()
            && let Some(number) = serde_json::Number::from_f64(number)
        {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_what_they_look_like() {
        for (text, value) in [
            ("~", json!(null)),
            ("true", json!(true)),
            ("200000", json!(200_000)),
            ("0.85", json!(0.85)),
            ("2.0.0", json!("2.0.0")),
            ("2025-07-25", json!("2025-07-25")),
            ("**", json!("**")),
            ("nan", json!("nan")),
            ("-", json!("-")),
        ] {
            assert_eq!(plain(text), value, "{text}");
        }
    }
}
