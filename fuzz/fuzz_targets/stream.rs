//! A stream, cut anyhow, gives what the whole bytes give. The first byte says how it is cut and what it is called.

#![no_main]

use std::io::{self, Read};

use civitas_documents::{Request, parse, parse_stream};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 4] = ["a.csv", "a.jsonl", "a.txt", ""];

struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

// A library's panic that the parsers make an error of is none; one that comes out of them ends the run, without a word:
// the input as a test says where.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else {
        return;
    };
    let request = Request::new(NAMES[usize::from(first & 3)]);
    let mut dripping = Dripping(bytes, usize::from(first >> 2) + 1);
    let streamed = parse_stream(&request, &mut dripping, None).expect("no failure");
    assert_eq!(streamed, parse(&request, bytes));
});
