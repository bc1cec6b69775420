//! How warroom fares itself: its polls, store, rules, notifications, and what it was asked.

use super::super::laid::{Process, Samples, Served};
use super::write::{Family, Row};
use crate::severity::Severity;
use std::collections::BTreeMap;

type Families = BTreeMap<String, Family>;

/// A list of labels and values becomes a family.
fn family<L: Into<String>>(
    out: &mut Families,
    name: &str,
    kind: &'static str,
    help: &'static str,
    rows: impl IntoIterator<Item = (Vec<(&'static str, L)>, f64)>,
) {
    let rows = rows.into_iter().map(|(labels, value)| Row {
        suffix: "",
        labels: labels.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect(),
        value,
        at: None,
    });
    let family = Family { kind, help, rows: rows.collect() };
    if !family.rows.is_empty() {
        out.insert(name.to_owned(), family);
    }
}

/// One number without labels; none: it is not known.
fn single(
    out: &mut Families,
    name: &str,
    kind: &'static str,
    help: &'static str,
    value: impl Into<Option<f64>>,
) {
    let rows = value.into().map(|value| (Vec::<(&'static str, String)>::new(), value));
    family(out, name, kind, help, rows);
}

/// All of them.
pub(super) fn families(samples: &Samples, served: &Served, process: &Process) -> Families {
    let mut out = Families::new();
    about_process(&mut out, samples, process);
    about_polls(&mut out, samples);
    about_store(&mut out, samples);
    about_judging(&mut out, samples);
    about_questions(&mut out, served, process);
    out
}

fn about_process(out: &mut Families, samples: &Samples, process: &Process) {
    let figures = &samples.figures;
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    family(out, "warroom_build_info", "gauge", "The version of warroom; the value is 1.", [(version, 1.0)]);
    let started = figures.started.seconds();
    single(
        out,
        "process_start_time_seconds",
        "gauge",
        "When the process was started, as Unix seconds.",
        started,
    );
    single(out, "process_cpu_seconds_total", "counter", "Processor time used.", process.cpu_seconds);
    single(
        out,
        "process_resident_memory_bytes",
        "gauge",
        "Memory held.",
        process.resident_bytes.map(|n| n as f64),
    );
    single(out, "process_open_fds", "gauge", "Open file descriptors.", process.open_files.map(|n| n as f64));
    let beat = process.beat.seconds();
    single(
        out,
        "warroom_loop_last_seen_timestamp_seconds",
        "gauge",
        "When the loop was last seen alive.",
        beat,
    );
    let (good, at) = figures.configured;
    let help = "Did the last reading of the configuration succeed?";
    single(out, "warroom_config_last_reload_successful", "gauge", help, f64::from(u8::from(good)));
    let help = "When the configuration was last read with success.";
    single(out, "warroom_config_last_reload_success_timestamp_seconds", "gauge", help, at.seconds());
    let (done, refused) = figures.reloads;
    let help = "Readings of the configuration, by their outcome.";
    family(out, "warroom_config_reloads_total", "counter", help, outcomes("read", done, "refused", refused));
}

fn outcomes(
    good: &'static str,
    well: u64,
    bad: &'static str,
    ill: u64,
) -> [(Vec<(&'static str, &'static str)>, f64); 2] {
    [(vec![("outcome", good)], well as f64), (vec![("outcome", bad)], ill as f64)]
}

fn about_polls(out: &mut Families, samples: &Samples) {
    let figures = &samples.figures;
    let (services, polls) = figures.watched;
    single(out, "warroom_services", "gauge", "Services that are watched.", services as f64);
    single(
        out,
        "warroom_targets",
        "gauge",
        "Polls that are configured: each of each instance.",
        polls as f64,
    );
    let rows = figures.polls.iter().flat_map(|(service, answered, failed)| {
        let row = |outcome: &str, count: u64| {
            (vec![("service", service.clone()), ("outcome", outcome.to_owned())], count as f64)
        };
        [row("answered", *answered), row("failed", *failed)]
    });
    let help = "Polls that came back, by service and outcome.";
    family(out, "warroom_polls_total", "counter", help, rows.collect::<Vec<_>>());
    let help = "Samples that polls brought, made ones included.";
    single(out, "warroom_poll_samples_total", "counter", help, figures.samples as f64);
    let help = "Bytes of bodies that were polled, unpacked.";
    single(out, "warroom_poll_bytes_total", "counter", help, figures.bytes as f64);
}

fn about_store(out: &mut Families, samples: &Samples) {
    let stats = &samples.stats;
    single(out, "warroom_store_series", "gauge", "Series in memory.", stats.series as f64);
    single(out, "warroom_store_samples", "gauge", "Samples in memory.", stats.samples as f64);
    single(out, "warroom_store_bytes", "gauge", "Memory that samples and labels take.", stats.bytes as f64);
    let help = "The most memory that samples may take.";
    single(out, "warroom_store_limit_bytes", "gauge", help, samples.figures.memory_limit as f64);
    let dropped = [
        ("out_of_order", stats.out_of_order),
        ("duplicate", stats.duplicates),
        ("too_old", stats.too_old),
        ("refused", stats.refused),
        ("memory", stats.dropped_by_cap),
        ("retention", stats.dropped_by_retention),
    ];
    let rows = dropped.map(|(reason, count)| (vec![("reason", reason)], count as f64));
    family(
        out,
        "warroom_store_dropped_samples_total",
        "counter",
        "Samples that were dropped, by reason.",
        rows,
    );
    let oldest = stats.oldest.map(crate::units::Timestamp::seconds);
    let help = "The time of the oldest sample in memory, as Unix seconds.";
    single(out, "warroom_store_oldest_timestamp_seconds", "gauge", help, oldest);
}

fn about_judging(out: &mut Families, samples: &Samples) {
    let figures = &samples.figures;
    let (done, failed) = figures.evaluations;
    let help = "Evaluations of rules.";
    single(out, "warroom_rule_evaluations_total", "counter", help, done as f64);
    let help = "Evaluations of rules that failed.";
    single(out, "warroom_rule_evaluation_failures_total", "counter", help, failed as f64);
    let (pending, firing) = figures.alerts;
    let rows = [("pending", pending), ("firing", firing)];
    let rows = rows.map(|(state, count)| (vec![("alertstate", state)], count as f64));
    family(out, "warroom_alerts", "gauge", "Alerts, by state.", rows);
    let names = [Severity::P0, Severity::P1, Severity::P2, Severity::P3, Severity::P4].map(Severity::word);
    let rows = names.into_iter().zip(figures.incidents);
    let rows: Vec<_> = rows.map(|(word, count)| (vec![("severity", word)], count as f64)).collect();
    family(out, "warroom_incidents_open", "gauge", "Open incidents, by severity.", rows);
    let (taken, lost) = figures.deliveries;
    let help = "Notifications: those that were taken, and attempts that failed.";
    family(out, "warroom_notifications_total", "counter", help, outcomes("taken", taken, "failed", lost));
    let help = "Channels whose last delivery failed.";
    single(out, "warroom_notification_channels_failing", "gauge", help, figures.failing as f64);
}

fn about_questions(out: &mut Families, served: &Served, process: &Process) {
    let help = "Connections that were taken.";
    single(out, "warroom_http_connections_total", "counter", help, served.connections as f64);
    let help = "Connections that were refused, or broke off before they were any.";
    single(out, "warroom_http_connections_refused_total", "counter", help, served.refused as f64);
    single(out, "warroom_queries_running", "gauge", "Questions that are worked on.", served.running as f64);
    let help = "Terminals that are attached.";
    single(out, "warroom_attached_terminals", "gauge", help, process.attached as f64);
    let labels = |asked: &super::super::laid::Asked| {
        vec![("route", asked.route.to_owned()), ("code", asked.status.to_string())]
    };
    let rows: Vec<_> = served.asked.iter().map(|asked| (labels(asked), asked.count as f64)).collect();
    family(out, "warroom_http_requests_total", "counter", "Requests, by route and status.", rows);
    let mut by_route: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for asked in &served.asked {
        let (count, took) = by_route.entry(asked.route).or_default();
        *count += asked.count;
        *took += asked.took.as_secs_f64();
    }
    let rows = by_route.into_iter().flat_map(|(route, (count, took))| {
        let row = |suffix, value| Row {
            suffix,
            labels: vec![("route".to_owned(), route.to_owned())],
            value,
            at: None,
        };
        [row("_sum", took), row("_count", count as f64)]
    });
    let family = Family {
        kind: "summary",
        help: "How long requests took until their answer began, by route.",
        rows: rows.collect(),
    };
    if !family.rows.is_empty() {
        out.insert("warroom_http_request_duration_seconds".to_owned(), family);
    }
}
