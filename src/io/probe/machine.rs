//! What `warroom doctor` asks of this machine: the state folder, and whether secrets can be read.

#![expect(clippy::disallowed_methods, reason = "it looks at the folder and at the environment")]

use crate::config::auth::SecretRef;
use crate::io::secrets::{self, SecretError};
use std::path::PathBuf;

/// A folder of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// It has been made already.
    pub exists: bool,
    /// Why it cannot be used.
    pub error: Option<String>,
}

/// Where state is kept (`$XDG_STATE_HOME/warroom`); nothing where the user has no home. Makes nothing.
pub fn state_folder() -> Option<Folder> {
    let folders = directories::ProjectDirs::from("", "", "warroom")?;
    // Only Linux tells state from data.
    let path = folders.state_dir().unwrap_or(folders.data_local_dir()).to_owned();
    let (exists, error) = match std::fs::metadata(&path) {
        Ok(about) if !about.is_dir() => (true, Some("is not a folder".to_owned())),
        Ok(_) => (true, unwritable(&path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // The nearest folder above that is there must let us make the rest.
            (false, path.ancestors().find(|above| above.is_dir()).and_then(unwritable))
        }
        Err(error) => (false, Some(error.to_string())),
    };
    Some(Folder { path, exists, error })
}

fn unwritable(path: &std::path::Path) -> Option<String> {
    let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::access(path, wanted).err().map(|error| format!("cannot write in {}: {error}", path.display()))
}

/// Reads every secret once and forgets it; answers why where it could not be read, in their order.
///
/// # Errors
/// The runtime could not be made.
pub fn read_secrets(references: &[SecretRef]) -> std::io::Result<Vec<Option<SecretError>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let errors = runtime.block_on(async {
        let mut errors = Vec::new();
        for reference in references {
            errors.push(secrets::read(reference).await.err());
        }
        errors
    });
    runtime.shutdown_background();
    Ok(errors)
}
