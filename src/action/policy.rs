//! Who may do what, where and when. A policy is of one environment; the default one lets nothing through.

use super::door::Refused;
use super::freeze::Freeze;
use super::spec::{Action, ActionKind, Hazard};
use crate::config::Actions;
use crate::text::Clean;
use crate::units::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// What one environment allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The environment; none: the service has none, and so nothing may be changed.
    pub environment: Option<Arc<str>>,
    /// `--read-only`, or `ui.read_only`: wins over everything.
    pub read_only: bool,
    /// Off, or after a confirmation.
    pub actions: Actions,
    /// Who may; empty: everybody.
    pub users: Vec<String>,
    /// What sort of thing may be done; empty: all.
    pub kinds: Vec<ActionKind>,
    /// From which hazard on a second person must approve; none: never.
    pub two_key: Option<Hazard>,
    /// Where the two lay down what they propose and approve; the shell reads and writes there.
    pub two_key_folder: PathBuf,
    /// When nothing may be changed.
    pub freezes: Vec<Freeze>,
}

impl Policy {
    /// May `user` do this, as far as the environment goes? Asked when a menu is drawn, when something is proposed, and at
    /// the door.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn allows(&self, action: &Action, user: &Clean, at: Timestamp) -> Result<(), Refused> {
        if self.read_only {
            return Err(Refused::ReadOnlyFlag);
        }
        if self.environment.is_none() || self.actions == Actions::Off {
            return Err(Refused::EnvironmentOff { environment: self.environment.clone() });
        }
        if !self.kinds.is_empty() && !self.kinds.contains(&action.kind) {
            return Err(Refused::KindNotAllowed { kind: action.kind });
        }
        self.knows(user)?;
        // A freeze protects services from changes; who is told of their trouble may change all the same.
        if !action.kind.changes_service() {
            return Ok(());
        }
        // Of several that hold, the one that ends last tells when to come back.
        match self.freezes.iter().filter_map(|freeze| freeze.until(at)).max() {
            Some(until) => Err(Refused::Frozen { until }),
            None => Ok(()),
        }
    }

    /// Is `user` among those who may change this environment, or approve that somebody does?
    ///
    /// # Errors
    /// `NotThisUser`.
    pub fn knows(&self, user: &Clean) -> Result<(), Refused> {
        if self.users.is_empty() || self.users.iter().any(|known| known == user.as_str()) {
            return Ok(());
        }
        Err(Refused::NotThisUser { user: user.clone() })
    }

    /// Must a second person approve this?
    pub fn needs_second(&self, action: &Action) -> bool {
        self.two_key.is_some_and(|from| action.hazard >= from)
    }

    /// This policy, but nowhere more generous than the one at the start: a reload may only lower what may be done.
    #[must_use]
    pub fn lowered_to(mut self, started: &Self) -> Self {
        self.read_only |= started.read_only;
        self.actions = self.actions.min(started.actions);
        intersect(&mut self.users, &started.users, "");
        if self.kinds.is_empty() {
            self.kinds.clone_from(&started.kinds);
        } else if !started.kinds.is_empty() {
            self.kinds.retain(|kind| started.kinds.contains(kind));
            if self.kinds.is_empty() {
                self.actions = Actions::Off;
            }
        }
        self.two_key = match (self.two_key, started.two_key) {
            (Some(new), Some(old)) => Some(new.min(old)),
            (new, old) => new.or(old),
        };
        self.two_key_folder.clone_from(&started.two_key_folder);
        let more = started.freezes.iter().filter(|freeze| !self.freezes.contains(freeze)).cloned();
        let more: Vec<Freeze> = more.collect();
        self.freezes.extend(more);
        self
    }
}

/// What both lists name; an empty list names everybody. Where they share nothing, `nobody` is all that is left.
fn intersect(list: &mut Vec<String>, other: &[String], nobody: &str) {
    if list.is_empty() {
        other.clone_into(list);
    } else if !other.is_empty() {
        list.retain(|name| other.contains(name));
        if list.is_empty() {
            list.push(nobody.to_owned());
        }
    }
}
