//! What a body holds, family by family: for the explorer.

use super::{Format, Kind, Line, parse};
use crate::text::Clean;
use std::collections::HashMap;

/// The most families that are listed.
const MAX_FAMILIES: usize = 50_000;

/// One metric family. All strings are clean.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: Clean,
    /// What HELP says; empty if there is none.
    pub help: Clean,
    /// What TYPE says.
    pub kind: Kind,
    /// What UNIT says (OpenMetrics); empty if there is none.
    pub unit: Clean,
    /// How many samples the body has of it, buckets and sums counted one by one.
    pub series: u64,
}

/// The families of a body in order of first mention. A sample belongs to the family whose name it has, or whose name
/// with one of the standard suffixes it has; else to one of its own name.
pub fn families(body: &[u8], format: Format) -> Vec<Family> {
    let mut list = List::default();
    for line in parse(body, format).flatten() {
        match line {
            Line::Sample(sample) => {
                let owner = SUFFIXES
                    .iter()
                    .filter_map(|suffix| sample.name.strip_suffix(suffix))
                    .find(|stem| list.typed(stem));
                let name = if list.by_name.contains_key(&*sample.name) { None } else { owner };
                if let Some(family) = list.family(name.unwrap_or(&sample.name)) {
                    family.series += 1;
                }
            }
            Line::Type { name, kind } => {
                if let Some(family) = list.family(&name) {
                    family.kind = kind;
                }
            }
            Line::Help { name, text } => {
                if let Some(family) = list.family(&name) {
                    family.help = Clean::new(&text);
                }
            }
            Line::Unit { name, unit } => {
                if let Some(family) = list.family(&name) {
                    family.unit = Clean::new(unit);
                }
            }
            Line::Comment | Line::Eof => {}
        }
    }
    list.all
}

/// What the formats add to a family's name.
const SUFFIXES: [&str; 8] = ["_bucket", "_count", "_sum", "_total", "_created", "_info", "_gcount", "_gsum"];

#[derive(Default)]
struct List {
    all: Vec<Family>,
    by_name: HashMap<String, usize>,
}

impl List {
    /// Is there a family of this name that a TYPE or HELP line introduced?
    fn typed(&self, name: &str) -> bool {
        self.by_name
            .get(name)
            .and_then(|at| self.all.get(*at))
            .is_some_and(|family| family.kind != Kind::Unknown || !family.help.is_empty())
    }

    fn family(&mut self, name: &str) -> Option<&mut Family> {
        let at = match self.by_name.get(name) {
            Some(at) => *at,
            None if self.all.len() >= MAX_FAMILIES => return None,
            None => {
                self.by_name.insert(name.to_owned(), self.all.len());
                self.all.push(Family {
                    name: Clean::new(name),
                    help: Clean::default(),
                    kind: Kind::Unknown,
                    unit: Clean::default(),
                    series: 0,
                });
                self.all.len() - 1
            }
        };
        self.all.get_mut(at)
    }
}
