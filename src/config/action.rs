//! `action.NAME`: a change that can be made through a service's admin API, as written. The plan compiles it, with its
//! preset; all values are optional, so that a preset can stand below.

use super::place::{Place, Problem, Spanned};
use super::tree::{Item, Tree};
use serde_json::Value;
use std::time::Duration;

/// One `action.NAME` table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// Name of a preset.
    pub preset: Option<Spanned<String>>,
    /// For people.
    pub title: Option<String>,
    /// `restart`, `flush-cache`, `rollback`, `custom`.
    pub kind: Option<String>,
    /// The services that it is for; they exist.
    pub services: Vec<Spanned<String>>,
    /// `any`, `all`, `rolling`.
    pub instances: Option<String>,
    /// `reversible`, `service`, `production`.
    pub hazard: Option<String>,
    /// Base URL instead of the service's instances.
    pub base: Option<Spanned<String>>,
    /// Name of an `auth` table; it exists.
    pub auth: Option<String>,
    /// Holes with fixed values.
    pub vars: Vec<(String, Spanned<String>)>,
    /// What is sent.
    pub request: Request,
    /// What must be chosen or given.
    pub params: Vec<Param>,
    /// How it is followed.
    pub job: Option<Job>,
    /// When it has settled.
    pub settle: Option<Settle>,
    /// How long after it the same is refused.
    pub cool_down: Option<Duration>,
    /// What must hold before it is sent.
    pub checks: Vec<Check>,
    /// Must a reason be given?
    pub reason: Option<bool>,
    /// Header of the idempotency key.
    pub idempotency_header: Option<String>,
    /// Header of the reason.
    pub reason_header: Option<String>,
    /// Error codes and what they mean.
    pub errors: Vec<(String, String)>,
    /// Something to know.
    pub note: Option<String>,
}

/// `request`, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// `POST` and others.
    pub method: Option<String>,
    /// Path with holes.
    pub path: Option<Spanned<String>>,
    /// Headers with holes.
    pub headers: Vec<(String, Spanned<String>)>,
    /// The body.
    pub body: Option<Body>,
    /// What the body is.
    pub content_type: Option<String>,
    /// Statuses that mean that it was accepted.
    pub accept: Vec<u16>,
    /// How long the whole exchange may take.
    pub timeout: Option<Duration>,
}

/// A body, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// JSON whose texts have holes.
    Json(Spanned<Value>),
    /// Text with holes.
    Text(Spanned<String>),
    /// A form; its values have holes.
    Form(Vec<(String, Spanned<String>)>),
}

/// `params.NAME`, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Param {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// For people.
    pub title: Option<String>,
    /// What it is if nobody says anything.
    pub default: Option<String>,
    /// A regular expression.
    pub pattern: Option<Spanned<String>>,
    /// The most characters.
    pub max: Option<u64>,
    /// The only ones that are allowed.
    pub choices: Vec<String>,
    /// Path of the endpoint that lists them.
    pub from: Option<Spanned<String>>,
    /// JSON pointers: to the list, and within an item.
    pub items: Option<String>,
    /// To its value.
    pub value: Option<String>,
    /// To its label.
    pub label: Option<String>,
    /// To whether it is what runs now.
    pub current: Option<String>,
    /// To when it came.
    pub age: Option<String>,
    /// What must hold of an item.
    pub only: Vec<Spanned<String>>,
    /// Further values by name.
    pub carry: Vec<(String, String)>,
    /// What is removed from them.
    pub drop: Vec<String>,
}

/// `job`, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// `header:NAME`, `json:POINTER` or a path.
    pub url: Spanned<String>,
    /// Pointer to what fills `{job}`.
    pub id: Option<String>,
    /// Pointer to the state.
    pub state: Option<String>,
    /// States that mean that it was done.
    pub done: Vec<String>,
    /// States that mean that it failed.
    pub failed: Vec<String>,
    /// Pointer to what went wrong.
    pub error: Option<String>,
    /// Pointer to the log.
    pub log: Option<String>,
    /// How often it is asked.
    pub interval: Option<Duration>,
    /// How long it is followed.
    pub limit: Option<Duration>,
}

/// `settle`, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settle {
    /// Where the table begins.
    pub place: Place,
    /// PromQL.
    pub expr: Option<Spanned<String>>,
    /// A path whose answer must fit.
    pub path: Option<Spanned<String>>,
    /// What must hold of it.
    pub when: Vec<Spanned<String>>,
    /// How long it may take.
    pub limit: Option<Duration>,
}

/// `checks.NAME`, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// PromQL.
    pub expr: Option<Spanned<String>>,
    /// `GET` and others.
    pub method: Option<String>,
    /// A path whose answer must fit.
    pub path: Option<Spanned<String>>,
    /// The body.
    pub json: Option<Spanned<Value>>,
    /// What the body is.
    pub content_type: Option<String>,
    /// Statuses that will do.
    pub status: Vec<u16>,
    /// What must hold of the answer.
    pub when: Vec<Spanned<String>>,
    /// What to say if it does not hold.
    pub otherwise: Option<String>,
}

impl Action {
    /// This action where it says something, `preset` where it does not. Named things (vars, params, checks, errors) are
    /// replaced one by one.
    #[must_use]
    pub fn over(mut self, preset: &Self) -> Self {
        self.title = self.title.or_else(|| preset.title.clone());
        self.kind = self.kind.or_else(|| preset.kind.clone());
        self.instances = self.instances.or_else(|| preset.instances.clone());
        self.hazard = self.hazard.or_else(|| preset.hazard.clone());
        self.base = self.base.or_else(|| preset.base.clone());
        self.job = self.job.or_else(|| preset.job.clone());
        self.settle = self.settle.or_else(|| preset.settle.clone());
        self.cool_down = self.cool_down.or(preset.cool_down);
        self.reason = self.reason.or(preset.reason);
        self.idempotency_header = self.idempotency_header.or_else(|| preset.idempotency_header.clone());
        self.reason_header = self.reason_header.or_else(|| preset.reason_header.clone());
        self.note = self.note.or_else(|| preset.note.clone());
        below(&mut self.vars, &preset.vars, |pair| &pair.0);
        below(&mut self.errors, &preset.errors, |pair| &pair.0);
        below(&mut self.params, &preset.params, |param| &param.name);
        below(&mut self.checks, &preset.checks, |check| &check.name);
        let (request, under) = (&mut self.request, &preset.request);
        request.method = request.method.take().or_else(|| under.method.clone());
        request.path = request.path.take().or_else(|| under.path.clone());
        if request.body.is_none() {
            request.body.clone_from(&under.body);
            request.content_type = request.content_type.take().or_else(|| under.content_type.clone());
        }
        if request.accept.is_empty() {
            request.accept.clone_from(&under.accept);
        }
        request.timeout = request.timeout.or(under.timeout);
        below(&mut request.headers, &under.headers, |pair| &pair.0);
        self
    }
}

/// Adds what `under` names and `list` does not.
fn below<T: Clone>(list: &mut Vec<T>, under: &[T], name: impl Fn(&T) -> &String) {
    let more = under.iter().filter(|item| !list.iter().any(|known| name(known) == name(item))).cloned();
    let more: Vec<T> = more.collect();
    list.extend(more);
}

fn word(tree: &Tree, key: &str) -> Option<String> {
    Some(tree.word(key)).filter(|word| !word.is_empty()).map(str::to_owned)
}

fn plain(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn pairs(tree: &Tree, key: &str) -> Vec<(String, String)> {
    tree.pairs(key).into_iter().map(|(name, text)| (name, text.value)).collect()
}

fn json(tree: &Tree, key: &str) -> Option<Spanned<Value>> {
    let item = tree.item(key)?;
    match &item.value {
        Item::Json(value) => Some(Spanned { value: value.clone(), at: item.at.clone() }),
        _ => None,
    }
}

fn statuses(tree: &Tree, key: &str) -> Vec<u16> {
    let status = |item: &Spanned<Item>| match item.value {
        Item::Whole(number) => u16::try_from(number).ok(),
        _ => None,
    };
    tree.list(key).iter().filter_map(status).collect()
}

/// Reads one action.
pub(super) fn read(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Action {
    Action {
        name: name.to_owned(),
        place: tree.at.clone(),
        preset: tree.spanned("preset"),
        title: tree.text("title"),
        kind: word(tree, "kind"),
        services: tree.texts("services"),
        instances: word(tree, "instances"),
        hazard: word(tree, "hazard"),
        base: tree.spanned("base"),
        auth: tree.text("auth"),
        vars: tree.pairs("vars"),
        request: tree.table("request").map(|tree| request(tree, problems)).unwrap_or_default(),
        params: tree.tables("params").map(|(name, tree)| param(name, tree)).collect(),
        job: tree.table("job").map(job),
        settle: tree.table("settle").map(|tree| settle(tree, problems)),
        cool_down: tree.duration("cool_down"),
        checks: tree.tables("checks").map(|(name, tree)| check(name, tree, problems)).collect(),
        reason: tree.item("reason").map(|_| tree.flag("reason")),
        idempotency_header: tree.text("idempotency_header"),
        reason_header: tree.text("reason_header"),
        errors: pairs(tree, "errors"),
        note: tree.text("note"),
    }
}

/// At most one of `keys`.
fn at_most_one(tree: &Tree, keys: &[&str], problems: &mut Vec<Problem>) {
    let given: Vec<&str> = keys.iter().copied().filter(|key| tree.tried(key)).collect();
    if let [first, second, ..] = given[..] {
        let message = format!("{first} and {second} exclude each other");
        problems.push(Problem::new(&tree.at, &tree.path, message).with_remedy("keep one"));
    }
}

fn request(tree: &Tree, problems: &mut Vec<Problem>) -> Request {
    // An empty text and an empty form are no body.
    let (text, form) = (tree.spanned("text").filter(|text| !text.value.is_empty()), tree.pairs("form"));
    let given = [("json", tree.tried("json")), ("text", text.is_some()), ("form", !form.is_empty())];
    let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
    at_most_one(tree, &given, problems);
    let body = json(tree, "json").map(Body::Json);
    let body = body.or_else(|| text.map(Body::Text));
    Request {
        method: word(tree, "method"),
        path: tree.spanned("path"),
        headers: tree.pairs("headers"),
        body: body.or_else(|| (!form.is_empty()).then_some(Body::Form(form))),
        content_type: tree.text("content_type"),
        accept: statuses(tree, "accept"),
        timeout: tree.duration("timeout"),
    }
}

fn param(name: &str, tree: &Tree) -> Param {
    Param {
        name: name.to_owned(),
        place: tree.at.clone(),
        title: tree.text("title"),
        default: tree.text("default"),
        pattern: tree.spanned("pattern"),
        max: tree.whole("max"),
        choices: plain(tree.texts("choices")),
        from: tree.spanned("from"),
        items: tree.text("items"),
        value: tree.text("value"),
        label: tree.text("label"),
        current: tree.text("current"),
        age: tree.text("age"),
        only: tree.texts("only"),
        carry: pairs(tree, "carry"),
        drop: plain(tree.texts("drop")),
    }
}

fn job(tree: &Tree) -> Job {
    Job {
        url: tree
            .spanned("url")
            .unwrap_or_else(|| Spanned { value: "header:Location".to_owned(), at: tree.at.clone() }),
        id: tree.text("id"),
        state: tree.text("state"),
        done: plain(tree.texts("done")),
        failed: plain(tree.texts("failed")),
        error: tree.text("error"),
        log: tree.text("log"),
        interval: tree.duration("interval"),
        limit: tree.duration("limit"),
    }
}

fn settle(tree: &Tree, problems: &mut Vec<Problem>) -> Settle {
    at_most_one(tree, &["expr", "path"], problems);
    Settle {
        place: tree.at.clone(),
        expr: tree.spanned("expr"),
        path: tree.spanned("path"),
        when: tree.texts("when"),
        limit: tree.duration("limit"),
    }
}

fn check(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Check {
    at_most_one(tree, &["expr", "path"], problems);
    let check = Check {
        name: name.to_owned(),
        place: tree.at.clone(),
        expr: tree.spanned("expr"),
        method: word(tree, "method"),
        path: tree.spanned("path"),
        json: json(tree, "json"),
        content_type: tree.text("content_type"),
        status: statuses(tree, "status"),
        when: tree.texts("when"),
        otherwise: tree.text("otherwise"),
    };
    if check.expr.is_none() && check.path.is_none() && !tree.tried("expr") && !tree.tried("path") {
        let problem = Problem::new(&tree.at, &tree.path, "has neither expr nor path");
        problems.push(problem.with_remedy("add one of them"));
    }
    check
}
