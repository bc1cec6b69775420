//! Any samples: what a series gives back is what it was given, to the bit.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/chunk.rs"]
mod chunk;

fuzz_target!(|bytes: &[u8]| {
    chunk::check(bytes);
});
