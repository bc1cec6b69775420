//! Any bytes as the lines of a feed, and as what a terminal tells: no panic, and nothing that was not asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warroom::feed::{Line, Reader, deeds, is_deed};
use warroom::units::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(Some(Line::Reports(reports))) = reader.line(line) {
            assert!(reports.iter().all(|report| report.at.millis() >= 0));
        }
    }
    if let Ok(entries) = deeds(bytes, "127.0.0.1", Timestamp::from_millis(1_763_733_600_000)) {
        assert!(entries.iter().all(is_deed));
    }
});
