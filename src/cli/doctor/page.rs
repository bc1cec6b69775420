//! The doctor's facts as text: aligned, at most 80 columns, state as a sign and a word.

use super::facts::{Facts, Target};
use crate::target::health::State;
use crate::text::{clean, truncate, width};
use std::fmt::Write as _;
use std::time::Duration;

/// Columns of the page.
const COLUMNS: usize = 80;

/// The signs in front of a line.
#[derive(Clone, Copy)]
enum Sign {
    Good,
    Bad,
    Odd,
    None,
}

struct Page {
    out: String,
    ascii: bool,
}

/// The whole page.
pub(super) fn write(facts: &Facts, ascii: bool) -> String {
    let mut page = Page { out: String::new(), ascii };
    configuration(&mut page, facts);
    settings(&mut page, facts);
    state(&mut page, facts);
    secrets(&mut page, facts);
    targets(&mut page, facts);
    terminal(&mut page, facts);
    page.out
}

impl Page {
    fn title(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        let _ = writeln!(self.out, "{text}");
    }

    fn line(&mut self, sign: Sign, text: &str) {
        let sign = match (sign, self.ascii) {
            (Sign::Good, false) => "✓",
            (Sign::Good, true) => "+",
            (Sign::Bad, false) => "✗",
            (Sign::Bad, true) => "x",
            (Sign::Odd, _) => "!",
            (Sign::None, _) => " ",
        };
        let _ = writeln!(self.out, "  {sign} {}", truncate(&clean(text), COLUMNS - 4, self.ascii).trim_end());
    }

    /// Text below a line, wrapped and indented.
    fn below(&mut self, text: &str) {
        const INDENT: usize = 6;
        let text = clean(text);
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > COLUMNS - INDENT {
                let _ = writeln!(self.out, "{:INDENT$}{line}", "");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            let _ = writeln!(self.out, "{:INDENT$}{line}", "");
        }
    }

    /// `text` in a column of `cells`.
    fn cell(&self, text: &str, cells: usize) -> String {
        let cut = truncate(text, cells, self.ascii);
        let pad = cells.saturating_sub(width(&cut));
        format!("{cut}{:pad$}", "")
    }
}

fn configuration(page: &mut Page, facts: &Facts) {
    page.title("configuration");
    let used = facts.winner.as_ref();
    for candidate in &facts.candidates {
        let place = format!("{:<15}{}", candidate.why, candidate.path.display());
        let passed = used.is_some() && used != Some(candidate);
        match used {
            Some(winner) if winner == candidate && facts.problems.is_empty() => page.line(Sign::Good, &place),
            Some(winner) if winner == candidate => page.line(Sign::Bad, &place),
            _ if candidate.named => page.line(Sign::Bad, &place),
            _ if passed
                && facts.candidates.iter().position(|c| c == candidate)
                    > facts.candidates.iter().position(|c| Some(c) == used) =>
            {
                page.line(Sign::None, &format!("{place} (comes after)"));
            }
            _ => page.line(Sign::None, &format!("{place} (not there)")),
        }
    }
    for file in facts.files.iter().skip(1) {
        page.line(Sign::Good, &format!("{:<15}{file}", "included"));
    }
    for problem in &facts.problems {
        page.line(Sign::Bad, "problem");
        page.below(&problem.to_string());
    }
    for warning in &facts.warnings {
        page.line(Sign::Odd, "warning");
        page.below(&warning.to_string());
    }
    if used.is_none() && facts.problems.is_empty() {
        page.below("none: `warroom init URL` writes one, `warroom demo` needs none");
    }
}

fn settings(page: &mut Page, facts: &Facts) {
    if facts.settings.is_empty() {
        return;
    }
    page.title("settings (flag > variable > file > default)");
    for setting in &facts.settings {
        let key = page.cell(setting.key, 24);
        let value = page.cell(&setting.value, 14);
        let from = setting.from.as_deref().unwrap_or("");
        page.line(Sign::None, &format!("{key}{value}{:<9}{from}", setting.layer));
    }
}

fn state(page: &mut Page, facts: &Facts) {
    page.title("state folder");
    match &facts.state {
        None => page.line(Sign::Bad, "the user has no home, so there is no place for it"),
        Some(folder) => {
            let path = folder.path.display();
            match &folder.error {
                Some(error) => {
                    page.line(Sign::Bad, &path.to_string());
                    page.below(error);
                }
                None if folder.exists => page.line(Sign::Good, &path.to_string()),
                None => page.line(Sign::Good, &format!("{path} (will be made when it is needed)")),
            }
        }
    }
}

fn secrets(page: &mut Page, facts: &Facts) {
    if facts.secrets.is_empty() {
        return;
    }
    page.title("secrets");
    for secret in &facts.secrets {
        let sign = if secret.error.is_none() { Sign::Good } else { Sign::Bad };
        let reference = page.cell(&secret.reference, 40);
        page.line(sign, &format!("{reference} {}", secret.used_by));
        if let Some(error) = &secret.error {
            page.below(error);
        }
    }
}

fn targets(page: &mut Page, facts: &Facts) {
    page.title("targets (each asked once)");
    if facts.targets.is_empty() {
        page.line(Sign::None, "none");
    }
    for target in &facts.targets {
        let sign = match target {
            target if !target.fine() => Sign::Bad,
            Target { state: State::Degraded | State::Warming, .. } => Sign::Odd,
            _ => Sign::Good,
        };
        let [service, poll, instance] = [(&target.service, 20), (&target.poll, 14), (&target.instance, 22)]
            .map(|(text, cells)| page.cell(text, cells));
        let took = target.took.map_or_else(|| "-".to_owned(), short);
        page.line(sign, &format!("{service} {poll} {instance} {:<8} {took:>7}", target.state.word()));
        if let Some(detail) = target.detail.as_ref().filter(|_| !matches!(sign, Sign::Good)) {
            page.below(detail);
        }
        if let Some(remedy) = &target.remedy {
            page.below(&format!("{} {remedy}", if page.ascii { "->" } else { "→" }));
        }
    }
}

/// `12ms`, `3.4s`
fn short(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 0.9995 { format!("{:.0}ms", seconds * 1e3) } else { format!("{seconds:.1}s") }
}

fn terminal(page: &mut Page, facts: &Facts) {
    page.title("terminal");
    let Some(terminal) = facts.terminal else { return };
    let (columns, rows) = facts.size;
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let mut fact = |name: &str, value: &str| page.line(Sign::None, &format!("{name:<24}{value}"));
    let shown = if facts.interactive { "yes" } else { "no: `status` is printed instead" };
    fact("dashboard", shown);
    fact("size", &format!("{columns}x{rows}"));
    fact(
        "colours",
        match terminal.depth {
            crate::theme::Depth::Mono => "none",
            crate::theme::Depth::Ansi16 => "16",
            crate::theme::Depth::Ansi256 => "256",
            crate::theme::Depth::TrueColor => "true colour",
        },
    );
    fact("UTF-8 locale", yes(!terminal.ascii));
    if terminal.few_glyphs {
        fact("font", "few glyphs: box drawing and ASCII, no braille");
    }
    if terminal.ambiguous_wide {
        fact("ambiguous characters", "may take two cells: braille and ASCII are drawn");
    }
    let multiplexer =
        terminal.multiplexer.map_or_else(|| "none".to_owned(), |kind| format!("{kind:?}").to_lowercase());
    fact("multiplexer", &multiplexer);
    fact("over SSH", yes(terminal.ssh));
    for (name, value) in &facts.variables {
        fact(name, value);
    }
}
