//! One connection after the other: the feed is opened, the state is fetched, and then line by line what happens.

use super::super::poll::Message;
use super::{Waits, lost, route, say, state, wall};
use crate::config::portable::Portable;
use crate::event::{Fed, FeedLink};
use crate::feed::{BEAT, Hello, Line, MOST_LINE, Reader};
use crate::io::http::{Ask, Http, brief};
use crate::plan::FeedPlan;
use crate::target::Failure;
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// So long nothing may be heard: the server says every [`BEAT`] that it is there.
const SILENCE: Duration = Duration::from_secs(3 * BEAT.as_secs() + 2);
/// The feed itself has no end.
const ENDLESS: Duration = Duration::from_secs(10 * 365 * 86_400);
/// Chunks of the feed that may wait.
const CHUNKS: usize = 64;
/// The most lines that are handed over at once.
const AT_ONCE: usize = 64;
/// The most lines that are kept while the state is on its way.
const KEPT: usize = 100_000;
/// The most bytes of them.
const KEPT_BYTES: u64 = 256 << 20;
/// What is asked for again, so that nothing is missed.
const OVERLAP: Duration = Duration::from_secs(10);
/// A connection that lasted so long was a good one: the next is tried soon.
const GOOD: Duration = Duration::from_secs(10);

/// What is known from one connection to the next.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Up to when, by the server's clock; none: nothing yet.
    pub(super) to: Option<Timestamp>,
    /// The plan that was made of the server's configuration.
    pub(super) portable: Option<Arc<Portable>>,
    /// Samples of longer ago were fetched.
    pub(super) older: bool,
}

/// Listens until nobody takes what is heard.
pub(super) async fn listen(http: &Arc<Http>, plan: &Arc<FeedPlan>, tell: &mpsc::Sender<Message>) {
    let (mut known, mut waits) = (Known::default(), Waits::new(plan));
    loop {
        let began = Instant::now();
        let why = connect(http, plan, tell, &mut known).await;
        if tell.is_closed() || !lost(tell, plan, why).await {
            return;
        }
        if began.elapsed() >= GOOD {
            waits.reset();
        }
        tokio::time::sleep(waits.take()).await;
    }
}

/// One connection; says why it ended.
async fn connect(
    http: &Arc<Http>,
    plan: &Arc<FeedPlan>,
    tell: &mpsc::Sender<Message>,
    known: &mut Known,
) -> Clean {
    let (sink, chunks) = mpsc::channel(CHUNKS);
    let url = route(&plan.url, "feed", "");
    let ask = Ask {
        url: &url,
        form: None,
        accept: "application/x-ndjson",
        headers: &plan.headers,
        auth: plan.auth.as_deref(),
        route: &plan.route,
        timeout: ENDLESS,
        reused: false,
        release: false,
        size_hint: 0,
        now: wall(),
        sink: Some(&sink),
    };
    let open = http.fetch(&ask);
    let stream =
        Stream { chunks, reader: Reader::default(), rest: Vec::new(), skipped: (0, Clean::default()) };
    let take = follow(http, plan, tell, known, stream);
    tokio::pin!(take);
    let ended = tokio::select! {
        biased;
        why = &mut take => return why,
        ended = open => ended,
    };
    match ended {
        Ok(fetched) if fetched.status == 200 => {
            // What came before the end may say why.
            drop(sink);
            take.await
        }
        Ok(fetched) => no_feed(fetched.status, fetched.content_type.as_deref(), &fetched.body),
        Err(trouble) => Clean::new(&trouble.failure.to_string()),
    }
}

/// An answer that is no feed.
fn no_feed(status: u16, kind: Option<&str>, body: &[u8]) -> Clean {
    let said = brief(kind, body);
    let colon = if said.is_empty() { "" } else { ": " };
    let hint = if status == 404 { " (is it a `warroom serve`, and the URL its own?)" } else { "" };
    Clean::new(&format!("HTTP {status}{colon}{said}{hint}"))
}

/// The lines of one connection.
struct Stream {
    chunks: mpsc::Receiver<Vec<u8>>,
    reader: Reader,
    rest: Vec<u8>,
    skipped: (u64, Clean),
}

/// Lines, and the bytes that they had.
type Heard = (Vec<Line>, u64);

impl Stream {
    /// The next lines: of one chunk. An error ends the connection.
    async fn next(&mut self) -> Result<Heard, Clean> {
        let chunk = match tokio::time::timeout(SILENCE, self.chunks.recv()).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Err(Clean::new("the server ended the feed")),
            Err(_) => {
                return Err(Clean::new(&format!("nothing was heard for {}", format_duration(SILENCE))));
            }
        };
        let bytes = chunk.len() as u64;
        let mut lines = Vec::new();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + piece.len() > MOST_LINE {
                return Err(Clean::new(&format!("the server sent a line of over {} MiB", MOST_LINE >> 20)));
            }
            self.rest.extend_from_slice(piece);
            if self.rest.last() == Some(&b'\n') {
                match self.reader.line(&self.rest) {
                    Ok(Some(line)) => lines.push(line),
                    Ok(None) => {}
                    Err(skipped @ crate::feed::Skipped::Version(_)) => {
                        return Err(Clean::new(&skipped.to_string()));
                    }
                    Err(skipped) => {
                        self.skipped.0 += 1;
                        self.skipped.1 = Clean::new(&skipped.to_string());
                        if self.skipped.0 > MOST_SKIPPED {
                            return Err(Clean::new(&format!("this is no feed: {skipped}")));
                        }
                    }
                }
                self.rest.clear();
            }
        }
        if self.rest.capacity() > 1 << 20 && self.rest.is_empty() {
            self.rest = Vec::new();
        }
        Ok((lines, bytes))
    }
}

/// A feed of which so many lines make no sense is none.
const MOST_SKIPPED: u64 = 1_000;

async fn follow(
    http: &Arc<Http>,
    plan: &Arc<FeedPlan>,
    tell: &mpsc::Sender<Message>,
    known: &mut Known,
    mut stream: Stream,
) -> Clean {
    // Nobody takes it any more: whatever is said then is not heard.
    let gone = || Clean::new("left");
    let (mut hello, mut early) = match greeting(&mut stream, plan).await {
        Ok(greeting) => greeting,
        Err(why) => return why,
    };
    loop {
        // The state, while what happens meanwhile is kept.
        if !say(tell, plan, Fed::Hello(hello.clone())).await
            || !say(tell, plan, Fed::Link(FeedLink::Loading)).await
        {
            return gone();
        }
        let from = known.to.map(|to| to - OVERLAP);
        let fetched = {
            let fetch = state::fetch(http, plan, from, known.portable.clone());
            tokio::pin!(fetch);
            loop {
                tokio::select! {
                    biased;
                    fetched = &mut fetch => break fetched,
                    heard = stream.next() => match heard {
                        Ok((lines, bytes)) => {
                            early.1 += bytes;
                            early.0.extend(lines);
                            if early.0.len() > KEPT || early.1 > KEPT_BYTES {
                                return Clean::new("more is told than can be kept while the state is fetched");
                            }
                        }
                        Err(why) => return why,
                    },
                }
            }
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(why) => return why,
        };
        known.to = Some(fetched.to.max(hello.at));
        known.portable.clone_from(&fetched.portable);
        if !state::hand_over(plan, tell, fetched).await {
            return gone();
        }
        if !known.older {
            known.older = true;
            state::older(http, plan, tell, known.to);
        }
        // Line by line what happens, until the server has read its configuration again.
        match live(plan, tell, known, &mut stream, std::mem::take(&mut early), hello.generation).await {
            Err(why) => return why,
            Ok(again) => hello = again,
        }
    }
}

/// The first line, and what came with it.
async fn greeting(stream: &mut Stream, plan: &FeedPlan) -> Result<(Hello, Heard), Clean> {
    let first = async {
        loop {
            let (lines, bytes) = stream.next().await?;
            let mut lines = lines.into_iter();
            match lines.next() {
                Some(Line::Hello(hello)) => return Ok((hello, (lines.collect(), bytes))),
                Some(_) => return Err(Clean::new("this is no feed: its first line does not say who speaks")),
                None if stream.skipped.0 > 0 => {
                    return Err(Clean::new(&format!("this is no feed: {}", stream.skipped.1)));
                }
                None => {}
            }
        }
    };
    match tokio::time::timeout(plan.timeout, first).await {
        Ok(greeting) => greeting,
        Err(_) => Err(Clean::new(&Failure::Timeout(plan.timeout).to_string())),
    }
}

/// Hands on what is heard; ends with the greeting of another plan.
async fn live(
    plan: &FeedPlan,
    tell: &mpsc::Sender<Message>,
    known: &mut Known,
    stream: &mut Stream,
    early: Heard,
    generation: u32,
) -> Result<Hello, Clean> {
    let mut waiting = Some(early);
    let mut told = 0;
    loop {
        let (lines, bytes) = match waiting.take() {
            Some(early) => early,
            None => stream.next().await?,
        };
        for line in &lines {
            let at = match line {
                Line::Beat(beat) => Some(beat.at),
                Line::Reports(reports) => reports.iter().map(|report| report.at).max(),
                _ => None,
            };
            known.to = known.to.max(at);
        }
        let again = lines.iter().rev().find_map(|line| match line {
            Line::Hello(hello) if hello.generation != generation => Some(hello.clone()),
            _ => None,
        });
        let (mut bytes, mut lines) = (bytes, lines.into_iter().peekable());
        while lines.peek().is_some() || bytes > 0 {
            let piece: Vec<Line> = lines.by_ref().take(AT_ONCE).collect();
            if !say(tell, plan, Fed::Lines(piece, std::mem::take(&mut bytes))).await {
                return Err(Clean::new("left"));
            }
        }
        if stream.skipped.0 > told {
            let (count, why) = (stream.skipped.0 - told, stream.skipped.1.clone());
            told = stream.skipped.0;
            say(tell, plan, Fed::LeftOut(count, why)).await;
        }
        if let Some(hello) = again {
            return Ok(hello);
        }
    }
}
