//! `warroom rules check` and `warroom rules test`.
//!
//! It reads files and prints; what is right and wrong, `rules` says.

#![expect(clippy::print_stderr, reason = "what is missing is said on standard error")]

mod known;

use super::args::{Flags, Format};
use super::{exit, run};
use crate::config::Config;
use crate::io::config as files;
use crate::io::source::Source;
use crate::rules::lint::{Finding, Gravity, Known, lint};
use crate::rules::{Group, RuleKind, RuleProblem, parse, unit};
use crate::text::clean;
use crate::units::parse_duration;
use clap::Subcommand;
use serde_json::json;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All is well.
const FINE: u8 = 0;
/// A rule or a test is wrong; promtool's code as well.
const WRONG: u8 = 1;

/// What can be done with rule files.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesCommand {
    /// Say which rules are wrong, and which cannot do what they say
    ///
    /// Without files, those of the configuration are looked at. Exit codes: 0 fine or warnings only, 1 a file cannot
    /// be read, a rule is not valid, or is a bug.
    Check {
        /// Rule files (default: those that the configuration names); - is standard input, and a pattern in quotes is
        /// expanded here
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Look whether the metrics that the rules ask for are there, and of which type: a URL, a file or -; one for
        /// each kind of target
        #[arg(long, value_name = "SOURCE", value_parser = Source::parse)]
        metrics: Vec<Source>,
        /// The same, asked of the targets of the configuration
        #[arg(long)]
        targets: bool,
        /// How often the targets are scraped
        #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "15s")]
        scrape_interval: Duration,
        /// How often a group is evaluated that does not say
        #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "1m")]
        evaluation_interval: Duration,
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
    /// Run unit tests in the format of promtool test rules
    ///
    /// Exit codes are those of promtool: 0 all passed, 1 a test failed or a file cannot be read.
    Test {
        /// Test files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Does what was asked; the exit code.
pub(super) fn answer(flags: &Flags, what: &RulesCommand) -> io::Result<u8> {
    let mut out = io::stdout().lock();
    match what {
        RulesCommand::Check { files, metrics, targets, scrape_interval, evaluation_interval, output } => {
            let mut known = Known {
                scrape_interval: *scrape_interval,
                evaluation_interval: *evaluation_interval,
                ..Known::default()
            };
            if !metrics.is_empty()
                && let Err(fault) = known::gather(metrics, &mut known)?
            {
                writeln!(out, "{fault}")?;
                return Ok(WRONG);
            }
            if !files.is_empty() && !targets {
                return check(&mut out, &expanded(files), known, *output);
            }
            run::with_config(flags, |config, _| {
                let silent = *targets && !known::ask(&config, &mut known)?;
                let files = if files.is_empty() { configured(&config) } else { expanded(files) };
                if files.is_empty() {
                    eprintln!(
                        "warroom: the configuration names no rule files; name one here, or in rules.NAME.files"
                    );
                    return Ok(exit::USAGE);
                }
                let code = check(&mut out, &files, known, *output)?;
                Ok(if silent { WRONG } else { code })
            })
        }
        RulesCommand::Test { files } => {
            let mut code = FINE;
            for path in files {
                code = code.max(test(&mut out, path)?);
            }
            Ok(code)
        }
    }
}

/// The rule files that the configuration names, those that cannot be read among them.
fn configured(config: &Config) -> Vec<PathBuf> {
    let sets = config.rules.values();
    let files = sets.flat_map(|set| {
        let read = set.sources.iter().map(|source| &source.name);
        let unread = set.unread.iter().map(|problem| &problem.file);
        read.chain(unread).map(PathBuf::from).collect::<Vec<_>>()
    });
    files.collect()
}

/// A rule file, as far as it could be read.
struct Loaded {
    name: String,
    text: String,
    groups: Vec<Group>,
    problems: Vec<RuleProblem>,
}

/// The files themselves: a pattern that no shell has expanded is expanded here, in order of name.
fn expanded(paths: &[PathBuf]) -> Vec<PathBuf> {
    let one = |path: &PathBuf| {
        let pattern = path.to_string_lossy().contains(['*', '?']) && !path.exists();
        let found = if pattern { files::expand(path) } else { Vec::new() };
        if found.is_empty() { vec![path.clone()] } else { found }
    };
    paths.iter().flat_map(one).collect()
}

/// Standard input as text, with the same limit as a file.
fn piped() -> io::Result<String> {
    const MOST: u64 = 8 << 20;
    let mut text = String::new();
    io::stdin().lock().take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST { Err(io::Error::other("it is over 8 MiB")) } else { Ok(text) }
}

fn read(path: &Path) -> io::Result<String> {
    if path == Path::new("-") {
        return piped();
    }
    if path.is_dir() {
        return Err(io::Error::other("it is a folder; name its files, as in 'FOLDER/*.yml'"));
    }
    files::read_text(path)
}

fn load(path: &Path) -> Loaded {
    let name = path.display().to_string();
    match read(path) {
        Ok(text) => {
            let read = parse(&name, &text, &[]);
            Loaded { name, text, groups: read.groups, problems: read.problems }
        }
        Err(error) => {
            let problem = RuleProblem {
                file: name.clone(),
                message: format!("cannot read it: {error}"),
                ..RuleProblem::default()
            };
            Loaded { name, text: String::new(), groups: Vec::new(), problems: vec![problem] }
        }
    }
}

fn recorded(loaded: &Loaded) -> impl Iterator<Item = String> + '_ {
    loaded.groups.iter().flat_map(|group| &group.rules).filter_map(|rule| match &rule.kind {
        RuleKind::Record(name) => Some(name.to_string()),
        RuleKind::Alert { .. } => None,
    })
}

fn check(out: &mut impl Write, paths: &[PathBuf], mut known: Known, output: Format) -> io::Result<u8> {
    let all: Vec<Loaded> = paths.iter().map(|path| load(path)).collect();
    known.recorded = all.iter().flat_map(recorded).collect();
    let found: Vec<Vec<Finding>> =
        all.iter().map(|loaded| lint(&loaded.name, &loaded.text, &loaded.groups, &known)).collect();
    match output {
        Format::Text => {
            for (loaded, findings) in all.iter().zip(&found) {
                page(out, loaded, findings)?;
            }
        }
        Format::Json => {
            let files: Vec<_> =
                all.iter().zip(&found).map(|(loaded, found)| document(loaded, found)).collect();
            writeln!(out, "{:#}", json!({ "schema": 1, "files": files }))?;
        }
    }
    let bug = found.iter().flatten().any(|finding| finding.gravity == Gravity::Bug);
    let invalid = all.iter().any(|loaded| !loaded.problems.is_empty());
    Ok(if bug || invalid { WRONG } else { FINE })
}

fn page(out: &mut impl Write, loaded: &Loaded, findings: &[Finding]) -> io::Result<()> {
    for problem in &loaded.problems {
        writeln!(out, "{problem}")?;
        caret(out, &loaded.text, problem.line, problem.column, 1)?;
    }
    for finding in findings {
        writeln!(out, "{finding}")?;
        caret(out, &loaded.text, finding.line, finding.column, finding.width)?;
    }
    let rules = loaded.groups.iter().map(|group| group.rules.len()).sum::<usize>();
    let bugs = findings.iter().filter(|finding| finding.gravity == Gravity::Bug).count();
    let (problems, warnings) = (loaded.problems.len(), findings.len() - bugs);
    let name = clean(&loaded.name);
    if problems + findings.len() == 0 {
        return writeln!(out, "{name}: {}, nothing wrong", count(rules, "rule"));
    }
    writeln!(
        out,
        "{name}: {}, {}, {}, {}",
        count(rules, "valid rule"),
        count(problems, "error"),
        count(bugs, "bug"),
        count(warnings, "warning")
    )
}

fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The line itself, and a mark under what it is about.
fn caret(out: &mut impl Write, text: &str, line: usize, column: usize, width: usize) -> io::Result<()> {
    let Some(shown) = line.checked_sub(1).and_then(|at| text.lines().nth(at)) else { return Ok(()) };
    // Each character that is not shown is one blank, so that the mark stays under its word.
    let shown: String = shown
        .chars()
        .take(200)
        .map(|c| if clean(c.encode_utf8(&mut [0; 4])).is_empty() || c == '\t' { ' ' } else { c })
        .collect();
    writeln!(out, "  {line:>4} | {shown}")?;
    if column == 0 || column > 200 {
        return Ok(());
    }
    let before: usize =
        shown.chars().take(column - 1).map(|c| crate::text::width(c.encode_utf8(&mut [0; 4]))).sum();
    writeln!(out, "       | {}{}", " ".repeat(before), "^".repeat(width.clamp(1, 200)))
}

fn document(loaded: &Loaded, findings: &[Finding]) -> serde_json::Value {
    let problems = loaded.problems.iter().map(|problem| {
        json!({
            "gravity": "error", "code": "invalid", "group": clean(&problem.group), "rule": clean(&problem.rule),
            "line": problem.line, "column": problem.column,
            "message": clean(&problem.message), "remedy": clean(&problem.remedy),
        })
    });
    let findings = findings.iter().map(|finding| {
        json!({
            "gravity": finding.gravity.word(), "code": finding.code, "group": clean(&finding.group),
            "rule": clean(&finding.rule), "line": finding.line, "column": finding.column,
            "message": clean(&finding.message), "remedy": clean(&finding.remedy),
        })
    });
    json!({
        "file": clean(&loaded.name),
        "rules": loaded.groups.iter().map(|group| group.rules.len()).sum::<usize>(),
        "findings": problems.chain(findings).collect::<Vec<_>>(),
    })
}

fn test(out: &mut impl Write, path: &Path) -> io::Result<u8> {
    let name = path.display().to_string();
    let name = clean(&name);
    let text = match read(path) {
        Ok(text) => text,
        Err(error) => {
            writeln!(out, "{name}: cannot read it: {error}")?;
            return Ok(WRONG);
        }
    };
    let file = match unit::parse(&text) {
        Ok(file) => file,
        Err(reason) => {
            writeln!(out, "{name}:{}", clean(&reason))?;
            if text.lines().any(|line| line.starts_with("groups:")) {
                writeln!(out, "{name}: these are rules, not tests: see warroom rules check")?;
            }
            return Ok(WRONG);
        }
    };
    let mut groups = Vec::new();
    let mut problems = 0;
    for pattern in &file.rule_files {
        let beside = path.parent().unwrap_or(Path::new("")).join(pattern);
        let mut found = files::expand(&beside);
        if found.is_empty() && pattern.contains(['*', '?']) {
            writeln!(out, "{name}: no file matches {}", clean(pattern))?;
        } else if found.is_empty() {
            found.push(beside);
        }
        for path in found {
            let loaded = load(&path);
            for problem in &loaded.problems {
                writeln!(out, "{problem}")?;
            }
            problems += loaded.problems.len();
            groups.push((loaded.name, loaded.groups));
        }
    }
    if problems > 0 {
        writeln!(out, "{name}: FAILED, its rules are not valid")?;
        return Ok(WRONG);
    }
    let failures = unit::run(&file, &groups);
    for failure in &failures {
        for line in failure.to_string().lines() {
            writeln!(out, "  {}", clean(line))?;
        }
    }
    let (tests, failed) = (count(file.tests.len(), "test"), failures.len());
    if failed == 0 {
        writeln!(out, "{name}: SUCCESS, {tests}")?;
        return Ok(FINE);
    }
    writeln!(out, "{name}: FAILED, {tests}, {}", count(failed, "difference"))?;
    Ok(WRONG)
}
