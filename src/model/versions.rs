//! Which version each instance of a service runs: as its health answers say, or else as its metrics do. Pure.

use super::rows::TargetRow;
use crate::config::poll::PollKind;
use crate::incident::VersionSource;
use crate::target::{BUILD_INFO, Sample, is_stale};
use crate::text::Clean;
use std::sync::Arc;

/// Labels of `*_build_info` that name a version, the best first.
const LABELS: [&str; 3] = ["version", "revision", "tag"];

/// What builds say that nobody has given a version.
const NAMELESS: [&str; 6] = ["", "(devel)", "unknown", "none", "dev", "undefined"];

/// Versions of instances, all from the same kind of source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions {
    /// Where they come from.
    pub source: VersionSource,
    /// Instance and version, in the order of the targets; each instance once.
    pub said: Vec<(Arc<str>, Clean)>,
}

impl Versions {
    /// What the targets of one service say.
    ///
    /// Two sources may write the same version differently (`v2.1` and `2.1`, a number and a commit), and instances that
    /// go by different ones would look like a deploy. So all of a service go by one: by health, unless metrics know the
    /// version of more instances.
    pub fn of<'a>(targets: impl Iterator<Item = &'a TargetRow>) -> Self {
        let (mut health, mut metrics): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
        for row in targets {
            let seen = row.observation.as_ref().and_then(|seen| seen.version.as_ref());
            for (found, version) in [(&mut health, seen), (&mut metrics, row.build.as_ref())] {
                let Some(version) = version else { continue };
                let instance = &row.target.instance;
                match found.iter_mut().find(|(known, _): &&mut (Arc<str>, Clean)| known == instance) {
                    Some((_, known)) => *known = version.clone(),
                    None => found.push((Arc::clone(instance), version.clone())),
                }
            }
        }
        if metrics.len() > health.len() {
            Self { source: VersionSource::BuildInfo, said: metrics }
        } else {
            Self { source: VersionSource::Health, said: health }
        }
    }
}

/// The version in what one metrics target brought: of the label `version`, else `revision`, else `tag` of a series
/// `*_build_info`. One that bears the name of the service or of its job goes before others, and Go's own comes last;
/// that of an exporter tells of the exporter only.
pub fn of_samples(row: &TargetRow, samples: &[Sample]) -> Option<Clean> {
    if !matches!(row.target.kind, PollKind::Metrics { .. }) {
        return None;
    }
    let own = [Some(&*row.target.service), row.target.labels.get("job")].map(|name| name.map(plain));
    let rank = |stem: &str| match stem {
        stem if own.iter().flatten().any(|name| *name == plain(stem)) => Some(0_u8),
        stem if stem.ends_with("exporter") => None,
        "go" => Some(2),
        _ => Some(1),
    };
    let found = samples.iter().filter_map(|sample| {
        let name = sample.labels.name()?;
        let rank = rank(name.strip_suffix(BUILD_INFO)?)?;
        if is_stale(sample.value) || sample.value == 0.0 {
            return None;
        }
        let values = LABELS.iter().filter_map(|label| sample.labels.get(label)).map(str::trim);
        let version =
            values.into_iter().find(|value| !NAMELESS.contains(&value.to_ascii_lowercase().as_str()))?;
        Some((rank, name, version))
    });
    // The least of several is the same in every scrape, whatever their order.
    found.min().map(|(_, _, version)| Clean::new(version))
}

/// A name as metrics write it: `Check-Out` is `check_out`.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::target::STALE_NAN;
    use crate::units::Timestamp;

    /// A target of `kind` at `instance`.
    fn row(instance: &str, kind: &str) -> TargetRow {
        let text = format!(
            "service.check-out = {{ instances = [\"http://{instance}\"], poll.x = {{ kind = \"{kind}\", path = \"/x\" }} }}"
        );
        let source = crate::config::Source { name: "test.toml".to_owned(), text };
        let config = crate::config::load(&[source]).unwrap();
        let plan = crate::plan::Plan::compile(&config, 1).unwrap();
        TargetRow::unknown(&plan.targets[0])
    }

    #[test]
    fn the_services_own_build_goes_first() {
        // Name, label, its value, value; the version that is found in all of a row together.
        type Series = (&'static str, &'static str, &'static str, f64);
        let rows: [(&[Series], Option<&str>); 10] = [
            (&[], None),
            (&[("check_out_build_info", "version", "2.1", 1.0)], Some("2.1")),
            (&[("app_build_info", "revision", "0ff1ce", 1.0)], Some("0ff1ce")),
            (&[("app_build_info", "tag", " v3 ", 1.0)], Some("v3")),
            (&[("app_build_info", "version", "(devel)", 1.0)], None),
            (&[("app_build_info", "version", "1", 0.0)], None),
            (&[("app_build_info", "version", "1", STALE_NAN)], None),
            (&[("redis_exporter_build_info", "version", "1.50", 1.0)], None),
            (
                &[
                    ("go_build_info", "version", "v9", 1.0),
                    ("app_build_info", "version", "3", 1.0),
                    ("check_out_build_info", "version", "2", 1.0),
                ],
                Some("2"),
            ),
            (&[("b_build_info", "version", "1", 1.0), ("a_build_info", "version", "7", 1.0)], Some("7")),
        ];
        let target = row("10.0.0.1:80", "metrics");
        for (series, version) in rows {
            let samples: Vec<Sample> = series
                .iter()
                .map(|(name, label, text, value)| Sample {
                    labels: Labels::metric(name, [(*label, *text)]),
                    at: Timestamp::default(),
                    value: *value,
                })
                .collect();
            let found = of_samples(&target, &samples);
            assert_eq!(found.as_ref().map(Clean::as_str), version, "{series:?}");
            assert_eq!(of_samples(&row("10.0.0.1:80", "health"), &samples), None, "metrics only");
        }
    }

    #[test]
    fn a_service_goes_by_one_source() {
        // Instances a and b: what health says, what metrics say; who is believed.
        let rows: [([&str; 4], VersionSource, &[&str]); 5] = [
            (["", "", "", ""], VersionSource::Health, &[]),
            (["", "", "1", "1"], VersionSource::BuildInfo, &["1", "1"]),
            (["v1", "v1", "1", "1"], VersionSource::Health, &["v1", "v1"]),
            (["v1", "", "1", "1"], VersionSource::BuildInfo, &["1", "1"]),
            (["v1", "", "", "1"], VersionSource::Health, &["v1"]),
        ];
        for (said, source, versions) in rows {
            let version = |text: &str| (!text.is_empty()).then(|| Clean::new(text));
            let mut targets = Vec::new();
            for (place, instance) in ["10.0.0.1:80", "10.0.0.2:80"].into_iter().enumerate() {
                let mut health = row(instance, "health");
                let seen = crate::target::Observation { version: version(said[place]), ..Default::default() };
                health.observation = Some(seen);
                let mut metrics = row(instance, "metrics");
                metrics.build = version(said[place + 2]);
                targets.extend([health, metrics]);
            }
            let found = Versions::of(targets.iter());
            let words: Vec<&str> = found.said.iter().map(|(_, version)| version.as_str()).collect();
            assert_eq!((found.source, &words[..]), (source, versions), "{said:?}");
        }
    }
}
