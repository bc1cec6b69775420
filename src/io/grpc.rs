//! gRPC health polls: `grpc.health.v1.Health/Check` over HTTP/2 with prior knowledge, and no other method.
//!
//! gRPC sends every call as a POST; this one reads (its path is a constant). The two messages have one field each, so
//! they are written and read by hand.

use crate::config::auth::Credential;
use crate::decode::GrpcServing;
use crate::io::http::{Http, classify};
use crate::target::{Failure, Target};
use crate::text::Clean;
use http_body_util::BodyExt as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, TE};
use secrecy::ExposeSecret;
use url::Url;

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// The answer has a handful of bytes.
const MOST_BYTES: usize = 64 << 10;

/// Asks the server whether `service` (`""`: the whole server) serves.
///
/// # Errors
/// The connection's failures; a status of gRPC that is not OK, explained.
pub async fn poll(http: &Http, target: &Target, service: &str) -> Result<GrpcServing, Failure> {
    tokio::time::timeout(target.timeout, call(http, target, service))
        .await
        .unwrap_or(Err(Failure::Timeout(target.timeout)))
}

async fn call(http: &Http, target: &Target, service: &str) -> Result<GrpcServing, Failure> {
    let url = check_url(&target.url)?;
    let (_, client) = http.clients.get(&url, target.auth.as_deref(), &target.route, true).await?;
    let mut request = client
        .request(reqwest::Method::POST, url)
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .body(request_frame(service));
    for (name, value) in &target.headers {
        request = request.header(name, value);
    }
    if let Some(Credential::Bearer(list)) = target.auth.as_ref().map(|auth| &auth.credential)
        && let Some(first) = list.first()
    {
        let lease = http.vault.get(first).await;
        let lease = lease.map_err(|error| Failure::Secret(Clean::new(&error.to_string())))?;
        request = request.bearer_auth(lease.value.expose_secret());
    }
    let response = request.send().await.map_err(|error| classify(&error, target.timeout))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Failure::Status(status, Clean::new("not a gRPC answer")));
    }
    let response: ::http::Response<reqwest::Body> = response.into();
    let (parts, mut body) = response.into_parts();
    let (mut message, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| classify(&error, target.timeout))?;
        match frame.into_data() {
            Ok(data) if message.len() + data.len() > MOST_BYTES => {
                return Err(Failure::TooLarge(MOST_BYTES as u64));
            }
            Ok(data) => message.extend_from_slice(&data),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    // A call without a message has its status among the headers.
    let code = status_of(&trailers).or_else(|| status_of(&parts.headers));
    let said = said_by(&trailers).or_else(|| said_by(&parts.headers)).unwrap_or_default();
    verdict(code, &said, &message)
}

/// The URL of the method: `grpc` is HTTP, `grpcs` HTTPS.
fn check_url(url: &Url) -> Result<Url, Failure> {
    let scheme = if matches!(url.scheme(), "grpcs" | "https") { "https" } else { "http" };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let text = format!("{scheme}://{}{port}{CHECK}", url.host_str().unwrap_or(""));
    Url::parse(&text).map_err(|_| Failure::Decode(Clean::new("the URL has no host")))
}

fn status_of(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.trim().parse().ok()
}

fn said_by(headers: &HeaderMap) -> Option<String> {
    let raw = headers.get("grpc-message")?.to_str().ok()?;
    // Percent-encoded (gRPC over HTTP/2, "Responses").
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn verdict(code: Option<u32>, said: &str, message: &[u8]) -> Result<GrpcServing, Failure> {
    let wrong = |text: &str| Err(Failure::Decode(Clean::new(text)));
    match code {
        Some(0) => serving(message).map_or_else(|| wrong("the gRPC answer is no health answer"), Ok),
        Some(5) => Ok(GrpcServing::ServiceUnknown),
        Some(12) => wrong(
            "UNIMPLEMENTED: the server has no grpc.health.v1.Health service; poll it with kind = \"tcp\" instead",
        ),
        Some(code) => {
            let colon = if said.is_empty() { "" } else { ": " };
            wrong(&format!("gRPC status {code} {}{colon}{said}", name_of(code)))
        }
        None => wrong("the answer has no gRPC status"),
    }
}

/// Names of status codes (gRPC, "Status codes and their use in gRPC").
fn name_of(code: u32) -> &'static str {
    match code {
        1 => "CANCELLED",
        2 => "UNKNOWN",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        6 => "ALREADY_EXISTS",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        10 => "ABORTED",
        11 => "OUT_OF_RANGE",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        16 => "UNAUTHENTICATED",
        _ => "",
    }
}

/// `HealthCheckRequest { string service = 1 }`, uncompressed, with its length in front.
fn request_frame(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0A);
        let mut length = service.len();
        while length >= 0x80 {
            message.push((length & 0x7F) as u8 | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend_from_slice(service.as_bytes());
    }
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

/// `HealthCheckResponse { ServingStatus status = 1 }`; a field that is left out is 0.
fn serving(frame: &[u8]) -> Option<GrpcServing> {
    let (&0, rest) = frame.split_first()? else { return None }; // compressed: we did not offer that
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let mut message = rest.get(..u32::from_be_bytes(*length) as usize)?;
    let mut status = 0;
    while !message.is_empty() {
        let (key, rest) = varint(message)?;
        message = match key & 7 {
            0 => {
                let (value, rest) = varint(rest)?;
                if key >> 3 == 1 {
                    status = value;
                }
                rest
            }
            1 => rest.get(8..)?,
            2 => {
                let (length, rest) = varint(rest)?;
                rest.get(usize::try_from(length).ok()?..)?
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
    }
    Some(GrpcServing::from_number(status))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7F).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_framed() {
        assert_eq!(request_frame(""), [0, 0, 0, 0, 0]);
        assert_eq!(request_frame("ab"), [0, 0, 0, 0, 4, 0x0A, 2, b'a', b'b']);
        let long = request_frame(&"x".repeat(300));
        assert_eq!(&long[..8], [0, 0, 0, 1, 0x2F, 0x0A, 0xAC, 0x02]);
        assert_eq!(long.len(), 5 + 3 + 300);
    }

    #[test]
    fn answers_are_read_and_statuses_explained() {
        for (code, message, expected) in [
            (Some(0), &[0, 0, 0, 0, 2, 8, 1][..], Ok(GrpcServing::Serving)),
            (Some(0), &[0, 0, 0, 0, 2, 8, 2], Ok(GrpcServing::NotServing)),
            (Some(0), &[0, 0, 0, 0, 0], Ok(GrpcServing::Unknown)),
            (Some(0), &[0, 0, 0, 0, 2, 8, 9], Ok(GrpcServing::Other(9))),
            // Fields that a later version may add are skipped.
            (Some(0), &[0, 0, 0, 0, 6, 18, 2, 1, 1, 8, 1], Ok(GrpcServing::Serving)),
            (Some(5), &[], Ok(GrpcServing::ServiceUnknown)),
            (Some(12), &[], Err("UNIMPLEMENTED")),
            (Some(14), &[], Err("gRPC status 14 UNAVAILABLE: said")),
            (Some(99), &[], Err("gRPC status 99")),
            (None, &[], Err("no gRPC status")),
            (Some(0), &[], Err("no health answer")),
            (Some(0), &[1, 0, 0, 0, 2, 8, 1], Err("no health answer")),
            (Some(0), &[0, 0xFF, 0xFF, 0xFF, 0xFF, 8, 1], Err("no health answer")),
            (Some(0), &[0, 0, 0, 0, 2, 8, 0xFF], Err("no health answer")),
            (Some(0), &[0, 0, 0, 0, 2, 18, 0x7F], Err("no health answer")),
        ] {
            match (verdict(code, "said", message), expected) {
                (Ok(serving), Ok(expected)) => assert_eq!(serving, expected),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (got, expected) => panic!("{code:?} {message:?}: {got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn urls_and_messages() {
        for (url, called) in [
            ("grpc://h:50051", "http://h:50051/grpc.health.v1.Health/Check"),
            ("https://h", "https://h/grpc.health.v1.Health/Check"),
            ("grpc://[::1]:1/x", "http://[::1]:1/grpc.health.v1.Health/Check"),
        ] {
            assert_eq!(check_url(&Url::parse(url).unwrap()).unwrap().as_str(), called);
        }
        let mut headers = HeaderMap::new();
        headers.insert("grpc-message", "not%20here%2".parse().unwrap());
        assert_eq!(said_by(&headers).as_deref(), Some("not here%2"));
    }
}
