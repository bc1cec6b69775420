//! Any bytes: no panic, and the cached reader, cold and warm, sees what the plain one sees.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warroom::exposition::{Cache, Format, Line, families, parse};
use warroom::labels::Labels;
use warroom::target::Keep;
use warroom::units::Timestamp;

fuzz_target!(|body: &[u8]| {
    for format in [Format::Text, Format::OpenMetrics] {
        let good = parse(body, format).filter(|line| matches!(line, Ok(Line::Sample(_)))).count() as u64;
        let bad = parse(body, format).filter(Result::is_err).count() as u64;
        let mut cache = Cache::new(Labels::from_pairs([("job", "j")]));
        for _ in 0..3 {
            let scrape = cache.scrape(body, format, &Keep::All, Timestamp::from_millis(1_700_000_000_000));
            assert_eq!((scrape.scraped, scrape.bad_lines), (good, bad));
        }
        families(body, format);
    }
});
