//! One round with one backend: all that is due, side by side within its limits, within one time-out.
//!
//! A question that the server refuses costs itself only. A server that does not answer ends the round, and nothing that
//! it told before is taken back: values grow old, they do not vanish.

use super::client::{Fault, Server, When};
use super::due;
use super::memory::Memory;
use crate::answers::{self, Reply};
use crate::config::{Asking, Want};
use crate::io::http::{Http, Trouble};
use crate::target::spoken::{Build, ServerRules, Spoken};
use crate::target::{Answer, Failure, Sample, Target};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often a server is asked who it is.
const NAMED_EVERY: Duration = Duration::from_secs(600);
/// Rules and alerts are asked for no more often than this.
const RULED_EVERY: Duration = Duration::from_secs(15);
/// The most words that are kept of a round.
const MOST_WARNINGS: usize = 8;

/// What a round brought.
#[derive(Debug)]
pub(in crate::io) struct Round {
    pub(in crate::io) outcome: Result<Answer, Trouble>,
    pub(in crate::io) samples: Vec<Sample>,
    pub(in crate::io) told: Spoken,
}

/// Something that is to be asked.
#[derive(Debug)]
enum Errand {
    /// A question, by its place: its text, and what of it.
    Question { index: usize, key: Arc<str>, text: String, recorded: bool, steps: Vec<When> },
    /// Who is it?
    Name,
    /// Its rules and alerts.
    Rules,
    /// The names of its metrics.
    Names,
}

/// What came of an errand.
enum Done {
    Question { index: usize, recorded: bool, parts: Vec<(When, Reply)>, bytes: usize, fault: Option<Fault> },
    Name(Option<Build>),
    Rules(Result<ServerRules, Fault>),
    Names(Result<Arc<[Box<str>]>, Fault>),
}

impl Memory {
    /// Asks what is due at `at`.
    pub(in crate::io) async fn round(
        &mut self,
        http: &Arc<Http>,
        target: &Arc<Target>,
        asking: &Arc<Asking>,
        at: Timestamp,
    ) -> Round {
        let deadline = Instant::now() + target.timeout;
        let mut round = Gathering { samples: self.keep_only(asking, at), ..Gathering::default() };
        let mut queue = self.errands(asking, at);
        let mut under_way: JoinSet<Done> = JoinSet::new();
        loop {
            while under_way.len() < asking.querying.parallel.max(1)
                && let Some(errand) = queue.pop_front()
            {
                // Only now: what must wait for another round is due in that one.
                if let Errand::Question { key, .. } = &errand
                    && let Some(kept) = self.questions.get_mut(key)
                {
                    kept.known.asked = Some(at);
                }
                let (http, target, asking) = (Arc::clone(http), Arc::clone(target), Arc::clone(asking));
                under_way.spawn(async move { run(&http, &target, &asking, at, errand, deadline).await });
            }
            match tokio::time::timeout_at(deadline, under_way.join_next()).await {
                Ok(None) => break,
                Ok(Some(Ok(done))) => {
                    if let Some(trouble) = self.take(&mut round, asking, at, done) {
                        round.trouble = Some(trouble);
                        break;
                    }
                }
                Ok(Some(Err(error))) => tracing::error!(%error, "a question's task broke off"),
                Err(_) => {
                    round.late = queue.len() + under_way.len();
                    break;
                }
            }
        }
        self.choose(asking, &round);
        self.rounds = self.rounds.saturating_add(1);
        round.finish(asking, target.timeout)
    }

    /// What is due: values of now before long courses, minutes of objectives last.
    fn errands(&mut self, asking: &Asking, at: Timestamp) -> VecDeque<Errand> {
        let mut first = VecDeque::new();
        let mut then = Vec::new();
        let mut last = Vec::new();
        for (index, question) in asking.questions.iter().enumerate() {
            let kept = self.questions.entry(Arc::clone(&question.key)).or_default();
            let chosen = question.way.and_then(|(group, _)| self.chosen.get(&group)).copied();
            if !due::is_due(question, &kept.known, chosen, at) {
                continue;
            }
            let starves = self.rounds > 2 && due::starves(question, &kept.known, at);
            let steps = due::steps(question, &kept.known, at, asking.querying.flavour);
            let record = self.records.get(&*question.text).filter(|_| asking.querying.records);
            let recorded = record.is_some();
            let text = record.map_or_else(|| question.text.to_string(), Clone::clone);
            let key = Arc::clone(&question.key);
            let errand = Errand::Question { index, key, text, recorded, steps };
            match (&errand, question.want) {
                (Errand::Question { steps, .. }, _) if steps.is_empty() => kept.known.asked = Some(at),
                // Rounds that are always too short must not cost the same ones each time.
                _ if starves => first.push_front(errand),
                (_, Want::Minutes { .. }) => last.push(errand),
                (Errand::Question { steps, .. }, _) if steps.len() == 1 => first.push_back(errand),
                _ => then.push(errand),
            }
        }
        let due = |last: Option<Timestamp>, every: Duration| {
            last.is_none_or(|last| at.since(last) + every / 10 >= every)
        };
        if due(self.named, NAMED_EVERY) {
            first.push_back(Errand::Name);
        }
        // Whoever types waits for them, and for nothing else: they go last, but within this round.
        if asking.names && due(self.listed, NAMED_EVERY) {
            last.push(Errand::Names);
        }
        let wants_rules = asking.querying.alerts || asking.querying.records;
        if wants_rules && !self.has_no_rules && due(self.ruled, RULED_EVERY) {
            // What the server records is to be known before anything is asked the first time.
            if self.ruled.is_none() {
                first.push_front(Errand::Rules);
            } else {
                first.push_back(Errand::Rules);
            }
        }
        first.extend(then);
        first.extend(last);
        first
    }

    /// Takes in what came of an errand; a server that does not answer ends the round.
    fn take(&mut self, round: &mut Gathering, asking: &Asking, at: Timestamp, done: Done) -> Option<Trouble> {
        match done {
            Done::Name(build) => {
                self.named = Some(at);
                round.told.build = build;
            }
            Done::Rules(Ok(rules)) => {
                self.ruled = Some(at);
                self.take_records(&rules);
                round.told.rules = Some(Arc::new(rules));
            }
            Done::Rules(Err(Fault::Server(trouble))) if trouble.status == Some(404) => {
                // VictoriaMetrics without vmalert, an old Thanos: everything else may work.
                self.has_no_rules = true;
            }
            Done::Rules(Err(Fault::Server(trouble))) => return Some(trouble),
            Done::Rules(Err(Fault::Question(text))) => {
                self.ruled = Some(at);
                round.warn(&format!("its rules: {text}"));
            }
            Done::Names(Ok(names)) => {
                self.listed = Some(at);
                round.told.names = Some(names);
            }
            // A server that has no such page, or too many names, still answers everything else.
            Done::Names(Err(fault)) => {
                self.listed = Some(at);
                if let Fault::Question(text) = fault {
                    round.warn(&format!("the names of its metrics: {text}"));
                }
            }
            Done::Question { index, recorded, parts, bytes, fault } => {
                let question = asking.questions.get(index)?;
                round.bytes += bytes;
                let kept = self.questions.entry(Arc::clone(&question.key)).or_default();
                for (when, mut reply) in parts {
                    if recorded {
                        for element in &mut reply.elements {
                            element.labels = element.labels.without(|name| name == crate::labels::NAME);
                        }
                    }
                    round.hear(question.way, when, &reply);
                    let past = matches!((question.want, when), (Want::Course { .. }, When::Course(..)));
                    if past && !round.told.courses.contains(&question.key) {
                        round.told.courses.push(Arc::clone(&question.key));
                    }
                    let (samples, fill) = kept.take(&question.key, question.want, when, &reply);
                    round.samples.extend(samples);
                    round.told.fills.extend(fill);
                }
                kept.known.refused = match &fault {
                    Some(Fault::Question(_)) => kept.known.refused.saturating_add(1),
                    Some(Fault::Server(_)) => kept.known.refused,
                    None => 0,
                };
                match fault {
                    None => {
                        round.told.answered += 1;
                        round.told.recorded += usize::from(recorded);
                    }
                    Some(Fault::Question(text)) => round.told.wrong.push((Arc::clone(&question.key), text)),
                    Some(Fault::Server(trouble)) => return Some(trouble),
                }
            }
        }
        None
    }

    /// Groups without a way settle on the first that has data.
    fn choose(&mut self, asking: &Asking, round: &Gathering) {
        for (group, way) in &round.with_data {
            let chosen = self.chosen.entry(*group).or_insert(*way);
            // A better way may have begun to give data.
            *chosen = (*chosen).min(*way);
        }
        self.chosen.retain(|group, _| {
            asking.questions.iter().any(|question| question.way.is_some_and(|(known, _)| known == *group))
        });
    }
}

/// Runs one errand: its parts one after the other.
async fn run(
    http: &Http,
    target: &Target,
    asking: &Asking,
    now: Timestamp,
    errand: Errand,
    deadline: Instant,
) -> Done {
    let server = Server { http, target, asking, now };
    let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(10));
    match errand {
        Errand::Name => {
            // Who it is matters to nobody's figures: a server that does not say is as good as any.
            let page = server.page("api/v1/status/buildinfo", left()).await.ok();
            Done::Name(page.and_then(|page| answers::build(&page.body).ok()))
        }
        Errand::Rules => Done::Rules(match server.page("api/v1/rules", left()).await {
            Ok(page) => {
                answers::rules(&page.body).map_err(|error| Fault::Question(Clean::new(&error.to_string())))
            }
            Err(fault) => Err(fault),
        }),
        Errand::Names => Done::Names(match server.page("api/v1/label/__name__/values", left()).await {
            Ok(page) => answers::names(&page.body).map_err(Fault::Question),
            Err(fault) => Err(fault),
        }),
        Errand::Question { index, text, recorded, steps, .. } => {
            let (mut parts, mut bytes, mut fault) = (Vec::with_capacity(steps.len()), 0, None);
            for when in steps {
                match server.evaluate(&text, when, left()).await {
                    Ok((reply, size)) => {
                        bytes += size;
                        parts.push((when, reply));
                    }
                    // The past may be too much for the server; what is now may still be had.
                    Err(Fault::Question(text)) => fault = Some(Fault::Question(text)),
                    Err(found) => {
                        fault = Some(found);
                        break;
                    }
                }
            }
            Done::Question { index, recorded, parts, bytes, fault }
        }
    }
}

/// A round that goes on.
#[derive(Default)]
struct Gathering {
    samples: Vec<Sample>,
    told: Spoken,
    bytes: usize,
    series: usize,
    warnings: Vec<Clean>,
    with_data: Vec<(u32, u32)>,
    trouble: Option<Trouble>,
    /// Errands that were not done in time.
    late: usize,
}

impl Gathering {
    fn warn(&mut self, text: &str) {
        let text = Clean::new(text);
        if self.warnings.len() < MOST_WARNINGS && !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// What an answer says beside numbers.
    fn hear(&mut self, way: Option<(u32, u32)>, when: When, reply: &Reply) {
        if matches!(when, When::At(_)) {
            self.series += reply.elements.len();
        }
        let has_data = reply.elements.iter().any(|e| e.points.iter().any(|(_, value)| !value.is_nan()));
        if let Some(way) = way.filter(|way| has_data && !self.with_data.contains(way)) {
            self.with_data.push(way);
        }
        if reply.partial && self.told.partial.is_none() {
            let said = reply.warnings.first().cloned();
            self.told.partial = Some(said.unwrap_or_else(|| Clean::new("some of the data was not there")));
        }
        for warning in &reply.warnings {
            self.warn(warning.as_str());
        }
        if reply.histograms > 0 {
            self.warn("native histograms are no numbers: put histogram_quantile(...) or histogram_count(...) around them");
        }
        if reply.left_out > 0 {
            self.warn(&format!("{} series of an answer were left out: there are too many", reply.left_out));
        }
    }

    fn finish(mut self, asking: &Asking, limit: Duration) -> Round {
        if self.late > 0 && self.told.answered == 0 && self.told.rules.is_none() {
            self.trouble.get_or_insert_with(|| Failure::Timeout(limit).into());
        } else if self.late > 0 {
            self.warn(&format!("{} questions had to wait: the time-out of a round is over", self.late));
        }
        // Each of them took its whole time: nobody answers.
        let all_wrong = self.told.answered == 0 && self.told.rules.is_none() && !self.told.wrong.is_empty();
        let slow = self.told.wrong.iter().all(|(_, text)| text.as_str().starts_with("no answer within"));
        if all_wrong && slow {
            self.trouble.get_or_insert_with(|| Failure::Timeout(limit).into());
        }
        if let Some(partial) = self.told.partial.clone() {
            self.warnings.insert(0, Clean::new(&format!("PARTIAL: {partial}")));
        }
        if let Some((key, text)) = self.told.wrong.first().cloned() {
            let question = asking.questions.iter().find(|question| question.key == key);
            let asked = question.map_or("", |question| &question.text);
            let count = self.told.wrong.len();
            self.warnings.insert(0, Clean::new(&format!("{count} refused: {text} ({asked})")));
        }
        let answer = Answer {
            status: Some(200),
            bytes: self.bytes as u64,
            samples_scraped: self.series as u64,
            warnings: self.warnings,
            ..Answer::default()
        };
        let outcome = match self.trouble {
            None => Ok(answer),
            Some(trouble) => Err(trouble),
        };
        Round { outcome, samples: self.samples, told: self.told }
    }
}
