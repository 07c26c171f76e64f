//! Values: dates as ISO 8601 writes them, people by name and address.

/// A property.
pub(super) struct Property {
    /// In upper case.
    pub(super) name: String,
    value: String,
    parameters: Vec<(String, String)>,
}

impl From<icalendar::parser::Property<'_>> for Property {
    fn from(property: icalendar::parser::Property<'_>) -> Self {
        let parameters = property.params.iter().map(|parameter| {
            let value = parameter.val.as_ref().map_or("", |value| value.as_str());
            (
                parameter.key.as_str().to_ascii_uppercase(),
                value.trim_matches('"').to_owned(),
            )
        });
        Self {
            name: property.name.as_str().to_ascii_uppercase(),
            parameters: parameters.collect(),
            value: property.val.as_str().to_owned(),
        }
    }
}

impl Property {
    /// The value of a parameter, such as `TZID`.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let found = self
            .parameters
            .iter()
            .find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    /// The value: dates and times in the extended form of ISO 8601, all else as it is written.
    pub(super) fn text(&self) -> String {
        let value = self.value.trim();
        if self.holds_times() {
            let times: Vec<String> = value
                .split(',')
                .map(|period| {
                    let ends: Vec<String> = period
                        .split('/')
                        .map(|time| extended(time).unwrap_or_else(|| time.to_owned()))
                        .collect();
                    ends.join("/")
                })
                .collect();
            return times.join(", ");
        }
        match self.name.as_str() {
            // The library leaves lists of texts as they are: a comma in one of them is escaped.
            "CATEGORIES" | "RESOURCES" => value.replace("\\,", ",").replace("\\;", ";"),
            _ => value
                .chars()
                .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                .collect(),
        }
    }

    /// Whether this should be a time and is none.
    pub(super) fn has_odd_time(&self) -> bool {
        let is_single = matches!(
            self.name.as_str(),
            "DTSTART" | "DTEND" | "DUE" | "COMPLETED" | "RECURRENCE-ID"
        );
        is_single && extended(self.value.trim()).is_none()
    }

    fn holds_times(&self) -> bool {
        matches!(
            self.name.as_str(),
            "DTSTART"
                | "DTEND"
                | "DUE"
                | "COMPLETED"
                | "RECURRENCE-ID"
                | "EXDATE"
                | "RDATE"
                | "FREEBUSY"
        )
    }
}

/// `20260302T091500Z` as `2026-03-02T09:15:00Z`, `20260302` as `2026-03-02`; none for anything else.
fn extended(basic: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let date = basic.get(..8).filter(|date| digits(date))?;
    let month: u8 = date.get(4..6)?.parse().ok()?;
    let day: u8 = date.get(6..)?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let iso = format!("{}-{}-{}", date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let rest = basic.get(8..)?;
    if rest.is_empty() {
        return Some(iso);
    }
    let time = rest.strip_prefix('T')?;
    let (time, zone) = match time.strip_suffix('Z') {
        Some(time) => (time, "Z"),
        None => (time, ""),
    };
    let is_time = time.len() == 6 && digits(time) && time <= "235960";
    is_time.then(|| format!("{iso}T{}:{}:{}{zone}", &time[..2], &time[2..4], &time[4..]))
}

/// `Name <address>`, or whichever of the two there is; what they answered, where it says so.
pub(super) fn people(property: &Property) -> String {
    let value = property.value.trim();
    let is_mail = value
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    let address = if is_mail {
        value.get(7..).unwrap_or_default()
    } else {
        value
    };
    let mut text = match property.parameter("CN") {
        Some(name) if !name.eq_ignore_ascii_case(address) => format!("{name} <{address}>"),
        _ => address.to_owned(),
    };
    let answer = property
        .parameter("PARTSTAT")
        .map(|answer| answer.to_ascii_lowercase().replace('-', " "));
    if let Some(answer) = answer.filter(|answer| answer != "needs action") {
        text = format!("{text} ({answer})");
    }
    text
}
