//! What an answer to a change means: done, under way, refused, failed, or unknown. A status is judged by whether the
//! service can have acted, and what cannot be known is never called failed.

use super::job::Job;
use super::wire::{Loss, Reply};
use crate::action::entry::How;
use crate::target::Failure;
use crate::text::Clean;
use crate::units::format_duration;
use std::fmt::Write as _;
use std::time::Duration;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How it ended; `Done` may only mean that it was taken on: see `job`.
    pub how: How,
    /// The job that was named, to be followed.
    pub job: Option<Job>,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// A sentence for people, with what the service says.
    pub text: Clean,
    /// Head of the answer's body: 4 KiB at most, clean, without credentials.
    pub body: String,
    /// How long it took.
    pub took: Duration,
    /// How long the service asks to wait. It is told; nothing is sent again.
    pub retry_after: Option<Duration>,
    /// How to find out, or what to do next.
    pub advice: Option<Clean>,
    /// How often it left: twice only if the first was refused with 401 and another credential was at hand.
    pub attempts: u8,
}

/// What the service's error codes mean: its own first, then those that are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes<'a>(pub(super) &'a [(String, String)]);

/// Judges an answer. `accept`: the statuses that mean yes. `elsewhere`: where else to look.
pub(super) fn judge(reply: &Reply, accept: &[u16], codes: Codes<'_>) -> (How, Clean, Option<String>) {
    let status = reply.status;
    let said = said(reply, codes);
    let colon = if said.is_empty() { "" } else { ": " };
    let text = |what: &str| Clean::new(&format!("HTTP {status}, {what}{colon}{said}"));
    if accept.contains(&status) {
        return (How::Done, Clean::new(&format!("HTTP {status}{colon}{said}")), None);
    }
    let place = reply.header("location").map(|place| shown(&place)).unwrap_or_default();
    match status {
        200..=299 => {
            let expected: Vec<String> = accept.iter().map(u16::to_string).collect();
            let what = format!("where {} was expected", expected.join(" or "));
            (How::Unknown, text(&what), Some("something was done: see whether it was this".to_owned()))
        }
        // These say that the request is to be made elsewhere: it was not carried out here (RFC 9110, 15.4.8 and 15.4.9).
        307 | 308 => (How::Failed, text(&format!("redirects to {place}, which is not followed")), None),
        300..=399 => {
            let what = format!("redirects to {place}, which is not followed");
            (How::Unknown, text(&what), Some("it may have been done before the redirect".to_owned()))
        }
        401 => (How::Failed, text("credentials refused"), None),
        403 => (How::Failed, text("not allowed"), None),
        409 => {
            let advice = (!place.is_empty()).then(|| format!("what is under way: {place}"));
            (How::Failed, text("the service is busy or in another state"), advice)
        }
        412 => (How::Failed, text("a condition does not hold"), None),
        429 | 503 => {
            let what = if status == 429 { "too many requests" } else { "not available" };
            let advice = reply.retry_after.map(|wait| {
                format!("it asks to wait {}; nothing is sent again by itself", format_duration(wait))
            });
            (How::Failed, text(what), advice)
        }
        400..=499 => (How::Failed, text("refused"), None),
        // A gateway lost its service on the way: that may have acted.
        502 | 504 => (How::Unknown, text("a gateway in between got no answer"), None),
        _ => (How::Failed, text("the service failed"), Some("part of it may have been done".to_owned())),
    }
}

/// Judges an answer that did not come.
pub(super) fn lost(loss: &Loss) -> (How, Clean) {
    match loss {
        Loss::Before(failure) => (How::NotSent, Clean::new(&format!("not sent: {failure}"))),
        Loss::After(Failure::Timeout(after)) => {
            let text =
                format!("no answer within {}: the outcome is unknown", format_duration(seconds(*after)));
            (How::Unknown, Clean::new(&text))
        }
        Loss::After(failure) => (How::Unknown, Clean::new(&format!("{failure}: the outcome is unknown"))),
    }
}

/// To a tenth of a second: more would tell nothing.
fn seconds(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis() as u64 / 100 * 100)
}

/// A place as the service wrote it, short and clean; user information, query and fragment could hold secrets.
fn shown(place: &str) -> String {
    let place = place.split(['?', '#']).next().unwrap_or("");
    let place = match (place.split_once("//"), place.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}//{rest}"),
        _ => place.to_owned(),
    };
    Clean::new(&place).as_str().chars().take(200).collect()
}

/// What the body says, with its error code explained.
fn said(reply: &Reply, codes: Codes<'_>) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
    let code = json.as_ref().and_then(|json| {
        ["/error/code", "/code", "/error_code", "/errorCode", "/error", "/reason"]
            .iter()
            .find_map(|pointer| json.pointer(pointer)?.as_str().filter(|code| is_code(code)))
    });
    let mut said = reply.said.clone();
    if let Some(code) = code
        && let Some(meaning) = codes.explain(code)
    {
        if !said.contains(code) {
            said = if said.is_empty() { code.to_owned() } else { format!("{code}: {said}") };
        }
        let _ = write!(said, " ({meaning})");
    }
    said
}

/// `DB_001`, `FailedPrecondition`: one word without blanks.
fn is_code(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

impl Codes<'_> {
    fn explain(&self, code: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, meaning)| &**meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, location: Option<&str>, body: &str) -> Reply {
        let mut reply = Reply {
            status,
            body: body.as_bytes().to_vec(),
            said: crate::io::http::brief(None, body.as_bytes()),
            retry_after: (status == 429).then_some(Duration::from_secs(120)),
            ..Reply::default()
        };
        if let Some(place) = location {
            reply.headers.insert("location", place.parse().unwrap());
        }
        reply
    }

    #[test]
    fn each_status_says_whether_the_service_can_have_acted() {
        let codes = [("DB_001".to_owned(), "the database cannot be reached".to_owned())];
        for (reply, ending, part, advice) in [
            (reply(202, None, ""), How::Done, "HTTP 202", ""),
            (reply(200, None, ""), How::Unknown, "where 202 was expected", "see whether it was this"),
            (reply(307, Some("http://evil/x?t=1"), ""), How::Failed, "redirects to http://evil/x,", ""),
            (
                reply(302, Some("http://u:p@evil/"), ""),
                How::Unknown,
                "redirects to http://evil/,",
                "may have",
            ),
            (reply(401, None, ""), How::Failed, "credentials refused", ""),
            (
                reply(409, Some("/admin/jobs/9"), r#"{"error":"busy with restart"}"#),
                How::Failed,
                "busy with restart",
                "/admin/jobs/9",
            ),
            (reply(429, None, ""), How::Failed, "too many requests", "wait 2m"),
            (reply(422, None, r#"{"error":"no such version"}"#), How::Failed, "no such version", ""),
            (
                reply(500, None, r#"{"code":"DB_001"}"#),
                How::Failed,
                "DB_001 (the database cannot be reached)",
                "part of it",
            ),
            (
                reply(500, None, r#"{"error":{"code":"DB_001","message":"boom"}}"#),
                How::Failed,
                "DB_001: boom (the data",
                "part of it",
            ),
            (reply(502, None, "<html>"), How::Unknown, "a gateway in between", ""),
            (reply(504, None, ""), How::Unknown, "a gateway in between", ""),
            (reply(503, None, ""), How::Failed, "not available", ""),
        ] {
            let (found, text, told) = judge(&reply, &[202], Codes(&codes));
            assert_eq!(found, ending, "{}", reply.status);
            assert!(text.as_str().contains(part), "{}: {text}", reply.status);
            assert!(told.unwrap_or_default().contains(advice), "{}", reply.status);
        }
    }

    #[test]
    fn a_loss_is_told_by_when_it_happened() {
        for (loss, ending, text) in [
            (Loss::Before(Failure::Refused), How::NotSent, "not sent: connection refused"),
            (
                Loss::After(Failure::Timeout(Duration::from_millis(15_031))),
                How::Unknown,
                "no answer within 15s: the outcome is unknown",
            ),
            (
                Loss::After(Failure::Lost("closed".into())),
                How::Unknown,
                "connection lost: closed: the outcome is unknown",
            ),
        ] {
            assert_eq!(lost(&loss), (ending, Clean::new(text)));
        }
    }
}
