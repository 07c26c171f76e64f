//! A report, sorted by session.

use std::collections::HashMap;

use bytes::Bytes;
use civitas_model::Timestamp;
use civitas_model::telemetry::{MetricPoint, ModelRequest, SessionFacts, TelemetryEvent};
use civitas_otlp::{Encoding, Malformed, Rejected};

use super::{TelemetrySettings, logs, metrics, spans};

/// What a report says, by session.
pub(super) struct Batch {
    pub(super) rejected: Rejected,
    pub(super) sessions: Vec<Session>,
}

/// What a report says of one session.
#[derive(Default)]
pub(super) struct Session {
    pub(super) session_id: String,
    pub(super) facts: SessionFacts,
    pub(super) requests: Vec<ModelRequest>,
    pub(super) events: Vec<TelemetryEvent>,
    pub(super) points: Vec<MetricPoint>,
}

/// What a record says.
pub(super) enum Said {
    Request(ModelRequest),
    Event(TelemetryEvent),
}

impl Session {
    pub(super) fn say(&mut self, said: Said) {
        match said {
            Said::Request(request) => self.requests.push(request),
            Said::Event(event) => self.events.push(event),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len() + self.events.len() + self.points.len()
    }

    fn sort(&mut self) {
        self.requests
            .sort_by_key(|request| (request.at, request.sequence));
        self.events.sort_by_key(|event| (event.at, event.sequence));
        self.points.sort_by_key(|point| point.time_ns);
    }

    /// The same in pieces of at most so many records, in the order of their times.
    pub(super) fn pieces(mut self, max: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        while self.len() > max {
            let mut piece = Self {
                session_id: self.session_id.clone(),
                facts: self.facts.clone(),
                ..Self::default()
            };
            let mut room = max;
            piece.requests = front(&mut self.requests, &mut room);
            piece.events = front(&mut self.events, &mut room);
            piece.points = front(&mut self.points, &mut room);
            pieces.push(piece);
        }
        pieces.push(self);
        pieces
    }
}

/// Takes as many from the front as there is room for.
fn front<T>(all: &mut Vec<T>, room: &mut usize) -> Vec<T> {
    let count = all.len().min(*room);
    *room -= count;
    let rest = all.split_off(count);
    std::mem::replace(all, rest)
}

/// Sessions in the order in which they are first spoken of.
#[derive(Default)]
struct Sorter {
    sessions: Vec<Session>,
    places: HashMap<String, usize>,
}

impl Sorter {
    fn session(&mut self, session_id: String) -> &mut Session {
        let next = self.sessions.len();
        let place = *self.places.entry(session_id.clone()).or_insert(next);
        if place == next {
            self.sessions.push(Session {
                session_id,
                ..Session::default()
            });
        }
        &mut self.sessions[place]
    }

    fn end(mut self, rejected: Rejected) -> Batch {
        for session in &mut self.sessions {
            session.sort();
        }
        Batch {
            rejected,
            sessions: self.sessions,
        }
    }
}

impl Batch {
    pub(super) fn of_logs(
        body: &Bytes,
        encoding: Encoding,
        settings: TelemetrySettings,
        now: Timestamp,
    ) -> Result<Self, Malformed> {
        let request = civitas_otlp::logs(body, encoding)?;
        let mut sorter = Sorter::default();
        for group in request.groups {
            for record in &group.records {
                let view = logs::View::new(record, &group.resource, &group.scope);
                let session = sorter.session(view.facts.session_id());
                view.facts.tell(&mut session.facts);
                let session_id = session.session_id.clone();
                session.say(view.understand(session_id, settings, now));
            }
        }
        Ok(sorter.end(request.rejected))
    }

    pub(super) fn of_spans(
        body: &Bytes,
        encoding: Encoding,
        settings: TelemetrySettings,
        now: Timestamp,
    ) -> Result<Self, Malformed> {
        let request = civitas_otlp::traces(body, encoding)?;
        let mut sorter = Sorter::default();
        for group in request.groups {
            for span in &group.records {
                let view = spans::View::new(span, &group.resource);
                let session = sorter.session(view.facts.session_id());
                view.facts.tell(&mut session.facts);
                let session_id = session.session_id.clone();
                session.say(view.understand(session_id, settings, now));
            }
        }
        Ok(sorter.end(request.rejected))
    }

    pub(super) fn of_metrics(
        body: &Bytes,
        encoding: Encoding,
        now: Timestamp,
    ) -> Result<Self, Malformed> {
        let mut request = civitas_otlp::metrics(body, encoding)?;
        let mut sorter = Sorter::default();
        let mut points = 0;
        for group in request.groups {
            for metric in &group.records {
                for point in &metric.points {
                    points += 1;
                    if points > civitas_otlp::RECORDS_MAX {
                        request.rejected.add(1, || {
                            let max = civitas_otlp::RECORDS_MAX;
                            format!("a request may have up to {max} points")
                        });
                        continue;
                    }
                    let facts = metrics::facts(point, &group.resource);
                    let session = sorter.session(facts.session_id());
                    facts.tell(&mut session.facts);
                    let session_id = session.session_id.clone();
                    let point = metrics::point(metric, point, &facts, session_id, now);
                    session.points.push(point);
                }
            }
        }
        Ok(sorter.end(request.rejected))
    }
}
