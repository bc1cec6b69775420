//! Two people and a dashboard: the real binary in a real terminal proposes, another account approves on its command line,
//! and the dashboard asks again before it sends.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

#[path = "support/accounts.rs"]
mod accounts;
#[path = "support/pty.rs"]
mod pty;
mod support;

use pty::{Session, WARROOM};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Act, Fake, http, json, serve};

/// A service that counts, and a configuration for two people.
fn shop(folder: &Path, two: &Path) -> Fake {
    let fake = serve(|request| match request.path() {
        "/health" => Act::Send(json(r#"{"status":"healthy"}"#)),
        _ => Act::Send(http("200 OK", "", b"{}")),
    });
    let config = format!(
        "schema = 1\nenvironment.prod = {{ actions = \"confirm\", two_key = \"reversible\", two_key_folder = \"{}\" }}\n\
         action.flush = {{ hazard = \"reversible\", services = [\"shop\"], request = {{ path = \"/flush\" }}, cool_down = \"0s\", settle = {{ limit = \"0s\" }} }}\n\
         [service.shop]\nenvironment = \"prod\"\ninstances = [\"{}\"]\n\
         poll.health = {{ kind = \"health\", path = \"/health\", interval = \"1s\" }}\n",
        two.display(),
        fake.url("").trim_end_matches('/')
    );
    std::fs::write(folder.join("config.toml"), config).unwrap();
    fake
}

fn posts(fake: &Fake) -> usize {
    fake.requests().iter().filter(|request| request.starts_with("POST ")).count()
}

fn dashboard(folder: &Path) -> Session {
    let config = folder.join("config.toml");
    let state = folder.join("state");
    let mut session =
        Session::start(WARROOM, &["-c", config.to_str().unwrap(), "--state", state.to_str().unwrap()], &[]);
    session.sees("ARMED(confirm)");
    session.until("shop is up", |session| session.line("shop").is_some_and(|(_, line)| line.contains("up")));
    session
}

/// Asks for the flush and confirms it by hand.
fn flush(session: &mut Session) {
    session.send(b":flush shop\r");
    session.sees("asks for");
    // A second of the countdown has passed: keys count.
    session.sees("disarms in 14s");
    session.send(b"y");
}

#[test]
fn a_dashboard_proposes_and_sends_when_another_account_has_approved() {
    if !accounts::can_be_others() {
        return;
    }
    let (folder, shared) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    accounts::mode(shared.path(), 0o1777);
    let fake = shop(folder.path(), shared.path());
    let mut session = dashboard(folder.path());
    flush(&mut session);
    session.sees("proposed; somebody else runs: warroom action approve shop-flush-");
    let text = session.contents();
    let id =
        text.split("warroom action approve ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert_eq!(posts(&fake), 0, "{text}");

    // The other account has the same configuration, and a journal of its own.
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("config.toml"), other.path().join("config.toml")).unwrap();
    std::fs::copy(WARROOM, other.path().join("warroom")).unwrap();
    chown(other.path(), Some(accounts::TWO), Some(accounts::TWO)).unwrap();
    let mut command = Command::new(other.path().join("warroom"));
    command.args(["-c", "config.toml", "action", "approve", &id, "--confirm", "shop"]);
    command
        .current_dir(other.path())
        .env_clear()
        .env("HOME", other.path())
        .env("WARROOM_STATE", other.path().join("state"))
        .stdin(Stdio::null());
    let done = accounts::run_as(&mut command, accounts::TWO).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success() && said.contains("POST http://127"),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );

    session.sees(&format!("{} approved flush on shop: do it again", accounts::name(accounts::TWO)));
    assert_eq!(posts(&fake), 0, "nothing is sent without asking again");
    flush(&mut session);
    session.sees("done, and settled");
    assert_eq!(posts(&fake), 1);
    session.send(b"\x1b");
    session.loses("done, and settled");
    // Once: the approval is used up.
    flush(&mut session);
    session.sees("proposed; somebody else runs");
    assert_eq!(posts(&fake), 1);
    session.send(b"q");
    assert_eq!(session.end(), 0);
}

/// Where nobody else could see it, it is not said to be proposed.
#[test]
fn what_cannot_be_laid_down_is_not_proposed() {
    let folder = tempfile::tempdir().unwrap();
    let fake = shop(folder.path(), &folder.path().join("missing"));
    let mut session = dashboard(folder.path());
    flush(&mut session);
    session.sees("flush on shop was not proposed, nobody else can see it: opening the folder for two people");
    let journal = std::fs::read_to_string(folder.path().join("state/journal.jsonl")).unwrap_or_default();
    assert!(!journal.contains("action.proposed"), "{journal}");
    assert_eq!(posts(&fake), 0);
    session.send(b"q");
    assert_eq!(session.end(), 0);
}
