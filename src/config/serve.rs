//! `serve`: what `warroom serve` listens on, who may ask, and what one question may cost.

use super::auth::SecretList;
use super::place::Spanned;
use super::read::{beside, secrets};
use super::tree::Tree;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The table `serve`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// IP address and port, as written.
    pub listen: Spanned<String>,
    /// Tokens, each of which is valid; none: nobody is asked for one.
    pub token: SecretList,
    /// The certificate chain (PEM); none: plain HTTP.
    pub cert: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// How long one question may be worked on.
    pub timeout: Duration,
    /// How many questions are worked on at a time.
    pub parallel: usize,
    /// The most samples that one question may read.
    pub samples: u64,
    /// The most connections at a time.
    pub connections: usize,
    /// `mentioned`, `all`, or the names of metrics.
    pub keep: Vec<Spanned<String>>,
}

pub(super) fn read(tree: Option<&Tree>) -> Serve {
    let whole = |key| tree.and_then(|tree| tree.whole(key)).unwrap_or_default();
    let tls = tree.and_then(|tree| tree.table("tls"));
    let path = |key| {
        let text = tls?.spanned(key)?;
        let path = text.value.strip_prefix("file:").unwrap_or(&text.value);
        Some(beside(&text.at.file, Path::new(path)))
    };
    Serve {
        listen: tree.and_then(|tree| tree.spanned("listen")).unwrap_or_default(),
        token: tree.map(|tree| secrets(tree, "token")).unwrap_or_default(),
        cert: path("cert"),
        key: path("key"),
        timeout: tree.and_then(|tree| tree.duration("timeout")).unwrap_or_default(),
        parallel: whole("parallel") as usize,
        samples: whole("samples"),
        connections: whole("connections") as usize,
        keep: tree.map(|tree| tree.texts("keep")).unwrap_or_default(),
    }
}
