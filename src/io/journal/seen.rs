//! Which event ids were read or written already. Bounded: ids of long ago are forgotten.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// How many ids a generation holds: far more than the journal that is read back on start.
const GENERATION: usize = 1 << 17;

/// Two generations of hashes. Their keys are secret to this process, so nobody can make two ids collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    state: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Seen {
    /// Notes an id; true if it is new.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        let hash = self.state.hash_one(id);
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        let known = self.old.contains(&hash);
        self.young.insert(hash) && !known
    }

    /// Is this id known?
    pub(super) fn knows(&self, id: &str) -> bool {
        let hash = self.state.hash_one(id);
        self.young.contains(&hash) || self.old.contains(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_and_memory_is_bounded() {
        let mut seen = Seen::default();
        assert!(seen.insert("a") && !seen.insert("a") && seen.insert("b"));
        for n in 0..3 * GENERATION {
            assert!(seen.insert(&n.to_string()));
            assert!(!seen.insert(&n.to_string()));
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * GENERATION);
    }
}
