//! A frame as a vector picture: SVG 1.1 (<https://www.w3.org/TR/SVG11/>). Three layers: what cells stand on, shapes
//! (blocks, lines, braille), and text. Text stands in its columns whatever font there is, and can be selected; glyphs that
//! are drawn as shapes are in it too, unseen, so that what is copied is the whole line.

use super::ink::{Ink, Rgb};
use super::shape::{self, CELL_HEIGHT, CELL_WIDTH};
use super::{Picture, escape, run};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Room around the cells.
const MARGIN: u32 = 10;
/// From the top of a cell to the line that letters stand on.
const BASE: u32 = 14;

/// What is collected while the rows are gone through.
#[derive(Default)]
struct Layers {
    /// Rectangles behind cells.
    grounds: String,
    /// Paths by ink and percent.
    shapes: BTreeMap<(Rgb, u8), String>,
    /// Lines of text.
    texts: String,
    /// The looks of text, by number.
    classes: BTreeMap<String, usize>,
}

/// The picture.
pub(super) fn write(picture: &Picture<'_>) -> String {
    let area = picture.buffer.area;
    let (width, height) = (u32::from(area.width) * CELL_WIDTH, u32::from(area.height) * CELL_HEIGHT);
    let (full_width, full_height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut layers = Layers::default();
    for (y, row) in (0..).zip(run::rows(picture.buffer)) {
        layers.row(picture, y, &row);
    }
    let mut styles = String::new();
    let mut classes: Vec<(&String, &usize)> = layers.classes.iter().collect();
    classes.sort_by_key(|(_, class)| **class);
    for (css, class) in classes {
        let _ = writeln!(styles, ".c{class}{{{css}}}");
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" role=\"img\" aria-labelledby=\"title about\" \
         width=\"{full_width}\" height=\"{full_height}\" viewBox=\"0 0 {full_width} {full_height}\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"about\">{}</desc>\n<style>\n\
         text{{font:15px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre;fill:{}}}\n\
         .h{{fill:none}}\n{styles}</style>\n\
         <rect width=\"{full_width}\" height=\"{full_height}\" rx=\"6\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n",
        escape(picture.title),
        escape(picture.about),
        picture.ground.ink,
        picture.ground.paper,
    );
    if !layers.grounds.is_empty() {
        let _ = write!(out, "<g shape-rendering=\"crispEdges\">\n{}</g>\n", layers.grounds);
    }
    for ((ink, percent), path) in &layers.shapes {
        let opacity = match percent {
            100 => String::new(),
            percent => format!(" fill-opacity=\"0.{percent}\""),
        };
        let _ = writeln!(out, "<path fill=\"{ink}\"{opacity} d=\"{path}\"/>");
    }
    out.push_str(&layers.texts);
    out.push_str("</g>\n</svg>\n");
    out
}

/// Neighbours that are one piece of text.
struct Piece {
    x: u16,
    width: u16,
    text: String,
    /// The look; none: drawn as shapes, and unseen as text.
    css: Option<String>,
    plain: bool,
}

impl Piece {
    /// Takes in what comes next, if that changes nothing to the eye.
    fn takes(&mut self, next: &Self) -> bool {
        let blank = next.plain && next.text.bytes().all(|byte| byte == b' ');
        let unseen = self.css.is_none() && (next.css.is_none() || blank);
        let same = self.plain
            && next.plain
            && (self.css == next.css
                || blank && self.css.as_ref().is_some_and(|css| !css.contains("text-decoration")));
        if unseen || same {
            self.text.push_str(&next.text);
            self.width += next.width;
        }
        unseen || same
    }
}

impl Layers {
    fn row(&mut self, picture: &Picture<'_>, y: u16, row: &[run::Run]) {
        let mut pieces: Vec<Piece> = Vec::new();
        // Neighbours of one glyph and one look are one shape.
        for alike in row.chunk_by(|a, b| !a.plain && a.text == b.text && a.style == b.style) {
            let Some(first) = alike.first() else { continue };
            let ink = Ink::of(first.style, picture.ground);
            let width = alike.iter().map(|run| run.width).sum();
            if let Some(bg) = ink.bg {
                self.ground(bg, first.x, y, width);
            }
            let count = u16::try_from(alike.len()).unwrap_or(u16::MAX);
            let shape = if first.plain { None } else { shape::of(&first.text, first.x, y, count) };
            let css = shape.is_none().then(|| ink.css("fill", picture.ground));
            if let Some(shape) = shape {
                self.shapes.entry((ink.fg, shape.percent)).or_default().push_str(&shape.path);
            }
            for run in alike {
                let piece = Piece {
                    x: run.x,
                    width: run.width,
                    text: run.text.clone(),
                    css: css.clone(),
                    plain: run.plain,
                };
                if !pieces.last_mut().is_some_and(|last| last.takes(&piece)) {
                    pieces.push(piece);
                }
            }
        }
        self.texts(y, &pieces);
    }

    fn ground(&mut self, bg: Rgb, x: u16, y: u16, width: u16) {
        let (x, y) = (u32::from(x) * CELL_WIDTH, u32::from(y) * CELL_HEIGHT);
        let width = u32::from(width) * CELL_WIDTH;
        let _ = writeln!(
            self.grounds,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{CELL_HEIGHT}\" fill=\"{bg}\"/>"
        );
    }

    /// A line of text, each piece in its columns. Its length is said, so that a font of another width is stretched and
    /// not believed.
    fn texts(&mut self, y: u16, pieces: &[Piece]) {
        if pieces.iter().all(|piece| piece.text.trim().is_empty()) {
            return;
        }
        let _ = write!(self.texts, "<text y=\"{}\">", u32::from(y) * CELL_HEIGHT + BASE);
        for piece in pieces {
            let class = match piece.css.as_deref() {
                None => " class=\"h\"".to_owned(),
                Some("") => String::new(),
                Some(css) => {
                    let next = self.classes.len();
                    format!(" class=\"c{}\"", self.classes.entry(css.to_owned()).or_insert(next))
                }
            };
            // Blanks around a text stand between the tspans: a reader that drops them stretches nothing.
            let (whole, kept) = (piece.text.as_str(), piece.text.trim_matches(' '));
            let before = if kept.is_empty() { 0 } else { whole.len() - whole.trim_start_matches(' ').len() };
            let after = whole.len() - before - kept.len();
            self.texts.extend(std::iter::repeat_n(' ', before));
            if !kept.is_empty() {
                let cells = if piece.plain { kept.len() } else { 1 };
                let length = if piece.plain && cells > 1 {
                    format!(" textLength=\"{}\"", cells * CELL_WIDTH as usize)
                } else {
                    String::new()
                };
                let x = (usize::from(piece.x) + before) * CELL_WIDTH as usize;
                let text = escape(kept);
                let _ = write!(self.texts, "<tspan x=\"{x}\"{length}{class}>{text}</tspan>");
            }
            self.texts.extend(std::iter::repeat_n(' ', after));
        }
        self.texts.push_str("</text>\n");
    }
}
