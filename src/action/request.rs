//! A request as it would go out: built from a template and values, printable as curl without its secrets.
//!
//! Scheme and host are always the instance's (or the configured base's): [`RequestSpec::fill`] checks it after
//! building.

use super::spec::Instance;
use super::template::{Fields, JsonTemplate, Template, Unfillable};
use crate::config::auth::{Auth, Credential, SecretRef};
use crate::target::Route;
use crate::text::Clean;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET: reads only (lists, jobs, pre-checks).
    Get,
    /// POST
    #[default]
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// As it stands in a request.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }
}

/// What is asked of an instance, with holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSpec {
    /// How.
    pub method: Method,
    /// Path below the instance's base URL, with its query; begins with `/`.
    pub path: Template,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: BodySpec,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// A body with holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum BodySpec {
    /// No body.
    #[default]
    None,
    /// JSON, with its content type (`application/json`, or a patch's).
    Json(JsonTemplate, String),
    /// Text, with its content type.
    Text(Template, String),
    /// A form, `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
}

/// One request, filled. It holds no secret: who we are is a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Headers, in order; without credentials.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// How to get there.
    pub route: Arc<Route>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// A body, filled.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// JSON, with its content type.
    Json(Value, String),
    /// Text, with its content type.
    Text(String, String),
    /// Names and values of a form.
    Form(Vec<(String, String)>),
}

impl Body {
    /// The bytes that go out.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Json(value, _) => value.to_string().into_bytes(),
            Self::Text(text, _) => text.clone().into_bytes(),
            Self::Form(pairs) => {
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
            }
        }
    }

    /// What they are.
    pub fn content_type(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Json(_, kind) | Self::Text(_, kind) => Some(kind),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
        }
    }
}

/// Why a request cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbuildable {
    /// A hole without a fitting value.
    #[error(transparent)]
    Hole(#[from] Unfillable),
    /// What the values make of the path is another one.
    #[error("the path would leave its place: {0}")]
    Path(Clean),
}

impl RequestSpec {
    /// The names of all holes.
    pub fn holes(&self) -> Vec<&str> {
        let mut holes: Vec<&str> = self.path.holes().collect();
        holes.extend(self.headers.iter().flat_map(|(_, value)| value.holes()));
        match &self.body {
            BodySpec::None => {}
            BodySpec::Json(json, _) => holes.extend(json.holes()),
            BodySpec::Text(text, _) => holes.extend(text.holes()),
            BodySpec::Form(pairs) => holes.extend(pairs.iter().flat_map(|(_, value)| value.holes())),
        }
        holes
    }

    /// The request to `instance`.
    ///
    /// # Errors
    /// A hole without a fitting value, or a path that the values would turn into another one.
    pub fn fill(&self, instance: &Instance, fields: &Fields) -> Result<Request, Unbuildable> {
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            headers.push((name.clone(), value.header(fields)?));
        }
        let body = match &self.body {
            BodySpec::None => Body::None,
            BodySpec::Json(json, kind) => Body::Json(json.fill(fields)?, kind.clone()),
            BodySpec::Text(text, kind) => Body::Text(text.plain(fields)?, kind.clone()),
            BodySpec::Form(pairs) => Body::Form(
                pairs.iter().map(|(name, value)| Ok((name.clone(), value.plain(fields)?))).collect::<Result<
                    _,
                    Unfillable,
                >>(
                )?,
            ),
        };
        Ok(Request {
            method: self.method,
            url: below(&instance.base, &self.path.encoded(fields)?)?,
            headers,
            body,
            auth: instance.auth.clone(),
            route: Arc::clone(&instance.route),
            timeout: self.timeout,
        })
    }
}

/// `path` (encoded, with its query) below `base`. The values are encoded already, so only `.` and `..` could still
/// move it; whatever the URL parser makes of it must be what was asked for.
fn below(base: &Url, path: &str) -> Result<Url, Unbuildable> {
    let wrong = || Unbuildable::Path(Clean::new(path));
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let dots = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    if !path.starts_with('/')
        || path.starts_with("//")
        || path.split('/').any(dots)
        || path.contains(['\\', '#'])
    {
        return Err(wrong());
    }
    let whole = format!("{}{path}", base.path().trim_end_matches('/'));
    let mut url = base.clone();
    url.set_path(&whole);
    url.set_query(query);
    url.set_fragment(None);
    let same = (url.scheme(), url.host_str(), url.port()) == (base.scheme(), base.host_str(), base.port());
    let segments = |text: &str| text.matches('/').count();
    if same && segments(url.path()) == segments(&whole) { Ok(url) } else { Err(wrong()) }
}

/// Adds the action's own holes, which may hold the service and the environment.
pub(super) fn add_vars(action: &super::spec::Action, fields: &mut Fields) {
    for (name, template) in &action.vars {
        if let Ok(text) = template.plain(fields) {
            fields.insert(name.clone(), text.into());
        }
    }
}

impl Request {
    /// Everything but secrets, for the journal and for what a second person approves.
    pub fn to_json(&self) -> Value {
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({
            "method": self.method.word(),
            "url": self.url.as_str(),
            "headers": headers,
            "body": match &self.body {
                Body::None => Value::Null,
                Body::Json(value, _) => value.clone(),
                Body::Text(text, _) => text.as_str().into(),
                Body::Form(_) => String::from_utf8_lossy(&self.body.bytes()).into_owned().into(),
            },
            "auth": self.auth.as_ref().map(|auth| auth.name.clone()),
        })
    }

    /// The request as it goes out, line by line, for people: method and URL, headers, body. Secrets are named, never shown.
    pub fn shown(&self) -> Vec<String> {
        let mut lines = vec![format!("{} {}", self.method.word(), self.url)];
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if let Some(auth) = &self.auth {
            lines.extend(identity(auth));
            if auth.tls.cert.is_some() {
                lines.push("(with the client certificate of its TLS)".to_owned());
            }
        }
        if let Some(kind) = self.body.content_type() {
            lines.push(format!("Content-Type: {kind}"));
            lines.push(String::from_utf8_lossy(&self.body.bytes()).into_owned());
        }
        lines
    }

    /// The request as a line for a shell, quoted, with secrets as variables: `"Authorization: Bearer $HSI_KEY"`.
    pub fn curl(&self) -> String {
        let mut out = format!("curl -sS -X {}", self.method.word());
        for (name, value) in &self.headers {
            let _ = write!(out, " -H {}", quoted(&format!("{name}: {value}")));
        }
        if let Some(auth) = &self.auth {
            credentials(auth, &mut out);
        }
        if let Some(kind) = self.body.content_type() {
            let _ = write!(out, " -H {}", quoted(&format!("Content-Type: {kind}")));
            let _ = write!(out, " --data-raw {}", quoted(&String::from_utf8_lossy(&self.body.bytes())));
        }
        let _ = write!(out, " {}", quoted(self.url.as_str()));
        out
    }
}

/// The header that says who we are, with the secret's name in its place.
fn identity(auth: &Auth) -> Option<String> {
    Some(match &auth.credential {
        Credential::None => return None,
        Credential::Basic { password, .. } => {
            format!("Authorization: Basic (user and ${})", variable(password.first()))
        }
        Credential::Bearer(tokens) => format!("Authorization: Bearer ${}", variable(tokens.first())),
        Credential::Token(keys) => format!("Authorization: Token token=${}", variable(keys.first())),
        Credential::Header { name, value } => format!("{name}: ${}", variable(value.first())),
        Credential::Login { .. } => "Authorization: Bearer (token of a login)".to_owned(),
    })
}

/// Who we are, with variables in place of secrets.
fn credentials(auth: &Auth, out: &mut String) {
    match &auth.credential {
        Credential::None => {}
        Credential::Basic { user, password } => {
            let user = match user {
                crate::config::auth::UserName::Plain(user) => quoted(user),
                crate::config::auth::UserName::Secret(secret) => format!("\"${}\"", variable(Some(secret))),
            };
            let _ = write!(out, " -u {user}:\"${}\"", variable(password.first()));
        }
        Credential::Bearer(tokens) => {
            let _ = write!(out, " -H \"Authorization: Bearer ${}\"", variable(tokens.first()));
        }
        Credential::Token(keys) => {
            let _ = write!(out, " -H \"Authorization: Token token=${}\"", variable(keys.first()));
        }
        Credential::Header { name, value } => {
            let _ = write!(out, " -H {}\"${}\"", quoted(&format!("{name}: ")), variable(value.first()));
        }
        Credential::Login { .. } => out.push_str(" -H \"Authorization: Bearer $WARROOM_TOKEN\""),
    }
    for (flag, path) in [("--cert", &auth.tls.cert), ("--key", &auth.tls.key), ("--cacert", &auth.tls.ca)] {
        if let Some(path) = path {
            let _ = write!(out, " {flag} {}", quoted(&path.to_string_lossy()));
        }
    }
}

/// The variable that stands for a secret: its own name where it comes from the environment.
fn variable(secret: Option<&SecretRef>) -> &str {
    match secret {
        Some(SecretRef::Env(name))
            if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
        {
            name
        }
        _ => "WARROOM_TOKEN",
    }
}

/// In single quotes for a POSIX shell. Control characters are written as `$'\xNN'` would be too much to ask of every
/// shell, so what a terminal must not see is removed: the text is for people.
fn quoted(text: &str) -> String {
    format!("'{}'", crate::text::clean(text).replace('\'', r"'\''"))
}
