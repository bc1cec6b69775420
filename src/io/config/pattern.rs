//! Patterns of file names: `config.d/*.toml`. What they stand for is sorted; nothing is read here.

#![expect(clippy::disallowed_methods, reason = "it lists the folders that a pattern names")]

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Files that a pattern stands for, sorted; `*` and `?` stand for parts of one name, never for hidden files.
pub fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(name) = component else {
            for path in &mut paths {
                path.push(component);
            }
            continue;
        };
        match name.to_str().filter(|name| name.contains(['*', '?'])) {
            None => paths.iter_mut().for_each(|path| path.push(name)),
            Some(wild) => paths = paths.iter().flat_map(|folder| entries(folder, wild)).collect(),
        }
        paths.truncate(super::MOST_FILES + 1);
    }
    paths.retain(|path| path.is_file());
    paths
}

fn entries(folder: &Path, wild: &str) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(here) else { return Vec::new() };
    let wild: Vec<char> = wild.chars().collect();
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| {
            let name: Vec<char> = name.to_string_lossy().chars().collect();
            (name.first() != Some(&'.') || wild.first() == Some(&'.')) && matches(&wild, &name)
        })
        .map(|name| folder.join(name))
        .collect();
    found.sort();
    found
}

/// Does `name` match `wild`? Goes back to the last `*` only, so it takes at most the product of the two lengths.
fn matches(wild: &[char], name: &[char]) -> bool {
    let (mut w, mut n, mut star) = (0, 0, None);
    while let Some(c) = name.get(n) {
        match wild.get(w) {
            Some('*') => {
                star = Some((w, n));
                w += 1;
            }
            Some(p) if *p == '?' || p == c => (w, n) = (w + 1, n + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (w, n) = (at + 1, from + 1);
            }
        }
    }
    wild.iter().skip(w).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_parts_of_names() {
        for (wild, name, yes) in [
            ("*.toml", "a.toml", true),
            ("*.toml", "a.tom", false),
            ("a?c*", "abcdef", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("", "", true),
            ("***", "", true),
        ] {
            let [wild_chars, chars] = [wild, name].map(|text| text.chars().collect::<Vec<_>>());
            assert_eq!(matches(&wild_chars, &chars), yes, "{wild} {name}");
        }
    }
}
