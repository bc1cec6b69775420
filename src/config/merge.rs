//! Several files -> one. Named tables stand side by side; whatever is said twice is an error that names both places.

use super::place::Problem;
use super::shape::{Kind, ROOT};
use super::syntax::{Entry, Node, Raw};
use super::walk::join;

/// Merges the files' roots, the main one first.
pub(crate) fn merge(roots: Vec<Node>, problems: &mut Vec<Problem>) -> Node {
    let mut roots = roots.into_iter();
    let mut all = roots.next().unwrap_or(Node { at: super::Place::default(), raw: Raw::Table(Vec::new()) });
    for mut more in roots {
        if let Raw::Table(entries) = &mut more.raw {
            if let Some(at) = entries.iter().position(|entry| entry.key == "include") {
                let entry = entries.remove(at);
                let problem = Problem::new(&entry.at, "include", "only the main file may include others");
                problems.push(problem.with_remedy("move it there"));
            }
            // Each file may say which shape it was written for; a wrong one is kept, and refused by the walker.
            let right =
                |entry: &Entry| entry.key == "schema" && matches!(entry.node.raw, Raw::Integer(Some(1)));
            if said(&all, "schema") {
                entries.retain(|entry| !right(entry));
            }
        }
        into(&mut all, more, "", 0, problems);
    }
    all
}

fn said(root: &Node, key: &str) -> bool {
    matches!(&root.raw, Raw::Table(entries) if entries.iter().any(|entry| entry.key == key))
}

/// `depth` 0 is the root; tables with fixed keys merge all the way down, named tables as wholes.
fn into(all: &mut Node, more: Node, path: &str, depth: usize, problems: &mut Vec<Problem>) {
    let (Raw::Table(have), Raw::Table(entries)) = (&mut all.raw, more.raw) else { return };
    for entry in entries {
        let path = join(path, &entry.key);
        match have.iter_mut().find(|old| old.key == entry.key) {
            None => have.push(entry),
            Some(old) => both(old, entry, &path, depth, problems),
        }
    }
}

fn both(old: &mut Entry, entry: Entry, path: &str, depth: usize, problems: &mut Vec<Problem>) {
    let tables = matches!((&old.node.raw, &entry.node.raw), (Raw::Table(_), Raw::Table(_)));
    if tables && merges(path, depth) {
        into(&mut old.node, entry.node, path, depth + 1, problems);
        return;
    }
    let problem = Problem::new(&entry.at, path, format!("is said twice; first at {}", old.at));
    problems.push(problem.with_remedy("keep one of them"));
}

/// Does the table at `path` merge key by key? The root's tables do; below, only those with fixed keys.
fn merges(path: &str, depth: usize) -> bool {
    let top = path.split('.').next().unwrap_or(path);
    let kind = ROOT.iter().find(|field| field.key == top).map(|field| field.kind);
    match kind {
        Some(Kind::Table(_)) => depth < 4,
        Some(Kind::Map { .. }) => depth == 0,
        _ => false,
    }
}
