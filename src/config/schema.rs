//! The JSON Schema (draft 7, which TOML editors read) of the configuration, made from the shape.

use super::shape::{Field, Groups, Kind, ROOT, Variant};
use super::walk::what;
use serde_json::{Map, Value, json};

/// The schema of the whole file.
pub fn schema() -> Value {
    let mut schema = table(&[ROOT]);
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        members.insert("title".to_owned(), json!("warroom configuration"));
    }
    schema
}

fn table(groups: Groups) -> Value {
    object(groups, None)
}

fn object(groups: Groups, tag: Option<&Variant>) -> Value {
    let fields = || groups.iter().flat_map(|group| group.iter());
    let mut properties: Map<String, Value> =
        fields().map(|field| (field.key.to_owned(), property(field))).collect();
    let mut required: Vec<&str> = fields().filter(|field| field.required).map(|field| field.key).collect();
    if let Some(variant) = tag {
        properties.insert("kind".to_owned(), json!({ "const": variant.word, "description": variant.doc }));
        required.push("kind");
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(field: &Field) -> Value {
    if matches!(field.kind, Kind::NotYet) {
        return json!({ "not": {}, "description": format!("{} Not built yet in this version.", field.doc) });
    }
    let mut schema = kind(&field.kind);
    let mut description = field.doc.to_owned();
    if let Some(detail) = detail(&field.kind) {
        description = format!("{description} {detail}");
    }
    schema["description"] = json!(description);
    // A default is shown as TOML: JSON has no way to say a table's.
    if let Some(default) = field.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        schema["default"] = default;
    }
    schema
}

fn detail(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Text(check) => Some(format!("({})", check.what)),
        Kind::Duration { .. } | Kind::Size { .. } | Kind::Secret | Kind::Secrets => {
            Some(format!("({})", what(kind)))
        }
        Kind::Word(words) => {
            Some(words.iter().map(|(word, doc)| format!("\"{word}\": {doc}.")).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Whole { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Ratio => json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" },
        ] }),
        Kind::Text(_) | Kind::Name => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "enum": words.iter().map(|(word, _)| *word).collect::<Vec<_>>() }),
        Kind::Duration { .. } => {
            let units = "([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";
            json!({ "type": "string", "pattern": format!("^(0|{units})$"), "minLength": 1 })
        }
        Kind::Size { min } => json!({ "anyOf": [
            { "type": "integer", "minimum": min },
            { "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB|kB|KB|MB|GB)?$" },
        ] }),
        Kind::Secret => json!({ "type": "string", "pattern": "^(env|file|cmd):." }),
        Kind::Secrets => {
            let one = self::kind(&Kind::Secret);
            json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
        }
        Kind::List(of) => json!({ "type": "array", "items": self::kind(of) }),
        Kind::OneOrMore(of) => {
            let one = self::kind(of);
            json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
        }
        Kind::Pair(of) => json!({ "type": "array", "items": self::kind(of), "minItems": 2, "maxItems": 2 }),
        Kind::Table(groups) => table(groups),
        Kind::Tagged(variants) => {
            let all: Vec<Value> =
                variants.iter().map(|variant| object(variant.groups, Some(variant))).collect();
            json!({ "oneOf": all })
        }
        Kind::Map { of, .. } => json!({ "type": "object", "additionalProperties": self::kind(of) }),
        Kind::Json => json!({}),
        Kind::NotYet => json!({ "not": {} }),
    }
}
