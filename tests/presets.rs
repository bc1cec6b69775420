//! Every preset over a real socket, as a whole: what is listed, which pre-checks are made, the one request that changes
//! something, and what is asked until it has settled. Compared with what each ecosystem's own documentation says it takes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's helpers may fail")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::{Act, Fake, http, serve};
use tokio::sync::watch;
use warroom::action::entry::How;
use warroom::action::spec::ParamKind;
use warroom::action::template::Fields;
use warroom::action::{Action, Draft, Facts, Ledger, Proposal, Typed, authorize, presets};
use warroom::config::{Source, load};
use warroom::io::act::{self, Ran, Records, Seen, Stop, World};
use warroom::io::http::Http;
use warroom::journal::{Entry, Who};
use warroom::plan::Plan;
use warroom::runtime::now;
use warroom::text::Clean;

/// What a service answers: method and target, status, further headers, body.
type Answers = &'static [(&'static str, u16, &'static str, &'static str)];

struct Row {
    preset: &'static str,
    /// More lines of the action's table.
    more: &'static str,
    values: &'static [(&'static str, &'static str)],
    answers: Answers,
    /// What arrives, in order: `METHOD TARGET`, then content type, own headers and body where there are any.
    arrives: &'static [&'static str],
}

const DEPLOYMENT: &str = r#"{"metadata":{"generation":4},"spec":{"replicas":2},"status":{"observedGeneration":4,"replicas":2,"updatedReplicas":2,"availableReplicas":2}}"#;
const SETS: &str = r#"{"items":[{"metadata":{"annotations":{"deployment.kubernetes.io/revision":"3"},"creationTimestamp":"2026-01-02T00:00:00Z"},"status":{"replicas":2},"spec":{"template":{"metadata":{"labels":{"app":"shop","pod-template-hash":"c"}},"spec":{"containers":[{"name":"shop","image":"shop:3"}]}}}},{"metadata":{"annotations":{"deployment.kubernetes.io/revision":"2"},"creationTimestamp":"2026-01-01T00:00:00Z"},"status":{"replicas":0},"spec":{"template":{"metadata":{"labels":{"app":"shop","pod-template-hash":"b"}},"spec":{"containers":[{"name":"shop","image":"shop:2"}]}}}}]}"#;
const APP: &str = r#"{"spec":{"syncPolicy":{}},"status":{"health":{"status":"Healthy"},"sync":{"status":"Synced"},"operationState":{"phase":"Succeeded"},"history":[{"id":4,"revision":"abc","deployedAt":"2026-01-01T00:00:00Z"},{"id":5,"revision":"def","deployedAt":"2026-01-02T00:00:00Z"}]}}"#;
const APP_SWITCHED_OFF: &str = r#"{"spec":{"syncPolicy":{"automated":{"enabled":false,"prune":true}}},"status":{"health":{"status":"Healthy"},"sync":{"status":"Synced"},"operationState":{"phase":"Succeeded"},"history":[{"id":4,"revision":"abc","deployedAt":"2026-01-01T00:00:00Z"},{"id":5,"revision":"def","deployedAt":"2026-01-02T00:00:00Z"}]}}"#;
const JOB: &str = r#"{"id":"7","state":"done"}"#;
const UP: &str = r#"{"status":"UP"}"#;

const ROWS: &[Row] = &[
    Row {
        preset: "admin-api.restart",
        more: "settle = { limit = \"0s\" }",
        values: &[],
        answers: &[
            ("POST /admin/restart", 202, "location: /admin/jobs/7\r\n", "{}"),
            ("GET /admin/jobs/7", 200, "", JOB),
        ],
        arrives: &["POST /admin/restart key reason actor", "GET /admin/jobs/7"],
    },
    Row {
        preset: "admin-api.flush-cache",
        more: "settle = { limit = \"0s\" }",
        values: &[],
        answers: &[
            ("POST /admin/cache/flush", 202, "location: /admin/jobs/7\r\n", "{}"),
            ("GET /admin/jobs/7", 200, "", JOB),
        ],
        arrives: &["POST /admin/cache/flush key reason actor", "GET /admin/jobs/7"],
    },
    Row {
        preset: "admin-api.rollback",
        more: "settle = { limit = \"0s\" }",
        values: &[("version", "2.13.2")],
        answers: &[
            (
                "GET /admin/versions",
                200,
                "",
                r#"[{"id":"2.14.0","current":true,"deployed_at":"2026-03-02T13:49:00Z"},{"id":"2.13.2","current":false,"deployed_at":"2026-02-19T08:12:00Z"}]"#,
            ),
            ("POST /admin/rollback", 202, "location: /admin/jobs/7\r\n", "{}"),
            ("GET /admin/jobs/7", 200, "", JOB),
        ],
        arrives: &[
            "GET /admin/versions",
            r#"POST /admin/rollback application/json key reason actor {"version":"2.13.2"}"#,
            "GET /admin/jobs/7",
        ],
    },
    Row {
        preset: "hashinsight.clear-coalescing-cache",
        more: "settle = { limit = \"0s\" }",
        values: &[],
        answers: &[("POST /api/performance/clear-coalescing-cache", 200, "", "{}")],
        arrives: &["POST /api/performance/clear-coalescing-cache key reason actor"],
    },
    Row {
        preset: "blue-green.switch",
        more: "settle = { limit = \"0s\" }",
        values: &[("colour", "green")],
        answers: &[
            (
                "GET /admin/traffic",
                200,
                "",
                r#"{"colours":[{"name":"blue","active":true},{"name":"green","active":false}]}"#,
            ),
            ("PUT /admin/traffic", 200, "", ""),
        ],
        arrives: &[
            "GET /admin/traffic",
            r#"PUT /admin/traffic application/json key reason actor {"active":"green"}"#,
        ],
    },
    Row {
        preset: "http.post",
        more: "request = { path = \"/own\", accept = [202] }\nsettle = { limit = \"0s\" }\njob = { url = \"/tasks/{job}\", id = \"/id\", state = \"/status\", done = [\"succeeded\"], failed = [\"failed\"], interval = \"200ms\" }",
        values: &[],
        answers: &[
            ("POST /own", 202, "", r#"{"id":"a/7"}"#),
            ("GET /tasks/a%2F7", 200, "", r#"{"status":"succeeded"}"#),
        ],
        arrives: &["POST /own key reason actor", "GET /tasks/a%2F7"],
    },
    Row {
        preset: "http.delete",
        more: "request = { path = \"/own\", accept = [202] }\nsettle = { limit = \"0s\" }\njob = { url = \"json:/links/job\" }",
        values: &[],
        answers: &[
            ("DELETE /own", 202, "", r#"{"links":{"job":"/jobs/8?full=1"}}"#),
            ("GET /jobs/8?full=1", 200, "", r#"{"state":"done"}"#),
        ],
        arrives: &["DELETE /own key reason actor", "GET /jobs/8?full=1"],
    },
    Row {
        preset: "actuator.restart",
        more: "",
        values: &[],
        answers: &[
            ("POST /actuator/restart", 200, "", r#"{"message":"Restarting"}"#),
            ("GET /actuator/health", 200, "", UP),
        ],
        arrives: &["POST /actuator/restart key reason actor", "GET /actuator/health"],
    },
    Row {
        preset: "actuator.refresh",
        more: "",
        values: &[],
        answers: &[
            ("POST /actuator/refresh", 200, "", r#"["config.client.version"]"#),
            ("GET /actuator/health", 200, "", UP),
        ],
        arrives: &["POST /actuator/refresh key reason actor", "GET /actuator/health"],
    },
    Row {
        preset: "actuator.clear-cache",
        more: "settle = { limit = \"0s\" }",
        values: &[("cache", "cities/eu")],
        answers: &[
            (
                "GET /actuator/caches",
                200,
                "",
                r#"{"cacheManagers":{"cacheManager":{"caches":{"cities/eu":{"target":"ConcurrentHashMap"}}}}}"#,
            ),
            ("DELETE /actuator/caches/cities%2Feu?cacheManager=cacheManager", 204, "", ""),
        ],
        arrives: &[
            "GET /actuator/caches",
            "DELETE /actuator/caches/cities%2Feu?cacheManager=cacheManager key reason actor",
        ],
    },
    Row {
        preset: "actuator.clear-caches",
        more: "settle = { limit = \"0s\" }",
        values: &[],
        answers: &[("DELETE /actuator/caches", 204, "", "")],
        arrives: &["DELETE /actuator/caches key reason actor"],
    },
    Row {
        preset: "actuator.breaker",
        more: "settle = { limit = \"0s\" }",
        values: &[("breaker", "backendA"), ("state", "CLOSE")],
        answers: &[
            (
                "GET /actuator/circuitbreakers",
                200,
                "",
                r#"{"circuitBreakers":{"backendA":{"state":"OPEN"}}}"#,
            ),
            (
                "POST /actuator/circuitbreakers/backendA",
                200,
                "",
                r#"{"circuitBreakerName":"backendA","currentState":"CLOSED","message":"…"}"#,
            ),
        ],
        arrives: &[
            "GET /actuator/circuitbreakers",
            r#"POST /actuator/circuitbreakers/backendA application/json key reason actor {"updateState":"CLOSE"}"#,
        ],
    },
    Row {
        preset: "kubernetes.restart",
        more: "",
        values: &[],
        answers: &[
            (
                "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                201,
                "",
                r#"{"status":{"allowed":true}}"#,
            ),
            (
                "PATCH /apis/apps/v1/namespaces/default/deployments/shop?dryRun=All&fieldManager=warroom",
                200,
                "",
                DEPLOYMENT,
            ),
            ("GET /apis/apps/v1/namespaces/default/deployments/shop", 200, "", DEPLOYMENT),
            (
                "PATCH /apis/apps/v1/namespaces/default/deployments/shop?fieldManager=warroom",
                200,
                "",
                DEPLOYMENT,
            ),
        ],
        arrives: &[
            r#"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews application/json {"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"group":"apps","name":"shop","namespace":"default","resource":"deployments","verb":"patch"}}}"#,
            r#"PATCH /apis/apps/v1/namespaces/default/deployments/shop?dryRun=All&fieldManager=warroom application/strategic-merge-patch+json {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"AT"}}}}}"#,
            "GET /apis/apps/v1/namespaces/default/deployments/shop",
            r#"PATCH /apis/apps/v1/namespaces/default/deployments/shop?fieldManager=warroom application/strategic-merge-patch+json actor {"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"AT"}}}}}"#,
            "GET /apis/apps/v1/namespaces/default/deployments/shop",
        ],
    },
    Row {
        preset: "kubernetes.rollback",
        more: "",
        values: &[("revision", "2")],
        answers: &[
            (
                "GET /apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Dshop&limit=100",
                200,
                "",
                SETS,
            ),
            (
                "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                201,
                "",
                r#"{"status":{"allowed":true}}"#,
            ),
            (
                "PATCH /apis/apps/v1/namespaces/default/deployments/shop?dryRun=All&fieldManager=warroom",
                200,
                "",
                DEPLOYMENT,
            ),
            ("GET /apis/apps/v1/namespaces/default/deployments/shop", 200, "", DEPLOYMENT),
            (
                "PATCH /apis/apps/v1/namespaces/default/deployments/shop?fieldManager=warroom",
                200,
                "",
                DEPLOYMENT,
            ),
        ],
        arrives: &[
            "GET /apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Dshop&limit=100",
            r#"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews application/json {"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"group":"apps","name":"shop","namespace":"default","resource":"deployments","verb":"patch"}}}"#,
            r#"PATCH /apis/apps/v1/namespaces/default/deployments/shop?dryRun=All&fieldManager=warroom application/json-patch+json [{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[{"image":"shop:2","name":"shop"}]}}}]"#,
            "GET /apis/apps/v1/namespaces/default/deployments/shop",
            r#"PATCH /apis/apps/v1/namespaces/default/deployments/shop?fieldManager=warroom application/json-patch+json actor [{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[{"image":"shop:2","name":"shop"}]}}}]"#,
            "GET /apis/apps/v1/namespaces/default/deployments/shop",
        ],
    },
    Row {
        preset: "argocd.restart",
        more: "",
        values: &[],
        answers: &[
            (
                "POST /api/v1/applications/shop/resource/actions?project=default&namespace=default&resourceName=shop&group=apps&version=v1&kind=Deployment",
                200,
                "",
                "{}",
            ),
            ("GET /api/v1/applications/shop?project=default&refresh=normal", 200, "", APP),
        ],
        arrives: &[
            r#"POST /api/v1/applications/shop/resource/actions?project=default&namespace=default&resourceName=shop&group=apps&version=v1&kind=Deployment application/json actor "restart""#,
            "GET /api/v1/applications/shop?project=default&refresh=normal",
        ],
    },
    Row {
        preset: "argocd.restart-v2",
        more: "",
        values: &[],
        answers: &[
            ("POST /api/v1/applications/shop/resource/actions/v2", 200, "", "{}"),
            ("GET /api/v1/applications/shop?project=default&refresh=normal", 200, "", APP),
        ],
        arrives: &[
            r#"POST /api/v1/applications/shop/resource/actions/v2 application/json actor {"action":"restart","group":"apps","kind":"Deployment","name":"shop","namespace":"default","project":"default","resourceName":"shop","version":"v1"}"#,
            "GET /api/v1/applications/shop?project=default&refresh=normal",
        ],
    },
    Row {
        preset: "argocd.sync",
        more: "",
        values: &[],
        answers: &[
            ("GET /api/v1/applications/shop?project=default", 200, "", APP),
            ("POST /api/v1/applications/shop/sync?project=default", 200, "", APP),
        ],
        arrives: &[
            "GET /api/v1/applications/shop?project=default",
            r#"POST /api/v1/applications/shop/sync?project=default application/json actor {"dryRun":false,"prune":false}"#,
            "GET /api/v1/applications/shop?project=default",
        ],
    },
    Row {
        preset: "argocd.rollback",
        more: "",
        values: &[("deployment", "4")],
        answers: &[
            ("GET /api/v1/applications/shop?project=default", 200, "", APP),
            ("POST /api/v1/applications/shop/rollback?project=default", 200, "", APP),
        ],
        arrives: &[
            "GET /api/v1/applications/shop?project=default",
            "GET /api/v1/applications/shop?project=default",
            "GET /api/v1/applications/shop?project=default",
            r#"POST /api/v1/applications/shop/rollback?project=default application/json actor {"dryRun":false,"id":4,"prune":false}"#,
            "GET /api/v1/applications/shop?project=default",
        ],
    },
    // Auto-sync that is there and switched off is off.
    Row {
        preset: "argocd.rollback",
        more: "",
        values: &[("deployment", "4")],
        answers: &[
            ("GET /api/v1/applications/shop?project=default", 200, "", APP_SWITCHED_OFF),
            ("POST /api/v1/applications/shop/rollback?project=default", 200, "", APP),
        ],
        arrives: &[
            "GET /api/v1/applications/shop?project=default",
            "GET /api/v1/applications/shop?project=default",
            "GET /api/v1/applications/shop?project=default",
            r#"POST /api/v1/applications/shop/rollback?project=default application/json actor {"dryRun":false,"id":4,"prune":false}"#,
            "GET /api/v1/applications/shop?project=default",
        ],
    },
    Row {
        preset: "argocd.auto-sync-off",
        more: "settle = { limit = \"0s\" }",
        values: &[],
        answers: &[
            (
                "GET /api/v1/applications/shop?project=default",
                200,
                "",
                r#"{"spec":{"syncPolicy":{"automated":{"prune":true}}}}"#,
            ),
            ("PATCH /api/v1/applications/shop?project=default", 200, "", APP),
        ],
        arrives: &[
            "GET /api/v1/applications/shop?project=default",
            r#"PATCH /api/v1/applications/shop?project=default application/json actor {"name":"shop","patch":"{\"spec\":{\"syncPolicy\":{\"automated\":null}}}","patchType":"merge","project":"default"}"#,
        ],
    },
    Row {
        preset: "flower.pool-restart",
        more: "settle = { limit = \"0s\" }",
        values: &[("worker", "celery@w1")],
        answers: &[
            ("GET /api/workers?status=true", 200, "", r#"{"celery@w1":true,"celery@w2":false}"#),
            (
                "POST /api/worker/pool/restart/celery%40w1",
                200,
                "",
                r#"{"message":"Restarting 'celery@w1' worker's pool"}"#,
            ),
        ],
        arrives: &[
            "GET /api/workers?status=true",
            "POST /api/worker/pool/restart/celery%40w1 key reason actor",
        ],
    },
    Row {
        preset: "rabbitmq.purge",
        more: "",
        values: &[("queue", "orders/new")],
        answers: &[
            (
                "GET /api/queues/%2F?disable_stats=true&enable_queue_totals=true",
                200,
                "",
                r#"[{"name":"orders/new","vhost":"/","messages":12}]"#,
            ),
            ("DELETE /api/queues/%2F/orders%2Fnew/contents", 204, "", ""),
        ],
        arrives: &[
            "GET /api/queues/%2F?disable_stats=true&enable_queue_totals=true",
            "DELETE /api/queues/%2F/orders%2Fnew/contents reason actor",
        ],
    },
    Row {
        preset: "alertmanager.silence",
        more: "",
        values: &[("alert", "HighErrorRate"), ("until", "2026-01-01T00:00:00Z")],
        answers: &[("POST /api/v2/silences", 200, "", r#"{"silenceID":"c0ffee"}"#)],
        arrives: &[
            r#"POST /api/v2/silences application/json actor {"comment":"5xx since 13:49","createdBy":"anna","endsAt":"2026-01-01T00:00:00Z","matchers":[{"isEqual":true,"isRegex":false,"name":"alertname","value":"HighErrorRate"}],"startsAt":"AT"}"#,
        ],
    },
];

#[test]
fn every_preset_speaks_as_its_ecosystem_documents() {
    let mut known: Vec<&str> = presets::all().map(|preset| preset.name.as_str()).collect();
    let mut tried: Vec<&str> = ROWS.iter().map(|row| row.preset).collect();
    known.sort_unstable();
    tried.sort_unstable();
    tried.dedup();
    assert_eq!(tried, known);
    for row in ROWS {
        check(row);
    }
}

fn check(row: &Row) {
    let Row { preset, more, values, answers, arrives } = *row;
    let fake = serve(move |request| {
        let line = request.head.lines().next().unwrap_or("").trim_end_matches(" HTTP/1.1");
        let found = answers.iter().find(|(known, ..)| *known == line);
        let (_, status, headers, body) = found.copied().unwrap_or(("", 404, "", "{}"));
        let headers = format!("content-type: application/json\r\n{headers}");
        Act::Send(http(&format!("{status} Whatever"), &headers, body.as_bytes()))
    });
    let ran = perform(preset, more, values, &fake);
    assert_eq!(ran.how(), How::Done, "{preset}: {ran:?}");
    let arrived: Vec<String> = fake.requests().iter().map(|request| line(request)).collect();
    assert_eq!(arrived, arrives, "{preset}");
}

/// The whole way: list, propose, check, authorize, send, follow, settle.
fn perform(preset: &str, more: &str, values: &[(&str, &str)], fake: &Fake) -> Ran {
    let base = fake.url("");
    let text = format!(
        "[environment.prod]\nactions = \"confirm\"\n[service.shop]\nenvironment = \"prod\"\ninstances = [\"{base}\"]\n\
         [action.x]\npreset = \"{preset}\"\nservices = [\"shop\"]\n{more}\n"
    );
    let source = Source { name: "t.toml".to_owned(), text };
    let config = load(&[source]).unwrap_or_else(|problems| panic!("{preset}: {problems:#?}"));
    let plan = Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{preset}: {problems:#?}"));
    let action = Arc::clone(&plan.actions[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Arc::<Http>::default();
    let instance = action.offers[0].instances[0].clone();
    let fields = fields(&action);
    let mut choices = BTreeMap::new();
    for param in &action.params {
        if let ParamKind::Listed(listing) = &param.kind {
            let listed = act::choices(&client, &instance, listing, &fields, Duration::from_secs(5), now);
            let listed = runtime.block_on(listed).unwrap_or_else(|why| panic!("{preset}: {why}"));
            choices.insert(param.name.clone(), listed);
        }
    }
    let proposal = Proposal::new(Draft {
        action: Arc::clone(&action),
        service: "shop".into(),
        instances: Vec::new(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        choices,
        who: Who { user: Clean::new("anna"), ..Who::default() },
        incident: None,
        facts: Facts::default(),
        nonce: 1,
        at: now(),
    });
    let proposal = proposal.unwrap_or_else(|why| panic!("{preset}: {why}"));
    let reason = Clean::new("5xx since 13:49");
    let known = proposal.fields(&instance, 0, &reason, now());
    let checks = runtime.block_on(act::checks(&client, &action, &instance, &known, now));
    let typed = Typed::headless(&proposal, proposal.phrase(), reason.as_str(), now());
    let (policy, facts) = (plan.action_policy("shop"), Facts { checks, ..Facts::default() });
    let authorized = authorize(&policy, &Ledger::default(), proposal, &typed, &facts, now());
    let authorized = authorized.unwrap_or_else(|why| panic!("{preset}: {why}"));
    let (_keep, seen) = watch::channel(Seen::default());
    let mut world =
        World { http: client, records: Box::new(Lines::default()), seen, stop: Stop::default(), now };
    runtime.block_on(act::run(authorized, &mut world, &mut |_| {}))
}

/// Holes that are known before there is a proposal.
fn fields(action: &Action) -> Fields {
    let mut fields = Fields::new();
    fields.insert("service".to_owned(), "shop".into());
    for (name, template) in &action.vars {
        let value = template.plain(&fields).unwrap();
        fields.insert(name.clone(), value.into());
    }
    fields
}

#[derive(Default)]
struct Lines(Vec<Entry>);

impl Records for Lines {
    fn append(&mut self, entries: &[Entry]) -> std::io::Result<()> {
        self.0.extend_from_slice(entries);
        Ok(())
    }

    fn ledger(&mut self) -> std::io::Result<Ledger> {
        Ok(Ledger::of(&self.0))
    }
}

/// A request as the rows write it. The keys of a body are in the order of the alphabet; moments are `AT`.
fn line(request: &str) -> String {
    let (head, body) = request.split_once("\n\n").unwrap();
    let mut out = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if let Some(kind) = header("content-type") {
        out = format!("{out} {kind}");
    }
    for (name, word) in [("idempotency-key", "key"), ("x-reason", "reason"), ("x-actor", "actor")] {
        if header(name).is_some() {
            out = format!("{out} {word}");
        }
    }
    if !body.is_empty() {
        let body = sorted(&serde_json::from_str(body).unwrap());
        let moment = regex::Regex::new(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z").unwrap();
        out = format!("{out} {}", moment.replace_all(&body, "AT"));
    }
    out
}

/// JSON with sorted keys.
fn sorted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            let map: BTreeMap<&String, &serde_json::Value> = map.iter().collect();
            let parts: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", serde_json::json!(key), sorted(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        serde_json::Value::Array(list) => {
            format!("[{}]", list.iter().map(sorted).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}
