//! One exchange that must not happen twice: a fresh connection, one attempt, and an answer that says whether the request
//! can have reached the service.
//!
//! Nothing here decides whether it may be sent, and nothing outside `io::act` can reach it.

use crate::action::{Body, Request};
use crate::io::http::{Ask, Clients, Dress, brief, classify, redact, retry_after};
use crate::target::Failure;
use crate::text::{self, Clean};
use crate::units::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use secrecy::SecretString;
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most of a body that is read, to find a job in it.
const READ: usize = 256 << 10;
/// The most of a body that is kept for people.
const HEAD: usize = 4 << 10;
/// What we take.
const ACCEPT: &str = "application/json, */*;q=0.5";
/// How long reaching the service may take, if the action does not allow for less.
const CONNECT: Duration = Duration::from_secs(10);

/// What the service answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    /// HTTP status.
    pub(super) status: u16,
    /// All headers.
    pub(super) headers: HeaderMap,
    /// `Retry-After`, if understood.
    pub(super) retry_after: Option<Duration>,
    /// The message in the body, one line without secrets.
    pub(super) said: String,
    /// The body's beginning, as it came.
    pub(super) body: Vec<u8>,
    /// The body's head, clean and without secrets, for people.
    pub(super) head: String,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) enum Loss {
    /// Nothing left this machine but a handshake.
    Before(Failure),
    /// The request may have arrived.
    After(Failure),
}

impl Reply {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// The read that asks for credentials of the same host.
pub(super) fn ask(request: &Request, now: Timestamp) -> Ask<'_> {
    Ask {
        url: &request.url,
        form: None,
        accept: ACCEPT,
        headers: &[],
        auth: request.auth.as_deref(),
        route: &request.route,
        timeout: request.timeout,
        reused: false,
        release: false,
        size_hint: 0,
        now,
        sink: None,
    }
}

/// A request that is ready to leave: everything that can fail without touching the service has been done.
pub(super) struct Ready {
    client: Client,
    request: reqwest::Request,
    secret: Option<Arc<SecretString>>,
    timeout: Duration,
}

/// Makes `request` ready, with this credential. `timeout` is for the whole exchange.
///
/// # Errors
/// A certificate, a header or a method is no good.
pub(super) async fn ready(
    request: &Request,
    dress: Option<&Dress>,
    timeout: Duration,
) -> Result<Ready, Failure> {
    // Less than the whole: what runs out of the rest runs out after the service was reached.
    let connect = CONNECT.min(timeout / 3);
    let client = Clients::single(&request.url, request.auth.as_deref(), &request.route, connect).await?;
    let request = build(request, &client, dress)?;
    Ok(Ready { client, request, secret: dress.map(|dress| Arc::clone(&dress.secret)), timeout })
}

impl Ready {
    /// Sends. Once: it is used up, its client has no pool, and the library's own retries are off.
    pub(super) async fn send(self, now: Timestamp) -> Result<Reply, Loss> {
        let started = Instant::now();
        let response = match tokio::time::timeout(self.timeout, self.client.execute(self.request)).await {
            Err(_) => return Err(Loss::After(Failure::Timeout(self.timeout))),
            Ok(Err(error)) => return Err(loss(&error, self.timeout)),
            Ok(Ok(response)) => response,
        };
        let rest = self.timeout.saturating_sub(started.elapsed());
        Ok(read(response, self.secret.as_deref(), rest, now).await)
    }
}

fn build(request: &Request, client: &Client, dress: Option<&Dress>) -> Result<reqwest::Request, Failure> {
    let wrong = |what: &str| Failure::Decode(Clean::new(&format!("the request cannot be made: {what}")));
    let method =
        Method::from_bytes(request.method.word().as_bytes()).map_err(|_| wrong("its method is none"))?;
    let mut headers = HeaderMap::new();
    headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static(ACCEPT));
    for (name, value) in &request.headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong(&format!("\"{name}\" is no header name")))?;
        // Line ends and controls are refused here once more, whatever the door has let through.
        let value = HeaderValue::from_str(value)
            .map_err(|_| wrong(&format!("header {name} holds what a header cannot")))?;
        headers.insert(key, value);
    }
    if let Some(kind) = request.body.content_type() {
        let kind = HeaderValue::from_str(kind).map_err(|_| wrong("its content type is no good"))?;
        headers.insert(CONTENT_TYPE, kind);
    }
    // Last: no configured header can stand in the place of the credential.
    if let Some(dress) = dress {
        headers.insert(dress.header.0.clone(), dress.header.1.clone());
    }
    let mut built = client.request(method, request.url.clone());
    if request.body != Body::None {
        built = built.body(request.body.bytes());
    }
    built.headers(headers).build().map_err(|_| wrong("its URL is no good"))
}

/// Was anything written? Only what proves that nothing was counts as "before".
fn loss(error: &reqwest::Error, timeout: Duration) -> Loss {
    let failure = classify(error, timeout);
    if error.is_connect() || error.is_builder() || refused_in_handshake(error) {
        Loss::Before(failure)
    } else {
        Loss::After(failure)
    }
}

/// A TLS 1.3 server that wants a client certificate says so after our side takes the handshake for done; what was written
/// by then is thrown away unread (RFC 8446, section 4.4.2.4).
fn refused_in_handshake(error: &reqwest::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let mut next = error.source();
    for _ in 0..16 {
        let Some(cause) = next else { return false };
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = match inner {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => cause.downcast_ref::<rustls::Error>(),
        };
        if let Some(rustls::Error::AlertReceived(alert)) = tls {
            return matches!(
                alert,
                Alert::CertificateRequired
                    | Alert::BadCertificate
                    | Alert::UnsupportedCertificate
                    | Alert::CertificateRevoked
                    | Alert::CertificateExpired
                    | Alert::CertificateUnknown
                    | Alert::UnknownCA
                    | Alert::HandshakeFailure
                    | Alert::AccessDenied
            );
        }
        next = cause.source();
    }
    false
}

/// Status and headers are what counts; a body that breaks off is kept as far as it came.
async fn read(
    mut response: Response,
    secret: Option<&SecretString>,
    rest: Duration,
    now: Timestamp,
) -> Reply {
    let mut reply =
        Reply { status: response.status().as_u16(), headers: response.headers().clone(), ..Reply::default() };
    reply.retry_after = reply.header("retry-after").and_then(|text| retry_after(&text, now));
    let body = &mut reply.body;
    let all = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = READ - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() >= READ {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(rest, all).await;
    reply.head = head(&reply.body, secret);
    let kind = reply.header("content-type");
    reply.said = text::clean(&redact(&brief(kind.as_deref(), &reply.body), secret)).into_owned();
    reply
}

/// The head of a body as it may be shown: 4 KiB at most, no secrets, nothing that moves a cursor.
pub(super) fn head(body: &[u8], secret: Option<&SecretString>) -> String {
    // A little more than is kept, so that a secret across the edge is still seen whole.
    let some = String::from_utf8_lossy(body.get(..2 * HEAD).unwrap_or(body));
    let told = redact(&some, secret);
    let mut told = text::clean(&told).into_owned();
    if told.len() > HEAD {
        let cut = (0..=HEAD).rev().find(|at| told.is_char_boundary(*at)).unwrap_or(0);
        told.truncate(cut);
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bodys_head_is_short_clean_and_without_the_credential() {
        let secret = SecretString::from("hsi_prod_key_1");
        let long = "é".repeat(5000);
        for (body, shown) in [
            ("fine".as_bytes(), "fine".to_owned()),
            (b"bad key hsi_prod_key_1", "bad key [REDACTED]".to_owned()),
            (b"\x1b[2Jwipe\r\nout\xff", "[2Jwipe out\u{fffd}".to_owned()),
            (long.as_bytes(), format!("{}…", "é".repeat(2048))),
        ] {
            assert_eq!(head(body, Some(&secret)), shown);
        }
    }
}
