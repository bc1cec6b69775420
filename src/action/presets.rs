//! Actions that come with warroom, as data: the same shape as `action.NAME`, so that a configuration can replace any part.

use crate::config::{self, Source, action::Action};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The files, each with the presets of one ecosystem.
const FILES: [(&str, &str); 6] = [
    ("admin-api.toml", include_str!("presets/admin-api.toml")),
    ("services.toml", include_str!("presets/services.toml")),
    ("actuator.toml", include_str!("presets/actuator.toml")),
    ("kubernetes.toml", include_str!("presets/kubernetes.toml")),
    ("argocd.toml", include_str!("presets/argocd.toml")),
    ("queues.toml", include_str!("presets/queues.toml")),
];

/// The presets of each file. A file is read when the first of its presets is asked for: a configuration names two or
/// three, and most of a start would go into reading the others.
static TABLES: [OnceLock<BTreeMap<String, Action>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

fn read(name: &str, text: &str) -> BTreeMap<String, Action> {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    // A test loads each; here a file with a mistake would only be missing.
    config::load(&[source]).map(|config| config.actions).unwrap_or_default()
}

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Action> {
    let head = format!("[action.\"{name}\"]");
    FILES
        .iter()
        .zip(&TABLES)
        .filter(|((_, text), _)| text.contains(&head))
        .find_map(|((file, text), table)| table.get_or_init(|| read(file, text)).get(name))
}

/// All presets, in order of name.
pub fn all() -> impl Iterator<Item = &'static Action> {
    let tables =
        FILES.iter().zip(&TABLES).map(|((file, text), table)| table.get_or_init(|| read(file, text)));
    tables.flatten().collect::<BTreeMap<_, _>>().into_values()
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
                assert_eq!(preset(&action.name), Some(action), "{name}: its header is written another way");
            }
        }
        assert_eq!(all().count(), count, "two presets share a name");
    }
}
