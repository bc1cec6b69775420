//! History on disk under what happens to files: kills, full disks, folders that cannot be written to, damage, newer
//! versions, several warrooms at once; and that what comes back is bit for bit what went in.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests may fail, touch files, start themselves as writers, and read the clock"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use warroom::event::Strand;
use warroom::io::history::{HistoryError, Load, Pen, Place, Reader, Writer, load};
use warroom::labels::Labels;
use warroom::plan::HistoryPlan;
use warroom::slo::{Saved, SavedMinute};
use warroom::target::{STALE_NAN, Sample};
use warroom::units::Timestamp;

/// On the hour.
const START: i64 = 1_759_910_400_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

fn series(number: usize) -> Labels {
    Labels::metric(
        "requests_total",
        [("instance", format!("10.0.0.{number}:80")), ("job", "checkout".to_owned())],
    )
}

fn sample(number: usize, seconds: i64, value: f64) -> Sample {
    Sample { labels: series(number), at: at(seconds), value }
}

fn plan() -> HistoryPlan {
    HistoryPlan {
        source: "test".into(),
        watched: "".into(),
        full: Duration::from_secs(86_400),
        kept: Duration::from_secs(35 * 86_400),
        size: 512 << 20,
    }
}

/// A writer, and all that it said.
struct Desk {
    writer: Writer,
    said: Arc<Mutex<Vec<String>>>,
}

fn desk_with(place: &Place, plan: HistoryPlan) -> Desk {
    let said = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&said);
    let tell = move |line| lines.lock().unwrap().push(line);
    let writer = Writer::start(place.clone(), plan, None, Arc::new(AtomicBool::new(false)), tell).unwrap();
    Desk { writer, said }
}

fn desk(place: &Place) -> Desk {
    desk_with(place, plan())
}

impl Desk {
    /// Hands over samples at a moment and waits until they were tried.
    fn keep(&self, samples: Vec<Sample>, now: Timestamp) {
        assert!(self.writer.save(Load { samples, ..Load::default() }, now).is_none());
        self.writer.settle();
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

type Content = BTreeMap<String, Vec<(i64, u64)>>;

/// All that a history holds of a time, by series; checks that batches come as they were promised.
fn content(place: &Place, from: Timestamp, to: Timestamp) -> Content {
    let mut out = Content::new();
    let Some(reader) = Reader::open(place).unwrap() else { return out };
    let mut take = |strands: Vec<Strand>| {
        assert!(strands.len() <= warroom::event::Recalled::MOST);
        for strand in strands {
            let samples = strand.packed.samples();
            assert!(
                samples.iter().all(|sample| sample.0 >= from && sample.0 <= to),
                "only what was asked for"
            );
            let known = out.entry(strand.labels.to_string()).or_default();
            let mut all: Vec<(i64, u64)> =
                samples.iter().map(|sample| (sample.0.millis(), sample.1.to_bits())).collect();
            assert!(
                known.first().is_none_or(|first| all.last().unwrap().0 < first.0),
                "the newest strand comes first"
            );
            all.append(known);
            *known = all;
        }
        true
    };
    reader.read(from, to, &[], &mut take).unwrap();
    out
}

fn everything(place: &Place) -> Content {
    content(place, Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX))
}

fn expected(samples: &[Sample]) -> Content {
    let mut out = Content::new();
    for sample in samples {
        out.entry(sample.labels.to_string()).or_default().push((sample.at.millis(), sample.value.to_bits()));
    }
    out
}

fn is_sound(place: &Place) -> bool {
    let connection = rusqlite::Connection::open(place.file()).unwrap();
    let word: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    word == "ok"
}

#[test]
fn values_come_back_bit_for_bit_from_batches_and_from_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let desk = desk(&place);
    let odd = [
        0.1,
        -0.0,
        f64::INFINITY,
        f64::from_bits(0x7ff8_dead_beef_0001),
        STALE_NAN,
        1e300,
        5.0,
        5.0,
        4.0,
        2f64.powi(60),
    ];
    let mut all = Vec::new();
    // Three hours and a bit, fourteen series, some irregular, one with more than a chunk's samples in an hour.
    for step in 0..800_i64 {
        let mut batch = Vec::new();
        for number in 0..14_usize {
            let jitter = if number % 3 == 0 { step % 7 } else { 0 };
            let value = if number == 5 {
                odd[step as usize % odd.len()]
            } else {
                (step * number as i64) as f64 / 4.0
            };
            batch.push(sample(number, step * 15 + jitter, value));
        }
        if step < 400 {
            batch.extend((0..5).map(|part| sample(20, step * 15 + part * 3, step as f64)));
        }
        all.extend(batch.iter().cloned());
        desk.keep(batch, at(step * 15 + 6));
    }
    assert_eq!(everything(&place), expected(&all), "while it is being written");
    drop(desk);
    assert_eq!(everything(&place), expected(&all));
    let (from, to) = (at(3_000), at(8_000));
    let inside: Vec<Sample> =
        all.iter().filter(|sample| sample.at >= from && sample.at <= to).cloned().collect();
    assert_eq!(content(&place, from, to), expected(&inside));
    let figures = Reader::open(&place).unwrap().unwrap().figures().unwrap();
    assert_eq!(figures.series, 15);
    assert_eq!(figures.packed.0 + figures.fresh.0, all.len() as u64);
    assert!(figures.packed.0 > figures.fresh.0, "hours that are over are packed: {figures:?}");
}

#[test]
fn what_is_too_old_or_too_much_goes_and_series_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let desk = desk_with(&place, HistoryPlan { full: Duration::from_secs(2 * 3600), ..plan() });
    desk.keep((0..50).map(|number| sample(number, 0, 1.0)).collect(), at(5));
    for hour in 0..6 {
        desk.keep(vec![sample(99, hour * 3600 + 60, hour as f64)], at(hour * 3600 + 65));
    }
    let left = everything(&place);
    assert_eq!(left.len(), 1, "series of which nothing is left are gone: {left:?}");
    let hours: Vec<i64> = left.values().flatten().map(|sample| (sample.0 - START) / 3_600_000).collect();
    assert_eq!(hours, [3, 4, 5], "whole hours go");
    drop(desk);

    // By size: noise that cannot be packed.
    let small = HistoryPlan { size: 1 << 20, ..plan() };
    let desk = desk_with(&place, small.clone());
    let mut noise = 1_u64;
    for step in 0..240_i64 {
        let batch = (0..100_usize).map(|number| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sample(number, 6 * 3600 + step * 150, f64::from_bits(noise >> 12 | 0x3ff0_0000_0000_0000))
        });
        desk.keep(batch.collect(), at(6 * 3600 + step * 150 + 1));
    }
    desk.keep(vec![sample(0, 20 * 3600, 1.0)], at(20 * 3600));
    drop(desk);
    let figures = Reader::open(&place).unwrap().unwrap().figures().unwrap();
    assert!(figures.pages.used <= small.size, "{figures:?}");
    assert!(figures.packed.0 > 1000, "and no more goes than must: {figures:?}");
    assert!(fs::metadata(place.file()).unwrap().len() < small.size * 3, "the file shrinks as well");
}

#[test]
fn one_writes_and_the_other_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let (first, second) = (desk(&place), desk(&place));
    first.keep(vec![sample(0, 0, 1.0)], at(0));
    assert_eq!(place.writer(), Some(std::process::id()));
    for step in 1..20 {
        // Both see the same.
        first.keep(vec![sample(0, step * 15, step as f64)], at(step * 15));
        second.keep(vec![sample(0, step * 15, step as f64)], at(step * 15));
    }
    let Desk { writer, said } = first;
    drop(writer);
    assert!(said.lock().unwrap().is_empty());
    assert_eq!(place.writer(), None);
    second.keep(vec![sample(0, 300, 20.0)], at(300));
    let all: Vec<Sample> = (0..=20_i32)
        .map(|step| sample(0, i64::from(step) * 15, if step == 0 { 1.0 } else { f64::from(step) }))
        .collect();
    assert_eq!(everything(&place), expected(&all), "each sample once, none missing");
    assert!(second.said().is_empty(), "{:?}", second.said());
}

/// Two configurations in one state folder, at once.
#[test]
fn each_configuration_has_a_history_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let configs: Vec<HistoryPlan> = ["one", "two"]
        .iter()
        .map(|name| {
            let path = folder.path().join(format!("{name}.toml"));
            fs::write(&path, "schema = 1\n").unwrap();
            HistoryPlan { source: path.to_str().unwrap().into(), ..plan() }
        })
        .collect();
    let places: Vec<Place> = configs.iter().map(|plan| Place::of(folder.path(), plan)).collect();
    assert_ne!(places[0].file(), places[1].file());
    let desks: Vec<Desk> = places.iter().map(desk).collect();
    for (number, desk) in desks.iter().enumerate() {
        desk.keep(vec![sample(0, 0, number as f64)], at(0));
    }
    for (number, place) in places.iter().enumerate() {
        assert_eq!(everything(place), expected(&[sample(0, 0, number as f64)]));
    }
    // Found again by another path to the same file.
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink(folder.path().join("one.toml"), &link).unwrap();
    let again = HistoryPlan { source: link.to_str().unwrap().into(), ..plan() };
    assert_eq!(Place::of(folder.path(), &again), places[0]);
    assert_eq!(Place::all(folder.path()).unwrap().len(), 2);
}

fn minutes() -> Vec<Saved> {
    let minutes = (0..500).map(|minute| SavedMinute {
        minute: START / 60_000 + minute,
        total: 100,
        bad: 1,
        covered: 60,
        bridged: false,
    });
    vec![Saved {
        slo: "availability".into(),
        definition: "v1".into(),
        minutes: minutes.collect(),
        ..Saved::default()
    }]
}

#[test]
fn a_damaged_file_is_set_aside_and_begun_anew() {
    for (name, spoil) in [
        ("no database at all", (|bytes: &mut Vec<u8>| *bytes = vec![b'x'; 5000]) as fn(&mut Vec<u8>)),
        ("cut off", |bytes| bytes.truncate(bytes.len() / 2)),
        ("a page of noise", |bytes| {
            // The second half: the newest rows, not the header.
            let half = bytes.len() / 2;
            for byte in &mut bytes[half..] {
                *byte ^= 0x5a;
            }
        }),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::usual(folder.path());
        {
            let desk = desk(&place);
            let load = Load { saved: minutes(), ..Load::default() };
            assert!(desk.writer.save(load, at(0)).is_none());
            for step in 0..300_i64 {
                desk.keep(
                    (0..40).map(|number| sample(number, step * 15, step as f64 / 7.0)).collect(),
                    at(step * 15),
                );
            }
        }
        let mut bytes = fs::read(place.file()).unwrap();
        spoil(&mut bytes);
        fs::write(place.file(), bytes).unwrap();
        // Whoever reads it sees it first, and tells who writes.
        let damaged = match Reader::open(&place) {
            Err(error) => error.is_damage(),
            Ok(Some(reader)) => {
                let read = reader.read(at(0), at(10_000), &[], &mut |_| true);
                read.is_err_and(|error| error.is_damage())
            }
            Ok(None) => false,
        };
        assert!(damaged, "{name}: it is seen to be damaged");
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&said);
        let flag = Arc::new(AtomicBool::new(true));
        let tell = move |line| lines.lock().unwrap().push(line);
        let desk = Desk { writer: Writer::start(place.clone(), plan(), None, flag, tell).unwrap(), said };
        desk.keep(vec![sample(0, 9_000, 1.0)], at(9_000));
        desk.keep(vec![sample(0, 9_015, 2.0)], at(9_015));
        let said = desk.said();
        assert!(
            matches!(&said[..], [line] if line.contains("is damaged") && line.contains("set aside as") && line.contains("begun anew")),
            "{name}: {said:?}"
        );
        assert_eq!(everything(&place), expected(&[sample(0, 9_000, 1.0), sample(0, 9_015, 2.0)]), "{name}");
        assert!(is_sound(&place), "{name}");
        assert!(folder.path().join("history.sqlite.damaged-1").exists(), "{name}");
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    rusqlite::Connection::open(place.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(place.file()).unwrap();
    assert!(matches!(load(&place), Err(HistoryError::Newer { found: 99, .. })));
    assert!(matches!(Reader::open(&place), Err(HistoryError::Newer { found: 99, .. })));
    let desk = desk(&place);
    for step in 0..3 {
        desk.keep(vec![sample(0, step, 1.0)], at(step));
    }
    let said = desk.said();
    assert!(
        matches!(&said[..], [line] if line.contains("newer warroom (version 99)")),
        "told once: {said:?}"
    );
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

/// What stood in a file of version 1 is there, and samples are kept in it from then on.
#[test]
fn an_older_file_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let old = rusqlite::Connection::open(place.file()).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;
         CREATE TABLE slo_minute (slo TEXT NOT NULL, definition TEXT NOT NULL, minute INTEGER NOT NULL,
            total INTEGER NOT NULL, bad INTEGER NOT NULL, covered INTEGER NOT NULL, bridged INTEGER NOT NULL,
            PRIMARY KEY (slo, definition, minute)) WITHOUT ROWID;
         CREATE TABLE slo_mark (slo TEXT NOT NULL, definition TEXT NOT NULL, term INTEGER NOT NULL, labels TEXT NOT NULL,
            at INTEGER NOT NULL, value REAL NOT NULL, start TEXT NOT NULL,
            PRIMARY KEY (slo, definition, term, labels)) WITHOUT ROWID;
         CREATE TABLE slo_covered (slo TEXT NOT NULL, definition TEXT NOT NULL, until INTEGER NOT NULL,
            PRIMARY KEY (slo, definition)) WITHOUT ROWID;
         INSERT INTO slo_covered VALUES ('a', 'd', 5); INSERT INTO slo_minute VALUES ('a', 'd', 29331841, 7, 1, 60, 0);",
    )
    .unwrap();
    drop(old);
    assert!(Reader::open(&place).unwrap().is_none(), "it holds no samples");
    assert_eq!(load(&place).unwrap()[0].minutes.len(), 1);
    let desk = desk(&place);
    desk.keep(vec![sample(0, 60, 1.0)], at(60));
    assert_eq!(load(&place).unwrap()[0].minutes[0].total, 7);
    assert_eq!(everything(&place), expected(&[sample(0, 60, 1.0)]));
    assert!(desk.said().is_empty(), "{:?}", desk.said());
}

// --- Children: this binary, started as a writer. ---

/// What a child writes in its batch `step`: all of it is one transaction.
fn burden(step: i64) -> Vec<Sample> {
    // Half an hour a batch, so that hours are packed and dropped all the time.
    (0..200_usize).map(|number| sample(number, step * 1800 + 7, (step * 3 + number as i64) as f64)).collect()
}

/// Not a test by itself: what [`child`] runs.
#[test]
fn as_a_child() {
    let Some(task) = std::env::var_os("WARROOM_TEST_HISTORY") else { return };
    let folder = std::env::var_os("WARROOM_TEST_FOLDER").unwrap();
    if let Some(user) = std::env::var("WARROOM_TEST_USER").ok().and_then(|id| id.parse().ok()) {
        nix::unistd::setgid(nix::unistd::Gid::from_raw(user)).unwrap();
        nix::unistd::setuid(nix::unistd::Uid::from_raw(user)).unwrap();
    }
    let place = Place::usual(Path::new(&folder));
    println!(); // the name of the test stands in the line so far
    let desk = desk_with(&place, HistoryPlan { full: Duration::from_secs(8 * 3600), ..plan() });
    let say = |line: &str| {
        println!("{line}");
        std::io::stdout().flush().unwrap();
    };
    match task.to_str().unwrap() {
        "load" => {
            let first = Reader::open(&place).unwrap().and_then(|reader| reader.figures().unwrap().span);
            let next = first.map_or(0, |(_, newest)| (newest.millis() - START) / 1_800_000 + 1);
            for step in next.. {
                let now = at(step * 1800 + 7);
                assert!(desk.writer.save(Load { samples: burden(step), ..Load::default() }, now).is_none());
                desk.writer.settle();
                say(&format!("wrote {step}"));
            }
        }
        "full" => {
            // Up to a limit on the size of files, which the shell has set; then it is lifted by nobody.
            for step in 0..60 {
                desk.keep(
                    (0..1000).map(|n| sample(n, step * 15, (step as f64).sin() * n as f64)).collect(),
                    at(step * 15),
                );
            }
            for line in desk.said() {
                say(&format!("said {line}"));
            }
            say(&format!("kept {}", everything(&place).values().map(Vec::len).sum::<usize>()));
            say(&format!("sound {}", is_sound(&place)));
        }
        "read-only" => {
            say(&format!("kept {}", everything(&place).values().map(Vec::len).sum::<usize>()));
            for step in 0..3 {
                desk.keep(vec![sample(0, 9_000 + step, 1.0)], at(9_000 + step));
            }
            for line in desk.said() {
                say(&format!("said {line}"));
            }
        }
        other => panic!("{other}"),
    }
    say("done");
}

fn command(task: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["as_a_child", "--exact", "--nocapture", "--test-threads=1"])
        .env("WARROOM_TEST_HISTORY", task)
        .env("WARROOM_TEST_FOLDER", folder)
        .stdout(Stdio::piped());
    command
}

fn child(task: &str, folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = command(task, folder).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// Killed at any moment, it loses what was not handed over, and nothing else; the file is whole. How often is said by
/// `WARROOM_TEST_KILLS`.
#[test]
fn killed_under_load_it_loses_the_last_batch_at_most() {
    let kills: u64 = std::env::var("WARROOM_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..kills {
        let (mut child, mut lines) = child("load", folder.path());
        // Some batches, and then in the middle of one: of writing, packing or dropping.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (batches, rest) = (1 + (random >> 60), Duration::from_micros(random >> 33 & 0x3fff));
        let mut written = None;
        let mut line = String::new();
        for _ in 0..batches {
            let before = written;
            while written == before {
                line.clear();
                assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended by itself");
                if let Some(step) = line.trim().strip_prefix("wrote ") {
                    written = step.parse::<i64>().ok();
                }
            }
        }
        let until = Instant::now() + rest;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        for line in lines.lines().map_while(Result::ok) {
            if let Some(step) = line.trim().strip_prefix("wrote ") {
                written = step.parse::<i64>().ok();
            }
        }
        let written = written.unwrap();
        check_after_kill(&place, written, kill);
    }
}

/// Every batch that is there is there as a whole; all that the child had written of the last hours is; nothing but the one
/// batch that it was at may be beyond that.
fn check_after_kill(place: &Place, written: i64, kill: u64) {
    let found = everything(place);
    assert_eq!(found.len(), 200, "kill {kill}");
    let steps: Vec<i64> =
        found.values().next().unwrap().iter().map(|(at, _)| (at - START - 7_000) / 1_800_000).collect();
    let last = *steps.last().unwrap();
    assert!(last == written || last == written + 1, "kill {kill}: {written} was written, {last} is there");
    assert!(
        steps.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "kill {kill}: no batch is missing between: {steps:?}"
    );
    assert!(written - steps[0] >= 15.min(written), "kill {kill}: eight hours are kept: {steps:?}");
    let all: Vec<Sample> = steps.iter().flat_map(|step| burden(*step)).collect();
    assert_eq!(found, expected(&all), "kill {kill}");
    assert!(is_sound(place), "kill {kill}");
}

#[test]
fn a_full_disk_is_told_once_with_the_remedy_and_costs_nothing_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let program = command("full", folder.path());
    // A limit on the size of a file stands for a full disk: SQLite gets as far, and no further.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\""]).arg(program.get_program());
    shell.args(program.get_args());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = |start: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.trim().strip_prefix(start)).map(str::to_owned).collect()
    };
    let said = lines("said ");
    // It may go on for a while, once the log has been worked off; and each turn is told once.
    let turns = |line: &String| {
        line.contains("it is not written: free some space on that disk, or lower engine.history_size")
            || line == "history is written again"
    };
    assert!(
        said.iter().all(turns) && said.first().is_some_and(|line| line.contains("free some space")),
        "{text}"
    );
    assert!(said.windows(2).all(|pair| pair[0] != pair[1]) && said.len() <= 3, "told once: {text}");
    assert_eq!(lines("sound "), ["true"], "{text}");
    let kept: usize = lines("kept ")[0].parse().unwrap();
    assert!(
        (1000..60_000).contains(&kept) && kept.is_multiple_of(1000),
        "whole batches, and not all: {kept}"
    );
    assert!(text.contains("done"), "it goes on: {text}");
    // Space again: it goes on where it can.
    let place = Place::usual(folder.path());
    let desk = desk(&place);
    desk.keep(vec![sample(0, 3_000, 1.0)], at(3_000));
    assert!(desk.said().is_empty(), "{:?}", desk.said());
    assert_eq!(everything(&place).values().map(Vec::len).sum::<usize>(), kept + 1);
}

fn read_only_folder() -> (TempDir, Place) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    desk(&place).keep(vec![sample(0, 0, 1.0), sample(1, 0, 2.0)], at(0));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    (folder, place)
}

#[test]
fn a_folder_that_cannot_be_written_to_is_read_and_told_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, _) = read_only_folder();
    let mut program = command("read-only", folder.path());
    if nix::unistd::geteuid().is_root() {
        // Root may write everywhere: somebody else tries.
        program.env("WARROOM_TEST_USER", "65534");
    }
    let output = program.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("kept 2"), "what is there is read: {text}");
    let said: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("said ")).collect();
    assert!(
        matches!(&said[..], [line] if line.contains("make the state folder writable, or name another with --state")),
        "told once: {text}"
    );
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn pruning_leaves_a_tight_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    {
        let desk = desk(&place);
        for step in 0..400_i64 {
            desk.keep(
                (0..100).map(|n| sample(n, step * 60, (step as f64).sqrt() * n as f64)).collect(),
                at(step * 60),
            );
        }
    }
    let before = fs::metadata(place.file()).unwrap().len();
    let mut pen = Pen::open(&place).unwrap();
    let dropped = pen.forget(at(6 * 3600), at(0)).unwrap();
    pen.tighten().unwrap();
    assert_eq!(dropped.samples, 100 * 360);
    assert!(fs::metadata(place.file()).unwrap().len() < before / 2);
    assert_eq!(pen.pages().unwrap().free, 0);
}

/// A start goes on where the last run stopped: samples in front of what came since, a gap where nobody looked, and rules
/// that wait for it.
#[test]
fn a_start_goes_on_where_the_last_run_stopped() {
    use warroom::event::{Effect, Event, Purpose, Recalled, What};
    use warroom::labels::{MatchOp, Matcher};
    use warroom::model::Model;
    use warroom::update::update;

    let folder = tempfile::tempdir().unwrap();
    let place = Place::usual(folder.path());
    let ended = Labels::metric("requests_total", [("instance", "gone:80")]);
    let for_state = Labels::metric("ALERTS_FOR_STATE", [("alertname", "High")]);
    let last = 3_570;
    {
        let desk = desk(&place);
        for step in 0..=last / 15 {
            let mut batch = vec![sample(0, step * 15, step as f64)];
            batch.push(Sample { labels: for_state.clone(), at: at(step * 15), value: at(0).seconds() });
            let value = if step == 100 { STALE_NAN } else { 1.0 };
            if step <= 100 {
                batch.push(Sample { labels: ended.clone(), at: at(step * 15), value });
            }
            desk.keep(batch, at(step * 15));
        }
    }
    // Off for ten minutes.
    let start = at(last + 600);
    let config = warroom::config::load(&[]).unwrap();
    let plan = Arc::new(warroom::plan::Plan::compile(&config, 1).unwrap());
    let mut model = Model::new(plan, start, true);
    model.store.record();
    (model.judging.remembering, model.judging.recalling) = (true, true);
    // The first poll is faster than the disk.
    assert_eq!(
        model.store.append(&series(0), start + Duration::from_secs(1), 300.0),
        warroom::store::Appended::New
    );
    let what = What::Remembered { entries: Vec::new(), saved: Vec::new() };
    let effects = update(&mut model, Event { at: start + Duration::from_secs(2), what });
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Recall { purpose: Purpose::Start, from, to } => Some((*from, *to)),
        _ => None,
    });
    let (from, to) = asked.expect("it asks for the past");
    assert!(model.judging.remembering, "rules wait for it");
    let mut batches = Vec::new();
    let reader = Reader::open(&place).unwrap().unwrap();
    let mut take = |samples| {
        batches.push(samples);
        true
    };
    reader.read(from, to, &[], &mut take).unwrap();
    let now = start + Duration::from_secs(3);
    for samples in batches {
        let recalled = Recalled { samples, complete: false, ..Recalled::none(Purpose::Start, from, to) };
        // What is asked for elsewhere never comes into the living store.
        let other = Recalled { purpose: Purpose::Rewind(1), ..recalled.clone() };
        let before = model.store.stats().samples;
        update(&mut model, Event { at: now, what: What::Recalled(other) });
        assert_eq!(model.store.stats().samples, before);
        update(&mut model, Event { at: now, what: What::Recalled(recalled) });
    }
    assert!(model.judging.remembering);
    update(&mut model, Event { at: now, what: What::Recalled(Recalled::none(Purpose::Start, from, to)) });
    assert!(!model.judging.remembering && !model.judging.recalling, "and go on");

    let all = |labels: &Labels| {
        let mut out = Vec::new();
        let all = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        model.store.get(labels).unwrap().range(all.0, all.1, &mut out);
        out
    };
    let living = all(&series(0));
    assert_eq!(living.len(), 239 + 1 + 1, "the past, its end, and the poll");
    let end = living[239];
    assert_eq!(
        (end.0, end.1.to_bits()),
        (at(last + 15), STALE_NAN.to_bits()),
        "it ends a step after its last sample"
    );
    assert_eq!(all(&ended).len(), 101, "what had ended has ended once");
    assert_eq!(all(&for_state).last().unwrap().0, at(last), "what restores alerts does not end");
    assert_eq!(model.store.stats().samples, living.len() + 101 + 239);
    // A graph: values up to the stop, none while nobody looked, and a rate over the gap that is the counter's own.
    let value = |text: &str, when: Timestamp| {
        let expr = warroom::promql::parse(text).unwrap();
        warroom::promql::eval(&model.store, &expr, when, &warroom::promql::Options::default()).unwrap().value
    };
    let count = |value: &warroom::promql::Value| match value {
        warroom::promql::Value::Vector(points) => points.len(),
        other => panic!("{other:?}"),
    };
    let one = "requests_total{instance=\"10.0.0.0:80\"}";
    assert_eq!(count(&value(one, at(last + 5))), 1);
    assert_eq!(count(&value(one, at(last + 60))), 0, "not carried over");
    assert_eq!(count(&value(one, start + Duration::from_secs(2))), 1);
    let instance = Matcher::new("instance", MatchOp::Equal, "10.0.0.0:80").unwrap();
    assert_eq!(model.store.select(&[instance]).len(), 1);
    // What came back is not written again.
    let kept: Vec<Sample> = model.store.take_recorded();
    assert_eq!(kept.len(), 1, "only the poll: {kept:?}");
}

/// Bytes that this process has handed to the kernel to write.
fn handed_to_disk() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok()).unwrap_or(0)
}

/// What a fleet's metrics look like: counters that run, counters that rest, gauges, sums of seconds.
fn lifelike(number: usize, step: i64, noise: &mut u64) -> f64 {
    *noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let random = (*noise >> 40) as f64 / (1_u64 << 24) as f64;
    match number % 10 {
        0..=3 => (step as f64 * (number % 37) as f64 + random * 5.0).floor(),
        4..=6 => number as f64,
        7 | 8 => (random * 1e4).round() / 100.0,
        _ => step as f64 * 0.37 + random / 7.0,
    }
}

/// Bytes a sample and bytes written, over some hours of a fleet that is polled every 15 s; how many of both is said by
/// `WARROOM_TEST_SERIES` and `WARROOM_TEST_HOURS`. With `WARROOM_TEST_KEEP` the file stays there.
#[test]
fn samples_are_small_on_disk_and_few_bytes_are_written_for_them() {
    // In a process of its own: what others write does not count.
    if std::env::var_os("WARROOM_TEST_ALONE").is_none() {
        let name = "samples_are_small_on_disk_and_few_bytes_are_written_for_them";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output =
            alone.args([name, "--exact", "--nocapture"]).env("WARROOM_TEST_ALONE", "1").output().unwrap();
        println!("{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (count, hours) = (number("WARROOM_TEST_SERIES", 300), number("WARROOM_TEST_HOURS", 2));
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("WARROOM_TEST_KEEP").map_or(temporary.path().to_owned(), Into::into);
    fs::create_dir_all(&folder).unwrap();
    let place = Place::usual(&folder);
    let labels: Vec<Labels> = (0..count)
        .map(|number| {
            let (code, instance) =
                ((200 + number % 5).to_string(), format!("10.0.{}.{}:8080", number / 200, number / 20 % 10));
            let name = format!("service_requests_{}_total", number % 20);
            Labels::metric(
                &name,
                [("instance", instance.as_str()), ("job", "checkout"), ("code", code.as_str())],
            )
        })
        .collect();
    let steps = hours as i64 * 240;
    // Ends now, for whoever looks at the file with a dashboard.
    let end = jiff::Timestamp::now().as_millisecond();
    let (mut noise, mut before, begun) = (7, 0, Instant::now());
    let desk = desk(&place);
    for step in 0..steps {
        let at = Timestamp::from_millis(end - (steps - step) * 15_000);
        let batch = labels.iter().enumerate().map(|(number, labels)| Sample {
            labels: labels.clone(),
            at,
            value: lifelike(number, step, &mut noise),
        });
        desk.keep(batch.collect(), at);
        if step == steps - 241 {
            before = handed_to_disk();
        }
    }
    let written = handed_to_disk() - before;
    drop(desk);
    let took = begun.elapsed();
    let figures = Reader::open(&place).unwrap().unwrap().figures().unwrap();
    let size = fs::metadata(place.file()).unwrap().len();
    let packed = figures.packed.1 as f64 / figures.packed.0 as f64;
    let (all, fresh) = (figures.packed.0 + figures.fresh.0, figures.fresh.1 as f64 / figures.fresh.0 as f64);
    println!(
        "{count} series, {hours} h: {all} samples in {size} bytes, {:.2} B a sample",
        size as f64 / all as f64
    );
    println!(
        "packed {packed:.2} B, batches {fresh:.2} B a sample; {written} bytes written in the last hour; took {took:?}"
    );
    let reading = Instant::now();
    let mut strands = 0;
    let reader = Reader::open(&place).unwrap().unwrap();
    let mut take = |samples: Vec<Strand>| {
        strands += samples.len();
        true
    };
    let from = Timestamp::from_millis(end - 6 * 3_600_000);
    reader.read(from, Timestamp::from_millis(end), &[], &mut take).unwrap();
    println!("six hours read in {:?}: {strands} strands", reading.elapsed());
    assert_eq!(all, (count as u64) * steps.cast_unsigned());
    assert!(packed < 4.0, "{packed} bytes a sample");
    assert!(fresh < 9.0, "{fresh} bytes a sample of a batch");
    // Each batch goes to the log and from there to the file, in whole pages; then the hour is packed.
    assert!(written < (8 << 20) + count as u64 * 240 * 40, "{written} bytes were written in an hour");
}
