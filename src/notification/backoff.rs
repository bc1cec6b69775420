//! How long to wait before a delivery is tried again.

use super::fnv;
use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(5);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);

/// The wait after attempt number `attempt` (from 1) of the delivery `key`: 5 s, doubled each time, 5 min at most, and up
/// to a quarter more or less. The jitter comes from the key: it spreads many warrooms, and a test can tell it beforehand.
pub fn backoff(key: &str, attempt: u32) -> Duration {
    let wait = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    let hash = fnv(&[key.as_bytes(), &attempt.to_le_bytes()]);
    // The upper bits: the lower ones of FNV-1a are weak.
    let part = (hash >> 48) as f64 / 65_536.0;
    wait.mul_f64(0.75 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_scatter_by_a_quarter() {
        for (attempt, seconds) in
            [(0, 5), (1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (40, 300), (u32::MAX, 300)]
        {
            let middle = Duration::from_secs(seconds);
            let mut seen = std::collections::BTreeSet::new();
            for key in ["a", "b", "c", "INC-1:opened", ""] {
                let wait = backoff(key, attempt);
                assert!(
                    wait >= middle.mul_f64(0.75) && wait < middle.mul_f64(1.25),
                    "{attempt} {key} {wait:?}"
                );
                assert_eq!(wait, backoff(key, attempt), "the same each time");
                seen.insert(wait);
            }
            assert_eq!(seen.len(), 5, "keys scatter at attempt {attempt}");
        }
    }
}
