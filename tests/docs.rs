//! The pages: every configuration, rule file, command and link in them is tried, so that they cannot rot.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, read and write files and start the binary"
)]

use clap::{CommandFactory as _, Parser as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use warroom::cli::Cli;

/// A fenced block: page, first line, language, text.
struct Block {
    at: String,
    language: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<(String, String)> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    paths.push(root().join("README.md"));
    paths.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut inside = false;
    for (line, number) in text.lines().zip(1..) {
        let bare = line.trim_start();
        match bare.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                let at = format!("{page}:{number}");
                out.push(Block { at, language: language.to_owned(), text: String::new() });
            }
            None if inside => {
                let block = out.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "{page}: a block does not end");
    out
}

/// Runs the real binary in `folder`; its exit code and all that it printed.
fn warroom(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(arguments).env_clear().env("HOME", folder).current_dir(folder);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// What stands around a snippet that leaves its service to the page before it.
const AROUND: &str = r#"
[environment.prod]
actions = "confirm"
[service.checkout]
environment = "prod"
instances = ["http://10.0.0.7:8080"]
preset = "actuator"
"#;

/// What a configuration is found to be: the exit code and what was said.
fn validated(folder: &Path, toml: &str) -> (Option<i32>, String) {
    let alone = toml.contains("service.checkout");
    let text = if alone { toml.to_owned() } else { format!("{toml}{AROUND}") };
    std::fs::write(folder.join("config.toml"), text).unwrap();
    warroom(folder, &["validate", "-c", "config.toml"])
}

#[test]
fn every_configuration_on_the_pages_is_taken_without_a_warning() {
    let mut tried = BTreeSet::new();
    for (page, text) in pages() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        for block in blocks(&page, &text) {
            if block.language == "yaml" && block.text.starts_with("groups:") {
                std::fs::write(folder.path().join("alert_rules.yml"), &block.text).unwrap();
                std::fs::write(folder.path().join("rules.d/more.yml"), &block.text).unwrap();
            }
        }
        for block in blocks(&page, &text).iter().filter(|block| block.language == "toml") {
            let (code, said) = validated(folder.path(), &block.text);
            assert_eq!(code, Some(0), "{}\n{said}", block.at);
            assert!(!said.contains("warning"), "{}\n{said}", block.at);
            tried.insert(page.clone());
        }
    }
    let expected = [
        "README.md",
        "docs/actions.md",
        "docs/admin-api.md",
        "docs/alertmanager.md",
        "docs/attach.md",
        "docs/backends.md",
        "docs/incidents.md",
        "docs/rules.md",
        "docs/serve.md",
        "docs/slo.md",
    ];
    assert_eq!(tried.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    // That a wrong snippet would be seen.
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = validated(folder.path(), "[slo.x]\nservice = \"checkout\"\nobjektive = 99\n");
    assert!(code == Some(78) && said.contains("objektive"), "{code:?}\n{said}");
}

#[test]
fn every_rule_file_on_the_pages_is_valid_and_its_tests_pass() {
    let mut tried = Vec::new();
    for (page, text) in pages() {
        let folder = tempfile::tempdir().unwrap();
        for block in blocks(&page, &text).iter().filter(|block| block.language == "yaml") {
            let (name, what) = match block.text.split_once(':').unwrap().0 {
                "groups" => ("alert_rules.yml", "check"),
                "rule_files" => ("tests.yml", "test"),
                other => panic!("{}: what is a file that begins with {other}?", block.at),
            };
            std::fs::write(folder.path().join(name), &block.text).unwrap();
            let (code, said) = warroom(folder.path(), &["rules", what, name]);
            assert_eq!(code, Some(0), "{}\n{said}", block.at);
            assert!(!said.contains("warning"), "{}\n{said}", block.at);
            tried.push(what);
            // A test that looks at nothing would pass as well.
            if what == "test" {
                std::fs::write(
                    folder.path().join(name),
                    block.text.replace("eval_time: 10m", "eval_time: 1m"),
                )
                .unwrap();
                assert_eq!(warroom(folder.path(), &["rules", what, name]).0, Some(1), "{}", block.at);
            }
        }
    }
    assert_eq!(tried, ["check", "test"]);
}

/// Words as a shell splits them: quotes of both kinds, a comment, and the end at a pipe.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#' | '|', None) if word.is_none() => break,
            (' ', None) => out.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

#[test]
fn every_command_on_the_pages_is_one_that_the_program_takes() {
    let mut tried = 0;
    for (page, text) in pages() {
        for block in blocks(&page, &text).iter().filter(|block| block.language == "console") {
            for line in block.text.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")) {
                // What a pipe feeds, and what cargo runs, is a command of ours as well.
                let line = line.rsplit_once("| ").map_or(line, |(_, last)| last);
                let line = line
                    .strip_prefix("cargo run --release -- ")
                    .map_or(line.to_owned(), |rest| format!("warroom {rest}"));
                let words = words(&line);
                if words.first().is_none_or(|first| first != "warroom") {
                    continue;
                }
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{}: {line}\n{error}", block.at);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "{tried} commands");
    assert!(Cli::try_parse_from(words("warroom incident frobnicate X")).is_err());
    assert_eq!(words("a 'b | c' \"#d\" e#f # g"), ["a", "b | c", "#d", "e#f"]);
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let (_, readme) = pages().into_iter().find(|(name, _)| name == "README.md").unwrap();
    let (_, table) = readme.split_once("| command | does |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let cells =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | ").map(|(cell, _)| cell));
    let named: BTreeSet<String> = cells
        .flat_map(|cell| cell.split("warroom ").skip(1).filter_map(|rest| rest.split([' ', '`', ',']).next()))
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect();
    let live: BTreeSet<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    assert_eq!(named, live);
}

#[test]
fn every_link_to_another_page_leads_there() {
    let link = regex::Regex::new(r"\]\(([^)#]+)").unwrap();
    let mut followed = 0;
    for (page, text) in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        for target in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            if target.contains("://") {
                continue;
            }
            assert!(folder.join(&target).exists(), "{page}: {target}");
            followed += 1;
        }
    }
    assert!(followed > 8, "{followed} links");
}
