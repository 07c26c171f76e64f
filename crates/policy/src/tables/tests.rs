//! The default tables, and what is refused.

use super::*;

fn refused(change: impl FnOnce(&str) -> String) -> String {
    Tables::from_toml(&change(DEFAULTS))
        .unwrap_err()
        .to_string()
}

#[test]
fn the_defaults_are_valid_and_survive_a_round_trip() {
    let tables = Tables::defaults().unwrap();
    assert_eq!(tables.roles.len(), 10);
    assert_eq!(
        Tables::from_json(&serde_json::to_string(&tables).unwrap()).unwrap(),
        tables
    );
    assert_eq!(
        Tables::from_toml(&toml::to_string(&tables).unwrap()).unwrap(),
        tables
    );
}

#[test]
fn errors_point_to_the_place_and_say_what_to_do() {
    let error = refused(|text| {
        text.replace(
            "[\"src/**\", \"tests/**\", \"scripts/**\"",
            "[\"src/**\", \"tests/**/../x\", \"scripts/**\"",
        )
    });
    assert!(
        error.starts_with("roles.developer.paths[1]: a scope holds `..`"),
        "{error}"
    );
    let error = refused(|text| text.replace("level = 10", "level = 11"));
    assert_eq!(error, "roles.admin.level: 11 is above 10");
    let error = refused(|text| text.replace("KillShell = [\"admin\"]", "KillShell = [\"root\"]"));
    assert!(
        error.starts_with("fallback.KillShell[0]: there is no role `root`: the roles are admin,"),
        "{error}"
    );
    let error = refused(|text| text.replace("notify_usd = 10", "notify_usd = 30"));
    assert_eq!(
        error,
        "costs: the thresholds must rise: notify_usd, approve_usd, terminate_usd"
    );
    let error = refused(|text| text.replace("usd_per_day = 100", "usd_per_day = nan"));
    assert!(error.starts_with("roles.admin.usd_per_day: NaN"), "{error}");
    let error = refused(|text| text.replace("[roles.admin]", "[roles.system]"));
    assert!(error.contains("kept for calls without an agent"), "{error}");
}

#[test]
fn a_field_that_does_not_exist_is_refused_with_its_line() {
    let error = refused(|text| text.replace("mode = \"enforce\"", "mood = \"enforce\""));
    assert!(
        error.starts_with("line 6, column 1: unknown field `mood`"),
        "{error}"
    );
    assert!(
        Tables::from_json("{")
            .unwrap_err()
            .to_string()
            .starts_with("line 1, column 1")
    );
    assert!(Tables::from_toml(&" ".repeat(300_000)).is_err());
}

#[test]
fn estimates_follow_price_and_weight() {
    let tables = Tables::defaults().unwrap();
    // 5,000 tokens × 3 USD per million × 2.
    assert_eq!(tables.estimate("Task"), (5_000, 30_000));
    assert_eq!(tables.estimate("Agent"), (5_000, 30_000));
    assert_eq!(tables.estimate("Read"), (100, 150));
    assert_eq!(tables.estimate("Nonesuch"), (500, 1_500));
}

#[test]
fn spending_escalates() {
    let tables = Tables::defaults().unwrap();
    let actions: Vec<CostAction> = [9.99, 10.0, 25.0, 50.0]
        .map(|usd| tables.cost_action(usd))
        .into();
    assert_eq!(
        actions,
        [
            CostAction::None,
            CostAction::Notify,
            CostAction::PauseAndApprove,
            CostAction::Terminate
        ]
    );
}

#[test]
fn approvers_are_people() {
    let with = |name: &str| {
        let all = "approvers = [\"human\", \"admin\"]";
        assert!(DEFAULTS.contains(all));
        Tables::from_toml(&DEFAULTS.replace(all, &format!("approvers = [\"{name}\"]")))
    };
    for name in [
        "human",
        "operator",
        "admin",
        "ada+boss@example.com",
        "01990000-0000-7000-8000-000000000000",
    ] {
        assert_eq!(with(name).unwrap().approvers("production_deploy"), [name]);
    }
    let refused = |name: &str| with(name).unwrap_err().to_string();
    let error = refused("security");
    assert!(
        error.contains("escalations.production_deploy.approvers[0]")
            && error.contains("`security` is a role of agents")
            && error.contains("human, operator, admin"),
        "{error}"
    );
    for name in [
        "somebody",
        "@example.com",
        "ada@",
        "viewer",
        "",
        "a b@example.com",
    ] {
        assert!(refused(name).contains("is nobody"), "{name}");
    }
}
