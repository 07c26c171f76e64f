//! Show what is understood of files, and how fast: `cargo run --release -p civitas-documents --example show -- FILE…`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let started = Instant::now();
        match civitas_documents::parse(&civitas_documents::Request::new(&*path), &bytes) {
            Ok(document) => {
                let took = started.elapsed();
                println!("{path}: {} in {took:.1?}", document.summary());
                for chunk in civitas_documents::chunks(&document).into_iter().take(20) {
                    println!("--- {:?}\n{}", chunk.place, chunk.text);
                }
            }
            Err(error) => println!("{path}: {error}"),
        }
    }
    Ok(())
}
