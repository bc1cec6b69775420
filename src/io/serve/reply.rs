//! Answers on their way out: text, JSON, bytes that are packed where the client can unpack them, and streams.

use super::Ask;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use std::convert::Infallible;
use std::io::Write as _;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// An answer.
pub type Reply = Response<Body>;

/// Shorter ones are not worth packing.
const WORTH_PACKING: usize = 1_024;

/// Bytes of this kind.
pub(super) fn bytes(status: u16, kind: &str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()).boxed_unsync());
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *reply.status_mut() = status;
    }
    if let Ok(kind) = HeaderValue::from_str(kind) {
        reply.headers_mut().insert(CONTENT_TYPE, kind);
    }
    // What is answered is for programs: no browser is to make anything else of it.
    let headers = reply.headers_mut();
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    reply
}

/// One line for people.
pub(super) fn text(status: u16, text: &str) -> Reply {
    bytes(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// An error in Prometheus's words: `{"status":"error","errorType":...,"error":...}`.
pub(super) fn error(status: u16, kind: &str, text: &str) -> Reply {
    let body = serde_json::json!({ "status": "error", "errorType": kind, "error": text }).to_string();
    bytes(status, "application/json", body)
}

/// The same with gzip, if whoever asks can unpack it and it is worth it.
pub(super) fn packed(ask: &Ask, status: u16, kind: &str, body: Vec<u8>) -> Reply {
    let accepts = ask.header("accept-encoding").unwrap_or_default();
    let gzip = accepts.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    });
    if !gzip || body.len() < WORTH_PACKING {
        return bytes(status, kind, body);
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    let Ok(packed) = packer.write_all(&body).and_then(|()| packer.finish()) else {
        return bytes(status, kind, body);
    };
    let mut reply = bytes(status, kind, packed);
    reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    reply
}
