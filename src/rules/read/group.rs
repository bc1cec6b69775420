//! One group of a rule file.

use super::super::file::Group;
use super::super::yaml::Node;
use super::Reader;
use crate::text::clean;

/// What a group may say. `partial_response_strategy` is Thanos's and unknown to Prometheus as well.
const GROUP: &[&str] = &["name", "interval", "query_offset", "limit", "labels", "rules"];

impl Reader<'_> {
    /// Reads a group, and keeps it if nothing is wrong with it.
    pub(super) fn group(&mut self, node: &Node) {
        let before = self.faults;
        let Some(keys) = self.keys(node, "a group", GROUP) else { return };
        let name = self.text(&keys, "name");
        self.group.clone_from(&name);
        let at = keys.get("name").map_or(node.at, |name| name.at);
        if name.is_empty() {
            self.tell(at, "the group has no name", "add name: ...");
        } else if self.names.contains(&name) {
            let message = format!("the group \"{}\" is there twice", clean(&name));
            self.tell(at, message, "rename one of them; only the first runs");
        }
        let interval = self.duration(&keys, "interval").filter(|interval| !interval.is_zero());
        let offset = self.duration(&keys, "query_offset").unwrap_or_default();
        let limit = match keys.given("limit").map(|node| (node, node.text().unwrap_or("").parse::<usize>())) {
            None => 0,
            Some((_, Ok(limit))) => limit,
            Some((node, Err(_))) => {
                self.tell(node.at, "limit is not a whole number", "write it as 100; 0 is no limit");
                0
            }
        };
        let labels = self.pairs(&keys, "labels");
        let nodes = keys.get("rules").map(|rules| self.list(rules, "rules")).unwrap_or_default();
        let mut rules = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            rules.extend(self.rule(node, index));
            self.rule.clear();
        }
        if self.faults == before {
            self.names.insert(name.clone());
            let (name, line) = (name.into(), node.at.line);
            self.groups.push(Group { name, interval, offset, limit, labels, rules, line });
        }
    }
}
