//! What the house rules forbid, found by a machine: arrows that point up, the world outside `src/io`, undefended
//! dependencies, rooms that have grown too large.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that reads the source, or fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`: (path from the root, text).
fn rust_files(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|end| end == "rs") {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no Rust files below {folder}");
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The code of a line: without what stands behind `//`, unless that is within a string (a URL).
fn code(line: &str) -> &str {
    match line.find("//") {
        Some(at) if !line[..at].contains('"') => &line[..at],
        _ => line,
    }
}

/// The room that a file belongs to: `src/update/keys.rs` is in `update`.
fn room(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    Some(rest.split(['/', '.']).next().unwrap_or(rest))
}

/// The rooms in the order in which `lib.rs` declares them.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_code_map_shows_every_room_in_reading_order() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let map = readme.split("| room | holds |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let shown: Vec<String> =
        rows.flat_map(|row| row.split(", ")).map(|name| name.trim_matches('`').to_owned()).collect();
    assert_eq!(shown, rooms());
}

#[test]
fn no_arrow_points_up() {
    let rooms = rooms();
    let position: BTreeMap<&str, usize> =
        rooms.iter().enumerate().map(|(at, room)| (room.as_str(), at)).collect();
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src") {
        let Some(here) = room(&path).and_then(|room| position.get(room)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (at, _) in code(line).match_indices("crate::") {
                let used: String =
                    line[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if position.get(used.as_str()).is_some_and(|there| there > here) {
                    wrong.push(format!("{path}:{}: {} must not know {used}", number + 1, rooms[*here]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "a room may use only those above it in lib.rs:\n{}", wrong.join("\n"));
}

/// Finds `needle` as a path (`tokio::`) in code outside `allowed` places.
fn only_in(needles: &[&str], allowed: &[&str]) {
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src") {
        if allowed.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = code(line);
            let is_path =
                |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            for needle in needles {
                if line.match_indices(needle).any(|(at, _)| is_path(at)) {
                    wrong.push(format!("{path}:{}: {needle}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "only {allowed:?} may use these:\n{}", wrong.join("\n"));
}

#[test]
fn the_world_is_touched_in_its_rooms_only() {
    let shell = ["src/io", "src/runtime"];
    only_in(
        &["reqwest::", "notify::", "redis::", "rustix::", "nix::", "secrecy::", "directories::"],
        &["src/io"],
    );
    only_in(&["tokio::"], &[shell[0], shell[1], "src/demo"]);
    only_in(&["hyper::", "hyper_util::"], &["src/io", "src/demo"]);
    only_in(&["crossterm::"], &shell);
    only_in(
        &["std::net::TcpStream", "std::net::TcpListener", "std::net::UdpSocket"],
        &["src/io", "src/demo"],
    );
    only_in(&["promql_parser::"], &["src/promql"]);
    only_in(&["clap::"], &["src/cli", "src/main.rs"]);
}

#[test]
fn each_class_of_request_that_changes_something_has_one_module() {
    // Danger classes of the configuration page: `read` is GET and HEAD; `login` is a POST that asks for a token, `notify`
    // one that tells somebody of an incident, or another warroom what people did about one; `door` is everything else. gRPC's health check is a read that HTTP/2
    // happens to carry in a POST, and so is a query of the Prometheus API, whose expression may be too long for a URL.
    let writes = [
        "Method::POST",
        "Method::PUT",
        "Method::PATCH",
        "Method::DELETE",
        ".post(",
        ".put(",
        ".patch(",
        ".delete(",
        // A method that is not written down could be any.
        ".request(",
        "Method::from_bytes",
    ];
    let mut found: Vec<String> = Vec::new();
    for (path, text) in rust_files("src") {
        // Only the shell reaches the network. The demo is the service that is asked, not one who asks.
        let shell = ["src/io", "src/runtime", "src/cli"].iter().any(|place| path.starts_with(place));
        if !shell || path.starts_with("src/io/terminal") {
            continue;
        }
        let product = text.split("#[cfg(test)]").next().unwrap_or("");
        if product.lines().any(|line| writes.iter().any(|write| code(line).contains(write))) {
            found.push(path);
        }
    }
    assert_eq!(
        found,
        [
            "src/io/act/wire.rs",
            "src/io/attach/post.rs",
            "src/io/grpc.rs",
            "src/io/http/query.rs",
            "src/io/login.rs",
            "src/io/notify.rs"
        ]
    );
}

#[test]
fn only_what_was_authorized_reaches_the_sender() {
    // The sender's wire is private to its room, and the room's one way in takes an `Authorized` by value.
    for (path, text) in rust_files("src") {
        let uses = |word: &str| text.lines().any(|line| code(line).contains(word));
        if !path.starts_with("src/io/act") {
            assert!(!uses("act::wire") && !uses("Clients::single"), "{path} goes past the door");
        }
        if path != "src/action/door.rs" && !path.starts_with("src/io/act") {
            assert!(!uses(".into_parts()") || !uses("action::Shot"), "{path} takes a shot apart");
        }
    }
    let text = fs::read_to_string(root().join("src/io/act.rs")).unwrap();
    assert!(text.contains("\nmod wire;") && text.contains("\nmod shot;"), "the wire is private");
    let text = fs::read_to_string(root().join("src/io/act/run.rs")).unwrap();
    let ways_in = text.split("\npub ").filter(|way| way.contains("fn ") && way.starts_with(['f', 'a']));
    for way in ways_in {
        let head = way.split('{').next().unwrap();
        assert!(head.contains("authorized: Authorized,"), "another way in: {head}");
    }
}

#[test]
fn the_walls_are_waived_with_a_reason_and_where_they_may_be() {
    for (path, text) in rust_files("src") {
        for (number, line) in text.lines().enumerate() {
            let line = code(line);
            assert!(
                !line.contains("#[allow(") && !line.contains("#![allow("),
                "{path}:{}: expect, not allow",
                number + 1
            );
            if line.contains("clippy::disallowed_methods") {
                let may = ["src/io", "src/runtime", "src/demo"].iter().any(|place| path.starts_with(place));
                assert!(may, "{path}:{}: only the shell may touch the world", number + 1);
            }
        }
        assert!(!text.contains("#[ignore"), "{path}: a test that is ignored proves nothing");
    }
}

#[test]
fn rooms_stay_small_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src").into_iter().chain(rust_files("widgets/src")) {
        if !text.starts_with("//!") {
            wrong.push(format!("{path}: does not say what it is for"));
        }
        // Tests in the file do not count.
        let lines = text.split("#[cfg(test)]").next().unwrap_or("").lines().count();
        if lines > 460 {
            wrong.push(format!("{path}: {lines} lines; split it by stage or by pane"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_is_defended_and_used() {
    for manifest in ["Cargo.toml", "widgets/Cargo.toml"] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let folder = if manifest == "Cargo.toml" { "" } else { "widgets/" };
        let mut sources = rust_files(&format!("{folder}src"));
        for extra in ["tests", "benches", "examples"] {
            if root().join(folder).join(extra).is_dir() {
                sources.extend(rust_files(&format!("{folder}{extra}")));
            }
        }
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let is_dependency = section.ends_with("dependencies]") && section != "[workspace.dependencies]";
            if !is_dependency || line.starts_with(['[', '#', ' ', ']', '}']) || line.is_empty() {
                continue;
            }
            assert!(line.contains(" # "), "{manifest}: {line}: say in a comment what it is for");
            let name = line.split([' ', '.', '=']).next().unwrap().replace('-', "_");
            let used = sources.iter().any(|(_, text)| text.contains(&name));
            assert!(used, "{manifest}: {name} is not used");
        }
    }
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_than_we_say() {
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let version = |text: &str| -> [u64; 3] {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        std::array::from_fn(|_| parts.next().unwrap_or(0))
    };
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|package| package["name"] == "warroom").unwrap();
    let promised = version(ours["rust_version"].as_str().unwrap());
    for package in packages {
        if let Some(needs) = package["rust_version"].as_str() {
            assert!(version(needs) <= promised, "{} needs Rust {needs}", package["name"]);
        }
    }
}

#[test]
fn nothing_names_this_machine() {
    let mut texts = rust_files("src");
    for folder in ["tests", "benches", "examples", "widgets"] {
        texts.extend(rust_files(folder));
    }
    for file in ["README.md", "Cargo.toml", ".ci/run", "config.example.toml"] {
        texts.push((file.to_owned(), fs::read_to_string(root().join(file)).unwrap()));
    }
    // Written apart, so that this file does not name them either.
    let forbidden = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "wt")];
    for (path, text) in texts {
        for word in forbidden {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}
