//! What a refused request's body says, in one short line without secrets.

use secrecy::{ExposeSecret, SecretString};

/// The most characters of a message.
const MOST: usize = 160;

/// The message of an error body: a known field of a JSON object, or a short plain text; nothing of an HTML page.
pub(in crate::io) fn brief(content_type: Option<&str>, body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(16 << 10)]);
    let text = head.trim_start();
    if text.starts_with('{') {
        return match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(json) => field(&json),
            Err(_) => String::new(),
        };
    }
    if text.starts_with('<') || content_type.is_some_and(|kind| kind.contains("html")) {
        return String::new();
    }
    cut(text.lines().next().unwrap_or(""))
}

fn field(json: &serde_json::Value) -> String {
    let at = |pointers: &[&str]| {
        pointers.iter().find_map(|pointer| json.pointer(pointer).and_then(|value| value.as_str()))
    };
    let code = at(&["/error/code", "/code", "/error_code"]);
    let said =
        at(&["/error/message", "/message", "/detail", "/error_description", "/msg", "/error", "/title"]);
    match (code, said) {
        (Some(code), Some(said)) if code != said => cut(&format!("{code}: {said}")),
        (Some(one), _) | (None, Some(one)) => cut(one),
        (None, None) => String::new(),
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().take(MOST).collect()
}

/// Removes secrets that a server echoes.
pub(in crate::io) fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a SecretString>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        // Shorter ones would tear common words apart, and tell by doing so.
        if secret.len() >= 4 {
            text = text.replace(secret, "[REDACTED]");
            // A message that was cut may end within the secret.
            for len in (4..secret.len()).rev() {
                if secret.is_char_boundary(len) && text.ends_with(&secret[..len]) {
                    text.truncate(text.len() - len);
                    text.push_str("[REDACTED]");
                    break;
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_are_told_in_a_line() {
        for (kind, body, told) in [
            ("application/json", r#"{"error":{"code":"AUTH_001","message":"no key"}}"#, "AUTH_001: no key"),
            (
                "application/json",
                r#"{"detail":"Invalid authentication credentials"}"#,
                "Invalid authentication credentials",
            ),
            ("application/json", r#"{"error":"AUTH_003"}"#, "AUTH_003"),
            ("application/json", r#"{"detail":[{"loc":1}]}"#, ""),
            ("application/json", "{broken", ""),
            ("text/plain", "nope\nmore", "nope"),
            ("text/html", "<html><body>nginx", ""),
            ("text/html", "no tag", ""),
            ("", "", ""),
        ] {
            assert_eq!(brief(Some(kind), body.as_bytes()), told, "{body}");
        }
        assert_eq!(brief(None, "x".repeat(5000).as_bytes()).len(), MOST);
    }

    #[test]
    fn an_echoed_secret_is_removed_also_where_the_text_was_cut() {
        let secret = SecretString::from("hsi_prod_key_1");
        for (text, shown) in [
            ("bad key hsi_prod_key_1!", "bad key [REDACTED]!"),
            ("bad key hsi_prod_k", "bad key [REDACTED]"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(redact(text, [&secret]), shown);
        }
        assert_eq!(redact("a pin", [&SecretString::from("a")]), "a pin");
    }
}
