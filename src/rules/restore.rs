//! Since when alerts are active that were so before warroom ended: read from `ALERTS_FOR_STATE`, as Prometheus does
//! it (`rules/group.go`, `RestoreForState`).

use super::active;
use super::file::RuleKind;
use super::run::Running;
use crate::store::Store;
use crate::target::is_stale;
use crate::units::Timestamp;
use std::time::Duration;

/// A state older than this says nothing any more.
const OUTAGE_TOLERATED: Duration = Duration::from_secs(3600);
/// Alerts that wait for less are left alone, and no restored alert fires sooner than this.
const GRACE: Duration = Duration::from_secs(600);

/// Corrects the alerts of a rule at `now`, after its second evaluation.
pub(super) fn restore(running: &mut Running, store: &Store, now: Timestamp) {
    running.restored = true;
    let RuleKind::Alert { wait, .. } = &running.rule.kind else { return };
    let wait = *wait;
    if wait < GRACE {
        return;
    }
    for standing in running.active.values_mut() {
        let labels = active::for_state(&standing.alert, &running.rule.labels);
        let last = store.get(&labels).and_then(crate::store::Series::last);
        let Some((down_at, since)) = last.filter(|(at, value)| {
            !is_stale(*value) && value.is_finite() && now.since(*at) <= OUTAGE_TOLERATED && *at <= now
        }) else {
            continue;
        };
        let since = Timestamp::from_seconds(since);
        let remaining = wait.saturating_sub(down_at.since(since));
        if remaining.is_zero() {
            // It fired; at the next evaluation it does so again.
            standing.alert.active_at = since;
        } else if remaining < GRACE {
            standing.alert.active_at = (now + GRACE) - wait;
        } else {
            standing.alert.active_at = since + now.since(down_at);
        }
    }
}
