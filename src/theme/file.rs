//! A theme file: TOML in, looks or problems out. Every problem is told with its place; what is wrong is left out.

use super::{Depth, Role};
use crate::config::{Place, Problem, Source};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use toml::{Spanned, Value};

/// The most bytes of a theme file; the longest that comes with warroom has two thousand.
pub(super) const MOST_BYTES: usize = 256 << 10;
/// How many names of the palette may stand for one another in a row.
const MOST_STEPS: usize = 8;

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    palette: BTreeMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Spanned<Value>>>,
}

/// A colour as it is written, and where.
#[derive(Clone, Debug)]
pub(super) struct Hue {
    text: String,
    place: Place,
    key: String,
}

/// A role as it is written.
#[derive(Clone, Debug, Default)]
struct Look {
    fg: Option<Hue>,
    bg: Option<Hue>,
    modifiers: Modifier,
}

/// One theme file.
#[derive(Clone, Debug, Default)]
pub(super) struct ThemeFile {
    pub(super) inherits: Option<Hue>,
    palette: BTreeMap<String, Hue>,
    roles: Vec<(Role, Look)>,
}

/// Where an offset of a text is.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        Place { file: Arc::clone(&self.file), line: line as u32, column: column as u32 }
    }
}

impl Hue {
    /// The text, which is a name where it is not a colour.
    pub(super) fn name(&self) -> &str {
        &self.text
    }

    /// A problem at its place.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(&self.place, self.key.as_str(), message)
    }
}

/// Reads a theme file.
pub(super) fn read(source: &Source) -> (ThemeFile, Vec<Problem>) {
    let lines = Lines { file: source.name.as_str().into(), text: &source.text };
    let mut problems = Vec::new();
    if source.text.len() > MOST_BYTES {
        let message =
            format!("is {} bytes long, more than the {MOST_BYTES} that a theme may have", source.text.len());
        return (ThemeFile::default(), vec![Problem::new(&lines.place(0), "", message)]);
    }
    let written: Written = match toml::from_str(&source.text) {
        Ok(written) => written,
        Err(error) => {
            let place = lines.place(error.span().map_or(0, |span| span.start));
            let message = crate::text::clean(error.message()).replace('\n', " ");
            let problem = Problem::new(&place, "", message);
            return (
                ThemeFile::default(),
                vec![problem.with_remedy("a theme has inherits, [palette] and [roles]")],
            );
        }
    };
    let mut file = ThemeFile {
        inherits: written.inherits.map(|name| Hue {
            place: lines.place(name.span().start),
            text: name.into_inner(),
            key: "inherits".to_owned(),
        }),
        ..ThemeFile::default()
    };
    for (name, value) in written.palette {
        let key = format!("palette.{}", crate::text::clean(name.get_ref()));
        if let Some(hue) = hue(&lines, &key, &value, &mut problems) {
            file.palette.insert(name.into_inner(), hue);
        }
    }
    for (name, look) in written.roles {
        let known = Role::ALL.iter().find(|(_, known)| known == name.get_ref());
        let key = format!("roles.{}", crate::text::clean(name.get_ref()));
        if let Some((role, _)) = known {
            file.roles.push((*role, self::look(&lines, &key, look, &mut problems)));
        } else {
            let names = Role::ALL.iter().map(|(_, name)| *name);
            let problem = Problem::new(&lines.place(name.span().start), key, "there is no such role");
            problems.push(problem.with_remedy(nearest(name.get_ref(), names, "the roles are")));
        }
    }
    (file, problems)
}

fn look(
    lines: &Lines<'_>,
    key: &str,
    written: BTreeMap<Spanned<String>, Spanned<Value>>,
    problems: &mut Vec<Problem>,
) -> Look {
    let mut look = Look::default();
    for (name, value) in written {
        let at = format!("{key}.{}", crate::text::clean(name.get_ref()));
        let modifier = match name.get_ref().as_str() {
            "fg" => {
                look.fg = hue(lines, &at, &value, problems);
                continue;
            }
            "bg" => {
                look.bg = hue(lines, &at, &value, problems);
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            other => {
                let names = ["fg", "bg", "bold", "dim", "italic", "underlined", "reversed"].into_iter();
                let remedy = nearest(other, names, "a role has");
                let problem = Problem::new(&lines.place(name.span().start), at, "there is no such key");
                problems.push(problem.with_remedy(remedy));
                continue;
            }
        };
        match value.get_ref() {
            Value::Boolean(true) => look.modifiers |= modifier,
            Value::Boolean(false) => {}
            _ => {
                let place = lines.place(value.span().start);
                problems.push(Problem::new(&place, at, "must be true or false"));
            }
        }
    }
    look
}

/// A colour, or a name that the palette may know: whether it does is seen when all files are together.
fn hue(lines: &Lines<'_>, key: &str, value: &Spanned<Value>, problems: &mut Vec<Problem>) -> Option<Hue> {
    let place = lines.place(value.span().start);
    let text = match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(index) => index.to_string(),
        _ => {
            problems.push(Problem::new(&place, key, "must be a colour in quotes").with_remedy(COLOURS));
            return None;
        }
    };
    Some(Hue { text, place, key: key.to_owned() })
}

const COLOURS: &str = "write \"#rrggbb\", a name such as \"lightred\", a number from 0 to 255, \"reset\" or a name of the palette";

/// What was meant, or what there is.
fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str> + Clone, list: &str) -> String {
    let close = known.clone().map(|name| (strsim::damerau_levenshtein(wrong, name), name)).min();
    match close {
        Some((distance, name)) if distance <= 2 => format!("did you mean \"{name}\"?"),
        _ => format!("{list} {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The looks of every role, from the files of a theme and its ancestors: the theme itself first.
pub(super) fn styles(chain: &[ThemeFile], depth: Depth) -> (Vec<Style>, Vec<Problem>) {
    let mut styles = vec![Style::new(); Role::ALL.len()];
    let mut problems = Vec::new();
    let mut palette = BTreeMap::new();
    // The palette is complete before any role is read, so that a child may repaint its parent by changing a colour.
    for file in chain.iter().rev() {
        palette.extend(file.palette.iter().map(|(name, hue)| (name.as_str(), hue)));
    }
    for hue in chain.first().into_iter().flat_map(|file| file.palette.values()) {
        colour(&palette, hue, &mut problems);
    }
    for file in chain.iter().rev() {
        for (role, look) in &file.roles {
            let mut style = Style::new().add_modifier(look.modifiers);
            style.fg = look.fg.as_ref().and_then(|hue| depth.map(colour(&palette, hue, &mut problems)?));
            style.bg = look.bg.as_ref().and_then(|hue| depth.map(colour(&palette, hue, &mut problems)?));
            // Dim letters of a row that is turned round would be hard to read.
            if *role == Role::Selection && look.modifiers.contains(Modifier::REVERSED) {
                style = style.remove_modifier(Modifier::DIM);
            }
            if let Some(slot) = styles.get_mut(*role as usize) {
                *slot = style;
            }
        }
    }
    (styles, problems)
}

/// The colour that a text stands for, by way of the palette.
fn colour(palette: &BTreeMap<&str, &Hue>, hue: &Hue, problems: &mut Vec<Problem>) -> Option<Color> {
    let mut text = hue.text.as_str();
    for _ in 0..MOST_STEPS {
        match palette.get(text) {
            Some(next) if next.text != text => text = &next.text,
            _ => break,
        }
    }
    if let Ok(colour) = Color::from_str(text) {
        return Some(colour);
    }
    let message = format!("\"{}\" is no colour and not in the palette", crate::text::clean(text));
    let remedy = match palette.keys().map(|name| (strsim::damerau_levenshtein(text, name), *name)).min() {
        Some((distance, name)) if distance <= 2 => format!("did you mean \"{}\"?", crate::text::clean(name)),
        _ => COLOURS.to_owned(),
    };
    problems.push(hue.problem(message).with_remedy(remedy));
    None
}
