//! Secret references become values, here only.
//!
//! A value is held as a [`SecretString`], which prints as `[REDACTED]` and is wiped when it goes. Errors name the
//! reference (`env:HSI_KEY`), never the value, and never repeat what a command printed.

use crate::config::auth::SecretRef;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

/// The most bytes that a file or a command may give.
const MOST_BYTES: u64 = 64 << 10;
/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// A value that was read less than this ago is not read again, however many targets ask.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Why a secret could not be read; names the reference and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the secret {reference}: {reason}")]
pub struct SecretError {
    /// `env:NAME`, `file:PATH`, or `cmd:` with the command's first word.
    pub reference: String,
    /// What is wrong.
    pub reason: String,
}

/// A reference as it may be shown. Of a command only the first word: arguments may hold what should not be shown.
pub fn name_of(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => format!("env:{name}"),
        SecretRef::File(path) => format!("file:{}", path.display()),
        SecretRef::Command(command) => {
            let word = command.split_whitespace().next().unwrap_or("");
            let cut = if command.trim() == word { "" } else { " ..." };
            format!("cmd:{word}{cut}")
        }
    }
}

/// Reads a secret now.
///
/// # Errors
/// The variable is unset or empty; the file is missing, too open, owned by someone else, not a plain file; the command
/// failed, said nothing or took more than ten seconds.
pub async fn read(reference: &SecretRef) -> Result<SecretString, SecretError> {
    let read = match reference {
        SecretRef::Env(name) => from_env(name),
        SecretRef::File(path) => {
            let path = path.clone();
            // A folder on a network may hang; the polls must not.
            match tokio::task::spawn_blocking(move || from_file(&path)).await {
                Ok(read) => read,
                Err(_) => Err("reading was broken off".to_owned()),
            }
        }
        SecretRef::Command(command) => from_command(command, COMMAND_LIMIT).await,
    };
    read.map_err(|reason| SecretError { reference: name_of(reference), reason })
}

/// Variables of this process that stand in no environment: see [`provide`].
static PROVIDED: Mutex<Vec<(String, SecretString)>> = Mutex::new(Vec::new());

/// Makes `env:NAME` references readable without putting anything into the environment, where children would inherit
/// it. For the demo, whose fleet makes up its own credentials; the environment itself goes first.
pub fn provide(variables: &[(&str, &str)]) {
    let mut provided = PROVIDED.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, value) in variables {
        provided.retain(|(known, _)| known != name);
        provided.push(((*name).to_owned(), SecretString::from(*value)));
    }
}

fn provided(name: &str) -> Option<SecretString> {
    let provided = PROVIDED.lock().unwrap_or_else(PoisonError::into_inner);
    provided.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn from_env(name: &str) -> Result<SecretString, String> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Err("the variable is empty".to_owned()),
        Ok(value) => Ok(SecretString::from(value)),
        Err(std::env::VarError::NotPresent) => {
            provided(name).ok_or_else(|| "the variable is not set".to_owned())
        }
        Err(std::env::VarError::NotUnicode(_)) => Err("the variable is not UTF-8".to_owned()),
    }
}

fn from_file(path: &Path) -> Result<SecretString, String> {
    // Without NONBLOCK, opening a named pipe would wait for its writer.
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|e| e.to_string())?;
    let about = file.metadata().map_err(|e| e.to_string())?;
    if !about.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    if about.mode() & 0o066 != 0 {
        return Err(format!("others may read or write it (mode {:o}): chmod 600", about.mode() & 0o777));
    }
    let me = rustix::process::geteuid().as_raw();
    if about.uid() != me && about.uid() != 0 {
        return Err(format!("it belongs to user {}, neither you nor root", about.uid()));
    }
    let mut text = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(|e| e.to_string())?;
    if text.len() as u64 > MOST_BYTES {
        return Err("the file is over 64 KiB".to_owned());
    }
    first_value(text, "the file is empty")
}

async fn from_command(command: &str, limit: Duration) -> Result<SecretString, String> {
    let mut child = tokio::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null()) // it would be drawn over the screen, and it may hold the secret
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("cannot start it: {e}"))?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let exchange = async {
        let mut text = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(MOST_BYTES).read_to_end(&mut text).await.map_err(|e| e.to_string())?;
        }
        let status = child.wait().await.map_err(|e| e.to_string())?;
        Ok::<_, String>((text, status))
    };
    let outcome = tokio::time::timeout(limit, exchange).await;
    if !matches!(outcome, Ok(Ok(_)))
        && let Some(group) = group
    {
        let _ = kill_process_group(group, Signal::KILL); // the shell's children too
    }
    let (text, status) = outcome.map_err(|_| format!("no answer within {}", limit.as_secs_f32()))??;
    if !status.success() {
        return Err(match status.code() {
            Some(code) => format!("the command failed with exit code {code}"),
            None => "the command was killed by a signal".to_owned(),
        });
    }
    first_value(text, "the command printed nothing")
}

/// The first line, without blanks at its end.
fn first_value(text: Vec<u8>, empty: &str) -> Result<SecretString, String> {
    let text = SecretString::from(String::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?);
    match text.expose_secret().lines().next().map(str::trim_end) {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line)),
        _ => Err(empty.to_owned()),
    }
}

/// A secret's value and when it was read.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The value.
    pub value: Arc<SecretString>,
    /// When it was read.
    pub read: Instant,
}

type Shelf = Arc<tokio::sync::Mutex<Option<(Instant, Result<Lease, SecretError>)>>>;

/// Values read so far, shared by all targets, so that a hundred targets run a `cmd:` once.
#[derive(Debug, Default)]
pub struct Vault {
    shelves: Mutex<HashMap<SecretRef, Shelf>>,
}

impl Vault {
    /// The value as it was last read, whenever that was; read now if it never was.
    ///
    /// # Errors
    /// See [`read`].
    pub async fn get(&self, reference: &SecretRef) -> Result<Lease, SecretError> {
        self.get_since(reference, None).await
    }

    /// The value, read again if it was last read before `since` (a 401 came back since).
    ///
    /// # Errors
    /// See [`read`].
    pub async fn get_since(
        &self,
        reference: &SecretRef,
        since: Option<Instant>,
    ) -> Result<Lease, SecretError> {
        let place = {
            let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shelves.entry(reference.clone()).or_default())
        };
        let mut held = place.lock().await;
        if let Some((when, result)) = &*held {
            let young = when.elapsed() < READ_AGAIN_AFTER;
            if young || (result.is_ok() && since.is_none_or(|since| *when >= since)) {
                return result.clone();
            }
        }
        let now = Instant::now();
        let result = read(reference).await.map(|value| Lease { value: Arc::new(value), read: now });
        *held = Some((now, result.clone()));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn block<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    fn file(folder: &Path, name: &str, text: &[u8], mode: u32) -> SecretRef {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        SecretRef::File(path)
    }

    #[test]
    fn each_kind_of_reference_gives_its_value_or_a_reason_that_hides_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let long = vec![b'x'; 70_000];
        for (reference, expected) in [
            (file(at, "good", b"hush-hush\nsecond line\n", 0o600), Ok("hush-hush")),
            (file(at, "read-only", b"hush-hush  \r\n", 0o400), Ok("hush-hush")),
            (file(at, "open", b"hush-hush", 0o644), Err("others may read or write it (mode 644): chmod 600")),
            (file(at, "group", b"hush-hush", 0o640), Err("others may read")),
            (file(at, "empty", b"", 0o600), Err("the file is empty")),
            (file(at, "latin", b"hush-hush\xff", 0o600), Err("not UTF-8")),
            (file(at, "long", &long, 0o600), Err("over 64 KiB")),
            (SecretRef::File(at.to_owned()), Err("not a plain file")),
            (SecretRef::File(at.join("missing")), Err("No such file")),
            (SecretRef::Env("WARROOM_TEST_UNSET_VARIABLE".into()), Err("not set")),
            (SecretRef::Command("printf 'hush-hush\\nmore'".into()), Ok("hush-hush")),
            (SecretRef::Command("echo hush-hush; exit 3".into()), Err("exit code 3")),
            (SecretRef::Command("true".into()), Err("printed nothing")),
            (SecretRef::Command("kill -9 $$".into()), Err("killed by a signal")),
        ] {
            match (block(read(&reference)), expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value.expose_secret(), expected, "{reference:?}"),
                (Err(error), Err(part)) => {
                    let text = error.to_string();
                    assert!(text.contains(part), "{text}");
                    assert!(!text.contains("hush"), "{text}");
                }
                (got, expected) => panic!("{reference:?}: {got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children() {
        let error = block(from_command("sleep 30 & sleep 30", Duration::from_millis(50))).unwrap_err();
        assert!(error.contains("no answer within"), "{error}");
    }

    #[test]
    fn a_reference_is_shown_without_a_commands_arguments() {
        for (reference, shown) in [
            (SecretRef::Env("KEY".into()), "env:KEY"),
            (SecretRef::File("/run/key".into()), "file:/run/key"),
            (SecretRef::Command("pass show hsi".into()), "cmd:pass ..."),
            (SecretRef::Command(" token ".into()), "cmd:token"),
        ] {
            assert_eq!(name_of(&reference), shown);
        }
    }

    #[test]
    fn a_value_is_read_once_until_someone_asks_for_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let reference = file(folder.path(), "key", b"old", 0o600);
        block(async {
            let vault = Vault::default();
            let first = vault.get(&reference).await.unwrap();
            file(folder.path(), "key", b"new", 0o600);
            assert_eq!(vault.get(&reference).await.unwrap().value.expose_secret(), "old");
            // Too young to be read again, whoever asks.
            let young = vault.get_since(&reference, Some(Instant::now())).await.unwrap();
            assert_eq!(young.value.expose_secret(), "old");
            let later = first.read + READ_AGAIN_AFTER;
            tokio::time::sleep_until((later + Duration::from_millis(5)).into()).await;
            let newer = vault.get_since(&reference, Some(Instant::now())).await.unwrap();
            assert_eq!(newer.value.expose_secret(), "new");
        });
    }
}
