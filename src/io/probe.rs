//! Looks what stands behind URLs of which nothing is known: `warroom URL...` and `warroom init`.
//!
//! Only GETs, through the same client as every poll, plus two greetings that change nothing for a port that does not
//! speak HTTP. What the answers mean is judged by `decode::detect`; nothing is configured or printed here.

mod greet;
mod machine;

pub use greet::Greeting;
pub use machine::{Folder, read_secrets, state_folder};

use crate::config::poll::{Poll, PollKind};
use crate::decode::detect::{self, Detected};
use crate::decode::{Reply, Source, decode};
use crate::io::http::{Ask, Fetched, Http, Trouble};
use crate::io::tcp;
use crate::labels::Labels;
use crate::target::{Failure, Route};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use url::Url;

/// What one URL may take, all of its paths together.
pub const LIMIT: Duration = Duration::from_secs(3);
/// What everything may take: a long list of hosts that swallow packets must end some time.
const LIMIT_OF_ALL: Duration = Duration::from_secs(60);
/// URLs that are looked at at the same time.
const URLS_AT_ONCE: usize = 8;
/// Paths of one URL that are asked at the same time.
const PATHS_AT_ONCE: usize = 4;
/// The most bytes of one body, and of all bodies of one URL: whatever comes after is not looked at.
const MOST_BODY: u64 = 8 << 20;
const MOST_BODIES: u64 = 24 << 20;
/// How often the progress is told.
const TICK: Duration = Duration::from_millis(100);

/// One URL to look at.
#[derive(Clone, Debug)]
pub struct Question {
    /// Base URL of the instance.
    pub url: Url,
    /// Paths to ask beside the usual ones.
    pub further: Vec<String>,
    /// Ask the usual paths too.
    pub usual: bool,
}

/// A path that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The path, with its query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body, after decompression.
    pub bytes: usize,
    /// Series, if the body is one of metrics.
    pub series: Option<usize>,
    /// A path beyond the usual ones whose answer is of the kind that was expected of it.
    pub fits: bool,
}

/// What was seen behind a URL.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// A connection was made.
    pub connected: bool,
    /// It answers HTTP.
    pub http: bool,
    /// What it speaks where it is not HTTP.
    pub greeting: Option<Greeting>,
    /// Why nothing was learned: no connection, or no HTTP behind it.
    pub failure: Option<Failure>,
    /// The paths that answered with something else than 404 or 405.
    pub pages: Vec<Page>,
    /// What the answers mean.
    pub detected: Detected,
    /// Polls of the recognised preset, beyond the usual paths, that answered as they should.
    pub further: Vec<Poll>,
    /// What the service calls itself.
    pub name: Option<Clean>,
    /// The version that it tells.
    pub version: Option<Clean>,
    /// Where a path redirects to, and other things worth a comment.
    pub notes: Vec<Clean>,
    /// It was not looked at: the time for all of them was over.
    pub skipped: bool,
}

/// How far the looking has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// URLs that are done.
    pub done: usize,
    /// All of them.
    pub all: usize,
    /// Since the start.
    pub elapsed: Duration,
}

/// Looks at every URL, several at the same time; the answers come in the order of the questions.
///
/// `tell` is called about ten times a second while it lasts.
///
/// # Errors
/// The runtime could not be made.
pub fn look(questions: Vec<Question>, tell: &mut dyn FnMut(Progress)) -> std::io::Result<Vec<Seen>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(look_at_all(questions, tell));
    // A name that is still being resolved must not hold up the end.
    runtime.shutdown_background();
    Ok(seen)
}

async fn look_at_all(questions: Vec<Question>, tell: &mut dyn FnMut(Progress)) -> Vec<Seen> {
    let (began, all) = (Instant::now(), questions.len());
    let mut seen: Vec<Seen> = (0..all).map(|_| Seen { skipped: true, ..Seen::default() }).collect();
    let http = Arc::new(Http::default());
    let mut waiting: VecDeque<(usize, Question)> = questions.into_iter().enumerate().collect();
    let mut running = JoinSet::new();
    let mut tick = tokio::time::interval(TICK);
    let end = tokio::time::sleep(LIMIT_OF_ALL);
    tokio::pin!(end);
    let mut done = 0;
    loop {
        while running.len() < URLS_AT_ONCE
            && let Some((index, question)) = waiting.pop_front()
        {
            let http = Arc::clone(&http);
            running.spawn(async move { (index, look_at(&http, &question).await) });
        }
        tokio::select! {
            finished = running.join_next() => match finished {
                None => return seen,
                Some(Ok((index, answer))) => {
                    done += 1;
                    if let Some(place) = seen.get_mut(index) {
                        *place = answer;
                    }
                }
                Some(Err(_)) => done += 1,
            },
            _ = tick.tick() => tell(Progress { done, all, elapsed: began.elapsed() }),
            () = &mut end => return seen,
        }
    }
}

/// What is gathered of one URL.
struct Gathered {
    answers: Vec<(String, Fetched)>,
    notes: Vec<Clean>,
    failure: Option<Failure>,
}

async fn look_at(http: &Arc<Http>, question: &Question) -> Seen {
    let began = Instant::now();
    let mut seen = Seen::default();
    let default_port = matches!(question.url.scheme(), "redis" | "rediss").then_some(6379);
    match tcp::connect(&question.url, default_port, &Route::default(), LIMIT).await {
        Ok(_) => seen.connected = true,
        Err(failure) => {
            seen.failure = Some(failure);
            return seen;
        }
    }
    if !matches!(question.url.scheme(), "http" | "https") {
        seen.greeting = greet::greet(&question.url, LIMIT.saturating_sub(began.elapsed())).await;
        return seen;
    }
    let mut paths: Vec<String> = Vec::new();
    if question.usual {
        paths.extend(detect::candidates().into_iter().map(str::to_owned));
    }
    // The root says soonest whether this is HTTP at all.
    if let Some(root) = paths.iter().position(|path| path == "/") {
        let root = paths.remove(root);
        paths.insert(0, root);
    }
    let fresh: Vec<&String> = question.further.iter().filter(|path| !paths.contains(path)).collect();
    let fresh: Vec<String> = fresh.into_iter().cloned().collect();
    paths.splice(0..0, fresh);
    let mut gathered = Gathered { answers: Vec::new(), notes: Vec::new(), failure: None };
    ask_all(http, &question.url, paths, began, &mut gathered).await;
    seen.http = !gathered.answers.is_empty() || !gathered.notes.is_empty();
    if !seen.http {
        let left = LIMIT.saturating_sub(began.elapsed()).max(Duration::from_millis(500));
        seen.greeting = greet::greet(&question.url, left).await;
        seen.failure = gathered.failure;
        return seen;
    }
    judge(&mut seen, &gathered, question);
    if question.usual
        && let Some(preset) = seen.detected.preset
    {
        let known: Vec<&str> = gathered.answers.iter().map(|(path, _)| path.as_str()).collect();
        let wanted: Vec<Poll> = preset
            .polls
            .iter()
            .filter(|poll| poll.path.starts_with('/'))
            .filter(|poll| poll.port.is_some() || !known.contains(&poll.path.as_str()))
            .cloned()
            .collect();
        ask_further(http, &question.url, &wanted, began, &mut seen).await;
    }
    seen.notes = gathered.notes;
    seen
}

/// Asks every path once, a few at a time, until the URL's time is over or a path shows that this is no HTTP.
async fn ask_all(http: &Arc<Http>, base: &Url, paths: Vec<String>, began: Instant, into: &mut Gathered) {
    let taken = Arc::new(AtomicU64::new(0));
    let mut waiting: VecDeque<String> = paths.into();
    let mut running = JoinSet::new();
    loop {
        while running.len() < PATHS_AT_ONCE
            && taken.load(Ordering::Relaxed) < MOST_BODIES
            && let Some(path) = waiting.pop_front()
        {
            let (http, taken, url) = (Arc::clone(http), Arc::clone(&taken), join(base, &path, None));
            running.spawn(async move {
                let answer = fetch(&http, &url, LIMIT.saturating_sub(began.elapsed())).await;
                if let Ok(fetched) = &answer {
                    taken.fetch_add(fetched.body.len() as u64, Ordering::Relaxed);
                }
                (path, answer)
            });
        }
        let Some(finished) = running.join_next().await else { return };
        let Ok((path, answer)) = finished else { continue };
        match answer {
            Ok(fetched) => into.answers.push((path, fetched)),
            Err(trouble) => {
                if !note(&path, trouble, into) && into.answers.is_empty() && into.notes.is_empty() {
                    // No HTTP, or none that we can reach: the other paths would tell the same.
                    waiting.clear();
                }
            }
        }
    }
}

/// Keeps what a path without a good answer tells; false if it tells that there is no HTTP.
fn note(path: &str, trouble: Trouble, into: &mut Gathered) -> bool {
    if let Some(status) = trouble.status {
        if let Failure::Redirect(_) | Failure::TooLarge(_) = &trouble.failure {
            into.notes.push(Clean::new(&format!("{path}: HTTP {status}, {}", trouble.failure)));
        } else {
            // A refusal is an answer, and the judge knows what it means.
            into.answers.push((path.to_owned(), Fetched { status, ..Fetched::default() }));
        }
        return true;
    }
    if matches!(trouble.failure, Failure::Timeout(_)) && !into.answers.is_empty() {
        into.notes.push(Clean::new(&format!("{path}: {}", trouble.failure)));
        return true;
    }
    into.failure.get_or_insert(trouble.failure);
    false
}

async fn fetch(http: &Http, url: &Url, timeout: Duration) -> Result<Fetched, Trouble> {
    let route = Route { body_limit: MOST_BODY, ..Route::default() };
    let ask = Ask {
        url,
        form: None,
        accept: "*/*",
        headers: &[],
        auth: None,
        route: &route,
        timeout: timeout.max(Duration::from_millis(10)),
        reused: true,
        release: false,
        size_hint: 0,
        now: now(),
        sink: None,
    };
    http.fetch(&ask).await
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// `http://proxy/team-a` with `/health?x` is `http://proxy/team-a/health?x`, as the plan has it.
fn join(base: &Url, path: &str, port: Option<u16>) -> Url {
    let mut url = base.clone();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    if port.is_some() {
        let _ = url.set_port(port); // an HTTP URL can always have one
    }
    url
}

fn reply(fetched: &Fetched) -> Reply<'_> {
    Reply { status: fetched.status, content_type: fetched.content_type.as_deref(), body: &fetched.body }
}

fn judge(seen: &mut Seen, gathered: &Gathered, question: &Question) {
    let replies: Vec<(&str, Reply<'_>)> =
        gathered.answers.iter().map(|(path, fetched)| (path.as_str(), reply(fetched))).collect();
    seen.detected = detect::judge(&replies);
    for (path, fetched) in &gathered.answers {
        let fits = question.further.contains(path) && is_metrics(fetched);
        let metrics = fits
            || seen
                .detected
                .polls
                .iter()
                .any(|poll| poll.path == *path && matches!(poll.kind, PollKind::Metrics { .. }));
        if !matches!(fetched.status, 404 | 405) || fits {
            seen.pages.push(Page {
                path: path.clone(),
                status: fetched.status,
                bytes: fetched.body.len(),
                series: metrics.then(|| series(&fetched.body)),
                fits,
            });
        }
        let (name, version) = told(fetched);
        seen.name = seen.name.take().or(name);
        seen.version = seen.version.take().or(version);
    }
    seen.pages.sort_by(|a, b| a.path.cmp(&b.path));
}

/// Is it a body of metrics, whatever its path?
fn is_metrics(fetched: &Fetched) -> bool {
    !detect::judge(&[("/metrics", reply(fetched))]).polls.is_empty()
}

/// Lines of a body that are samples.
fn series(body: &[u8]) -> usize {
    body.split(|byte| *byte == b'\n')
        .filter(|line| !matches!(line.trim_ascii().first(), None | Some(b'#')))
        .count()
}

/// What a JSON object calls itself, and its version.
fn told(fetched: &Fetched) -> (Option<Clean>, Option<Clean>) {
    let none = (None, None);
    if !(200..300).contains(&fetched.status) && fetched.status != 503 {
        return none;
    }
    let Ok(parsed) = crate::decode::json::parse(&fetched.body) else { return none };
    let text = |keys: &[&str]| {
        let found = parsed.node.first(keys)?.text()?;
        (!found.trim().is_empty() && found.len() <= 64).then(|| Clean::new(found.trim()))
    };
    (text(&["service", "service_name", "serviceId", "app", "application"]), text(&["releaseId", "version"]))
}

/// Asks for the polls of the recognised stack that lie beyond the usual paths.
async fn ask_further(http: &Arc<Http>, base: &Url, wanted: &[Poll], began: Instant, seen: &mut Seen) {
    let labels = Labels::empty();
    for poll in wanted {
        let left = LIMIT.saturating_sub(began.elapsed());
        if left.is_zero() {
            return;
        }
        let url = join(base, &poll.path, poll.port);
        let Ok(fetched) = fetch(http, &url, left).await else { continue };
        let source = Source { service: "", instance: "", poll: &poll.name, labels: &labels, at: now() };
        let good = match &poll.kind {
            PollKind::Metrics { .. } => is_metrics(&fetched),
            kind => decode(kind, &source, &reply(&fetched)).is_ok_and(|decoded| {
                // JSON without any of the numbers is some other page.
                !matches!(kind, PollKind::Json { .. }) || !decoded.samples.is_empty()
            }),
        };
        let had = seen.detected.polls.iter().any(|known| known.kind.word() == poll.kind.word());
        if !good || (had && !matches!(poll.kind, PollKind::Json { .. })) {
            continue;
        }
        let metrics = matches!(poll.kind, PollKind::Metrics { .. });
        seen.pages.push(Page {
            path: poll.path.clone(),
            status: fetched.status,
            bytes: fetched.body.len(),
            series: metrics.then(|| series(&fetched.body)),
            fits: true,
        });
        seen.further.push(poll.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_behind_the_prefix_of_the_base() {
        for (base, path, port, url) in [
            ("http://h:1", "/", None, "http://h:1/"),
            ("http://h:1/team-a/", "/health", None, "http://h:1/team-a/health"),
            ("http://h", "/readyz?verbose", Some(9090), "http://h:9090/readyz?verbose"),
        ] {
            assert_eq!(join(&Url::parse(base).unwrap(), path, port).as_str(), url);
        }
    }

    #[test]
    fn a_service_tells_its_name_only_where_it_answers() {
        for (status, body, name, version) in [
            (200, r#"{"service":"checkout","version":"2.0"}"#, Some("checkout"), Some("2.0")),
            (503, r#"{"serviceId":" a\u001b[2J "}"#, Some("a[2J"), None),
            (404, r#"{"service":"checkout"}"#, None, None),
            (200, r#"{"service":""}"#, None, None),
            (200, "no json", None, None),
        ] {
            let fetched = Fetched { status, body: body.into(), ..Fetched::default() };
            let (found, told) = told(&fetched);
            assert_eq!(found.as_ref().map(Clean::as_str), name, "{body}");
            assert_eq!(told.as_ref().map(Clean::as_str), version, "{body}");
        }
    }
}
