//! Text to search: words as rare and as frequent as in a language, the same on every run.

use civitas_model::{Caller, Record, RecordId, TenantId, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

const VOCABULARY: u32 = 60_000;
const WORDS: usize = 60;
const SYLLABLES: [&str; 16] = [
    "ba", "ko", "ri", "ten", "lo", "mas", "ver", "du", "sha", "pel", "ni", "gor", "ta", "fle",
    "min", "xu",
];

/// Makes records and questions.
pub(crate) struct Generator {
    random: StdRng,
    made: u32,
}

impl Generator {
    pub(crate) fn new() -> Self {
        Self {
            random: StdRng::seed_from_u64(7),
            made: 0,
        }
    }

    /// A word; the r-th most frequent is about as likely as 1/(r+1).
    fn word(&mut self) -> String {
        let bits = VOCABULARY.ilog2() + 1;
        let top = self.random.random_range(0..bits);
        let rank = (1_u32 << top) - 1 + self.random.random_range(0..1_u32 << top);
        let mut rest = rank.min(VOCABULARY - 1);
        let mut word = String::new();
        loop {
            word.push_str(SYLLABLES[(rest % 16) as usize]);
            rest /= 16;
            if rest == 0 {
                return word;
            }
        }
    }

    pub(crate) fn words(&mut self, count: usize) -> String {
        let words: Vec<_> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    pub(crate) fn record(&mut self) -> Record {
        self.made += 1;
        let parent = self.made / 40;
        Record {
            record_id: RecordId::trusted(format!("record-{}", self.made)),
            tenant_id: TenantId::trusted(Caller::DEFAULT_TENANT),
            source: "file".to_owned(),
            parent_id: format!("file-{parent}"),
            title: self.words(3),
            heading: self.words(2),
            body: self.words(WORDS),
            kind: "pdf".to_owned(),
            date: Timestamp::from_micros(i64::from(self.made) * 1_000_000),
            metadata: json!({ "page": self.made % 40 }),
        }
    }

    /// One to three words, as people type them.
    pub(crate) fn question(&mut self) -> String {
        let count = self.random.random_range(1..=3);
        self.words(count).replace(' ', "+")
    }
}
