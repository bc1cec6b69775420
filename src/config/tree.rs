//! What the walker hands to the reader: values that have the kind that the shape asks for, defaults filled in.

use super::auth::{SecretRef, UserName};
use super::place::{Place, Spanned};
use super::shape::Groups;
use std::cell::Cell;
use std::time::Duration;

/// A checked value.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Bool(bool),
    /// A whole number or a size in bytes.
    Whole(u64),
    Number(f64),
    Text(String),
    Word(&'static str),
    Duration(Duration),
    Json(serde_json::Value),
    Secret(SecretRef),
    User(UserName),
    List(Vec<Spanned<Item>>),
    Table(Tree),
}

/// A checked table.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Its key's path.
    pub(crate) path: String,
    /// Where it begins.
    pub(crate) at: Place,
    /// The word under `kind`; empty where there is none.
    pub(crate) word: &'static str,
    /// What it may hold; none: its keys are free.
    pub(crate) groups: Option<Groups>,
    /// What it holds, in the order of the file.
    pub(crate) slots: Vec<Slot>,
    /// Keys that the file says, but not soundly: reported already, so not to be called missing.
    pub(crate) unsound: Vec<&'static str>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) key: String,
    pub(crate) item: Spanned<Item>,
    /// Did the file say it (or is it a default)?
    pub(crate) given: bool,
    /// Has the reader asked for it? A test fails on keys that nobody reads.
    read: Cell<bool>,
}

impl Slot {
    pub(crate) fn new(key: &str, item: Spanned<Item>, given: bool) -> Self {
        Self { key: key.to_owned(), item, given, read: Cell::new(false) }
    }
}

impl Tree {
    pub(crate) fn empty(path: &str, at: Place, groups: Option<Groups>) -> Self {
        Self { path: path.to_owned(), at, word: "", groups, slots: Vec::new(), unsound: Vec::new() }
    }

    fn slot(&self, key: &str) -> Option<&Slot> {
        debug_assert!(
            self.groups.is_none_or(|groups| groups.iter().any(|g| g.iter().any(|f| f.key == key))),
            "{}: the shape does not know {key:?}",
            self.path
        );
        let slot = self.slots.iter().find(|slot| slot.key == key)?;
        slot.read.set(true);
        Some(slot)
    }

    /// Did the file say `key`? Returns where.
    pub(crate) fn given(&self, key: &str) -> Option<&Place> {
        self.slot(key).filter(|slot| slot.given).map(|slot| &slot.item.at)
    }

    /// Did the file at least try to say `key`?
    pub(crate) fn tried(&self, key: &str) -> bool {
        self.unsound.contains(&key) || self.given(key).is_some()
    }

    pub(crate) fn item(&self, key: &str) -> Option<&Spanned<Item>> {
        self.slot(key).map(|slot| &slot.item)
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.item(key).map(|item| &item.value), Some(Item::Bool(true)))
    }

    pub(crate) fn whole(&self, key: &str) -> Option<u64> {
        match self.item(key)?.value {
            Item::Whole(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn count(&self, key: &str) -> Option<u32> {
        self.whole(key).and_then(|number| u32::try_from(number).ok())
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        match self.item(key)?.value {
            Item::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        match self.item(key)?.value {
            Item::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    pub(crate) fn word(&self, key: &str) -> &'static str {
        match self.item(key).map(|item| &item.value) {
            Some(Item::Word(word)) => word,
            _ => "",
        }
    }

    pub(crate) fn spanned(&self, key: &str) -> Option<Spanned<String>> {
        self.item(key).and_then(text)
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.spanned(key).map(|text| text.value)
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Tree> {
        match &self.item(key)?.value {
            Item::Table(tree) => Some(tree),
            _ => None,
        }
    }

    pub(crate) fn list(&self, key: &str) -> &[Spanned<Item>] {
        match self.item(key).map(|item| &item.value) {
            Some(Item::List(items)) => items,
            _ => &[],
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Vec<Spanned<String>> {
        self.list(key).iter().filter_map(text).collect()
    }

    /// The texts of a table whose keys are free, in the order of the file.
    pub(crate) fn pairs(&self, key: &str) -> Vec<(String, Spanned<String>)> {
        let slots = self.table(key).map_or(&[][..], |tree| &tree.slots);
        slots.iter().filter_map(|slot| Some((slot.key.clone(), text(&slot.item)?))).collect()
    }

    /// The lists of texts of a table whose keys are free, in the order of the file.
    pub(crate) fn lists(&self, key: &str) -> Vec<(String, Spanned<Vec<Spanned<String>>>)> {
        let slots = self.table(key).map_or(&[][..], |tree| &tree.slots);
        let list = |slot: &Slot| match &slot.item.value {
            Item::List(items) => {
                Some(Spanned { value: items.iter().filter_map(text).collect(), at: slot.item.at.clone() })
            }
            _ => None,
        };
        slots.iter().filter_map(|slot| Some((slot.key.clone(), list(slot)?))).collect()
    }

    /// The tables of a table whose keys are free, in the order of the file.
    pub(crate) fn tables(&self, key: &str) -> impl Iterator<Item = (&str, &Tree)> {
        let slots = self.table(key).map_or(&[][..], |tree| &tree.slots);
        slots.iter().filter_map(|slot| match &slot.item.value {
            Item::Table(tree) => Some((slot.key.as_str(), tree)),
            _ => None,
        })
    }

    /// Paths of the keys that nobody has asked for.
    #[cfg(test)]
    pub(crate) fn unread(&self) -> Vec<String> {
        let mut out = Vec::new();
        for slot in &self.slots {
            if self.groups.is_some() && !slot.read.get() {
                out.push(format!("{}.{}", self.path, slot.key));
            } else if let Item::Table(tree) = &slot.item.value {
                out.extend(tree.unread());
            }
        }
        out
    }
}

fn text(item: &Spanned<Item>) -> Option<Spanned<String>> {
    match &item.value {
        Item::Text(text) => Some(Spanned { value: text.clone(), at: item.at.clone() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, read, walked};

    /// A key that the shape knows and nobody reads would be a setting that does nothing.
    #[test]
    fn every_key_that_is_accepted_is_read() {
        for text in [
            include_str!("../../tests/data/config/everything.good.toml"),
            include_str!("../../examples/hashinsight.toml"),
            include_str!("../../examples/sparkle.toml"),
            "",
        ] {
            let mut problems = Vec::new();
            let source = Source { name: "t.toml".to_owned(), text: text.to_owned() };
            let tree = walked(&[source], &mut problems);
            let _ = read::config(&tree, Vec::new(), &mut problems);
            assert_eq!(problems, []);
            assert_eq!(tree.unread(), Vec::<String>::new());
        }
    }
}
