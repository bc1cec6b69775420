//! Files of other tools: sloth's `prometheus/v1` and `OpenSLO` v1. Text becomes objectives as the configuration has them.
//!
//! Pure: it is handed texts. What cannot be taken over is said, with the line, and the good objectives stand.

mod openslo;
mod sloth;
mod yaml;

use crate::config::slo::Slo;
use crate::config::{Place, Problem, Source};
use std::sync::Arc;

/// Problems with a flag: does it keep warroom from starting?
pub type Problems = Vec<(bool, Problem)>;

/// Reads a file of either kind, told by its `version` or `apiVersion`.
pub fn file(source: &Source) -> (Vec<Slo>, Problems) {
    let name: Arc<str> = source.name.as_str().into();
    let mut problems = Vec::new();
    let mut slos = Vec::new();
    let documents = match yaml::documents(&source.text) {
        Ok(documents) => documents,
        Err((line, message)) => {
            let at = Place { file: name, line, column: u32::from(line > 0) };
            problems.push((true, Problem::new(&at, "slo_files", message)));
            return (slos, problems);
        }
    };
    let mut services = Vec::new();
    for document in &documents {
        let version =
            |key: &str| document.root.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let slothful =
            version("version") == "prometheus/v1" || version("apiVersion").starts_with("sloth.slok.dev/");
        if slothful {
            slos.extend(sloth::read(document, &name, &mut problems));
        } else if document.root.get("apiVersion").is_some() {
            openslo::collect(document, &name, &mut services, &mut problems);
        } else {
            let at = document.place(&name, &[]);
            let problem = Problem::new(&at, "slo_files", "is neither sloth's prometheus/v1 nor OpenSLO");
            problems.push((true, problem.with_remedy("remove the file from slo_files, or add its version")));
        }
    }
    slos.extend(openslo::resolve(&services, &name, &mut problems));
    (slos, problems)
}

/// Reads a file of sloth's `prometheus/v1`.
///
/// # Errors
/// Every problem, with its line.
pub fn sloth(text: &str) -> Result<Vec<Slo>, Vec<Problem>> {
    only(text)
}

/// Reads a file of `OpenSLO` v1.
///
/// # Errors
/// Every problem, with its line.
pub fn openslo(text: &str) -> Result<Vec<Slo>, Vec<Problem>> {
    only(text)
}

fn only(text: &str) -> Result<Vec<Slo>, Vec<Problem>> {
    let (slos, problems) = file(&Source { name: String::new(), text: text.to_owned() });
    let fatal: Vec<Problem> =
        problems.into_iter().filter_map(|(fatal, problem)| fatal.then_some(problem)).collect();
    if fatal.is_empty() { Ok(slos) } else { Err(fatal) }
}
