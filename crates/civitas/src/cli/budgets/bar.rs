//! Bars: what is used, reserved and left.

use std::fmt;

use serde_json::Value;

/// How much of one thing a budget has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dimension {
    cap: Option<f64>,
    used: f64,
    reserved: f64,
    is_money: bool,
}

impl Dimension {
    /// Money and tokens.
    pub(super) fn both(budget: &Value) -> [Self; 2] {
        let number = |name: &str| budget[name].as_f64();
        let of = |cap, used, reserved, is_money| Self {
            cap: number(cap),
            used: number(used).unwrap_or_default(),
            reserved: number(reserved).unwrap_or_default(),
            is_money,
        };
        [
            of("max_cost_usd", "cost_used_usd", "cost_reserved_usd", true),
            of("max_tokens", "tokens_used", "tokens_reserved", false),
        ]
    }

    fn show(self, number: f64) -> String {
        match (self.is_money, number) {
            // Cents say nothing of what one call costs.
            (true, 0.000_001..0.01) => format!("{number:.4}"),
            (true, _) => format!("{number:.2}"),
            (false, 10_000_000.0..) => format!("{:.1}M", number / 1e6),
            (false, 10_000.0..) => format!("{:.0}k", number / 1e3),
            (false, _) => format!("{number:.0}"),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.show(self.used))?;
        if let Some(cap) = self.cap {
            write!(f, " of {}", self.show(cap))?;
        }
        if self.reserved > 0.0 {
            write!(f, " (+{})", self.show(self.reserved))?;
        }
        Ok(())
    }
}

/// A bar of so many cells; nothing without a cap. Whatever is used or reserved shows, however little.
pub(super) fn bar(dimension: &Dimension, cells: usize) -> String {
    let Some(cap) = dimension.cap else {
        return String::new();
    };
    let used = filled(dimension.used, cap, cells);
    let held = filled(dimension.used + dimension.reserved, cap, cells);
    let reserved = match held.saturating_sub(used) {
        0 if dimension.reserved > 0.0 && used < cells => 1,
        reserved => reserved,
    };
    let free = cells - used - reserved;
    format!(
        "{}{}{}",
        "█".repeat(used),
        "▒".repeat(reserved),
        "·".repeat(free)
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the share lies between 0 and a few dozen cells"
)]
fn filled(amount: f64, cap: f64, cells: usize) -> usize {
    if amount <= 0.0 {
        return 0;
    }
    if amount >= cap {
        return cells;
    }
    let share = (amount / cap * cells as f64).round() as usize;
    share.clamp(1, cells.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn money(cap: Option<f64>, used: f64, reserved: f64) -> Dimension {
        let budget = json!({
            "max_cost_usd": cap, "cost_used_usd": used, "cost_reserved_usd": reserved,
        });
        Dimension::both(&budget)[0]
    }

    #[test]
    fn a_bar_shows_what_is_used_and_reserved_and_is_full_only_at_the_cap() {
        let shown = |cap, used, reserved| bar(&money(Some(cap), used, reserved), 8);
        assert_eq!(shown(8.0, 0.0, 0.0), "········");
        assert_eq!(shown(8.0, 3.0, 2.0), "███▒▒···");
        assert_eq!(shown(8.0, 0.001, 0.001), "█▒······");
        assert_eq!(shown(8.0, 7.999, 0.0), "███████·");
        assert_eq!(shown(8.0, 7.999, 0.001), "███████▒");
        assert_eq!(shown(8.0, 9.0, 3.0), "████████");
        assert_eq!(shown(0.0, 0.0, 0.0), "········");
        assert_eq!(bar(&money(None, 5.0, 0.0), 8), "");
    }

    #[test]
    fn amounts_are_shown_as_people_read_them() {
        assert_eq!(
            money(Some(50.0), 12.5, 0.25).to_string(),
            "12.50 of 50.00 (+0.25)"
        );
        assert_eq!(money(None, 0.0042, 0.0).to_string(), "0.0042");
        let tokens = json!({ "max_tokens": 12_500_000, "tokens_used": 41_230 });
        assert_eq!(Dimension::both(&tokens)[1].to_string(), "41k of 12.5M");
    }
}
