//! Cuts the details of an entry until its line fits. What was cut says so; no key goes without a trace.

use serde_json::{Map, Value, json};

/// What stands in the place of what was nested too deeply.
const TOO_DEEP: &str = "…(cut: nested too deeply)";
/// The key, or the beginning of the element, that says how many others were cut.
const MARK: &str = "…cut";

/// How hard to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The most characters of a string, and the most elements of a list or an object.
    most: usize,
    /// The deepest nesting: a tree of 16 by 16 by 16 would still be too large.
    deepest: usize,
}

impl Cut {
    /// Harder and harder, until it fits. The first cuts only what is nested too deeply: JSON readers stop at 128
    /// levels, and a line that cannot be read is lost. The last leaves 16 keys of 16 characters, which always fits.
    pub(super) const STEPS: [Self; 7] = [
        Self { most: usize::MAX, deepest: 32 },
        Self { most: 16_384, deepest: 8 },
        Self { most: 4096, deepest: 8 },
        Self { most: 1024, deepest: 4 },
        Self { most: 256, deepest: 2 },
        Self { most: 64, deepest: 1 },
        Self { most: 16, deepest: 1 },
    ];
}

/// The details, cut so.
pub(super) fn fit(details: &Map<String, Value>, cut: Cut) -> Map<String, Value> {
    object(details, cut, cut.deepest)
}

fn object(map: &Map<String, Value>, cut: Cut, levels: usize) -> Map<String, Value> {
    let mut out: Map<String, Value> = map
        .iter()
        .take(cut.most)
        .map(|(key, value)| (cut_text(key, cut.most), one(value, cut, levels.saturating_sub(1))))
        .collect();
    if map.len() > out.len() {
        let lost = map.len() - out.len();
        out.insert(MARK.to_owned(), json!(lost));
    }
    out
}

/// `levels` are the lists and objects that may still be opened, so this goes no deeper than `Cut::deepest`.
fn one(value: &Value, cut: Cut, levels: usize) -> Value {
    match value {
        Value::String(text) => Value::String(cut_text(text, cut.most)),
        Value::Array(_) | Value::Object(_) if levels == 0 => json!(TOO_DEEP),
        Value::Array(list) => {
            let mut out: Vec<Value> =
                list.iter().take(cut.most).map(|value| one(value, cut, levels - 1)).collect();
            if list.len() > out.len() {
                out.push(json!(format!("{MARK} {}", list.len() - out.len())));
            }
            Value::Array(out)
        }
        Value::Object(map) => Value::Object(object(map, cut, levels)),
        plain => plain.clone(),
    }
}

/// At most `most` characters of the text. Where something was cut a mark says how much, and a hash keeps two texts
/// with the same beginning apart.
pub(super) fn cut_text(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}…(cut: {} bytes, {:016x})", text.len() - end, fnv1a(text.as_bytes()))
}

/// FNV-1a, 64 bits: the same in every warroom. <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
