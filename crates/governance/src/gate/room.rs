//! A budget without room, in the words of whoever is refused.

use civitas_model::budget::Scope;
use civitas_storage::Refusal;

use super::actor::Actor;

/// Why there is no room, as a fragment: money in dollars, and the agent by its name.
pub(super) fn no_room(actor: &Actor, refusal: Refusal) -> String {
    let Refusal::OverBudget {
        scope,
        what,
        cap,
        used,
        reserved,
        asked,
        ..
    } = refusal
    else {
        return refusal.to_string();
    };
    let whose = match &scope {
        Scope::Organisation => "the organisation".to_owned(),
        Scope::Team(name) => format!("the team {name}"),
        Scope::Agent(id) => {
            let agents = actor.agent.iter();
            let mut named = agents.filter(|agent| agent.agent_id == *id);
            let name = named.next().map(|agent| agent.name.as_str());
            format!("the agent {}", name.unwrap_or(id.as_str()))
        }
        Scope::Session(_) => "the session".to_owned(),
    };
    let show = |count: u64| match what {
        "cost" => dollars(count),
        _ => count.to_string(),
    };
    let unit = if what == "cost" { "USD" } else { "tokens" };
    format!(
        "the budget of {whose} has no room for it: {} of {} {unit} are used and {} {unit} reserved, and this call is expected to take {} {unit}",
        show(used),
        show(cap),
        show(reserved),
        show(asked)
    )
}

/// Millionths of a dollar as dollars: cents always, more digits where there are some.
fn dollars(micros: u64) -> String {
    let (units, rest) = (micros / 1_000_000, micros % 1_000_000);
    let rest = format!("{rest:06}");
    let (cents, more) = rest.split_at(2);
    format!("{units}.{cents}{}", more.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_in_dollars() {
        for (micros, text) in [
            (0, "0.00"),
            (12_800_000, "12.80"),
            (1_800, "0.0018"),
            (460, "0.00046"),
            (5_000_001, "5.000001"),
        ] {
            assert_eq!(dollars(micros), text);
        }
    }
}
