//! `civitas budgets`: what may be spent, and what is.

mod bar;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::output::{self, clean, counted, moment, note, short, table, text};
use super::quantity;
use super::remote::Remote;
use crate::client::Client;
use bar::{Dimension, bar};

/// Budgets of a page.
const PAGE: usize = 500;
/// Cells of a bar in the list, and where there is one budget only.
const CELLS: usize = 16;
const CELLS_WIDE: usize = 40;

/// Know what may be spent and what is; set, raise and take back budgets.
#[derive(Debug, Subcommand)]
pub enum Budgets {
    /// List budgets with what is used (█) and reserved (▒) of them: the organisation, teams, agents, sessions, each by name.
    #[command(
        after_help = "A budget is named organisation, team:NAME, agent:NAME or session:ID. Budgets of a day begin anew at midnight UTC.\n\nExamples:\n  civitas budgets list\n  civitas budgets list --kind agent --all\n  civitas budgets list --json"
    )]
    List(List),
    /// Show a budget: how much is used and reserved, by when it begins anew, who set it.
    #[command(
        after_help = "Examples:\n  civitas budgets show organisation\n  civitas budgets show agent:code-reviewer"
    )]
    Show(Named),
    /// Say what may be spent of a budget, in place of what was said before. Needs a person who administers.
    #[command(
        after_help = "Work that finds no room waits until there is some, or is refused with --refuse. What waits goes on by itself when the\nbudget is raised.\n\nExamples:\n  civitas budgets set organisation --cost 200\n  civitas budgets set team:platform --cost 50 --period rolling --hours 6\n  civitas budgets set session:4f2a --tokens 500000 --refuse"
    )]
    Set(Set),
    /// Give a budget more; whatever waited for it goes on. Needs a person who administers.
    #[command(
        after_help = "Examples:\n  civitas budgets raise organisation --cost +50      # 50 more than now\n  civitas budgets raise agent:code-reviewer --cost 40\n  civitas budgets raise session:4f2a --tokens +100000"
    )]
    Raise(Raise),
    /// Take back what was set: what the registry says of an agent holds again, otherwise nothing limits it.
    #[command(after_help = "Example:\n  civitas budgets remove team:platform")]
    Remove(Named),
}

/// Which budgets.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this kind: organisation, team, agent, session.
    #[arg(long)]
    pub kind: Option<String>,
    /// Also those that nothing limits.
    #[arg(long)]
    pub all: bool,
}

/// Which budget.
#[derive(Debug, Args)]
pub struct Named {
    /// Its name: organisation, team:NAME, agent:NAME or session:ID.
    #[arg(value_name = "BUDGET")]
    pub budget: String,
}

/// Over which time usage counts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Period {
    /// From midnight UTC on.
    Day,
    /// The last hours.
    Rolling,
    /// All of it.
    Life,
}

/// What may be spent.
#[derive(Debug, Args)]
pub struct Set {
    /// Its name: organisation, team:NAME, agent:NAME or session:ID.
    #[arg(value_name = "BUDGET")]
    pub budget: String,
    /// Money, in dollars, such as 12.50.
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true, value_parser = quantity::money)]
    pub cost: Option<f64>,
    /// Tokens.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = quantity::count)]
    pub tokens: Option<u64>,
    /// Over which time; a session's is its life unless said otherwise, another's the day.
    #[arg(long)]
    pub period: Option<Period>,
    /// The hours of a rolling window.
    #[arg(long, value_name = "HOURS")]
    pub hours: Option<u32>,
    /// Refuse work that finds no room, rather than letting it wait.
    #[arg(long)]
    pub refuse: bool,
}

/// How much more.
#[derive(Debug, Args)]
pub struct Raise {
    /// Its name: organisation, team:NAME, agent:NAME or session:ID.
    #[arg(value_name = "BUDGET")]
    pub budget: String,
    /// The money that may be spent from now on, or how much more than now: 100 or +20.
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub cost: Option<String>,
    /// The same of tokens.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pub tokens: Option<String>,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Budgets, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Budgets::List(arguments) => list(&client, &arguments, remote.json).await,
        Budgets::Show(Named { budget }) => show(&find(&client, &budget).await?, remote.json),
        Budgets::Set(arguments) => {
            how_much(arguments.cost.is_some() || arguments.tokens.is_some())?;
            let body = caps(&arguments);
            put(&client, &arguments.budget, &body, remote.json).await
        }
        Budgets::Raise(arguments) => {
            how_much(arguments.cost.is_some() || arguments.tokens.is_some())?;
            let now = find(&client, &arguments.budget).await?;
            let body = raised(&now, &arguments)?;
            put(&client, text(&now, "scope"), &body, remote.json).await
        }
        Budgets::Remove(Named { budget }) => {
            client.delete(&["api", "v1", "budgets", &budget]).await?;
            note(&format!("what was set of {} is taken back", clean(&budget)));
            Ok(())
        }
    }
}

fn how_much(is_said: bool) -> Result<(), Failure> {
    if is_said {
        return Ok(());
    }
    let message = "say how much: --cost AMOUNT, --tokens COUNT, or both";
    Err(Failure::Usage(message.to_owned()))
}

async fn list(client: &Client, arguments: &List, json: bool) -> anyhow::Result<()> {
    let mut budgets = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", PAGE.to_string())];
        query.extend(arguments.kind.clone().map(|kind| ("kind", kind)));
        query.extend((!arguments.all).then(|| ("limited", "true".to_owned())));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.get(&["api", "v1", "budgets"], &query).await?;
        if let Some(Value::Array(found)) = page.get_mut("budgets").map(Value::take) {
            budgets.extend(found);
        }
        cursor = page
            .get("next_cursor")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    // The server has them in the order of ids; people look for names, from the largest scope to the smallest.
    budgets.sort_by_cached_key(|budget| {
        let kind = text(budget, "scope").split(':').next().unwrap_or_default();
        let rank = ["organisation", "team", "agent", "session"];
        (rank.iter().position(|known| *known == kind), name(budget))
    });
    if json {
        return Ok(output::json(&Value::Array(budgets))?);
    }
    let rows: Vec<Vec<String>> = budgets.iter().map(row).collect();
    table(&["BUDGET", "MONEY", "", "TOKENS", "", "PERIOD"], &rows)?;
    note(&match (budgets.len(), arguments.all) {
        (0, false) => {
            "nothing is limited: `civitas budgets set organisation --cost 100` limits it all"
                .to_owned()
        }
        (count, _) => format!("{}; █ is used, ▒ reserved", counted(count, "budget")),
    });
    Ok(())
}

fn row(budget: &Value) -> Vec<String> {
    let [cost, tokens] = Dimension::both(budget);
    vec![
        name(budget),
        bar(&cost, CELLS),
        cost.to_string(),
        bar(&tokens, CELLS),
        tokens.to_string(),
        period(budget),
    ]
}

/// The budget's name as people type it.
fn name(budget: &Value) -> String {
    match budget.get("name").and_then(Value::as_str) {
        Some(agent) => format!("agent:{}", short(agent, 40)),
        None => short(text(budget, "scope"), 46),
    }
}

fn period(budget: &Value) -> String {
    match (text(budget, "period"), &budget["window_hours"]) {
        ("rolling", hours) => format!("last {hours} h"),
        ("life", _) => "life".to_owned(),
        (other, _) => clean(other),
    }
}

async fn find(client: &Client, budget: &str) -> Result<Value, Failure> {
    client.get(&["api", "v1", "budgets", budget], &[]).await
}

fn show(budget: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(output::json(budget)?);
    }
    let fact = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![fact("budget", name(budget))];
    for (name, dimension) in ["money", "tokens"].into_iter().zip(Dimension::both(budget)) {
        rows.push(fact(name, dimension.to_string()));
        let bar = bar(&dimension, CELLS_WIDE);
        if !bar.is_empty() {
            rows.push(fact("", bar));
        }
    }
    let reservations = &budget["reservations"];
    rows.push(fact("reservations", format!("{reservations} are held")));
    let resets = moment(budget, "resets_at");
    let period = period(budget);
    rows.push(fact(
        "period",
        match resets.as_str() {
            "" => period,
            resets => format!("{period}; some is forgotten at {resets}"),
        },
    ));
    let without_room = match budget["waits"].as_bool() {
        Some(true) => "work waits",
        _ => "work is refused",
    };
    rows.push(fact("without room", without_room.to_owned()));
    let said = match (text(budget, "source"), text(budget, "changed_by")) {
        ("set", by) => format!("by {}", clean(by)),
        ("registry", _) => "in the agent's definition".to_owned(),
        _ => "by nobody: nothing limits it".to_owned(),
    };
    rows.push(fact("set", said));
    Ok(table(&["FIELD", "VALUE"], &rows)?)
}

fn caps(arguments: &Set) -> Value {
    let period = arguments.period.map(|period| match period {
        Period::Day => "day",
        Period::Rolling => "rolling",
        Period::Life => "life",
    });
    let mut body = Map::new();
    for (name, value) in [
        ("max_cost_usd", arguments.cost.map(Value::from)),
        ("max_tokens", arguments.tokens.map(Value::from)),
        ("period", period.map(Value::from)),
        ("window_hours", arguments.hours.map(Value::from)),
        ("waits", Some(Value::from(!arguments.refuse))),
    ] {
        body.extend(value.map(|value| (name.to_owned(), value)));
    }
    Value::Object(body)
}

/// What a budget is with a raised cap; everything else stays.
fn raised(now: &Value, arguments: &Raise) -> Result<Value, Failure> {
    let mut body = json!({ "waits": now["waits"], "period": now["period"] });
    for name in ["max_cost_usd", "max_tokens", "window_hours"] {
        if !now[name].is_null() {
            body[name] = now[name].clone();
        }
    }
    if let Some(said) = &arguments.cost {
        body["max_cost_usd"] = more(now, "max_cost_usd", said)?.into();
    }
    if let Some(said) = &arguments.tokens {
        let tokens = more(now, "max_tokens", said)?;
        if tokens.fract() != 0.0 {
            let message = format!("{said} is no whole number of tokens");
            return Err(Failure::Usage(message));
        }
        // A number without a fraction, as the server reads it.
        body["max_tokens"] = serde_json::from_str(&format!("{tokens:.0}")).unwrap_or_default();
    }
    Ok(body)
}

/// The raised cap: `+20` is so much more than now.
fn more(now: &Value, name: &str, said: &str) -> Result<f64, Failure> {
    let budget = clean(text(now, "scope"));
    let Some(cap) = now[name].as_f64() else {
        let message =
            format!("nothing limits that of {budget}: `civitas budgets set {budget}` would");
        return Err(Failure::Usage(message));
    };
    let number = said.strip_prefix('+').unwrap_or(said).parse::<f64>();
    let raised = number
        .ok()
        .filter(|number| number.is_finite() && *number >= 0.0)
        .map(|number| {
            if said.starts_with('+') {
                cap + number
            } else {
                number
            }
        })
        .ok_or_else(|| {
            let message = format!("{said} is no amount: write 100, or +20 for 20 more than now");
            Failure::Usage(message)
        })?;
    if raised <= cap {
        let message = format!(
            "{raised} is not more than the {cap} of now: `civitas budgets set {budget}` lowers it"
        );
        return Err(Failure::Usage(message));
    }
    Ok(raised)
}

async fn put(client: &Client, budget: &str, body: &Value, json: bool) -> anyhow::Result<()> {
    let now = client.put(&["api", "v1", "budgets", budget], body).await?;
    show(&now, json)
}
