//! Backends of kind `warroom`: another warroom polls, and tells what came. Which of our targets it polls in our place.

use super::{Found, ServicePlan};
use crate::config::auth::{Auth, Credential, SecretRef, Tls};
use crate::config::{Actions, Backend, Config, Flavour, Problem};
use crate::target::{Route, TargetId};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The name of the backend that `--attach` makes.
pub const ATTACHED: &str = "attached";

/// How long one exchange with a server may take that `--attach` names.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a packed state.
const MOST: u64 = 256 << 20;

/// How much of what is seen comes from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it, the plan included: there is no configuration here.
    Plan,
    /// All polls of a plan of our own.
    All,
    /// The polls of the services that name it.
    Some,
}

/// One server that polls in our place.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedPlan {
    /// The backend's name.
    pub name: Arc<str>,
    /// Its base URL, with a prefix if there is one.
    pub url: Url,
    /// `host:port`, for people.
    pub host: Arc<str>,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// How to get there, and how much to take.
    pub route: Arc<Route>,
    /// How long one exchange may take; the feed itself has no end.
    pub timeout: Duration,
    /// What comes from it.
    pub reach: Reach,
}

/// The servers, and what each polls.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// They, in order of name.
    pub all: Vec<Arc<FeedPlan>>,
    /// By target id: the place of the server that polls it; none: it is polled from here.
    by_target: Vec<Option<u32>>,
}

impl Feeds {
    /// The place of the server that polls this target.
    pub fn of(&self, target: TargetId) -> Option<usize> {
        self.by_target.get(target.0 as usize).copied().flatten().map(|place| place as usize)
    }

    /// The server from which everything comes, if one is attached to.
    pub fn whole(&self) -> Option<&Arc<FeedPlan>> {
        self.all.iter().find(|feed| feed.reach != Reach::Some)
    }

    /// Does even the plan come from a server?
    pub fn borrows_plan(&self) -> bool {
        self.all.iter().any(|feed| feed.reach == Reach::Plan)
    }

    /// The place of a server.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|feed| *feed.name == *name)
    }
}

/// Compiles the servers, and finds what each polls. `targets`: how many there are.
pub(super) fn compile(
    config: &Config,
    services: &[ServicePlan],
    targets: usize,
    problems: &mut Found,
) -> Feeds {
    let tables = config.backends.values().filter(|table| is_feed(table));
    let all: Vec<Arc<FeedPlan>> =
        tables.filter_map(|table| compile_one(config, table, problems)).map(Arc::new).collect();
    let mut feeds = Feeds { all, by_target: vec![None; targets] };
    for plan in services {
        let service = config.services.get(&*plan.name);
        let table = service.and_then(|service| config.backend_of(service)).filter(|table| is_feed(table));
        let Some(place) = table.and_then(|table| feeds.place(&table.name)) else { continue };
        for id in &plan.targets {
            if let Some(slot) = feeds.by_target.get_mut(id.0 as usize) {
                *slot = Some(place as u32);
            }
        }
    }
    // One that nothing comes from is not asked for anything; `query --backend` can still name it.
    let used: Vec<bool> = (0..feeds.all.len())
        .map(|place| feeds.by_target.iter().flatten().any(|it| *it as usize == place))
        .collect();
    feeds.retain(&used);
    feeds
}

impl Feeds {
    fn retain(&mut self, used: &[bool]) {
        let kept = |place: u32| used.get(place as usize).copied().unwrap_or(false);
        let moved = |place: u32| (0..place).filter(|before| kept(*before)).count() as u32;
        for slot in &mut self.by_target {
            *slot = slot.filter(|place| kept(*place)).map(moved);
        }
        let mut used = used.iter();
        self.all.retain(|_| used.next().copied().unwrap_or(false));
    }
}

/// Does this backend poll in our place?
pub(super) fn is_feed(table: &Backend) -> bool {
    table.querying().is_some_and(|querying| querying.flavour == Flavour::Warroom)
}

fn compile_one(config: &Config, table: &Backend, problems: &mut Found) -> Option<FeedPlan> {
    let url = match base(&table.url.value) {
        Ok(url) => url,
        Err(why) => {
            problems.push((true, Problem::new(&table.url.at, format!("backend.{}.url", table.name), why)));
            return None;
        }
    };
    Some(FeedPlan {
        name: table.name.as_str().into(),
        host: host(&url).into(),
        url,
        auth: table.auth.as_ref().and_then(|name| config.auth.get(name)).cloned().map(Arc::new),
        headers: table.headers.clone(),
        route: Arc::new(Route {
            proxy: table.proxy.as_ref().map(|proxy| proxy.value.clone()),
            resolve: Vec::new(),
            body_limit: table.body_limit,
        }),
        timeout: table.timeout,
        reach: Reach::Some,
    })
}

fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("is no http or https URL".to_owned());
    }
    Ok(url)
}

fn host(url: &Url) -> String {
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}", url.host_str().unwrap_or(""))
}

impl FeedPlan {
    /// What `--attach URL` names. `token`: where the bearer token is to be found; `own`: there is a configuration here.
    ///
    /// # Errors
    /// A sentence for people: it is no URL, or one with a password in it.
    pub fn attach(url: &str, token: Option<SecretRef>, ca: Option<&str>, own: bool) -> Result<Self, String> {
        // `host:port` alone means plain HTTP, as on any command line.
        let text = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let url = base(&text)?;
        if url.password().is_some() || !url.username().is_empty() {
            return Err(
                "a password in a URL can be read by everybody on this machine: use --attach-token".to_owned()
            );
        }
        let tls = Tls { ca: ca.map(Into::into), ..Tls::default() };
        let auth = (token.is_some() || ca.is_some()).then(|| Auth {
            name: ATTACHED.to_owned(),
            credential: token.map_or(Credential::None, |token| Credential::Bearer(vec![token])),
            tls,
        });
        Ok(Self {
            name: ATTACHED.into(),
            host: host(&url).into(),
            url,
            auth: auth.map(Arc::new),
            headers: Vec::new(),
            route: Arc::new(Route { body_limit: MOST, ..Route::default() }),
            timeout: TIMEOUT,
            reach: if own { Reach::All } else { Reach::Plan },
        })
    }
}

impl super::Plan {
    /// From now on everything that this plan polls is polled by that server: nothing is asked from here.
    pub fn attach(&mut self, feed: &Arc<FeedPlan>) {
        self.feeds = Feeds { all: vec![Arc::clone(feed)], by_target: vec![Some(0); self.targets.len()] };
        // Whether our own link works, the server's answer shows; incidents are recorded where they are judged.
        self.references.clear();
        self.capture.on_incident = false;
        self.warnings.clear();
        // Nothing is sent from an attached terminal but what its person does.
        self.channels.clear();
        if feed.reach == Reach::Plan {
            self.disarm();
        }
    }
}

impl super::Plan {
    /// Of a plan that another machine has made nothing is believed but what is to be seen.
    fn disarm(&mut self) {
        self.actions.clear();
        self.policies.clear();
        self.foreign.clear();
        for service in &mut self.services {
            service.actions = Actions::Off;
        }
        for target in &mut self.targets {
            if target.auth.is_some() || !target.headers.is_empty() {
                let target = Arc::make_mut(target);
                target.auth = None;
                target.headers.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_comes_from_elsewhere_does_nothing() {
        let text = r#"
auth.a = { bearer = ["cmd:touch /tmp/x"] }
environment.prod = { actions = "confirm" }
backend.am = { kind = "alertmanager", url = "http://evil", auth = "a" }
notify.n = { kind = "webhook", url = "http://evil" }
action.restart = { preset = "admin-api.restart", services = ["s"] }
service.s = { environment = "prod", auth = "a", instances = ["http://h:1"], poll.health = { kind = "health", headers = { X = "1" } } }
"#;
        let source = crate::config::Source { name: "c.toml".to_owned(), text: text.to_owned() };
        let config = crate::config::load(&[source]).unwrap();
        let mut plan = super::super::Plan::compile(&config, 1).unwrap();
        assert!(!plan.actions.is_empty() && !plan.foreign.is_empty() && !plan.channels.is_empty());
        for (own, harmless) in [(true, false), (false, true)] {
            plan.attach(&Arc::new(FeedPlan::attach("h:1", None, None, own).unwrap()));
            assert!(plan.channels.is_empty(), "the server tells");
            let target = plan.targets.first().unwrap();
            assert_eq!(plan.feeds.of(target.id), Some(0));
            let none = plan.actions.is_empty() && plan.foreign.is_empty() && plan.policies.is_empty();
            assert_eq!(none && target.auth.is_none() && target.headers.is_empty(), harmless);
            assert_eq!(plan.services.iter().all(|service| service.actions == Actions::Off), harmless);
        }
        let kept = config.portable().make().distrusted();
        assert!(!format!("{kept:?}").contains("touch"));
    }

    #[test]
    fn a_url_that_is_attached_to() {
        for (text, found) in [
            ("http://h:9590", Ok(("h:9590", "http://h:9590/"))),
            ("h:9590", Ok(("h:9590", "http://h:9590/"))),
            ("https://h/team/", Ok(("h:443", "https://h/team/"))),
            ("ftp://h", Err("no http or https URL")),
            ("http://me:hunter2@h", Err("--attach-token")),
            ("http://", Err("is no URL")),
        ] {
            match (FeedPlan::attach(text, None, None, false), found) {
                (Ok(feed), Ok((host, url))) => assert_eq!((&*feed.host, feed.url.as_str()), (host, url)),
                (Err(why), Err(part)) => assert!(why.contains(part) && !why.contains("hunter2"), "{why}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }
}
