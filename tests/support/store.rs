//! A store filled with samples, for the tests of expressions.

use warroom::labels::Labels;
use warroom::store::Store;
use warroom::units::Timestamp;

/// The store.
pub(crate) type Filled = Store;

/// Fills a store; samples of one series come in order.
pub(crate) fn fill<'a>(samples: impl IntoIterator<Item = (&'a Labels, i64, f64)>) -> Filled {
    let mut store = Store::default();
    for (labels, at, value) in samples {
        store.append(labels, Timestamp::from_millis(at), value);
    }
    store
}
