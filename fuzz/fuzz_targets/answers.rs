//! Any bytes as the answer of a server: no panic, no endless work, and what is read is what the store takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use warroom::answers;
use warroom::units::Timestamp;

fuzz_target!(|body: &[u8]| {
    let _ = answers::rules(body);
    let _ = answers::build(body);
    if let Ok(reply) = answers::read(body, true) {
        let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(3_600_000));
        let samples = answers::samples("b:1", &reply.elements, (from, to), Duration::from_secs(60));
        assert!(samples.iter().all(|sample| sample.labels.get(answers::KEY) == Some("b:1")));
        let _ = answers::minutes(&reply.elements);
    }
});
