//! A recording run once more from the beginning, and what it must come to.

use crate::capture::Capture;
use crate::event::{Event, What};
use crate::incident::Incident;
use crate::journal::Entry;
use crate::model::Model;
use crate::plan::Plan;
use crate::target::Sample;
use crate::units::Timestamp;
use crate::update::update;
use std::sync::Arc;
use std::time::Duration;

/// Runs a recording from its beginning: the same polls at the same moments, judged by `plan`'s rules and objectives. Acts of
/// people are told as they were made. What comes out is what warroom says of it now, and the journal that it would write.
/// `tell` is told the share that is done, 0 to 1, as it goes on.
pub fn rerun(plan: &Arc<Plan>, capture: Capture, tell: &dyn Fn(f64)) -> (Model, Vec<Entry>) {
    let (first, to) = (capture.head.from - crate::model::recorded::LEAD, capture.head.to);
    let groups = plan.rules.sets.iter().flat_map(|set| &set.groups).map(|placed| &placed.group);
    let recorded: Vec<&str> = groups
        .flat_map(|group| &group.rules)
        .filter_map(|rule| match &rule.kind {
            crate::rules::RuleKind::Record(name) => Some(&**name),
            crate::rules::RuleKind::Alert { .. } => None,
        })
        .collect();
    let made = |name: &str| {
        matches!(name, "ALERTS" | "ALERTS_FOR_STATE")
            || ["warroom_service_", "warroom_slo_"].iter().any(|start| name.starts_with(start))
            || recorded.contains(&name)
    };
    let mut samples: Vec<Sample> = Vec::new();
    for strand in &capture.series {
        if !strand.labels.name().is_some_and(made) {
            let sample = |(at, value): &(Timestamp, f64)| Sample {
                labels: strand.labels.clone(),
                at: *at,
                value: *value,
            };
            samples.extend(strand.samples.iter().map(sample));
        }
    }
    samples.sort_by_key(|sample| sample.at);
    let start = samples.first().map_or(first, |sample| sample.at.max(first));
    let (before, since): (Vec<_>, Vec<_>) =
        capture.entries.iter().cloned().partition(|entry| entry.at < start);
    let deeds: Vec<_> = since.into_iter().filter(is_deed).collect();
    let mut saved = capture.slos.clone();
    for saved in &mut saved {
        saved.minutes.retain(|minute| (minute.minute + 1) * 60_000 <= start.millis());
        // Counters are read from the samples once more.
        saved.marks.clear();
        saved.covered_until = saved.covered_until.min(start.millis());
    }
    let source = Model::of_capture(
        Arc::clone(plan),
        Capture { series: strands_of_polls(&capture), ..capture },
        "",
        to,
    );
    let begin = start - Duration::from_millis(1);
    let mut model = Model::new(Arc::clone(plan), begin, true);
    happen(&mut model, begin, What::Remembered { entries: before, saved });
    let mut at = start;
    let (mut samples, mut deeds) = (samples.into_iter().peekable(), deeds.into_iter().peekable());
    let all = to.since(start).as_secs_f64().max(1.0);
    while at <= to {
        tell(at.since(start).as_secs_f64() / all);
        let mut batch = Vec::new();
        while let Some(sample) = samples.next_if(|sample| sample.at <= at) {
            batch.push(sample);
        }
        let mut said = Vec::new();
        while let Some(entry) = deeds.next_if(|entry| entry.at <= at) {
            said.push(entry);
        }
        if !batch.is_empty() {
            happen(&mut model, at, What::Ended(batch));
        }
        let reports = crate::update::polls_between(&source, at - PACE, at);
        if !reports.is_empty() {
            happen(&mut model, at, What::Reports(reports));
        }
        if !said.is_empty() {
            happen(&mut model, at, What::Written(said));
        }
        happen(&mut model, at, What::Tick);
        at = at + PACE;
    }
    let written = model.time.log.entries.iter().map(|(entry, _)| entry.clone()).collect();
    (model, written)
}

/// The step in which a recording is run once more.
const PACE: Duration = Duration::from_secs(1);

fn happen(model: &mut Model, at: Timestamp, what: What) {
    // What is wanted of the world is not done: it was done, or not, when it was recorded.
    update(model, Event { at, what });
    while model.has_work() {
        update(model, Event { at, what: What::Work });
    }
}

/// The series that tell of polls where what was said is not known.
fn strands_of_polls(capture: &Capture) -> Vec<crate::capture::Strand> {
    let told = |name: &str| {
        name == "up" || ["probe_", "scrape_", "warroom_"].iter().any(|start| name.starts_with(start))
    };
    capture.series.iter().filter(|strand| strand.labels.name().is_some_and(told)).cloned().collect()
}

/// What a person did to an incident; what warroom saw is seen anew.
fn is_deed(entry: &Entry) -> bool {
    crate::incident::Change::parse(entry).is_some_and(|change| change.by.is_some())
}

/// An incident that a recording must, or did, have.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Its first service.
    pub service: String,
    /// How grave it is at its end; none: whatever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// When it was noticed, RFC 3339; none: whenever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
    /// When it was resolved, RFC 3339; `"never"`: it lasts; none: whenever, or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
    /// The names of alerts that it must have had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
}

/// What is wrong, in a line.
pub type Mismatch = String;

impl Outcome {
    /// What an incident came to.
    pub fn of(it: &Incident) -> Self {
        let mut alerts: Vec<String> = it.alerts.iter().map(|alert| alert.name.clone()).collect();
        alerts.sort();
        alerts.dedup();
        Self {
            service: it.service().to_string(),
            severity: Some(it.severity.word().to_owned()),
            opened: Some(it.opened_at.to_string()),
            resolved: Some(it.resolved.as_ref().map_or_else(|| "never".to_owned(), |(at, _)| at.to_string())),
            alerts,
        }
    }

    /// What of this an incident does not meet, nothing if it meets all; times may differ by `within`.
    ///
    /// # Errors
    /// A time in it cannot be read.
    pub fn misses(&self, it: &Incident, within: Duration) -> Result<Vec<Mismatch>, String> {
        let mut out = Vec::new();
        let is = Self::of(it);
        if let Some(severity) = self.severity.as_ref().filter(|wanted| is.severity.as_ref() != Some(*wanted))
        {
            out.push(format!("is {} instead of {severity}", it.severity.word()));
        }
        let differs = |one: Timestamp, other: Timestamp| one.since(other).max(other.since(one)) > within;
        if let Some(text) = &self.opened {
            let wanted = moment(text)?;
            if differs(wanted, it.opened_at) {
                out.push(format!("opened {} instead of {wanted}", it.opened_at));
            }
        }
        let ended = it.resolved.as_ref().map(|(at, _)| *at);
        match (self.resolved.as_deref(), ended) {
            (None, _) | (Some("never"), None) => {}
            (Some("never"), Some(at)) => out.push(format!("was resolved {at} instead of never")),
            (Some(text), None) => {
                moment(text)?;
                out.push(format!("lasts instead of having been resolved {text}"));
            }
            (Some(text), Some(at)) => {
                let wanted = moment(text)?;
                if differs(wanted, at) {
                    out.push(format!("was resolved {at} instead of {wanted}"));
                }
            }
        }
        for alert in self.alerts.iter().filter(|alert| !is.alerts.contains(alert)) {
            out.push(format!("never had the alert {}", crate::text::clean(alert)));
        }
        Ok(out)
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let at: jiff::Timestamp = text.parse().map_err(|_| {
        format!("\"{}\" is not a moment: write 2026-11-21T14:05:00Z", crate::text::clean(text))
    })?;
    Ok(Timestamp::from_millis(at.as_millisecond()))
}
