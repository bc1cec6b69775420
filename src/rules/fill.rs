//! Fills in the templates of one rule's labels and annotations. The language itself is `template`.

use super::run::{self, Scene};
use super::template::{self, Context};
use crate::labels::Labels;
use crate::store::Store;

/// The templates of one evaluation.
pub(super) struct Fill<'s> {
    store: &'s Store,
    scene: &'s Scene<'s>,
}

impl<'s> Fill<'s> {
    pub(super) fn new(store: &'s Store, scene: &'s Scene<'s>) -> Self {
        Self { store, scene }
    }

    /// The text with its templates filled in; what is wrong with them stands in the text, as in Prometheus.
    pub(super) fn expand(&self, text: &str, labels: &Labels, value: f64) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        let mut query = |text: &str| run::query(text, self.store, self.scene);
        let mut context = Context {
            labels,
            value,
            external_labels: &self.scene.set.external_labels,
            external_url: &self.scene.set.external_url,
            at: self.scene.at,
            query: &mut query,
        };
        template::expand(text, &mut context)
            .unwrap_or_else(|error| format!("<error expanding template: {error}>"))
    }
}
