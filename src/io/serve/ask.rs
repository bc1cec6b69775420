//! A request, read: what is asked, with which parameters, by whom. Bodies are capped in size and in time.

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::body::{Bytes, Incoming};
use std::net::SocketAddr;
use std::time::Duration;

/// A request.
#[derive(Debug)]
pub struct Ask {
    /// `GET`, `HEAD`, `POST`, ...
    pub method: String,
    /// Its path, as it came.
    pub path: String,
    /// What stands after `?`.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty where there is none.
    pub body: Bytes,
    /// Who asks.
    pub peer: SocketAddr,
}

/// The longest body, in bytes.
pub(super) const BODY: usize = 1 << 20;
/// So long may a body take.
const READ: Duration = Duration::from_secs(10);

impl Ask {
    /// Reads the body that belongs to a head.
    ///
    /// # Errors
    /// The status and the sentence to answer with.
    pub(super) async fn read(
        parts: hyper::http::request::Parts,
        body: Incoming,
        peer: SocketAddr,
    ) -> Result<Self, (u16, String)> {
        let too_large = || (413, format!("the body is longer than {BODY} bytes"));
        let announced = parts.headers.get(hyper::header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > BODY as u64) {
            return Err(too_large());
        }
        let body = if parts.method.as_str() == "POST" {
            match tokio::time::timeout(READ, Limited::new(body, BODY).collect()).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
                Ok(Err(_)) => return Err((400, "the body could not be read".to_owned())),
                Err(_) => return Err((408, format!("the body did not come within {} s", READ.as_secs()))),
            }
        } else {
            // Nobody reads it, so nobody waits for it: a client could hold its connection with a body that never comes.
            hyper::body::Bytes::new()
        };
        Ok(Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            peer,
        })
    }

    /// A header, if it is there and ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Is the body a form?
    pub fn is_form(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}
