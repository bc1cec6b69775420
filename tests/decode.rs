//! The decode room against answers as services send them, hostile ones included: data in `tests/data/decode`.
//!
//! A case is `== name | kind | status | content type`, the body, `--`, and what must come out, one thing a line.

use std::fmt::Write as _;
use warroom::config::poll::{BreakerShape, HealthShape, PollKind, QueueShape};
use warroom::decode::prometheus_yml::{self, ImportedAuth};
use warroom::decode::{Decoded, Reply, Source, decode};
use warroom::labels::Labels;
use warroom::target::Failure;
use warroom::units::{Timestamp, format_duration};

fn kind(words: &str) -> PollKind {
    let mut words = words.splitn(2, ' ');
    let (kind, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or("auto"));
    let pointers = || {
        let mut words = rest.split(' ').skip(1).map(str::to_owned);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default())
    };
    match (kind, rest.split(' ').next().unwrap_or_default()) {
        ("health", shape) => PollKind::Health(match shape {
            "status" => HealthShape::Status,
            "actuator" => HealthShape::Actuator,
            "health-json" => HealthShape::HealthJson,
            "kubernetes" => HealthShape::Kubernetes,
            "flat" => HealthShape::Flat,
            _ => HealthShape::Auto,
        }),
        ("breakers", "map") => PollKind::Breakers(BreakerShape::Map),
        ("breakers", "resilience4j") => PollKind::Breakers(BreakerShape::Resilience4j),
        ("breakers", "pointers") => {
            let (items, name, state) = pointers();
            PollKind::Breakers(BreakerShape::Pointers { items, name, state })
        }
        ("breakers", _) => PollKind::Breakers(BreakerShape::Auto),
        ("queues", "sidekiq") => PollKind::Queues(QueueShape::Sidekiq),
        ("queues", "pointers") => {
            let (items, name, depth) = pointers();
            PollKind::Queues(QueueShape::Pointers { items, name, depth })
        }
        ("queues", _) => PollKind::Queues(QueueShape::Auto),
        ("json", _) => {
            let pairs = rest.split(';').filter_map(|pair| pair.trim().split_once('='));
            PollKind::Json { series: pairs.map(|(a, b)| (a.to_owned(), b.replace('!', " | "))).collect() }
        }
        other => panic!("unknown kind {other:?}"),
    }
}

fn run(kind: &PollKind, status: u16, content_type: &str, body: &[u8]) -> Result<Decoded, Failure> {
    let labels = Labels::from_pairs([("job", "j"), ("instance", "h:1")]);
    let at = Timestamp::from_millis(1_761_897_600_000);
    let source = Source { service: "s", instance: "h:1", poll: "p", labels: &labels, at };
    let content_type = (!content_type.is_empty()).then_some(content_type);
    decode(kind, &source, &Reply { status, content_type, body })
}

fn show(outcome: &Result<Decoded, Failure>) -> String {
    let mut out = String::new();
    let decoded = match outcome {
        Ok(decoded) => decoded,
        Err(failure) => return format!("failure {failure}\n"),
    };
    let seen = &decoded.observation;
    let _ = write!(out, "{:?} {}", seen.verdict, seen.word);
    if let Some(version) = &seen.version {
        let _ = write!(out, " version={version}");
    }
    if let Some(clock) = seen.clock {
        let _ = write!(out, " clock={clock}");
    }
    if let Some(message) = &seen.message {
        let _ = write!(out, " message={message}");
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    for component in &seen.components {
        let line = format!("component {} {:?} {}", component.name, component.verdict, component.detail);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for sample in &decoded.samples {
        // `service` and `instance` are the same everywhere; without them a line is easier to read.
        let labels = sample.labels.without(|name| matches!(name, "service" | "instance"));
        let _ = writeln!(out, "{labels} {}", (sample.value * 1e9).round() / 1e9);
    }
    for warning in &decoded.warnings {
        let _ = writeln!(out, "warning {warning}");
    }
    out
}

fn check(file: &str, text: &str) {
    let mut wrong = String::new();
    let mut cases = 0;
    for case in text.split("\n== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap_or((case, ""));
        let (body, expected) = rest.split_once("\n--\n").unwrap_or_else(|| panic!("{file}: {head}: no --"));
        let mut fields = head.split('|');
        let mut field = || fields.next().unwrap_or_default().trim();
        let (name, kind_words, status, content_type) = (field(), field(), field(), field());
        // `<ESC>` in a body stands for the byte itself, so that the file stays readable.
        let body = body.replace("<ESC>", "\u{1b}").replace("<RLO>", "\u{202e}");
        let status = status.parse().unwrap_or_else(|_| panic!("{file}: {name}: bad status {status:?}"));
        let outcome = run(&kind(kind_words), status, content_type, body.as_bytes());
        let got = show(&outcome);
        if got.trim_end() != expected.trim_end() {
            let _ = write!(wrong, "== {name}\n{got}-- expected\n{}\n\n", expected.trim_end());
        }
        cases += 1;
    }
    assert!(cases > 0, "{file} holds no case");
    assert!(wrong.is_empty(), "{file}:\n{wrong}");
}

#[test]
fn health_answers() {
    check("health.txt", include_str!("data/decode/health.txt"));
}

#[test]
fn breaker_answers() {
    check("breakers.txt", include_str!("data/decode/breakers.txt"));
}

#[test]
fn queue_answers() {
    check("queues.txt", include_str!("data/decode/queues.txt"));
}

#[test]
fn json_answers() {
    check("json.txt", include_str!("data/decode/json.txt"));
}

/// Every kind of poll must survive every body; what it makes of it is bounded and clean.
#[test]
fn hostile_bodies_harm_nothing() {
    let many = |entry: &str, n: usize| {
        (0..n).map(|i| entry.replace('#', &i.to_string())).collect::<Vec<_>>().join(",")
    };
    let nested = format!("{}{{\"status\":\"UP\"}}{}", "{\"components\":{\"a\":".repeat(40), "}}".repeat(40));
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0xff; 1000],
        vec![0; 1000],
        "[".repeat(20_000).into_bytes(),
        "{\"components\":".repeat(20_000).into_bytes(),
        nested.into_bytes(),
        format!("{{\"status\":\"UP\",\"components\":{{{}}}}}", many("\"c#\":{\"status\":\"DOWN\"}", 2_000)).into_bytes(),
        format!("{{{}}}", many("\"b#\":{\"state\":\"weird\"}", 2_000)).into_bytes(),
        format!("{{{}}}", many("\"b#\":{\"state\":\"open\"}", 2_000)).into_bytes(),
        format!("[{}]", many("{\"name\":\"q#\",\"messages\":#}", 2_000)).into_bytes(),
        format!("{{\"queues\":{{{}}}}}", many("\"q#\":#", 2_000)).into_bytes(),
        many("[+]c# ok\n", 2_000).replace(',', "").into_bytes(),
        format!("{{\"status\":\"{}\"}}", "x".repeat(20_000)).into_bytes(),
        format!("{{\"status\":{},\"state\":1e999,\"queue_length\":-5}}", "9".repeat(400)).into_bytes(),
        b"{\"status\":{\"status\":{\"status\":[]}},\"components\":[[[]],null,7,\"x\"],\"checks\":{\"a\":[[1]]}}".to_vec(),
        b"{\"status\":\"UP\",\"a\xff\":\"down\"}".to_vec(),
        "{\"status\":\"\u{1b}]0;x\u{7}\u{202e}\",\"\u{1b}[2J\":false,\"queue_length\":1,\"name\":\"\u{1b}[2J\"}".into(),
    ];
    let kinds = [
        "health auto",
        "health status",
        "health actuator",
        "health health-json",
        "health kubernetes",
        "health flat",
        "breakers auto",
        "breakers map",
        "breakers resilience4j",
        "breakers pointers /a /b /c",
        "breakers pointers   ",
        "queues auto",
        "queues sidekiq",
        "queues pointers  /name /messages",
        "json a=/status;b=/components/0;c=x;d=",
    ];
    for body in &bodies {
        for words in kinds {
            for status in [200, 301, 503, 65_535] {
                let outcome = run(&kind(words), status, "application/json", body);
                let shown = show(&outcome);
                let harmful = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
                assert!(!shown.contains(harmful), "{words} {status}: {shown:?}");
                if let Ok(decoded) = outcome {
                    let seen = &decoded.observation;
                    assert!(
                        seen.components.len() <= 500
                            && seen.breakers.len() <= 500
                            && seen.queues.len() <= 500
                    );
                    assert!(decoded.samples.len() <= 2_000 && decoded.warnings.len() <= 20);
                    assert!(decoded.samples.iter().all(|sample| sample.value.is_finite()));
                }
            }
        }
    }
}

#[test]
fn a_list_that_is_cut_says_so() {
    let entries: Vec<String> = (0..501).map(|i| format!("\"b{i}\":{{\"state\":\"open\"}}")).collect();
    let body = format!("{{{}}}", entries.join(","));
    let decoded = run(&kind("breakers auto"), 200, "", body.as_bytes()).unwrap();
    assert_eq!(decoded.observation.breakers.len(), 500);
    assert_eq!(decoded.warnings.last().unwrap().as_str(), "more than 500 breakers: the rest is left out");
}

#[test]
fn prometheus_files() {
    let import = prometheus_yml::read(include_str!("data/decode/prometheus.yml")).unwrap();
    let mut out = String::new();
    for job in &import.jobs {
        let interval = job.interval.map_or_else(|| "-".to_owned(), format_duration);
        let targets: Vec<_> = job.targets.iter().map(|t| format!("{}{:?}", t.address, t.labels)).collect();
        let auth = match &job.auth {
            ImportedAuth::None => String::new(),
            other => format!(" {other:?}"),
        };
        let _ = writeln!(
            out,
            "{} {}://{} {interval} {}{auth}",
            job.name,
            job.scheme,
            job.path,
            targets.join(" ")
        );
    }
    let _ = writeln!(out, "rules {:?} external {:?}", import.rule_files, import.external_labels);
    for warning in &import.warnings {
        let _ = writeln!(out, "warning {warning}");
    }
    assert_eq!(out, include_str!("data/decode/prometheus.expected"));
    assert!(!out.contains("hunter2"), "a secret was copied");
}

#[test]
fn hostile_yaml_is_refused_or_read_but_never_suffered() {
    let bomb = (0..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |mut text, i| {
        let _ = writeln!(text, "a{}: &a{} [{}]", i + 1, i + 1, vec![format!("*a{i}"); 9].join(","));
        text
    });
    for text in [
        String::new(),
        "just text".to_owned(),
        "- a\n- b".to_owned(),
        "scrape_configs: 7".to_owned(),
        "scrape_configs: [7, null, {job_name: [], static_configs: {a: b}}]".to_owned(),
        "a: {{{{".to_owned(),
        "\t\u{0}\u{1b}[2J: :".to_owned(),
        "[".repeat(100_000),
        "a:\n ".repeat(10_000),
        bomb,
    ] {
        if let Err(message) = prometheus_yml::read(&text) {
            assert!(!message.is_empty() && !message.contains(|c: char| c.is_control()), "{message:?}");
        }
    }
}
