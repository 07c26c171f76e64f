//! Limits of what an agent's definition holds, in files and in requests alike.

/// Entries of a list, such as capabilities or tools.
pub const LIST_MAX: usize = 200;
/// Characters of a text, such as a tool, a path or a category.
pub const TEXT_MAX: usize = 300;
/// Tokens in one session.
pub const TOKENS_MAX: u64 = 1_000_000_000_000;
/// Currencies of budgets; the first where nothing is said.
pub const CURRENCIES: [&str; 3] = ["USD", "EUR", "GBP"];
