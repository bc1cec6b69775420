//! `warroom slo calc`: what an objective allows, how a budget goes, and when it would be an alert.

#![expect(clippy::print_stderr, reason = "commands complain on standard error")]

use super::args::Format;
use super::exit;
use crate::slo::calc::{Answer, Question, calculate};
use crate::slo::{Exhaustion, Table};
use crate::units::{format_duration, parse_duration};
use clap::{Subcommand, ValueEnum};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

/// What can be asked about objectives.
#[derive(Debug, Subcommand)]
pub enum SloCommand {
    /// Work out a budget, how fast it burns, and when that would be an alert
    ///
    /// An objective of 99.95 % leaves 0.05 % of events to fail: 21m36s of full outage in 30 days. `--requests` with
    /// `--errors`, or `--error-rate`, says how it goes; `--elapsed` says how much of the window has passed.
    Calc {
        /// How much must be good, in per cent: 99.95
        #[arg(value_name = "PERCENT", value_parser = percent)]
        objective: f64,
        /// Over which time
        #[arg(long, default_value = "30d", value_name = "SPAN", value_parser = window)]
        window: Duration,
        /// Valid events so far
        #[arg(long, value_name = "N", value_parser = count)]
        requests: Option<f64>,
        /// Bad ones among them
        #[arg(long, value_name = "N", value_parser = count, requires = "requests", conflicts_with = "error_rate")]
        errors: Option<f64>,
        /// Share of bad events: 0.4% or 0.004
        #[arg(long, value_name = "RATIO", value_parser = ratio)]
        error_rate: Option<f64>,
        /// How much of the window has passed (without it, all of it)
        #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
        elapsed: Option<Duration>,
        /// How often the sources are polled: no alert window is shorter than three polls
        #[arg(long, default_value = "15s", value_name = "SPAN", value_parser = parse_duration)]
        poll: Duration,
        /// Which table of alerts
        #[arg(long, value_enum, default_value_t, value_name = "TABLE")]
        policy: Policy,
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
}

/// A table of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// The Site Reliability Workbook's
    #[default]
    Google,
    /// Pyrra's
    Pyrra,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim().trim_end_matches('%').trim_end().parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent < 100.0 => Ok((percent * 1e10).round() / 1e12),
        _ => Err("write a per cent figure above 0 and below 100: 99.95".to_owned()),
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let (number, scale) =
        text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |number| (number.trim_end(), 100.0));
    match number.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / scale)) => Ok(number / scale),
        _ => Err("write it as 0.4% or 0.004, at most 100%".to_owned()),
    }
}

fn count(text: &str) -> Result<f64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ',' | ' ')).collect();
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("write a number of events: 1000000".to_owned()),
    }
}

fn window(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        length if length >= Duration::from_secs(3600) => Ok(length),
        _ => Err("write at least 1h".to_owned()),
    }
}

/// Answers; returns the exit code.
pub(super) fn answer(what: &SloCommand) -> io::Result<u8> {
    let SloCommand::Calc { objective, window, requests, errors, error_rate, elapsed, poll, policy, output } =
        what;
    if elapsed.is_some_and(|elapsed| elapsed > *window || elapsed.is_zero()) {
        eprintln!("warroom: --elapsed must be above 0 and at most the window, {}", format_duration(*window));
        return Ok(exit::USAGE);
    }
    if let (Some(errors), Some(requests)) = (errors, requests)
        && (errors > requests || *requests <= 0.0)
    {
        eprintln!("warroom: --errors cannot be more than --requests, and there must be some");
        return Ok(exit::USAGE);
    }
    let question = Question {
        objective: *objective,
        window: *window,
        requests: *requests,
        errors: *errors,
        error_ratio: *error_rate,
        elapsed: *elapsed,
        interval: *poll,
        table: match policy {
            Policy::Google => Table::Google,
            Policy::Pyrra => Table::Pyrra,
        },
    };
    let answer = calculate(&question);
    let mut out = io::stdout().lock();
    match output {
        Format::Json => {
            let mut answer = serde_json::to_value(&answer).map_err(io::Error::other)?;
            if let Some(fields) = answer.as_object_mut() {
                fields.insert("schema".to_owned(), 1.into());
            }
            writeln!(out, "{answer:#}")?;
        }
        Format::Text => out.write_all(text(&question, &answer).as_bytes())?,
    }
    out.flush().map(|()| 0)
}

/// A duration as people read it: two units at most, and days where Prometheus would say weeks.
fn span(seconds: f64) -> String {
    let exact = seconds.abs();
    if exact < 10.0 {
        return format!("{}s", digits(exact, 2));
    }
    if exact >= 2.0 * 86_400.0 {
        let hours = (exact / 3600.0).round() as u64;
        return match (hours / 24, hours % 24) {
            (days, 0) => format!("{days}d"),
            (days, rest) => format!("{days}d{rest}h"),
        };
    }
    let step = match exact {
        s if s >= 2.0 * 3600.0 => 60.0,
        _ => 1.0,
    };
    format_duration(Duration::from_secs_f64((exact / step).round() * step))
}

/// So many events: whole ones, but where that would be none.
fn events_of(number: f64) -> String {
    if number.abs() < 10.0 { digits(number, 2) } else { grouped(number) }
}

/// A number with thin groups of three digits.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0.0 && out != "0" { format!("-{out}") } else { out }
}

/// A number with so many digits that count, and no zeros after them.
fn digits(number: f64, count: i32) -> String {
    let magnitude = if number.abs() > 0.0 { number.abs().log10().floor() as i32 } else { 0 };
    let places = usize::try_from((count - 1 - magnitude).clamp(0, 15)).unwrap_or(0);
    let text = format!("{number:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Per cent with as many digits as say something: of what is nearly all, those of what is missing count.
fn share(ratio: f64) -> String {
    let missing = (1.0 - ratio).abs();
    if ratio > 0.5 && ratio < 1.0 {
        // 99.9999 and never 100, as long as anything is missing.
        let places = (3 - (missing * 100.0).log10().floor() as i32).clamp(0, 12);
        let text = format!("{:.*}", usize::try_from(places).unwrap_or(0), ratio * 100.0);
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return format!("{short}%");
    }
    format!("{}%", digits(ratio * 100.0, 4))
}

fn text(question: &Question, answer: &Answer) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<14}{value}");
    };
    let window = span(answer.window_seconds);
    line("objective", format!("{} over {window}", share(answer.objective)));
    line(
        "budget",
        format!(
            "{} of events: 1 in {}, or {} of full outage",
            share(answer.budget_ratio),
            grouped(answer.one_in),
            span(answer.budget_seconds)
        ),
    );
    if let (Some(events), Some(requests)) = (answer.budget_events, question.requests) {
        let so_far = question.elapsed.map_or(String::new(), |e| format!(" in {}", format_duration(e)));
        line(
            "",
            format!(
                "or {} bad events over {window}, at {} events{so_far}",
                events_of(events),
                grouped(requests)
            ),
        );
    }
    if let Some(state) = &answer.state {
        line("sli", format!("{} good", share(state.sli)));
        line("burn rate", format!("{}x (1x spends the budget in exactly {window})", digits(state.burn, 3)));
        let over = state.remaining < 0.0;
        let events = state
            .remaining_events
            .map_or(String::new(), |n| format!(", or {} bad events", events_of(n.abs())));
        let left = format!(
            "{}: {} of full outage{events}",
            share(state.remaining.abs()),
            span(state.remaining_seconds)
        );
        line("budget left", if over { format!("none: over by {left}") } else { left });
        line(
            "exhausted",
            match state.exhaustion {
                Exhaustion::NotOnTrack => "not on track: at this rate it lasts the window".to_owned(),
                Exhaustion::In(seconds) => {
                    format!("in {} at this rate (an estimate: old errors expire)", span(seconds))
                }
                Exhaustion::OverBy(seconds) => format!("over by {} of full outage", span(seconds)),
                Exhaustion::Unknown => "unknown".to_owned(),
            },
        );
    }
    out.push_str("\nAlert while the burn rate is above the factor over the long AND the short window:\n\n");
    let now = answer.state.is_some();
    let mut head =
        vec!["severity", "long", "short", "factor", "errors above", "spent", "outage seen", "min events"];
    if now {
        head.push("at this rate");
    }
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for row in &answer.rows {
        let seen =
            |seconds: Option<f64>| seconds.map_or("never".to_owned(), |s| format!("after {}", span(s)));
        let mut cells = vec![
            row.severity.to_owned(),
            span(row.long_seconds),
            span(row.short_seconds),
            format!("{:.2}", row.factor),
            share(row.error_ratio),
            share(row.spent),
            seen(row.detects_outage_seconds),
            grouped(row.fewest_events),
        ];
        if now {
            cells.push(seen(row.detects_now_seconds));
        }
        rows.push(cells);
    }
    table(&mut out, &rows);
    if answer.rows.iter().any(|row| !row.reachable) {
        out.push_str(
            "\nA row that is never seen asks for more errors than there are events: use lower factors, or add a \
             stricter goal.\n",
        );
    }
    out.push_str("\nmin events: with fewer in the long window, a single bad one would fire the row.\n");
    out
}

fn table(out: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or(0))
        .collect();
    for row in rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:>width$}  ");
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_people_write_them() {
        assert_eq!((percent("99.95"), percent("99.95%")), (Ok(0.9995), Ok(0.9995)));
        assert_eq!((ratio("0.4%"), ratio("0.004"), count("1_000,000")), (Ok(0.004), Ok(0.004), Ok(1e6)));
        for bad in ["100", "0", "x", "-1", "NaN"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
        let shares = [0.9995, 0.999_999_999, 0.866_666_7, 1.0, 0.0005, 14.399_856, 1e-9, 0.0, -0.2, 1.5];
        let told =
            ["99.95%", "99.9999999%", "86.67%", "100%", "0.05%", "1440%", "0.0000001%", "0%", "-20%", "150%"];
        assert_eq!(shares.map(share), told);
        assert_eq!(
            [28.0 * 86_400.0, 63_000.0, 0.000_02, 9.5].map(span),
            ["28d", "17h30m", "0.00002s", "9.5s"]
        );
        assert!(ratio("101%").is_err() && count("-1").is_err() && count("inf").is_err());
        assert_eq!(
            (grouped(1_234_567.0), grouped(12.4), grouped(-1000.0)),
            ("1,234,567".to_owned(), "12".to_owned(), "-1,000".to_owned())
        );
    }
}
