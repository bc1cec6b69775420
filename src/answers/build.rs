//! `/api/v1/status/buildinfo`: which product answers, and in which version.

use super::envelope;
use crate::config::Flavour;
use crate::target::spoken::Build;
use crate::text::Clean;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default)]
struct Raw {
    version: String,
    revision: String,
    branch: String,
    application: String,
    #[serde(rename = "goVersion")]
    go: String,
    features: serde_json::Value,
}

impl Default for Raw {
    fn default() -> Self {
        let empty = String::new;
        Self {
            version: empty(),
            revision: empty(),
            branch: empty(),
            application: empty(),
            go: empty(),
            features: serde_json::Value::Null,
        }
    }
}

/// Reads the answer. Mimir names itself (`application`, or `features`); `VictoriaMetrics` pretends to be a Prometheus
/// 2.24 and tells nothing else; Thanos has no such route on older versions.
///
/// # Errors
/// As the envelope.
pub fn build(body: &[u8]) -> Result<Build, Clean> {
    let (raw, _) = envelope::open::<Raw>(body).map_err(|error| Clean::new(&error.to_string()))?;
    let named = raw.application.to_ascii_lowercase();
    let product = if named.contains("mimir") || named.contains("cortex") || raw.features.is_object() {
        Some(Flavour::Mimir)
    } else if named.contains("warroom") {
        Some(Flavour::Warroom)
    } else if named.contains("thanos") {
        Some(Flavour::Thanos)
    } else if !raw.version.is_empty() && raw.revision.is_empty() && raw.go.is_empty() {
        Some(Flavour::VictoriaMetrics)
    } else if !raw.revision.is_empty() && !raw.branch.is_empty() && is_prometheus(&raw.version) {
        Some(Flavour::Prometheus)
    } else {
        None
    };
    let version = if raw.version.is_empty() { "unknown" } else { &raw.version };
    Ok(Build { version: envelope::words(version), product })
}

/// 2.x and 3.x; Thanos' are 0.x, Cortex' 1.x.
fn is_prometheus(version: &str) -> bool {
    matches!(version.split('.').next().and_then(|major| major.parse::<u32>().ok()), Some(2..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_apart_as_far_as_they_tell() {
        for (body, version, product, wrong) in [
            (
                r#"{"status":"success","data":{"version":"2.42.0+ds","revision":"2.42.0+ds-5","branch":"debian/sid","buildUser":"t","buildDate":"x","goVersion":"go1.19.8"}}"#,
                "2.42.0+ds",
                Some(Flavour::Prometheus),
                Flavour::Thanos,
            ),
            (
                r#"{"status":"success","data":{"application":"Grafana Mimir","version":"2.14.0","revision":"a","branch":"b","goVersion":"go1","features":{"ruler_config_api":"true"}}}"#,
                "2.14.0",
                Some(Flavour::Mimir),
                Flavour::Prometheus,
            ),
            (
                r#"{"status":"success","data":{"version":"2.24.0"}}"#,
                "2.24.0",
                Some(Flavour::VictoriaMetrics),
                Flavour::Mimir,
            ),
            (
                r#"{"status":"success","data":{"version":"0.34.1","revision":"a","branch":"HEAD","goVersion":"go1"}}"#,
                "0.34.1",
                None,
                Flavour::Thanos,
            ),
        ] {
            let build = build(body.as_bytes()).unwrap();
            assert_eq!((build.version.as_str(), build.product), (version, product), "{body}");
            assert_eq!(build.contradicts(wrong).is_some(), product.is_some_and(|product| product != wrong));
            assert_eq!(product.and_then(|product| build.contradicts(product)), None);
        }
        assert!(build(b"404 page not found").is_err());
    }
}
