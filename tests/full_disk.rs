//! A disk without room, and a state folder that nobody may write to: journal, history and captures are told of once,
//! nothing else stops, what was written stays, and once there is room again all of it goes on.
//!
//! A limit on the size of files stands for a disk without room. It holds for a process, so each case runs in one of its
//! own: this binary, started once more.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test that starts processes, touches files, or fails"
)]

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use warroom::capture::{Capture, Strand};
use warroom::io::capture as captures;
use warroom::io::history::{Place, Reader};
use warroom::io::keeper::{Keeper, Kept};
use warroom::journal::{Category, Entry, Level, Who};
use warroom::labels::Labels;
use warroom::plan::HistoryPlan;
use warroom::target::Sample;
use warroom::text::Clean;
use warroom::units::Timestamp;

/// How long something that must happen may take: the keeper looks every two seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// The files of the child may have so many bytes until there is room again.
const ROOM: u64 = 400 << 10;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_763_720_000_000 + seconds * 1_000)
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

fn line(number: usize) -> Entry {
    let mut details = serde_json::Map::new();
    details.insert("text".to_owned(), "x".repeat(4_000).into());
    Entry {
        at: at(number as i64),
        event_id: format!("e{number}"),
        level: Level::Info,
        category: Category::Incident,
        action: "incident.note".to_owned(),
        who: Who { user: Clean::new("test"), ..Who::default() },
        status: "ok".to_owned(),
        details,
    }
}

fn samples(step: usize) -> Vec<Sample> {
    let sample = |number: usize| Sample {
        labels: Labels::metric("noise", [("instance", format!("10.0.0.{number}:80").as_str())]),
        at: at(step as i64 * 15),
        value: ((step * 7_919 + number * 104_729) as f64).sin(),
    };
    (0..800).map(sample).collect()
}

fn keeper(folder: &Path) -> (Keeper, Receiver<Kept>) {
    let (tell, told) = channel();
    let keeper = Keeper::start(Ok(folder.to_owned()), plan(), move |kept| drop(tell.send(kept))).unwrap();
    (keeper, told)
}

/// Waits for a line that contains `part`; answers all that were told until then.
fn until(told: &Receiver<Kept>, part: &str) -> Vec<String> {
    let mut lines = Vec::new();
    while let Ok(kept) = told.recv_timeout(PATIENCE) {
        if let Kept::Notice(line) = kept {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(part)) {
                return lines;
            }
        }
    }
    panic!("\"{part}\" was not told: {lines:?}");
}

/// From now on there is room.
fn make_room() {
    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

fn ids(folder: &Path) -> Vec<String> {
    let (entries, _) = warroom::io::journal::read(folder, u64::MAX).unwrap();
    entries.into_iter().map(|entry| entry.event_id).collect()
}

fn kept_samples(folder: &Path) -> usize {
    let Some(reader) = Reader::open(&Place::of(folder, &plan())).unwrap() else { return 0 };
    let mut count = 0;
    let mut take = |strands: Vec<warroom::event::Strand>| {
        count += strands.iter().map(|strand| strand.packed.len()).sum::<usize>();
        true
    };
    reader.read(at(-1), at(1_000_000), &[], &mut take).unwrap();
    count
}

/// Not a test by itself: what the others start.
#[test]
fn as_a_child() {
    let Some(task) = std::env::var_os("WARROOM_TEST_FULL") else { return };
    let folder = std::env::var_os("WARROOM_TEST_FOLDER").unwrap();
    let folder = Path::new(&folder);
    if let Some(user) = std::env::var("WARROOM_TEST_USER").ok().and_then(|id| id.parse().ok()) {
        nix::unistd::setgid(nix::unistd::Gid::from_raw(user)).unwrap();
        nix::unistd::setuid(nix::unistd::Uid::from_raw(user)).unwrap();
    }
    match task.to_str().unwrap() {
        "journal" => journal_without_room(folder),
        "history" => history_without_room(folder),
        "capture" => capture_without_room(folder),
        "read-only" => nobody_may_write(folder),
        other => panic!("{other}"),
    }
    println!("\ndone");
}

fn journal_without_room(folder: &Path) {
    let (keeper, told) = keeper(folder);
    let mut written = 0;
    let mut lines = Vec::new();
    while lines.is_empty() {
        keeper.append(vec![line(written)]);
        written += 1;
        assert!(written < 2_000, "the limit does not hold");
        if let Ok(Kept::Notice(line)) = told.recv_timeout(Duration::from_millis(10)) {
            lines.push(line);
        }
    }
    assert!(lines[0].starts_with("the journal cannot be written: "), "{lines:?}");
    // It goes on to be asked, and says nothing more about it.
    for _ in 0..20 {
        keeper.append(vec![line(written)]);
        written += 1;
    }
    make_room();
    let more = until(&told, "the journal is written again");
    assert_eq!(more.len(), 1, "each turn is told once: {more:?}");
    keeper.append(vec![line(written)]);
    drop(keeper);
    let expected: Vec<String> = (0..=written).map(|number| format!("e{number}")).collect();
    assert_eq!(ids(folder), expected, "nothing is lost, nothing is there twice");
}

fn history_without_room(folder: &Path) {
    let (keeper, told) = keeper(folder);
    let mut step = 0;
    let mut lines = Vec::new();
    while lines.is_empty() {
        keeper.keep(samples(step), at(step as i64 * 15));
        step += 1;
        assert!(step < 3_000, "the limit does not hold");
        if let Ok(Kept::Notice(line)) = told.recv_timeout(Duration::from_millis(20)) {
            lines.push(line);
        }
    }
    let first = &lines[0];
    assert!(first.contains("it is not written: free some space on that disk"), "{lines:?}");
    make_room();
    keeper.keep(samples(step), at(step as i64 * 15));
    let more = until(&told, "history is written again");
    assert!(more.len() <= 3, "each turn is told once: {more:?}");
    drop(keeper);
    assert_eq!(kept_samples(folder), (step + 1) * 800, "what waited is written as well");
}

fn capture(series: usize) -> Capture {
    let strand = |number: usize| Strand {
        labels: Labels::metric("noise", [("instance", format!("{number}").as_str())]),
        samples: (0..240).map(|n| (at(n), (n as f64 * number as f64).sin())).collect(),
    };
    Capture { series: (1..=series).map(strand).collect(), ..Capture::default() }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn capture_without_room(folder: &Path) {
    let (small, large) = (folder.join("small.warroom.gz"), folder.join("large.warroom.gz"));
    captures::save(&small, &capture(2)).unwrap();
    let error = captures::save(&large, &capture(2_000)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{error}");
    assert_eq!(names(folder), ["small.warroom.gz"], "what was begun is taken away, what is there stays");
    assert_eq!(captures::load(&small).unwrap().samples(), 480);
    make_room();
    captures::save(&large, &capture(2_000)).unwrap();
    assert_eq!(captures::load(&large).unwrap().samples(), 480_000);
}

fn nobody_may_write(folder: &Path) {
    let (keeper, told) = keeper(folder);
    let lines = until(&told, "the journal is not written");
    assert_eq!(lines.len(), 1, "{lines:?}");
    keeper.append(vec![line(1)]);
    keeper.append(vec![line(2)]);
    keeper.keep(samples(0), at(0));
    let lines =
        until(&told, "it is not written: make the state folder writable, or name another with --state");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let error = captures::save(&folder.join("a.warroom.gz"), &capture(1)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    // What is there is read all the same.
    assert_eq!(ids(folder), ["e0"]);
    assert_eq!(kept_samples(folder), 800);
}

/// Runs a case in a process whose files may not grow.
fn limited(task: &str, folder: &Path) {
    // The shell ignores the signal of that limit, which is inherited: a write fails instead, as on a full disk. POSIX
    // counts in blocks of 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", ROOM / 512);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(std::env::current_exe().unwrap());
    run(shell, task, folder);
}

fn run(mut command: Command, task: &str, folder: &Path) {
    let output = command
        .args(["as_a_child", "--exact", "--nocapture", "--test-threads=1"])
        .env("WARROOM_TEST_FULL", task)
        .env("WARROOM_TEST_FOLDER", folder)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("\ndone"), "{task}: {out}\n{err}");
}

#[test]
fn a_journal_without_room_waits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    limited("journal", folder.path());
}

#[test]
fn a_history_without_room_waits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    limited("history", folder.path());
}

#[test]
fn a_capture_without_room_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    limited("capture", folder.path());
}

#[test]
fn a_folder_that_nobody_may_write_to_is_read_and_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (keeper, _told) = keeper(folder.path());
        keeper.append(vec![line(0)]);
        keeper.keep(samples(0), at(0));
    }
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        mode(&entry.unwrap().path(), 0o444);
    }
    mode(folder.path(), 0o555);
    let mut command = Command::new(std::env::current_exe().unwrap());
    if rustix::process::geteuid().is_root() {
        // Root may write everywhere: somebody else tries, whose folder it is. A stranger's journal is not believed.
        let own = |path: &Path| std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            own(&entry.unwrap().path());
        }
        own(folder.path());
        command.env("WARROOM_TEST_USER", "65534");
    }
    run(command, "read-only", folder.path());
    mode(folder.path(), 0o755);
}
