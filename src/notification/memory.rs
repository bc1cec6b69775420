//! Which changes a channel has been told, so that each is told once, also after a restart.

use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// The most keys that are remembered; the oldest go first.
const MOST: usize = 20_000;

/// Keys of notices.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    known: FxHashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Memory {
    /// Was it told, or is it about to be?
    pub(super) fn has(&self, key: &str) -> bool {
        self.known.contains(key)
    }

    /// Remembers a key.
    pub(super) fn add(&mut self, key: &str) {
        if self.has(key) {
            return;
        }
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let key: Arc<str> = key.into();
        self.order.push_back(Arc::clone(&key));
        self.known.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_the_rest_is_kept_once() {
        let mut memory = Memory::default();
        for number in 0..MOST + 10 {
            memory.add(&number.to_string());
            memory.add(&number.to_string());
        }
        assert_eq!((memory.known.len(), memory.order.len()), (MOST, MOST));
        assert!(!memory.has("9") && memory.has("10") && memory.has(&(MOST + 9).to_string()));
    }
}
