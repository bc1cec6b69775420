//! `serve`, compiled: where to listen, whose questions are answered, what is kept to be asked for.

use super::{Found, Plan};
use crate::config::auth::{SecretList, SecretRef};
use crate::config::{Config, Problem};
use crate::target::Keep;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What `warroom serve` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServePlan {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Tokens, each of which is valid; none: nobody is asked for one.
    pub tokens: SecretList,
    /// Certificate chain and private key, as PEM files; none: plain HTTP.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How long one question may be worked on.
    pub timeout: Duration,
    /// How many questions are worked on at a time.
    pub parallel: usize,
    /// The most samples that one question may read.
    pub samples: u64,
    /// The most connections at a time.
    pub connections: usize,
    /// Are all scraped metrics kept?
    pub everything: bool,
    /// Metrics that are kept beside those that expressions mention.
    pub keep: Vec<Box<str>>,
}

impl ServePlan {
    /// Files whose change means that tokens or certificates are to be read again.
    pub fn files(&self) -> Vec<PathBuf> {
        let tokens = self.tokens.iter().filter_map(|token| match token {
            SecretRef::File(path) => Some(path.clone()),
            _ => None,
        });
        tokens.chain(self.tls.iter().flat_map(|(cert, key)| [cert.clone(), key.clone()])).collect()
    }
}

/// The words of `serve.keep` that are no names of metrics.
const WORDS: [&str; 2] = ["mentioned", "all"];

/// Compiles `serve`.
pub(super) fn compile(config: &Config, problems: &mut Found) -> ServePlan {
    let serve = &config.serve;
    // The check of the key has seen that it is one.
    let listen = serve.listen.value.parse().unwrap_or_else(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    if let Err(why) = exposed(listen, serve.token.is_empty()) {
        let problem = Problem::new(&serve.listen.at, "serve.listen", why);
        problems.push((true, problem.with_remedy(REMEDY)));
    }
    let words = serve.keep.iter().map(|word| word.value.as_str());
    ServePlan {
        listen,
        tokens: serve.token.clone(),
        tls: serve.cert.clone().zip(serve.key.clone()),
        timeout: serve.timeout,
        parallel: serve.parallel.max(1),
        samples: serve.samples,
        connections: serve.connections.max(1),
        everything: words.clone().any(|word| word == "all"),
        keep: words.filter(|word| !WORDS.contains(word)).map(Into::into).collect(),
    }
}

/// What to do about an address that is not loopback.
pub const REMEDY: &str =
    "add serve.token, a reference such as file:/run/secrets/warroom, or listen on 127.0.0.1";

/// Whoever can reach an address that is not loopback could ask: that needs a token.
///
/// # Errors
/// It is such an address, and there is none.
pub fn exposed(listen: SocketAddr, open: bool) -> Result<(), String> {
    if open && !listen.ip().is_loopback() {
        return Err(format!("{listen} is not loopback, and no token is asked for"));
    }
    Ok(())
}

impl Plan {
    /// The plan with what a server keeps beside what it judges by.
    #[must_use]
    pub fn served(mut self) -> Self {
        if self.serve.everything {
            let all = Arc::new(Keep::All);
            for target in &mut self.targets {
                Arc::make_mut(target).keep = Arc::clone(&all);
            }
        } else {
            self.keep_also(self.serve.keep.clone());
        }
        self
    }
}
