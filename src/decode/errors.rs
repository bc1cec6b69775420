//! What an answer says went wrong: error codes and messages out of bodies, for a row's last line.

use super::Reply;
use super::json::{self, Node};
use crate::target::Failure;
use crate::text::{Clean, truncate};

/// The failure that an HTTP status stands for, with what the body says about it.
pub(super) fn status_failure(reply: &Reply<'_>) -> Failure {
    let told = if reply.body.len() > 64 << 10 {
        None // An error page of that size holds no message worth the time.
    } else {
        json::parse(reply.body).ok().and_then(|parsed| error_message(&parsed.node))
    };
    Failure::Status(reply.status, told.or_else(|| first_line(reply)).unwrap_or_default())
}

/// Why a body is not the JSON that was expected.
pub(super) fn not_json(reply: &Reply<'_>, message: &str) -> String {
    if reply.body.trim_ascii().is_empty() {
        return "expected JSON, found an empty body".to_owned();
    }
    if matches!(reply.body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return format!("broken JSON: {message}");
    }
    let found = if is_html(reply) { "an HTML page" } else { "something else" };
    format!("expected JSON, found {found}: {message}")
}

/// Is the body a web page (a proxy's error page, or the fallback of a single-page application)?
pub(super) fn is_html(reply: &Reply<'_>) -> bool {
    let typed =
        reply.content_type.is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let head = reply.body.trim_ascii_start();
    let starts = |with: &[u8]| head.get(..with.len()).is_some_and(|h| h.eq_ignore_ascii_case(with));
    starts(b"<!doctype html") || starts(b"<html") || (typed && head.starts_with(b"<"))
}

/// The first line of a short plain text.
fn first_line(reply: &Reply<'_>) -> Option<Clean> {
    if is_html(reply) {
        return None;
    }
    let head = reply.body.trim_ascii_start();
    let head = head.get(..400).unwrap_or(head);
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = Clean::from_bytes(line);
    // The start of a JSON document that has no message is noise.
    let useless = line.is_empty() || matches!(head.first(), Some(b'{' | b'[' | b'"'));
    (!useless).then(|| Clean::new(&truncate(line.as_str(), 160, false)))
}

/// The error that a JSON body tells of: code and message, in the shapes that frameworks use.
///
/// `{"error": {"code", "message"}}`, `{"error": "...", "code"}`, `{"code", "message"}`, `{"detail": "..."}` and
/// `{"detail": [{"loc", "msg"}]}` (FastAPI), `{"errors": [{"code", "title", "detail"}]}` (JSON:API), `{"title", "detail"}` (RFC 9457),
/// `{"errorType", "error"}` (Prometheus).
pub fn error_message(node: &Node) -> Option<Clean> {
    if let Node::Text(_) = node {
        return node.text().map(Clean::new);
    }
    let inner = ["error", "errors", "detail", "exception"].iter().find_map(|key| match node.get(key)? {
        map @ Node::Map(_) => Some(map),
        Node::List(items) => items.first(),
        _ => None,
    });
    let inner = inner.unwrap_or(node);
    let pick = |keys: &[&str]| inner.first(keys).or_else(|| node.first(keys));
    let code = pick(&["code", "error_code", "errorCode", "errorType"]).and_then(Node::scalar);
    let words =
        ["message", "msg", "detail", "error_description", "error", "title", "reason", "exception", "output"];
    let text = words.iter().find_map(|key| {
        inner.get(key).and_then(Node::text).or_else(|| node.get(key).and_then(Node::text)).map(str::to_owned)
    });
    let text = text.or_else(|| inner.text().map(str::to_owned));
    match (code, text) {
        (Some(code), Some(text)) if !text.contains(&code) => Some(Clean::new(&format!("{code}: {text}"))),
        (_, Some(text)) => Some(Clean::new(&text)),
        (Some(code), None) if !code.bytes().all(|byte| byte.is_ascii_digit()) => Some(Clean::new(&code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_error_bodies() {
        for (status, body, expected) in [
            (
                500,
                r#"{"error":{"code":"DB_001","message":"connection lost"}}"#,
                "HTTP 500: DB_001: connection lost",
            ),
            (500, r#"{"error":{"code":"DB_002"}}"#, "HTTP 500: DB_002"),
            (
                401,
                r#"{"detail":"Invalid authentication credentials"}"#,
                "HTTP 401: Invalid authentication credentials",
            ),
            (422, r#"{"detail":[{"loc":["query","q"],"msg":"field required"}]}"#, "HTTP 422: field required"),
            (429, r#"{"error":"rate limited","code":"API_001"}"#, "HTTP 429: API_001: rate limited"),
            (404, r#"{"timestamp":"x","status":404,"error":"Not Found","path":"/h"}"#, "HTTP 404: Not Found"),
            (400, r#"{"status":"error","errorType":"bad_data","error":"no q"}"#, "HTTP 400: bad_data: no q"),
            (400, r#"{"title":"Bad","detail":"too long"}"#, "HTTP 400: too long"),
            (400, r#"{"errors":[{"code":"E1","title":"T"}]}"#, "HTTP 400: E1: T"),
            (503, "no healthy upstream\nmore", "HTTP 503: no healthy upstream"),
            (502, "<html><h1>502 Bad Gateway</h1></html>", "HTTP 502"),
            (500, "{\"a\":1}", "HTTP 500"),
            (500, "\u{1b}[2Jwipe", "HTTP 500: [2Jwipe"),
            (404, "", "HTTP 404"),
        ] {
            let reply = Reply { status, content_type: None, body: body.as_bytes() };
            assert_eq!(status_failure(&reply).to_string(), expected, "{body}");
        }
    }
}
