//! One client for each distinct TLS identity, proxy, address override and protocol, built when first needed.
//!
//! Reading the system's certificates costs milliseconds, so a client for plain HTTP never does, and one for HTTPS is
//! built on a thread of its own.

use crate::config::auth::{Auth, Tls};
use crate::target::{Failure, Route};
use crate::text::Clean;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use url::Url;

/// A client whose handshakes fail is built anew after this long: its certificate files may have been exchanged.
const REBUILD_AFTER: Duration = Duration::from_secs(10);
/// Idle connections kept for each host.
const IDLE_PER_HOST: usize = 4;
/// The most headers of an answer.
const MOST_HEADERS: usize = 128;

/// What tells clients apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::io) struct Key {
    /// `None`: plain HTTP only.
    tls: Option<Tls>,
    proxy: Option<String>,
    resolve: Vec<(String, IpAddr)>,
    /// HTTP/2 without negotiation (gRPC).
    http2: bool,
}

type Made = Arc<OnceCell<(Instant, Client)>>;

/// The clients made so far.
#[derive(Debug, Default)]
pub(in crate::io) struct Clients {
    made: Mutex<HashMap<Key, Made>>,
}

impl Clients {
    /// The client for this URL.
    ///
    /// # Errors
    /// A certificate file or the proxy's URL is no good; says which, never what is in it.
    pub(in crate::io) async fn get(
        &self,
        url: &Url,
        auth: Option<&Auth>,
        route: &Route,
        http2: bool,
    ) -> Result<(Key, Client), Failure> {
        let key = key(url, auth, route, http2);
        let cell = Arc::clone(self.lock().entry(key.clone()).or_default());
        let make = async || {
            let client = if key.tls.is_none() {
                build(&key)
            } else {
                let key = key.clone();
                let built = tokio::task::spawn_blocking(move || build(&key)).await;
                built.unwrap_or_else(|_| Err(Failure::Ours(Clean::new("the client could not be built"))))
            };
            client.map(|client| (Instant::now(), client))
        };
        let (_, client) = cell.get_or_try_init(make).await?;
        Ok((key.clone(), client.clone()))
    }

    /// A client for one exchange that must not happen twice: HTTP/1.1, no pool, and so never a kept connection that the
    /// server may have closed, which is what an HTTP library would send a request again over. Reaching the server may
    /// take `connect` at most: past that, whatever goes wrong went wrong after the request may have been written.
    ///
    /// # Errors
    /// As for [`Clients::get`].
    pub(in crate::io) async fn single(
        url: &Url,
        auth: Option<&Auth>,
        route: &Route,
        connect: Duration,
    ) -> Result<Client, Failure> {
        let key = key(url, auth, route, false);
        let make = move || {
            let base = prepare(&key)?.http1_only().pool_max_idle_per_host(0).connect_timeout(connect);
            finish(base, &key)
        };
        let built = tokio::task::spawn_blocking(make).await;
        built.unwrap_or_else(|_| Err(Failure::Ours(Clean::new("the client could not be built"))))
    }

    /// A handshake failed: unless the client is young, the next read makes a new one from the files as they are then.
    pub(in crate::io) fn refused(&self, key: &Key) {
        let mut made = self.lock();
        let old =
            made.get(key).and_then(|cell| cell.get()).is_some_and(|(when, _)| when.elapsed() > REBUILD_AFTER);
        if old {
            made.remove(key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(url: &Url, auth: Option<&Auth>, route: &Route, http2: bool) -> Key {
    let secure = matches!(url.scheme(), "https" | "grpcs")
        || route.proxy.as_deref().is_some_and(|proxy| proxy.starts_with("https:"));
    let tls = secure.then(|| auth.map(|auth| auth.tls.clone()).unwrap_or_default());
    Key { tls, proxy: route.proxy.clone(), resolve: route.resolve.clone(), http2 }
}

fn build(key: &Key) -> Result<Client, Failure> {
    finish(prepare(key)?, key)
}

/// What every client has in common: nothing is followed, nothing is sent twice, nothing is taken from the environment.
fn prepare(key: &Key) -> Result<ClientBuilder, Failure> {
    let mut base = Client::builder()
        .user_agent(concat!("warroom/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_headers(MOST_HEADERS)
        .no_proxy();
    if key.http2 {
        base = base.http2_prior_knowledge();
    }
    for (host, address) in &key.resolve {
        // Port 0: the URL's own port is used.
        base = base.resolve(host, SocketAddr::new(*address, 0));
    }
    if let Some(proxy) = &key.proxy {
        let proxy = Proxy::all(proxy).map_err(|_| Failure::Ours(Clean::new("the proxy's URL is no good")))?;
        base = base.proxy(proxy);
    }
    Ok(base)
}

fn finish(mut base: ClientBuilder, key: &Key) -> Result<Client, Failure> {
    let wrong = |error: reqwest::Error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        Failure::Ours(Clean::new(&format!("cannot build the client{cause}")))
    };
    match &key.tls {
        None => base.tls_certs_only([]).build().map_err(wrong),
        Some(tls) => {
            let authorities = authorities(tls)?;
            base = identify(base, tls)?.tls_info(true);
            base.tls_certs_merge(authorities).build().map_err(wrong)
        }
    }
}

fn authorities(tls: &Tls) -> Result<Vec<Certificate>, Failure> {
    let Some(path) = &tls.ca else { return Ok(Vec::new()) };
    let found = Certificate::from_pem_bundle(&pem(path, "ca")?).map_err(|_| {
        Failure::Ours(Clean::new(&format!("tls.ca {} is no PEM certificate", path.display())))
    })?;
    if found.is_empty() {
        return Err(Failure::Ours(Clean::new(&format!("tls.ca {} holds no certificate", path.display()))));
    }
    Ok(found)
}

fn identify(base: ClientBuilder, tls: &Tls) -> Result<ClientBuilder, Failure> {
    let (cert, key) = match (&tls.cert, &tls.key) {
        (None, None) => return Ok(base),
        (Some(cert), Some(key)) => (cert, key),
        (Some(both), None) | (None, Some(both)) => (both, both), // one file may hold both
    };
    let mut text = pem(key, "key")?;
    if cert != key {
        text.push(b'\n');
        text.extend(pem(cert, "cert")?);
    }
    let identity = Identity::from_pem(&text).map_err(|_| {
        let (cert, key) = (cert.display(), key.display());
        Failure::Ours(Clean::new(&format!(
            "tls.cert {cert} and tls.key {key} are no PEM certificate and key"
        )))
    })?;
    Ok(base.identity(identity))
}

fn pem(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::Ours(Clean::new(&format!("cannot read tls.{what} {}: {error}", path.display())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str, auth: Option<&Auth>, clients: &Clients) -> Result<Key, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = Url::parse(url).unwrap();
        runtime.block_on(clients.get(&url, auth, &Route::default(), false)).map(|(key, _)| key)
    }

    #[test]
    fn targets_share_a_client_unless_their_identity_differs() {
        let clients = Clients::default();
        let with_ca = Auth { name: "a".into(), ..Auth::default() };
        for (url, auth, count) in [
            ("http://a:1/x", None, 1),
            ("http://b:2/y", None, 1),
            ("http://b:2/y", Some(&with_ca), 1), // TLS does not matter to plain HTTP
        ] {
            made(url, auth, &clients).unwrap();
            assert_eq!(clients.lock().len(), count, "{url}");
        }
    }

    #[test]
    fn bad_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let junk = folder.path().join("junk.pem");
        std::fs::write(&junk, "no PEM at all").unwrap();
        let missing = folder.path().join("missing.pem");
        for (tls, part) in [
            (Tls { ca: Some(junk.clone()), ..Tls::default() }, "junk.pem holds no certificate"),
            (Tls { ca: Some(missing.clone()), ..Tls::default() }, "cannot read tls.ca"),
            (Tls { cert: Some(junk.clone()), key: Some(missing), ..Tls::default() }, "cannot read tls.key"),
            (Tls { cert: Some(junk.clone()), key: Some(junk), ..Tls::default() }, "are no PEM certificate"),
        ] {
            let auth = Auth { tls, ..Auth::default() };
            let text = made("https://a/", Some(&auth), &Clients::default()).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
    }
}
