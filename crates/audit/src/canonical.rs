//! Canonical JSON (RFC 8785): one text for one value.

use serde_json::{Map, Number, Value};

use crate::hash::Hash;

/// The largest integer that a double holds together with all smaller ones.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The canonical text of a value: no white space, members sorted by the UTF-16 code units of their names, numbers and
/// strings as ECMAScript writes them (RFC 8785 section 3.2).
///
/// An integer beyond ±(2^53 - 1), which canonical numbers cannot tell from its neighbours, is written as a string of its
/// digits, as RFC 7493 section 2.2 recommends.
pub fn canonical(value: &Value) -> String {
    let mut text = Vec::new();
    write_value(value, &mut text);
    // Only whole strings and ASCII were written.
    String::from_utf8(text).unwrap_or_default()
}

/// The SHA-256 of the canonical text, in lower-case hexadecimal: equal for values that say the same.
pub fn digest(value: &Value) -> String {
    Hash::of(&[canonical(value).as_bytes()]).to_string()
}

fn write_value(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.extend_from_slice(b"null"),
        Value::Bool(true) => into.extend_from_slice(b"true"),
        Value::Bool(false) => into.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, into),
        Value::String(text) => write_string(text, into),
        Value::Array(items) => {
            into.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    into.push(b',');
                }
                write_value(item, into);
            }
            into.push(b']');
        }
        Value::Object(members) => write_object(members, into),
    }
}

fn write_object(members: &Map<String, Value>, into: &mut Vec<u8>) {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    // Bytes and UTF-16 order differ only beyond U+FFFF.
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    into.push(b'{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            into.push(b',');
        }
        write_string(name, into);
        into.push(b':');
        write_value(value, into);
    }
    into.push(b'}');
}

fn write_number(number: &Number, into: &mut Vec<u8>) {
    let is_integer = number.is_i64() || number.is_u64();
    if is_integer {
        let safe = number
            .as_i64()
            .is_some_and(|value| value.unsigned_abs() <= SAFE_INTEGER_MAX);
        let digits = number.to_string();
        if safe {
            into.extend_from_slice(digits.as_bytes());
        } else {
            write_string(&digits, into);
        }
        return;
    }
    // JSON has no other numbers than finite ones.
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format(number.as_f64().unwrap_or_default());
    into.extend_from_slice(text.as_bytes());
}

/// A string as RFC 8785 section 3.2.2.2 writes it.
pub(crate) fn write_string(text: &str, into: &mut Vec<u8>) {
    into.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        into.extend_from_slice(&bytes[written..index]);
        written = index + 1;
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            _ => {
                into.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                continue;
            }
        };
        into.extend_from_slice(&[b'\\', short]);
    }
    into.extend_from_slice(&bytes[written..]);
    into.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// RFC 8785 section 3.2.2 and 3.2.4.
    #[test]
    fn the_sample_of_the_standard_comes_out_as_printed() {
        let value = json!({
            // As the parser reads `333333333.33333329`.
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            "literals": [null, true, false]
        });
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(canonical(&value), expected);
    }

    /// RFC 8785 section 3.2.3.
    #[test]
    fn members_are_sorted_by_code_units_of_utf_16() {
        let value = json!({
            "\u{20ac}": 5, "\r": 1, "\u{fb33}": 7, "1": 2, "\u{1f600}": 6, "\u{80}": 3, "\u{f6}": 4
        });
        let text = canonical(&value);
        let order: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        // The member named "1" holds 2, hence the 1 before it.
        assert_eq!(order, ['1', '1', '2', '3', '4', '5', '6', '7'], "{text}");
    }

    /// RFC 8785 appendix B.
    #[test]
    fn numbers_come_out_as_the_standard_lists_them() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let number = f64::from_bits(bits);
            assert_eq!(canonical(&json!(number)), expected);
        }
    }

    #[test]
    fn an_integer_that_no_double_holds_keeps_its_digits() {
        let value = json!([
            9_007_199_254_740_991_u64,
            9_007_199_254_740_993_u64,
            i64::MIN
        ]);
        let expected = r#"[9007199254740991,"9007199254740993","-9223372036854775808"]"#;
        assert_eq!(canonical(&value), expected);
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let value = Value::String(text);
            prop_assert_eq!(serde_json::from_str::<Value>(&canonical(&value)).unwrap(), value);
        }

        #[test]
        fn the_order_of_members_does_not_matter(mut names in proptest::collection::vec(".{0,5}", 0..8)) {
            let object = |names: &[String]| -> Value {
                Value::Object(names.iter().map(|name| (name.clone(), Value::from(name.len()))).collect())
            };
            let one = canonical(&object(&names));
            names.reverse();
            prop_assert_eq!(canonical(&object(&names)), one);
        }
    }
}
