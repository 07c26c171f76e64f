//! What people type in, and the rules for it.

use serde::Deserialize;

use crate::error::{Error, FieldError};
use crate::secret::Secret;

const EMAIL_CHARS_MAX: usize = 254;
/// RFC 5321 section 4.5.3.1.1.
const LOCAL_PART_CHARS_MAX: usize = 64;
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_CHARS_MAX: usize = 128;
const NAME_CHARS_MAX: usize = 100;

/// What a login needs.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password, 8 to 128 characters.
    pub password: Secret,
}

/// What a registration needs.
#[derive(Debug, Clone, Deserialize)]
pub struct Registration {
    /// The e-mail address, at most 254 characters.
    pub email: String,
    /// The password, 8 to 128 characters.
    pub password: Secret,
    /// The name people see, 1 to 100 characters once `< > " '` are removed and it is trimmed.
    pub name: String,
}

impl Credentials {
    pub(crate) fn check(&self) -> Result<(), Error> {
        finish(
            [
                check_email(&self.email),
                check_password("/password", &self.password),
            ]
            .into_iter()
            .flatten()
            .collect(),
        )
    }
}

impl Registration {
    /// Checks every field; the name comes back cleaned.
    pub(crate) fn check(mut self) -> Result<Self, Error> {
        self.name = clean_name(&self.name);
        finish(
            [
                check_email(&self.email),
                check_password("/password", &self.password),
                check_name(&self.name),
            ]
            .into_iter()
            .flatten()
            .collect(),
        )?;
        Ok(self)
    }
}

/// Checks a new password.
pub(crate) fn check_new_password(password: &Secret) -> Result<(), Error> {
    finish(
        check_password("/new_password", password)
            .into_iter()
            .collect(),
    )
}

/// Checks an e-mail address on its own.
pub(crate) fn check_invited_email(email: &str) -> Result<(), Error> {
    finish(check_email(email).into_iter().collect())
}

fn finish(errors: Vec<FieldError>) -> Result<(), Error> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

fn broken(pointer: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer,
        detail: detail.into(),
    }
}

fn check_email(email: &str) -> Option<FieldError> {
    if email.chars().count() > EMAIL_CHARS_MAX {
        let detail = format!("the email must have at most {EMAIL_CHARS_MAX} characters");
        return Some(broken("/email", detail));
    }
    if !is_email(email) {
        let detail = "the email must be an address such as name@example.org";
        return Some(broken("/email", detail));
    }
    None
}

/// A dot-atom address (RFC 5322 section 3.4.1, letters of any script as in RFC 6531) at a domain with a dot. Quoted local
/// parts and address literals are valid by the standard too, but nobody signs in with them.
fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    local.chars().count() <= LOCAL_PART_CHARS_MAX
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

fn check_password(pointer: &'static str, password: &Secret) -> Option<FieldError> {
    let length = password.reveal().chars().count();
    if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        return None;
    }
    let detail =
        format!("the password must have {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters");
    Some(broken(pointer, detail))
}

fn clean_name(name: &str) -> String {
    name.replace(['<', '>', '"', '\''], "").trim().to_owned()
}

fn check_name(name: &str) -> Option<FieldError> {
    let length = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&length) && !name.chars().any(char::is_control) {
        return None;
    }
    let detail = format!(
        "the name must have 1 to {NAME_CHARS_MAX} characters, not counting < > \" ', and no control characters"
    );
    Some(broken("/name", detail))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn registration(email: &str, password: &str, name: &str) -> Result<Registration, Error> {
        Registration {
            email: email.into(),
            password: Secret::new(password),
            name: name.into(),
        }
        .check()
    }

    #[test]
    fn ordinary_addresses_are_accepted() {
        for email in [
            "a@b.co",
            "first.last+tag@sub.example.org",
            "jörg@größe.de",
            "o'brien@x.ie",
        ] {
            assert!(is_email(email), "{email}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for email in [
            "",
            "plain",
            "@b.co",
            "a@",
            "a@b",
            "a@@b.co",
            "a b@c.de",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.de",
            "a@-b.co",
            "a@b..co",
            "a@b.co.",
            "a@b.co\n",
            "<a@b.co>",
        ] {
            assert!(!is_email(email), "{email:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters_and_the_bounds_belong() {
        let longest = format!("{}@{}.de", "a".repeat(64), "b".repeat(186));
        assert_eq!(longest.len(), 254);
        assert!(registration(&longest, &"ü".repeat(128), &"n".repeat(100)).is_ok());
        assert!(registration(&format!("{longest}x"), "12345678", "n").is_err());
        assert!(registration("a@b.co", "1234567", "n").is_err());
        assert!(registration("a@b.co", &"x".repeat(129), "n").is_err());
        assert!(registration("a@b.co", "12345678", &"n".repeat(101)).is_err());
    }

    #[test]
    fn the_name_is_cleaned_before_it_is_measured() {
        let cleaned = registration("a@b.co", "12345678", " <b>\"Al\" O'Neil</b> ").unwrap();
        assert_eq!(cleaned.name, "bAl ONeil/b");
        assert!(registration("a@b.co", "12345678", " <>'\" ").is_err());
    }

    #[test]
    fn every_broken_field_is_named() {
        let Err(Error::Invalid(errors)) = registration("a", "b", "") else {
            panic!("it was accepted");
        };
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/email", "/password", "/name"]);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(email in ".{0,300}", password in ".{0,200}", name in ".{0,200}") {
            if let Ok(accepted) = registration(&email, &password, &name) {
                prop_assert_eq!(accepted.email.matches('@').count(), 1);
                prop_assert!(!accepted.name.contains(['<', '>', '"', '\'']));
                prop_assert_eq!(accepted.name.trim(), accepted.name.as_str());
            }
        }

        #[test]
        fn simple_addresses_are_always_accepted(local in "[a-z0-9]{1,20}", domain in "[a-z]{1,20}\\.[a-z]{2,5}") {
            let email = format!("{local}@{domain}");
            prop_assert!(is_email(&email));
        }
    }
}
