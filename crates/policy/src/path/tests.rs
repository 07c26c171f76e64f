//! Forms of a path, hostile ones included.

use super::*;
use proptest::prelude::*;

fn one(path: &str, place: &Place) -> String {
    canonical_paths(path, place, &NoLinks).unwrap()[0]
        .as_str()
        .to_owned()
}

fn place() -> Place {
    Place {
        home: Some("/home/ada".to_owned()),
        cwd: Some("/work/app/src".to_owned()),
        ..Place::at("/work/app")
    }
}

#[test]
fn a_path_has_one_form() {
    for (path, expected) in [
        ("main.rs", "/work/app/src/main.rs"),
        ("./a//b/./c", "/work/app/src/a/b/c"),
        ("../config/x", "/work/app/config/x"),
        ("/work/app/src/../../../etc/passwd", "/etc/passwd"),
        ("../../../../../../etc", "/etc"),
        ("~/.ssh/id_rsa", "/home/ada/.ssh/id_rsa"),
        ("a\\..\\..\\b", "/work/app/b"),
        ("C:\\Work\\x", "/c:/Work/x"),
        ("c:/work/../../x", "/c:/x"),
        ("\\\\host\\share\\x", "/unc:/host/share/x"),
        ("\\\\?\\C:\\x", "/c:/x"),
        ("/", "/"),
    ] {
        assert_eq!(one(path, &place()), expected, "{path}");
    }
}

#[test]
fn windows_cuts_what_windows_cuts() {
    let place = Place {
        windows: true,
        ignores_case: true,
        ..Place::at("C:\\Work")
    };
    assert_eq!(one("Secrets.env. .", &place), "/c:/work/secrets.env");
    assert_eq!(one(".env::$DATA", &place), "/c:/work/.env");
    assert_eq!(one("a\\.. \\..\\x", &place), "/c:/x");
    let found = &canonical_paths("SRC\\x", &place, &NoLinks).unwrap()[0];
    assert_eq!(found.relative(), Some("src/x"));
}

#[test]
fn inside_is_by_whole_parts() {
    let inside = |path: &str| {
        canonical_paths(path, &place(), &NoLinks).unwrap()[0]
            .relative()
            .map(str::to_owned)
    };
    assert_eq!(inside("/work/app"), Some(String::new()));
    assert_eq!(inside("/work/app/x"), Some("x".to_owned()));
    assert_eq!(inside("/work/application/x"), None);
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let place = Place::at("/work");
    assert_eq!(canonical_paths("", &place, &NoLinks), Err(PathError::Empty));
    assert_eq!(
        canonical_paths("~/x", &place, &NoLinks),
        Err(PathError::UnknownHome)
    );
    assert_eq!(
        canonical_paths("~root/x", &place, &NoLinks),
        Err(PathError::UnknownHome)
    );
    assert_eq!(
        canonical_paths("a\0b", &place, &NoLinks),
        Err(PathError::ControlCharacter)
    );
    assert_eq!(
        canonical_paths(&"a".repeat(5000), &place, &NoLinks),
        Err(PathError::TooLong)
    );
    assert_eq!(
        canonical_paths("x", &Place::at("work"), &NoLinks),
        Err(PathError::NotAbsolute)
    );
}

struct Link;
impl Resolver for Link {
    fn resolve(&self, path: &str) -> Option<String> {
        path.strip_prefix("/work/app/link")
            .map(|rest| format!("/etc{rest}"))
    }
}

#[test]
fn a_link_is_judged_by_both_its_ends() {
    let place = Place::at("/work/app");
    let found = canonical_paths("link/passwd", &place, &Link).unwrap();
    let names: Vec<&str> = found.iter().map(CanonicalPath::as_str).collect();
    assert_eq!(names, ["/work/app/link/passwd", "/etc/passwd"]);
    // What the disk makes of `..` behind a link is not what the text makes of it.
    let found = canonical_paths("link/../shadow", &place, &Link).unwrap();
    let names: Vec<&str> = found.iter().map(CanonicalPath::as_str).collect();
    assert_eq!(names, ["/work/app/shadow", "/shadow"]);
}

proptest! {
    #[test]
    fn a_canonical_path_never_climbs(path in "\\PC{0,60}|[a./\\\\~: ]{0,30}", windows: bool, ignores_case: bool) {
        let place = Place { ignores_case, windows, ..place() };
        for found in canonical_paths(&path, &place, &NoLinks).unwrap_or_default() {
            prop_assert!(found.as_str().starts_with('/'));
            prop_assert!(found.as_str()[1..].split('/').all(|part| part != ".." && part != "." ));
            prop_assert!(!found.as_str().contains("//"));
            // What is canonical stays as it is.
            let again = canonical_paths(found.as_str(), &place, &NoLinks).unwrap();
            prop_assert_eq!(again[0].as_str(), found.as_str());
        }
    }
}
