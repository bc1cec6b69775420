//! The themes that can be chosen: those that come with warroom, and those of the operator.

use super::file::{self, ThemeFile};
use super::{Depth, Theme};
use crate::config::{Problem, Source};
use std::collections::BTreeSet;
use warroom_widgets::GlyphSet;

/// The themes that come with warroom: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("okabe-ito", include_str!("../../themes/okabe-ito.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("inherit", include_str!("../../themes/inherit.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Themes that are themselves on a terminal with sixteen colours; the others become `ansi16`, which was made for it.
const FIT_FOR_16: [&str; 4] = ["ansi16", "inherit", "okabe-ito", "mono"];

/// The themes that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Themes {
    /// The operator's own: name and file.
    own: Vec<(String, Source)>,
}

impl Themes {
    /// The built-in themes and these files, each under its name. A file under the name of a built-in theme, or of an
    /// earlier file, is left out and told.
    pub fn new(files: &[(String, Source)]) -> (Self, Vec<Problem>) {
        let mut shelf = Self::default();
        let mut problems = Vec::new();
        for (name, source) in files {
            if shelf.find(name).is_some() {
                let problem = Problem { file: source.name.clone(), ..Problem::default() };
                let message = format!("there is a theme \"{}\" already", crate::text::clean(name));
                problems.push(Problem { message, ..problem }.with_remedy("give the file another name"));
            } else {
                shelf.own.push((name.clone(), source.clone()));
            }
        }
        (shelf, problems)
    }

    /// The names of all themes, the built-in ones first.
    pub fn names(&self) -> Vec<&str> {
        BUILT_IN.iter().map(|(name, _)| *name).chain(self.own.iter().map(|(name, _)| name.as_str())).collect()
    }

    /// Is there a theme of that name?
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The theme `name` for a terminal of that `depth`, drawn with `glyphs`. What its file says wrongly is left out: see
    /// [`problems`](Self::problems).
    ///
    /// # Errors
    /// The name is unknown; the message lists the known ones.
    pub fn get(&self, name: &str, depth: Depth, glyphs: GlyphSet) -> Result<Theme, String> {
        if !self.has(name) {
            let name = crate::text::clean(name);
            return Err(format!("there is no theme \"{name}\": the themes are {}", self.names().join(", ")));
        }
        // A terminal with few colours gets the theme that was made for it, whichever was asked for.
        let built_in = BUILT_IN.iter().any(|(known, _)| *known == name);
        let drawn = match depth {
            Depth::Mono => "mono",
            Depth::Ansi16 if built_in && !FIT_FOR_16.contains(&name) => "ansi16",
            _ => name,
        };
        let (chain, _) = self.chain(drawn);
        let (styles, _) = file::styles(&chain, depth);
        let theme = Theme { name: name.to_owned(), ascii: false, glyphs: GlyphSet::Unicode, styles };
        Ok(theme.with_glyphs(glyphs))
    }

    /// What is wrong with the file of a theme, and with those that it inherits from.
    pub fn problems(&self, name: &str) -> Vec<Problem> {
        let (chain, mut problems) = self.chain(name);
        problems.extend(file::styles(&chain, Depth::TrueColor).1);
        problems
    }

    /// What is wrong with the operator's own themes.
    pub fn own_problems(&self) -> Vec<Problem> {
        self.own.iter().flat_map(|(name, _)| self.problems(name)).collect()
    }

    fn find(&self, name: &str) -> Option<Source> {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        let own = || self.own.iter().find(|(known, _)| known == name).map(|(_, source)| source.clone());
        built_in
            .map(|(name, text)| Source { name: format!("{name}.toml"), text: (*text).to_owned() })
            .or_else(own)
    }

    /// A theme and its ancestors, the theme itself first.
    fn chain(&self, name: &str) -> (Vec<ThemeFile>, Vec<Problem>) {
        let (mut chain, mut problems) = (Vec::<ThemeFile>::new(), Vec::new());
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut next = self.find(name);
        while let Some(source) = next.take() {
            let (file, more) = file::read(&source);
            problems.extend(more);
            if let Some(parent) = &file.inherits {
                next = self.find(parent.name());
                let remedy = format!("the themes are {}", self.names().join(", "));
                let clean = crate::text::clean(parent.name()).into_owned();
                if next.is_none() {
                    let message = format!("there is no theme \"{clean}\"");
                    problems.push(parent.problem(message).with_remedy(remedy));
                } else if !seen.insert(parent.name().to_owned()) {
                    next = None;
                    let message = format!("inherits from itself through \"{clean}\"");
                    problems.push(parent.problem(message).with_remedy("inherit from dark"));
                }
            }
            chain.push(file);
        }
        (chain, problems)
    }
}
