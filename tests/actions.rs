//! Actions as they are configured: presets and what they send, problems, verdicts, lists and conditions.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom::action::listing::{Condition, Listing};
use warroom::action::spec::ParamKind;
use warroom::action::template::Template;
use warroom::action::verdict::{judge, restart_cost};
use warroom::action::{Draft, Effect, Facts, Figures, Policy, Proposal, Request, presets};
use warroom::config::{Source, load};
use warroom::plan::Plan;
use warroom::target::health::State;
use warroom::text::Clean;
use warroom::units::Timestamp;

fn compile(text: &str) -> Result<Plan, Vec<String>> {
    let source = Source { name: "t.toml".to_owned(), text: text.to_owned() };
    let told = |problems: Vec<warroom::config::Problem>| problems.iter().map(ToString::to_string).collect();
    load(&[source]).and_then(|config| Plan::compile(&config, 1)).map_err(told)
}

const SERVICE: &str =
    "[service.shop]\nenvironment = \"prod\"\ninstances = [\"http://a:1\"]\n[environment.prod]\n";

/// The request of a preset, its listed parameter chosen from `listed`.
fn request(preset: &str, more: &str, values: &[(&str, &str)], listed: &Value) -> Request {
    let text = format!("{SERVICE}[action.x]\npreset = \"{preset}\"\nservices = [\"shop\"]\n{more}\n");
    let plan = compile(&text).unwrap_or_else(|problems| panic!("{preset}: {problems:#?}"));
    let action = Arc::clone(&plan.actions[0]);
    let mut choices = BTreeMap::new();
    for param in &action.params {
        if let ParamKind::Listed(listing) = &param.kind {
            choices.insert(param.name.clone(), listing.choices(listed).unwrap());
        }
    }
    let draft = Draft {
        action,
        service: "shop".into(),
        instances: Vec::new(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        choices,
        who: warroom::journal::Who { user: Clean::new("anna"), ..Default::default() },
        incident: None,
        facts: Facts::default(),
        nonce: 1,
        at: Timestamp::default(),
    };
    let proposal = Proposal::new(draft).unwrap_or_else(|refused| panic!("{preset}: {refused}"));
    proposal.requests(&Clean::new("why"), Timestamp::default()).unwrap().remove(0)
}

/// Preset, more TOML, parameters, the body that a list was read from, the request line, the body sent.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a Value, String, Value);

#[test]
fn every_preset_sends_what_its_ecosystem_takes() {
    let workers = json!({ "celery@w1": true, "celery@w2": false });
    let caches =
        json!({ "cacheManagers": { "cacheManager": { "caches": { "cities/eu": { "target": "x" } } } } });
    let breakers = json!({ "circuitBreakers": { "backendA": { "state": "OPEN" } } });
    let sets = json!({ "items": [
        { "metadata": { "annotations": { "deployment.kubernetes.io/revision": "3" } }, "status": { "replicas": 2 },
          "spec": { "template": { "metadata": { "labels": { "app": "shop", "pod-template-hash": "c" } } } } },
        { "metadata": { "annotations": { "deployment.kubernetes.io/revision": "2" } }, "status": { "replicas": 0 },
          "spec": { "template": { "metadata": { "labels": { "app": "shop", "pod-template-hash": "b" } } } } },
    ] });
    let history =
        json!({ "status": { "history": [{ "id": 4, "revision": "abc" }, { "id": 5, "revision": "def" }] } });
    let versions = json!([{ "id": "2", "current": true }, { "id": "1", "current": false }]);
    let colours =
        json!({ "colours": [{ "name": "blue", "active": true }, { "name": "green", "active": false }] });
    let queues = json!([{ "name": "orders/new" }]);
    let base = "base = \"https://k:6443\"";
    let deployment = "https://k:6443/apis/apps/v1/namespaces/default/deployments/shop?fieldManager=warroom";
    let app = "https://k:6443/api/v1/applications/shop";
    let none = Value::Null;
    let rows: Vec<Row<'_>> = vec![
        ("admin-api.restart", "", &[], &none, "POST http://a:1/admin/restart".into(), none.clone()),
        ("admin-api.flush-cache", "", &[], &none, "POST http://a:1/admin/cache/flush".into(), none.clone()),
        (
            "admin-api.rollback",
            "",
            &[("version", "1")],
            &versions,
            "POST http://a:1/admin/rollback".into(),
            json!({ "version": "1" }),
        ),
        (
            "hashinsight.clear-coalescing-cache",
            "",
            &[],
            &none,
            "POST http://a:1/api/performance/clear-coalescing-cache".into(),
            none.clone(),
        ),
        (
            "blue-green.switch",
            "params.colour = { from = \"/t\", items = \"/colours\", value = \"/name\", current = \"/active\" }",
            &[("colour", "green")],
            &colours,
            "PUT http://a:1/admin/traffic".into(),
            json!({ "active": "green" }),
        ),
        ("http.post", "request.path = \"/x\"", &[], &none, "POST http://a:1/x".into(), none.clone()),
        ("http.delete", "request.path = \"/x\"", &[], &none, "DELETE http://a:1/x".into(), none.clone()),
        ("actuator.restart", "", &[], &none, "POST http://a:1/actuator/restart".into(), none.clone()),
        ("actuator.refresh", "", &[], &none, "POST http://a:1/actuator/refresh".into(), none.clone()),
        (
            "actuator.clear-cache",
            "",
            &[("cache", "cities/eu")],
            &caches,
            "DELETE http://a:1/actuator/caches/cities%2Feu?cacheManager=cacheManager".into(),
            none.clone(),
        ),
        ("actuator.clear-caches", "", &[], &none, "DELETE http://a:1/actuator/caches".into(), none.clone()),
        (
            "actuator.breaker",
            "",
            &[("breaker", "backendA"), ("state", "CLOSE")],
            &breakers,
            "POST http://a:1/actuator/circuitbreakers/backendA".into(),
            json!({ "updateState": "CLOSE" }),
        ),
        (
            "kubernetes.restart",
            base,
            &[],
            &none,
            format!("PATCH {deployment}"),
            json!({ "spec": { "template": { "metadata": { "annotations": {
                "kubectl.kubernetes.io/restartedAt": "1970-01-01T00:00:00Z" } } } } }),
        ),
        (
            "kubernetes.rollback",
            base,
            &[("revision", "2")],
            &sets,
            format!("PATCH {deployment}"),
            json!([{ "op": "replace", "path": "/spec/template", "value": { "metadata": { "labels": { "app": "shop" } } } }]),
        ),
        (
            "argocd.restart",
            base,
            &[],
            &none,
            format!(
                "POST {app}/resource/actions?project=default&namespace=default&resourceName=shop&group=apps&version=v1&kind=Deployment"
            ),
            json!("restart"),
        ),
        (
            "argocd.restart-v2",
            base,
            &[],
            &none,
            format!("POST {app}/resource/actions/v2"),
            json!({ "name": "shop", "project": "default", "namespace": "default", "resourceName": "shop",
                "group": "apps", "version": "v1", "kind": "Deployment", "action": "restart" }),
        ),
        (
            "argocd.sync",
            base,
            &[],
            &none,
            format!("POST {app}/sync?project=default"),
            json!({ "prune": false, "dryRun": false }),
        ),
        (
            "argocd.rollback",
            base,
            &[("deployment", "4")],
            &history,
            format!("POST {app}/rollback?project=default"),
            json!({ "id": 4, "prune": false, "dryRun": false }),
        ),
        (
            "argocd.auto-sync-off",
            base,
            &[],
            &none,
            format!("PATCH {app}?project=default"),
            json!({ "name": "shop", "project": "default", "patchType": "merge",
                "patch": "{\"spec\":{\"syncPolicy\":{\"automated\":null}}}" }),
        ),
        (
            "flower.pool-restart",
            "",
            &[("worker", "celery@w1")],
            &workers,
            "POST http://a:1/api/worker/pool/restart/celery%40w1".into(),
            none.clone(),
        ),
        (
            "rabbitmq.purge",
            "",
            &[("queue", "orders/new")],
            &queues,
            "DELETE http://a:1/api/queues/%2F/orders%2Fnew/contents".into(),
            none.clone(),
        ),
        (
            "alertmanager.silence",
            base,
            &[("alert", "HighErrorRate"), ("until", "2026-01-01T00:00:00Z")],
            &none,
            "POST https://k:6443/api/v2/silences".into(),
            json!({ "matchers": [{ "name": "alertname", "value": "HighErrorRate", "isRegex": false, "isEqual": true }],
                "startsAt": "1970-01-01T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z", "createdBy": "anna", "comment": "why" }),
        ),
    ];
    assert_eq!(rows.len(), presets::all().count(), "each preset is tried");
    for (preset, more, values, listed, line, body) in rows {
        let request = request(preset, more, values, listed);
        assert_eq!(format!("{} {}", request.method.word(), request.url), line, "{preset}");
        let sent: Value = serde_json::from_slice(&request.body.bytes()).unwrap_or_default();
        assert_eq!(sent, body, "{preset}");
    }
}

#[test]
fn what_is_wrong_with_an_action_is_told_all_at_once() {
    let text = format!(
        "{SERVICE}{}",
        r#"freeze = ["Fri 16:00 - Mon 08:00 Mars/Base"]
[action.a]
preset = "admin-api.restat"
services = ["shop"]
[action.b]
services = ["shop"]
request = { path = "/x/{nobody}", json = { a = "{" }, headers = { A = "{b}" } }
params.version = { from = "/v", only = ["nonsense"] }
params.pattern = { pattern = "(" }
params.user = {}
vars = { at = "x" }
settle = { expr = "sum(" }
checks.c = { path = "/c", when = ["/a = 1"] }
job = { url = "somewhere" }
[action.c]
services = []
"#
    );
    let problems = compile(&text).unwrap_err();
    for wanted in [
        "environment.prod.freeze: names no time zone",
        "action.a.preset: there is no preset \"admin-api.restat\"",
        "action.b.request.path: nothing fills {nobody}",
        "action.b.request.json: has a brace",
        "action.b.request.headers.A: nothing fills {b}",
        "action.b.params.version.only: is no condition",
        "action.b.params.pattern.pattern: is no regular expression",
        "action.b.params.user: is a hole that warroom fills itself",
        "action.b.vars: names a hole that warroom fills itself",
        "action.b.settle.expr: ",
        "action.b.checks.c.when: is no condition",
        "action.b.job.url: says no place of a job",
        "action.c.services: is for no service",
        "action.c.request: \"path\" is missing",
    ] {
        let found = problems.iter().filter(|problem| problem.contains(wanted)).count();
        assert_eq!(found, 1, "{wanted}\n{problems:#?}");
    }
    assert_eq!(problems.len(), 14, "{problems:#?}");
}

#[test]
fn a_reload_never_makes_a_policy_more_generous() {
    let prod = |more: &str| {
        let text = format!("{SERVICE}{more}\n");
        compile(&text).unwrap_or_else(|problems| panic!("{problems:#?}")).action_policy("shop")
    };
    let lowered = |new: &str, old: &str| prod(new).lowered_to(&prod(old));
    let (confirm, off) = ("actions = \"confirm\"", "actions = \"off\"");
    assert_eq!(lowered(confirm, off), prod(off));
    assert_eq!(lowered(off, confirm), prod(off));
    let users = |list: &str| format!("{confirm}\nusers = {list}");
    assert_eq!(lowered(&users("[]"), &users("[\"a\"]")), prod(&users("[\"a\"]")));
    assert_eq!(lowered(&users("[\"a\", \"b\"]"), &users("[\"b\"]")), prod(&users("[\"b\"]")));
    let nobody = lowered(&users("[\"a\"]"), &users("[\"b\"]"));
    assert!(!nobody.users.is_empty() && !nobody.users.iter().any(|user| user == "a" || user == "b"));
    let kinds = |list: &str| format!("{confirm}\nkinds = {list}");
    assert_eq!(lowered(&kinds("[]"), &kinds("[\"restart\"]")), prod(&kinds("[\"restart\"]")));
    assert_eq!(
        lowered(&kinds("[\"custom\"]"), &kinds("[\"restart\"]")).actions,
        warroom::config::Actions::Off
    );
    let keys = |word: &str| format!("{confirm}\ntwo_key = \"{word}\"");
    assert_eq!(lowered(&keys("never"), &keys("production")), prod(&keys("production")));
    assert_eq!(lowered(&keys("service"), &keys("production")), prod(&keys("service")));
    let freeze = format!("{confirm}\nfreeze = [\"Fri 16:00 - Mon 08:00 UTC\"]");
    assert_eq!(lowered(confirm, &freeze), prod(&freeze));
    assert_eq!(Policy::default().lowered_to(&prod(confirm)).actions, warroom::config::Actions::Off);
}

#[test]
fn a_verdict_needs_more_than_noise() {
    let facts = |health, p95, errors, queue| Facts {
        health,
        figures: Figures {
            p95: Some(p95),
            errors: Some(errors),
            burn: None,
            queue: Some(queue),
            requests: Some(50.0),
        },
        ..Facts::default()
    };
    let up = State::Up;
    let rows = [
        (facts(up, 0.5, 0.04, 0.0), facts(up, 0.5, 0.001, 0.0), 300, Effect::Helped),
        (facts(up, 0.5, 0.001, 0.0), facts(up, 0.5, 0.04, 0.0), 300, Effect::Worse),
        // 50 requests a second over 5 min: 15,000 requests; 4.0% and 4.2% do not differ.
        (facts(up, 0.5, 0.04, 0.0), facts(up, 0.5, 0.042, 0.0), 300, Effect::NoEffect),
        (facts(up, 0.5, 0.0, 0.0), facts(up, 0.42, 0.0, 0.0), 300, Effect::NoEffect),
        (facts(up, 0.5, 0.0, 0.0), facts(up, 0.3, 0.0, 0.0), 300, Effect::Helped),
        (facts(up, 0.004, 0.0, 0.0), facts(up, 0.008, 0.0, 0.0), 300, Effect::NoEffect),
        (facts(up, 0.1, 0.0, 4_000.0), facts(up, 0.1, 0.0, 100.0), 300, Effect::Helped),
        (facts(up, 0.1, 0.0, 5.0), facts(up, 0.1, 0.0, 14.0), 300, Effect::NoEffect),
        // Errors weigh more than latency, health more than both.
        (facts(up, 0.1, 0.04, 0.0), facts(up, 0.9, 0.0, 0.0), 300, Effect::Helped),
        (facts(up, 0.5, 0.04, 0.0), facts(State::Down, 0.1, 0.0, 0.0), 300, Effect::Worse),
        (facts(State::Down, 0.5, 0.04, 0.0), facts(up, 0.5, 0.04, 0.0), 300, Effect::Helped),
        // Rates that look back 5 min say nothing after 1 min; health does.
        (facts(up, 0.5, 0.04, 0.0), facts(up, 0.5, 0.0, 0.0), 60, Effect::TooEarly),
        (facts(up, 0.5, 0.04, 0.0), facts(State::Down, 0.5, 0.0, 0.0), 60, Effect::Worse),
        // An instance more, of as many, is seen at once; of another number of them, it says nothing.
        (
            Facts { instances: (1, 2), ..facts(up, 0.1, 0.04, 0.0) },
            Facts { instances: (2, 2), ..facts(up, 0.5, 0.04, 0.0) },
            60,
            Effect::Helped,
        ),
        (
            Facts { instances: (2, 2), ..facts(up, 0.1, 0.04, 0.0) },
            Facts { instances: (1, 2), ..facts(up, 0.1, 0.0, 0.0) },
            300,
            Effect::Worse,
        ),
        (
            Facts { instances: (1, 2), ..facts(up, 0.1, 0.0, 0.0) },
            Facts { instances: (3, 3), ..facts(up, 0.1, 0.0, 0.0) },
            300,
            Effect::NoEffect,
        ),
        // What is not known is not judged.
        (Facts { health: up, ..Facts::default() }, facts(up, 0.5, 0.9, 0.0), 300, Effect::NoEffect),
        (facts(up, f64::NAN, 0.0, 0.0), facts(up, 0.5, 0.0, 0.0), 300, Effect::NoEffect),
    ];
    for (number, (before, after, since, wanted)) in rows.into_iter().enumerate() {
        let verdict = judge(&before, &after, Duration::from_secs(since), Duration::from_secs(300));
        assert_eq!(verdict.effect, wanted, "row {number}: {verdict:?}");
    }
    let away = Duration::from_secs(13);
    assert_eq!((restart_cost(1, away).least, restart_cost(1, away).most), (away, away));
    assert_eq!((restart_cost(3, away).least, restart_cost(3, away).most), (Duration::ZERO, away));
}

#[test]
fn conditions_hold_or_do_not() {
    let answer = json!({ "a": 1, "b": 1.0, "s": "x y", "t": true, "n": null, "o": {}, "d": { "e/f": 2 } });
    for (text, wanted) in [
        ("/a == 1", true),
        ("/a == /b", true),
        ("/a != 2", true),
        ("/d/e~1f >= /a", true),
        ("/a > /b", false),
        ("/a <= 1", true),
        ("/s == \"x y\"", true),
        ("/t == true", true),
        ("/o present", true),
        ("/n absent", true),
        ("/x absent", true),
        ("/x == 1", false),
        ("/x != 1", true),
        ("/x >= 0", false),
        ("/s > 1", false),
        ("/x absent or /a == 2", true),
        ("/a absent or /a == 1", true),
        ("/a absent or /a == 2", false),
        ("/a == 2 or /b == 2 or /s == \"x y\"", true),
        // Within quotes it is text.
        ("/s == \"x or /a == 1\"", false),
        ("/s == \"\\\" or /a == 1\"", false),
    ] {
        let condition = Condition::parse(text).unwrap();
        assert_eq!(condition.holds(&answer), wanted, "{text}");
        assert_eq!(Condition::parse(&condition.to_string()), Ok(condition), "{text}");
    }
    for bad in [
        "",
        "/a",
        "a == 1",
        "/a = 1",
        "/a == {}",
        "/a == x",
        "/a ==",
        "/a present or ",
        " or /a present",
        "/a present or b",
    ] {
        assert!(Condition::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn lists_are_taken_as_they_come_and_no_further_than_they_go() {
    let listing = Listing { value: "/id".to_owned(), current: Some("/now".to_owned()), ..Listing::default() };
    let long: Vec<Value> = (0..10_000).map(|id| json!({ "id": id })).collect();
    for (answer, wanted) in [
        (json!([{ "id": "a" }, { "id": 7, "now": true }, { "other": 1 }, 3, { "id": [] }]), Ok(2)),
        (Value::Array(long), Ok(500)),
        (json!([]), Err("the list is empty")),
        (json!("x"), Err("neither a list nor an object at \"\"")),
    ] {
        let found = listing.choices(&answer).map(|choices| choices.len());
        assert_eq!(found, wanted.map_err(str::to_owned));
    }
    let braces: [(&str, Option<&[&str]>); 6] = [
        ("/a/{b}/{c.d}", Some(&["b", "c.d"])),
        ("{{literal}}", Some(&[])),
        ("{", None),
        ("}", None),
        ("{a b}", None),
        ("{}", None),
    ];
    for (text, holes) in braces {
        let found = Template::parse(text).ok();
        assert_eq!(found.as_ref().map(|t| t.holes().collect::<Vec<_>>()), holes.map(<[_]>::to_vec), "{text}");
    }
}
