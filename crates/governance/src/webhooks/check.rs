//! What a request may say of a webhook.

use civitas_providers::outbound::Outbound;
use civitas_storage::{ACTIVITY_KINDS, Webhook};

use crate::error::{Error, Invalid};

/// Types that one webhook names, at most.
const TYPES_MAX: usize = 50;
/// The longest description, in characters.
const DESCRIPTION_LENGTH_MAX: usize = 500;
/// Messages under way at the same time, at most.
const CONCURRENCY_MAX: u32 = 16;

/// What is wrong with the type of an event that somebody wants to hear of.
///
/// # Errors
///
/// There is no such type.
pub fn event_type(kind: &str) -> Result<(), String> {
    if ACTIVITY_KINDS.contains(&kind) {
        return Ok(());
    }
    let known = ACTIVITY_KINDS.join(", ");
    Err(format!("there are no such events: known are {known}"))
}

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
        if let Err(detail) = event_type(kind) {
            add(format!("/types/{at}"), detail);
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
