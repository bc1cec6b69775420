//! Requests, errors and latency of a service: from the configuration, from its preset, or from what it turns out to
//! export.

use super::{Found, key};
use crate::config::{Problem, Service, Spanned};
use crate::decode::preset::{self, Preset};
use crate::labels::Matcher;
use crate::promql::{self, Expr, Spread};
use crate::units::format_duration;
use std::sync::OnceLock;
use std::time::Duration;

/// The three figures that every row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Requests a second.
    Requests,
    /// Failed requests, 0..=1.
    Errors,
    /// Latency in seconds.
    Latency,
}

impl Signal {
    /// All three, in the order in which sets keep them.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Errors, Self::Latency];

    /// The series in which warroom keeps what it computed.
    pub fn series(self) -> &'static str {
        match self {
            Self::Requests => "warroom_service_requests_per_second",
            Self::Errors => "warroom_service_error_ratio",
            Self::Latency => "warroom_service_latency_seconds",
        }
    }

    /// The key in `signals = { ... }`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Latency => "latency",
        }
    }
}

/// One way to compute the three figures.
#[derive(Clone, Debug, Default)]
pub struct SignalSet {
    /// Where it comes from: `configured` or the preset's name.
    pub origin: String,
    /// In the order of [`Signal::ALL`], restricted to the service.
    pub exprs: [Option<Expr>; 3],
    /// Of a latency that a server answers: the histogram behind it, which it answers as well.
    pub spread: Option<Spread>,
    /// What `{{.window}}` stands for in them.
    pub window: Duration,
    /// As they were written.
    texts: [Option<String>; 3],
    /// The service's matchers, and the one for series that warroom itself makes.
    select: Vec<Matcher>,
    own: Vec<Matcher>,
    /// What [`SignalSet::over`] has compiled so far, by rung of the ladder.
    short: [OnceLock<[Option<Expr>; 3]>; LADDER.len()],
}

impl SignalSet {
    /// The same expressions over a shorter window: while there are samples of a few seconds only, `rate(x[5m])` divides
    /// what they grew by five minutes, and shows a hundredth of the truth.
    ///
    /// Once two intervals are covered, the window is the longest of a short ladder that `covered` has room for; each rung is
    /// compiled once, when it is first asked for, and not at every poll. Before, it is all that was seen: a rung shorter
    /// than that might hold a single sample.
    pub fn over(&self, covered: Duration, interval: Duration) -> [Option<Expr>; 3] {
        let rung = LADDER.iter().rposition(|rung| *rung <= covered).filter(|at| LADDER[*at] >= interval * 2);
        let (window, slot) = match rung.and_then(|at| Some((*LADDER.get(at)?, self.short.get(at)?))) {
            Some((window, slot)) => (window + JUST_BEFORE, slot),
            None => return self.compiled(covered),
        };
        slot.get_or_init(|| self.compiled(window)).clone()
    }

    fn compiled(&self, window: Duration) -> [Option<Expr>; 3] {
        self.texts.each_ref().map(|text| {
            let expr = promql::parse(&fill_window(text.as_ref()?, window)).ok()?;
            Some(restrict(&expr, &self.own, &self.select))
        })
    }
}

/// Windows to grow through until the whole one is covered.
const LADDER: [Duration; 12] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(45),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(180),
];

/// Windows are open at the left: so much longer, they hold the first sample.
const JUST_BEFORE: Duration = Duration::from_millis(1);

/// What is to be compiled: an origin and three texts with their places.
pub(super) type Texts = (String, [Option<Spanned<String>>; 3]);

/// `{{.window}}`, as sloth writes it, becomes the window.
pub(super) fn fill_window(text: &str, window: Duration) -> String {
    text.replace("{{.window}}", &format_duration(window))
}

/// The preset of a service, if it names one that exists.
pub(super) fn preset_of(service: &Service) -> Option<&'static Preset> {
    service.preset.as_ref().and_then(|name| preset::preset(&name.value))
}

/// Which texts are to be tried for `service`, the best first. A service that is not `scraped` and names nothing has no
/// figures, and none are looked for.
pub(super) fn resolve(service: &Service, scraped: bool, problems: &mut Found) -> Vec<Texts> {
    if let Some(name) = &service.preset
        && preset_of(service).is_none()
    {
        let known: Vec<&str> = preset::presets().map(|p| p.name).collect();
        problems.push((
            true,
            Problem::new(&name.at, key(service, "preset"), format!("there is no preset \"{}\"", name.value))
                .with_remedy(format!("the presets are {}", known.join(", "))),
        ));
    }
    let own = [&service.signals.requests, &service.signals.errors, &service.signals.latency];
    let with_own = |origin: &str, texts: [Option<&str>; 3]| -> Texts {
        let mut filled = [None, None, None];
        for (slot, (own, other)) in filled.iter_mut().zip(own.into_iter().zip(texts)) {
            *slot = own.clone().or_else(|| other.map(|text| Spanned::unplaced(text.to_owned())));
        }
        (origin.to_owned(), filled)
    };
    let has_own = own.iter().any(|text| text.is_some());
    match preset_of(service) {
        Some(preset) if has_signals(preset) => vec![with_own(preset.name, preset_texts(preset))],
        _ if has_own => vec![with_own("configured", [None, None, None])],
        _ if !scraped => Vec::new(),
        // Nobody said: whatever the service turns out to export decides, among the names that many stacks share. The
        // rarer ones are tried by `init` and in URL mode, which name the preset: here each would cost every start.
        _ => COMMON
            .iter()
            .filter_map(|name| preset::preset(name))
            .map(|preset| with_own(preset.name, preset_texts(preset)))
            .collect(),
    }
}

/// Presets whose metric names are shared by many stacks.
const COMMON: [&str; 4] = ["prometheus", "actuator", "opentelemetry", "flask-exporter"];

fn has_signals(preset: &Preset) -> bool {
    preset_texts(preset).iter().any(Option::is_some)
}

fn preset_texts(preset: &Preset) -> [Option<&str>; 3] {
    let signals = &preset.signals;
    [signals.requests.as_deref(), signals.errors.as_deref(), signals.latency.as_deref()]
}

/// Restricts an expression to the service. Series that warroom itself makes carry `service` and no `job`, so an expression
/// over nothing else is restricted by that.
pub(super) fn restrict(expr: &Expr, own: &[Matcher], select: &[Matcher]) -> Expr {
    let selectors = expr.selectors();
    let is_own = |selector: &promql::Selector| {
        selector.name().is_some_and(|name| name.starts_with("probe_") || name.starts_with("warroom_"))
    };
    if !selectors.is_empty() && selectors.iter().all(is_own) {
        expr.enforce(own)
    } else {
        expr.enforce(select)
    }
}

/// Compiles them; two sets that come out the same count once.
pub(super) fn compile(
    service: &Service,
    sets: &[Texts],
    select: &[Matcher],
    problems: &mut Found,
) -> Vec<SignalSet> {
    let mut out: Vec<SignalSet> = Vec::new();
    for (origin, texts) in sets {
        let mut set = SignalSet {
            origin: origin.clone(),
            exprs: [None, None, None],
            spread: None,
            window: service.signals.window,
            texts: texts.each_ref().map(|text| text.as_ref().map(|text| text.value.clone())),
            select: select.to_vec(),
            own: vec![Matcher::equal("service", &service.name)],
            short: Default::default(),
        };
        for (signal, (slot, text)) in Signal::ALL.into_iter().zip(set.exprs.iter_mut().zip(texts)) {
            let Some(text) = text else { continue };
            match promql::parse(&fill_window(&text.value, service.signals.window)) {
                Ok(expr) => *slot = Some(restrict(&expr, &set.own, select)),
                Err(error) => problems.push((
                    true,
                    Problem::new(
                        &text.at,
                        key(service, &format!("signals.{}", signal.word())),
                        error.to_string(),
                    ),
                )),
            }
        }
        if !out.iter().any(|seen| seen.exprs == set.exprs) {
            out.push(set);
        }
    }
    out
}
