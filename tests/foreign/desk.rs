//! The dashboard over pictures of other systems: what opens, what stays quiet, what `A` asks, and that nothing leaves
//! without the box.

use super::mapping::{AT, picture};
use crate::{CONFIG, alert, plan};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use warroom::action::{Body, How, Request};
use warroom::event::{Effect, Event, Finished, Step, What};
use warroom::foreign::Picture;
use warroom::foreign::alertmanager;
use warroom::incident::Incident;
use warroom::model::Model;
use warroom::model::act::Over;
use warroom::model::ui::Screen;
use warroom::text::Clean;
use warroom::units::Timestamp;
use warroom::update::update;

pub struct Desk {
    pub model: Model,
    pub at: Timestamp,
    pub effects: Vec<Effect>,
}

impl Desk {
    pub fn new(config: &str, read_only: bool) -> Self {
        let plan = plan(config);
        let mut model = Model::new(plan, AT, read_only);
        model.who = warroom::journal::Who { user: Clean::new("anna"), ..Default::default() };
        Self { model, at: AT, effects: Vec::new() }
    }

    pub fn happen(&mut self, what: What) -> &mut Self {
        self.effects.extend(update(&mut self.model, Event { at: self.at, what }));
        while self.model.has_work() {
            self.effects.extend(update(&mut self.model, Event { at: self.at, what: What::Work }));
        }
        self
    }

    /// A second later, this is what the members say.
    pub fn hear(&mut self, rounds: &[[Option<Value>; 2]]) -> &mut Self {
        self.pass(1);
        let picture = picture(rounds, self.at);
        self.hear_picture(picture)
    }

    pub fn hear_picture(&mut self, picture: Picture) -> &mut Self {
        self.happen(What::Foreign(1, Arc::new(picture)))
    }

    pub fn pass(&mut self, seconds: u64) -> &mut Self {
        self.at = self.at + Duration::from_secs(seconds);
        self.happen(What::Tick)
    }

    pub fn open(&self) -> Vec<&Incident> {
        self.model.incidents.open()
    }

    /// Keys by name, half a second apart: the first one within that is not taken for one.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.at = self.at + Duration::from_millis(500);
            self.happen(What::Key(key.parse().unwrap_or_else(|error| panic!("{key}: {error}"))));
        }
        self
    }

    /// A line after `:`.
    pub fn line(&mut self, text: &str) -> &mut Self {
        self.keys(":");
        for letter in text.chars() {
            let key = if letter == ' ' { "space".to_owned() } else { letter.to_string() };
            self.happen(What::Key(key.parse().unwrap()));
        }
        self.keys("enter")
    }

    /// Looks at the only open incident.
    pub fn look(&mut self) -> &mut Self {
        let id = Arc::clone(&self.open()[0].id);
        self.model.ui.screen = Screen::Incident(id);
        self
    }

    pub fn said(&self) -> &str {
        self.model.ui.message.as_ref().map_or("", |message| message.text.as_str())
    }

    pub fn asks(&self) -> bool {
        matches!(self.model.acts.over, Some(Over::Ask(_)))
    }

    /// What the door let through: the requests, and the proposal's id.
    pub fn sent(&mut self) -> Vec<(Request, String)> {
        let taken = self.model.acts.take();
        let all = taken.iter().flat_map(|one| {
            let id = one.proposal().id().to_owned();
            one.requests().map(move |request| (request.clone(), id.clone())).collect::<Vec<_>>()
        });
        all.collect()
    }

    pub fn ended(&mut self, id: &str, how: How) -> &mut Self {
        let finished = Finished {
            how,
            settled: how == How::Done,
            text: Clean::new("HTTP 200"),
            advice: None,
            not_begun: 0,
            stopped: false,
            unrecorded: None,
        };
        self.happen(What::Acted(id.to_owned(), Step::Over(finished)))
    }
}

pub fn errors(silence: Option<&str>) -> Value {
    alert("aa", &json!({ "alertname": "Errors", "job": "checkout", "severity": "critical" }), silence)
}

fn with_silence(desk: &Desk, comment: &str, alerts: &Value) -> Picture {
    let list = json!([{
        "id": "s1", "status": { "state": "active" }, "createdBy": "anna", "comment": comment,
        "startsAt": "2025-11-21T10:00:00Z", "endsAt": "2025-11-21T12:00:00Z", "updatedAt": "2025-11-21T10:00:00Z",
        "matchers": [{ "name": "alertname", "value": "Errors", "isRegex": false, "isEqual": true }],
    }]);
    let mut picture = picture(&[[Some(alerts.clone()), None]], desk.at);
    let read = alertmanager::silences(list.to_string().as_bytes()).unwrap();
    picture.silences = read.good.into_iter().map(|silence| (silence.id.clone(), silence)).collect();
    picture
}

#[test]
fn alerts_open_and_end_incidents_and_what_is_held_back_opens_none() {
    let both = |value: Value| [Some(value.clone()), Some(value)];
    let mut desk = Desk::new(CONFIG, false);
    // Silenced before anybody here knew of it: nobody is rung.
    desk.hear(&[both(json!([errors(Some("s1"))]))]);
    assert!(desk.open().is_empty());
    assert_eq!(desk.model.foreign.held_back()[0], ("silenced", 1));
    // Heard again: an incident, with where it comes from.
    desk.hear(&[both(json!([errors(None)]))]);
    let found = desk.open()[0];
    assert_eq!(
        (&*found.service(), found.severity.word(), &*found.alerts[0].origin),
        ("checkout", "P1", "am")
    );
    assert_eq!(found.title(), "too [2Jmany errors");
    let id = Arc::clone(&found.id);
    // Silenced while it lasts: it lasts.
    desk.hear(&[both(json!([errors(Some("s1"))]))]).pass(3600);
    assert_eq!(desk.open()[0].id, id);
    // Nobody answers, for an hour: nothing has ended.
    desk.hear(&[both(json!([errors(None)])), [None, None]])
        .pass(3600)
        .hear(&[both(json!([errors(None)])), [None, None]]);
    assert_eq!(desk.open()[0].firing().count(), 1);
    // Gone everywhere: resolved once things have settled.
    desk.hear(&[both(json!([]))]);
    assert_eq!(desk.open()[0].firing().count(), 0);
    desk.pass(301).hear(&[both(json!([]))]);
    assert!(desk.open().is_empty());
}

#[test]
fn unassigned_alerts_are_one_incident_a_group() {
    let one = |id: &str, name: &str, instance: &str| {
        alert(id, &json!({ "alertname": name, "instance": instance }), None)
    };
    let mut desk = Desk::new(CONFIG, false);
    desk.hear(&[[Some(json!([one("a", "Disk", "x"), one("b", "Disk", "y"), one("c", "Cert", "x")])), None]]);
    let mut counts: Vec<usize> = desk.open().iter().map(|it| it.firing().count()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}

#[test]
fn what_we_sent_there_ourselves_is_no_news() {
    let mut desk = Desk::new(CONFIG, false);
    let labels =
        json!({ "alertname": "WarroomIncident", "incident": "INC-20251121-aaaaaa", "service": "checkout" });
    desk.hear(&[[Some(json!([alert("aa", &labels, None)])), None]]);
    assert!(desk.open().is_empty());
}

#[test]
fn acknowledging_asks_for_a_silence_and_nothing_leaves_without_the_box() {
    let told = [Some(json!([errors(None)])), None];
    let mut desk = Desk::new(CONFIG, false);
    desk.hear(std::slice::from_ref(&told)).look();
    // Each way to it opens the box, and only the box.
    for way in ["A", ":ack", ":silence", ":silence 2h looking", ":ack INC"] {
        desk.look();
        match way.strip_prefix(':') {
            Some(line) => desk.line(line),
            None => desk.keys(way),
        };
        assert!(desk.asks(), "{way}: {}", desk.said());
        assert!(desk.sent().is_empty() && !desk.effects.contains(&Effect::Act), "{way}");
        // Keys too early, a paste, any other key: nothing.
        desk.happen(What::Key("y".parse().unwrap())).happen(What::Paste("y".to_owned())).keys("n x enter");
        assert!(desk.sent().is_empty(), "{way}");
        desk.keys("esc");
        assert!(!desk.asks() && desk.open()[0].acknowledged.is_none(), "{way}");
    }
    desk.look().line("silence 2h looking at it").keys("tab").pass(1).keys("y");
    let sent = desk.sent();
    let (request, id) = &sent[0];
    assert_eq!(
        (sent.len(), request.method.word(), request.url.path()),
        (1, "POST", "/prefix/api/v2/silences")
    );
    let Body::Json(body, _) = &request.body else { panic!("no body") };
    assert!(body["comment"].as_str().unwrap().contains("acknowledged by anna: looking at it [warroom "));
    // It was sent, but not answered yet: nobody has acknowledged anything.
    assert!(desk.open()[0].acknowledged.is_none());
    let id = id.clone();
    desk.ended(&id, How::Done);
    assert_eq!(desk.open()[0].acknowledged.as_ref().unwrap().user, "anna");
    assert!(desk.effects.contains(&Effect::AskForeign("am".into())));
    // Sent once.
    assert!(desk.sent().is_empty());
}

#[test]
fn a_refused_silence_acknowledges_nothing_and_a_lost_answer_is_found_out() {
    let told = [Some(json!([errors(None)])), None];
    for (how, comment, acknowledged, said) in [
        (How::Failed, "", false, ""),
        (How::NotSent, "", false, ""),
        (How::Unknown, "x [warroom KEY]", true, "after all"),
        (How::Unknown, "x [warroom another]", false, "does not know of it"),
    ] {
        let mut desk = Desk::new(CONFIG, false);
        desk.hear(std::slice::from_ref(&told)).look().keys("A").keys("y");
        let id = desk.sent().remove(0).1;
        desk.ended(&id, how);
        assert!(desk.open()[0].acknowledged.is_none(), "{how:?}");
        desk.pass(1);
        let picture = with_silence(&desk, &comment.replace("KEY", &id), &json!([errors(None)]));
        desk.hear_picture(picture);
        assert_eq!(desk.open()[0].acknowledged.is_some(), acknowledged, "{how:?} {comment}");
        assert!(desk.said().contains(said), "{how:?}: {}", desk.said());
    }
}

/// The screen as text.
fn screen(desk: &mut Desk) -> String {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use warroom::theme::{Depth, Theme};
    let area = Rect::new(0, 0, 140, 40);
    desk.happen(What::Resize(area.width, area.height));
    warroom::update::settle(&mut desk.model);
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut buf = Buffer::empty(area);
    warroom::view::paint(&desk.model, &theme, area, &mut buf);
    let row = |y: u16| -> String { (0..area.width).map(|x| buf[(x, y)].symbol()).collect() };
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_held_back_is_shown_with_why_by_whom_and_until_when() {
    let cause =
        alert("cc", &json!({ "alertname": "Cause", "job": "checkout", "severity": "critical" }), None);
    let mut effect =
        alert("dd", &json!({ "alertname": "Effect", "job": "checkout", "severity": "warning" }), None);
    effect["status"] = json!({ "state": "suppressed", "silencedBy": [], "inhibitedBy": ["cc"] });
    let mut asleep =
        alert("ee", &json!({ "alertname": "Backup", "instance": "db:1", "severity": "warning" }), None);
    asleep["status"] = json!({
        "state": "suppressed", "silencedBy": [], "inhibitedBy": [], "mutedBy": ["week\u{1b}[2Jends"],
    });
    let mut desk = Desk::new(CONFIG, false);
    // Nothing else is wrong, and something is all the same.
    let picture = with_silence(&desk, "deploy of 3.2", &json!([errors(Some("s1"))]));
    desk.hear_picture(picture);
    desk.model.ui.screen = Screen::Incidents;
    let text = screen(&mut desk);
    assert!(text.contains("held back elsewhere 1 alert, nobody is told"), "{text}");
    let line = text.lines().find(|line| line.contains("SILENCED")).unwrap();
    for part in ["Errors", "checkout", "anna: deploy of 3.2"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    // Beside an incident: what the incident has itself does not stand there once more.
    desk.pass(1);
    let picture = with_silence(&desk, "deploy of 3.2", &json!([errors(Some("s1")), cause, effect, asleep]));
    desk.hear_picture(picture);
    let text = screen(&mut desk);
    let begin = text.find("held back elsewhere").unwrap();
    let rows: Vec<&str> = text[begin..]
        .lines()
        .filter(|line| line.contains("anna") || line.contains("Cause") || line.contains("ends"))
        .collect();
    assert_eq!(rows.len(), 3, "{text}");
    // What ends first comes first, what has no end last.
    for (row, parts) in rows.iter().zip([
        ["SILENCED", "Errors", "anna"],
        ["MUTED", "Backup", "db:1"],
        ["INHIBITED", "Effect", "Cause"],
    ]) {
        assert!(parts.iter().all(|part| row.contains(part)), "{parts:?}: {row}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
    let foot: Vec<&str> = text.lines().skip(30).collect();
    insta::with_settings!({ snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!("held_back_140x40", foot.join("\n"));
    });
}

#[test]
fn giving_it_back_ends_our_silence_and_extending_keeps_it() {
    let mut desk = Desk::new(CONFIG, false);
    desk.hear(&[[Some(json!([errors(None)])), None]]).look().keys("A").keys("y");
    let id = desk.sent().remove(0).1;
    desk.ended(&id, How::Done).keys("esc").pass(1);
    let silenced = json!([errors(Some("s1"))]);
    let picture = with_silence(&desk, &format!("INC: acknowledged by anna [warroom {id}]"), &silenced);
    desk.hear_picture(picture);
    let why = desk.model.foreign.silenced(desk.open()[0]).unwrap();
    assert_eq!(
        (why.word, why.by.as_str(), why.comment.as_str()),
        ("SILENCED", "anna", "INC: acknowledged by anna")
    );
    desk.look().line("extend 1h");
    assert!(desk.asks(), "{}", desk.said());
    desk.pass(1).keys("y");
    let (request, id) = desk.sent().remove(0);
    let Body::Json(body, _) = &request.body else { panic!("no body") };
    assert_eq!((body["id"].as_str(), body["endsAt"].as_str()), (Some("s1"), Some("2025-11-21T13:00:00Z")));
    desk.ended(&id, How::Done).keys("esc").look().keys("A");
    assert!(desk.asks(), "{}", desk.said());
    desk.keys("y");
    let (request, id) = desk.sent().remove(0);
    assert_eq!((request.method.word(), request.url.path()), ("DELETE", "/prefix/api/v2/silence/s1"));
    assert!(desk.open()[0].acknowledged.is_some());
    desk.ended(&id, How::Done);
    assert!(desk.open()[0].acknowledged.is_none());
    // A silence of somebody else is not ours to end.
    desk.keys("esc").look().line("ack here");
    let picture = with_silence(&desk, "maintenance", &silenced);
    desk.hear_picture(picture).look().keys("A");
    assert!(!desk.asks() && desk.open()[0].acknowledged.is_none(), "{}", desk.said());
}

#[test]
fn where_nothing_may_be_changed_it_is_acknowledged_here_and_said() {
    let closed = CONFIG.replace("actions = \"confirm\"", "actions = \"off\"");
    let kinds = CONFIG.replace("actions = \"confirm\"", "actions = \"confirm\", kinds = [\"restart\"]");
    let users = CONFIG.replace("actions = \"confirm\"", "actions = \"confirm\", users = [\"ben\"]");
    // A freeze protects services; who is told may change all the same.
    let frozen = CONFIG
        .replace("actions = \"confirm\"", "actions = \"confirm\", freeze = [\"Mon 00:00 - Sun 23:59 UTC\"]");
    for (config, read_only, asks, part) in [
        (CONFIG, true, false, "read-only"),
        (closed.as_str(), false, false, "actions are off"),
        (kinds.as_str(), false, false, "kind silence"),
        (users.as_str(), false, false, "anna is not among"),
        (frozen.as_str(), false, true, ""),
    ] {
        let mut desk = Desk::new(config, read_only);
        desk.hear(&[[Some(json!([errors(None)])), None]]).look().keys("A");
        assert_eq!(desk.asks(), asks, "{part}: {}", desk.said());
        assert_eq!(desk.open()[0].acknowledged.is_some(), !asks, "{part}");
        assert!(desk.said().contains(part), "{part}: {}", desk.said());
        assert!(desk.sent().is_empty());
    }
}

#[test]
fn an_answer_for_an_older_plan_says_nothing() {
    let mut desk = Desk::new(CONFIG, false);
    let picture = picture(&[[Some(json!([errors(None)])), None]], desk.at);
    desk.happen(What::Foreign(0, Arc::new(picture)));
    assert!(desk.open().is_empty());
}
