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
    server.run(["budgets", "remove", "team:platform"]).ok();
    let left = server.run(["budgets", "list", "--json"]).ok().json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    refused(&server);
}

/// What makes no sense is refused before anything changes.
fn refused(server: &Server) {
    server
        .run(["budgets", "raise", "organisation", "--cost", "10"])
        .fails(2, "is not more than the 20 of now");
    server
        .run(["budgets", "raise", "team:other", "--cost", "+1"])
        .fails(2, "nothing limits that of team:other");
    server
        .run(["budgets", "show", "agent:nobody"])
        .fails(5, "not found");
    run(["budgets", "set", "organisation"]).fails(2, "--cost");
}

#[test]
fn amounts_are_refused_in_words_and_budgets_listed_by_name() {
    let server = Server::start();
    let set = |budget: &str, options: &[&str]| {
        server.run(["budgets", "set", budget].iter().chain(options))
    };
    set("organisation", &[]).fails(2, "--cost AMOUNT, --tokens COUNT, or both");
    set("team:x", &["--cost", "-5"]).fails(2, "an amount of dollars, 0 or more");
    set("team:x", &["--cost", "abc"]).fails(2, "such as 12.50");
    set("team:x", &["--tokens", "-5"]).fails(2, "a whole number, 0 or more");
    set(
        "session:s",
        &["--hours", "5000", "--period", "rolling", "--tokens", "5"],
    )
    .fails(1, "--hours");
    for budget in ["team:b", "session:a", "team:a", "organisation"] {
        set(budget, &["--tokens", "500"]).ok();
    }
    server
        .run(["budgets", "raise", "team:a"])
        .fails(2, "--tokens COUNT");
    let listed = server.run(["budgets", "list"]).ok();
    let names: Vec<&str> = listed
        .out
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["organisation", "team:a", "team:b", "session:a"]);
}
