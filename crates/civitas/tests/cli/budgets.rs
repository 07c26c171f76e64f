//! `civitas budgets`.

use crate::{Server, run};

#[test]
fn budgets_are_set_raised_shown_and_taken_back() {
    let server = Server::start();
    let empty = server.run(["budgets", "list"]).ok();
    assert!(empty.err.contains("nothing is limited"), "{}", empty.err);
    let set = [
        "budgets",
        "set",
        "organisation",
        "--cost",
        "20",
        "--tokens",
        "1000000",
    ];
    let shown = server.run(set).ok().out;
    assert!(shown.contains("0.00 of 20.00"), "{shown}");
    assert!(shown.contains("work waits"), "{shown}");
    let team = [
        "budgets",
        "set",
        "team:platform",
        "--cost",
        "5",
        "--period",
        "rolling",
        "--hours",
        "6",
        "--refuse",
    ];
    server.run(team).ok();
    let listed = server.run(["budgets", "list"]).ok();
    assert!(listed.out.contains("last 6 h"), "{}", listed.out);
    assert!(listed.out.contains("················"), "{}", listed.out);
    assert!(listed.err.contains("2 budgets"), "{}", listed.err);
    let raised = server
        .run([
            "budgets",
            "raise",
            "team:platform",
            "--cost",
            "+2.5",
            "--json",
        ])
        .ok()
        .json();
    assert_eq!(raised["max_cost_usd"], 7.5);
    assert_eq!(raised["window_hours"], 6);
    assert_eq!(raised["waits"], false);
    let raised = server
        .run([
            "budgets",
            "raise",
            "organisation",
            "--tokens",
            "2000000",
            "--json",
        ])
        .ok()
        .json();
    assert_eq!(raised["max_tokens"], 2_000_000);
    assert_eq!(raised["max_cost_usd"], 20.0);
    server
        .run(["budgets", "raise", "organisation", "--cost", "10"])
        .fails(2, "is not more than the 20 of now");
    server
        .run(["budgets", "raise", "team:other", "--cost", "+1"])
        .fails(2, "nothing limits that of team:other");
    server
        .run(["budgets", "show", "agent:nobody"])
        .fails(5, "not found");
    server.run(["budgets", "remove", "team:platform"]).ok();
    let left = server.run(["budgets", "list", "--json"]).ok().json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    run(["budgets", "set", "organisation"]).fails(2, "--cost");
}
