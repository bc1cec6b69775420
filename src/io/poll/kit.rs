//! What a target keeps from one poll to the next, and how an answer becomes samples with it.
//!
//! The kit travels into the poll's task and comes back with its outcome; so there is no lock, and a poll that is cut
//! off costs its own kit only.

use crate::answers;
use crate::config::Asking;
use crate::config::poll::PollKind;
use crate::decode::{self, Decoded, GrpcServing, RedisView};
use crate::exposition::{self, Cache};
use crate::io::http::{Fetched, Http, Trouble, brief};
use crate::io::remote::Memory;
use crate::labels::Labels;
use crate::target::{Answer, Failure, Observation, STALE_NAN, Sample, Target, Verdict};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came back, before it is read.
#[derive(Debug)]
pub(super) enum Raw {
    Http(Fetched),
    Redis(RedisView),
    Tcp,
    Grpc(GrpcServing),
}

/// What a poll ended in.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) answer: Result<Answer, Failure>,
    pub(super) samples: Vec<Sample>,
    pub(super) observation: Option<Observation>,
    pub(super) retry_after: Option<Duration>,
    /// The same, if the status obliges to honour it.
    pub(super) wait: Option<Duration>,
}

/// Series that warroom itself makes for each poll.
#[derive(Debug)]
enum Own {
    /// `up` and its like, with the labels of what is scraped.
    Scrape { up: Labels, duration: Labels, samples: Labels, bytes: Labels },
    /// Of a backend: it is no instance of a service, and its silence is not the service's.
    Backend { up: Labels, duration: Labels },
    /// `probe_success` and its like.
    Probe { success: Labels, duration: Labels, status: Labels, certificate: Labels },
}

/// A target's memory.
pub(super) struct Kit {
    own: Own,
    cache: Option<Cache>,
    /// Of a backend: what is known of its questions.
    memory: Option<Memory>,
    /// Series of the last poll, those of `cache` excepted.
    live: Vec<Labels>,
    /// Size of the last body.
    pub(super) size_hint: usize,
    /// Has the target ever answered?
    pub(super) answered: bool,
}

impl std::fmt::Debug for Kit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kit").field("own", &self.own).field("live", &self.live.len()).finish_non_exhaustive()
    }
}

impl Kit {
    pub(super) fn new(target: &Target) -> Self {
        let (scraped, probed) = (|name: &str| target.scraped(name), |name: &str| target.probed(name));
        if let PollKind::Query(asking) = &target.kind {
            let named = |name: &str| Labels::metric(name, [("backend", &*asking.backend)]);
            let (up, duration) = (named(answers::UP), named(answers::TOOK));
            let (cache, memory) = (None, Some(Memory::default()));
            let own = Own::Backend { up, duration };
            return Self { own, cache, memory, live: Vec::new(), size_hint: 0, answered: false };
        }
        let (own, cache) = if matches!(target.kind, PollKind::Metrics { .. }) {
            let own = Own::Scrape {
                up: scraped("up"),
                duration: scraped("scrape_duration_seconds"),
                samples: scraped("scrape_samples_scraped"),
                bytes: scraped("scrape_body_size_bytes"),
            };
            (own, Some(cache_of(target)))
        } else {
            let own = Own::Probe {
                success: probed("probe_success"),
                duration: probed("probe_duration_seconds"),
                status: probed("probe_http_status_code"),
                certificate: probed("probe_ssl_earliest_cert_expiry"),
            };
            (own, None)
        };
        Self { own, cache, memory: None, live: Vec::new(), size_hint: 0, answered: false }
    }

    /// Asks a backend what is due, and turns what it answers into an outcome.
    pub(super) async fn ask(
        &mut self,
        http: &Arc<Http>,
        target: &Arc<Target>,
        asking: &Arc<Asking>,
        at: Timestamp,
    ) -> Outcome {
        let started = Instant::now();
        let round = self.memory.get_or_insert_default().round(http, target, asking, at).await;
        let took = started.elapsed();
        let (answer, retry_after, status) = match round.outcome {
            Ok(answer) => (Ok(answer), None, None),
            Err(Trouble { failure, retry_after, status }) => (Err(failure), retry_after, status),
        };
        let mut samples = round.samples;
        if let Own::Backend { up, duration } = &self.own {
            samples.push(Sample { labels: up.clone(), at, value: f64::from(answer.is_ok()) });
            samples.push(Sample { labels: duration.clone(), at, value: took.as_secs_f64() });
        }
        let version = round.told.build.as_ref().map(|build| build.version.clone());
        let spoken = Some(Arc::new(round.told));
        let verdict = Verdict::Up;
        let observation = Some(Observation { verdict, version, spoken, ..Observation::default() });
        let wait = retry_after.filter(|_| matches!(status, Some(429 | 503)));
        Outcome { answer, samples, observation, retry_after, wait }
    }

    /// Turns what came back at `at` after `took` into samples; never panics on any bytes.
    pub(super) fn settle(
        &mut self,
        target: &Target,
        at: Timestamp,
        took: Duration,
        raw: Result<Raw, Trouble>,
    ) -> Outcome {
        let (retry_after, certificate, size) = match &raw {
            Ok(Raw::Http(fetched)) => (fetched.retry_after, fetched.certificate_end, fetched.body.len()),
            Ok(_) => (None, None, 0),
            Err(trouble) => (trouble.retry_after, None, 0),
        };
        let status = match &raw {
            Ok(Raw::Http(fetched)) => Some(fetched.status),
            Ok(_) => None,
            Err(trouble) => trouble.status,
        };
        let mut settled = match raw {
            Ok(raw) => {
                self.answered = true;
                self.size_hint = size;
                self.read(target, at, raw)
            }
            Err(trouble) => Settled::failed(trouble.failure),
        };
        if settled.outcome.is_err()
            && let Some(cache) = &mut self.cache
        {
            settled.cached.extend(cache.failed(at));
        }
        // Nothing was sent: whether the target is up is not known, and 0 would say that it is not.
        if !settled.outcome.as_ref().is_err_and(Failure::is_ours) {
            self.add_own(&mut settled, at, took, status, certificate);
        }
        self.mark_vanished(&mut settled.samples, at);
        let mut samples = settled.cached;
        samples.append(&mut settled.samples);
        let wait = retry_after.filter(|_| matches!(status, Some(429 | 503)));
        Outcome { answer: settled.outcome, samples, observation: settled.observation, retry_after, wait }
    }

    /// The target is gone: stale markers for everything that was live.
    pub(super) fn end(mut self, at: Timestamp) -> Vec<Sample> {
        let mut samples = self.cache.as_mut().map(|cache| cache.failed(at)).unwrap_or_default();
        samples.extend(self.live.into_iter().map(|labels| Sample { labels, at, value: STALE_NAN }));
        samples.extend(self.memory.into_iter().flat_map(|memory| memory.end(at)));
        samples
    }

    fn read(&mut self, target: &Target, at: Timestamp, raw: Raw) -> Settled {
        let source = decode::Source {
            service: &target.service,
            instance: &target.instance,
            poll: &target.poll,
            labels: &target.labels,
            at,
        };
        match raw {
            Raw::Http(fetched) => {
                if let Some(cache) = &mut self.cache {
                    return scrape(cache, target, at, &fetched);
                }
                let reply = decode::Reply {
                    status: fetched.status,
                    content_type: fetched.content_type.as_deref(),
                    body: &fetched.body,
                };
                match decode::decode(&target.kind, &source, &reply) {
                    Ok(decoded) => Settled::decoded(decoded, Some(fetched.status), fetched.body.len() as u64),
                    Err(failure) => Settled::failed(failure),
                }
            }
            Raw::Redis(view) => Settled::decoded(decode::from_redis(&source, &view), None, 0),
            Raw::Tcp => Settled::decoded(decode::from_tcp(&source), None, 0),
            Raw::Grpc(serving) => {
                let service =
                    if let PollKind::Grpc { service } = &target.kind { service.as_str() } else { "" };
                Settled::decoded(decode::from_grpc(&source, service, &serving), None, 0)
            }
        }
    }

    fn add_own(
        &self,
        settled: &mut Settled,
        at: Timestamp,
        took: Duration,
        status: Option<u16>,
        certificate: Option<i64>,
    ) {
        let samples = &mut settled.samples;
        let mut add =
            |labels: &Labels, value: f64| samples.push(Sample { labels: labels.clone(), at, value });
        match &self.own {
            Own::Scrape { up, duration, samples, bytes } => {
                let answer = settled.outcome.as_ref().ok();
                add(up, f64::from(answer.is_some()));
                add(duration, took.as_secs_f64());
                add(samples, answer.map_or(0.0, |answer| answer.samples_scraped as f64));
                add(bytes, answer.map_or(0.0, |answer| answer.bytes as f64));
            }
            Own::Backend { up, duration } => {
                add(up, f64::from(settled.outcome.is_ok()));
                add(duration, took.as_secs_f64());
            }
            Own::Probe { success, duration, status: code, certificate: end } => {
                let down = settled.observation.as_ref().is_none_or(|seen| seen.verdict == Verdict::Down);
                add(success, f64::from(settled.outcome.is_ok() && !down));
                add(duration, took.as_secs_f64());
                if let Some(status) = status {
                    add(code, f64::from(status));
                }
                if let Some(seconds) = certificate {
                    add(end, seconds as f64);
                }
            }
        }
    }

    /// Series of the last poll that are not in this one get a stale marker.
    fn mark_vanished(&mut self, samples: &mut Vec<Sample>, at: Timestamp) {
        let same = self.live.len() == samples.len()
            && self.live.iter().zip(samples.iter()).all(|(old, new)| *old == new.labels);
        if same {
            return;
        }
        let now: Vec<Labels> = samples.iter().map(|sample| sample.labels.clone()).collect();
        let known: rustc_hash::FxHashSet<&Labels> = now.iter().collect();
        let gone = self.live.iter().filter(|old| !known.contains(old));
        samples.extend(gone.map(|labels| Sample { labels: labels.clone(), at, value: STALE_NAN }));
        self.live = now;
    }
}

fn cache_of(target: &Target) -> Cache {
    let cache = Cache::new(target.labels.clone());
    match target.kind {
        PollKind::Metrics { workers } => cache.with_workers(workers),
        _ => cache,
    }
}

/// An answer that has been read, before warroom's own series are added.
struct Settled {
    outcome: Result<Answer, Failure>,
    /// Samples whose end the kit itself watches.
    samples: Vec<Sample>,
    /// Samples whose end the cache watches.
    cached: Vec<Sample>,
    observation: Option<Observation>,
}

impl Settled {
    fn failed(failure: Failure) -> Self {
        Self { outcome: Err(failure), samples: Vec::new(), cached: Vec::new(), observation: None }
    }

    fn decoded(decoded: Decoded, status: Option<u16>, bytes: u64) -> Self {
        let answer = Answer {
            status,
            bytes,
            samples_scraped: decoded.samples.len() as u64,
            warnings: decoded.warnings,
            ..Answer::default()
        };
        Self {
            outcome: Ok(answer),
            samples: decoded.samples,
            cached: Vec::new(),
            observation: Some(decoded.observation),
        }
    }
}

fn scrape(cache: &mut Cache, target: &Target, at: Timestamp, fetched: &Fetched) -> Settled {
    if !(200..300).contains(&fetched.status) {
        let said = brief(fetched.content_type.as_deref(), &fetched.body);
        return Settled::failed(Failure::Status(fetched.status, Clean::new(&said)));
    }
    let (format, doubt) = exposition::format_of(fetched.content_type.as_deref());
    let scrape = cache.scrape(&fetched.body, format, &target.keep, at);
    if scrape.scraped == 0
        && let Some((line, reason)) = &scrape.first_bad_line
    {
        let text = format!("no metrics in the body: line {line}: {reason}");
        let failed = Settled::failed(Failure::Decode(Clean::new(&text)));
        return Settled { cached: scrape.samples, ..failed }; // markers of what has vanished
    }
    let mut warnings: Vec<Clean> = doubt.iter().map(|doubt| Clean::new(doubt)).collect();
    warnings.extend(scrape.warnings);
    let answer = Answer {
        status: Some(fetched.status),
        bytes: fetched.body.len() as u64,
        samples_scraped: scrape.scraped,
        bad_lines: scrape.bad_lines,
        first_bad_line: scrape.first_bad_line,
        warnings,
    };
    Settled { outcome: Ok(answer), samples: Vec::new(), cached: scrape.samples, observation: None }
}
