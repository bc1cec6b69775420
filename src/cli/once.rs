//! `--once`: one frame on standard output, as text, ANSI, SVG or HTML. And what goes with the dashboard's other ways to
//! be looked at: `--wall`, `--plain`, `--screen`.

#![expect(clippy::print_stderr, reason = "what could not be judged is said beside the picture")]

use super::args::Flags;
use super::exit;
use super::run::{compile, complain, load_text};
use crate::config::{Ascii, Color, Config, Source};
use crate::demo;
use crate::event::{Event, What};
use crate::io::state;
use crate::io::terminal::{ColorChoice, Depth, TerminalEnv, detect, is_interactive, window_size};
use crate::model::Model;
use crate::picture::{Format, Picture};
use crate::plan::Plan;
use crate::rehearsal::{self, Rehearsal};
use crate::report;
use crate::runtime::{Rounds, observe_after};
use crate::theme::Theme;
use crate::update::{command_line, settle, update};
use crate::view;
use clap::{Args, ValueEnum};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write as _};
use std::time::Duration;
use warroom_widgets::GlyphSet;

/// How the dashboard is looked at.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "The dashboard")]
pub struct Look {
    /// Print one frame and end
    ///
    /// Polls twice, so that there are rates; on standard error it is said what could not be judged. Of the demo it is the
    /// moment `--at`, without waiting for it.
    #[arg(long, conflicts_with = "plain")]
    pub once: bool,
    /// The screen to begin with, as it is written after `:`, such as slos or "service checkout"
    #[arg(long, value_name = "NAME", conflicts_with = "plain")]
    pub screen: Option<String>,
    /// Columns and rows of that frame; else those of the terminal, or 120x40
    #[arg(long, value_name = "WxH", requires = "once", value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// How that frame is written; else ansi on a terminal, text elsewhere
    #[arg(short, long, value_enum, requires = "once")]
    pub output: Option<Output>,
    /// The war-room wall: big digits, screens in turn, the worst first; locked, and nothing can be changed from it
    #[arg(long, conflicts_with_all = ["plain", "screen"])]
    pub wall: bool,
    /// Print changes as lines, for screen readers, logs and terminals without a cursor
    #[arg(long)]
    pub plain: bool,
}

/// How a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Characters only
    Text,
    /// With colours, for a terminal
    Ansi,
    /// A picture
    Svg,
    /// A page of its own
    Html,
}

/// No screen is larger.
const LARGEST: (u16, u16) = (500, 200);
/// Where there is no terminal.
const USUAL: (u16, u16) = (120, 40);
/// The moment of the demo that is shown if none is named: checkout has been in trouble for a minute.
const MOMENT: Duration = Duration::from_secs(70);

fn size(text: &str) -> Result<(u16, u16), String> {
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or("write it as 120x40")?;
    let part = |text: &str, most: u16| match text.trim().parse::<u16>() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("\"{text}\" is not a number from 1 to {most}; write it as 120x40")),
    };
    Ok((part(width, LARGEST.0)?, part(height, LARGEST.1)?))
}

impl Look {
    /// The line that brings up what is to be seen.
    pub(super) fn line(&self) -> Option<&str> {
        if self.wall { Some("wall") } else { self.screen.as_deref() }
    }

    /// Is anything of it asked for?
    pub(super) fn is_any(&self) -> bool {
        self.once || self.wall || self.plain || self.screen.is_some()
    }
}

/// One frame of what is configured.
pub(super) fn once(flags: &Flags, look: &Look, config: &Config) -> io::Result<u8> {
    let plan = match compile(config) {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let paper = match Paper::of(look, config, &plan) {
        Ok(paper) => paper,
        Err(problem) => return Ok(usage(&problem)),
    };
    let state = state::locate(flags.state.as_deref()).map_err(|error| error.to_string());
    let mut model = observe_after(&plan, Rounds::Two, &state)?;
    if let Some(line) = look.line() {
        let at = model.now;
        match command_line(&mut model, line, at) {
            Ok(effects) if effects.is_empty() => {}
            Ok(_) => return Ok(usage(&format!("--screen {line:?} is no screen: a picture does nothing"))),
            Err(problem) => return Ok(usage(&format!("--screen {line:?}: {problem}"))),
        }
        // What that screen shows is evaluated only once somebody looks at it.
        while model.has_work() {
            update(&mut model, Event { at, what: What::Work });
        }
    }
    let unjudged = report::unjudged(&model);
    if !unjudged.is_empty() {
        eprintln!("not judged: {}", unjudged.join("; "));
    }
    paper.print(&mut model, "")
}

/// One frame of the demo, at a moment of its story.
pub(super) fn rehearse(
    flags: &Flags,
    look: &Look,
    options: demo::Options,
    at: Option<Duration>,
) -> io::Result<u8> {
    let source = Source { name: "demo".to_owned(), text: Rehearsal::config() };
    let config = match load_text(&source, flags) {
        Ok(config) => config,
        Err(problems) => return Ok(complain(&problems)),
    };
    let plan = match compile(&config) {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let paper = match Paper::of(look, &config, &plan) {
        Ok(paper) => paper,
        Err(problem) => return Ok(usage(&problem)),
    };
    let at = at.unwrap_or(MOMENT);
    if at > rehearsal::LONGEST {
        return Ok(usage("--at: the demo is gone through for an hour at most"));
    }
    let read_only = flags.read_only || look.wall || config.ui.read_only;
    let mut rehearsal = Rehearsal::new(&plan, options, read_only);
    rehearsal.run_to(at);
    if let Some(line) = look.line()
        && let Err(problem) = rehearsal.line(line)
    {
        return Ok(usage(&format!("--screen {line:?}: {problem}")));
    }
    let moment = rehearsal.moment();
    paper.print(&mut rehearsal.model, &moment)
}

fn usage(problem: &str) -> u8 {
    eprintln!("warroom: {}", crate::text::clean(problem));
    exit::USAGE
}

/// What is written on, and with what.
struct Paper {
    format: Format,
    theme: Theme,
    size: (u16, u16),
}

impl Paper {
    fn of(look: &Look, config: &Config, plan: &Plan) -> Result<Self, String> {
        let environment = TerminalEnv::read();
        let terminal = is_interactive(&environment);
        let format = match look.output {
            Some(Output::Text) => Format::Text,
            Some(Output::Ansi) => Format::Ansi,
            Some(Output::Svg) => Format::Svg,
            Some(Output::Html) => Format::Html,
            None if terminal => Format::Ansi,
            None => Format::Text,
        };
        let detected = detect(&environment, config.ui.color);
        let paged = matches!(format, Format::Svg | Format::Html);
        let depth = match (format, config.ui.color) {
            (Format::Text, _) | (_, Color::Never) => Depth::Mono,
            _ if paged => Depth::TrueColor,
            // Whoever asks for colours in a pipe gets those of the terminal around it.
            _ if look.output.is_some() => detect(&environment, ColorChoice::Always).depth,
            _ => detected.depth,
        };
        // A page has fonts for everything; what a font lacks is not known here, and the operator may say so.
        let glyphs = match (config.ui.ascii, paged) {
            (Ascii::Auto, true) => GlyphSet::Unicode,
            (Ascii::Auto, false) if !terminal && !detected.ascii => GlyphSet::Unicode,
            (wish, _) => detected.glyphs(wish),
        };
        let theme = plan.ui.themes.get(&plan.ui.theme, depth, glyphs)?;
        let size = look.size.unwrap_or_else(|| {
            if terminal {
                // The shell's next line must not push the first one out of sight.
                let (width, height) = window_size();
                (width.clamp(1, LARGEST.0), height.saturating_sub(1).clamp(1, LARGEST.1))
            } else {
                USUAL
            }
        });
        Ok(Self { format, theme, size })
    }

    fn print(&self, model: &mut Model, moment: &str) -> io::Result<u8> {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        model.ui.size = self.size;
        model.unsettled = true;
        settle(model);
        let mut buffer = Buffer::empty(area);
        view::paint(model, &self.theme, area, &mut buffer);
        let title = match moment {
            "" => format!("warroom: {}, {}", model.ui.screen.word(), model.now),
            moment => format!("warroom: {}, {moment}", model.ui.screen.word()),
        };
        let about = report::headline(model);
        let written = Picture::new(&buffer, &self.theme, &title, &about).write(self.format);
        let mut out = io::stdout().lock();
        out.write_all(written.as_bytes())?;
        out.flush().map(|()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_two_numbers_within_limits() {
        for (text, expected) in [
            ("120x40", Some((120, 40))),
            ("1X1", Some((1, 1))),
            ("200×60", Some((200, 60))),
            ("500x200", Some((500, 200))),
            ("501x1", None),
            ("0x10", None),
            ("80", None),
            ("80x", None),
            ("-1x5", None),
            ("99999999999x5", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }
}
