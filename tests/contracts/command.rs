//! The real binary: `check` with each of its exit codes, and `status -o json`.

use crate::hashinsight::{HEALTH, Service};
use crate::support::{Act, http, serve};
use std::path::Path;
use std::process::{Command, Output};

fn warroom(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.arg("--config").arg(config).args(arguments).env_remove("WARROOM_CONFIG");
    command.output().unwrap()
}

fn written(folder: &tempfile::TempDir, text: &str) -> std::path::PathBuf {
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn check_has_four_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let answer = |status: &'static str, body: &'static str| {
        let fake =
            serve(move |_| Act::Send(http(status, "content-type: application/json\r\n", body.as_bytes())));
        format!(
            "schema = 1\n[service.hashinsight]\ninstances = [\"{}\"]\n\
             poll.health = {{ kind = \"health\", path = \"/health/detailed\" }}\n",
            fake.url("")
        )
    };
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!(
        "schema = 1\n[service.hashinsight]\ninstances = [\"http://{gone}\"]\npoll.health = {{ kind = \"health\", path = \"/\" }}\n"
    );
    for (text, code, part) in [
        (answer("200 OK", HEALTH), 0, "WARROOM OK - service up"),
        (
            answer("200 OK", r#"{"status":"healthy","database":"disconnected","cache":"available"}"#),
            1,
            "WARROOM WARNING - hashinsight degraded (health: database disconnected)",
        ),
        (
            answer("503 Service Unavailable", r#"{"error":{"code":"DB_001","message":"no connection"}}"#),
            2,
            "WARROOM CRITICAL - hashinsight down (health: HTTP 503: DB_001: no connection)",
        ),
        (refused, 2, "WARROOM CRITICAL - hashinsight down (health: connection refused)"),
        ("schema = 1\nbroken = true\n".to_owned(), 3, "WARROOM UNKNOWN - "),
    ] {
        let output = warroom(&written(&folder, &text), &["check"]);
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(line.starts_with(part), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    let path = written(&folder, &answer("200 OK", HEALTH));
    let output = warroom(&path, &["check", "no-such-service"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn status_and_check_of_the_whole_example() {
    let (folder, service) = (tempfile::tempdir().unwrap(), Service::start());
    let path = written(&folder, &service.config());
    let output = warroom(&path, &["status", "-o", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (pointer, expected) in [
        ("/schema", "1"),
        ("/counts/degraded", "1"),
        ("/not_judged", "[]"),
        ("/services/0/service", "\"hashinsight\""),
        ("/services/0/state", "\"degraded\""),
        ("/services/0/version", "\"2.0.0\""),
        ("/services/0/breakers/0/breaker", "\"external_api\""),
        ("/services/0/breakers/0/state", "\"half-open\""),
        ("/services/0/breakers/0/success_ratio", "0.952"),
        ("/services/0/components/0/up", "1.0"),
    ] {
        assert_eq!(
            told.pointer(pointer).map(ToString::to_string).as_deref(),
            Some(expected),
            "{pointer}: {told:#}"
        );
    }
    let errors = told.pointer("/services/0/error_ratio").and_then(serde_json::Value::as_f64);
    assert!(errors.is_some_and(|ratio| (ratio - 0.002).abs() < 1e-9), "{errors:?}");
    let output = warroom(&path, &["check", "hashinsight"]);
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(
        line.starts_with("HASHINSIGHT WARNING - hashinsight degraded (external_api breaker HALF-OPEN)"),
        "{line}"
    );
    assert!(line.contains("'p95'=0.175s;0.2;0.3;0; 'errors'=0.2%;0.5;1;0;"), "{line}");
    let secrets = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(!secrets.concat().contains("hsi_prod_key"));
}
