//! What the environment says the terminal can do: an environment goes in, a judgement comes out. It asks the terminal
//! nothing, since some never answer.
//!
//! Order of colour: flag, `NO_COLOR` (<https://no-color.org>), `CLICOLOR_FORCE`, `CLICOLOR=0`
//! (<https://bixense.com/clicolors>), then whether standard output is a terminal. Depth: `COLORTERM`, then `TERM`.

use std::collections::BTreeMap;

/// The variables that are read.
const NAMES: [&str; 14] = [
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "WT_SESSION",
    "TERM_PROGRAM",
];

use crate::config::Ascii;
use warroom_widgets::GlyphSet;

pub use crate::theme::Depth;

pub use crate::config::Color as ColorChoice;

/// A program that stands between us and the terminal and takes escape sequences for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplexer {
    /// tmux: sequences for the outer terminal go through `DCS tmux;`.
    Tmux,
    /// GNU screen: they go through `DCS`.
    Screen,
}

/// A snapshot of what matters of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalEnv {
    vars: BTreeMap<String, String>,
    /// Standard input is a terminal.
    pub stdin_tty: bool,
    /// Standard output is a terminal.
    pub stdout_tty: bool,
}

impl TerminalEnv {
    /// Reads the process environment.
    #[expect(clippy::disallowed_methods, reason = "the one place where the terminal's variables are read")]
    pub fn read() -> Self {
        let value =
            |name: &str| Some((name.to_owned(), std::env::var_os(name)?.to_string_lossy().into_owned()));
        Self {
            vars: NAMES.iter().filter_map(|name| value(name)).collect(),
            stdin_tty: rustix::termios::isatty(rustix::stdio::stdin()),
            stdout_tty: rustix::termios::isatty(rustix::stdio::stdout()),
        }
    }

    /// An environment with these variables and a terminal on both sides.
    pub fn of(vars: &[(&str, &str)]) -> Self {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { vars, stdin_tty: true, stdout_tty: true }
    }

    /// A variable that is set to something.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn term(&self) -> &str {
        self.get("TERM").unwrap_or_default()
    }
}

/// The judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each with its own consequence")]
pub struct Detected {
    /// How many colours to use.
    pub depth: Depth,
    /// Only ASCII may be drawn: no UTF-8 locale.
    pub ascii: bool,
    /// A font of few glyphs (the Linux console): box drawing is there, braille is not.
    pub few_glyphs: bool,
    /// The locale is one in which ambiguous characters often take two cells: prefer the ASCII twins.
    pub ambiguous_wide: bool,
    /// tmux or screen stands in between.
    pub multiplexer: Option<Multiplexer>,
    /// The session came over SSH: local tools (clipboard, browser) are not the user's.
    pub ssh: bool,
}

impl Detected {
    /// The alphabet for what is wished: without a wish the richest that the terminal can show.
    pub fn glyphs(&self, wish: Ascii) -> GlyphSet {
        match wish {
            Ascii::Always => GlyphSet::Ascii,
            Ascii::Never => GlyphSet::Unicode,
            Ascii::Auto if self.ascii => GlyphSet::Ascii,
            Ascii::Auto if self.few_glyphs => GlyphSet::Console,
            Ascii::Auto if self.ambiguous_wide => GlyphSet::Neutral,
            Ascii::Auto => GlyphSet::Unicode,
        }
    }
}

/// A dashboard can be shown: a terminal that can be drawn to, and one to take keys from (`/dev/tty` serves where
/// something is piped in, so only the output counts).
pub fn is_interactive(env: &TerminalEnv) -> bool {
    env.stdout_tty && env.term() != "dumb"
}

/// Judges the environment.
pub fn detect(env: &TerminalEnv, choice: ColorChoice) -> Detected {
    let locale =
        env.get("LC_ALL").or_else(|| env.get("LC_CTYPE")).or_else(|| env.get("LANG")).unwrap_or_default();
    Detected {
        depth: depth(env, choice),
        ascii: !is_utf8(locale),
        few_glyphs: env.term() == "linux",
        ambiguous_wide: ["ja", "ko", "zh"].iter().any(|language| is_language(locale, language)),
        multiplexer: multiplexer(env),
        ssh: env.get("SSH_CONNECTION").is_some() || env.get("SSH_TTY").is_some(),
    }
}

fn depth(env: &TerminalEnv, choice: ColorChoice) -> Depth {
    let forced = env.get("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let wanted = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if env.get("NO_COLOR").is_some() => false,
        ColorChoice::Auto if forced => true,
        ColorChoice::Auto => env.get("CLICOLOR") != Some("0") && env.stdout_tty && env.term() != "dumb",
    };
    if !wanted {
        return Depth::Mono;
    }
    let term = env.term();
    // The console claims neither; COLORTERM may have come along by SSH or su from elsewhere.
    if term == "linux" {
        return Depth::Ansi16;
    }
    let colorterm = env.get("COLORTERM").unwrap_or_default().to_ascii_lowercase();
    let direct = term.ends_with("-direct") || env.get("WT_SESSION").is_some();
    // GNU screen 4 passes no 24-bit colours on, although COLORTERM is inherited from outside.
    let screen = multiplexer(env) == Some(Multiplexer::Screen);
    match colorterm.as_str() {
        "truecolor" | "24bit" if !screen => Depth::TrueColor,
        _ if direct && !screen => Depth::TrueColor,
        _ if term.contains("256color") => Depth::Ansi256,
        _ => Depth::Ansi16,
    }
}

fn multiplexer(env: &TerminalEnv) -> Option<Multiplexer> {
    // TERM before TMUX: it is the one that survives sudo and SSH. tmux often calls itself "screen".
    if env.term().starts_with("tmux") || env.get("TMUX").is_some() {
        Some(Multiplexer::Tmux)
    } else if env.term().starts_with("screen") || env.get("STY").is_some() {
        Some(Multiplexer::Screen)
    } else {
        None
    }
}

fn is_utf8(locale: &str) -> bool {
    let charset = locale.split_once('.').map_or("", |(_, charset)| charset);
    let charset = charset.split('@').next().unwrap_or_default();
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

fn is_language(locale: &str, language: &str) -> bool {
    locale.strip_prefix(language).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_depth_follows_flag_environment_and_terminal_in_that_order() {
        use ColorChoice::{Always, Auto, Never};
        use Depth::{Ansi16, Ansi256, Mono, TrueColor};
        for (vars, choice, want) in [
            (vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Auto, TrueColor),
            (vec![("TERM", "xterm-256color"), ("COLORTERM", "24BIT")], Auto, TrueColor),
            (vec![("TERM", "xterm-256color"), ("COLORTERM", "yes")], Auto, Ansi256),
            (vec![("TERM", "xterm-256color")], Auto, Ansi256),
            (vec![("TERM", "xterm-direct")], Auto, TrueColor),
            (vec![("TERM", "xterm")], Auto, Ansi16),
            (vec![], Auto, Ansi16),
            (vec![("TERM", "linux"), ("COLORTERM", "truecolor")], Auto, Ansi16),
            (vec![("TERM", "screen-256color"), ("STY", "1.pts"), ("COLORTERM", "truecolor")], Auto, Ansi256),
            (
                vec![("TERM", "screen-256color"), ("TMUX", "/tmp/x"), ("COLORTERM", "truecolor")],
                Auto,
                TrueColor,
            ),
            (vec![("TERM", "dumb")], Auto, Mono),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", "1")], Auto, Mono),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", "")], Auto, Ansi256),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Auto, Mono),
            (vec![("TERM", "xterm-256color"), ("CLICOLOR", "0")], Auto, Mono),
            (vec![("TERM", "xterm-256color"), ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], Auto, Ansi256),
            (vec![("TERM", "xterm-256color"), ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "0")], Auto, Mono),
            (vec![("TERM", "xterm-256color"), ("NO_COLOR", "1")], Always, Ansi256),
            (vec![("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1")], Never, Mono),
        ] {
            assert_eq!(detect(&TerminalEnv::of(&vars), choice).depth, want, "{vars:?} {choice:?}");
        }
        let piped = TerminalEnv { stdout_tty: false, ..TerminalEnv::of(&[("TERM", "xterm-256color")]) };
        assert_eq!(detect(&piped, Auto).depth, Mono);
        assert_eq!(detect(&piped, Always).depth, Ansi256);
    }

    #[test]
    fn glyphs_follow_the_locale() {
        for (vars, ascii, wide) in [
            (vec![("LANG", "en_US.UTF-8")], false, false),
            (vec![("LANG", "C.utf8")], false, false),
            (vec![("LANG", "C")], true, false),
            (vec![], true, false),
            (vec![("LANG", "de_DE.ISO-8859-1")], true, false),
            (vec![("LANG", "de_DE.UTF-8@euro")], false, false),
            (vec![("LC_ALL", "C"), ("LANG", "en_US.UTF-8")], true, false),
            (vec![("LC_ALL", ""), ("LC_CTYPE", "ja_JP.UTF-8"), ("LANG", "C")], false, true),
            (vec![("LANG", "zh_CN.UTF-8")], false, true),
            (vec![("LANG", "kok_IN.UTF-8")], false, false),
        ] {
            let got = detect(&TerminalEnv::of(&vars), ColorChoice::Auto);
            assert_eq!((got.ascii, got.ambiguous_wide), (ascii, wide), "{vars:?}");
        }
    }

    #[test]
    fn the_alphabet_is_the_richest_that_can_be_shown() {
        for (vars, wish, glyphs) in [
            (vec![("LANG", "en_US.UTF-8"), ("TERM", "xterm")], Ascii::Auto, GlyphSet::Unicode),
            (vec![("LANG", "ja_JP.UTF-8"), ("TERM", "xterm")], Ascii::Auto, GlyphSet::Neutral),
            (vec![("LANG", "en_US.UTF-8"), ("TERM", "linux")], Ascii::Auto, GlyphSet::Console),
            (vec![("LANG", "ja_JP.UTF-8"), ("TERM", "linux")], Ascii::Auto, GlyphSet::Console),
            (vec![("LANG", "C"), ("TERM", "linux")], Ascii::Auto, GlyphSet::Ascii),
            (vec![("LANG", "C"), ("TERM", "xterm")], Ascii::Never, GlyphSet::Unicode),
            (vec![("LANG", "en_US.UTF-8"), ("TERM", "xterm")], Ascii::Always, GlyphSet::Ascii),
        ] {
            let detected = detect(&TerminalEnv::of(&vars), ColorChoice::Auto);
            assert_eq!(detected.glyphs(wish), glyphs, "{vars:?} {wish:?}");
        }
    }

    #[test]
    fn a_dashboard_needs_a_terminal_that_can_be_drawn_to() {
        let dumb = TerminalEnv::of(&[("TERM", "dumb")]);
        let piped = TerminalEnv { stdout_tty: false, ..TerminalEnv::of(&[]) };
        let fed = TerminalEnv { stdin_tty: false, ..TerminalEnv::of(&[("TERM", "xterm")]) };
        assert_eq!([dumb, piped, fed].map(|env| is_interactive(&env)), [false, false, true]);
    }
}
