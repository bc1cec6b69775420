//! A configuration on its way to being text: what is written, and the comments that say why. Pure.

use crate::text::clean;
use crate::units::format_duration;
use std::fmt::Write as _;
use std::time::Duration;

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Comments at the top.
    pub(super) head: Vec<String>,
    /// `auth` tables: name, value as TOML, comment.
    pub(super) auth: Vec<(String, String, String)>,
    /// The services.
    pub(super) services: Vec<Service>,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    /// Its name; unique and fit for a table.
    pub(super) name: String,
    /// Comments above the table.
    pub(super) comments: Vec<String>,
    /// Base URLs.
    pub(super) instances: Vec<String>,
    /// Labels, as `labels = { ... }`.
    pub(super) labels: Vec<(String, String)>,
    /// A selector, where the job alone does not tell this service from another.
    pub(super) select: Option<String>,
    /// Name of an `auth` table.
    pub(super) auth: Option<String>,
    /// Name of a preset.
    pub(super) preset: Option<String>,
    /// `signals.NAME` with its PromQL.
    pub(super) signals: Vec<(&'static str, String)>,
    /// Its polls.
    pub(super) polls: Vec<Poll>,
}

/// A poll: the value of an inline table, key by key, already as TOML.
#[derive(Clone, Debug, Default)]
pub(super) struct Poll {
    /// Its name.
    pub(super) name: String,
    /// Key and value.
    pub(super) keys: Vec<(&'static str, String)>,
    /// Why it is here, and what was seen.
    pub(super) comments: Vec<String>,
}

impl Poll {
    /// A poll of this kind.
    pub(super) fn new(name: &str, kind: &str) -> Self {
        Self { name: name.to_owned(), keys: vec![("kind", quote(kind))], comments: Vec::new() }
    }

    /// With a text.
    pub(super) fn text(mut self, key: &'static str, value: &str) -> Self {
        self.keys.push((key, quote(value)));
        self
    }

    /// With a duration, kept within what the configuration takes.
    pub(super) fn span(mut self, key: &'static str, value: Option<Duration>) -> Self {
        if let Some(value) = value {
            let fit = value.clamp(Duration::from_millis(100), Duration::from_secs(86_400));
            self.keys.push((key, quote(&format_duration(fit))));
        }
        self
    }

    /// With something that is TOML already.
    pub(super) fn toml(mut self, key: &'static str, value: String) -> Self {
        self.keys.push((key, value));
        self
    }

    /// With a comment.
    pub(super) fn says(mut self, comment: impl Into<String>) -> Self {
        self.comments.push(comment.into());
        self
    }
}

/// A TOML string, quoted so that it needs the fewest escapes.
pub(super) fn quote(text: &str) -> String {
    toml::Value::String(clean(text).into_owned()).to_string()
}

/// A key: bare where TOML allows it.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { quote(name) }
}

/// `{ a = "b" }`
pub(super) fn inline<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A name for a table out of whatever something calls itself; never empty.
pub(super) fn table_name(raw: &str) -> String {
    let mut out = String::new();
    for c in raw.chars().take(64) {
        let fit = if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        if fit != '-' || !out.ends_with('-') {
            out.push(fit);
        }
    }
    let trimmed = out.trim_matches('-');
    if trimmed.is_empty() { "service".to_owned() } else { trimmed.to_owned() }
}

/// The first of `wanted`, `wanted-2`, `wanted-3` ... that `taken` does not have.
pub(super) fn unused(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let shorter: String = wanted.chars().take(58).collect();
    let numbered = (2..).map(|number: u32| format!("{shorter}-{number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

impl Draft {
    /// The text; it loads without problems, which its callers check before they hand it out.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.head.iter().for_each(|line| comment(&mut out, line));
        out.push_str("\nschema = 1\n");
        for (name, value, why) in &self.auth {
            out.push('\n');
            comment(&mut out, why);
            let _ = writeln!(out, "auth.{} = {value}", key(name));
        }
        self.services.iter().for_each(|service| write_service(&mut out, service));
        out
    }
}

fn write_service(out: &mut String, service: &Service) {
    out.push('\n');
    service.comments.iter().for_each(|line| comment(out, line));
    let _ = writeln!(out, "[service.{}]", key(&service.name));
    let instances: Vec<String> = service.instances.iter().map(|url| quote(url)).collect();
    let one_line = instances.join(", ");
    if one_line.len() <= 90 {
        let _ = writeln!(out, "instances = [{one_line}]");
    } else {
        let _ = writeln!(out, "instances = [\n    {},\n]", instances.join(",\n    "));
    }
    if !service.labels.is_empty() {
        let labels = inline(service.labels.iter().map(|(name, value)| (name.as_str(), quote(value))));
        let _ = writeln!(out, "labels = {labels}");
    }
    let texts = [("select", &service.select), ("auth", &service.auth), ("preset", &service.preset)];
    for (name, value) in texts {
        if let Some(value) = value {
            let _ = writeln!(out, "{name} = {}", quote(value));
        }
    }
    for poll in &service.polls {
        poll.comments.iter().for_each(|line| comment(out, line));
        let keys = inline(poll.keys.iter().map(|(name, value)| (*name, value.clone())));
        let _ = writeln!(out, "poll.{} = {keys}", key(&poll.name));
    }
    for (name, expr) in &service.signals {
        let _ = writeln!(out, "signals.{name} = {}", quote(expr));
    }
}

/// Comment lines of at most 110 columns. What comes from outside cannot end the line: it has lost its line ends.
fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in clean(text).split_whitespace() {
        if line.len() > 1 && line.len() + 1 + word.len() > 110 {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, load};

    #[test]
    fn names_fit_a_table_and_are_given_once() {
        for (raw, name) in [
            ("checkout", "checkout"),
            ("My Shop (prod)", "My-Shop-prod"),
            ("10.0.0.7:5000", "10.0.0.7-5000"),
            ("[::1]:80", "1-80"),
            ("", "service"),
            ("\u{1b}[2J", "2J"),
            ("東京", "service"),
        ] {
            assert_eq!(table_name(raw), name, "{raw}");
        }
        assert_eq!(unused("a", |name| ["a", "a-2"].contains(&name)), "a-3");
        assert!(unused(&"x".repeat(64), |name| name.len() == 64).len() <= 64);
    }

    #[test]
    fn whatever_the_outside_says_the_text_loads() {
        let evil = "a\"b'c\n[service.x]\n\u{1b}]0;t\u{7} {} \\ ''' \"\"\"";
        let service = Service {
            name: table_name(evil),
            comments: vec![evil.to_owned()],
            instances: (0..30).map(|i| format!("http://host-{i}:80")).collect(),
            labels: vec![("job".to_owned(), evil.to_owned()), ("zone".to_owned(), String::new())],
            polls: vec![
                Poll::new("health", "health").text("path", "/a'b\"c").says(evil),
                Poll::new("metrics", "metrics").span("interval", Some(Duration::ZERO)),
            ],
            signals: vec![("requests", "sum(rate(a{b=\"c\",d='e'}[{{.window}}]))".to_owned())],
            ..Service::default()
        };
        let draft = Draft { head: vec![evil.to_owned()], auth: Vec::new(), services: vec![service] };
        let text = draft.text();
        let source = Source { name: "draft".to_owned(), text: text.clone() };
        let config = load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let service = config.services.values().next().unwrap();
        assert_eq!((config.services.len(), service.instances.len()), (1, 30));
        assert!(text.lines().filter(|line| line.starts_with('#')).all(|line| line.len() <= 110));
    }
}
