//! A question to a process and its answer, without sockets; who may ask what, and which page answers.

use super::cast::{CAST, Spec, Stack};
use super::world::{Node, Phase, World};
use serde_json::{Value, json};
use std::time::Duration;

/// The token that the admin routes want.
pub const TOKEN: &str = "warroom-demo";
/// The user's name for the login of accounts and for the broker.
pub const USER: &str = "demo";
/// The password that goes with it.
pub const PASSWORD: &str = "warroom";

/// A request, as far as the fleet looks at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// What follows `?`.
    pub query: Option<&'a str>,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Accept` header.
    pub accept: Option<&'a str>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<&'a str>,
    /// The `X-Reason` header.
    pub reason: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Other headers: lower-case name, value.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// How long the process thinks before it answers (real time).
    pub delay: Duration,
}

impl Answer {
    pub(super) fn text(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, "application/json", value.to_string())
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "error": message }))
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl World {
    /// What the process answers. Meaningful only while it [listens](World::listens).
    pub fn answer(&mut self, node: usize, ask: &Ask) -> Answer {
        let Some((spec, phase)) =
            self.nodes.get(node).and_then(|n| Some((CAST.get(n.service)?, self.phase(n))))
        else {
            return Answer::error(404, "no such process");
        };
        if ask.path == "/login" && spec.stack == Stack::Instrumentator {
            return self.login(ask);
        }
        if let Err(refusal) = self.let_in(spec, ask) {
            return refusal;
        }
        if ask.path.starts_with("/admin/") {
            return self.admin(node, ask);
        }
        if spec.stack == Stack::Rabbit && ask.method == "DELETE" {
            return self.purge(ask.path);
        }
        if !matches!(ask.method, "GET" | "HEAD") {
            return Answer::error(405, "method not allowed");
        }
        if phase == Phase::Starting {
            return Answer::json(503, &json!({ "status": "starting" })).with("retry-after", "1".to_owned());
        }
        let Some(process) = self.nodes.get(node) else { return Answer::error(404, "no such process") };
        let mut answer = match ask.path {
            "/metrics" | "/actuator/prometheus" | "/api/v1/health/metrics" => {
                self.metrics(process, spec, ask.accept)
            }
            _ => self.page(process, spec, phase, ask),
        };
        answer.delay = self.thinking(process);
        answer
    }

    /// In trouble the monitoring routes are slow as well, though never slower than 600 ms.
    fn thinking(&self, node: &Node) -> Duration {
        let Some((weather, spec)) = self.weather.get(node.service).zip(CAST.get(node.service)) else {
            return Duration::ZERO;
        };
        let excess = weather.median - spec.median * 1.5;
        if excess <= 0.0 { Duration::ZERO } else { Duration::from_secs_f64((excess * 0.35).min(0.6)) }
    }

    fn let_in(&self, spec: &Spec, ask: &Ask) -> Result<(), Answer> {
        let guarded = ask.path.starts_with("/admin/")
            || (spec.stack == Stack::Rabbit && ask.path.starts_with("/api/"))
            || ask.path == "/api/sessions";
        if !guarded {
            return Ok(());
        }
        let (scheme, credential) = ask.authorization.and_then(|a| a.split_once(' ')).unwrap_or_default();
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        let known = match spec.stack {
            Stack::Rabbit => {
                scheme.eq_ignore_ascii_case("basic")
                    && credential == base64(format!("{USER}:{PASSWORD}").as_bytes(), false)
            }
            Stack::Instrumentator => {
                let day = self.second / 86_400;
                bearer && (credential == self.jwt(day) || (day > 0 && credential == self.jwt(day - 1)))
            }
            _ => bearer && credential == TOKEN,
        };
        if known {
            return Ok(());
        }
        let detail = json!({ "detail": "Invalid authentication credentials" });
        let challenge = if spec.stack == Stack::Rabbit { "Basic realm=\"demo\"" } else { "Bearer" };
        Err(Answer::json(401, &detail).with("www-authenticate", challenge.to_owned()))
    }

    fn login(&self, ask: &Ask) -> Answer {
        if ask.method != "POST" {
            return Answer::error(405, "method not allowed");
        }
        let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
        if body["user"] == USER && body["password"] == PASSWORD {
            let token = self.jwt(self.second / 86_400);
            return Answer::json(
                200,
                &json!({ "access_token": token, "token_type": "bearer", "expires_in": 86_400 }),
            );
        }
        Answer::json(401, &json!({ "detail": "Incorrect username or password" }))
    }

    /// A token in the shape of a JWT, one a virtual day. Its signature is not one: nobody but this fleet reads it.
    fn jwt(&self, day: u64) -> String {
        let expires = self.wall((day as i64 + 1) * 86_400) as i64;
        let head = base64(br#"{"alg":"HS256","typ":"JWT"}"#, true);
        let claims = base64(format!("{{\"sub\":\"{USER}\",\"exp\":{expires}}}").as_bytes(), true);
        let signature = base64(&super::noise::unit(self.seed, 77, day).to_bits().to_be_bytes(), true);
        format!("{head}.{claims}.{signature}")
    }
}

/// Base64 (RFC 4648), with the URL's alphabet and no padding where `url` says so.
fn base64(bytes: &[u8], url: bool) -> String {
    let alphabet: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let index = (word >> (18 - 6 * sextet)) & 63;
            out.push(match (url, index) {
                (true, 62) => '-',
                (true, 63) => '_',
                _ => alphabet.get(index as usize).map_or('A', |byte| char::from(*byte)),
            });
        }
        if !url {
            out.extend(std::iter::repeat_n('=', 3 - chunk.len()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes(), false), coded);
            assert_eq!(base64(plain.as_bytes(), true), coded.trim_end_matches('='));
        }
        assert_eq!(base64(&[0xfb, 0xff], false), "+/8=");
        assert_eq!(base64(&[0xfb, 0xff], true), "-_8");
    }
}
