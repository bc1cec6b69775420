//! The door as it stands on the screen: keys, pastes and moments in; the queue of what may be sent, and pictures, out.

#[path = "support/sim.rs"]
mod sim;

use proptest::prelude::*;
use serde_json::Map;
use sim::{Sim, dark, mono, plan_of};
use std::sync::Arc;
use std::time::Duration;
use warroom::action::{Authorized, Choice, How};
use warroom::command::Command;
use warroom::demo::Scenario;
use warroom::event::{Effect, Event, Finished, Listed, Made, Mouse, Press, Step, Under, What};
use warroom::journal::Who;
use warroom::keymap::Keymap;
use warroom::model::Model;
use warroom::model::act::Over;
use warroom::model::ui::{RowKey, Ui};
use warroom::rehearsal::Rehearsal;
use warroom::target::{Failure, ScrapeReport};
use warroom::text::Clean;
use warroom::theme::Theme;
use warroom::units::Timestamp;
use warroom::update::update;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// A dashboard over the demo's fleet that may change it, with a clock in milliseconds.
struct Desk {
    sim: Sim,
    at: Timestamp,
    effects: Vec<Effect>,
}

impl Desk {
    /// After a few seconds, with checkout selected.
    fn new() -> Self {
        Self::with("", "", false)
    }

    /// After 40 s of the story, when checkout is worst: for pictures.
    fn later() -> Self {
        Self::after(40, "", "", false)
    }

    /// With a line of the configuration replaced.
    fn with(line: &str, other: &str, read_only: bool) -> Self {
        Self::after(4, line, other, read_only)
    }

    fn after(second: u64, line: &str, other: &str, read_only: bool) -> Self {
        let text = Rehearsal::config();
        assert!(text.contains(line), "the demo's configuration has changed: {line}");
        let mut sim = Sim::of(plan_of(&text.replace(line, other)), Scenario::Story);
        sim.model = Model::new(Arc::clone(&sim.plan), sim::BEGAN, read_only);
        sim.model.who =
            Who { user: Clean::new("anna"), host: Clean::new("bastion"), address: None, sudo: None };
        sim.run_to(second);
        let at = sim.now();
        let mut desk = Self { sim, at, effects: Vec::new() };
        desk.clear();
        desk
    }

    /// Everything as it was before anybody did anything, a minute later.
    fn again(&mut self) {
        self.clear();
        self.wait(60_000);
        self.happen(What::Tick);
    }

    fn clear(&mut self) {
        let model = &mut self.sim.model;
        drop(model.acts.take());
        model.acts.over = None;
        model.acts.runs.clear();
        model.acts.ledger = warroom::action::Ledger::default();
        model.ui = Ui::new(&model.plan);
        let checkout = RowKey::Service("checkout".into());
        model.ui.overview.selected = Some(checkout);
        model.ui.overview.chosen = true;
        self.effects.clear();
    }

    fn happen(&mut self, what: What) {
        let effects = update(&mut self.sim.model, Event { at: self.at, what });
        self.effects.extend(effects);
    }

    fn key(&mut self, key: &str) {
        let chord = key.parse().unwrap_or_else(|error| panic!("{key}: {error}"));
        self.happen(What::Key(chord));
    }

    fn click(&mut self, under: Under) {
        self.happen(What::Mouse(Mouse { x: 40, y: 12, press: Press::Down, under }));
    }

    fn wait(&mut self, ms: u64) {
        self.at = self.at + Duration::from_millis(ms);
    }

    /// Steps, separated by blanks: `+N` waits N ms, `type:TEXT` types by hand (60 ms a letter), `burst:TEXT` types all at
    /// once, `slow:TEXT` comes all at once to a loop that needs 50 ms for each key, `stale:TEXT` was typed 3 s ago,
    /// `paste:TEXT`, `tick`, `down` (checkout stops answering), `listed` (versions arrive), `reload`; anything else is
    /// a key. `_` in a text is a blank.
    fn run(&mut self, script: &str) -> &mut Self {
        for word in script.split_whitespace() {
            let (verb, text) = word.split_once(':').unwrap_or((word, ""));
            let text = text.replace('_', " ");
            match verb {
                "type" | "burst" => {
                    for letter in text.chars() {
                        self.key(&if letter == ' ' { "space".to_owned() } else { letter.to_string() });
                        self.wait(if verb == "type" { 60 } else { 0 });
                    }
                }
                "slow" | "stale" => {
                    let read = if verb == "slow" { self.at } else { self.at - Duration::from_secs(3) };
                    for letter in text.chars() {
                        let what =
                            What::Key(letter.to_string().parse().unwrap_or_else(|error| panic!("{error}")));
                        let effects = update(&mut self.sim.model, Event { at: read, what });
                        self.effects.extend(effects);
                        self.wait(50);
                        self.happen(What::Tick);
                    }
                }
                "paste" => self.happen(What::Paste(text)),
                "tick" => self.happen(What::Tick),
                "down" => self.down(),
                "listed" => self.listed(),
                "reload" => {
                    let plan = Arc::clone(&self.sim.plan);
                    self.happen(What::Reloaded(Ok(plan)));
                }
                _ if verb.starts_with('+') => self.wait(verb[1..].parse().unwrap_or_default()),
                _ => self.key(word),
            }
        }
        self
    }

    /// Checkout does not answer any more.
    fn down(&mut self) {
        for _ in 0..3 {
            let targets = self.sim.plan.targets.iter().filter(|target| &*target.service == "checkout");
            let reports = targets.map(|target| ScrapeReport {
                target: target.id,
                generation: self.sim.plan.generation,
                at: self.at,
                took: Duration::from_millis(1),
                outcome: Err(Failure::Refused),
                samples: Vec::new(),
                observation: None,
                not_before: None,
                retry_after: None,
            });
            self.happen(What::Reports(reports.collect()));
            while self.sim.model.has_work() {
                self.happen(What::Work);
            }
        }
    }

    fn listed(&mut self) {
        let choice = |value: &str, current: bool, hours: u64| Choice {
            value: value.to_owned(),
            json: value.into(),
            label: Clean::new(value),
            current,
            since: Some(self.at - Duration::from_secs(hours * 3600)),
            carried: Map::new(),
        };
        let outcome = Ok(vec![choice("v42", true, 1), choice("v41", false, 50), choice("v40", false, 300)]);
        let listed = Listed {
            action: "rollback".into(),
            service: "checkout".into(),
            param: "version".into(),
            outcome,
        };
        self.happen(What::Listed(listed));
    }

    fn waiting(&self) -> usize {
        self.sim.model.acts.waiting()
    }

    /// What stands over the screen.
    fn over(&self) -> &'static str {
        match &self.sim.model.acts.over {
            None => "none",
            Some(Over::Menu(_)) => "menu",
            Some(Over::Fill(_)) => "fill",
            Some(Over::Ask(_)) => "ask",
            Some(Over::Run(_)) => "run",
        }
    }

    /// Everything that is told: the message, the box's own sentence.
    fn said(&self) -> String {
        let message = self.sim.model.ui.message.as_ref().map_or("", |message| &message.text);
        let said = match &self.sim.model.acts.over {
            Some(Over::Ask(ask)) => ask.said.clone().unwrap_or_default(),
            Some(Over::Fill(fill)) => fill.said.clone().unwrap_or_default(),
            _ => String::new(),
        };
        format!("{message} | {said}")
    }

    fn screen(&mut self, width: u16, height: u16, theme: &Theme) -> String {
        self.happen(What::Resize(width, height));
        self.sim.screen(width, height, theme)
    }

    /// Takes what may be sent, as the loop does.
    fn send(&mut self) -> (String, Authorized) {
        let mut all = self.sim.model.acts.take();
        assert_eq!(all.len(), 1, "one thing may be sent");
        let authorized = all.remove(0);
        assert_eq!(self.waiting(), 0, "it is given out once");
        (authorized.proposal().id().to_owned(), authorized)
    }
}

/// Restart asks for the service's name; this does it as a person does.
const RESTART: &str = ":restart_checkout enter +900 type:checkout enter enter";

fn typed(script: &str) -> String {
    // `:restart_checkout` is typed on the command line letter by letter.
    script
        .split_whitespace()
        .map(|word| word.strip_prefix(':').map_or_else(|| word.to_owned(), |line| format!(": type:{line}")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What an attacker, a stuck key or bad luck can do, and that nothing leaves by it.
#[test]
fn what_is_not_meant_leaves_nothing() {
    let (mut desk, mut wrong) = (Desk::new(), Vec::new());
    for (name, script, over, said) in [
        ("the menu alone", "a +1000", "menu", ""),
        ("the box alone", "a +1000 enter +20000", "ask", ""),
        ("double enter", "a +500 enter enter enter enter", "ask", "too soon"),
        ("enter that is held", "a +500 enter +420 enter +420 enter +420 enter", "ask", "held"),
        ("enter on cancel", "a +500 enter +1500 enter", "none", "cancelled"),
        ("keys before anybody can read", "a +500 enter +100 type:checkout enter enter", "ask", "too soon"),
        ("the phrase at once after opening", "a +500 enter burst:checkout enter enter", "ask", "too soon"),
        ("a paste of the phrase", ":restart_checkout enter +1500 paste:checkout enter", "none", "cancelled"),
        (
            "a paste into the phrase",
            ":restart_checkout enter +900 tab paste:checkout enter enter",
            "ask",
            "phrase",
        ),
        (
            "a paste that came as keys",
            ":restart_checkout enter +900 burst:checkout enter +50 enter",
            "ask",
            "faster than hands",
        ),
        (
            "a paste that came as keys to a busy loop",
            ":restart_checkout enter +1500 slow:checkout enter +50 enter",
            "ask",
            "faster than hands",
        ),
        (
            "keys that were typed before the box was there",
            ":restart_checkout enter +2000 tick stale:checkout enter enter",
            "none",
            "cancelled",
        ),
        (
            "a y that was typed before the box was there",
            ":flush-cache_search enter +2000 tick stale:y",
            "ask",
            "too soon",
        ),
        ("another name", ":restart_checkout enter +900 type:search enter enter enter", "ask", "does not fit"),
        (
            "half the name",
            ":restart_checkout enter +900 type:check enter tab tab enter",
            "ask",
            "does not fit",
        ),
        ("y where a name is asked for", ":restart_checkout enter +900 y enter enter", "ask", "does not fit"),
        ("nobody there", ":restart_checkout enter +900 type:checkout +15001 tick", "none", "disarmed"),
        ("late by a moment", ":restart_checkout enter +900 type:checkout +15001 enter", "none", "disarmed"),
        ("escape", ":restart_checkout enter +900 type:checkout enter esc", "none", "cancelled"),
        ("escape at once", ":restart_checkout enter esc", "none", "cancelled"),
        (
            "the service went down meanwhile",
            ":restart_checkout enter +900 type:checkout enter down enter",
            "ask",
            "look again",
        ),
        (
            "the configuration was read anew",
            ":restart_checkout enter +900 type:checkout enter reload enter",
            "none",
            "",
        ),
        ("a value that is not listed", ":rollback_checkout_v99 enter listed +900", "fill", "not in the list"),
        ("the version that runs", ":rollback_checkout_v42 enter listed +900", "fill", "what runs now"),
        (
            "a list that has not come",
            ":rollback_checkout_v41 enter +900 type:checkout enter enter",
            "fill",
            "",
        ),
        (
            "production without a reason",
            ":rollback_checkout_v41 enter listed +900 type:checkout enter enter enter",
            "ask",
            "give a reason",
        ),
        ("a list for another box", ":restart_checkout enter listed +1500 enter", "none", "cancelled"),
        ("y too early", ":flush-cache_search enter y", "ask", "too soon"),
        ("y that is pasted", ":flush-cache_search enter +900 paste:y", "ask", "cannot be pasted"),
        ("n", ":flush-cache_search enter +900 n", "none", "cancelled"),
        ("an action of another service", ":flush-cache_checkout enter", "none", "not offered"),
        ("a service that is none", ":restart_nothing enter", "none", "not offered"),
        ("quitting keys", ":restart_checkout enter +900 q u i t enter enter", "ask", "does not fit"),
    ] {
        if script.contains("down") {
            desk = Desk::new(); // it has to be up before
        }
        desk.again();
        desk.run(&typed(script));
        assert_eq!(desk.waiting(), 0, "{name}");
        assert!(!desk.effects.contains(&Effect::Act), "{name}");
        assert!(desk.sim.model.acts.runs.is_empty(), "{name}");
        if desk.over() != over || !desk.said().contains(said) {
            wrong.push(format!("{name}: {}, {}", desk.over(), desk.said()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The same keys as of somebody who means it, where it may not be.
#[test]
fn where_nothing_may_be_changed_nothing_leaves() {
    let confirm = "environment.demo = { actions = \"confirm\" }";
    for (name, line, other, read_only, said) in [
        ("--read-only", "", "", true, "read-only"),
        ("off", confirm, "environment.demo = { actions = \"off\" }", false, "actions are off"),
        ("by default", confirm, "environment.demo = {}", false, "actions are off"),
        (
            "other users",
            confirm,
            "environment.demo = { actions = \"confirm\", users = [\"otto\"] }",
            false,
            "not among the users",
        ),
        (
            "other kinds",
            confirm,
            "environment.demo = { actions = \"confirm\", kinds = [\"rollback\"] }",
            false,
            "kind restart",
        ),
        (
            "frozen",
            confirm,
            "environment.demo = { actions = \"confirm\", freeze = [\"Fri 08:00 - Mon 08:00 UTC\"] }",
            false,
            "frozen until",
        ),
    ] {
        let mut desk = Desk::with(line, other, read_only);
        let header = if read_only || name == "off" || name == "by default" { "READ-ONLY" } else { "ARMED" };
        assert!(desk.screen(120, 40, &dark()).contains(header), "{name}");
        desk.run("a +500 enter +900 type:checkout enter enter enter");
        assert!(desk.said().contains(said) || desk.over() == "menu", "{name}: {}", desk.said());
        desk.run("esc esc esc +7000 tick");
        desk.run(&typed(RESTART));
        assert!(!desk.effects.contains(&Effect::Act), "{name}");
        assert_eq!(desk.waiting(), 0, "{name}");
        desk.again();
        desk.run(&typed(":restart_checkout enter"));
        assert!(desk.said().contains(said), "{name}: {}", desk.said());
    }
}

/// What is meant leaves once.
#[test]
fn what_is_meant_leaves_once() {
    let mut desk = Desk::new();
    for (name, script, action, params, reason) in [
        ("from the menu", "a +500 enter +900 type:checkout enter enter", "restart", "", ""),
        ("by command", RESTART, "restart", "", ""),
        (
            "with a reason that is pasted",
            ":restart_checkout enter +900 type:checkout tab paste:INC-7_slow enter enter",
            "restart",
            "",
            "INC-7 slow",
        ),
        (
            "production",
            ":rollback_checkout_v41_5xx_since_13:49 enter listed +900 type:checkout enter enter",
            "rollback",
            "v41",
            "5xx since 13:49",
        ),
        (
            "production, chosen from the list",
            ":rollback_checkout enter +200 listed +500 enter +900 type:checkout enter type:bad enter enter",
            "rollback",
            "v41",
            "bad",
        ),
        ("reversible", ":flush-cache_search enter +900 y", "flush-cache", "", ""),
        (
            "asked anew after a change",
            ":restart_checkout enter +900 type:checkout enter down enter +1500 type:checkout enter enter",
            "restart",
            "",
            "",
        ),
        (
            "keys that came too soon, then in peace",
            ":restart_checkout enter burst:xx +900 type:checkout enter enter",
            "restart",
            "",
            "",
        ),
    ] {
        if script.contains("down") {
            desk = Desk::new(); // it has to be up before
        }
        desk.again();
        desk.run(&typed(script));
        assert_eq!(desk.over(), "run", "{name}: {}", desk.said());
        assert_eq!(desk.effects.iter().filter(|effect| **effect == Effect::Act).count(), 1, "{name}");
        // Keys that still come change nothing.
        desk.run("enter y burst:checkout enter enter +2000 enter");
        let (_, authorized) = desk.send();
        let proposal = authorized.proposal();
        assert_eq!(&*proposal.action().name, action, "{name}");
        let values: Vec<&str> = proposal.params().iter().map(|it| it.choice.value.as_str()).collect();
        assert_eq!(values.join(" "), params, "{name}");
        let headers: Vec<&str> = authorized
            .requests()
            .flat_map(|request| &request.headers)
            .filter(|(name, _)| name == "X-Reason")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(headers.first().copied().unwrap_or(""), reason, "{name}");
        assert!(desk.sim.model.acts.take().is_empty(), "{name}: what was taken is gone");
    }
}

/// While one is under way, and right after it, a second is refused; the journal of others counts as ours does.
#[test]
fn one_at_a_time() {
    let mut desk = Desk::new();
    desk.run(&typed(RESTART));
    let (id, authorized) = desk.send();
    let mut run = authorized.into_run();
    let shot = run.next_shot().unwrap_or_else(|| panic!("one request"));
    let sent = shot.receipt().sent(desk.at);
    for lines in [What::Recorded(vec![sent.clone()]), What::Written(vec![sent])] {
        desk.happen(lines);
    }
    let model = &desk.sim.model;
    assert_eq!(model.acts.ledger.act(&id).map(|act| act.shots.len()), Some(1), "told twice, counted once");
    desk.run(&typed("esc +900 :restart_checkout enter"));
    assert!(desk.said().contains("under way"), "{}", desk.said());
    // A dashboard elsewhere that reads the same journal knows it too.
    let mut other = Desk::new();
    let sent = shot.receipt().sent(other.at);
    other.happen(What::Written(vec![sent]));
    other.run(&typed(":restart_checkout enter"));
    assert!(other.said().contains("under way"), "{}", other.said());
    other.run("+900 type:checkout enter enter");
    assert_eq!((other.waiting(), other.over()), (0, "none"), "{}", other.said());
}

#[test]
fn somebody_else_has_to_approve() {
    let mut desk = Desk::with(
        "environment.demo = { actions = \"confirm\" }",
        "environment.demo = { actions = \"confirm\", two_key = \"service\" }",
        false,
    );
    desk.run(&typed(RESTART));
    assert_eq!((desk.waiting(), desk.over()), (0, "none"), "{}", desk.said());
    assert!(desk.said().contains("nothing was sent"), "{}", desk.said());
    let laid = desk.effects.iter().find_map(|effect| match effect {
        Effect::Propose(folder, entry) => Some((folder.clone(), entry.clone())),
        _ => None,
    });
    let (folder, entry) = laid.unwrap_or_else(|| panic!("it is laid down"));
    assert_eq!((folder.to_str(), &*entry.action), (Some("/var/lib/warroom/two-key"), "action.proposed"));
    // What nobody else can see was not proposed.
    desk.happen(What::Proposed(entry.clone(), Err(Clean::new("opening it: chmod +t"))));
    assert!(desk.said().contains("restart on checkout was not proposed, nobody else can see it: opening"));
    assert!(desk.sim.model.acts.ledger.acts().is_empty() && desk.sim.model.two_key_folders().is_empty());
    desk.happen(What::Proposed(entry, Ok(())));
    assert!(desk.said().contains("warroom action approve checkout-restart-"), "{}", desk.said());
    assert!(desk.sim.model.two_key_folders().contains(&folder));
    let due = desk.sim.model.acts.due(desk.at).unwrap_or_else(|| panic!("it is looked after"));
    assert!(due.since(desk.at) <= warroom::model::act::LOOK);
    let id = desk.sim.model.acts.ledger.open_proposals(desk.at).next().map(|act| act.id.to_string());
    let otto = Who { user: Clean::new("otto"), ..Who::default() };
    let id = id.unwrap_or_default();
    let policy = desk.sim.model.policy("checkout");
    let approved = warroom::action::door::approve(&policy, &desk.sim.model.acts.ledger, &id, &otto, desk.at);
    let approved = approved.unwrap_or_else(|why| panic!("{why}"));
    // Of no worth: the proposer's own, one of something else, somebody else's proposals in any number.
    let mut own = approved.clone();
    own.who = desk.sim.model.who.clone();
    let mut other = approved.clone();
    other.details.insert("what".to_owned(), "something else".into());
    let flood = (0..3_000).map(|count| {
        let mut slip = approved.clone();
        slip.action = "action.proposed".to_owned();
        slip.details.insert("id".to_owned(), format!("flood-{count}").into());
        slip
    });
    let worthless = [own, other].into_iter().chain(flood).collect();
    desk.happen(What::Slips(worthless));
    assert_eq!(desk.sim.model.acts.ledger.acts().len(), 1);
    assert!(!desk.said().contains("approved"), "{}", desk.said());
    desk.run(&typed(&format!("+2000 {RESTART}")));
    assert_eq!(desk.waiting(), 0, "{}", desk.said());

    desk.happen(What::Slips(vec![approved]));
    assert!(desk.said().contains("otto approved restart on checkout: do it again"), "{}", desk.said());
    assert!(desk.sim.model.two_key_folders().is_empty(), "nothing waits any more");
    desk.run(&typed(&format!("+2000 {RESTART}")));
    let asked = desk.effects.iter().any(|effect| matches!(effect, Effect::TwoKey(_)));
    assert!(asked, "the box looks for an approval when it opens");
    assert_eq!((desk.waiting(), desk.over()), (1, "run"), "{}", desk.said());
}

/// From the journal's line to the verdict, as the loop tells it.
#[test]
fn an_act_is_followed_judged_and_kept() {
    let mut desk = Desk::later();
    desk.run(&typed(RESTART));
    let (id, authorized) = desk.send();
    let incidents = desk.sim.model.incidents.open().len();
    let mut run = authorized.into_run();
    let shot = run.next_shot().unwrap_or_else(|| panic!("one request"));
    desk.happen(What::Recorded(vec![shot.receipt().sent(desk.at)]));
    for step in [
        Step::Sending { turn: 1, of: 1, instance: "10.0.0.2:8080".into() },
        Step::Sent {
            how: How::Done,
            text: Clean::new("HTTP 202"),
            advice: None,
            took: Duration::from_millis(41),
        },
        Step::Following(Clean::new("/admin/jobs/7")),
        Step::Job(Clean::new("running"), vec![Clean::new("worker 1 of 4 restarted")]),
        Step::Settling(Duration::from_secs(60)),
    ] {
        desk.wait(500);
        desk.happen(What::Acted(id.clone(), step));
    }
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("progress_{width}x{height}"), desk.screen(width, height, &dark()));
    }
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::PollNow(Some(_)))), "it looks at once");
    // Leaving while it is under way is asked for twice.
    desk.run("esc +100 q");
    assert!(!desk.effects.contains(&Effect::Quit) && desk.said().contains("under way"), "{}", desk.said());
    desk.run("7 +100 enter");
    assert_eq!(desk.over(), "run", "the ledger leads back to it");
    desk.run("c");
    assert!(desk.effects.contains(&Effect::StopWaiting(id.clone())), "the waiting can be ended");
    let ended = warroom::action::Ended {
        how: How::Done,
        status: Some(202),
        body: Clean::new("{\"job\":7}"),
        note: Clean::new("job 7 is done"),
        job: Some(Clean::new("done")),
        took: Duration::from_millis(41),
    };
    desk.happen(What::Recorded(vec![shot.receipt().ended(&ended, desk.at)]));
    let finished = Finished {
        stopped: false,
        how: How::Done,
        settled: true,
        text: Clean::new("job 7 is done; settled"),
        advice: None,
        not_begun: 0,
        unrecorded: None,
    };
    desk.happen(What::Acted(id.clone(), Step::Over(finished)));
    assert!(desk.screen(120, 40, &dark()).contains("too early"), "the figures still hold what was before");
    desk.run("+29000 tick");
    assert!(
        desk.sim.model.acts.run(&id).is_some_and(|run| run.verdict.is_none()),
        "not before the window is over"
    );
    desk.effects.clear();
    desk.run("+1100 tick");
    assert!(desk.sim.model.acts.run(&id).is_some_and(|run| run.verdict.is_some()), "judged");
    let kept = desk.effects.iter().any(|effect| match effect {
        Effect::Journal(entries) => entries.iter().any(|entry| entry.action == "action.verdict"),
        _ => false,
    });
    assert!(kept, "the verdict stands in the journal");
    assert_eq!(desk.sim.model.incidents.open().len(), incidents, "an act opens no incident");
    if let Some(incident) = desk.sim.model.incidents.open().first() {
        let told = format!("{:?}", incident.timeline);
        assert!(told.contains("restart"), "it stands in the incident's timeline");
    }
    desk.run("esc 7");
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("ledger_{width}x{height}"), desk.screen(width, height, &dark()));
    }
    desk.run("+20000 enter");
    assert_eq!(desk.over(), "ask", "repeating goes through the same door: {}", desk.said());
    assert_eq!(desk.waiting(), 0);
    desk.run("esc y");
    let copied =
        desk.effects.iter().any(|effect| matches!(effect, Effect::Copy(text) if text.starts_with("curl ")));
    assert!(copied, "the request can be copied");
}

/// A line without an outcome, of a warroom that died: found at the start, told, and never repeated by itself.
#[test]
fn what_nobody_knows_is_told() {
    let mut desk = Desk::new();
    desk.run(&typed(RESTART));
    let (_, authorized) = desk.send();
    let mut run = authorized.into_run();
    let shot = run.next_shot().unwrap_or_else(|| panic!("one request"));
    let sent = shot.receipt().sent(desk.at - Duration::from_secs(3600));
    let mut next = Desk::new();
    next.happen(What::Remembered { entries: vec![sent], saved: Vec::new() });
    assert!(next.said().contains("nobody knows how this ended"), "{}", next.said());
    next.run("7");
    let screen = next.screen(120, 40, &dark());
    for words in ["UNKNOWN", "Do not repeat it blindly", "journal holds no outcome"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert_eq!(next.waiting(), 0);
}

/// Pre-checks that ask an endpoint are made when the box opens and once more before it is sent; the first do not count.
#[test]
fn pre_checks_are_made_again_before_it_is_sent() {
    use warroom::action::{Checked, Passed};
    let restart = "cool_down = \"15s\" }\naction.flush";
    let with = "cool_down = \"15s\", checks.peers = { path = \"/ready\", otherwise = \"its peers are not ready\" } }\naction.flush";
    for (again, waiting, said) in [
        (Passed::Yes, 1, ""),
        (Passed::No(Clean::new("HTTP 503")), 0, "its peers are not ready (HTTP 503)"),
        (Passed::Unknown(Clean::new("timed out")), 0, "could not be made: timed out"),
    ] {
        let mut desk = Desk::with(restart, with, false);
        desk.run(&typed(":restart_checkout enter"));
        let asked =
            |desk: &Desk| desk.effects.iter().filter(|effect| matches!(effect, Effect::Check(_))).count();
        assert_eq!(asked(&desk), 1, "the box asks when it opens");
        let made = |desk: &mut Desk, passed: Passed| {
            let Some(Over::Ask(ask)) = &desk.sim.model.acts.over else { panic!("the box is gone") };
            let id = ask.proposal.id().to_owned();
            let checks = vec![Checked { name: "peers".to_owned(), passed }];
            desk.happen(What::Checked(Made { id, checks }));
        };
        made(&mut desk, Passed::Yes);
        desk.run("+900 type:checkout enter enter");
        assert_eq!((asked(&desk), desk.waiting(), desk.over()), (2, 0, "ask"), "asked again, and waited for");
        desk.run("+300 enter type:y");
        assert_eq!(desk.waiting(), 0, "keys do not hurry it");
        made(&mut desk, again);
        assert_eq!(desk.waiting(), waiting, "{}", desk.said());
        assert!(desk.said().contains(said), "{}", desk.said());
    }
}

#[test]
fn the_door_at_every_size() {
    let mut desk = Desk::later();
    for (name, script) in [
        ("menu", "a"),
        ("box_restart", ":restart_checkout enter +900 type:chec"),
        ("list", ":rollback_checkout enter listed"),
        ("box_rollback", ":rollback_checkout_v41_5xx_since_13:49 enter listed +900 type:checkout"),
        ("box_flush", ":flush-cache_search enter"),
    ] {
        desk.sim.model.acts.over = None;
        desk.run("esc +100");
        desk.run(&typed(script));
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), desk.screen(width, height, &dark()));
        }
        let ascii = desk.screen(200, 60, &mono(true));
        assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
        for (width, height) in
            [(0, 0), (1, 1), (2, 1), (1, 50), (9, 3), (20, 5), (39, 7), (40, 8), (79, 23), (500, 3)]
        {
            desk.screen(width, height, &dark());
        }
        // Whatever the height, what is asked for is in view.
        if name.starts_with("box") {
            for height in 10..30 {
                let screen = desk.screen(80, height, &dark());
                assert!(
                    screen.contains("asks for") && screen.contains("Cancel"),
                    "{name} {height}\n{screen}"
                );
            }
        }
    }
}

/// No secret is on the screen, in the copy, or in the journal.
#[test]
fn secrets_are_named_and_never_shown() {
    let mut desk = Desk::new();
    desk.run(&typed(":restart_checkout enter +900 ctrl-y"));
    let screen = desk.screen(120, 40, &dark());
    assert!(screen.contains("Bearer $WARROOM_DEMO_TOKEN"), "{screen}");
    let copied = desk.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap_or_default();
    assert!(copied.contains("\"Authorization: Bearer $WARROOM_DEMO_TOKEN\""), "{copied}");
    assert!(!screen.contains(warroom::demo::TOKEN) && !copied.contains(warroom::demo::TOKEN));
}

fn steps() -> impl Strategy<Value = Vec<&'static str>> {
    // Every letter of `checkout` but `k`, no `y`: nobody can type a phrase with these, by whatever order or pace.
    const STEPS: &[&str] = &[
        "a",
        "enter",
        "enter",
        "tab",
        "esc",
        "down",
        "up",
        "j",
        "c",
        "h",
        "e",
        "o",
        "u",
        "t",
        "7",
        "1",
        "q",
        "backspace",
        "ctrl-u",
        "space",
        "+0",
        "+50",
        "+450",
        "+1100",
        "+5000",
        "+16000",
        "tick",
        "listed",
        "reload",
        "paste:checkout",
        "paste:y",
        "paste:search",
        "burst:checout",
        "pgdn",
        "ctrl-y",
        "ctrl-p",
        "ctrl-l",
        "ctrl-d",
        "ctrl-k",
        "r",
        "m",
        "p",
        "click-restart",
        "click-box",
        ": type:restart_checout enter",
        "open",
        "open-rollback",
        "open-flush",
    ];
    proptest::collection::vec(proptest::sample::select(STEPS), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// No sequence of keys and events without the phrase leaves anything.
    #[test]
    fn without_the_phrase_nothing_leaves(
        sequences in proptest::collection::vec(steps(), 8),
        preset in proptest::sample::select(Keymap::PRESETS),
    ) {
        let mut desk = Desk::new();
        let keys = Keymap::preset(preset).unwrap();
        Arc::make_mut(&mut desk.sim.plan).ui.keys = keys.clone();
        Arc::make_mut(&mut desk.sim.model.plan).ui.keys = keys;
        for steps in sequences {
            for step in &steps {
                match *step {
                    // The command line is closed before, so that its letters go nowhere else.
                    "open" => { desk.run(&typed("esc esc :restart_checkout enter")); }
                    "open-rollback" => { desk.run(&typed("esc esc :rollback_checkout_v41_why enter listed")); }
                    "open-flush" => { desk.run(&typed("esc esc :flush-cache_search enter")); }
                    "click-restart" => desk.click(Under::Command(Command::ActRestart)),
                    "click-box" => desk.click(Under::Nothing),
                    step => { desk.run(step); }
                }
                prop_assert_eq!(desk.waiting(), 0, "{:?}", steps);
            }
            prop_assert!(!desk.effects.contains(&Effect::Act), "{:?}", steps);
        }
        // The same desk still lets through what is meant: the property is not true because nothing ever works.
        desk.run("esc esc esc esc +60000 tick 1");
        desk.sim.model.ui.prompt = None;
        desk.sim.model.acts.over = None;
        // The finder may have led into the past, where nothing can be done.
        desk.run(&typed(":live enter"));
        desk.run(&typed(RESTART));
        let screen = desk.screen(120, 40, &dark());
        prop_assert_eq!(desk.waiting(), 1, "{}\n{}", desk.said(), screen);
    }
}

/// What an act does to a service is called warming, for as long as its warm-up takes, and is marked on its graphs.
#[test]
fn what_an_act_restarts_is_warming() {
    let mut desk = Desk::new();
    desk.run(&typed(RESTART));
    let (_, authorized) = desk.send();
    let mut run = authorized.into_run();
    let shot = run.next_shot().unwrap_or_else(|| panic!("one request"));
    let at = desk.at;
    desk.happen(What::Recorded(vec![shot.receipt().sent(at)]));
    assert_eq!(desk.sim.model.act_marks("checkout", at), [(at.seconds(), "restart".to_owned())]);
    assert!(desk.sim.model.act_marks("search", at).is_empty());
    let warmup = Duration::from_secs(10);
    for (after, service, wanted) in
        [(1, "checkout", Some(at)), (10, "checkout", Some(at)), (11, "checkout", None), (1, "search", None)]
    {
        desk.sim.model.now = at + Duration::from_secs(after);
        let found = desk.sim.model.restarted_at(service, "10.0.0.3:8080", warmup);
        assert_eq!(found, wanted, "{service} {after}");
    }
}
