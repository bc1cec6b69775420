//! The README's pictures are what the program shows: each is made again and compared, byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, read files and start the binary"
)]

use std::path::Path;
use std::process::Command;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// File and arguments of each line of the list.
fn list() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(folder().join("list")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace().map(|word| word.replace('_', " "));
            (words.next().unwrap(), words.collect())
        })
        .collect()
}

#[test]
fn the_pictures_are_what_the_demo_shows_now() {
    let made: Vec<(String, std::process::Child)> = list()
        .into_iter()
        .map(|(file, arguments)| {
            let child = Command::new(env!("CARGO_BIN_EXE_warroom"))
                .args(["demo", "--once", "--output", "svg", "--theme", "dark", "--color", "always"])
                .args(&arguments)
                .env_clear()
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            (file, child)
        })
        .collect();
    assert!(made.len() >= 6);
    let mut old = Vec::new();
    for (file, child) in made {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout.starts_with(b"<svg "), "{file}");
        if std::fs::read(folder().join(&file)).unwrap_or_default() != output.stdout {
            old.push(file);
        }
    }
    assert!(old.is_empty(), "out of date: {old:?}; write them anew with docs/pictures/make");
}

#[test]
fn the_readme_shows_each_of_them_with_words_for_those_who_do_not_see_it() {
    let readme = std::fs::read_to_string(folder().join("../../README.md")).unwrap();
    for (file, _) in list() {
        let shown = readme.split("](docs/pictures/").any(|after| after.starts_with(&file));
        assert!(shown, "{file} is not in the README");
    }
    let image = regex::Regex::new(r"!\[([^\]]*)\]").unwrap();
    for words in image.captures_iter(&readme) {
        assert!(words[1].len() > 20, "{:?} says too little", &words[1]);
    }
}
