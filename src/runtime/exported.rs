//! Which metrics the targets export, asked once: for `rules check`, which says what a rule can never see.

use super::setup;
use crate::config::poll::PollKind;
use crate::exposition::{self, Format, Kind, Line};
use crate::io::poll::{Message, Poller};
use crate::plan::Plan;
use crate::target::TargetId;
use crate::text::Clean;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The most bodies that are on their way at a time: each may be large.
const AT_ONCE: usize = 8;
/// The most names that are kept.
const MOST_NAMES: usize = 200_000;

/// What targets export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many targets have metrics.
    pub targets: usize,
    /// Names of series, and of families that have none yet.
    pub names: BTreeSet<String>,
    /// What TYPE says of a name: `counter`, `gauge`.
    pub types: BTreeMap<String, String>,
    /// Those that gave no metrics, and why: `hashinsight/metrics 10.0.0.7:9090: connection refused`.
    pub silent: Vec<Clean>,
}

/// Asks each metrics target of the plan once.
///
/// # Errors
/// The poller's thread could not be started.
pub fn exported(plan: &Plan) -> io::Result<Exported> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (sender, mut messages) = mpsc::channel(AT_ONCE);
        let mut setup = setup(plan);
        setup.targets.retain(|target| matches!(target.kind, PollKind::Metrics { .. }));
        let longest = setup.targets.iter().map(|target| target.timeout).max().unwrap_or_default();
        let told = |id: TargetId, why: &str| {
            let target = plan.targets.iter().find(|target| target.id == id);
            let who =
                target.map_or_else(String::new, |it| format!("{}/{} {}", it.service, it.poll, it.instance));
            Clean::new(&format!("{who}: {why}"))
        };
        let mut out = Exported { targets: setup.targets.len(), ..Exported::default() };
        let mut ahead: VecDeque<TargetId> = setup.targets.iter().map(|target| target.id).collect();
        let mut waiting: BTreeSet<TargetId> = BTreeSet::new();
        let poller = Poller::start(sender)?;
        poller.configure(setup);
        while !ahead.is_empty() || !waiting.is_empty() {
            while waiting.len() < AT_ONCE
                && let Some(next) = ahead.pop_front()
            {
                if poller.fetch_full(next) {
                    waiting.insert(next);
                } else {
                    out.silent.push(told(next, "could not be asked"));
                }
            }
            // The poller keeps each exchange within its own time; this only guards against one that never ends.
            let until = Instant::now() + longest + Duration::from_secs(5);
            let Ok(Some(message)) = tokio::time::timeout_at(until.into(), messages.recv()).await else {
                out.silent.extend(waiting.iter().chain(&ahead).map(|id| told(*id, "no answer")));
                break;
            };
            let Message::FullBody { target, outcome, .. } = message else { continue };
            waiting.remove(&target);
            let why = match outcome {
                Err(failure) => failure.to_string(),
                Ok(full) if !(200..300).contains(&full.status) => format!("HTTP {}", full.status),
                Ok(full) => {
                    let (format, _) = exposition::format_of(full.content_type.as_deref());
                    match exposition::not_metrics(&full.body) {
                        None => {
                            out.take(&full.body, format);
                            continue;
                        }
                        Some(what) => what.to_owned(),
                    }
                }
            };
            out.silent.push(told(target, &why));
        }
        Ok(out)
    })
}

impl Exported {
    /// Adds what a body exposes.
    pub fn take(&mut self, body: &[u8], format: Format) {
        for line in exposition::parse(body, format).flatten() {
            if self.names.len() >= MOST_NAMES {
                return;
            }
            match line {
                Line::Sample(sample) if !self.names.contains(&*sample.name) => {
                    self.names.insert(sample.name.to_string());
                }
                Line::Type { name, kind } => self.family(&name, kind, format),
                _ => {}
            }
        }
    }

    /// A family may have no series yet: a labelled counter has none before its first event.
    fn family(&mut self, name: &str, kind: Kind, format: Format) {
        let endings: &[&str] = match (kind, format) {
            (Kind::Counter, Format::OpenMetrics) => &["_total", "_created"],
            (Kind::Histogram | Kind::GaugeHistogram, _) => &["_bucket", "_sum", "_count"],
            (Kind::Summary, _) => &["", "_sum", "_count"],
            _ => &[""],
        };
        for ending in endings {
            let series = format!("{name}{ending}");
            if endings.len() == 1 || (kind == Kind::Counter && *ending == "_total") {
                self.types.insert(series.clone(), kind.word().to_owned());
            }
            self.names.insert(series);
        }
    }
}
