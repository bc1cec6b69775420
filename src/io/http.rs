//! HTTP reads: one client for each distinct TLS identity, built when first needed; credentials; capped bodies.
//!
//! Only GET, and the POST that is a query, leave this room (token requests have `io::login`, gRPC health checks `io::grpc`, everything else the
//! door). Redirects are never followed, so credentials go to the configured host and nowhere else. No error text
//! holds a URL or a secret.

mod brief;
mod client;
mod expiry;
mod failure;
mod keys;
mod query;
mod retry;

pub use failure::{classify, of_io};
pub use retry::{LONGEST, retry_after};

pub(in crate::io) use brief::{brief, redact};
pub(in crate::io) use client::Clients;
pub(in crate::io) use keys::{Dress, dress};

use crate::config::auth::{Auth, Credential};
use crate::io::login::Logins;
use crate::io::secrets::Vault;
use crate::target::{Failure, Route};
use crate::text::Clean;
use crate::units::Timestamp;
use keys::Remembered;
use reqwest::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response};
use std::time::Duration;
use url::Url;

/// One read.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What to read.
    pub url: &'a Url,
    /// A form, sent by POST: only to the query routes of a Prometheus API. None: GET.
    pub form: Option<&'a str>,
    /// The `Accept` header.
    pub accept: &'a str,
    /// Further headers.
    pub headers: &'a [(String, String)],
    /// Who we say we are.
    pub auth: Option<&'a Auth>,
    /// How to get there, and how much to take.
    pub route: &'a Route,
    /// What the whole exchange may take, credentials tried in turn and the body included.
    pub timeout: Duration,
    /// An earlier exchange may have left a connection that the server has closed since: one further attempt.
    pub reused: bool,
    /// The connection is not kept after this exchange.
    pub release: bool,
    /// How large the body was the last time.
    pub size_hint: usize,
    /// The moment of the read, to count a `Retry-After` date from.
    pub now: Timestamp,
    /// Where the body of a good answer goes, chunk by chunk as it comes, for one that has no end; none: it is kept.
    pub sink: Option<&'a tokio::sync::mpsc::Sender<Vec<u8>>>,
}

/// An answer, read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The body after decompression; at most `Route::body_limit` bytes.
    pub body: Vec<u8>,
    /// `Retry-After`, if it was given and understood.
    pub retry_after: Option<Duration>,
    /// When the server's certificate ends, in seconds since the epoch.
    pub certificate_end: Option<i64>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened.
    pub failure: Failure,
    /// `Retry-After` of the answer that was no good, if there was one.
    pub retry_after: Option<Duration>,
    /// The HTTP status of that answer.
    pub status: Option<u16>,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let status = match &failure {
            Failure::Status(status, _) | Failure::Credentials(status, _) => Some(*status),
            _ => None,
        };
        Self { failure, retry_after: None, status }
    }
}

/// Everything that outlives a single read: clients with their connections, secrets, tokens, and which credential worked.
#[derive(Debug, Default)]
pub struct Http {
    pub(in crate::io) clients: Clients,
    pub(in crate::io) vault: Vault,
    logins: Logins,
    remembered: Remembered,
}

impl Http {
    /// Reads `ask.url` to its end. An answer of any status but 3xx is an answer; 401 and 403 only once every
    /// credential has been tried.
    ///
    /// # Errors
    /// Everything that keeps an answer from coming; see [`Failure`].
    pub async fn fetch(&self, ask: &Ask<'_>) -> Result<Fetched, Trouble> {
        match tokio::time::timeout(ask.timeout, self.exchange(ask)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Timeout(ask.timeout).into()),
        }
    }

    async fn exchange(&self, ask: &Ask<'_>) -> Result<Fetched, Trouble> {
        let (key, client) = self.clients.get(ask.url, ask.auth, ask.route, false).await?;
        let outcome = match ask.auth {
            None => once(ask, &client, |request| request).await,
            Some(auth) => match &auth.credential {
                Credential::None => once(ask, &client, |request| request).await,
                Credential::Login { .. } => self.with_login(ask, auth, &client).await,
                _ => self.with_secrets(ask, auth, &client).await,
            },
        };
        match &outcome {
            Err(Trouble { failure: Failure::Tls(_), .. }) => self.clients.refused(&key),
            Ok(fetched) if fetched.status == 401 && ask.auth.is_none() => {
                let said = brief(fetched.content_type.as_deref(), &fetched.body);
                let text = if said.is_empty() { "no auth is configured".to_owned() } else { said };
                return Err(Failure::Credentials(401, Clean::new(&text)).into());
            }
            _ => {}
        }
        outcome
    }
}

/// Was the credential refused?
fn refused(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// One exchange: request, headers, body.
async fn once(
    ask: &Ask<'_>,
    client: &Client,
    dress: impl Fn(RequestBuilder) -> RequestBuilder,
) -> Result<Fetched, Trouble> {
    let begin = || match ask.form {
        None => Some(client.get(ask.url.clone())),
        Some(form) => query::post(client, ask.url, form),
    };
    if begin().is_none() {
        return Err(Failure::Ours(Clean::new("only queries are posted from here")).into());
    }
    let send = || {
        // It was there a moment ago.
        let mut request = begin().unwrap_or_else(|| client.get(ask.url.clone())).header(ACCEPT, ask.accept);
        if ask.release {
            request = request.header(CONNECTION, "close");
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        dress(request).send()
    };
    let fail = |error: &reqwest::Error| classify(error, ask.timeout);
    let response = match send().await {
        Ok(response) => response,
        Err(error) => match fail(&error) {
            // A kept connection that the server closed meanwhile: a read may be sent again, once, on a new one.
            Failure::Lost(_) if ask.reused => send().await.map_err(|error| fail(&error))?,
            failure => return Err(failure.into()),
        },
    };
    let status = response.status().as_u16();
    let retry_after = text_of(response.headers(), &RETRY_AFTER).and_then(|text| retry_after(text, ask.now));
    if (300..400).contains(&status)
        && let Some(place) = text_of(response.headers(), &LOCATION)
    {
        let failure = Failure::Redirect(shown_place(ask.url, place));
        return Err(Trouble { failure, retry_after, status: Some(status) });
    }
    let content_type = text_of(response.headers(), &CONTENT_TYPE).map(str::to_owned);
    let certificate_end = response
        .extensions()
        .get::<reqwest::tls::TlsInfo>()
        .and_then(reqwest::tls::TlsInfo::peer_certificate)
        .and_then(expiry::not_after);
    let body = match ask.sink.filter(|_| status == 200) {
        Some(sink) => pour(response, ask, sink).await,
        None => read_body(response, ask).await,
    };
    let body = body.map_err(|failure| Trouble { failure, retry_after, status: Some(status) })?;
    Ok(Fetched { status, content_type, body, retry_after, certificate_end })
}

fn text_of<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Where a redirect points, without user information and query: those may hold secrets.
fn shown_place(from: &Url, place: &str) -> Clean {
    match from.join(place) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            Clean::new(url.as_str())
        }
        Err(_) => Clean::new("a place that is no URL"),
    }
}

/// Hands the body on as it comes; whoever takes it caps it.
async fn pour(
    mut response: Response,
    ask: &Ask<'_>,
    sink: &tokio::sync::mpsc::Sender<Vec<u8>>,
) -> Result<Vec<u8>, Failure> {
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error, ask.timeout))? {
        if sink.send(chunk.to_vec()).await.is_err() {
            break;
        }
    }
    Ok(Vec::new())
}

async fn read_body(mut response: Response, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
    let limit = ask.route.body_limit;
    // Absent where the body is compressed: what counts is its size afterwards.
    let told = response.content_length().unwrap_or(ask.size_hint as u64);
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(Failure::TooLarge(limit));
    }
    let mut body = Vec::with_capacity(told.min(limit).min(1 << 20) as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error, ask.timeout))? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(Failure::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirects_target_is_shown_without_what_could_be_secret() {
        let from = Url::parse("http://a:1/x/y").unwrap();
        for (place, shown) in [
            ("/login", "http://a:1/login"),
            ("z", "http://a:1/x/z"),
            ("https://u:p@evil/take?token=abc#f", "https://evil/take"),
            ("http://[", "a place that is no URL"),
            ("/\u{1b}[2J", "http://a:1/%1B[2J"),
        ] {
            assert_eq!(shown_place(&from, place).as_str(), shown, "{place}");
        }
    }
}
