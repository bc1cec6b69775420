//! Numbers out of any JSON: pointers become series under the names that the configuration gives them.
//!
//! They are the service's own numbers, so they carry the target's labels and no `service`, as scraped samples do.
//!
//! A pointer may name the unit of a bare number: `"/hit_rate | percent"`, `"/took | ms"`, `"/share | ratio"`.

use super::json::Node;
use super::number::{Number, Unit, number, with_unit};
use super::{Decoded, MOST, Reply, Source, errors, expect_json};
use crate::labels::NAME;
use crate::target::{Failure, Sample};
use crate::text::Clean;

/// Decodes the answer to a `json` poll; `series` holds metric name and pointer. See [`super::decode`].
pub(super) fn decode(
    series: &[(String, String)],
    source: &Source<'_>,
    reply: &Reply<'_>,
) -> Result<Decoded, Failure> {
    if !(200..300).contains(&reply.status) {
        return Err(errors::status_failure(reply));
    }
    let mut decoded = Decoded::default();
    let body = expect_json(reply, &mut decoded)?;
    if series.len() > MOST {
        decoded.warn_cut("series");
    }
    for (name, pointer) in series.iter().take(MOST) {
        match read(&body, name, pointer) {
            Ok(Some(value)) => {
                let labels = source.labels.with(NAME, name);
                decoded.samples.push(Sample { labels, at: source.at, value });
            }
            Ok(None) => {} // null is absent: neither zero nor a fault.
            Err(reason) => decoded.warn(&format!("{name}: {reason}")),
        }
    }
    decoded.observation.clock = super::health::clock_of(&body);
    if decoded.samples.is_empty() && !decoded.warnings.is_empty() && !series.is_empty() {
        let first = decoded.warnings.first().map_or("", Clean::as_str);
        return Err(Failure::Decode(Clean::new(first)));
    }
    Ok(decoded)
}

fn read(body: &Node, series: &str, pointer: &str) -> Result<Option<f64>, String> {
    let (pointer, unit) = match pointer.rsplit_once(" | ") {
        Some((pointer, unit)) => (pointer.trim_end(), Some(unit.trim())),
        None => (pointer, None),
    };
    let node = body.pointer(pointer).ok_or_else(|| format!("nothing at \"{pointer}\""))?;
    let read = match node {
        Node::Null => return Ok(None),
        // A list's length is a number that many services leave to be counted.
        Node::List(items) => Number { value: items.len() as f64, unit: Unit::Plain },
        other => number(other).ok_or_else(|| {
            let text = other.scalar().unwrap_or_else(|| other.kind().to_owned());
            format!("no number at \"{pointer}\": {}", Clean::new(&text))
        })?,
    };
    let read = match unit {
        Some("ratio") if read.unit == Unit::Plain => return Ok(Some(read.value)),
        Some(unit) if read.unit == Unit::Plain => with_unit(read.value, unit)
            .ok_or_else(|| format!("unknown unit \"{unit}\" behind the pointer"))?,
        _ => read,
    };
    let key = pointer.rsplit('/').next().unwrap_or_default();
    Ok(Some(read.for_series(series, key)))
}
