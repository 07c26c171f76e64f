//! Ways to hide a command from a reader of the command line that bash runs all the same.

use super::{bash, none_is_allowed};
use crate::decision::Outcome::{Allow, Ask, Deny};
use crate::effects::effects;
use crate::shell::parse;

/// One form a line, each of which bash was seen to run; `⏎` stands for the end of a line, `@CMD@` for the command.
const FORMS: &str = include_str!("hidden.txt");

#[test]
fn what_bash_runs_is_found_or_asked_about() {
    for role in ["developer", ""] {
        let allowed: Vec<&str> = FORMS
            .lines()
            .filter(|form| {
                let command = form.replace('⏎', "\n").replace("@CMD@", "rm -rf /");
                bash(role, &command).outcome == Allow
            })
            .collect();
        assert!(allowed.is_empty(), "allowed: {allowed:#?}");
    }
}

#[test]
fn nothing_is_sent_by_hand() {
    none_is_allowed(&[
        "curl -s -m 3 telnet://127.0.0.1:8611 < src/req",
        "curl -T src/req telnet://127.0.0.1:8611",
        "curl telnet://127.0.0.1:8611 <<E\nPOST /api/v1/approvals/P1/approve HTTP/1.1\nE",
        "curl dict://127.0.0.1:8611/x",
        "curl smtp://127.0.0.1:8611",
        "curl gopher://127.0.0.1:8611/_POST%20/api/v1/approvals/P1/approve",
        "curl GOPHER://example.com/x",
        "curl ftp://127.0.0.1:8611/x",
        "curl dict.localhost:8611/x",
        "curl --proto-default telnet 127.0.0.1:8611",
        "curl '{telnet,http}://127.0.0.1:8611/x'",
        "curl --url telnet://127.0.0.1:8611",
        "S=telnet; curl \"$S://127.0.0.1:8611\" < src/req",
        "for u in http://a.example telnet://127.0.0.1:8611; do curl $u; done",
        "U=$(cat src/u); curl \"$U\"",
        "curl \"$(cat src/u)\"",
        "f() { curl \"$1\"; }; f telnet://127.0.0.1:8611",
        "lynx -dump gopher://127.0.0.1:8611/x",
        "curl -H $'X: y\\r\\n\\r\\nPOST /api/v1/approvals/P1/approve HTTP/1.1' http://127.0.0.1:8611/x",
        "curl -H 'Content-Length: 1' -d 'xPOST /api/v1/approvals/P1/approve HTTP/1.1' http://127.0.0.1:8611/x",
        "curl --head -X DELETE http://127.0.0.1:8611/api/v1/agents/1",
        "http --form POST :8611/api/v1/agents name=x",
        "redis-cli -p 8611 --pipe < src/req",
        "wscat -c ws://127.0.0.1:8611",
    ]);
}

#[test]
fn settings_and_options_that_name_programs_ask() {
    none_is_allowed(&[
        "GIT_SEQUENCE_EDITOR='rm x' git rebase -i main",
        "GH_PAGER='sh -c x' gh pr list",
        "AWS_PAGER=src/x aws s3 ls",
        "LESS='+!id' less src/a",
        "CC=src/x make",
        "RUSTC_WRAPPER=src/x cargo build",
        "RUSTFLAGS=-Clinker=src/x cargo build",
        "for CC in src/x; do make; done",
        "read PATH < src/a; ls",
        "env BASH_CMDS=x ls",
        "BASH_CMDS[ls]=/bin/rm; ls -rf src",
        "XDG_CONFIG_HOME=src git status",
        "export \"$(cat src/a)\"",
        "git -c include.path=src/x status",
        "git -c diff.x.textconv=id show",
        "git -c filter.x.clean=id add src",
        "git -c mergetool.x.cmd=id mergetool",
        "git -c interactive.diffFilter=id add -p",
        "git -c core.gitProxy=id fetch",
        "git -c init.templateDir=src/t init src/x",
        "git -c \"$X\" status",
        "git --exec-path=src/x status",
        "git clone --template=src/t https://example.com/x src/y",
        "git clone -c core.fsmonitor=id https://example.com/x src/y",
        "git config core.hooksPath src/hooks",
        "git send-email --sendmail-cmd=id src/x",
        "git ls-remote --upload-pa=id .",
        "git difftool -yx id HEAD",
        "git rebase -ix id main",
        "git --unknown x push origin main",
        "tar --checkpoint-act=exec=id -cf src/a.tar src",
        "tar --use-comp=id -xf src/a.tar",
        "tar -xf src/a.tar --rmt-c=id",
        "tar cIf id src/a.tar src",
        "make --ev='$(shell id)'",
        "make -E '$(shell id)'",
        "make CC='id; id'",
        "sftp -D id host",
        "ssh -F src/config host",
        "ssh -oProxyCommand=id host",
        "scp -o ProxyCommand=id src/a host:",
        "rg --pre=id x src",
        "ack --pager=id x src",
        "split --filter=id src/a",
        "go test -exec id ./...",
        "gdb -batch -ex 'she id' src/a",
        "gdb -batch -ex 'run $(id)' src/a",
        "sqlite3 src/a.db '.shell id'",
        "sqlite3 src/a.db '.read |id'",
        "echo .system id | sqlite3 src/a.db",
        "sqlite3 src/a.db \"select readfile('.env')\"",
        "sqlite3 src/a.db \"select writefile('x', 'y')\"",
        "psql -c '\\! id'",
        "psql -c \"\\\\copy t from program 'id'\"",
        "mysql -e 'system id'",
        "tclsh <<< 'exec id'",
        "yq 'load_str(\".env\")' src/a",
        "awk 'BEGIN{while((getline l < \".env\")>0) print l}'",
        "awk 'BEGIN{print \"x\" > \"/etc/cron.d/x\"}'",
        "awk '{print > $1}' src/a",
        "p='BEGIN{system(\"id\")}'; awk \"$p\"",
        "b='x/e'; sed \"s/a/$b\" src/a",
    ]);
}

#[test]
fn other_agents_are_started_as_the_tables_say() {
    let outcome = |role: &str, command: &str| bash(role, command).outcome;
    assert_eq!(outcome("developer", "claude -p 'explain src/a'"), Allow);
    assert_eq!(outcome("tester", "claude -p 'explain src/a'"), Deny);
    for command in [
        "claude -p --agent boss 'cat .env'",
        "claude --dangerously-skip-permissions --settings '{\"disableAllHooks\":true}' -p x",
        "codex exec --dangerously-bypass-approvals-and-sandbox x",
        "CLAUDE_CONFIG_DIR=/tmp/x claude -p x",
        "claude mcp add x -- sh -c y",
        "sudo -u x env CLAUDE_CONFIG_DIR=src claude",
        "cd src && claude -p x",
    ] {
        assert_eq!(outcome("developer", command), Deny, "{command}");
        assert_eq!(outcome("admin", command), Ask, "{command}");
    }
}

#[test]
fn words_that_the_script_makes_are_judged() {
    none_is_allowed(&[
        "X=.env; iconv $X",
        "X=.env; something $X",
        "something .en{v,x}",
        "A=.en; B=v; git diff --no-index /dev/null $A$B",
        "something .e${x}nv",
        "something ${x:-.env}",
        "for f in .env; do something \"$f\"; done",
        "rg . -g .env --hidden",
        "rg --glob='.e*' .",
        "grep -r . --include=.env src",
        "git grep '' -- '.e*'",
        "tar xOf src/x.tar ./.env",
        "unzip -p src/x.zip .env",
        "sqlite3 'file:d1/civitas.db?mode=rw' 'update x'",
        "sqlite3 :memory: \"attach 'd1/civitas.db' as c\"",
        "sqlite3 d1/civ{itas,x}.db",
        "cp -r config src/c",
        "tar xf src/x.tar .claude/settings.json",
        "unzip -o src/x.zip .claude/settings.json",
        "git clone https://example.com/x .claude/agents",
        "git grep '' ':.e*'",
        "mv config src/c",
    ]);
}

/// Each option of each program that reads stands once before a secret, and once before a value and a secret.
#[test]
fn no_option_hides_the_file_after_it() {
    let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let mut hidden = Vec::new();
    for program in [
        "cat",
        "tac",
        "nl",
        "rev",
        "strings",
        "base64",
        "less",
        "more",
        "bat",
        "wc",
        "file",
        "head",
        "tail",
        "od",
        "xxd",
        "hexdump",
        "sort",
        "shuf",
        "cut",
        "paste",
        "column",
        "fold",
        "fmt",
        "uniq",
        "comm",
        "join",
        "diff",
        "cmp",
        "zcat",
        "iconv",
        "pr",
        "expand",
        "cksum",
        "sha256sum",
        "gzip",
        "xz",
        "zstd",
        "tee",
        "rm",
        "unknown",
    ] {
        for letter in letters.clone() {
            for command in [
                format!("{program} -{letter} .env"),
                format!("{program} -{letter} x .env"),
                format!("{program} -{letter}x .env"),
            ] {
                let found = effects(&parse(&command).commands[0]);
                if !found.iter().any(|effect| effect.target.text == ".env") {
                    hidden.push(command);
                }
            }
        }
    }
    assert!(hidden.is_empty(), "not seen: {hidden:#?}");
}
