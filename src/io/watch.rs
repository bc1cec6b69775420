//! Configuration files that change become one call. Says only *that* something changed; reads nothing.

#![expect(clippy::disallowed_methods, reason = "this is the room that watches files, on a thread of its own")]

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// After this much silence a change counts as complete: editors write, rename and touch in bursts.
const QUIET: Duration = Duration::from_millis(200);
/// A folder that is never silent is reported all the same.
const LONGEST: Duration = Duration::from_secs(2);

/// Watches until it is dropped; then its thread ends, and nothing is called any more.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Calls `on_change` some 200 ms after something changed in the folders of `files`, and in those of what they
    /// link to. The folders are watched and not the files, because editors replace files.
    ///
    /// # Errors
    /// A sentence, where the system offers no watch (no more inotify instances, a folder that is gone).
    pub fn new(files: &[PathBuf], on_change: impl Fn() + Send + 'static) -> Result<Self, String> {
        let (sender, receiver) = channel::<()>();
        let names: BTreeSet<PathBuf> =
            files.iter().filter_map(|file| file.file_name().map(PathBuf::from)).collect();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // An error may be an overflow: something has happened, nobody knows what.
            if event.as_ref().map_or(true, |event| matters(event, &names)) {
                let _ = sender.send(());
            }
        })
        .map_err(|error| format!("cannot watch files: {error}"))?;
        for folder in folders(files) {
            watcher
                .watch(&folder, RecursiveMode::NonRecursive)
                .map_err(|error| format!("cannot watch {}: {error}", folder.display()))?;
        }
        std::thread::Builder::new()
            .name("warroom-watch".to_owned())
            .spawn(move || debounce(&receiver, on_change))
            .map_err(|error| format!("cannot start the thread that watches files: {error}"))?;
        Ok(Self { _watcher: watcher })
    }
}

/// One call after each burst; ends when the watcher, and with it the sender, is dropped.
fn debounce(changes: &Receiver<()>, on_change: impl Fn()) {
    while changes.recv().is_ok() {
        let began = Instant::now();
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(()) if began.elapsed() < LONGEST => {}
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        on_change();
    }
}

/// Writing, creating, renaming and removing what could be configuration; `..data` is how Kubernetes swaps a mount.
fn matters(event: &notify::Event, names: &BTreeSet<PathBuf>) -> bool {
    let ours = |path: &PathBuf| {
        let Some(name) = path.file_name() else { return true };
        names.contains(Path::new(name))
            || Path::new(name)
                .extension()
                .is_some_and(|ending| ending == "toml" || ending == "yml" || ending == "yaml")
            || name.to_string_lossy().starts_with("..")
    };
    !matches!(event.kind, EventKind::Access(_)) && (event.paths.is_empty() || event.paths.iter().any(ours))
}

fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let linked = files.iter().filter_map(|file| file.canonicalize().ok());
    let folder = |file: PathBuf| match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Some(PathBuf::from(".")),
        folder => folder.map(Path::to_owned),
    };
    files.iter().cloned().chain(linked).filter_map(folder).filter(|folder| folder.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Long enough for a loaded machine; an event that comes ends the wait at once.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_file_that_is_written_or_replaced_is_told_once_and_nothing_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "a").unwrap();
        let (sender, told) = channel();
        let watch = Watch::new(std::slice::from_ref(&file), move || sender.send(()).unwrap()).unwrap();

        fs::write(&file, "b").unwrap();
        fs::write(&file, "c").unwrap();
        told.recv_timeout(PATIENCE).unwrap();
        assert!(told.try_recv().is_err(), "a burst is one change");

        fs::write(folder.path().join("new~"), "d").unwrap();
        fs::rename(folder.path().join("new~"), &file).unwrap();
        told.recv_timeout(PATIENCE).unwrap();

        drop(watch);
        // The thread has dropped its closure, and with it the sender: it has ended.
        assert_eq!(told.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn strangers_do_not_matter() {
        let names = BTreeSet::from([PathBuf::from("warroom.conf")]);
        let event = |kind, path: &str| notify::Event {
            kind,
            paths: vec![path.into()],
            attrs: notify::event::EventAttributes::default(),
        };
        for (kind, path, yes) in [
            (EventKind::Any, "/tmp/warroom.conf", true),
            (EventKind::Any, "/tmp/more.toml", true),
            (EventKind::Any, "/etc/warroom/..data", true),
            (EventKind::Any, "/tmp/.X11-unix", false),
            (EventKind::Access(notify::event::AccessKind::Any), "/tmp/warroom.conf", false),
        ] {
            assert_eq!(matters(&event(kind, path), &names), yes, "{path}");
        }
    }
}
