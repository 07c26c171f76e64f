//! One parser, whatever the sniffers think of the bytes: `CIVITAS_FUZZ_FORMAT` names it, such as `pdf`. Without it all of
//! them, as the sniffers choose.

#![no_main]

use std::sync::LazyLock;

use civitas_documents::{Request, chunks, fuzzing, parse};
use libfuzzer_sys::fuzz_target;

static FORMAT: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("CIVITAS_FUZZ_FORMAT").ok());

// A library's panic that the parsers make an error of is none; one that comes out of them ends the run, without a word:
// the input as a test says where.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let outcome = match FORMAT.as_deref() {
        Some(format) => fuzzing::parse_as(format, bytes).expect("the name of a format"),
        None => parse(&Request::default(), bytes),
    };
    match outcome {
        Ok(document) => {
            assert_eq!(document.fingerprint.len(), 64);
            let _ = (chunks(&document), document.text(), document.summary());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
