//! What flags and the environment say over the file: flag > environment > file > default.
//!
//! Pure: `io::config` hands in the environment.

use super::auth::SecretRef;
use super::place::{Problem, Spanned};
use super::settings::{Ascii, Color};
use super::{Config, Origin};
use crate::units::parse_duration;
use std::time::Duration;

/// What flags, or the environment, say. `None` and `false` say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--theme`, `WARROOM_THEME`
    pub theme: Option<String>,
    /// `--keys`, `WARROOM_KEYS`
    pub keys: Option<String>,
    /// `--zone`, `WARROOM_ZONE`
    pub zone: Option<String>,
    /// `--color`, `WARROOM_COLOR`
    pub color: Option<Color>,
    /// `--ascii`, `WARROOM_ASCII`
    pub ascii: bool,
    /// `--no-mouse`, `WARROOM_NO_MOUSE`
    pub no_mouse: bool,
    /// `--read-only`, `WARROOM_READ_ONLY`: can only take away.
    pub read_only: bool,
    /// `--refresh`, `WARROOM_REFRESH`: `defaults.poll.interval`.
    pub refresh: Option<Duration>,
    /// `--attach`, `--attach-token`, `--attach-ca`
    pub attach: Option<Attach>,
}

/// Another warroom that polls in our place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attach {
    /// Its base URL.
    pub url: String,
    /// Where the token is to be found.
    pub token: Option<SecretRef>,
    /// A PEM file with the authority that vouches for it, beside the system's.
    pub ca: Option<String>,
}

/// Key path, flag, variable of each override.
pub const NAMES: [(&str, &str, &str); 8] = [
    ("ui.theme", "--theme", "WARROOM_THEME"),
    ("ui.keys", "--keys", "WARROOM_KEYS"),
    ("ui.zone", "--zone", "WARROOM_ZONE"),
    ("ui.color", "--color", "WARROOM_COLOR"),
    ("ui.ascii", "--ascii", "WARROOM_ASCII"),
    ("ui.mouse", "--no-mouse", "WARROOM_NO_MOUSE"),
    ("ui.read_only", "--read-only", "WARROOM_READ_ONLY"),
    ("defaults.poll.interval", "--refresh", "WARROOM_REFRESH"),
];

/// Whose overrides they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The environment's; apply them first.
    Env,
    /// The command line's; apply them last.
    Flag,
}

impl Overrides {
    /// Reads the `WARROOM_*` variables through `lookup`. An empty variable says nothing.
    ///
    /// # Errors
    /// One problem for each variable that cannot be understood.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut wrong = |name: &str, message: String| {
            problems.push(Problem { key: name.to_owned(), message, ..Problem::default() });
        };
        let text = |name: &str| lookup(name).filter(|text| !text.is_empty());
        let mut flag = |name: &str| match text(name).as_deref() {
            None | Some("0" | "false" | "no") => false,
            Some("1" | "true" | "yes") => true,
            Some(other) => {
                wrong(name, format!("{} is neither 1 nor 0", super::walk::quote(other)));
                false
            }
        };
        let mut out = Self {
            theme: text("WARROOM_THEME"),
            keys: text("WARROOM_KEYS"),
            zone: text("WARROOM_ZONE"),
            ascii: flag("WARROOM_ASCII"),
            no_mouse: flag("WARROOM_NO_MOUSE"),
            read_only: flag("WARROOM_READ_ONLY"),
            ..Self::default()
        };
        if let Some(word) = text("WARROOM_COLOR") {
            out.color = Color::from_word(&word);
            if out.color.is_none() {
                wrong("WARROOM_COLOR", format!("{} is not auto, always or never", super::walk::quote(&word)));
            }
        }
        if let Some(word) = text("WARROOM_REFRESH") {
            match parse_duration(&crate::text::clean(&word)) {
                Ok(refresh) => out.refresh = Some(refresh),
                Err(message) => wrong("WARROOM_REFRESH", message),
            }
        }
        if problems.is_empty() { Ok(out) } else { Err(problems) }
    }
}

impl Config {
    /// Puts `overrides` over what the file says, and notes where each value comes from.
    ///
    /// A refresh is raised to 100 ms, as in the file.
    pub fn apply(&mut self, overrides: &Overrides, layer: Layer) {
        let Overrides { theme, keys, zone, color, ascii, no_mouse, read_only, refresh, attach } = overrides;
        if attach.is_some() {
            self.attach.clone_from(attach);
        }
        let texts = [(theme, &mut self.ui.theme), (keys, &mut self.ui.keys), (zone, &mut self.ui.zone)];
        let mut said = [false; NAMES.len()];
        for (said, (text, setting)) in said.iter_mut().zip(texts) {
            if let Some(text) = text {
                *setting = Spanned::unplaced(text.clone());
                *said = true;
            }
        }
        if let Some(color) = color {
            self.ui.color = *color;
        }
        if *ascii {
            self.ui.ascii = Ascii::Always;
        }
        self.ui.mouse &= !no_mouse;
        self.ui.read_only |= read_only;
        if let Some(refresh) = refresh {
            self.poll.interval = (*refresh).max(Duration::from_millis(100));
        }
        said[3..].copy_from_slice(&[color.is_some(), *ascii, *no_mouse, *read_only, refresh.is_some()]);
        for ((path, flag, variable), _) in NAMES.into_iter().zip(said).filter(|(_, said)| *said) {
            let origin = match layer {
                Layer::Env => Origin::Env(variable),
                Layer::Flag => Origin::Flag(flag),
            };
            self.origins.insert(path.to_owned(), origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, load};
    use super::*;

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let text = "ui.theme = \"light\"\nui.keys = \"k9s\"\nui.zone = \"Asia/Tokyo\"\n".to_owned();
        let mut config = load(&[Source { name: "c.toml".to_owned(), text }]).unwrap();
        let env = Overrides::from_env(|name| match name {
            "WARROOM_THEME" => Some("mono".to_owned()),
            "WARROOM_KEYS" => Some("vim".to_owned()),
            "WARROOM_READ_ONLY" => Some("1".to_owned()),
            "WARROOM_REFRESH" => Some("1s".to_owned()),
            "WARROOM_ZONE" => Some(String::new()),
            _ => None,
        });
        config.apply(&env.unwrap(), Layer::Env);
        let flags = Overrides { theme: Some("dark".to_owned()), no_mouse: true, ..Overrides::default() };
        config.apply(&flags, Layer::Flag);
        let won = |path: &str| config.origins[path].clone();
        assert_eq!(config.ui.theme.value, "dark");
        assert_eq!(won("ui.theme"), Origin::Flag("--theme"));
        assert_eq!((config.ui.keys.value.as_str(), won("ui.keys")), ("vim", Origin::Env("WARROOM_KEYS")));
        assert_eq!(config.ui.zone.value, "Asia/Tokyo");
        assert!(matches!(won("ui.zone"), Origin::File(place) if place.to_string() == "c.toml:3:11"));
        assert_eq!(won("ui.color"), Origin::Default);
        assert_eq!(won("ui.mouse"), Origin::Flag("--no-mouse"));
        assert_eq!(won("defaults.poll.interval"), Origin::Env("WARROOM_REFRESH"));
        assert!(config.ui.read_only && !config.ui.mouse);
        assert_eq!(config.poll.interval, Duration::from_secs(1));
        for (path, _, _) in NAMES {
            assert!(Config::default().origins.contains_key(path), "{path} is no setting");
        }
    }

    #[test]
    fn what_the_environment_says_is_understood_or_refused() {
        let env = |name: &str| name.starts_with("WARROOM_").then(|| "maybe".to_owned());
        let problems = Overrides::from_env(env).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        let wanted =
            ["WARROOM_ASCII", "WARROOM_NO_MOUSE", "WARROOM_READ_ONLY", "WARROOM_COLOR", "WARROOM_REFRESH"];
        assert_eq!(keys, wanted);
    }
}
