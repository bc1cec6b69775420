//! What `ui` says, compiled: themes, keys, the zone in which times are shown.

use super::{Found, keys, time_zone};
use crate::config::{Ascii, Config, Problem, Ring};
use crate::keymap::Keymap;
use crate::theme::Themes;
use std::sync::Arc;

/// The screen's settings.
#[derive(Clone, Debug)]
pub struct UiPlan {
    /// Name of the theme at the start.
    pub theme: String,
    /// The themes that can be chosen.
    pub themes: Arc<Themes>,
    /// The live map of keys.
    pub keys: Keymap,
    /// Draw with ASCII only?
    pub ascii: Ascii,
    /// Listen to the mouse at the start?
    pub mouse: bool,
    /// How the operator is called.
    pub ring: Ring,
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
}

/// Compiles `ui`.
pub(super) fn compile(config: &Config, problems: &mut Found) -> UiPlan {
    let theme = &config.ui.theme;
    let themes = themes(config, problems);
    let zone = &config.ui.zone;
    let found = time_zone(&zone.value);
    if found.is_err() {
        problems.push((
            true,
            Problem::new(&zone.at, "ui.zone", format!("there is no time zone \"{}\"", zone.value))
                .with_remedy("write an IANA name such as UTC or Europe/Berlin, or local"),
        ));
    }
    UiPlan {
        theme: theme.value.clone(),
        themes: Arc::new(themes),
        keys: keys::compile(config, problems),
        ascii: config.ui.ascii,
        mouse: config.ui.mouse,
        ring: config.ui.notify,
        zone: found.unwrap_or(jiff::tz::TimeZone::UTC),
    }
}

/// The themes. A mistake in the one that is wanted keeps warroom from starting, as any other in the configuration does;
/// one in a theme that nobody has chosen yet is told, and it can be chosen without what is wrong.
fn themes(config: &Config, problems: &mut Found) -> Themes {
    let (themes, twins) = Themes::new(&config.themes);
    problems.extend(twins.into_iter().map(|problem| (false, problem)));
    let wanted = &config.ui.theme;
    let mut wrong = themes.problems(&wanted.value);
    if !themes.has(&wanted.value) {
        let message = format!("there is no theme \"{}\"", crate::text::clean(&wanted.value));
        let remedy =
            format!("the themes are {}, or write the path of a theme file", themes.names().join(", "));
        wrong.push(Problem::new(&wanted.at, "ui.theme", message).with_remedy(remedy));
    }
    let others = themes.own_problems().into_iter().filter(|problem| !wrong.contains(problem));
    problems.extend(others.map(|problem| (false, problem)));
    problems.extend(wrong.into_iter().map(|problem| (true, problem)));
    themes
}
