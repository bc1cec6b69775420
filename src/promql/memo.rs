//! What is kept of a node that several expressions share: its result, and what its evaluation had to say.

use super::eval::Out;
use super::frame::Notes;
use rustc_hash::FxHashMap;

/// Results of nodes that several expressions share, by the number that the batch gave the node.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) results: FxHashMap<u32, Remembered>,
}

/// One of them, with what its evaluation had to say.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) out: Out,
    pub(super) remarks: Remarks,
}

/// How long a result holds, and what there is to say about it.
#[derive(Clone)]
pub(super) struct Remarks {
    pub(super) valid_until: i64,
    pub(super) notes: Notes,
}

impl Default for Remarks {
    fn default() -> Self {
        Self { valid_until: i64::MAX, notes: Notes::default() }
    }
}

impl Remarks {
    pub(super) fn merge(&mut self, other: Self) {
        self.valid_until = self.valid_until.min(other.valid_until);
        self.notes.warnings.extend(other.notes.warnings);
        self.notes.infos.extend(other.notes.infos);
    }
}
