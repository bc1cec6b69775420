//! The journal's file under what happens to files: kills, torn ends, several writers, rotation, full disks, and things
//! that stand where it should be.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests may fail, touch files, start themselves as writers, and read the clock"
)]

use rustix::fs::{FlockOperation, flock};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use warroom::io::journal::{Journal, Options, Repairs, Tail, read};
use warroom::journal::{Category, Entry, Level, Who};
use warroom::units::Timestamp;

fn entry(id: &str, filling: usize) -> Entry {
    let details: Map<String, serde_json::Value> =
        [("note".to_owned(), json!("x".repeat(filling)))].into_iter().collect();
    Entry {
        at: Timestamp::from_millis(1_759_910_400_000),
        event_id: id.to_owned(),
        level: Level::Info,
        category: Category::Incident,
        action: "incident.noted".to_owned(),
        who: Who { user: "ana".into(), host: "ops1".into(), ..Who::default() },
        status: "ok".to_owned(),
        details,
    }
}

fn ids(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.event_id.clone()).collect()
}

fn small() -> Options {
    Options { rotate_at: 16 << 10, read_back: u64::MAX, lock_wait: Duration::from_secs(20) }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Whoever asks who was first needs the order of the file, own lines among the others', through rotations.
#[test]
fn a_tail_reads_everything_once_and_in_the_files_order() {
    let folder = folder();
    let mut writers = [(); 2].map(|()| Journal::open_with(folder.path(), small()).unwrap().0);
    writers[0].append(&[entry("0", 10)]).unwrap();
    let (mut tail, first, _) = Tail::open(folder.path(), small()).unwrap();
    assert_eq!(ids(&first), ["0"]);
    let mut next = 1;
    // 40 lines of a kilobyte each, some rounds many: several files are put aside between two looks.
    for count in [0, 1, 2, 40, 1, 0, 100, 3] {
        let wanted: Vec<String> = (next..next + count).map(|number| number.to_string()).collect();
        for number in next..next + count {
            writers[number % 2].append(&[entry(&number.to_string(), 1_000)]).unwrap();
        }
        assert_eq!(ids(&tail.read_on().unwrap()), wanted);
        assert!(tail.read_on().unwrap().is_empty());
        next += count;
    }
    // While somebody writes, it waits; whoever holds the lock for ever is an error, and not "nothing new".
    let holder = OpenOptions::new().read(true).write(true).open(folder.path().join("journal.lock")).unwrap();
    let patience = Options { lock_wait: Duration::from_millis(20), ..small() };
    let (mut hasty, _, _) = Tail::open(folder.path(), patience).unwrap();
    writers[0].append(&[entry("last", 10)]).unwrap();
    flock(&holder, FlockOperation::LockExclusive).unwrap();
    assert_eq!(hasty.read_on().unwrap_err().kind(), ErrorKind::TimedOut);
    flock(&holder, FlockOperation::Unlock).unwrap();
    assert_eq!(ids(&hasty.read_on().unwrap()), ["last"]);
}

// --- writers in processes of their own -----------------------------------------------------------------------------

/// What a writer is told: folder, name, how many (0: until it is killed).
const WRITER: &str = "WARROOM_TEST_JOURNAL_WRITER";

/// A writer when it is started by another test, and a test of its own otherwise: what is acknowledged is read back.
#[test]
fn writer() {
    let told = std::env::var(WRITER).ok();
    let own = folder();
    let (path, name, count) = match told.as_deref().map(|told| told.split(' ').collect::<Vec<_>>()) {
        Some(parts) => (Path::new(parts[0]).to_owned(), parts[1].to_owned(), parts[2].parse().unwrap()),
        None => (own.path().to_owned(), "alone".to_owned(), 20),
    };
    let options = if name == "limited" { Options::default() } else { small() };
    let (mut journal, before, _) = Journal::open_with(&path, options).unwrap();
    println!("ready");
    let mut written = Vec::new();
    for n in 0_usize.. {
        if count > 0 && n == count {
            break;
        }
        // Every sixteenth is a batch of long lines, so that a kill has something to tear.
        let filling = if n % 16 == 15 { 60_000 } else { 40 };
        let batch: Vec<Entry> = (0..if n % 16 == 15 { 4 } else { 1 })
            .map(|part| entry(&format!("{name}-{n}-{part}"), filling))
            .collect();
        if let Err(error) = journal.append(&batch) {
            println!("refused {:?} {error}", error.kind());
            return;
        }
        for id in ids(&batch) {
            println!("ack {id}");
            written.push(id);
        }
    }
    drop(journal);
    let (after, repairs) = read(&path, u64::MAX).unwrap();
    let after: BTreeSet<String> = ids(&after).into_iter().collect();
    assert!(written.iter().all(|id| after.contains(id)));
    assert!(after.len() >= before.len() + written.len() && repairs.broken == 0, "{repairs}");
}

struct Writer {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Writer {
    fn start(folder: &Path, name: &str, count: usize) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), folder, name, count)
    }

    fn run(mut command: Command, folder: &Path, name: &str, count: usize) -> Self {
        command.args(["--exact", "writer", "--nocapture", "--test-threads=1"]);
        command.env(WRITER, format!("{} {name} {count}", folder.display()));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Whatever it says until `enough` acknowledgements or its end.
    fn acknowledged(&mut self, enough: usize) -> (Vec<String>, Option<String>) {
        let (mut acks, mut refusal) = (Vec::new(), None);
        while acks.len() < enough {
            let Some(Ok(line)) = self.lines.next() else { break };
            acks.extend(line.split_once("ack ").map(|(_, id)| id.to_owned()));
            refusal = refusal.or_else(|| line.split_once("refused ").map(|(_, why)| why.to_owned()));
        }
        (acks, refusal)
    }
}

#[test]
fn a_kill_at_any_point_loses_nothing_that_was_acknowledged() {
    let folder = folder();
    let mut acknowledged = BTreeSet::new();
    let (mut runs, mut torn, mut random) = (0_u32, 0_u32, 0x2545_f491_4f6c_dd1d_u64);
    // The first entry of each append counts it.
    let appends = |ids: &BTreeSet<String>| ids.iter().filter(|id| id.ends_with("-0")).count();
    while appends(&acknowledged) < 1000 {
        runs += 1;
        let mut writer = Writer::start(folder.path(), &format!("run{runs}"), 0);
        // xorshift64: the same places on every machine, as far as its disk allows.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (acks, refusal) = writer.acknowledged((random % 48) as usize + 1);
        assert_eq!(refusal, None);
        // Any point between this acknowledgement and one a few later.
        let until = Instant::now() + Duration::from_micros(random >> 32 & 0xfff);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        writer.child.kill().unwrap();
        writer.child.wait().unwrap();
        acknowledged.extend(acks);
        // What it said before it died, but we had not read yet, was promised as well.
        acknowledged.extend(writer.acknowledged(usize::MAX).0);
        let (_, entries, repairs) = Journal::open_with(folder.path(), small()).unwrap();
        let there: BTreeSet<String> = ids(&entries).into_iter().collect();
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "run {runs} lost {lost:?}");
        assert!(!repairs.busy && repairs.broken == 0 && repairs.duplicates == 0, "run {runs}: {repairs}");
        torn += u32::from(repairs.torn.is_some());
    }
    println!("{} acknowledged appends, {runs} kills, {torn} torn lines", appends(&acknowledged));
    assert!(runs >= 10);
}

#[test]
fn a_writer_that_dies_in_the_middle_of_its_write_loses_only_what_it_was_writing() {
    // The kernel writes up to the limit on a file's size, and then kills the writer: a kill within a write, every time.
    for limit in [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144] {
        let folder = folder();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -c 0; ulimit -f {limit}; exec \"$0\" \"$@\"")]);
        shell.arg(std::env::current_exe().unwrap());
        let mut writer = Writer::run(shell, folder.path(), "limited", 0);
        let (acks, refusal) = writer.acknowledged(usize::MAX);
        let ended = writer.child.wait().unwrap();
        assert!(ended.signal().is_some() && refusal.is_none(), "{limit}: {ended} {refusal:?}");
        let (mut journal, entries, repairs) = Journal::open(folder.path()).unwrap();
        let there = ids(&entries);
        assert_eq!(there[..acks.len()], acks, "{limit}: all that was acknowledged, in its order");
        // Of a batch that was not, the first lines may be there.
        assert!(there[acks.len()..].iter().all(|id| id.starts_with("limited-15-")), "{limit}: {there:?}");
        let torn = repairs.torn.unwrap();
        assert!(torn.bytes > 0 && torn.kept.is_some(), "{limit}: {torn:?}");
        journal.append(&[entry("next", 1)]).unwrap();
        assert_eq!(ids(&read(folder.path(), u64::MAX).unwrap().0).len(), there.len() + 1);
    }
}

#[test]
fn several_warrooms_write_and_rotate_at_once_and_follow_one_another() {
    let folder = folder();
    let (mut follower, before, _) = Journal::open_with(folder.path(), small()).unwrap();
    assert!(before.is_empty());
    let mut writers: Vec<Writer> =
        (0..4).map(|n| Writer::start(folder.path(), &format!("w{n}"), 30)).collect();
    let mut followed = Vec::new();
    let mut own = Vec::new();
    while writers.iter_mut().any(|writer| writer.child.try_wait().unwrap().is_none()) {
        own.push(format!("own-{}", own.len()));
        follower.append(&[entry(own.last().unwrap(), 40)]).unwrap();
        followed.extend(ids(&follower.follow().unwrap()));
    }
    let mut acknowledged = BTreeSet::new();
    for mut writer in writers {
        assert!(writer.child.wait().unwrap().success());
        acknowledged.extend(writer.acknowledged(usize::MAX).0);
    }
    // One look reads a bounded piece; nobody writes any more, so an empty one is the end.
    loop {
        let more = ids(&follower.follow().unwrap());
        if more.is_empty() {
            break;
        }
        followed.extend(more);
    }
    let count = followed.len();
    let followed: BTreeSet<String> = followed.into_iter().collect();
    assert_eq!(count, followed.len(), "no line is followed twice");
    assert_eq!(followed, acknowledged, "others' lines, all of them, and none of our own");
    let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
    assert_eq!(entries.len(), acknowledged.len() + own.len());
    assert_eq!((repairs.broken, repairs.duplicates), (0, 0), "{repairs}");
    assert!(folder.path().join("journal.3.jsonl").exists(), "it was rotated under load");
}

#[test]
fn a_disk_that_is_full_refuses_and_leaves_only_what_was_acknowledged() {
    // The limit on a file's size stands for a full disk: the last write comes in part, and then not at all.
    let folder = folder();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let mut writer = Writer::run(shell, folder.path(), "limited", 0);
    let (acks, refusal) = writer.acknowledged(usize::MAX);
    assert!(writer.child.wait().unwrap().success());
    let refusal = refusal.unwrap();
    let file = folder.path().join("journal.jsonl");
    assert!(refusal.starts_with(&format!("FileTooLarge appending to {}: ", file.display())), "{refusal}");
    assert!(acks.len() >= 6, "{acks:?}");
    let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
    assert_eq!(ids(&entries), acks, "all that was acknowledged, and nothing else");
    assert_eq!(repairs, Repairs::default());
    let text = fs::read(&file).unwrap();
    assert_eq!(text.last(), Some(&b'\n'));
}

// --- torn ends -----------------------------------------------------------------------------------------------------

#[test]
fn a_last_line_torn_at_any_byte_is_put_aside() {
    let line = entry("torn", 10).to_line();
    let first = entry("first", 10).to_line() + "\n";
    for length in 1..=line.len() {
        let folder = folder();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, format!("{first}{}", &line[..length])).unwrap();
        let whole = length == line.len();

        // Who only reads leaves the open end alone: it may be somebody's write.
        assert_eq!(ids(&read(folder.path(), u64::MAX).unwrap().0), ["first"]);
        let (mut journal, entries, repairs) = Journal::open(folder.path()).unwrap();
        let expected: &[&str] = if whole { &["first", "torn"] } else { &["first"] };
        assert_eq!(ids(&entries), expected, "{length}");
        let kept = fs::read_to_string(folder.path().join("journal.torn")).ok();
        assert_eq!(kept, (!whole).then(|| format!("{}\n", &line[..length])));
        assert_eq!(repairs.torn.as_ref().map(|torn| torn.bytes), (!whole).then_some(length as u64));

        journal.append(&[entry("next", 10)]).unwrap();
        let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
        assert_eq!(entries.len(), expected.len() + 1);
        assert!(!repairs.is_worth_telling(), "{repairs}");
    }
}

#[test]
fn a_writer_that_lives_mends_what_another_left() {
    let folder = folder();
    let (mut journal, ..) = Journal::open(folder.path()).unwrap();
    journal.append(&[entry("a", 1)]).unwrap();
    let mut other = OpenOptions::new().append(true).open(folder.path().join("journal.jsonl")).unwrap();
    other.write_all(b"{\"v\":1,\"time").unwrap();
    assert_eq!(journal.follow().unwrap(), []);
    journal.append(&[entry("b", 1)]).unwrap();
    let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
    assert_eq!((ids(&entries), repairs.broken), (vec!["a".to_owned(), "b".to_owned()], 0));
}

#[test]
fn garbage_is_skipped_told_and_kept() {
    let garbage: Vec<(&str, Vec<u8>, u64)> = vec![
        ("zeros, as a power failure leaves them", vec![0; 5000], 1),
        ("not UTF-8", b"\xff\xfe{}".to_vec(), 1),
        ("another program's JSON", b"{\"level\":30,\"msg\":\"hi\"}".to_vec(), 1),
        ("blank lines", b"\n\n  \n".to_vec(), 0),
        ("a line without end", vec![b'x'; 3 << 20], 4),
        ("brackets", vec![b'['; 500_000], 1),
    ];
    for (what, bytes, most) in garbage {
        let folder = folder();
        let path = folder.path().join("journal.jsonl");
        let mut text = (entry("before", 1).to_line() + "\n").into_bytes();
        text.extend_from_slice(&bytes);
        text.extend_from_slice(format!("\n{}\n", entry("after", 1).to_line()).as_bytes());
        fs::write(&path, &text).unwrap();
        let (mut journal, entries, repairs) = Journal::open(folder.path()).unwrap();
        assert_eq!(ids(&entries), ["before", "after"], "{what}");
        assert!(repairs.broken <= most && (most == 0 || repairs.broken > 0), "{what}: {repairs}");
        assert_eq!(repairs.is_worth_telling(), most > 0, "{what}");
        journal.append(&[entry("later", 1)]).unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&text), "{what}: nothing but the end is touched");

        // The same as an open end: a new entry is never glued to it.
        let mut open = OpenOptions::new().append(true).open(&path).unwrap();
        open.write_all(&bytes).unwrap();
        let (mut journal, _, _) = Journal::open(folder.path()).unwrap();
        journal.append(&[entry("last", 1)]).unwrap();
        assert_eq!(ids(&read(folder.path(), u64::MAX).unwrap().0).last().unwrap(), "last", "{what}");
    }
}

// --- reading back --------------------------------------------------------------------------------------------------

#[test]
fn the_newest_is_read_back_over_rotated_files_and_each_event_once() {
    let folder = folder();
    let (mut journal, ..) = Journal::open_with(folder.path(), small()).unwrap();
    let all: Vec<String> = (0..300).map(|n| format!("e{n}")).collect();
    for id in &all {
        journal.append(&[entry(id, 100)]).unwrap();
        journal.append(&[entry(id, 100)]).unwrap();
    }
    let names: Vec<bool> =
        (1..=9).map(|n| folder.path().join(format!("journal.{n}.jsonl")).exists()).collect();
    assert!(names[..7].iter().all(|there| *there), "{names:?}");
    let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
    assert_eq!(ids(&entries), all);
    assert_eq!((repairs.duplicates, repairs.left_out), (300, 0));
    let whole: u64 = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    for most in [0, 1, 5000, 20_000, 33_000, whole - 1, whole] {
        let (entries, repairs) = read(folder.path(), most).unwrap();
        assert_eq!(ids(&entries), all[all.len() - entries.len()..], "the newest, without a gap");
        assert_eq!(repairs.left_out, whole - most);
        assert_eq!(repairs.broken, 0, "the middle of a line is not broken");
        let line = entry("e299", 100).to_line().len() as u64 + 1;
        assert!(entries.len() as u64 >= (most / line / 2).saturating_sub(1), "{most}: {}", entries.len());
    }
    // A gap in the numbers and names that only look alike disturb nobody.
    fs::remove_file(folder.path().join("journal.2.jsonl")).unwrap();
    for name in [
        "journal.x.jsonl",
        "journal.007.jsonl",
        "journal.1.jsonl.gz",
        "journal.99999999999999999999999.jsonl",
    ] {
        fs::write(folder.path().join(name), entry(name, 1).to_line() + "\n").unwrap();
    }
    fs::create_dir(folder.path().join("journal.4000.jsonl")).unwrap();
    let (mut journal, entries, repairs) = Journal::open_with(folder.path(), small()).unwrap();
    assert!(entries.len() < 300 && ids(&entries).last() == all.last());
    assert_eq!(repairs.unreadable.len(), 1);
    for n in 0..100 {
        journal.append(&[entry(&format!("more{n}"), 100)]).unwrap();
    }
    assert!(folder.path().join("journal.4001.jsonl").exists(), "no file is ever written over");
}

#[test]
fn nothing_is_made_by_reading() {
    let folder = folder();
    let missing = folder.path().join("none/at/all");
    assert_eq!(read(&missing, u64::MAX).unwrap().0, []);
    assert!(!folder.path().join("none").exists());
    assert_eq!(read(folder.path(), u64::MAX).unwrap().0, []);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn following_survives_what_editors_and_people_do_to_the_file() {
    let folder = folder();
    let path = folder.path().join("journal.jsonl");
    let (mut one, ..) = Journal::open(folder.path()).unwrap();
    let (mut two, ..) = Journal::open(folder.path()).unwrap();
    one.append(&[entry("a", 1), entry("b", 1)]).unwrap();
    assert_eq!(ids(&two.follow().unwrap()), ["a", "b"]);
    assert_eq!(two.follow().unwrap(), []);
    assert_eq!(one.follow().unwrap(), [], "one's own lines are no news");
    // Saved by an editor: the same lines in another file.
    let text = fs::read(&path).unwrap();
    fs::write(folder.path().join("new"), &text).unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert_eq!(two.follow().unwrap(), []);
    one.append(&[entry("c", 1)]).unwrap();
    assert_eq!(ids(&two.follow().unwrap()), ["c"]);
    // Cut shorter.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
    one.append(&[entry("d", 1)]).unwrap();
    assert_eq!(ids(&two.follow().unwrap()), ["d"]);
    // Removed, the lock as well.
    fs::remove_file(&path).unwrap();
    fs::remove_file(folder.path().join("journal.lock")).unwrap();
    assert_eq!(two.follow().unwrap(), []);
    one.append(&[entry("e", 1)]).unwrap();
    two.append(&[entry("f", 1)]).unwrap();
    assert_eq!(ids(&two.follow().unwrap()), ["e"]);
    assert_eq!(ids(&one.follow().unwrap()), ["f"]);
    assert_eq!(ids(&read(folder.path(), u64::MAX).unwrap().0), ["e", "f"]);
}

// --- what stands in the way ----------------------------------------------------------------------------------------

/// A name, what makes something of that name, and what is told of it.
type Row = (&'static str, fn(&Path), &'static str);

#[test]
fn what_stands_where_the_journal_should_be_is_refused_in_words_and_never_waited_for() {
    let stands: [Row; 8] = [
        ("journal.jsonl", pipe, "it is not a regular file"),
        ("journal.jsonl", |path| fs::create_dir(path).unwrap(), "it is not a regular file"),
        ("journal.jsonl", |path| symlink("/dev/zero", path).unwrap(), "it is a symbolic link"),
        ("journal.jsonl", |path| symlink("elsewhere", path).unwrap(), "it is a symbolic link"),
        ("journal.jsonl", |path| file(path, 0o666), "others may write it: chmod go-w"),
        ("journal.lock", pipe, "it is not a regular file"),
        ("journal.lock", |path| symlink("/dev/tty", path).unwrap(), "it is a symbolic link"),
        (
            "",
            |path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap(),
            "others may write",
        ),
    ];
    for (name, make, told) in stands {
        let folder = folder();
        make(&folder.path().join(name));
        let begin = Instant::now();
        let error = Journal::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(name), "{name}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{name}: it waited");
    }
    // The same while it is open.
    let folder = folder();
    let (mut journal, ..) = Journal::open(folder.path()).unwrap();
    journal.append(&[entry("a", 1)]).unwrap();
    fs::remove_file(folder.path().join("journal.jsonl")).unwrap();
    pipe(&folder.path().join("journal.jsonl"));
    let error = journal.append(&[entry("b", 1)]).unwrap_err().to_string();
    assert!(error.contains("it is not a regular file"), "{error}");
    // A torn piece that cannot be put aside is closed, and skipped.
    fs::remove_file(folder.path().join("journal.jsonl")).unwrap();
    fs::write(folder.path().join("journal.jsonl"), "{\"v\"").unwrap();
    pipe(&folder.path().join("journal.torn"));
    journal.append(&[entry("c", 1)]).unwrap();
    let (entries, repairs) = read(folder.path(), u64::MAX).unwrap();
    assert_eq!((ids(&entries), repairs.broken), (vec!["c".to_owned()], 1));
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn file(path: &Path, mode: u32) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_can_still_be_read() {
    if rustix::process::geteuid().is_root() {
        // Nothing is unwritable to root but what is no folder.
        let error = Journal::open(Path::new("/proc/version/warroom")).unwrap_err();
        assert!(error.to_string().contains("cannot use the state folder /proc/version/warroom"), "{error}");
        return;
    }
    let folder = folder();
    fs::write(folder.path().join("journal.jsonl"), entry("a", 1).to_line() + "\n").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert_eq!(ids(&read(folder.path(), u64::MAX).unwrap().0), ["a"]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_warroom_that_was_stopped_with_the_lock_in_its_hand_stops_no_other() {
    let folder = folder();
    let options = Options { lock_wait: Duration::from_millis(50), ..Options::default() };
    let (mut journal, ..) = Journal::open_with(folder.path(), options).unwrap();
    journal.append(&[entry("a", 1)]).unwrap();
    let stopped = File::open(folder.path().join("journal.lock")).unwrap();
    flock(&stopped, FlockOperation::LockExclusive).unwrap();

    let error = journal.append(&[entry("b", 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(
        error.to_string().ends_with("another warroom has held the lock for 50ms; is one of them stopped?")
    );
    let (mut second, entries, repairs) = Journal::open_with(folder.path(), options).unwrap();
    assert_eq!((ids(&entries), repairs.busy), (vec!["a".to_owned()], true));
    assert_eq!(second.follow().unwrap(), []);

    drop(stopped);
    journal.append(&[entry("b", 1)]).unwrap();
    assert_eq!(ids(&second.follow().unwrap()), ["b"]);
    assert_eq!(
        fs::metadata(folder.path().join("journal.jsonl")).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
