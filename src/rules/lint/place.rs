//! Where a word stands in the file.

/// Line and column (from 1) and width of the first `needle` as a whole word, from line `from` up to before `end`.
pub(super) fn find(lines: &[&str], from: usize, end: usize, needle: &str) -> Option<(usize, usize, usize)> {
    if needle.is_empty() {
        return None;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let last = end.min(lines.len() + 1);
    for number in from..last {
        let line = lines.get(number.checked_sub(1)?)?;
        for (at, _) in line.match_indices(needle) {
            let before = line.get(..at).unwrap_or("");
            let after = line.get(at + needle.len()..).unwrap_or("");
            let longer = needle.starts_with(word) && before.ends_with(word)
                || needle.ends_with(word) && after.starts_with(word);
            if !longer {
                return Some((number, before.chars().count() + 1, needle.chars().count()));
            }
        }
    }
    None
}
