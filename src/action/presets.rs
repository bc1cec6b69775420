//! Actions that come with warroom, as data: the same shape as `action.NAME`, so that a configuration can replace any part.

use crate::config::{self, Source, action::Action};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The files, each with the presets of one ecosystem.
const FILES: &[(&str, &str)] = &[
    ("admin-api.toml", include_str!("presets/admin-api.toml")),
    ("services.toml", include_str!("presets/services.toml")),
    ("actuator.toml", include_str!("presets/actuator.toml")),
    ("kubernetes.toml", include_str!("presets/kubernetes.toml")),
    ("argocd.toml", include_str!("presets/argocd.toml")),
    ("queues.toml", include_str!("presets/queues.toml")),
];

fn table() -> &'static BTreeMap<String, Action> {
    static TABLE: OnceLock<BTreeMap<String, Action>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut all = BTreeMap::new();
        for (name, text) in FILES {
            let source = Source { name: (*name).to_owned(), text: (*text).to_owned() };
            // A test loads each; here a file with a mistake would only be missing.
            if let Ok(config) = config::load(&[source]) {
                all.extend(config.actions);
            }
        }
        all
    })
}

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Action> {
    table().get(name)
}

/// All presets, in order of name.
pub fn all() -> impl Iterator<Item = &'static Action> {
    table().values()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound() {
        let mut count = 0;
        for (name, text) in FILES {
            let source = Source { name: (*name).to_owned(), text: (*text).to_owned() };
            let config = config::load(&[source]).unwrap_or_else(|problems| panic!("{problems:#?}"));
            count += config.actions.len();
            for action in config.actions.values() {
                assert!(action.title.is_some() && action.hazard.is_some(), "{}", action.name);
            }
        }
        assert_eq!(all().count(), count, "two presets share a name");
    }
}
