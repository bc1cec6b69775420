//! Where a running server is to be found: a file in the state folder, which goes when the server ends. It holds an
//! address and a process, and never a token.

use crate::io::state;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What a running server lays down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `http://IP:PORT`.
    pub url: String,
    /// Its process.
    pub pid: i32,
    /// The configuration that it serves, as a path from the root on.
    pub config: Option<PathBuf>,
}

/// Beginning and end of the file's name; between them stands the process.
const NAME: (&str, &str) = ("serve-", ".json");
/// No such file is longer.
const LONGEST: u64 = 64 << 10;
/// The most of them that are looked at.
const MOST: usize = 64;

/// A file that goes when this is dropped.
#[derive(Debug)]
pub struct Mark(PathBuf);

impl Mark {
    /// Lays it down.
    ///
    /// # Errors
    /// The state folder cannot be used, or not be written.
    pub fn lay(folder: &Path, url: String, config: Option<&Path>) -> io::Result<Self> {
        state::prepare(folder).map_err(io::Error::other)?;
        let pid = std::process::id();
        let place = Place {
            url,
            pid: i32::try_from(pid).unwrap_or_default(),
            config: config.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned())),
        };
        let path = folder.join(format!("{}{pid}{}", NAME.0, NAME.1));
        let fresh = folder.join(format!("{}{pid}.new", NAME.0));
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(serde_json::to_string(&place)?.as_bytes())?;
        fs::rename(&fresh, &path)?;
        Ok(Self(path))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The servers of this configuration that run, as their files say; what a dead one left behind does not count.
pub fn running(folder: &Path, config: Option<&Path>) -> Vec<Place> {
    // In a folder that others may write, anybody could say so.
    if state::open(folder).is_err() {
        return Vec::new();
    }
    let config = config.map(|path| path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with(NAME.0) && name.ends_with(NAME.1))
    });
    let mut found: Vec<Place> = named
        .filter(|entry| entry.metadata().is_ok_and(|about| about.is_file() && about.len() <= LONGEST))
        .filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok())
        .filter(|place: &Place| place.config == config && alive(place.pid))
        .take(MOST)
        .collect();
    found.sort_by_key(|place| place.pid);
    found
}

fn alive(pid: i32) -> bool {
    let Some(pid) = rustix::process::Pid::from_raw(pid) else { return false };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_as_long_as_it_runs() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let config = home.path().join("config.toml");
        fs::write(&config, "").unwrap();
        assert!(running(&folder, Some(&config)).is_empty(), "there is no folder");
        let mark = Mark::lay(&folder, "http://127.0.0.1:7090".to_owned(), Some(&config)).unwrap();
        let place = |pid, text: &str| fs::write(folder.join(format!("serve-{pid}.json")), text).unwrap();
        // A dead one, one that says nothing, one that is no file, one of another configuration.
        place(1_999_999_999, r#"{"url":"http://127.0.0.1:1","pid":1999999999,"config":null}"#);
        place(2, "{");
        fs::create_dir(folder.join("serve-3.json")).unwrap();
        let pid = std::process::id();
        place(4, &format!(r#"{{"url":"http://127.0.0.1:2","pid":{pid},"config":"/elsewhere"}}"#));
        let found = running(&folder, Some(&config));
        assert_eq!(found.iter().map(|place| &*place.url).collect::<Vec<_>>(), ["http://127.0.0.1:7090"]);
        drop(mark);
        assert!(running(&folder, Some(&config)).is_empty());
    }
}
