//! Any text as an expression: parsed, printed, read back, evaluated, completed. Nothing may panic or run away.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use warroom::labels::Labels;
use warroom::promql::{self, Limits, Options, Range};
use warroom::store::{self, Store};
use warroom::units::Timestamp;

fuzz_target!(|text: &str| {
    let mut store = Store::new(store::Limits { retention: Duration::from_hours(6), max_bytes: 1 << 20 });
    for t in 0..40 {
        for job in ["a", "b"] {
            let labels = Labels::metric("up", [("job", job), ("le", "+Inf")]);
            store.append(&labels, Timestamp::from_millis(t * 15_000), (t % 7) as f64);
        }
    }
    let at = Timestamp::from_millis(600_000);
    let options = Options {
        limits: Limits { samples: 100_000, series: 1_000, steps: 100 },
        ..Options::default()
    };
    if let Ok(expr) = promql::parse(text) {
        assert_eq!(promql::parse(expr.text()).as_ref(), Ok(&expr), "the canonical text reads back");
        let _ = promql::eval(&store, &expr, at, &options);
        let range = Range { start: Timestamp::from_millis(0), end: at, step: Duration::from_secs(60) };
        let _ = promql::eval_range(&store, &expr, range, &options);
    }
    let _ = promql::completions(text, text.len() / 2, &store);
});
