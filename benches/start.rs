//! How long the first picture takes with 24 h of 5,000 series on disk, and how long until the past is there: the real
//! binary in a real pty. The state folder is made anew, by warroom's own writer.
//!
//! `cargo bench --bench start`; `WARROOM_BENCH_STATE=FOLDER` keeps the folder, and uses it once more.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot be set up should stop; it starts programs and reads the clock"
)]

#[path = "support/disk.rs"]
mod disk;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use warroom::io::history::{Place, Reader};
use warroom::units::Timestamp;

const HOURS: u64 = 24;
const SERIES: usize = 5_000;
const STARTS: usize = 15;
/// What no start may take longer than before it counts as one that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    // `cargo test --benches` runs it as well: that it starts is tested elsewhere.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("WARROOM_BENCH_STATE").map_or_else(|| own.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let place = Place::usual(&folder);
    if place.file().exists() {
        eprintln!("{}: is used as it is", place.file().display());
    } else {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = Timestamp::from_millis(since.as_millis() as i64);
        let began = Instant::now();
        disk::fill(&folder, now, HOURS, SERIES);
        eprintln!("{HOURS} h of {SERIES} series written in {:.1?}", began.elapsed());
    }
    let figures = Reader::open(&place).unwrap().unwrap().figures().unwrap();
    let (samples, bytes) = (figures.packed.0 + figures.fresh.0, figures.pages.used);
    eprintln!(
        "{} series, {samples} samples, {:.1} MiB, {:.2} bytes a sample",
        figures.series,
        bytes as f64 / f64::from(1 << 20),
        bytes as f64 / samples as f64
    );
    // The usual configuration's history is that of the user's own folder.
    let config = tempfile::tempdir().unwrap();
    let file = config.path().join("warroom/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(
        &file,
        "schema = 1\n[service.shop]\ninstances = [\"http://127.0.0.1:9\"]\n\
         poll.health = { kind = \"health\", path = \"/health\" }\n",
    )
    .unwrap();
    let empty = tempfile::tempdir().unwrap();
    for (name, state) in [("without a history", empty.path()), ("with it", folder.as_path())] {
        let mut took: Vec<Duration> = (0..STARTS).map(|_| first_picture(config.path(), state)).collect();
        took.sort();
        eprintln!(
            "first picture {name}: median {:.1?}, worst of {STARTS} {:.1?}",
            took[STARTS / 2],
            took[STARTS - 1]
        );
    }
}

/// From the start of the process to the first picture with the service in it.
fn first_picture(config: &Path, state: &Path) -> Duration {
    let pair = native_pty_system()
        .openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })
        .unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["--state", &state.to_string_lossy()]);
    command.env_clear();
    command.env("HOME", config);
    command.env("XDG_CONFIG_HOME", config);
    command.env("LANG", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (sender, chunks) = channel();
    let began = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    std::thread::spawn(move || {
        let mut chunk = vec![0; 1 << 16];
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            if sender.send(chunk[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut seen = Vec::new();
    while !seen.windows(4).any(|word| word == b"shop") {
        let chunk = chunks.recv_timeout(PATIENCE).expect("a first picture comes");
        seen.extend(chunk);
    }
    let took = began.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}
