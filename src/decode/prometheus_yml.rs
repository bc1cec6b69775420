//! Reads a `prometheus.yml`: which jobs it scrapes and which rule files it names, for `warroom init --prometheus`.
//!
//! It only reads: whether a target is an exporter at all is found out by asking it. What cannot be imported (service
//! discovery, relabelling, secrets written down) is said and never guessed. Secrets are never copied: an import holds the
//! *place* of a secret at most.

use crate::text::Clean;
use crate::units::parse_duration;
use serde_json::Value;
use std::time::Duration;

/// The most targets that are taken from one file.
pub const MOST_TARGETS: usize = 5_000;

/// What a `prometheus.yml` tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// Its scrape jobs.
    pub jobs: Vec<Job>,
    /// Its rule files, as written (globs, relative to the file).
    pub rule_files: Vec<String>,
    /// `global.external_labels`
    pub external_labels: Vec<(String, String)>,
    /// What could not be imported, and what was odd.
    pub warnings: Vec<Clean>,
}

/// One scrape job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// `job_name`
    pub name: String,
    /// `http` or `https`
    pub scheme: String,
    /// `metrics_path`, with `params` as its query
    pub path: String,
    /// How often; the global value where the job has none.
    pub interval: Option<Duration>,
    /// Time-out; the global value where the job has none.
    pub timeout: Option<Duration>,
    /// Its static targets.
    pub targets: Vec<Scraped>,
    /// How it authenticates.
    pub auth: ImportedAuth,
}

/// One static target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scraped {
    /// `host:port`
    pub address: String,
    /// Labels of its group.
    pub labels: Vec<(String, String)>,
}

/// How a job authenticates, without any secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ImportedAuth {
    /// Not at all.
    #[default]
    None,
    /// Basic: the user, and the file of the password if there is one.
    Basic {
        /// The user's name.
        user: String,
        /// `password_file`
        password_file: Option<String>,
    },
    /// `Authorization` of this type, with the file of the credentials if there is one.
    Bearer {
        /// `credentials_file` or `bearer_token_file`
        file: Option<String>,
    },
}

/// Reads the text of a `prometheus.yml`.
///
/// # Errors
/// Where and why it is not YAML. Anything that is YAML is read as far as it goes, with warnings.
pub fn read(text: &str) -> Result<Import, String> {
    let root: Value = serde_saphyr::from_str(text)
        .map_err(|e| Clean::new(&format!("cannot read it as YAML: {e}")).to_string())?;
    let mut import = Import::default();
    if !root.is_object() {
        return Err("a prometheus.yml is a map with scrape_configs, this is not".to_owned());
    }
    let global = &root["global"];
    let interval = duration(&global["scrape_interval"], "global.scrape_interval", &mut import);
    let timeout = duration(&global["scrape_timeout"], "global.scrape_timeout", &mut import);
    import.external_labels = labels(&global["external_labels"]);
    import.rule_files = strings(&root["rule_files"]);
    if root.get("scrape_config_files").is_some() {
        import.warn("scrape_config_files are not followed: import them one by one");
    }
    let mut left = MOST_TARGETS;
    for (i, entry) in list(&root["scrape_configs"]).iter().enumerate() {
        let name = scalar(&entry["job_name"]).unwrap_or_else(|| {
            import.warn(&format!("scrape_configs[{i}] has no job_name"));
            format!("job-{i}")
        });
        let job = read_job(name, entry, (interval, timeout), &mut left, &mut import);
        import.jobs.push(job);
        if left == 0 {
            import.warn(&format!("more than {MOST_TARGETS} targets: the rest is left out"));
            break;
        }
    }
    if import.jobs.is_empty() {
        import.warn("no scrape_configs");
    }
    Ok(import)
}

fn read_job(
    name: String,
    entry: &Value,
    (interval, timeout): (Option<Duration>, Option<Duration>),
    left: &mut usize,
    import: &mut Import,
) -> Job {
    let place = |key: &str| format!("job {name}: {key}");
    let own_interval = duration(&entry["scrape_interval"], &place("scrape_interval"), import);
    let own_timeout = duration(&entry["scrape_timeout"], &place("scrape_timeout"), import);
    let mut targets = Vec::new();
    for group in list(&entry["static_configs"]) {
        let labels = labels(&group["labels"]);
        for address in strings(&group["targets"]) {
            if *left == 0 {
                break;
            }
            *left -= 1;
            if address.contains('/') {
                import.warn(&place(&format!("target \"{address}\" is no host:port")));
                continue;
            }
            targets.push(Scraped { address, labels: labels.clone() });
        }
    }
    warn_of_the_rest(&name, entry, targets.is_empty(), import);
    let path = scalar(&entry["metrics_path"]).unwrap_or_else(|| "/metrics".to_owned());
    let path = with_params(path, &entry["params"]);
    let scheme = scalar(&entry["scheme"]).unwrap_or_else(|| "http".to_owned()).to_ascii_lowercase();
    let auth = read_auth(&name, entry, import);
    let (interval, timeout) = (own_interval.or(interval), own_timeout.or(timeout));
    Job { name, scheme, path, interval, timeout, targets, auth }
}

/// Says what a job has that is not taken over.
fn warn_of_the_rest(name: &str, entry: &Value, no_targets: bool, import: &mut Import) {
    let keys: Vec<&String> = entry.as_object().map(|map| map.keys().collect()).unwrap_or_default();
    let discovery: Vec<&str> =
        keys.iter().filter(|key| key.ends_with("_sd_configs")).map(|key| key.as_str()).collect();
    if !discovery.is_empty() {
        let found = discovery.join(", ");
        import.warn(&format!("job {name}: {found} is not followed; name the instances by hand"));
    } else if no_targets {
        import.warn(&format!("job {name}: no static targets"));
    }
    for (key, meaning) in [
        ("relabel_configs", "targets and labels are taken as written"),
        ("metric_relabel_configs", "metrics are taken as the target writes them"),
        ("tls_config", "write an auth table with tls for it"),
        ("proxy_url", "set proxy on the service"),
        ("honor_labels", "the target's own job and instance are overwritten here"),
        ("oauth2", "OAuth 2 is not supported"),
        ("sigv4", "request signing is not supported"),
    ] {
        let set = !matches!(entry.get(key), None | Some(Value::Null | Value::Bool(false)));
        if set {
            import.warn(&format!("job {name}: {key} is not imported: {meaning}"));
        }
    }
}

fn read_auth(name: &str, entry: &Value, import: &mut Import) -> ImportedAuth {
    let mut written_down = |what: &str| {
        import.warn(&format!(
            "job {name}: {what} stands in the file; it is not copied, put it into env: or file:"
        ));
    };
    let basic = &entry["basic_auth"];
    if basic.is_object() {
        if basic.get("password").is_some() {
            written_down("the password");
        }
        let user = scalar(&basic["username"]).unwrap_or_default();
        return ImportedAuth::Basic { user, password_file: scalar(&basic["password_file"]) };
    }
    let authorization = &entry["authorization"];
    if authorization.is_object() {
        if authorization.get("credentials").is_some() {
            written_down("the credential");
        }
        return ImportedAuth::Bearer { file: scalar(&authorization["credentials_file"]) };
    }
    if entry.get("bearer_token").is_some() {
        written_down("the token");
        return ImportedAuth::Bearer { file: None };
    }
    match scalar(&entry["bearer_token_file"]) {
        Some(file) => ImportedAuth::Bearer { file: Some(file) },
        None => ImportedAuth::None,
    }
}

impl Import {
    fn warn(&mut self, text: &str) {
        if self.warnings.len() < 200 {
            self.warnings.push(Clean::new(text));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn strings(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(scalar).collect()
}

fn labels(value: &Value) -> Vec<(String, String)> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect()
}

fn duration(value: &Value, place: &str, import: &mut Import) -> Option<Duration> {
    let text = scalar(value)?;
    parse_duration(&text).map_err(|reason| import.warn(&format!("{place}: {reason}"))).ok()
}

/// `params: {module: [http_2xx]}` -> `?module=http_2xx`
fn with_params(mut path: String, params: &Value) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let mut any = false;
    for (name, values) in params.as_object().into_iter().flatten() {
        for value in strings(values) {
            query.append_pair(name, &value);
            any = true;
        }
    }
    if any {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&query.finish());
    }
    path
}
