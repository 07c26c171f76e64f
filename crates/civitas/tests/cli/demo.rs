//! `civitas demo`.

use crate::run;

#[test]
fn the_bundled_documents_are_understood_and_found() {
    let demo = run(["demo", "--exit"]).ok();
    for name in [
        "supplier-contract.pdf",
        "orders-export.csv",
        "telemetry.jsonl",
    ] {
        assert!(demo.out.contains(name), "{}", demo.out);
    }
    assert!(demo.out.contains("6 of 6 understood"), "{}", demo.out);
    assert!(
        demo.out.contains("page 2 · 5. Late delivery penalty"),
        "{}",
        demo.out
    );
    assert!(
        !demo.out.contains('\u{1b}') && !demo.err.contains('\u{1b}'),
        "no colours in a pipe"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_fails_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.pdf");
    let good = folder.path().join("good.txt");
    std::fs::write(&broken, b"%PDF-1.7\nthis is no document at all").unwrap();
    std::fs::write(&good, "The harbour contract names the harbour master.").unwrap();
    let demo = run([
        "demo".as_ref(),
        "--exit".as_ref(),
        broken.as_os_str(),
        good.as_os_str(),
    ]);
    let demo = demo.fails(1, "not everything worked");
    assert!(demo.out.contains("✗ broken.pdf"), "{}", demo.out);
    assert!(demo.out.contains("1 of 2 understood"), "{}", demo.out);
    assert!(demo.out.contains("harbour"), "{}", demo.out);
}

#[test]
fn what_is_kept_is_there_for_the_next_demo() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("kept").display().to_string();
    for _ in 0..2 {
        run(["demo", "--exit", "--data-dir", &data_dir]).ok();
    }
    assert!(folder.path().join("kept/civitas.db").is_file());
}

#[test]
fn a_demo_for_machines_is_one_json_object() {
    let demo = run(["demo", "--exit", "--json"]).ok().json();
    assert_eq!(demo["documents"].as_array().unwrap().len(), 6);
    assert!(demo["documents"][0]["file_id"].is_string());
    assert!(
        demo["searches"][0]["found"]["total"].as_u64().unwrap() > 0,
        "{demo}"
    );
}
