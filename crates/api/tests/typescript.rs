//! The types for TypeScript under the real compiler: what is right compiles, what is wrong does not.
//!
//! The compiler is the script that `CIVITAS_TEST_TSC` names; `cargo xtask test` installs one and says so here.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use std::path::Path;
use std::process::{Command, Output};

/// A client as someone would write it.
const CLIENT: &str = r#"
import type { Answer, Operation, Operations, Success } from "./civitas";

async function call<O extends Operation>(
  operation: O,
  parts: Pick<Operations[O], "params" | "query"> & { body?: Operations[O]["body"] },
): Promise<Success<O>> {
  const [method, path] = operation.split(" ", 2) as [string, string];
  const answer = await fetch(path, { method, body: JSON.stringify(parts.body) });
  return (await answer.json()) as Success<O>;
}

export async function main(): Promise<string> {
  const hook = await call("POST /api/v1/webhooks", {
    params: {}, query: {}, body: { url: "https://example.com/hook", types: ["agent_activated"] },
  });
  const secret: string | null | undefined = hook.secret;
  const list = await call("GET /api/v1/webhooks", { params: {}, query: {} });
  const states: string[] = list.webhooks.map((one) => one.state);
  const page = await call("GET /api/v1/webhooks/{webhook_id}/deliveries", {
    params: { webhook_id: hook.webhook_id }, query: { limit: 5 },
  });
  const problem: Answer<"POST /api/v1/webhooks", 422> | undefined = undefined;
  return `${secret} ${states.length} ${page.deliveries[0]?.log[0]?.duration_ms} ${problem}`;
}
"#;

/// Each is wrong in one way.
const WRONG: &[(&str, &str)] = &[
    (
        r#"export const a: Success<"POST /api/v1/webhooks"> = { webhok_id: "x" } as const;"#,
        "webhok_id",
    ),
    (
        r#"export const b: Operations["POST /api/v1/webhooks"]["body"] = { url: 7 };"#,
        "number",
    ),
    (
        r#"export const c: Operation = "GET /api/v1/nothing";"#,
        "not assignable",
    ),
    (
        r#"export const d: Operations["GET /api/v1/webhooks/{webhook_id}"]["params"] = {};"#,
        "webhook_id",
    ),
];

/// How strictly a client may be compiled: as strictly as the compiler can.
const TSCONFIG: &str = r#"{
  "compilerOptions": {
    "noEmit": true, "strict": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
    "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "lib": ["es2022", "dom"], "types": []
  },
  "files": ["client.ts"]
}"#;

fn compile(tsc: &str, folder: &Path) -> Output {
    let mut command = Command::new("node");
    command.arg(tsc).args(["--project", "tsconfig.json"]);
    command.current_dir(folder).output().unwrap()
}

#[test]
fn a_client_compiles_and_a_wrong_one_does_not() {
    let Some(tsc) = std::env::var("CIVITAS_TEST_TSC")
        .ok()
        .filter(|tsc| !tsc.is_empty())
    else {
        println!("skipped: CIVITAS_TEST_TSC names no TypeScript compiler");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("civitas.d.ts", &civitas_api::typescript());
    write("tsconfig.json", TSCONFIG);
    write("client.ts", CLIENT);
    let output = compile(&tsc, folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for (wrong, named) in WRONG {
        write("client.ts", &format!("{CLIENT}\n{wrong}\n"));
        let output = compile(&tsc, folder.path());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success() && said.contains(named),
            "{wrong}: {said}"
        );
    }
}
