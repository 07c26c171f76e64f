//! What a request may say of a webhook.

use civitas_providers::outbound::Outbound;
use civitas_storage::Webhook;

use crate::error::{Error, Invalid};

/// Types that one webhook names, at most.
const TYPES_MAX: usize = 50;
/// The longest type, and the longest description, in characters.
const TYPE_LENGTH_MAX: usize = 64;
const DESCRIPTION_LENGTH_MAX: usize = 500;
/// Messages under way at the same time, at most.
const CONCURRENCY_MAX: u32 = 16;

/// Everything that is wrong with a webhook, place by place.
pub(super) fn webhook(outbound: &Outbound, webhook: &Webhook) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut add = |pointer: String, detail: String| errors.push(Invalid { pointer, detail });
    if let Err(error) = outbound.check(&webhook.url) {
        add("/url".to_owned(), error.to_string());
    }
    if webhook.types.len() > TYPES_MAX {
        let detail = format!("may have up to {TYPES_MAX} entries");
        add("/types".to_owned(), detail);
    }
    for (at, kind) in webhook.types.iter().enumerate().take(TYPES_MAX) {
        let fits =
            |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "_.".contains(char);
        if kind.is_empty() || kind.len() > TYPE_LENGTH_MAX || !kind.chars().all(fits) {
            let detail = "must be the type of an event, such as `agent_activated`";
            add(format!("/types/{at}"), detail.to_owned());
        }
    }
    let description = &webhook.description;
    if description.chars().count() > DESCRIPTION_LENGTH_MAX
        || description.contains(char::is_control)
    {
        let detail = format!(
            "must be a text of up to {DESCRIPTION_LENGTH_MAX} characters without control characters"
        );
        add("/description".to_owned(), detail);
    }
    if !(1..=CONCURRENCY_MAX).contains(&webhook.concurrency) {
        let detail = format!("must be a whole number from 1 to {CONCURRENCY_MAX}");
        add("/concurrency".to_owned(), detail);
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}
