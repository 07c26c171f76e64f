//! Command lines taken apart, checked by cases, by what must hold for any text, and against bash itself.

use super::*;
use proptest::prelude::*;
use std::process::{Command as Process, Stdio};

fn names(text: &str) -> Vec<String> {
    parse(text)
        .commands
        .iter()
        .map(|command| {
            command
                .words
                .iter()
                .map(|word| word.text.clone())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn is_clear(text: &str) -> bool {
    parse(text).unclear.is_empty()
}

#[test]
fn every_command_is_found_wherever_it_stands() {
    for (text, expected) in [
        (
            "a; b && c || d | e & f\ng",
            &["a", "b", "c", "d", "e", "f", "g"][..],
        ),
        ("(a; (b)); { c; }", &["a", "b", "c"]),
        (
            "a $(b $(c)) `d \\`e\\``",
            &["c", "b $(…)", "e", "d `…`", "a $(…) `…`"],
        ),
        ("a \"$(b \"$(c)\")\"", &["c", "b $(…)", "a $(…)"]),
        ("a <(b) > >(c)", &["b", "c", "a <(…)"]),
        (
            "if a; then b; elif c; then d; else e; fi",
            &["a", "b", "c", "d", "e"],
        ),
        (
            "while a; do b; done; until c; do d; done",
            &["a", "b", "c", "d"],
        ),
        ("for x in $(a); do b $x; done", &["a", "b $x"]),
        ("for ((i=0; i<$(a); i++)); do b; done", &["a", "b"]),
        (
            "case $(a) in x|y) b;; (z) c;& *) d; esac",
            &["a", "b", "c", "d"],
        ),
        ("f() { a; }; function g { b; }; h() (c)", &["a", "b", "c"]),
        ("! a; time -p b", &["a", "b"]),
        ("X=$(a) b", &["a", "b"]),
        (
            "X=(a $(b)); declare -a y=(1 2)",
            &["b", "", "declare -a y="],
        ),
        ("[[ -f $(a) && x < y || z =~ ^(b|c)$ ]] && d", &["a", "d"]),
        ("(( x = $(a) + 1 )) && b", &["a", "b"]),
        ("echo $((1 + $(a)))", &["a", "echo $((…))"]),
        ("echo $((a); (b))", &["a", "b", "echo $(…)"]),
        ("echo ${x:-$(a)}", &["a", "echo ${x:-$(a)}"]),
        ("cat <<E\n$(a)\nE\nb", &["cat", "a", "b"]),
        ("cat <<'E'\n$(a)\nE\nb", &["cat", "b"]),
        ("cat <<-E && b\n\t$(a)\n\tE\nc", &["cat", "b", "a", "c"]),
        ("a # b; c\nd", &["a", "d"]),
        ("a\\\nb c", &["ab c"]),
        ("a 'b;c' \"d&&e\" f\\;g", &["a b;c d&&e f;g"]),
        ("a &>b 2>&1 >|c <d 3<>e", &["a"]),
        ("$'\\x61\\142\\u63' d", &["abc d"]),
    ] {
        assert_eq!(names(text), expected, "{text}");
        assert!(is_clear(text), "{text}: {:?}", parse(text).unclear);
    }
}

#[test]
fn wrappers_are_seen_through() {
    for (text, last) in [
        ("sudo -u root -- rm x", "rm x"),
        ("sudo -n A=b rm x", "rm x"),
        ("env -i A=b nice -n 5 rm x", "rm x"),
        ("nohup timeout -k 5 10s rm x", "rm x"),
        ("exec -a z rm x", "rm x"),
        ("xargs -n 1 rm", "rm …"),
        ("find . -name a -exec rm {} \\;", "rm {}"),
        ("find . -execdir rm {} +", "rm {}"),
        ("stdbuf -oL rm x", "rm x"),
        ("command -p rm x", "rm x"),
        ("builtin eval rm x", "rm x"),
        ("bash -lc 'rm x'", "rm x"),
        ("bash -o errexit -c 'rm x' a b", "rm x"),
        ("sh -c \"bash -c 'rm x'\"", "rm x"),
        ("eval 'rm' x", "rm x"),
        ("ssh -p 22 host rm x", "rm x"),
        ("watch -n 1 rm x", "rm x"),
        ("uv run rm x", "rm x"),
        ("npm exec -- rm x", "rm x"),
        ("busybox rm x", "rm x"),
        ("flock -w 5 lock rm x", "rm x"),
        ("time rm x", "rm x"),
        ("trap 'rm x' EXIT", "rm x"),
        ("bash <<E\nrm x\nE", "rm x"),
        ("fd -x rm", "rm …"),
    ] {
        assert_eq!(
            names(text).last().map(String::as_str),
            Some(last),
            "{text}: {:?}",
            parse(text)
        );
        assert!(is_clear(text), "{text}: {:?}", parse(text).unclear);
    }
    let script = parse("sudo env A=b timeout 5 rm x");
    assert_eq!(
        script.commands.last().unwrap().through,
        ["sudo", "env", "timeout"]
    );
}

#[expect(clippy::too_many_lines, reason = "one list of cases")]
#[test]
fn what_the_text_does_not_tell_is_unclear() {
    for text in [
        "$x",
        "a; $x b",
        "`a` b",
        "a$b c",
        "~$x/y z",
        "{a,b}",
        "r{m,} x",
        "*",
        "=a",
        "a |",
        "| a",
        "a && ",
        "(a",
        "a)",
        "'a",
        "\"a",
        "`a",
        "$(a",
        "${a",
        "$((1",
        "if a; then b",
        "while a; do b",
        "for x in a; do b",
        "case x in a) b",
        "[[ a",
        "{ a",
        "a; }",
        "fi",
        "a b(c)",
        "a <<$x\nb",
        "eval $x",
        "eval \"$(a)\"",
        "bash -c \"$x\"",
        "a | bash",
        "bash -c",
        "bash --rcfile x",
        "sudo --unknown a",
        "sudo $x",
        "env -S 'a b'",
        "timeout $x a",
        "alias a=b",
        "parallel a",
        "su -c a",
        "script -c a x",
        "PATH=/x a",
        "LD_PRELOAD=x a",
        "export PATH=/x",
        "git -c alias.x='!a' x",
        "git -c core.pager=a log",
        "a ${ b; }",
        "a ${(e)b}",
        "a $[1]",
        "a >! b",
        "bash <<E\n$x\nE",
        "trap \"$x\" EXIT",
        "ssh -o ProxyCommand=a host",
        "coproc a",
        "\"\"",
        "a\0b",
        "HOME=/x; cat $HOME/y; PWD=1",
        "f() a; cat <<E (b)\nE",
        "sudo -s <<< 'a'",
        "sudo -i 'rm -rf /'",
        "sudo",
        "bash /dev/stdin <<< \"$x\"",
        "a | bash /dev/fd/0",
        "bash <(a)",
        ". /dev/stdin",
        "source <(a)",
        "a | tee >(bash)",
        "a | echo $(bash)",
        "a | echo `bash`",
        "{ bash; } <<< 'a'",
        "if a; then bash; fi < b",
        "(bash) <<E\na\nE",
        "exec < a; bash",
        "xargs -I@ sh -c '@'",
        "xargs -I % sh -c 'a %'",
        "git bisect run a",
        "git rebase --exec 'a' b",
        "tar --to-command=a x",
        "shopt -s dotglob",
    ] {
        assert!(!is_clear(text), "{text}: {:?}", parse(text));
    }
}

#[test]
fn folders_are_followed() {
    let folders = |text: &str| parse(text).commands.last().unwrap().folders.clone();
    let known = |names: &[&str]| {
        names
            .iter()
            .map(|name| Some((*name).to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(folders("cd a && b"), known(&["a"]));
    assert_eq!(folders("cd a && cd b && c"), known(&["a/b"]));
    assert_eq!(folders("cd /a; b"), known(&["/a", ""]));
    assert_eq!(folders("(cd a); b"), known(&[""]));
    assert_eq!(folders("x=$(cd a); b"), known(&[""]));
    assert_eq!(folders("cd && b"), known(&["~"]));
    assert_eq!(folders("cd $x && b"), [None]);
    assert_eq!(folders("cd - && b"), [None]);
    assert!(folders("while a; do cd x; b; done").contains(&None));
    assert!(folders("f() { b; }").contains(&None));
}

#[test]
fn there_are_limits() {
    for text in [
        "a;".repeat(COMMANDS_MAX + 1),
        "(".repeat(DEPTH_MAX + 2),
        "a ".repeat(LENGTH_MAX),
        "$(".repeat(500),
        "sudo ".repeat(100),
    ] {
        let script = parse(&text);
        assert!(!script.unclear.is_empty());
        assert!(script.commands.len() <= COMMANDS_MAX);
    }
}

/// A word that bash leaves as it is, however it is quoted.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "'[a-z ;&|$()`\"#*<>\\\\]{0,8}'",
        "\"[a-z ;&|()'#*<>]{0,8}\"",
        "[a-z]{1,3}\\\\[ ;&|()$`\"'#*<>][a-z]{0,3}",
        "\\$'[a-z ;|]{0,4}\\\\x41'",
    ]
}

/// A program of its own for each place, so that none is lost unseen.
fn pipeline() -> impl Strategy<Value = String> {
    let command = proptest::collection::vec(word(), 0..3)
        .prop_map(|words| format!("prog {}", words.join(" ")));
    let leaf = command.boxed();
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                "; | && | \\|\\| | \\| | & |\n",
                inner.clone()
            )
                .prop_map(|(a, joint, b)| format!("{a}{joint}{b}")),
            inner.clone().prop_map(|a| format!("( {a} )")),
            inner.clone().prop_map(|a| format!("{{ {a}; }}")),
            inner.clone().prop_map(|a| format!("prog \"$( {a} )\" x")),
            inner.clone().prop_map(|a| format!("prog <( {a} ) x")),
            inner.clone().prop_map(|a| format!("if {a}\nthen {a}\nfi")),
            inner
                .clone()
                .prop_map(|a| format!("for i in 1; do\n{a}\ndone")),
            inner
                .clone()
                .prop_map(|a| format!("case x in x) {a}\n;; esac")),
            inner.prop_map(|a| format!("time {a}")),
        ]
    })
}

/// The commands that bash runs, each as its words with a unit separator between them.
fn ran_by_bash(script: &str) -> Option<Vec<String>> {
    let traced = format!(
        "prog() {{ local IFS=$'\\x1f'; printf '%s\\x1e' \"prog$IFS$*\" >&9; [ \"$#\" -ne 99 ]; }}\n{{\n{script}\nwait\n}} 9>&1 >/dev/null </dev/null 2>/dev/null"
    );
    let output = Process::new("bash")
        .args(["--norc", "--noprofile", "-c", &traced])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(
        text.split('\u{1e}')
            .filter(|record| !record.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The oracle is bash: whatever it ran, with the very same words, was found.
    #[test]
    fn no_command_of_a_pipeline_is_lost(script in pipeline()) {
        let found: Vec<String> = parse(&script)
            .commands
            .iter()
            .filter(|command| command.words.iter().all(|word| !word.dynamic && !word.process))
            .map(|command| command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("\u{1f}"))
            .collect();
        prop_assert!(is_clear(&script), "{script}: {:?}", parse(&script).unclear);
        // A program without arguments is traced with an empty one.
        let same = |ran: &str| found.iter().any(|found| found == ran || format!("{found}\u{1f}") == *ran);
        if let Some(ran) = ran_by_bash(&script) {
            for ran in ran.iter().filter(|ran| !ran.contains("/dev/fd/") && !ran.ends_with("\u{1f}\u{1f}x")) {
                prop_assert!(same(ran), "bash ran {ran:?} in {script:?}, found {found:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|[a-c0-9 $(){}\\[\\];&|<>'\"`\\\\\n\t#*?~/=!.,:-]{0,120}|(if|then|fi|do|done|case|esac|in|for|while|\\{|\\}|\\(|\\)|;;|\\[\\[|\\]\\]|<<E|E|\n| |a|\\$\\(|\\$\\{|`){0,40}") {
        let script = parse(&text);
        prop_assert!(script.commands.len() <= COMMANDS_MAX);
    }

    /// What is read as clear, bash reads too: nothing is taken for a command line that is none.
    #[test]
    fn a_quoted_text_is_one_word(text in "\\PC{0,40}") {
        let quoted = format!("echo '{}'", text.replace('\'', "'\\''"));
        let script = parse(&quoted);
        prop_assert_eq!(script.commands.len(), 1);
        prop_assert!(script.commands[0].words[1].text.trim_start_matches("./").contains(text.trim_start_matches("./")));
    }
}
