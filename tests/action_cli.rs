//! `warroom action` with the real binary, against the demo's fleet and against services of our own that count.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

#[path = "support/accounts.rs"]
mod accounts;
mod support;

use std::process::{Command, Output, Stdio};
use support::{Act, Fake, http, json, serve};
use warroom::demo::{Fleet, Options, Scenario};

/// A home with a configuration, and a journal of its own.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.whole(&[&["action"], arguments].concat())
    }

    /// A command of any sort.
    fn whole(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(["-c", "config.toml"]).args(arguments);
        command.env_clear().current_dir(self.0.path()).stdin(Stdio::null());
        command.env("HOME", self.0.path()).env("WARROOM_STATE", self.0.path().join("state"));
        command.envs(Fleet::secrets());
        command
    }

    /// Standard output and standard error together; the code must fit.
    fn run(&self, arguments: &[&str], code: i32) -> String {
        ended(&mut self.command(arguments), code)
    }

    /// What the journal tells: (what, how).
    fn journal(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(self.0.path().join("state/journal.jsonl")).unwrap_or_default();
        let told = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            (line["action"].as_str().unwrap().to_owned(), line["status"].as_str().unwrap().to_owned())
        });
        told.collect()
    }
}

/// Standard output and standard error together; the code must fit.
fn ended(command: &mut Command, code: i32) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(code), "{command:?}\n{text}");
    text
}

fn told(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|(what, how)| ((*what).to_owned(), (*how).to_owned())).collect()
}

#[test]
fn the_demos_fleet_is_restarted_flushed_and_rolled_back() {
    let options = Options { scenario: Scenario::BadDeploy, speed: 4.0, ..Options::default() };
    let fleet = Fleet::start(options).unwrap();
    let quick = "settle = { limit = \"2s\" }";
    let config = fleet.config_toml().replace(
        "services = [\"checkout\"], settle = { limit = \"60s\" }",
        &format!("services = [\"checkout\"], {quick}"),
    );
    assert!(config.contains(quick), "{config}");
    let home = Home::new(&config);
    let list = home.run(&["list"], 0);
    assert!(list.contains("the name and a reason") && list.contains("ready"), "{list}");

    let shown = home.run(&["run", "search", "flush-cache"], 77);
    for part in ["flush-cache on search (demo)", "curl -sS -X POST", "$WARROOM_DEMO_TOKEN", "--confirm y"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert_eq!(home.journal(), told(&[]));
    let text = home.run(&["run", "search", "flush-cache", "--confirm", "y"], 0);
    assert!(text.contains("done (127.0.0.1:") && text.contains("job 1 is done"), "{text}");
    // JWT, 202, a job that outlives its process.
    let text = home.run(&["run", "accounts", "restart", "--confirm", "accounts"], 0);
    assert!(text.contains("settled") && !text.contains("Bearer"), "{text}");
    let sent_and_done = [("action.sent", "sent"), ("action.outcome", "ok")];
    assert_eq!(home.journal(), told(&[sent_and_done, sent_and_done].concat()));

    let text =
        home.run(&["run", "broker", "purge", "queue=mail", "--reason", "5xx", "--confirm", "broker"], 0);
    assert!(text.contains("HTTP 204") && !text.contains("Basic "), "{text}");

    let text = home.run(&["run", "checkout", "rollback", "--reason", "5xx", "--confirm", "checkout"], 64);
    assert!(text.contains("has no value: one of"), "{text}");
    let rollback =
        ["run", "checkout", "rollback", "version=2.12.0", "--reason", "5xx", "--confirm", "checkout"];
    let text = home.run(&rollback, 1);
    assert!(text.contains("FAILED") && text.contains("schema migration 0042 cannot be undone"), "{text}");
    let text = home.run(&rollback, 77);
    assert!(text.contains("cooling down until"), "{text}");
    assert_eq!(home.journal().last(), told(&[("action.refused", "refused")]).first());
}

fn shop(fake: &Fake, more: &str) -> String {
    format!(
        "schema = 1\nenvironment.prod = {{ actions = \"confirm\"{more} }}\n\
         action.restart = {{ preset = \"admin-api.restart\", services = [\"shop\"], cool_down = \"0s\", settle = {{ limit = \"1s\" }} }}\n\
         [service.shop]\nenvironment = \"prod\"\ninstances = [\"{}\"]\n\
         poll.health = {{ kind = \"health\", path = \"/health\" }}\n",
        fake.url("").trim_end_matches('/')
    )
}

/// What the service answers to the one POST, what the command ends with, and what it says.
#[test]
fn each_outcome_has_its_exit_code() {
    type Row = (&'static str, fn() -> Act, i32, &'static str);
    let rows: &[Row] = &[
        (
            "busy",
            || Act::Send(http("409 Conflict", "location: /admin/jobs/9\r\n", b"{\"error\":\"busy\"}")),
            1,
            "what is under way: /admin/jobs/9",
        ),
        ("lost", || Act::Close(Vec::new()), 75, "OUTCOME UNKNOWN"),
        (
            "failed",
            || Act::Send(http("500 Internal Server Error", "", b"{\"code\":\"DB_001\"}")),
            1,
            "DB_001",
        ),
        (
            "silent",
            || Act::Hang(Vec::new()),
            75,
            "look at the health, the version and the start time of 127.0.0.1",
        ),
        (
            "limited",
            || Act::Send(http("429 Too Many Requests", "retry-after: 60\r\n", b"")),
            1,
            "it asks to wait 1m",
        ),
    ];
    for (name, answer, code, part) in rows {
        let fake = serve(move |request| match request.path() {
            "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
            _ => answer(),
        });
        let posts = || fake.requests().iter().filter(|request| request.starts_with("POST ")).count();
        let quick = "request = { timeout = \"2s\" }, services = [";
        let home = Home::new(&shop(&fake, "").replace("services = [", quick));
        home.run(&["run", "shop", "restart"], 77);
        home.run(&["run", "shop", "restart", "--dry-run", "--confirm", "shop"], 0);
        home.run(&["run", "shop", "restart", "--confirm", "shop "], 77);
        home.run(&["run", "shop", "restart", "--confirm", "shop", "--instance", "elsewhere:1"], 64);
        assert_eq!(posts(), 0, "{name}: a refused one must never arrive");
        let mut command = home.command(&["run", "shop", "restart", "--confirm", "shop", "--reason", "why"]);
        let text = ended(command.env("SSH_CONNECTION", "192.0.2.7 51234 10.0.0.1 22"), *code);
        assert!(text.contains(part), "{name}: {text}");
        assert_eq!(posts(), 1, "{name}: an accepted one arrives exactly once");
        recorded(&home, &fake, name);
    }
}

/// What is not let through never arrives: by the flag, by the file, by the policy.
#[test]
fn read_only_is_read_only_however_it_is_said() {
    let fake = serve(|request| match request.path() {
        "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
        _ => Act::Send(http("202 Accepted", "", b"")),
    });
    let run = ["action", "run", "shop", "restart", "--confirm", "shop"];
    for (config, before, part) in [
        (shop(&fake, ""), &["--read-only"][..], "read-only"),
        (format!("ui.read_only = true\n{}", shop(&fake, "")), &[], "read-only"),
        (shop(&fake, "").replace("\"confirm\"", "\"off\""), &[], "actions are off: environment prod"),
        (shop(&fake, "").replace("environment = \"prod\"\n", ""), &[], "the service has no environment"),
    ] {
        let home = Home::new(&config);
        let text = ended(&mut home.whole(&[before, &run].concat()), 77);
        assert!(text.contains(part), "{part}: {text}");
        assert_eq!(home.journal(), told(&[]));
        let list = ended(&mut home.whole(&[before, &["action", "list"]].concat()), 0);
        assert!(list.contains(part) && !list.contains("ready"), "{list}");
    }
    assert_eq!(posts(&fake), 0);
}

fn posts(fake: &Fake) -> usize {
    fake.requests().iter().filter(|request| request.starts_with("POST ")).count()
}

/// The contracts' services as they are: what each answers to the one POST, and what an operator reads.
#[test]
fn the_contracts_services_are_acted_on_as_they_are() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let example = |name: &str, port: &str, fake: &Fake, action: &str| {
        let path = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let base = fake.url("").trim_end_matches('/').to_owned();
        let text = text.replace("actions = \"off\"", "actions = \"confirm\"").replace(port, &base);
        let text = text.replace("port = 9090, ", "");
        assert!(text.contains("\"confirm\"") && text.contains(&base), "{text}");
        let services =
            format!("services = [\"{name}\"]\nsettle = {{ limit = \"0s\" }}\ncool_down = \"0s\"\n");
        Home::new(&format!("{text}\n[action.act]\n{services}{action}\n"))
    };
    let run = |home: &Home, service: &str, phrase: &str, code: i32| {
        let mut command = home.command(&["run", service, "act", "--confirm", phrase]);
        command.env("HSI_KEY", "hsi_prod_key_old").env("HSI_KEY_NEXT", "hsi_prod_key_new");
        command.env("SEA_USER", "ops").env("SEA_PASSWORD", "hush");
        let text = ended(&mut command, code);
        assert!(!text.contains("hsi_prod_key") && !text.contains("hush") && !text.contains("jwt-"), "{text}");
        text
    };

    // hashinsight: two keys of which one is valid, and its error codes.
    let rows: &[(&'static str, &'static str, i32, &'static str)] = &[
        ("200 OK", "{\"status\":\"cleared\"}", 0, "done"),
        ("403 Forbidden", "{\"error\":{\"code\":\"AUTH_002\"}}", 1, "AUTH_002 (this key may not do that)"),
        ("500 Internal Server Error", "{\"code\":\"DB_002\"}", 1, "DB_002 (a query failed)"),
        ("503 Service Unavailable", "{\"code\":\"CACHE_001\"}", 1, "CACHE_001 (the cache cannot be reached)"),
        ("429 Too Many Requests", "{\"code\":\"API_001\"}", 1, "API_001 (too many requests)"),
    ];
    for (status, body, code, part) in rows {
        let fake = serve(move |request| {
            let valid = request.header("authorization") == Some("Bearer hsi_prod_key_new");
            match (request.path(), valid) {
                ("/health/detailed", true) => {
                    Act::Send(json(r#"{"status":"healthy","database":"connected"}"#))
                }
                ("/api/performance/clear-coalescing-cache", true) => {
                    Act::Send(http(status, "", body.as_bytes()))
                }
                (_, false) => Act::Send(http("401 Unauthorized", "", b"{\"code\":\"AUTH_001\"}")),
                _ => Act::Send(http("404 Not Found", "", b"")),
            }
        });
        let preset = "preset = \"hashinsight.clear-coalescing-cache\"";
        let home = example("hashinsight", "http://127.0.0.1:5000", &fake, preset);
        let text = run(&home, "hashinsight", "y", *code);
        assert!(text.contains(part), "{status}: {text}");
        let mut accepted = fake.requests();
        accepted.retain(|request| {
            request.starts_with("POST ") && request.contains("authorization: Bearer hsi_prod_key_new")
        });
        assert_eq!(accepted.len(), 1, "{status}: {:?}", fake.requests());
    }

    // sea-news: the token that opened every poll has ended by the time of the act; one more login, and the act once.
    let (logins, given) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let fake = serve(move |request| {
        let bearer = request.header("authorization").unwrap_or("").to_owned();
        match request.path() {
            "/login" => {
                let token = format!("jwt-{}", logins.fetch_add(1, Ordering::SeqCst));
                Act::Send(json(&format!("{{\"access_token\":\"{token}\"}}")))
            }
            "/admin/reload" => {
                // Only a token of a login after the first try is good.
                let refused = given.fetch_add(1, Ordering::SeqCst) == 0;
                let fresh = format!("Bearer jwt-{}", logins.load(Ordering::SeqCst) - 1);
                Act::Send(if refused || bearer != fresh {
                    http("401 Unauthorized", "", br#"{"detail":"Invalid authentication credentials"}"#)
                } else {
                    http("204 No Content", "", b"")
                })
            }
            _ => Act::Send(json(r#"{"status":"ok"}"#)),
        }
    });
    let request = "hazard = \"service\"\nrequest = { path = \"/admin/reload\", accept = [204] }";
    let home = example("sea-news", "http://127.0.0.1:8000", &fake, request);
    let text = run(&home, "sea-news", "sea-news", 0);
    assert!(text.contains("the first credential was refused with 401, so nothing was done"), "{text}");
    let reloads: Vec<String> =
        fake.requests().into_iter().filter(|request| request.starts_with("POST /admin/reload")).collect();
    assert_eq!(reloads.len(), 2, "{reloads:?}");
    let token = |request: &str| {
        request.split("authorization: ").nth(1).and_then(|rest| rest.lines().next()).map(str::to_owned)
    };
    assert_ne!(token(&reloads[0]), token(&reloads[1]), "the refused token is not shown a second time");
}

#[test]
fn two_at_once_send_one_and_a_killed_one_is_found() {
    let fake = serve(|request| match request.path() {
        "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
        _ => Act::Hang(Vec::new()),
    });
    let config = shop(&fake, "").replace("services = [", "request.timeout = \"2s\", services = [");
    let run = ["run", "shop", "restart", "--confirm", "shop"];
    let home = Home::new(&config);
    let pair =
        [(); 2].map(|()| home.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let mut codes = pair.map(|mut one| one.wait().unwrap().code());
    codes.sort_unstable();
    assert_eq!((codes, posts(&fake)), ([Some(75), Some(77)], 1));

    // Killed between the journal's line and the answer.
    let home = Home::new(&config);
    let mut child = home.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while posts(&fake) < 2 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(home.journal(), told(&[("action.sent", "sent")]));
    let text = home.run(&["list"], 0);
    assert!(text.contains("restart on shop (") && text.contains("is under way"), "{text}");
    // An hour later: its time is up, and nobody knows.
    let file = home.0.path().join("state/journal.jsonl");
    let mut line: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let then: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    line["timestamp"] = (then - jiff::SignedDuration::from_hours(1)).to_string().into();
    std::fs::write(&file, format!("{line}\n")).unwrap();
    for (arguments, code) in [(&["list"][..], 0), (&run, 75)] {
        let text = home.run(arguments, code);
        assert!(text.contains("nobody knows how this ended: restart on shop ("), "{text}");
    }
    assert_eq!(posts(&fake), 3);
}

/// Two accounts, two journals, one folder of root's: needs root, to be two people.
#[test]
fn a_second_account_approves_and_nobody_else() {
    use accounts::{ONE, THREE, TWO, mode, name};
    use std::os::unix::fs::chown;
    if accounts::can_be_others() {
        let fake = serve(|request| match request.path() {
            "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
            _ => Act::Send(http("202 Accepted", "location: /admin/jobs/1\r\n", b"")),
        });
        let shared = tempfile::tempdir().unwrap();
        let first = name(ONE);
        mode(shared.path(), 0o1777);
        let folder = shared.path().to_str().unwrap();
        let config = shop(&fake, &format!(", two_key = \"service\", two_key_folder = \"{folder}\""))
            .replace("services = [", "job = { limit = \"1s\" }, services = [");
        let home = |uid: u32| {
            let home = Home::new(&config);
            chown(home.0.path(), Some(uid), Some(uid)).unwrap();
            home
        };
        // The binary where everybody may start it.
        let program = shared.path().join("warroom");
        std::fs::copy(env!("CARGO_BIN_EXE_warroom"), &program).unwrap();
        mode(&program, 0o755);
        let homes = (home(ONE), home(TWO), home(THREE));
        let run = |(home, uid): (&Home, u32), sudo: Option<&str>, arguments: &[&str], code| {
            let given = home.command(arguments);
            let mut command = Command::new(&program);
            command.args(given.get_args()).current_dir(home.0.path()).env_clear();
            accounts::run_as(&mut command, uid);
            command.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.envs(sudo.map(|name| ("SUDO_USER", name))).stdin(Stdio::null());
            ended(&mut command, code)
        };
        let (proposer, second, third) = ((&homes.0, ONE), (&homes.1, TWO), (&homes.2, THREE));
        let restart = ["run", "shop", "restart", "--confirm", "shop", "--reason", "5xx"];
        let text = run(proposer, None, &restart, 77);
        let id = text.split("warroom action approve ").nth(1).unwrap().lines().next().unwrap().to_owned();
        let approve = ["approve", &id, "--confirm", "shop"];

        let text = run(second, None, &["approve"], 0);
        let by = format!("restart on shop (prod), proposed by {first}");
        for part in [&*by, "because: 5xx", "POST http://127", &id] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // Not without the phrase; not the same person, from whichever account.
        let text = run(second, None, &["approve", &id], 77);
        assert!(text.contains("nothing was approved: give the same command with --confirm shop"), "{text}");
        for (who, sudo) in [(proposer, None), (second, Some(&*first)), (third, Some(&*first))] {
            let text = run(who, sudo, &approve, 77);
            assert!(text.contains("whoever proposed it cannot approve it"), "{text}");
        }
        // A slip that says it is somebody else's is its file's owner's.
        for name in std::fs::read_dir(shared.path()).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(text) = std::fs::read_to_string(&name) else { continue };
            let names = [&first, &accounts::name(TWO)].map(|name| format!("\"{name}\""));
            let forged = text.replace("action.proposed", "action.approved").replace(&names[0], &names[1]);
            let path = shared.path().join("forged.slip");
            std::fs::write(&path, forged).unwrap();
            chown(&path, Some(ONE), Some(ONE)).unwrap();
        }
        run(proposer, None, &restart, 77);
        assert_eq!(posts(&fake), 0);

        let text = run(second, None, &approve, 0);
        assert!(text.contains(&format!("approved: {first} can give the same command again")), "{text}");
        // With a second name it could have been brought in from elsewhere: it does not count.
        let newest = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
        let slips = std::fs::read_dir(shared.path()).unwrap().map(|entry| entry.unwrap().path());
        let slip = slips.filter(|path| path.extension().is_some_and(|end| end == "slip")).max_by_key(newest);
        let twin = shared.path().join("twin");
        std::fs::hard_link(slip.unwrap(), &twin).unwrap();
        run(proposer, None, &restart, 77);
        std::fs::remove_file(twin).unwrap();
        // Somebody else's command is not what was approved; the proposer's is, once.
        run(third, None, &restart, 77);
        assert_eq!(posts(&fake), 0);
        run(proposer, None, &restart, 75);
        assert_eq!(posts(&fake), 1);
        run(proposer, None, &restart, 77);
        assert_eq!(posts(&fake), 1);
        // Where the files could be replaced, nothing counts.
        mode(shared.path(), 0o777);
        let text = run(second, None, &["approve"], 0);
        assert!(text.contains("chmod +t") && text.contains("nothing waits"), "{text}");
        mode(shared.path(), 0o1777);
        chown(shared.path(), Some(ONE), None).unwrap();
        let text = run(second, None, &["approve"], 0);
        assert!(text.contains("it is not root's") && text.contains("nothing waits"), "{text}");
    }
}

/// The journal has who, from where, why, what exactly, and what came of it; the key is the one that arrived.
fn recorded(home: &Home, fake: &Fake, name: &str) {
    let text = std::fs::read_to_string(home.0.path().join("state/journal.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let find = |what: &str| lines.iter().find(|line| line["action"] == what).unwrap();
    let (sent, outcome) = (find("action.sent"), find("action.outcome"));
    for pointer in ["/user_id", "/host", "/timestamp", "/details/request/url", "/details/curl"] {
        assert!(sent.pointer(pointer).is_some_and(serde_json::Value::is_string), "{name} {pointer}: {sent}");
    }
    assert_eq!(
        (&sent["ip_address"], &sent["details"]["reason"]),
        (&"192.0.2.7".into(), &"why".into()),
        "{sent}"
    );
    let key = sent["details"]["idempotency_key"].as_str().unwrap();
    let request = fake.requests().into_iter().find(|request| request.starts_with("POST ")).unwrap();
    assert!(request.contains(&format!("\nidempotency-key: {key}\n")), "{name}: {request}");
    assert!(outcome["details"]["took_ms"].is_u64() && outcome["details"]["note"].is_string(), "{outcome}");
    if name == "failed" {
        assert_eq!(outcome["details"]["status"], 500, "{outcome}");
        assert!(outcome["details"]["body"].as_str().unwrap().contains("DB_001"), "{outcome}");
    }
}

#[test]
fn a_second_person_a_freeze_and_a_journal_that_cannot_be_written_keep_it_back() {
    let fake = serve(|request| match request.path() {
        "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
        _ => Act::Send(http("202 Accepted", "", b"")),
    });
    let always = (0..7).map(|day| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day]);
    let always: Vec<String> = always.map(|day| format!("\"{day} 00:00 - {day} 23:59 UTC\"")).collect();
    let run = ["run", "shop", "restart", "--confirm", "shop"];
    for (more, part) in [
        (", two_key = \"service\"".to_owned(), "a second person has to approve this"),
        (", users = [\"nobody-of-that-name\"]".to_owned(), "is not among the users"),
        (", kinds = [\"rollback\"]".to_owned(), "does not allow actions of kind restart"),
        (format!(", freeze = [{}]", always.join(", ")), "frozen until"),
    ] {
        let home = Home::new(&shop(&fake, &more));
        let text = home.run(&run, 77);
        assert!(text.contains(part), "{part}: {text}");
        if more.contains("two_key") {
            let id = text.split("warroom action approve ").nth(1).unwrap().lines().next().unwrap().to_owned();
            let text = home.run(&["approve", &id, "--confirm", "shop"], 77);
            assert!(text.contains("whoever proposed it cannot approve it"), "{text}");
            let text = home.run(&["approve", "no-such-id"], 77);
            assert!(text.contains("there is no open proposal no-such-id") && text.contains(&id), "{text}");
        }
    }
    // Where the flag says, as the dashboard does: one journal, whoever acts.
    let home = Home::new(&shop(&fake, ""));
    let mut command = home.whole(&[&["--state", "/dev/null", "action"], &run[..]].concat());
    let text = ended(&mut command, 74);
    assert!(text.contains("cannot use the state folder /dev/null"), "{text}");
    std::fs::create_dir(home.0.path().join("state")).unwrap();
    // A folder where the file should be: nobody, root included, can write that.
    std::fs::create_dir(home.0.path().join("state/journal.jsonl")).unwrap();
    let text = home.run(&run, 74);
    assert!(text.contains("nothing was sent: without the journal nothing is"), "{text}");
    assert!(fake.requests().iter().all(|request| request.starts_with("GET ")), "{:?}", fake.requests());
}
