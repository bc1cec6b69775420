//! `warroom --attach` against the real `warroom serve`: one poller, many terminals.
//!
//! The server is the real binary over a fake service that counts what it is asked; the terminals are poller and model, as
//! the dashboard has them. Nothing sleeps: a step waits for a message.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files, read the clock and start the binary"
)]

#[path = "support/sim.rs"]
mod sim;
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::{Act, Fake, Request, http, json, metrics, serve};
use tokio::sync::mpsc;
use warroom::capture::{self, Head};
use warroom::config;
use warroom::demo::Scenario;
use warroom::event::{Effect, Event, Fed, FeedLink, What};
use warroom::feed::{Hello, Line, Place, Reader, Writer};
use warroom::io::capture as files;
use warroom::io::poll::{LinkState, Message, Poller, Setup};
use warroom::journal::Who;
use warroom::model::Model;
use warroom::model::recorded::{Recorder, plan_of};
use warroom::plan::{FeedPlan, Plan};
use warroom::target::Failure;
use warroom::target::health::State;
use warroom::text::Clean;
use warroom::units::Timestamp;
use warroom::update::{command_line, settle, update};

/// Longer than any step takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as i64)
}

/// What the service exports: it is bad or not, and its counters grow with each request.
fn exported(bad: bool, nth: usize) -> String {
    let (all, failed) = (nth * 10, if bad { nth * 5 } else { 0 });
    format!(
        "# TYPE shop_bad gauge\nshop_bad {}\n# TYPE shop_requests_total counter\nshop_requests_total {all}\n# TYPE \
         shop_errors_total counter\nshop_errors_total {failed}\n",
        i32::from(bad)
    )
}

/// A service that is polled, and a home for the server.
struct Scene {
    home: tempfile::TempDir,
    bad: Arc<AtomicBool>,
    shop: Fake,
}

impl Scene {
    fn new() -> Self {
        let bad = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&bad);
        let shop = serve(move |request: &Request| {
            let bad = state.load(Ordering::SeqCst);
            Act::Send(match request.path() {
                "/health" => json(r#"{"status":"healthy","version":"1.2"}"#),
                _ => metrics(exported(bad, request.nth).as_bytes()),
            })
        });
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("state")).unwrap();
        let rules = "groups: [{name: shop, interval: 1s, rules: [{alert: ShopIsBad, expr: shop_bad == 1, labels: {severity: critical}, annotations: {summary: the shop is bad}}]}]\n";
        std::fs::write(home.path().join("rules.yml"), rules).unwrap();
        let scene = Self { home, bad, shop };
        scene.configure("");
        scene
    }

    /// The server's configuration.
    fn configure(&self, more: &str) {
        let toml = format!("rules.shop = {{ files = [\"rules.yml\"] }}\n{}{more}", self.toml(""));
        std::fs::write(self.home.path().join("config.toml"), toml).unwrap();
    }

    /// What server and terminals have in common.
    fn toml(&self, of_service: &str) -> String {
        let all = warroom::rules::builtin::NAMES.map(|name| format!("{name:?}")).join(", ");
        format!(
            r#"
defaults.poll = {{ interval = "1s", timeout = "900ms" }}
builtin_rules.off = [{all}]
incident.settle = "0s"
[service.shop]
{of_service}
instances = ["{}"]
poll.health = {{ kind = "health", path = "/health" }}
poll.metrics = {{ kind = "metrics", path = "/metrics" }}
[slo.shop]
service = "shop"
objective = 99.0
window = "1d"
error = "sum(rate(shop_errors_total[{{{{.window}}}}]))"
total = "sum(rate(shop_requests_total[{{{{.window}}}}]))"
"#,
            self.shop.url(""),
        )
    }

    fn asked(&self) -> usize {
        self.shop.requests().len()
    }

    fn serve(&self, listen: &str, env: &[(&str, &str)]) -> Serving {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command
            .args(["serve", "-c", "config.toml", "--listen", listen, "--state"])
            .arg(self.home.path().join("state"));
        command.env_clear().env("HOME", self.home.path()).envs(env.iter().copied());
        command.current_dir(self.home.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut serving = Serving { child, lines, url: String::new() };
        let line = serving.says("listening on ");
        let url = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap();
        url.clone_into(&mut serving.url);
        serving
    }
}

/// The server.
struct Serving {
    child: Child,
    lines: Receiver<String>,
    url: String,
}

impl Serving {
    /// Waits for a line with this in it.
    fn says(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("the server says something");
            if line.contains(part) {
                return line;
            }
        }
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// One exchange of our own: status and body.
    fn ask(&self, request: &str, body: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
        (status, answer[end + 4..].to_vec())
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An attached dashboard without its screen.
struct Terminal {
    model: Model,
    poller: Poller,
    messages: mpsc::Receiver<Message>,
    runtime: tokio::runtime::Runtime,
    effects: Vec<Effect>,
}

impl Terminal {
    fn with(plan: Plan, user: &str) -> Self {
        let (sender, messages) = mpsc::channel(256);
        let mut model = Model::new(Arc::new(plan), now(), false);
        model.who = Who { user: Clean::new(user), host: Clean::new("test"), ..Who::default() };
        model.ui.size = (120, 40);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let poller = Poller::start(sender).unwrap();
        let mut it = Self { model, poller, messages, runtime, effects: Vec::new() };
        it.configure();
        it
    }

    /// Without a configuration of its own.
    fn attach(url: &str, user: &str) -> Self {
        Self::with(borrowing(url), user)
    }

    /// With one of its own, and attached.
    fn own(url: &str, toml: &str, user: &str) -> Self {
        let mut plan = compile(toml);
        plan.attach(&Arc::new(FeedPlan::attach(url, None, None, true).unwrap()));
        Self::with(plan, user)
    }

    fn configure(&mut self) {
        let plan = &self.model.plan;
        let own = plan.targets.iter().filter(|target| plan.feeds.of(target.id).is_none());
        self.poller.configure(Setup {
            targets: own.map(|target| target.as_ref().clone()).collect(),
            generation: plan.generation,
            references: Vec::new(),
            feeds: plan.feeds.all.clone(),
        });
    }

    fn happen(&mut self, what: What) {
        for effect in update(&mut self.model, Event { at: now(), what }) {
            match effect {
                Effect::Configure => self.configure(),
                Effect::Deliver(name, entries) => self.poller.deliver(&name, entries),
                Effect::Recall { purpose, from, to } => self.poller.recall(purpose, from, to),
                effect => self.effects.push(effect),
            }
        }
        while self.model.has_work() {
            let more = update(&mut self.model, Event { at: now(), what: What::Work });
            self.effects.extend(more);
        }
    }

    fn take(&mut self, message: Message) {
        let what = match message {
            Message::Fed(name, fed) => What::Fed(name, fed),
            Message::Reports(reports) => What::Reports(reports),
            Message::Recalled(recalled) => What::Recalled(recalled),
            Message::Plan(plan) => {
                let mut plan = Plan::clone(&plan);
                plan.generation = self.model.plan.generation + 1;
                What::Reloaded(Ok(Arc::new(plan)))
            }
            Message::Ended(samples) => What::Ended(samples),
            Message::Link(LinkState::Works) => What::Link(None),
            Message::Link(LinkState::Down { since, detail }) => What::Link(Some((since, detail))),
            Message::FullBody { .. } => return,
        };
        self.happen(what);
    }

    /// Takes in what comes until something is so; says how long that took.
    fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) -> Duration {
        let began = Instant::now();
        while !is_so(&self.model) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "{what}: {:?}, {:?}", self.model.attached.feeds, self.model.ui.message);
            let next = self.messages.recv();
            let wait = left.min(Duration::from_millis(200));
            let message = self.runtime.block_on(async { tokio::time::timeout(wait, next).await });
            match message {
                Ok(Some(message)) => self.take(message),
                Ok(None) => panic!("the poller has ended"),
                Err(_) => self.happen(What::Tick),
            }
        }
        began.elapsed()
    }

    fn live(&mut self) {
        self.until("live", |model| model.attached.feeds.iter().all(|feed| feed.link == FeedLink::Live));
    }

    /// A line that does something, typed as people do.
    fn types(&mut self, line: &str) {
        self.happen(What::Key(":".parse().unwrap()));
        for letter in line.chars() {
            let chord = if letter == ' ' { "space".to_owned() } else { letter.to_string() };
            self.happen(What::Key(chord.parse().unwrap()));
        }
        self.happen(What::Key("enter".parse().unwrap()));
    }
}

/// The screen of a model at `at`, without the head line (who is attached to whom) and without messages.
fn picture(model: &mut Model, line: &str, at: Timestamp) -> String {
    model.ui.size = (160, 50);
    command_line(model, line, at).unwrap();
    update(model, Event { at, what: What::Resize(160, 50) });
    while model.has_work() {
        update(model, Event { at, what: What::Work });
    }
    model.ui.message = None;
    settle(model);
    let area = ratatui::layout::Rect::new(0, 0, 160, 50);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    warroom::view::paint(model, &sim::mono(false), area, &mut buffer);
    sim::text_of(&buffer).lines().skip(1).collect::<Vec<_>>().join("\n")
}

fn compile(toml: &str) -> Plan {
    let source = config::Source { name: "own.toml".to_owned(), text: toml.to_owned() };
    Plan::compile(&config::load(&[source]).unwrap(), 1).unwrap()
}

fn borrowing(url: &str) -> Plan {
    let mut plan = Plan::compile(&config::Config::default(), 1).unwrap();
    plan.attach(&Arc::new(FeedPlan::attach(url, None, None, false).unwrap()));
    plan
}

fn open(model: &Model) -> usize {
    model.incidents.open().len()
}

fn acknowledged(model: &Model) -> bool {
    model.incidents.open().iter().any(|it| it.acknowledged.is_some())
}

fn notes(model: &Model, text: &str) -> usize {
    let told = model.time.log.entries.iter().filter(|(entry, _)| entry.to_line().contains(text));
    told.count()
}

/// A terminal that was handed what a server knows, over the wire's form but without a wire.
struct Twin {
    model: Model,
    reader: Reader,
    writer: Writer,
}

impl Twin {
    /// Attaches to the simulated fleet's warroom.
    fn of(sim: &sim::Sim) -> Self {
        let at = sim.now();
        let head = Head { from: at - Duration::from_secs(3_600), to: at, made: at, ..Head::default() };
        let mut bytes = Vec::new();
        capture::write(&Recorder::to_go_on(&sim.model).capture(head), u64::MAX, &mut bytes).unwrap();
        let mut state = capture::read(&bytes[..], capture::Limits::default()).unwrap();
        assert_eq!(state.left_out.0, 0, "{}", state.left_out.1);
        let feed = Arc::new(FeedPlan::attach("http://127.0.0.1:1", None, None, false).unwrap());
        let mut plan = Plan::clone(&plan_of(&std::mem::take(&mut state.portable), None).unwrap());
        plan.attach(&feed);
        plan.generation = 2;
        let empty = borrowing("http://127.0.0.1:1");
        let mut model = Model::new(Arc::new(empty), at - Duration::from_millis(5), false);
        let series = std::mem::take(&mut state.series);
        let hello = Hello { at, polls: places(sim), ..Hello::default() };
        let fed = |fed| What::Fed("attached".into(), fed);
        for what in [
            What::Reloaded(Ok(Arc::new(plan))),
            fed(Fed::Hello(hello)),
            fed(Fed::State(Box::new(state))),
            fed(Fed::Samples(series)),
            fed(Fed::Complete),
        ] {
            update(&mut model, Event { at, what });
        }
        let mut it = Self { model, reader: Reader::default(), writer: Writer::default() };
        it.work(at);
        it
    }

    fn work(&mut self, at: Timestamp) {
        while self.model.has_work() {
            update(&mut self.model, Event { at, what: What::Work });
        }
    }

    fn hear(&mut self, text: &str, at: Timestamp) {
        let lines: Vec<Line> =
            text.lines().filter_map(|line| self.reader.line(line.as_bytes()).unwrap()).collect();
        let what = What::Fed("attached".into(), Fed::Lines(lines, text.len() as u64));
        update(&mut self.model, Event { at, what });
        self.work(at);
    }
}

fn places(sim: &sim::Sim) -> Vec<Place> {
    let place = |target: &Arc<warroom::target::Target>| Place {
        service: Arc::clone(&target.service),
        poll: Arc::clone(&target.poll),
        instance: Arc::clone(&target.instance),
    };
    sim.model.plan.targets.iter().map(place).collect()
}

#[test]
fn an_attached_terminal_shows_what_the_server_shows() {
    let mut sim = sim::Sim::new(Scenario::Story);
    sim.run_to(75);
    let mut twin = Twin::of(&sim);
    let all = places(&sim);
    while sim.now() < sim::BEGAN + Duration::from_secs(130) {
        let (reports, effects) = sim.step();
        let at = sim.now();
        let text = twin.writer.reports(&reports, |report| all.get(report.target.0 as usize).cloned());
        twin.hear(&text, at);
        for effect in effects {
            if let Effect::Journal(entries) = effect {
                let text = Writer::journal(&entries);
                twin.hear(&text, at);
            }
        }
        update(&mut twin.model, Event { at, what: What::Tick });
        twin.work(at);
    }
    let at = sim.now();
    assert!(!sim.model.incidents.open().is_empty(), "there is something to see");
    let lines = ["overview", "service checkout", "incidents", "slos", "latency", "breakers"];
    for line in lines {
        let (server, terminal) = (picture(&mut sim.model, line, at), picture(&mut twin.model, line, at));
        same(line, &server, &terminal);
    }
    let id = sim.model.incidents.open()[0].id.to_string();
    let line = format!("incident {id}");
    same(&line, &picture(&mut sim.model, &line, at), &picture(&mut twin.model, &line, at));
}

fn same(screen: &str, server: &str, terminal: &str) {
    // The configuration that leaves the server has its polls in order of name, and so a service's list of them.
    let lines = |text: &str| -> String {
        let mut lines: Vec<String> = text.lines().map(|line| line.replace('▌', " ")).collect();
        if screen.starts_with("service ") {
            lines.sort();
        }
        lines.join("\n")
    };
    let (server, terminal) = (lines(server), lines(terminal));
    let differ: Vec<String> = server
        .lines()
        .zip(terminal.lines())
        .filter(|(server, terminal)| server != terminal)
        .map(|(server, terminal)| format!("server   {server}\nterminal {terminal}\n"))
        .collect();
    assert!(differ.is_empty(), "{screen}:\n{}", differ.join("\n"));
}

#[test]
fn twenty_terminals_cost_the_services_what_one_costs() {
    let scene = Scene::new();
    let mut serving = scene.serve("127.0.0.1:0", &[]);
    let mut all: Vec<Terminal> =
        (0..20).map(|n| Terminal::attach(&serving.url, &format!("user-{n}"))).collect();
    for terminal in &mut all {
        terminal.live();
        assert_eq!(terminal.model.plan.services.len(), 1, "the plan is the server's");
    }
    // So many polls of the server's are seen by the first and by the last of them, and no others are made.
    let (before, began) = (scene.asked(), Instant::now());
    let counted = |model: &Model| model.attached.feeds[0].bytes.0;
    let (first, last) = (counted(&all[0].model), counted(&all[19].model));
    all[0].until("polls are heard", |model| counted(model) > first + 6_000);
    all[19].until("polls are heard", |model| counted(model) > last + 6_000);
    let (asked, seconds) = (scene.asked() - before, began.elapsed().as_secs_f64());
    assert!(asked as f64 <= 2.0 * (seconds + 2.0), "{asked} requests in {seconds} s of two polls a second");
    assert!(asked > 0);
    // An alert: everybody has the incident of the server, by its id.
    scene.bad.store(true, Ordering::SeqCst);
    for terminal in &mut all {
        terminal.until("the incident", |model| open(model) == 1);
    }
    let id = all[0].model.incidents.open()[0].id.clone();
    assert!(all.iter().all(|terminal| terminal.model.incidents.open()[0].id == id));
    // One acknowledges: all the others see it.
    all[3].types("ack");
    let mut took = Duration::ZERO;
    for terminal in &mut all {
        took += terminal.until("the acknowledgement", acknowledged);
        let by = &terminal.model.incidents.open()[0].acknowledged.as_ref().unwrap().user;
        assert_eq!(by, "user-3");
    }
    assert!(took < Duration::from_secs(5), "all have seen it after {took:?}");
    // The server has it, once, and knows where it came from.
    serving.says("acknowledged");
    let journal = std::fs::read_to_string(scene.home.path().join("state/journal.jsonl")).unwrap();
    let acks: Vec<&str> = journal.lines().filter(|line| line.contains("incident.acknowledged")).collect();
    assert_eq!(acks.len(), 1, "{journal}");
    assert!(acks[0].contains("\"attached_from\":\"127.0.0.1\"") && acks[0].contains("user-3"), "{}", acks[0]);
    // A terminal that is killed is gone from the count; the others go on.
    drop(all.drain(5..));
    all[0].until("four are left, and I", |model| model.attached.feeds[0].clients == 5);
    // Nothing was written by a machine from here: what people did is all that went out.
    assert!(all.iter().all(|terminal| {
        !terminal
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Journal(_) | Effect::Save(_) | Effect::Keep(_)))
    }));
}

#[test]
fn a_killed_and_restarted_server_is_found_again_and_nothing_counts_twice() {
    let scene = Scene::new();
    let mut serving = scene.serve("127.0.0.1:0", &[]);
    let (mut one, mut two) = (Terminal::attach(&serving.url, "anna"), Terminal::attach(&serving.url, "ben"));
    one.live();
    two.live();
    scene.bad.store(true, Ordering::SeqCst);
    one.until("the incident", |model| open(model) == 1);
    let address = serving.address().to_owned();
    serving.kill();
    for terminal in [&mut one, &mut two] {
        terminal.until("lost", |model| matches!(model.attached.feeds[0].link, FeedLink::Lost(_)));
    }
    // What is shown grows old by itself.
    one.until("stale", |model| model.fleet.services[0].state == State::Stale);
    one.types("note while it was away");
    one.until("it waits", |model| model.attached.feeds[0].unsent.0 == 1);
    let oldest = one.model.store.stats().oldest.unwrap();
    let serving = scene.serve(&address, &[]);
    for terminal in [&mut one, &mut two] {
        terminal.live();
        terminal.until("it is told", |model| notes(model, "while it was away") == 1);
        terminal.until("up", |model| model.fleet.services[0].state == State::Up);
        assert_eq!(open(&terminal.model), 1, "the same incident");
    }
    one.until("it went", |model| model.attached.feeds[0].unsent.0 == 0);
    assert_eq!(one.model.store.stats().oldest.unwrap(), oldest, "nothing is lost");
    assert_eq!(notes(&one.model, "while it was away"), 1, "nothing is doubled");
    let journal = std::fs::read_to_string(scene.home.path().join("state/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("while it was away").count(), 1, "{journal}");
    // The configuration is read again: everybody follows.
    scene.configure("[service.other]\ninstances = [\"http://127.0.0.1:9\"]\npoll.tcp = { kind = \"tcp\" }\n");
    for terminal in [&mut one, &mut two] {
        terminal.until("the new service", |model| model.plan.services.len() == 2);
    }
    drop(serving);
}

#[test]
fn a_configuration_of_ones_own_stays_ones_own() {
    let scene = Scene::new();
    let serving = scene.serve("127.0.0.1:0", &[]);
    // All polls from the server; one that it does not make is told.
    let more = "poll.more = { kind = \"health\", path = \"/more\" }\n[service.mine]\ninstances = [\"http://127.0.0.1:9\"]\npoll.tcp = { kind = \"tcp\" }\n";
    let toml = scene.toml("labels = { team = \"a\" }").replace("[slo.shop]", &format!("{more}[slo.shop]"));
    let mut own = Terminal::own(&serving.url, &toml, "anna");
    own.live();
    own.until("up", |model| {
        model.fleet.targets.iter().any(|row| &*row.target.poll == "health" && row.state == State::Up)
    });
    let told = |model: &Model, poll: &str| {
        let row = model.fleet.targets.iter().find(|row| *row.target.poll == *poll).unwrap().clone();
        (row.state, row.failure)
    };
    for poll in ["more", "tcp"] {
        let (state, failure) = told(&own.model, poll);
        assert_eq!(state, State::Unknown, "{poll}");
        let Some(Failure::Ours(why)) = failure else { panic!("{poll}: {failure:?}") };
        assert!(why.as_str().ends_with("does not poll it"), "{why}");
    }
    assert!(!scene.shop.requests().iter().any(|request| request.contains("/more")));
    // Mixed: this service from the server, that one from here.
    let mine = serve(|_: &Request| Act::Send(json(r#"{"status":"healthy"}"#)));
    let toml = format!(
        "{}[service.mine]\ninstances = [\"{}\"]\npoll.health = {{ kind = \"health\", path = \"/health\" }}\n\
         [backend.shared]\nkind = \"warroom\"\nurl = \"{}\"\n",
        scene.toml("engine = \"shared\""),
        mine.url(""),
        serving.url
    );
    let mut mixed = Terminal::with(compile(&toml), "ben");
    mixed.live();
    mixed.until("both are up", |model| model.fleet.services.iter().all(|row| row.state == State::Up));
    assert!(!mine.requests().is_empty());
    mixed.types("refresh");
}

/// How a hostile server answers.
type Hostile = Box<dyn Fn() -> Act + Send + Sync>;

#[test]
fn a_hostile_server_costs_its_own_services_only() {
    let page = |status: &str, head: &str, body: &str| http(status, head, body.as_bytes());
    let html = "content-type: text/html\r\n";
    let hello = Writer::hello(&Hello { at: now(), ..Hello::default() });
    let endless = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n".to_vec();
    let cases: Vec<(&str, Hostile, &str)> = vec![
        ("401", Box::new(move || Act::Send(page("401 Unauthorized", "", "no"))), "HTTP 401"),
        (
            "a web page",
            Box::new(move || Act::Send(page("200 OK", html, "<html>hello\n</html>\n"))),
            "no feed",
        ),
        ("not there", Box::new(move || Act::Send(page("404 Not Found", "", "gone"))), "HTTP 404"),
        (
            "a redirect",
            Box::new(move || Act::Send(page("302 Found", "location: http://elsewhere/\r\n", ""))),
            "redirects to http://elsewhere/",
        ),
        ("a closed door", Box::new(|| Act::Close(Vec::new())), "connection lost"),
        (
            "an endless line",
            Box::new({
                let endless = endless.clone();
                move || Act::Forever(endless.clone(), vec![b'x'; 1 << 16])
            }),
            "a line of over 8 MiB",
        ),
        (
            "endless nonsense",
            Box::new({
                let endless = endless.clone();
                move || Act::Forever(endless.clone(), b"{\"news\":1}\n".repeat(100))
            }),
            "no feed",
        ),
        (
            "another version",
            Box::new({
                let endless = endless.clone();
                move || Act::Hang([&endless[..], b"{\"warroom_feed\":9}\n"].concat())
            }),
            "version 9",
        ),
        ("silence", Box::new(|| Act::Hang(Vec::new())), "no answer within 500ms"),
        (
            "a state that is none",
            Box::new({
                let hello = hello.clone();
                move || Act::Hang([&endless[..], hello.as_bytes()].concat())
            }),
            "its state cannot be read",
        ),
    ];
    let mine = serve(|_: &Request| Act::Send(json(r#"{"status":"healthy"}"#)));
    for (name, act, part) in cases {
        let server = serve(move |request: &Request| match request.path() {
            path if path.ends_with("/feed") => act(),
            // gzip's first bytes, and then nothing of it.
            _ => Act::Send(http("200 OK", "", &[0x1f, 0x8b, 8, 0, 1, 2, 3])),
        });
        let toml = format!(
            "defaults.poll = {{ interval = \"1s\" }}\n[service.mine]\ninstances = [\"{}\"]\n\
             poll.health = {{ kind = \"health\", path = \"/health\" }}\n\
             [service.theirs]\nengine = \"bad\"\ninstances = [\"http://127.0.0.1:9\"]\npoll.tcp = {{ kind = \"tcp\" }}\n\
             [backend.bad]\nkind = \"warroom\"\nurl = \"{}\"\ntimeout = \"500ms\"\n",
            mine.url(""),
            server.url("")
        );
        let mut terminal = Terminal::with(compile(&toml), "anna");
        let lost = |model: &Model| match &model.attached.feeds[0].link {
            FeedLink::Lost(why) => Some(why.as_str().to_owned()),
            _ => None,
        };
        terminal.until(name, |model| lost(model).is_some());
        let why = lost(&terminal.model).unwrap();
        assert!(why.contains(part), "{name}: {why}");
        terminal.until(name, |model| model.fleet.services[0].state == State::Up);
        assert_ne!(terminal.model.fleet.services[1].state, State::Up, "{name}");
    }
}

#[test]
fn the_routes_keep_what_is_theirs() {
    let scene = Scene::new();
    scene.configure("[serve]\ntoken = \"env:TOKEN\"\n");
    let serving = scene.serve("127.0.0.1:0", &[("TOKEN", "correct horse")]);
    for route in ["GET /api/v1/warroom/feed", "GET /api/v1/warroom/state", "POST /api/v1/warroom/journal"] {
        assert_eq!(serving.ask(route, "").0, 401, "{route}");
    }
    drop(serving);
    scene.configure("");
    let mut serving = scene.serve("127.0.0.1:0", &[]);
    let mut terminal = Terminal::attach(&serving.url, "anna");
    terminal.live();
    for (request, body, status) in [
        ("GET /api/v1/warroom/other", "", 404),
        ("POST /api/v1/warroom/feed", "", 405),
        ("GET /api/v1/warroom/journal", "", 405),
        ("GET /api/v1/warroom/state?from=yesterday", "", 400),
        ("GET /api/v1/warroom/state?span=60", "", 200),
        ("POST /api/v1/warroom/journal", "hello", 422),
        ("POST /api/v1/warroom/journal", "", 200),
    ] {
        let (got, said) = serving.ask(request, body);
        assert_eq!(got, status, "{request}: {}", String::from_utf8_lossy(&said));
    }
    // What a machine says is not taken from anybody.
    scene.bad.store(true, Ordering::SeqCst);
    terminal.until("the incident", |model| open(model) == 1);
    let entries = &terminal.model.time.log.entries;
    let opened = entries.iter().find(|(entry, _)| entry.action == "incident.opened").unwrap().0.to_line();
    let (status, said) = serving.ask("POST /api/v1/warroom/journal", &opened);
    assert_eq!(status, 422);
    assert!(String::from_utf8_lossy(&said).contains("nothing that a person did"));
    // The state is a capture that replays.
    let (_, body) = serving.ask("GET /api/v1/warroom/state", "");
    let file = scene.home.path().join("now.warroom.gz");
    std::fs::write(&file, &body).unwrap();
    let capture = files::load(&file).unwrap();
    assert!(capture.samples() > 0 && capture.left_out.0 == 0);
    assert!(plan_of(&capture.portable, None).is_ok());
    // Without a screen.
    for (arguments, part) in [
        (vec!["--once"], "shop"),
        (vec!["--once", "--screen=incidents"], "the shop is bad"),
        (vec!["status"], "shop"),
        (vec!["check", "shop"], "SHOP OK"),
    ] {
        let before = scene.asked();
        let began = Instant::now();
        let said = warroom(scene.home.path(), &serving.url, &arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
        let most = 2.0 * (began.elapsed().as_secs_f64() + 2.0);
        assert!((scene.asked() - before) as f64 <= most, "{arguments:?}: nothing is polled from here");
    }
    serving.kill();
    let said = warroom(scene.home.path(), &serving.url, &["check"]);
    assert!(said.contains("WARROOM UNKNOWN - 127.0.0.1") && said.contains("refused"), "{said}");
}

/// The real binary, attached, without a configuration.
fn warroom(home: &Path, url: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["--attach", url]).args(arguments).env_clear().env("HOME", home).stdin(Stdio::null());
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
