//! A job is followed to its end: asked for at intervals, through restarts of the very service that runs it.

use super::{Progress, Stop};
use crate::action::spec::Job as Following;
use crate::action::template::as_text;
use crate::config::auth::Auth;
use crate::io::http::{Ask, Http};
use crate::target::Route;
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::Value;
use std::time::{Duration, Instant};
use url::Url;

/// A job that is unknown so many times in a row is lost; a service that starts may not have read its jobs yet.
const LOST_AFTER: u32 = 5;
/// The most new log lines that are told at once, and the most characters of one.
const MOST_LINES: usize = 50;
/// What one question may take.
const ASK: Duration = Duration::from_secs(10);

/// A job to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Where it is asked for.
    pub url: Url,
}

impl Job {
    /// How people name it: the last part of its path.
    pub fn name(&self) -> Clean {
        let last = self.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or("");
        Clean::new(if last.is_empty() { self.url.path() } else { last })
    }
}

/// How following a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It was done.
    Done,
    /// It failed; what it says.
    Failed(Clean),
    /// It is not known how it ended; why.
    Unknown(Clean),
    /// Nobody wants to wait any longer. The job goes on.
    Stopped,
}

impl Followed {
    /// For the journal.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::Stopped => "not awaited",
        }
    }
}

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    /// Clients, secrets and tokens.
    pub(super) http: &'a Http,
    /// Who we say we are.
    pub(super) auth: Option<&'a Auth>,
    /// How to get there.
    pub(super) route: &'a Route,
    /// The clock.
    pub(super) now: fn() -> Timestamp,
}

impl Asker<'_> {
    /// Reads JSON.
    ///
    /// # Errors
    /// Status if there was an answer, and a sentence.
    pub(super) async fn json(&self, url: &Url, timeout: Duration) -> Result<Value, (Option<u16>, Clean)> {
        let ask = Ask {
            url,
            form: None,
            accept: "application/json",
            headers: &[],
            auth: self.auth,
            route: self.route,
            timeout,
            reused: true,
            release: false,
            size_hint: 0,
            now: (self.now)(),
            sink: None,
        };
        let fetched = self
            .http
            .fetch(&ask)
            .await
            .map_err(|trouble| (trouble.status, Clean::new(&trouble.failure.to_string())))?;
        if !(200..300).contains(&fetched.status) {
            let said = crate::io::http::brief(fetched.content_type.as_deref(), &fetched.body);
            let colon = if said.is_empty() { "" } else { ": " };
            return Err((Some(fetched.status), Clean::new(&format!("HTTP {}{colon}{said}", fetched.status))));
        }
        serde_json::from_slice(&fetched.body)
            .map_err(|_| (Some(fetched.status), Clean::new("the answer is not JSON")))
    }
}

/// Follows `job` until it ends, its limit has passed, or nobody waits any longer. A service that is away meanwhile (it may
/// be restarting: that may be what the job does) is asked again until the limit.
pub(super) async fn follow(
    asker: &Asker<'_>,
    job: &Job,
    reading: &Following,
    stop: &Stop,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Followed {
    let started = Instant::now();
    let (mut unknown, mut said) = (0, 0);
    let mut last = Clean::new("it was never seen");
    loop {
        let left = reading.limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Followed::Unknown(Clean::new(&format!(
                "job {} did not end within {}: {last}",
                job.name(),
                crate::units::format_duration(reading.limit)
            )));
        }
        let asked = tokio::select! {
            biased;
            () = stop.said() => return Followed::Stopped,
            asked = asker.json(&job.url, ASK.min(left)) => asked,
        };
        match asked {
            Ok(body) => {
                unknown = 0;
                let Some(state) = text_at(&body, &reading.state) else {
                    let text = format!("job {} has no state at {}", job.name(), reading.state);
                    return Followed::Unknown(Clean::new(&text));
                };
                let lines = fresh_lines(&body, reading.log.as_deref(), &mut said);
                last = Clean::new(&format!("it was {state}"));
                tell(Progress::Job { state: state.clone(), log: lines });
                let is = |values: &[String]| values.iter().any(|value| value == state.as_str());
                if is(&reading.done) {
                    return Followed::Done;
                }
                if is(&reading.failed) {
                    let why = reading.error.as_deref().and_then(|pointer| text_at(&body, pointer));
                    let text =
                        why.map_or_else(|| format!("job {} is {state}", job.name()), |why| why.to_string());
                    return Followed::Failed(Clean::new(&text));
                }
            }
            Err((Some(404 | 410), why)) => {
                unknown += 1;
                if unknown >= LOST_AFTER {
                    let text = format!("job {} is no longer known ({why}); {last}", job.name());
                    return Followed::Unknown(Clean::new(&text));
                }
                tell(Progress::Waiting(why));
            }
            Err((_, why)) => tell(Progress::Waiting(why)),
        }
        tokio::select! {
            biased;
            () = stop.said() => return Followed::Stopped,
            () = tokio::time::sleep(reading.interval.max(Duration::from_millis(50))) => {}
        }
    }
}

/// The log lines that were not there the last time; `said` counts those that were told.
fn fresh_lines(body: &Value, pointer: Option<&str>, said: &mut usize) -> Vec<Clean> {
    let Some(found) = pointer.and_then(|pointer| body.pointer(pointer)) else { return Vec::new() };
    let lines: Vec<Clean> = match found {
        Value::Array(list) => list.iter().skip(*said).take(MOST_LINES).map(text_of).collect(),
        Value::String(text) => text.lines().skip(*said).take(MOST_LINES).map(Clean::new).collect(),
        _ => Vec::new(),
    };
    *said += lines.len();
    lines
}

/// A value at a pointer as people read it; none for lists and objects.
fn text_at(body: &Value, pointer: &str) -> Option<Clean> {
    as_text(body.pointer(pointer)?).map(|text| Clean::new(&text))
}

fn text_of(value: &Value) -> Clean {
    match as_text(value) {
        Some(text) => Clean::new(&text),
        None => Clean::new(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn log_lines_are_told_once_and_never_in_floods() {
        let mut said = 0;
        for (log, told) in [
            (json!(["one"]), vec!["one"]),
            (json!(["one", "two", "\u{1b}[31mthree"]), vec!["two", "[31mthree"]),
            (json!(["one", "two", "three"]), vec![]),
            (json!(7), vec![]),
            (json!("one\ntwo\nthree\nfour"), vec!["four"]),
        ] {
            let lines = fresh_lines(&json!({ "log": log }), Some("/log"), &mut said);
            assert_eq!(lines.iter().map(Clean::as_str).collect::<Vec<_>>(), told, "{log}");
        }
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(fresh_lines(&json!({ "log": many }), Some("/log"), &mut 0).len(), MOST_LINES);
        assert!(fresh_lines(&json!({}), Some("/log"), &mut 0).is_empty());
    }

    #[test]
    fn a_job_is_named_by_the_end_of_its_path() {
        for (url, name) in
            [("http://a/admin/jobs/17", "17"), ("http://a/", "/"), ("http://a/jobs/%1b%5B2J", "%1b%5B2J")]
        {
            assert_eq!(Job { url: url.parse().unwrap() }.name().as_str(), name);
        }
    }
}
