//! Where `query --metrics` reads from: URLs, files, standard input.
//!
//! A regular file is read in pieces and never held whole; a URL and a pipe are held once, up to a limit. What the bytes
//! mean is `query`'s business.

use super::http::{Ask, Fetched, Http, brief};
use crate::exposition::{self, Format};
use crate::query::{Loader, Reading, sniff};
use crate::target::{Failure, Route};
use crate::text::Clean;
use crate::units::Timestamp;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use url::Url;

/// The most bytes that a URL or a pipe may give.
const MOST_BYTES: u64 = 1 << 30;
/// What one exchange with a URL may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that are read of a file at once.
const PIECE: usize = 1 << 20;
/// The end of a file that is looked at to tell its format.
const TAIL: u64 = 64;
/// The shortest time between two readings of a URL.
const PACE: Duration = Duration::from_secs(1);
/// The most readings of a URL.
const MOST_ROUNDS: u32 = 240;

/// A place that has metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `http` or `https`.
    Url(Url),
    /// A file, or whatever can be opened like one.
    File(PathBuf),
    /// `-`
    Stdin,
}

impl Source {
    /// Reads what stands behind `--metrics`.
    ///
    /// # Errors
    /// A sentence with the remedy; a password is never repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if text.is_empty() {
            return Err("--metrics needs a URL, a file or -".to_owned());
        }
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|error| format!("--metrics: that is no URL ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("--metrics: {} cannot be read; http and https can", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "--metrics: the URL holds credentials; configure the service with an auth table and \
                        leave --metrics out, or pipe the body in with --metrics -"
                    .to_owned(),
            );
        }
        Ok(Self::Url(url))
    }

    /// What it is called in messages: a URL without its query, which may hold a secret.
    pub fn name(&self) -> Clean {
        match self {
            Self::Url(url) => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.set_fragment(None);
                Clean::new(shown.as_str())
            }
            Self::File(path) => Clean::new(&path.to_string_lossy()),
            Self::Stdin => Clean::new("standard input"),
        }
    }

    /// What it is called as a label: `host:port`, the file's name, `stdin`.
    pub fn instance(&self) -> String {
        match self {
            Self::Url(url) => {
                let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
                format!("{}{port}", url.host_str().unwrap_or_default())
            }
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Stdin => "stdin".to_owned(),
        }
    }
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    NoInput(Clean, String),
    /// A URL does not answer, or not with what was asked for.
    #[error("cannot read {0}: {1}")]
    Unavailable(Clean, Failure),
}

/// A source that has been opened.
#[derive(Debug)]
pub struct Opened {
    source: Source,
    what: What,
    warning: Option<String>,
}

#[derive(Debug)]
enum What {
    /// Held whole.
    Body(Vec<u8>, Format),
    /// Read when it is fed.
    File(File, Format),
}

/// How the sources are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Every sample gets the label `instance`.
    pub instance: bool,
    /// The format, where the sources are not to tell it themselves.
    pub format: Option<Format>,
}

/// Opens all sources; URLs side by side.
///
/// # Errors
/// The first source that cannot be had. The outer one: no runtime could be made.
pub fn open(sources: &[Source], manner: Manner) -> io::Result<Result<Vec<Opened>, Fault>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let http = Arc::new(Http::default());
    Ok(runtime.block_on(open_all(&http, sources, manner)))
}

async fn open_all(http: &Arc<Http>, sources: &[Source], manner: Manner) -> Result<Vec<Opened>, Fault> {
    let mut fetches = JoinSet::new();
    for (index, source) in sources.iter().enumerate() {
        if let Source::Url(url) = source {
            let (http, url) = (Arc::clone(http), url.clone());
            fetches.spawn(async move { (index, fetch(&http, &url).await) });
        }
    }
    let mut fetched: Vec<Option<Result<Fetched, Failure>>> = sources.iter().map(|_| None).collect();
    while let Some(done) = fetches.join_next().await {
        if let Ok((index, outcome)) = done
            && let Some(slot) = fetched.get_mut(index)
        {
            *slot = Some(outcome);
        }
    }
    let lost = || Err(Failure::Lost(Clean::new("the exchange broke off")));
    sources
        .iter()
        .zip(fetched)
        .map(|(source, outcome)| {
            let (what, warning) = match source {
                Source::Url(_) => {
                    let fetched = outcome
                        .unwrap_or_else(lost)
                        .map_err(|failure| Fault::Unavailable(source.name(), failure))?;
                    let (format, warning) = exposition::format_of(fetched.content_type.as_deref());
                    // A file server calls everything plain text: the end of the body knows better.
                    let format = if sniff(&fetched.body) == Format::OpenMetrics {
                        Format::OpenMetrics
                    } else {
                        format
                    };
                    (What::Body(fetched.body, manner.format.unwrap_or(format)), warning)
                }
                Source::File(path) => (
                    file(path, manner).map_err(|error| Fault::NoInput(source.name(), error.to_string()))?,
                    None,
                ),
                Source::Stdin => {
                    let body = whole(&mut io::stdin().lock())
                        .map_err(|error| Fault::NoInput(source.name(), error.to_string()))?;
                    let format = manner.format.unwrap_or_else(|| sniff(&body));
                    (What::Body(body, format), None)
                }
            };
            Ok(Opened { source: source.clone(), what, warning })
        })
        .collect()
}

async fn fetch(http: &Http, url: &Url) -> Result<Fetched, Failure> {
    let route = Route { body_limit: MOST_BYTES, ..Route::default() };
    let ask = Ask {
        url,
        form: None,
        accept: exposition::ACCEPT,
        headers: &[],
        auth: None,
        route: &route,
        timeout: PATIENCE,
        reused: false,
        release: false,
        size_hint: 0,
        // Only a `Retry-After` is counted from it, and nothing here waits for one.
        now: Timestamp::default(),
        sink: None,
    };
    let fetched = http.fetch(&ask).await.map_err(|trouble| trouble.failure)?;
    if !(200..300).contains(&fetched.status) {
        let said = brief(fetched.content_type.as_deref(), &fetched.body);
        return Err(Failure::Status(fetched.status, Clean::new(&said)));
    }
    Ok(fetched)
}

fn whole(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut body)?;
    if body.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("more than {} MiB cannot be held at once", MOST_BYTES >> 20)));
    }
    Ok(body)
}

fn file(path: &Path, manner: Manner) -> io::Result<What> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::other("is a folder"));
    }
    if !about.is_file() {
        let body = whole(&mut file)?;
        let format = manner.format.unwrap_or_else(|| sniff(&body));
        return Ok(What::Body(body, format));
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(about.len().saturating_sub(TAIL)))?;
    (&mut file).take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let named = path.extension().is_some_and(|end| end == "om" || end == "openmetrics");
    let format = if named { Format::OpenMetrics } else { sniff(&tail) };
    Ok(What::File(file, manner.format.unwrap_or(format)))
}

impl Opened {
    /// Where it came from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What is odd about it.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// All of it at once, up to a limit.
    ///
    /// # Errors
    /// The file cannot be read to its end, or is over the limit.
    pub fn body(self) -> Result<(Vec<u8>, Format), Fault> {
        match self.what {
            What::Body(body, format) => Ok((body, format)),
            What::File(mut file, format) => match whole(&mut file) {
                Ok(body) => Ok((body, format)),
                Err(error) => Err(Fault::NoInput(self.source.name(), error.to_string())),
            },
        }
    }

    /// Feeds it to the loader.
    ///
    /// # Errors
    /// The file cannot be read to its end.
    pub fn feed(self, loader: &mut Loader, manner: Manner) -> Result<Reading, Fault> {
        let instance = manner.instance.then(|| self.source.instance());
        match self.what {
            What::Body(body, format) => {
                let mut feed = loader.feed(format, instance.as_deref());
                feed.push(&body);
                Ok(feed.finish())
            }
            What::File(mut file, format) => {
                let mut feed = loader.feed(format, instance.as_deref());
                let mut piece = vec![0; PIECE];
                loop {
                    match file.read(&mut piece) {
                        Ok(0) => return Ok(feed.finish()),
                        Ok(count) => feed.push(piece.get(..count).unwrap_or_default()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(Fault::NoInput(self.source.name(), error.to_string())),
                    }
                }
            }
        }
    }
}

/// Opens the sources again and again for `span`, and hands out each round; goes on as long as `each` breaks nothing off.
///
/// # Errors
/// No runtime could be made.
pub fn watch(
    sources: &[Source],
    manner: Manner,
    span: Duration,
    each: &mut dyn FnMut(Result<Vec<Opened>, Fault>) -> ControlFlow<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let http = Arc::new(Http::default());
    let until = Instant::now() + span;
    let pace = PACE.max(span / MOST_ROUNDS);
    runtime.block_on(async {
        loop {
            let started = Instant::now();
            let opened = open_all(&http, sources, manner).await;
            if each(opened).is_break() || started >= until {
                return;
            }
            // The last reading is at the very end, so that there are two at least.
            tokio::time::sleep_until(until.min(started + pace).into()).await;
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        let url = |text: &str| Source::Url(Url::parse(text).unwrap());
        for (text, expected) in [
            ("-", Ok(Source::Stdin)),
            ("m.prom", Ok(Source::File(PathBuf::from("m.prom")))),
            ("http://h:9100/metrics", Ok(url("http://h:9100/metrics"))),
            ("", Err("needs a URL")),
            ("ftp://h/x", Err("ftp cannot be read")),
            ("http://", Err("is no URL")),
            ("http://me:hunter2@h/", Err("holds credentials")),
        ] {
            match (Source::parse(text), expected) {
                (Ok(source), Ok(expected)) => assert_eq!(source, expected),
                (Err(error), Err(part)) => {
                    assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
                }
                (got, expected) => panic!("{text}: {got:?} instead of {expected:?}"),
            }
        }
        let source = url("http://h/metrics?token=abc#x");
        assert_eq!((source.name().as_str(), source.instance().as_str()), ("http://h/metrics", "h:80"));
    }
}
