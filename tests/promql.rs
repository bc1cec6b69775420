//! PromQL against scripts: the shared conformance scripts where they are, and our own.

#![expect(clippy::unwrap_used, reason = "a test stops where its files cannot be read")]

#[path = "support/script.rs"]
mod script;
#[path = "support/store.rs"]
mod support_store;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use warroom::labels::Labels;
use warroom::promql::{self, Limits, Options, Range};
use warroom::units::Timestamp;

/// Says something that the test harness does not swallow.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[expect(clippy::disallowed_methods, reason = "a test may look for its data")]
fn scripts(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "test"));
    paths.sort();
    paths
        .into_iter()
        .map(|p| {
            (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&p).unwrap())
        })
        .collect()
}

fn run_all(scripts: &[(String, String)]) -> (usize, Vec<String>) {
    let (mut passed, mut unsupported, mut failed) = (0, Vec::new(), Vec::new());
    for (name, text) in scripts {
        let report = script::run(name, text);
        say(&format!(
            "{name}: {} evals passed in {} evaluations, {} unsupported, {} failed",
            report.passed,
            report.evaluations,
            report.unsupported.len(),
            report.failed.len()
        ));
        passed += report.passed;
        unsupported.extend(report.unsupported);
        failed.extend(report.failed);
    }
    assert!(failed.is_empty(), "{} evals failed:\n{}", failed.len(), failed.join("\n"));
    (passed, unsupported)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may be told where its data are")]
fn the_shared_conformance_scripts_pass() {
    let folder = std::env::var_os("WARROOM_PROMQLTEST_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/promqltest"), PathBuf::from);
    let scripts = scripts(&folder);
    if scripts.is_empty() {
        say("skipped: no conformance scripts; set WARROOM_PROMQLTEST_DIR to the folder that holds them");
        return;
    }
    let (passed, unsupported) = run_all(&scripts);
    for name in &unsupported {
        say(&format!("unsupported: {name}"));
    }
    say(&format!("{passed} evals passed, {} unsupported", unsupported.len()));
    for name in &unsupported {
        assert!(name.contains("native histogram"), "unsupported for another reason: {name}");
    }
}

#[test]
fn our_own_scripts_pass() {
    let scripts = scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/promql"));
    assert!(!scripts.is_empty());
    let (_, unsupported) = run_all(&scripts);
    assert!(unsupported.is_empty(), "{unsupported:?}");
}

/// What the fuzz target does, for each file of its corpus.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its files")]
fn the_fuzzing_corpus_stays_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/promql");
    let labels = |job| Labels::metric("up", [("job", job), ("le", "+Inf")]);
    let (a, b) = (labels("a"), labels("b"));
    let samples =
        [&a, &b].into_iter().flat_map(|l| (0..40).map(move |t| (l, t * 15_000, f64::from(t as i32 % 7))));
    let store = support_store::fill(samples);
    let options =
        Options { limits: Limits { samples: 100_000, series: 1_000, steps: 100 }, ..Options::default() };
    let (mut files, mut parsed) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        files += 1;
        let _ = promql::completions(&text, text.len() / 2, &store);
        let Ok(expr) = promql::parse(&text) else { continue };
        parsed += 1;
        let again = promql::parse(expr.text());
        assert_eq!(again.as_ref(), Ok(&expr), "{text}");
        let at = Timestamp::from_millis(600_000);
        let _ = promql::eval(&store, &expr, at, &options);
        let range = Range { start: Timestamp::from_millis(0), end: at, step: Duration::from_secs(60) };
        let _ = promql::eval_range(&store, &expr, range, &options);
    }
    assert!(files >= 20 && parsed >= 10, "{files} files, {parsed} of them expressions");
}
