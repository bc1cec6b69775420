//! The doctor's facts as JSON, schema 1: keys may be added, none is renamed or removed without a new number.

use super::facts::Facts;
use serde_json::{Value, json};

/// The whole answer.
pub(super) fn write(facts: &Facts) -> Value {
    let terminal = facts.terminal.map(|terminal| {
        json!({
            "interactive": facts.interactive,
            "columns": facts.size.0,
            "rows": facts.size.1,
            "depth": format!("{:?}", terminal.depth).to_lowercase(),
            "utf8": !terminal.ascii,
            "few_glyphs": terminal.few_glyphs,
            "ambiguous_wide": terminal.ambiguous_wide,
            "multiplexer": terminal.multiplexer.map(|kind| format!("{kind:?}").to_lowercase()),
            "ssh": terminal.ssh,
            "variables": facts.variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect::<serde_json::Map<_, _>>(),
        })
    });
    json!({
        "schema": 1,
        "configuration": {
            "candidates": facts.candidates.iter().map(|candidate| json!({
                "path": candidate.path.display().to_string(),
                "why": candidate.why,
                "used": facts.winner.as_ref() == Some(candidate),
            })).collect::<Vec<_>>(),
            "files": facts.files,
            "problems": facts.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "warnings": facts.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "settings": facts.settings.iter().map(|setting| json!({
            "key": setting.key,
            "value": setting.value,
            "layer": setting.layer,
            "from": setting.from,
        })).collect::<Vec<_>>(),
        "state_folder": facts.state.as_ref().map(|folder| json!({
            "path": folder.path.display().to_string(),
            "exists": folder.exists,
            "error": folder.error,
        })),
        "secrets": facts.secrets.iter().map(|secret| json!({
            "used_by": secret.used_by,
            "reference": secret.reference,
            "readable": secret.error.is_none(),
            "error": secret.error,
        })).collect::<Vec<_>>(),
        "targets": facts.targets.iter().map(|target| json!({
            "service": target.service,
            "poll": target.poll,
            "instance": target.instance,
            "state": target.state,
            "fine": target.fine(),
            "took_seconds": target.took.map(|took| took.as_secs_f64()),
            "detail": target.detail,
            "remedy": target.remedy,
        })).collect::<Vec<_>>(),
        "terminal": terminal,
    })
}
