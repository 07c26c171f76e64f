//! The one source of bytes of an `ingest_file`.

use civitas_intent::prelude::*;
use data_encoding::HEXLOWER_PERMISSIVE;

/// The most bytes that may come within the parameters.
pub(crate) const INLINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Exactly one of the parameters in `given` must be there, and it must be one of those `allowed` goes with.
pub(crate) fn exactly_one<'a>(
    kind: &str,
    allowed: &[&str],
    given: &[(&'a str, bool)],
) -> std::result::Result<&'a str, Invalid> {
    let given: Vec<_> = given
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    let expected = allowed.join(" or ");
    match given.as_slice() {
        [one] if allowed.contains(one) => Ok(one),
        [] => Err(refused(
            allowed.first().unwrap_or(&""),
            format!("no content was sent: with ingestion_type `{kind}` send {expected}"),
        )),
        [other] => Err(refused(
            other,
            format!(
                "{other} does not go with ingestion_type `{kind}`: send {expected}, or the ingestion_type that {other} is for"
            ),
        )),
        [.., last] => Err(refused(
            last,
            format!(
                "{} were sent, but a file has one source: with ingestion_type `{kind}` send {expected} alone",
                given.join(" and ")
            ),
        )),
    }
}

/// The bytes that hexadecimal text stands for.
pub(crate) fn decode_hex(parameter: &str, text: &str) -> std::result::Result<Vec<u8>, Invalid> {
    check_hex(parameter, text)?;
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|error| {
            refused(
                parameter,
                format!("{parameter} is not hexadecimal: {error}"),
            )
        })
}

/// Whether text stands for bytes in hexadecimal, and not for too many.
pub(crate) fn check_hex(parameter: &str, text: &str) -> std::result::Result<(), Invalid> {
    if text.len() / 2 > INLINE_BYTES_MAX {
        return Err(too_large(parameter, text.len() / 2));
    }
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let bad = text.chars().position(|c| !c.is_ascii_hexdigit());
        let position = bad.unwrap_or_default();
        let character = text.chars().nth(position).unwrap_or_default();
        return Err(refused(
            parameter,
            format!(
                "{parameter} is not hexadecimal: character {} is {character:?}, expected one of 0-9, a-f and A-F",
                position + 1
            ),
        ));
    }
    if text.len() % 2 == 1 {
        return Err(refused(
            parameter,
            format!(
                "{parameter} has {} hexadecimal digits, an odd number: two digits make a byte, and the last one misses its second",
                text.len()
            ),
        ));
    }
    Ok(())
}

/// The refusal of bytes that are too many to come within the parameters.
pub(crate) fn too_large(parameter: &str, bytes: usize) -> Invalid {
    refused(
        parameter,
        format!(
            "{parameter} holds {bytes} bytes, more than the {INLINE_BYTES_MAX} that may come within the parameters: upload the file to /api/content/files instead, which streams it"
        ),
    )
}

fn refused(parameter: &str, detail: String) -> Invalid {
    Invalid::new(format!("/{parameter}"), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        decode_hex("file_content", text).unwrap_err().to_string()
    }

    #[test]
    fn both_cases_of_digits_are_read() {
        assert_eq!(decode_hex("x", "48654C6c6f").unwrap(), b"HeLlo");
        assert_eq!(decode_hex("x", "").unwrap(), b"");
    }

    #[test]
    fn the_first_bad_character_is_named_with_its_position() {
        assert!(
            refusal("48g5").contains("character 3 is 'g'"),
            "{}",
            refusal("48g5")
        );
        assert!(refusal("0x48").contains("character 2 is 'x'"));
        assert!(refusal("48é").contains("character 3 is 'é'"));
        assert!(refusal("4 8").contains("character 2 is ' '"));
    }

    #[test]
    fn a_missing_digit_and_too_many_bytes_are_named() {
        assert!(refusal("486").contains("odd number"));
        let huge = "00".repeat(INLINE_BYTES_MAX + 1);
        assert!(refusal(&huge).contains("8388609 bytes"));
        assert!(decode_hex("x", &huge[2..]).is_ok());
    }
}
