//! A running server, asked once: for `status` and `check`. Reads only.

use super::now;
use crate::config::auth::{Auth, Credential, SecretList, Tls};
use crate::io::http::{Ask, Http};
use crate::target::Route;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// So long is waited for a server on this machine or the next.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads `path` (with its query) of the server at `base`, with one of `tokens`. `ca`: a certificate to trust beside the
/// system's, such as the server's own.
///
/// # Errors
/// Why there is no answer: the connection, the status, the token; never the token itself.
pub fn read(base: &Url, path: &str, tokens: &SecretList, ca: Option<PathBuf>) -> Result<Vec<u8>, String> {
    let url = base.join(path).map_err(|error| error.to_string())?;
    let credential = match tokens.as_slice() {
        [] => Credential::None,
        _ => Credential::Bearer(tokens.clone()),
    };
    let auth = Auth { name: "serve".to_owned(), credential, tls: Tls { ca, ..Tls::default() } };
    let (http, route) = (Http::default(), Route::default());
    let ask = Ask {
        url: &url,
        form: None,
        accept: "*/*",
        headers: &[],
        auth: Some(&auth),
        route: &route,
        timeout: LIMIT,
        reused: false,
        release: true,
        size_hint: 0,
        now: now(),
        sink: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let fetched = runtime.block_on(http.fetch(&ask)).map_err(|trouble| trouble.failure.to_string())?;
    if fetched.status == 200 {
        return Ok(fetched.body);
    }
    let said =
        crate::text::Clean::new(&String::from_utf8_lossy(fetched.body.get(..200).unwrap_or(&fetched.body)));
    Err(format!("HTTP {}: {said}", fetched.status))
}
