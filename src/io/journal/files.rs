//! The files of the journal, opened so that nothing can be slipped in and nothing can hang: below one opened folder, no
//! links, no pipes, no devices, nobody else's. And the lock.

use super::named;
use crate::io::state::{self, StateError};
use rustix::fs::{AtFlags, Dir, FlockOperation, Mode as Bits, OFlags, flock, openat, renameat, statat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The file that is written to.
pub(super) const ACTIVE: &str = "journal.jsonl";
/// What a crash left of a line.
pub(super) const TORN: &str = "journal.torn";
const LOCK: &str = "journal.lock";

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Reading what is there.
    Read,
    /// Reading and appending; made if it is not there.
    Append,
}

/// Which file it is, whatever its name has become.
pub(super) type Identity = (u64, u64);

/// The state folder, held open: what is done is done in it, even if its name comes to mean another.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    file: File,
}

/// The lock is held while this lives.
#[derive(Debug)]
pub(super) struct Lock(Arc<File>);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file, just after this, releases it as well.
        let _ = flock(&*self.0, FlockOperation::Unlock);
    }
}

impl Folder {
    /// Opens the folder; makes it if it is not there.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        let file = state::prepare(path).map_err(|error| foreign(&error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Opens the folder; none if it is not there.
    pub(super) fn existing(path: &Path) -> io::Result<Option<Self>> {
        match state::open(path) {
            Ok(file) => Ok(Some(Self { path: path.to_owned(), file })),
            Err(StateError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(foreign(&error)),
        }
    }

    /// Where a file of it is, for messages.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file of the folder. Never waits, whatever the name stands for.
    pub(super) fn open(&self, name: &str, mode: Mode) -> io::Result<File> {
        let failed = |error: &io::Error| named("opening", &self.path(name), error);
        let how = match mode {
            Mode::Read => OFlags::RDONLY,
            Mode::Append => OFlags::RDWR | OFlags::APPEND | OFlags::CREATE,
        };
        let always = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = openat(&self.file, name, how | always, Bits::RUSR | Bits::WUSR);
        let file = File::from(opened.map_err(|errno| match errno {
            Errno::LOOP | Errno::MLINK => failed(&io::Error::other("it is a symbolic link")),
            Errno::ISDIR | Errno::NXIO => failed(&io::Error::other("it is not a regular file")),
            errno => failed(&errno.into()),
        })?);
        let meta = file.metadata().map_err(|error| failed(&error))?;
        let refused = |why: &str| Err(failed(&io::Error::new(ErrorKind::PermissionDenied, why)));
        match () {
            () if !meta.is_file() => Err(failed(&io::Error::other("it is not a regular file"))),
            () if meta.uid() != rustix::process::geteuid().as_raw() => refused("it belongs to another user"),
            () if meta.mode() & 0o022 != 0 => refused("others may write it: chmod go-w"),
            () => Ok(file),
        }
    }

    /// Opens `journal.jsonl` for appending. A file that was made is made for good: its name is flushed as well.
    /// To be called with the lock held, if it could be had: without it somebody may be about to rotate, and appending
    /// looks again.
    pub(super) fn active(&self) -> io::Result<File> {
        let file = self.open(ACTIVE, Mode::Append)?;
        if file.metadata()?.len() == 0 {
            self.sync()?;
        }
        Ok(file)
    }

    /// Is this still the file that the name stands for? Another warroom may have rotated it away.
    pub(super) fn is_active(&self, file: &File) -> io::Result<bool> {
        let meta = file.metadata()?;
        Ok(self.look(ACTIVE)?.is_some_and(|(identity, _)| identity == (meta.dev(), meta.ino())))
    }

    /// Identity and length of a file; none if it is not there.
    pub(super) fn look(&self, name: &str) -> io::Result<Option<(Identity, u64)>> {
        match statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            // The types of these fields differ from system to system.
            #[expect(
                clippy::useless_conversion,
                clippy::unnecessary_cast,
                reason = "on this system they do not"
            )]
            Ok(stat) => Ok(Some(((stat.st_dev as u64, stat.st_ino.into()), stat.st_size as u64))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(named("looking at", &self.path(name), &errno.into())),
        }
    }

    /// Numbers of the files that are full, the oldest first.
    pub(super) fn rotated(&self) -> io::Result<Vec<u64>> {
        let failed = |errno: Errno| named("listing", &self.path, &errno.into());
        let mut numbers = Vec::new();
        for entry in Dir::read_from(&self.file).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let number = entry.file_name().to_str().ok().and_then(number_of);
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Gives a file another name.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        renameat(&self.file, from, &self.file, to)
            .map_err(|errno| named("renaming", &self.path(from), &errno.into()))
    }

    /// Flushes the names in the folder to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all().map_err(|error| named("flushing", &self.path, &error))
    }

    /// The lock, for writing. An error if somebody holds it for longer than `wait`.
    pub(super) fn lock(&self, wait: Duration) -> io::Result<Lock> {
        self.lock_within(wait)?.ok_or_else(|| {
            let wait = crate::units::format_duration(wait);
            let why = format!("another warroom has held the lock for {wait}; is one of them stopped?");
            named("locking", &self.path(LOCK), &io::Error::new(ErrorKind::TimedOut, why))
        })
    }

    /// The lock, for writing; none if somebody holds it for longer than `wait`.
    pub(super) fn lock_within(&self, wait: Duration) -> io::Result<Option<Lock>> {
        self.within(wait, Mode::Append, FlockOperation::NonBlockingLockExclusive)
    }

    /// The lock, for reading; none if it cannot be had. It is not made: reading changes nothing.
    pub(super) fn share_within(&self, wait: Duration) -> Option<Lock> {
        self.within(wait, Mode::Read, FlockOperation::NonBlockingLockShared).ok().flatten()
    }

    /// The lock, for reading, if nobody is writing just now.
    pub(super) fn try_share(&self) -> io::Result<Option<Lock>> {
        self.within(Duration::ZERO, Mode::Append, FlockOperation::NonBlockingLockShared)
    }

    /// Tries again and again: a lock that waits could wait for ever, for a warroom that was stopped with Ctrl-Z.
    fn within(&self, wait: Duration, mode: Mode, operation: FlockOperation) -> io::Result<Option<Lock>> {
        let failed = |error: &io::Error| named("locking", &self.path(LOCK), error);
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let file = self.open(LOCK, mode)?;
            match flock(&file, operation) {
                Ok(()) => {
                    // Somebody may have removed the file since: then others lock another one.
                    let meta = file.metadata().map_err(|error| failed(&error))?;
                    let current = self.look(LOCK)?.map(|(identity, _)| identity);
                    if current == Some((meta.dev(), meta.ino())) {
                        return Ok(Some(Lock(Arc::new(file))));
                    }
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(errno) => return Err(failed(&errno.into())),
            }
            let left = wait.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(16));
        }
    }
}

/// The name of a file that is full.
pub(super) fn rotated_name(number: u64) -> String {
    format!("journal.{number}.jsonl")
}

/// The number in such a name.
fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("journal.")?.strip_suffix(".jsonl")?;
    digits.parse().ok().filter(|number| rotated_name(*number) == name)
}

fn foreign(error: &StateError) -> io::Error {
    let kind = match error {
        StateError::Io { error, .. } => error.kind(),
        error if error.is_permission() => ErrorKind::PermissionDenied,
        _ => ErrorKind::InvalidInput,
    };
    io::Error::new(kind, error.to_string())
}
