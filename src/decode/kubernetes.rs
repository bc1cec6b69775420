//! Health in plain text: Kubernetes' `?verbose` lines, and the `OK` of a thousand small services.

use super::words;
use crate::target::{Component, Observation, Verdict};
use crate::text::{Clean, truncate};

/// Reads `[+]ping ok` and `[-]etcd failed: reason withheld` lines; nothing if the text has none.
///
/// Only the status code decides (the lines are for people), so a failed check under a 200 degrades and no more.
/// Returns whether the list was cut at `most`.
pub(super) fn verbose(text: &str, most: usize, observation: &mut Observation) -> Option<bool> {
    let mut found = false;
    for line in text.lines() {
        let line = line.trim();
        let (verdict, rest) = if let Some(rest) = line.strip_prefix("[+]") {
            (Verdict::Up, rest)
        } else if let Some(rest) = line.strip_prefix("[-]") {
            (Verdict::Down, rest)
        } else {
            if found && !line.is_empty() {
                // `readyz check failed`, the line that closes the list.
                observation.word = Clean::new(&truncate(line, 80, false));
            }
            continue;
        };
        found = true;
        if observation.components.len() >= most {
            return Some(true);
        }
        let rest = rest.trim();
        // The name ends where ` ok`, ` failed` or ` excluded` begins.
        let split = [" ok", " failed", " excluded"].iter().filter_map(|mark| rest.find(mark)).min();
        let (name, detail) = split.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        let verdict = if detail.trim_start().starts_with("excluded") { Verdict::Unknown } else { verdict };
        let component =
            Component { name: Clean::new(name.trim()), verdict, detail: Clean::new(detail.trim()) };
        observation.components.push(component);
    }
    found.then_some(false)
}

/// Reads a short text as a state: `OK`, `Healthy`, `pong`, `Degraded`. Its first line becomes the word.
///
/// A text that is no known state leaves the judgement to the status code.
pub(super) fn plain(text: &str) -> (Clean, Option<Verdict>) {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    (Clean::new(&truncate(line, 80, false)), words::judge(line))
}
