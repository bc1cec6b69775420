//! The configuration from the outside: the committed examples, and files that are right or wrong.
#![expect(clippy::disallowed_methods, reason = "tests read the files that they are about")]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use warroom::config::{Config, Problem, Source, document, load};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Source { name, text: fs::read_to_string(path).unwrap() }
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}/*{ending}");
    files
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn good(path: &Path) -> Config {
    load(&[source(path)]).unwrap_or_else(|problems| panic!("{}", told(&problems)))
}

#[test]
fn the_five_contracts_load_without_a_problem() {
    for (file, services, polls, derived) in [
        ("prophet-sentinel", 1, 1, 0),
        ("sparkle", 4, 9, 2),
        ("hashinsight", 1, 6, 0),
        ("stock-ai", 1, 4, 0),
        ("sea-news", 1, 3, 0),
    ] {
        let config = good(&root().join(format!("examples/{file}.toml")));
        assert_eq!(config.services.len(), services, "{file}");
        assert_eq!(config.services.values().map(|s| s.polls.len()).sum::<usize>(), polls, "{file}");
        assert_eq!(config.services.values().map(|s| s.derived.len()).sum::<usize>(), derived, "{file}");
    }
}

#[test]
fn good_files_load() {
    for path in files("tests/data/config", ".good.toml") {
        good(&path);
    }
}

/// Every `# expect: LINE: KEY: TEXT` of a bad file is told, and nothing else is.
#[test]
fn bad_files_tell_every_problem_and_no_other() {
    for path in files("tests/data/config", ".bad.toml") {
        let source = source(&path);
        let wanted: Vec<&str> =
            source.text.lines().filter_map(|line| line.strip_prefix("# expect: ")).collect();
        let Err(problems) = load(std::slice::from_ref(&source)) else { panic!("{} loads", source.name) };
        let told: Vec<String> = problems
            .iter()
            .map(|p| {
                let remedy = p.remedy.as_ref().map(|r| format!("; {r}")).unwrap_or_default();
                format!("{}: {}: {}{remedy}", p.line, p.key, p.message)
            })
            .collect();
        assert_eq!(told, wanted, "{}", source.name);
    }
}

#[test]
fn the_example_file_is_the_shape_with_its_defaults() {
    let path = root().join("config.example.toml");
    if std::env::var_os("WARROOM_WRITE_EXAMPLE").is_some() {
        fs::write(&path, document::example()).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap();
    let hint = "write it anew with WARROOM_WRITE_EXAMPLE=1 cargo test --test config";
    assert_eq!(committed, document::example(), "{hint}");
    let load = |text: &str| {
        let source = Source { name: "config.example.toml".to_owned(), text: text.to_owned() };
        load(&[source]).unwrap_or_else(|problems| panic!("{}", told(&problems)))
    };
    // Commented, it says nothing; uncommented, it says the defaults, and one of everything that has a name.
    let (plain, config, default) =
        (load(&committed), load(&document::uncommented(&committed)), Config::default());
    for config in [&plain, &config] {
        assert_eq!(config.poll, default.poll);
        assert_eq!(config.window, default.window);
        assert_eq!(config.reference, default.reference);
        assert_eq!(config.engine, default.engine);
        assert_eq!(config.ui, default.ui);
    }
    assert!(plain.services.is_empty() && plain.auth.is_empty());
    let polls: std::collections::BTreeSet<&str> =
        config.services["checkout"].polls.iter().map(|poll| poll.kind.word()).collect();
    assert_eq!(polls.len(), 8, "one poll of each kind: {polls:?}");
    assert_eq!(config.auth.len(), 4, "one of each credential");
    assert_eq!(config.services["checkout"].body_limit, 16 << 20);
}

#[test]
fn defaults_are_those_that_are_written_down() {
    let config = Config::default();
    let seconds = |duration: std::time::Duration| duration.as_secs();
    assert_eq!(seconds(config.poll.interval), 15);
    assert_eq!(seconds(config.poll.timeout), 5);
    assert_eq!((config.poll.fails, config.poll.passes), (3, 2));
    assert_eq!(seconds(config.poll.warmup), 60);
    assert_eq!(seconds(config.window), 300);
    assert_eq!((config.engine.memory, seconds(config.engine.retention)), (64 << 20, 6 * 3600));
    let ui = &config.ui;
    assert_eq!(
        (ui.theme.value.as_str(), ui.keys.value.as_str(), ui.zone.value.as_str()),
        ("dark", "default", "UTC")
    );
    assert!(ui.mouse && !ui.read_only);
}

/// As much of JSON Schema as `schema()` uses.
fn fits(schema: &Value, value: &Value) -> bool {
    let Some(members) = schema.as_object() else { return true };
    members.iter().all(|(keyword, want)| match keyword.as_str() {
        "type" => match want.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("type {other}"),
        },
        "properties" => value.as_object().is_none_or(|object| {
            object.iter().all(|(key, value)| want.get(key).is_none_or(|schema| fits(schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = |key: &String| schema["properties"].get(key).is_some();
            object.iter().all(|(key, value)| known(key) || (want.is_object() && fits(want, value)))
        }),
        "required" => want.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(want, item))),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= want.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= want.as_u64().unwrap()),
        "minimum" => value.as_f64().is_none_or(|number| number >= want.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= want.as_f64().unwrap()),
        "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= want.as_u64().unwrap()),
        "pattern" => value
            .as_str()
            .is_none_or(|text| regex::Regex::new(want.as_str().unwrap()).unwrap().is_match(text)),
        "enum" => want.as_array().unwrap().contains(value),
        "const" => want == value,
        "anyOf" => want.as_array().unwrap().iter().any(|schema| fits(schema, value)),
        "oneOf" => want.as_array().unwrap().iter().filter(|schema| fits(schema, value)).count() == 1,
        "not" => false,
        "description" | "default" | "title" | "$schema" => true,
        other => panic!("keyword {other}"),
    })
}

#[test]
fn the_schema_takes_what_loads_and_refuses_what_it_can_see() {
    let schema = warroom::config::schema::schema();
    let value = |text: &str| serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap();
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    for path in files("tests/data/config", ".good.toml").into_iter().chain(files("examples", ".toml")) {
        assert!(fits(&schema, &value(&read(&path))), "{}", path.display());
    }
    let example = document::uncommented(&read(&root().join("config.example.toml")));
    assert!(fits(&schema, &value(&example)));
    for bad in [
        "intervall = 1",
        "slo.x = {}",
        "service.a.poll.h = { kind = \"helth\" }",
        "service.a.poll.h = { kind = \"json\" }",
        "service.a.poll.h = { kind = \"tcp\", llen = [] }",
        "auth.a.bearer = \"hunter2\"",
        "defaults.poll.interval = 15",
        "defaults.poll.interval = \"15\"",
        "service.a.bands.queue = [1]",
    ] {
        assert!(!fits(&schema, &value(bad)), "{bad}");
    }
}
