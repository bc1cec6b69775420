//! The state folder: where warroom keeps what must outlive it. It knows where the folder is and whether it may be
//! trusted, and nothing of what lies in it.

use rustix::fs::{Mode, OFlags};
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Why there is no state folder to use. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Neither flag, nor variable, nor a home.
    #[error(
        "there is no state folder: neither WARROOM_STATE, XDG_STATE_HOME nor HOME says where it would be"
    )]
    Nowhere,
    /// A relative path would mean another folder wherever warroom is started.
    #[error("the state folder {0} is relative: name it from the root on")]
    Relative(PathBuf),
    /// Somebody else could change what warroom remembers.
    #[error(
        "the state folder {path} belongs to user {owner}, not to you (user {me}): set WARROOM_STATE to another"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        me: u32,
    },
    /// As above.
    #[error("others may write the state folder {path}: chmod go-w {path}")]
    Open {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or looked at.
    #[error("cannot use the state folder {path}: {error}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl StateError {
    /// Not allowed, as against not possible.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::Foreign { .. } | Self::Open { .. } => true,
            Self::Io { error, .. } => error.kind() == ErrorKind::PermissionDenied,
            Self::Nowhere | Self::Relative(_) => false,
        }
    }
}

/// Where the state folder is: what a flag says, then `WARROOM_STATE`, then `warroom` in the user's state folder
/// (`$XDG_STATE_HOME`, else `~/.local/state`; where a system has no such folder, the user's folder for local data).
/// It need not exist.
///
/// # Errors
/// There is nothing that says where, or it is relative.
pub fn locate(flag: Option<&Path>) -> Result<PathBuf, StateError> {
    let variable = std::env::var_os("WARROOM_STATE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(path) = flag.map(Path::to_owned).or(variable) {
        return if path.is_absolute() { Ok(path) } else { Err(StateError::Relative(path)) };
    }
    let folders = directories::ProjectDirs::from("", "", "warroom").ok_or(StateError::Nowhere)?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_local_dir());
    if folder.is_absolute() { Ok(folder.to_owned()) } else { Err(StateError::Nowhere) }
}

/// Makes the folder, if it is not there, for its owner alone (0700), and opens it.
///
/// # Errors
/// It cannot be made, is no folder, belongs to someone else, or others may write it.
pub fn prepare(path: &Path) -> Result<File, StateError> {
    let failed = |error| StateError::Io { path: path.to_owned(), error };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    open(path)
}

/// Opens the folder, if it is there and may be trusted.
///
/// # Errors
/// As [`prepare`]; also if it is not there.
pub fn open(path: &Path) -> Result<File, StateError> {
    let failed = |error| StateError::Io { path: path.to_owned(), error };
    let me = rustix::process::geteuid().as_raw();
    // A link may point elsewhere, but only if it was put there by the user or by root.
    let link = fs::symlink_metadata(path).map_err(failed)?;
    if link.is_symlink() && link.uid() != me && link.uid() != 0 {
        return Err(StateError::Foreign { path: path.to_owned(), owner: link.uid(), me });
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    // What was opened is looked at, and not the path once more.
    let folder = File::from(folder);
    let meta = folder.metadata().map_err(failed)?;
    if meta.uid() != me {
        return Err(StateError::Foreign { path: path.to_owned(), owner: meta.uid(), me });
    }
    if meta.mode() & 0o022 != 0 {
        return Err(StateError::Open { path: path.to_owned() });
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_folder_is_made_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/warroom");
        prepare(&path).unwrap();
        prepare(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(locate(Some(&path)).unwrap(), path);
    }

    #[test]
    fn what_others_could_change_is_refused_in_words() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("open")).unwrap();
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o720)).unwrap();
        fs::write(path("file"), "").unwrap();
        std::os::unix::fs::symlink(path("missing"), path("dangling")).unwrap();
        for (name, told) in [
            ("open", "others may write the state folder "),
            ("file", "cannot use the state folder "),
            ("file/below", "cannot use the state folder "),
            ("dangling", "cannot use the state folder "),
        ] {
            let error = prepare(&path(name)).unwrap_err().to_string();
            assert!(error.starts_with(told), "{name}: {error}");
        }
        let relative = locate(Some(Path::new("state"))).unwrap_err().to_string();
        assert_eq!(relative, "the state folder state is relative: name it from the root on");
        if !rustix::process::geteuid().is_root() {
            assert!(matches!(open(Path::new("/")), Err(StateError::Foreign { owner: 0, .. })));
        }
    }
}

/// A state folder that goes when it is dropped: for the demo.
#[derive(Debug)]
pub struct Passing(PathBuf);

impl Passing {
    /// Makes one among the system's temporary files, for this user alone.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make() -> std::io::Result<Self> {
        let name = format!("warroom-demo-{}-{}", std::process::id(), super::identity::nonce());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
