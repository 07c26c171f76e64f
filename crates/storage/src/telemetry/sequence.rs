//! The numbers of a session's events: which were seen, and which are missing.
//!
//! A client numbers its events from 1 on, or from 0, and begins again when it is started again in the same session. So what
//! was seen is a list of runs, each with its highest number and its gaps. Numbers may arrive in any order.

use civitas_model::Timestamp;
use civitas_model::telemetry::Gap;
use serde::{Deserialize, Serialize};

/// Runs that are kept of a session. The gaps of an older one are given up.
const RUNS_MAX: usize = 16;
/// Gaps that are kept of a session. The oldest beyond are counted alone.
const GAPS_MAX: usize = 256;
/// How far beyond what was seen a number may be. One further on counts nothing: it would make everything between missing.
const JUMP_MAX: u64 = 1_000_000;

/// From one start of the client to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// The time of its earliest event.
    since: Timestamp,
    /// The highest number that was seen.
    last: u64,
    /// What is missing below, in order.
    gaps: Vec<Gap>,
}

/// What was seen of a session's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    /// In the order of their times.
    runs: Vec<Run>,
    /// Numbers in gaps that are no longer kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    forgotten: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a number meant for a run.
#[derive(PartialEq, Eq)]
enum Fit {
    /// It was above what was seen.
    Above,
    /// It was missing.
    Missing,
    /// It was seen before.
    Seen,
}

impl Run {
    fn starting(since: Timestamp, number: u64) -> Self {
        let mut run = Self {
            since,
            last: 0,
            gaps: Vec::new(),
        };
        run.extend(number);
        run
    }

    fn fit(&self, number: u64) -> Fit {
        if number > self.last {
            return Fit::Above;
        }
        let at = self.gaps.partition_point(|gap| gap.last < number);
        match self.gaps.get(at) {
            Some(gap) if gap.first <= number => Fit::Missing,
            _ => Fit::Seen,
        }
    }

    fn extend(&mut self, number: u64) {
        let next = self.last.saturating_add(1);
        if number > next {
            self.gaps.push(Gap {
                first: next,
                last: number - 1,
            });
        }
        self.last = self.last.max(number);
    }

    fn close(&mut self, number: u64) {
        let at = self.gaps.partition_point(|gap| gap.last < number);
        let Some(gap) = self.gaps.get(at).copied() else {
            return;
        };
        let before = (gap.first < number).then(|| Gap {
            first: gap.first,
            last: number - 1,
        });
        let after = (number < gap.last).then(|| Gap {
            first: number + 1,
            last: gap.last,
        });
        self.gaps
            .splice(at..=at, before.into_iter().chain(after))
            .for_each(drop);
    }

    fn take(&mut self, at: Timestamp, number: u64) -> bool {
        match self.fit(number) {
            Fit::Seen => return false,
            Fit::Above => self.extend(number),
            Fit::Missing => self.close(number),
        }
        self.since = self.since.min(at);
        true
    }
}

impl Runs {
    /// The highest number of the newest run.
    pub(super) fn last(&self) -> Option<u64> {
        self.runs.last().map(|run| run.last)
    }

    /// Whether a number of this time can only belong to an event that nobody has seen.
    pub(super) fn is_beyond(&self, at: Timestamp, number: u64) -> bool {
        let newest = self.runs.last();
        self.is_near(number) && newest.is_none_or(|run| at >= run.since && number > run.last)
    }

    /// Whether a number may be one of the session's.
    fn is_near(&self, number: u64) -> bool {
        let highest = self.runs.iter().map(|run| run.last).max();
        number <= highest.unwrap_or(0).saturating_add(JUMP_MAX)
    }

    /// Notes the number of an event. `is_new` says that the event was not seen before, though its number may have been:
    /// then the client began to count again.
    pub(super) fn note(&mut self, at: Timestamp, number: u64, is_new: bool) {
        if !self.is_near(number) {
            return;
        }
        let run = self.runs.partition_point(|run| run.since <= at);
        // It belongs to the run that had begun by then; the earliest event of a run may arrive late.
        for candidate in [run.checked_sub(1), Some(run)].into_iter().flatten() {
            if let Some(run) = self.runs.get_mut(candidate)
                && run.take(at, number)
            {
                return self.bound();
            }
        }
        if is_new && run == self.runs.len() {
            self.runs.push(Run::starting(at, number));
            self.bound();
        }
    }

    /// What is missing, as far as it is kept.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let gaps = self.runs.iter().flat_map(|run| &run.gaps);
        gaps.copied().collect()
    }

    /// How many events are missing.
    pub(super) fn missing(&self) -> u64 {
        let kept = self.runs.iter().flat_map(|run| &run.gaps);
        kept.fold(self.forgotten, |sum, gap| sum.saturating_add(gap.len()))
    }

    fn bound(&mut self) {
        let mut given_up = Vec::new();
        if self.runs.len() > RUNS_MAX {
            given_up.extend(self.runs.remove(0).gaps);
        }
        let mut over = self
            .runs
            .iter()
            .map(|run| run.gaps.len())
            .sum::<usize>()
            .saturating_sub(GAPS_MAX);
        for run in &mut self.runs {
            let count = over.min(run.gaps.len());
            given_up.extend(run.gaps.drain(..count));
            over -= count;
        }
        for gap in given_up {
            self.forgotten = self.forgotten.saturating_add(gap.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn gaps(runs: &Runs) -> Vec<(u64, u64)> {
        let gaps = runs.gaps();
        gaps.iter().map(|gap| (gap.first, gap.last)).collect()
    }

    #[test]
    fn a_missing_number_is_a_gap_until_it_arrives() {
        let mut runs = Runs::default();
        for number in [1, 2, 5, 9] {
            runs.note(at(100), number, true);
        }
        assert_eq!(gaps(&runs), [(3, 4), (6, 8)]);
        assert_eq!(runs.missing(), 5);
        runs.note(at(100), 7, true);
        assert_eq!(gaps(&runs), [(3, 4), (6, 6), (8, 8)]);
        for number in [3, 4, 6, 8] {
            runs.note(at(100), number, true);
        }
        assert_eq!((gaps(&runs), runs.last()), (vec![], Some(9)));
    }

    #[test]
    fn a_number_far_away_makes_nothing_missing() {
        let mut runs = Runs::default();
        runs.note(at(1), u64::MAX, true);
        assert_eq!((runs.missing(), runs.last()), (0, None));
        assert!(!runs.is_beyond(at(1), u64::MAX), "it may come twice");
        runs.note(at(2), 1, true);
        runs.note(at(3), 1 << 62, true);
        runs.note(at(4), 2, true);
        assert_eq!((runs.missing(), runs.last()), (0, Some(2)));
        runs.note(at(5), JUMP_MAX + 2, true);
        assert_eq!(runs.missing(), JUMP_MAX - 1);
    }

    #[test]
    fn what_was_before_the_first_that_arrived_is_missing() {
        let mut runs = Runs::default();
        runs.note(at(100), 4, true);
        assert_eq!(gaps(&runs), [(1, 3)]);
        let mut from_nought = Runs::default();
        from_nought.note(at(1), 0, true);
        from_nought.note(at(2), 1, true);
        assert_eq!(gaps(&from_nought), []);
    }

    #[test]
    fn a_repetition_changes_nothing() {
        let mut runs = Runs::default();
        for number in [1, 2, 3] {
            runs.note(at(1), number, true);
        }
        let before = runs.clone();
        runs.note(at(1), 2, false);
        runs.note(at(1), 3, false);
        assert_eq!(runs, before);
    }

    #[test]
    fn a_client_that_was_started_again_counts_anew() {
        let mut runs = Runs::default();
        for number in [1, 2, 3, 4] {
            runs.note(at(10), number, true);
        }
        // The second event of the new run arrives before the first.
        runs.note(at(51), 2, true);
        assert_eq!((gaps(&runs), runs.last()), (vec![(1, 1)], Some(2)));
        runs.note(at(50), 1, true);
        assert_eq!(gaps(&runs), []);
        runs.note(at(60), 4, true);
        assert_eq!(gaps(&runs), [(3, 3)]);
        // A late one of the first run is none of the second's.
        runs.note(at(11), 5, true);
        assert_eq!(gaps(&runs), [(3, 3)]);
        assert_eq!(runs.runs.len(), 2);
    }

    #[test]
    fn what_is_kept_is_bounded_and_nothing_is_lost_from_the_count() {
        let mut runs = Runs::default();
        for number in 0..1000 {
            runs.note(at(1), number * 2 + 2, true);
        }
        assert_eq!(runs.gaps().len(), GAPS_MAX);
        assert_eq!(runs.missing(), 1000);
        for start in 0..100 {
            runs.note(at(10 + start), 1, true);
        }
        assert!(runs.runs.len() <= RUNS_MAX);
        runs.note(at(1000), JUMP_MAX, true);
        assert!(runs.missing() > 1000);
    }

    proptest! {
        #[test]
        fn any_order_of_one_run_ends_with_the_same_gaps(
            numbers in proptest::collection::btree_set(1_u64..200, 1..60).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle()
        ) {
            let mut runs = Runs::default();
            for number in &numbers {
                runs.note(at(i64::try_from(*number).unwrap()), *number, true);
            }
            let last = *numbers.iter().max().unwrap();
            let missing = (1..=last).filter(|number| !numbers.contains(number)).count();
            prop_assert_eq!(runs.runs.len(), 1);
            prop_assert_eq!(runs.missing(), missing as u64);
            for gap in runs.gaps() {
                for number in gap.first..=gap.last {
                    prop_assert!(!numbers.contains(&number));
                }
            }
        }
    }
}
