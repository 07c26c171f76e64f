//! Telemetry: each part of it counts once, however it arrives.

use std::collections::HashMap;
use std::time::Duration;

use civitas_model::budget::Scope;
use civitas_model::telemetry::{
    EventKind, Gap, MetricPoint, ModelRequest, SessionFacts, TelemetryEvent, TelemetrySession,
    Temporality, TokenCounts,
};
use civitas_model::{Money, TenantId};
use civitas_storage::execution::Sweep;
use civitas_storage::{
    AuditFilter, Change, IngestTelemetry, MetricFilter, RequestFilter, SessionFilter, SessionReport,
};

use crate::agents::{agent, insert};
use crate::audit::audit_entry;
use crate::fixture::{Fixture, START, at, id, other_tenant, tenant};

fn request(session: &str, name: &str, number: u64) -> ModelRequest {
    ModelRequest {
        session_id: session.into(),
        request_id: name.into(),
        at: at(i64::try_from(number).unwrap() * 1_000_000),
        sequence: Some(number),
        model: "claude-opus".into(),
        query_source: Some("main".into()),
        agent_name: None,
        agent_id: None,
        prompt_id: Some("p".into()),
        tokens: TokenCounts {
            input: 10,
            output: 20,
            cache_read: 300,
            cache_creation: 4,
        },
        cost: Some(Money::from_micros(1_500)),
        duration_ms: Some(250),
    }
}

fn event(session: &str, number: u64, kind: EventKind) -> TelemetryEvent {
    TelemetryEvent {
        session_id: session.into(),
        event_key: format!("{number:016x}-abc"),
        name: "claude_code.tool_result".into(),
        kind,
        at: at(i64::try_from(number).unwrap() * 1_000_000),
        sequence: Some(number),
        prompt_id: None,
        tool_use_id: Some("toolu_1".into()),
        agent_name: None,
        attributes: "{\"ä\":1}".into(),
    }
}

fn point(session: &str, time_ns: i64, value: f64) -> MetricPoint {
    MetricPoint {
        session_id: session.into(),
        metric: "claude_code.token.usage".into(),
        model: "claude-opus".into(),
        kind: "input".into(),
        series: "series".into(),
        temporality: Temporality::Delta,
        started_ns: 0,
        time_ns,
        value,
    }
}

fn report(t: &Fixture, tenant: &TenantId, session: &str) -> SessionReport {
    SessionReport {
        session_id: session.into(),
        facts: SessionFacts {
            agent_name: Some("coder".into()),
            user_email: Some("ada@example.com".into()),
            ..SessionFacts::default()
        },
        requests: Vec::new(),
        events: Vec::new(),
        points: Vec::new(),
        begun: audit_entry(t, tenant, "u", "begin_session"),
        charged: audit_entry(t, tenant, "u", "charge"),
        charged_salt: [7; 32],
        metric_ids: HashMap::new(),
    }
}

fn of(tenant: &TenantId, report: SessionReport) -> IngestTelemetry {
    IngestTelemetry {
        tenant_id: tenant.clone(),
        sessions: vec![report],
    }
}

async fn take(t: &Fixture, requests: Vec<ModelRequest>, events: Vec<TelemetryEvent>) {
    let mut report = report(t, &tenant(), "s");
    let name = format!("m{}", requests.len() + events.len());
    report.metric_ids = HashMap::from([(None, id(&name)), (Some("sub".into()), id("sub-m"))]);
    report.requests = requests;
    report.events = events;
    t.commit(of(&tenant(), report)).await;
}

async fn session(t: &Fixture) -> TelemetrySession {
    let found = t.store.telemetry().session(&tenant(), "s").await.unwrap();
    found.unwrap()
}

pub async fn a_repeated_report_changes_nothing(t: Fixture) {
    let requests = || vec![request("s", "r1", 1), request("s", "r2", 3)];
    let events = || {
        vec![
            event("s", 2, EventKind::ToolResult(true)),
            event("s", 4, EventKind::Error),
        ]
    };
    let metered = async || {
        t.store
            .telemetry()
            .is_metered(&tenant(), "s", at(0))
            .await
            .unwrap()
    };
    assert!(!metered().await);
    take(&t, Vec::new(), vec![event("s", 5, EventKind::Prompt)]).await;
    assert!(!metered().await, "nothing says what the session costs");
    take(&t, requests(), events()).await;
    let once = session(&t).await;
    assert!(metered().await);
    assert_eq!(once.counts.requests, 2);
    assert_eq!(once.counts.events, 3);
    assert_eq!(
        (
            once.counts.prompts,
            once.counts.errors,
            once.counts.tools_succeeded
        ),
        (1, 1, 1)
    );
    assert_eq!(once.cost, Money::from_micros(3_000));
    assert_eq!(once.tokens.cache_read, 600);
    assert_eq!(once.models, ["claude-opus"]);
    assert_eq!(once.facts.user_email.as_deref(), Some("ada@example.com"));
    assert_eq!((once.missing, once.last_sequence), (0, Some(5)));
    let charged = async || {
        let audit = t.store.audit();
        let all = audit.page_after(&tenant(), 0, 100).await.unwrap();
        let all = all.into_iter();
        let charges = all.filter(|stored| stored.entry.action == "charge");
        charges.collect::<Vec<_>>()
    };
    let entries = charged().await;
    assert_eq!(entries.len(), 1, "one for the batch and the session");
    let body: serde_json::Value =
        serde_json::from_str(&entries[0].body.as_ref().unwrap().text).unwrap();
    assert_eq!(body["charges"][0]["requests"], 2);
    assert_eq!(body["charges"][0]["amount"]["cost"], 0.003);
    take(&t, requests(), events()).await;
    // Twice in one report, too.
    let twice: Vec<_> = requests().into_iter().chain(requests()).collect();
    take(&t, twice, events().into_iter().chain(events()).collect()).await;
    assert_eq!(session(&t).await, once);
    let telemetry = t.store.telemetry();
    let filter = RequestFilter::default();
    let listed = telemetry.model_requests(&tenant(), &filter, 9).await;
    assert_eq!(listed.unwrap().len(), 2);
    let kept = telemetry
        .session_events(&tenant(), "s", None, 9)
        .await
        .unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].attributes, "{\"ä\":1}");
    let all = AuditFilter::default();
    let entries = t.store.audit().list(&tenant(), &all, 9, 0).await.unwrap();
    let actions: Vec<&str> = entries.iter().map(|one| &*one.entry.action).collect();
    assert_eq!(actions, ["charge", "begin_session"], "each once");
}

pub async fn gaps_are_known_until_late_events_close_them(t: Fixture) {
    let of = |numbers: &[u64]| {
        let events = numbers.iter();
        events
            .map(|number| event("s", *number, EventKind::Other))
            .collect::<Vec<_>>()
    };
    take(&t, Vec::new(), of(&[1, 2, 5])).await;
    take(&t, vec![request("s", "r", 9)], Vec::new()).await;
    let found = session(&t).await;
    let gap = |first, last| Gap { first, last };
    assert_eq!(found.gaps, [gap(3, 4), gap(6, 8)]);
    assert_eq!(found.missing, 5);
    let gappy = |has_gaps| SessionFilter {
        has_gaps: Some(has_gaps),
        ..SessionFilter::default()
    };
    let count = async |filter: &SessionFilter| {
        let found = t.store.telemetry().sessions(&tenant(), filter, 9).await;
        found.unwrap().len()
    };
    assert_eq!(count(&gappy(true)).await, 1);
    take(&t, Vec::new(), of(&[4, 3])).await;
    take(&t, Vec::new(), of(&[6, 7, 8])).await;
    let found = session(&t).await;
    assert_eq!((found.gaps, found.missing), (Vec::new(), 0));
    assert_eq!(found.counts.events, 8);
    assert_eq!(count(&gappy(true)).await, 0);
    assert_eq!(count(&gappy(false)).await, 1);
}

pub async fn a_fuller_report_of_a_request_adds_the_difference(t: Fixture) {
    let mut bare = request("s", "r", 1);
    bare.cost = None;
    bare.sequence = None;
    bare.tokens.output = 5;
    take(&t, vec![bare.clone()], Vec::new()).await;
    assert_eq!(session(&t).await.counts.unpriced, 1);
    take(&t, vec![request("s", "r", 1)], Vec::new()).await;
    let full = session(&t).await;
    assert_eq!(full.counts.requests, 1);
    assert_eq!(full.counts.unpriced, 0);
    assert_eq!(full.tokens, request("s", "r", 1).tokens);
    assert_eq!(full.cost, Money::from_micros(1_500));
    assert_eq!(full.duration_ms, 250);
    // One that knows less takes nothing back.
    take(&t, vec![bare], Vec::new()).await;
    assert_eq!(session(&t).await, full);
}

pub async fn an_agent_moves_by_what_its_requests_used(t: Fixture) {
    let mut coder = agent("coder");
    coder.metadata.tags = vec!["team:core".into()];
    t.commit(insert(coder)).await;
    let mut sub = agent("sub");
    sub.name = "sub".into();
    t.commit(insert(sub)).await;
    let mut of_sub = request("s", "r2", 2);
    of_sub.agent_name = Some("sub".into());
    let mut of_stranger = request("s", "r3", 3);
    of_stranger.agent_name = Some("stranger".into());
    let requests = vec![request("s", "r1", 1), of_sub, of_stranger];
    take(&t, requests.clone(), Vec::new()).await;
    take(&t, requests, Vec::new()).await;
    let found = async |name: &str| {
        let found = t.store.agents().find(&tenant(), &id(name)).await.unwrap();
        found.unwrap()
    };
    // Whom nobody registered works for the session's agent. What the cache gave costs money and no tokens.
    let coder = found("coder").await;
    assert_eq!(coder.budget.tokens_used_today, 2 * 34);
    assert_eq!(coder.budget.cost_used_today, Money::from_micros(3_000));
    assert_eq!(coder.last_active_at, Some(t.store.clock().now()));
    assert!((coder.performance.avg_execution_time_ms - 250.0).abs() < 1e-9);
    let sub = found("sub").await;
    assert_eq!(sub.budget.cost_used_today, Money::from_micros(1_500));
    // The pools of all that pay, once.
    let scopes = [
        Scope::Organisation,
        Scope::Team("core".into()),
        Scope::Agent(id("coder")),
        Scope::Session("s".into()),
    ];
    let pools = t.store.budgets().state(&tenant(), &scopes).await.unwrap();
    let used: Vec<_> = pools
        .iter()
        .map(|pool| (pool.used.cost.as_micros(), pool.used.tokens))
        .collect();
    assert_eq!(used, [(4_500, 102), (3_000, 68), (3_000, 68), (4_500, 102)]);
    let filter = MetricFilter::default();
    let sum = t.store.metrics().summary(&tenant(), &filter).await.unwrap();
    assert_eq!((sum.count, sum.api_calls), (2, 3));
    let session = session(&t).await;
    assert_eq!(session.agent_id, Some(id("coder")));
    let of_coder = RequestFilter {
        agent_id: Some(id("coder")),
        ..RequestFilter::default()
    };
    let telemetry = t.store.telemetry();
    let listed = telemetry
        .model_requests(&tenant(), &of_coder, 9)
        .await
        .unwrap();
    let names: Vec<_> = listed.iter().map(|one| one.agent_name.as_deref()).collect();
    assert_eq!(names, [Some("stranger"), Some("coder")]);
}

pub async fn metrics_are_totals_by_session_model_and_type(t: Fixture) {
    let points = || vec![point("s", 10, 5.0), point("s", 20, 2.0)];
    for _ in 0..2 {
        let mut report = report(&t, &tenant(), "s");
        report.points = points();
        let mut other = point("s", 20, 9.0);
        other.series = "other".into();
        other.kind = "output".into();
        report.points.push(other);
        t.commit(of(&tenant(), report)).await;
    }
    let telemetry = t.store.telemetry();
    let totals = telemetry.totals(&tenant(), "s").await.unwrap();
    let totals: Vec<(&str, f64)> = totals
        .iter()
        .map(|total| (total.kind.as_str(), total.total))
        .collect();
    assert_eq!(totals, [("input", 7.0), ("output", 9.0)]);
    assert_eq!(session(&t).await.cost, Money::default());
}

const DAY: i64 = 86_400_000_000;

/// A session a day with one request each.
async fn three_days(t: &Fixture) {
    for (number, name) in (0_i64..).zip(["s1", "s2", "s3"]) {
        let mut report = report(t, &tenant(), name);
        let mut request = request(name, "r", 1);
        request.at = at(number * DAY);
        request.model = format!("model-{}", number % 2);
        request.cost = (number > 0).then(|| Money::from_micros(1_000));
        report.requests = vec![request];
        t.commit(of(&tenant(), report)).await;
    }
}

pub async fn telemetry_is_listed_in_pages(t: Fixture) {
    three_days(&t).await;
    let telemetry = t.store.telemetry();
    let (mut filter, mut seen) = (SessionFilter::default(), Vec::new());
    loop {
        let page = telemetry.sessions(&tenant(), &filter, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some((last.last_seen_at, last.session_id.clone()));
        seen.extend(page.into_iter().map(|session| session.session_id));
    }
    assert_eq!(seen, ["s3", "s2", "s1"]);
    let (mut filter, mut seen) = (RequestFilter::default(), Vec::new());
    loop {
        let page = telemetry
            .model_requests(&tenant(), &filter, 2)
            .await
            .unwrap();
        let Some(last) = page.last().cloned() else {
            break;
        };
        filter.after = Some((last.at, last.session_id, last.request_id));
        seen.extend(page.into_iter().map(|request| request.session_id));
    }
    assert_eq!(seen, ["s3", "s2", "s1"]);
    let users = SessionFilter {
        user: Some("ada@example.com".into()),
        agent_name: Some("coder".into()),
        since: Some(at(DAY)),
        until: Some(at(2 * DAY)),
        ..SessionFilter::default()
    };
    let found = telemetry.sessions(&tenant(), &users, 9).await.unwrap();
    assert_eq!(found.len(), 1);
}

pub async fn requests_are_added_up_by_model_agent_and_day(t: Fixture) {
    three_days(&t).await;
    let telemetry = t.store.telemetry();
    let all = RequestFilter::default();
    let by_model = telemetry.by_model(&tenant(), &all).await.unwrap();
    let by_model: Vec<_> = by_model
        .iter()
        .map(|(name, sum)| {
            (
                name.as_str(),
                sum.requests,
                sum.unpriced,
                sum.cost.as_micros(),
            )
        })
        .collect();
    assert_eq!(
        by_model,
        [("model-0", 2, 1, 1_000), ("model-1", 1, 0, 1_000)]
    );
    let by_agent = telemetry.by_agent(&tenant(), &all).await.unwrap();
    assert_eq!(by_agent.len(), 1);
    assert_eq!(
        (by_agent[0].0.as_str(), by_agent[0].1.requests),
        ("coder", 3)
    );
    let since = RequestFilter {
        since: Some(at(DAY)),
        ..RequestFilter::default()
    };
    let by_day = telemetry.by_day(&tenant(), &since).await.unwrap();
    assert_eq!(by_day.len(), 2);
    assert!(by_day[0].0 > by_day[1].0);
    assert_eq!(by_day[0].1.tokens.output, 20);
}

pub async fn old_telemetry_is_swept(t: Fixture) {
    let first = vec![event("s", 2, EventKind::Other)];
    take(&t, vec![request("s", "r1", 1)], first).await;
    let sweep = || {
        Change::Sweep(Sweep {
            unused_since: at(0),
            records_applied: 0,
        })
    };
    t.clock.advance(Duration::from_hours(31 * 24));
    take(&t, Vec::new(), vec![event("s", 3, EventKind::Other)]).await;
    t.commit(sweep()).await;
    let telemetry = t.store.telemetry();
    let events = async || {
        let found = telemetry.session_events(&tenant(), "s", None, 9).await;
        found.unwrap().len()
    };
    assert_eq!(events().await, 1);
    assert!(telemetry.is_metered(&tenant(), "s", at(0)).await.unwrap());
    t.clock.advance(Duration::from_hours(801 * 24));
    t.commit(sweep()).await;
    let all = RequestFilter::default();
    let requests = telemetry.model_requests(&tenant(), &all, 9).await.unwrap();
    assert_eq!((requests.len(), events().await), (0, 0));
    assert_eq!(telemetry.session(&tenant(), "s").await.unwrap(), None);
}

pub async fn another_tenants_telemetry_stays_its_own(t: &Fixture) {
    let b = other_tenant();
    let full = |tenant: &TenantId| {
        let mut report = report(t, tenant, "s");
        report.requests = vec![request("s", "r", 1)];
        report.events = vec![event("s", 2, EventKind::Other)];
        report.points = vec![point("s", START, 1.0)];
        of(tenant, report)
    };
    t.commit(full(&tenant())).await;
    let mine = session(t).await;
    let telemetry = t.store.telemetry();
    let all = RequestFilter::default();
    assert_eq!(telemetry.session(&b, "s").await.unwrap(), None);
    assert!(!telemetry.is_metered(&b, "s", at(0)).await.unwrap());
    let sessions = telemetry.sessions(&b, &SessionFilter::default(), 9).await;
    assert_eq!(sessions.unwrap(), []);
    assert_eq!(telemetry.model_requests(&b, &all, 9).await.unwrap(), []);
    let events = telemetry.session_events(&b, "s", None, 9).await.unwrap();
    assert_eq!(events, []);
    assert_eq!(telemetry.totals(&b, "s").await.unwrap(), []);
    assert_eq!(telemetry.by_model(&b, &all).await.unwrap(), []);
    assert_eq!(telemetry.by_agent(&b, &all).await.unwrap(), []);
    assert_eq!(telemetry.by_day(&b, &all).await.unwrap(), []);
    // The same ids are new to another tenant.
    t.commit(full(&b)).await;
    assert_eq!(
        telemetry
            .session(&b, "s")
            .await
            .unwrap()
            .unwrap()
            .counts
            .requests,
        1
    );
    assert_eq!(session(t).await, mine);
}
