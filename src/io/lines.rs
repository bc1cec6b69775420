//! The lines that were typed after `:`, kept in the state folder for later sessions. Losing them is no loss: nothing here
//! is told to anybody, and nothing waits for it.

#![expect(clippy::disallowed_methods, reason = "the file of the lines is opened here")]

use rustix::fs::OFlags;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The file.
const FILE: &str = "lines";
/// The most that is read of it.
const READ: u64 = 64 << 10;
/// Beyond it the file is begun anew with what would be read.
const MOST: u64 = 256 << 10;

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Never through a link, and never waiting for a pipe that somebody put there.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = options.custom_flags(flags.bits().cast_signed()).mode(0o600).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("is no file")) }
}

/// The lines of earlier sessions, the newest last; none where there is no file that can be read.
pub fn load(folder: &Path) -> Vec<String> {
    read(&folder.join(FILE)).unwrap_or_default()
}

fn read(path: &Path) -> io::Result<Vec<String>> {
    let mut file = open(path, OpenOptions::new().read(true))?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(READ);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be the end of one that was cut.
    let lines = text.lines().skip(usize::from(from > 0)).filter(|line| !line.is_empty());
    Ok(lines.map(ToOwned::to_owned).collect())
}

/// Keeps a line.
///
/// # Errors
/// The file cannot be written.
pub fn keep(folder: &Path, line: &str) -> io::Result<()> {
    let path = folder.join(FILE);
    let line = crate::text::clean(line);
    let mut file = open(&path, OpenOptions::new().append(true).create(true))?;
    if file.metadata()?.len() > MOST {
        let kept = read(&path)?.join("\n");
        let fresh = folder.join(format!("{FILE}.new"));
        let _ = fs::remove_file(&fresh);
        let mut new = open(&fresh, OpenOptions::new().write(true).create_new(true))?;
        new.write_all(format!("{kept}\n{line}\n").as_bytes())?;
        return fs::rename(&fresh, &path);
    }
    // One write: lines of two warrooms do not get into one another.
    file.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_in_their_order_and_the_file_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), Vec::<String>::new());
        for line in ["service checkout", "theme\u{1b}[2J\ndark", "", "explore up"] {
            keep(folder.path(), line).unwrap();
        }
        assert_eq!(load(folder.path()), ["service checkout", "theme[2J dark", "explore up"]);
        let long = "x".repeat(900);
        for _ in 0..600 {
            keep(folder.path(), &long).unwrap();
        }
        keep(folder.path(), "last").unwrap();
        let path = folder.path().join(FILE);
        assert!(fs::metadata(&path).unwrap().len() <= MOST + 1_000);
        let lines = load(folder.path());
        assert_eq!(lines.last().unwrap(), "last");
        assert!(lines.iter().all(|line| line == "last" || *line == long), "no line is cut");
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "precious\n").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join(FILE)).unwrap();
        assert_eq!(load(folder.path()), Vec::<String>::new());
        assert!(keep(folder.path(), "line").is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious\n");
    }
}
