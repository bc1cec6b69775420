//! `warroom history`, asked as a user asks it, over a history that a writer wrote.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, touch files, read the clock and start the binary"
)]

#[path = "support/skip.rs"]
mod skip;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;
use warroom::io::history::{Load, Place, Writer};
use warroom::labels::Labels;
use warroom::plan::HistoryPlan;
use warroom::target::{STALE_NAN, Sample};
use warroom::units::Timestamp;

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

fn writer(folder: &Path) -> Writer {
    let plan = HistoryPlan {
        source: "test".into(),
        watched: "".into(),
        full: Duration::from_secs(86_400),
        kept: Duration::from_secs(35 * 86_400),
        size: 512 << 20,
    };
    Writer::start(Place::usual(folder), plan, None, Arc::new(AtomicBool::new(false)), |_| {}).unwrap()
}

/// Four hours, a sample a minute: a counter with a name that has to be quoted, and one that ends.
fn folder() -> (TempDir, Timestamp) {
    let folder = tempfile::tempdir().unwrap();
    let end = now();
    let writer = writer(folder.path());
    let odd = Labels::metric("http_requests_total", [("path", "a\"b\\c\nd\u{1b}[31m"), ("job", "checkout")]);
    let plain = Labels::metric("up", [("job", "checkout")]);
    let dotted = Labels::metric("queue.depth", [("job", "worker")]);
    for minute in (0..240_u64).rev() {
        let at = end - Duration::from_secs(minute * 60);
        let value = (240 - minute) as f64;
        let mut samples = vec![
            Sample { labels: odd.clone(), at, value: value / 8.0 },
            Sample { labels: dotted.clone(), at, value },
        ];
        if minute >= 30 {
            samples.push(Sample {
                labels: plain.clone(),
                at,
                value: if minute == 30 { STALE_NAN } else { 1.0 },
            });
        }
        assert!(writer.save(Load { samples, ..Load::default() }, at).is_none());
        writer.settle();
    }
    (folder, end)
}

/// What the command prints: exit code, standard output, standard error.
fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_warroom"))
        .arg("history")
        .args(args)
        .args(["--state", folder.to_str().unwrap()])
        .env("XDG_CONFIG_HOME", folder)
        .env_remove("WARROOM_CONFIG")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn info_tells_what_is_there_and_who_writes() {
    let (folder, _) = folder();
    let (code, text, _) = run(folder.path(), &["info"]);
    assert_eq!(code, 0, "{text}");
    for part in
        ["history.sqlite\n", "the usual configuration", "series      3\n", "nobody writes now", "B a sample"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let _writing = {
        let writer = writer(folder.path());
        writer.save(Load::default(), now());
        writer.settle();
        writer
    };
    let (code, text, _) = run(folder.path(), &["info", "-o", "json"]);
    assert_eq!(code, 0);
    let told: Value = serde_json::from_str(&text).unwrap();
    let one = &told["histories"][0];
    assert_eq!(one["series"], 3);
    assert_eq!(one["samples"], 240 * 2 + 210);
    assert_eq!(one["writer"], std::process::id());
    let empty = tempfile::tempdir().unwrap();
    let (code, text, said) = run(empty.path(), &["info"]);
    assert_eq!((code, text.as_str()), (0, ""));
    assert!(said.contains("there is no history in"), "{said}");
}

#[test]
fn an_export_can_be_read_again_by_ourselves_and_by_prometheus() {
    let (folder, _) = folder();
    let (code, text, said) = run(folder.path(), &["export", "--from", "-2h"]);
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains('\u{1b}'), "no escapes");
    assert!(text.contains("{\"queue.depth\",job=\"worker\"} 240 "), "{}", &text[..400]);
    let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(lines("http_requests_total{job=\"checkout\",path=\"a\\\"b\\\\c"), 120);
    assert_eq!(lines("up{job=\"checkout\"} 1 "), 89, "without the marker of its end");

    let file = folder.path().join("export.om");
    std::fs::write(&file, &text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["query", "count_over_time(up[3h])", "-o", "csv", "--metrics", file.to_str().unwrap()])
        .output()
        .unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.contains(",89"), "{answer}{}", String::from_utf8_lossy(&output.stderr));

    // Prometheus's own tool, where there is one; it does not know quoted names before version 3.
    let (_, plain, _) = run(folder.path(), &["export", "{job=\"checkout\"}", "--from", "-2h"]);
    std::fs::write(&file, plain).unwrap();
    let blocks = folder.path().join("blocks");
    let promtool = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &blocks])
        .output();
    if let Ok(output) = promtool {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed = Command::new("promtool").args(["tsdb", "list"]).arg(&blocks).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let samples: u64 = listed
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(4)?.parse::<u64>().ok())
            .sum();
        assert_eq!(samples, 120 + 89, "{listed}");
    } else {
        skip::skipped("promtool");
    }
}

#[test]
fn json_lines_have_the_ends_as_null() {
    let (folder, end) = folder();
    let (code, text, _) = run(folder.path(), &["export", "up", "--from", "-5h", "-o", "jsonl"]);
    assert_eq!(code, 0);
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(line["metric"]["job"], "checkout");
    assert_eq!(line["values"].as_array().unwrap().len(), 210);
    assert_eq!(line["values"][209], Value::Null);
    assert_eq!(line["timestamps"][209], (end - Duration::from_secs(1800)).millis());
}

#[test]
fn pruning_drops_whole_hours_and_not_under_a_writer() {
    let (folder, _) = folder();
    {
        let writer = writer(folder.path());
        writer.save(Load::default(), now());
        writer.settle();
        let (code, _, said) = run(folder.path(), &["prune", "--older", "2h"]);
        assert_eq!(code, 75, "{said}");
        assert!(said.contains(&format!("a warroom (process {}) writes", std::process::id())), "{said}");
        let (code, text, said) = run(folder.path(), &["prune", "--older", "3h", "--force"]);
        assert_eq!(code, 0, "{said}");
        assert!(text.starts_with("dropped ") && text.contains(" and 0 series"), "{text}");
    }
    let hour = now().millis() / 3_600_000 * 3_600;
    let (code, text, said) = run(folder.path(), &["prune", "--older", "0"]);
    assert_eq!(code, 0, "{said}");
    assert!(text.starts_with("dropped "), "{text}");
    let (_, text, _) = run(folder.path(), &["export", "--from", "-5h"]);
    let second = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    let older: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#') && second(line) < hour as f64).collect();
    assert!(older.is_empty(), "only the hour under way stays: {older:#?}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let (folder, _) = folder();
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("history-other-1.sqlite"), vec![b'x'; 9000]).unwrap();
    for (folder, args, code, part) in [
        (folder.path(), vec!["export", "rate(up[5m])"], 64, "is not a single selector"),
        (folder.path(), vec!["export", "up{"], 64, "up{"),
        (folder.path(), vec!["export", "--from", "yesterday"], 64, "is not a moment"),
        (folder.path(), vec!["export", "--from", "-1h", "--to", "-2h"], 64, "is after --to"),
        (
            folder.path(),
            vec!["export", "--file", "nothing.sqlite"],
            66,
            "there is no history \"nothing.sqlite\"",
        ),
        (folder.path(), vec!["export", "--file", "history-other-1.sqlite"], 65, "is damaged"),
        (folder.path(), vec!["prune"], 64, "--older"),
        (empty.path(), vec!["export"], 66, "there is no history in"),
        (empty.path(), vec!["prune", "--older", "1h"], 66, "there is no history in"),
    ] {
        let (got, _, said) = run(folder, &args);
        assert_eq!(got, code, "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
}
