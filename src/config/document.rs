//! The example file, made from the shape: each key with its documentation, commented out.
//!
//! Prose begins with `# `, settings with `#` alone, so that one substitution uncomments the settings.

use super::shape::{Field, Groups, Kind, ROOT, Sample};
use std::fmt::Write as _;

/// The text of `config.example.toml`.
pub fn example() -> String {
    let mut out = String::new();
    prose(&mut out, INTRODUCTION);
    out.push('\n');
    let (scalars, tables): (Vec<&Field>, Vec<&Field>) =
        ROOT.iter().filter(|field| !matches!(field.kind, Kind::NotYet)).partition(|field| is_value(field));
    for field in scalars {
        setting(&mut out, field, field.key);
    }
    for field in tables {
        section(&mut out, field, field.key);
    }
    let mut later = Vec::new();
    not_yet(&mut later, "", &[ROOT]);
    if !later.is_empty() {
        let _ = writeln!(out);
        let text = "Known, but not built yet in this version, and refused until then";
        prose(&mut out, &format!("{text}: {}.", later.join(", ")));
    }
    out
}

/// The example with its settings uncommented.
pub fn uncommented(example: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    example.lines().map(line).collect()
}

const INTRODUCTION: &str = "warroom's configuration: every key, commented out. What has a default shows it; the rest \
    shows an example. Looked for in --config, WARROOM_CONFIG, the user's folder (~/.config/warroom/config.toml) and \
    /etc/warroom/config.toml, never in the current folder, since a configuration defines what is sent where. Relative \
    paths are meant from this file's folder. Durations are written 250ms, 15s, 5m, 1h30m or 30d; sizes 64KiB or 16MiB.";

/// Does it fit on one line, as `key = value`?
fn is_value(field: &Field) -> bool {
    match field.kind {
        // A table whose keys exclude each other is shown by its example.
        Kind::Table(_) => !field.example.is_empty(),
        Kind::Tagged(_) => false,
        Kind::Map { samples, .. } => samples.is_empty(),
        _ => true,
    }
}

fn setting(out: &mut String, field: &Field, key: &str) {
    prose(out, field.doc);
    if let Kind::Word(words) = field.kind {
        for (word, doc) in words {
            prose(out, &format!("- \"{word}\": {doc}"));
        }
    }
    let value = if field.example.is_empty() { field.default.unwrap_or("\"\"") } else { field.example };
    let _ = writeln!(out, "#{key} = {value}");
    if let Some(default) = field.default.filter(|default| ![value, "[]", "{}"].contains(default)) {
        prose(out, &format!("(default: {default})"));
    }
}

/// A table, or named tables, with a heading.
fn section(out: &mut String, field: &Field, path: &str) {
    match field.kind {
        Kind::Table(groups) => {
            out.push('\n');
            prose(out, field.doc);
            table(out, path, groups, &[]);
        }
        Kind::Map { of, samples, .. } => {
            out.push('\n');
            prose(out, field.doc);
            for sample in samples {
                out.push('\n');
                named(out, &format!("{path}.{}", sample.name), of, sample);
            }
        }
        _ => {}
    }
}

fn named(out: &mut String, path: &str, of: &Kind, sample: &Sample) {
    match of {
        Kind::Table(groups) => table(out, path, groups, sample.keys),
        Kind::Tagged(variants) => {
            let Some(variant) = variants.iter().find(|variant| variant.word == sample.word) else { return };
            prose(out, variant.doc);
            let _ = writeln!(out, "#[{path}]\n#kind = \"{}\"", variant.word);
            fields(out, path, variant.groups, sample.keys);
        }
        _ => {}
    }
}

fn table(out: &mut String, path: &str, groups: Groups, only: &[&str]) {
    let _ = writeln!(out, "#[{path}]");
    fields(out, path, groups, only);
}

/// Values first, tables after them, as TOML wants it.
fn fields(out: &mut String, path: &str, groups: Groups, only: &[&str]) {
    let shown = |field: &&Field| {
        !matches!(field.kind, Kind::NotYet) && (only.is_empty() || only.contains(&field.key))
    };
    let all = || groups.iter().flat_map(|group| group.iter()).filter(shown);
    for field in all().filter(|field| is_value(field)) {
        setting(out, field, field.key);
    }
    for field in all().filter(|field| !is_value(field)) {
        section(out, field, &format!("{path}.{}", field.key));
    }
}

fn not_yet(out: &mut Vec<String>, path: &str, groups: Groups) {
    for field in groups.iter().flat_map(|group| group.iter()) {
        let path = super::walk::join(path, field.key);
        match field.kind {
            Kind::NotYet => out.push(path),
            Kind::Table(groups) => not_yet(out, &path, groups),
            _ => {}
        }
    }
}

/// Comment lines of at most 110 columns.
fn prose(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > 110 {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(groups: Groups, out: &mut Vec<&'static str>) {
        for field in groups.iter().flat_map(|group| group.iter()) {
            let mut kind = field.kind;
            if let Kind::Map { of, .. } = kind {
                kind = *of;
            }
            match kind {
                Kind::NotYet => continue,
                Kind::Table(groups) => keys(groups, out),
                Kind::Tagged(variants) => variants.iter().for_each(|variant| keys(variant.groups, out)),
                _ => {}
            }
            out.push(field.key);
        }
    }

    #[test]
    fn no_key_of_the_shape_is_missing() {
        let (text, mut all) = (example(), Vec::new());
        keys(&[ROOT], &mut all);
        assert!(all.len() > 80, "{}", all.len());
        for key in all {
            let setting = format!("#{key} = ");
            let heading = |line: &str| {
                line.starts_with("#[") && line.trim_end_matches(']').split(['.', '[']).any(|part| part == key)
            };
            assert!(text.lines().any(|line| line.starts_with(&setting) || heading(line)), "{key}");
        }
    }
}
