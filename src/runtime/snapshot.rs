//! `:snapshot`: what is seen, drawn once more on paper, beside the loop: a file on a slow disk must not hold up a key.

use crate::event::What;
use crate::io::paper;
use crate::model::Model;
use crate::picture::{Format, Picture};
use crate::text::Clean;
use crate::theme::Theme;
use crate::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Writes the picture of a screen of that size into `path`; its ending says how. What came of it is told to `aside`.
pub(super) fn snapshot(
    model: &Model,
    theme: &Theme,
    size: (u16, u16),
    path: PathBuf,
    aside: mpsc::Sender<What>,
) {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    view::paint(model, theme, area, &mut buffer);
    let title = format!("warroom: {}, {}", model.ui.screen.word(), model.now);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("txt").to_owned();
    let format = Format::of_ending(&ending);
    let written = format.map(|format| Picture::new(&buffer, theme, &title, &title).write(format));
    tokio::task::spawn_blocking(move || {
        let said = match written.map(|text| paper::write(&path, &text)) {
            Some(Ok(())) => format!("written to {}", path.display()),
            Some(Err(error)) => format!("no picture was written to {}: {error}", path.display()),
            None => format!("no picture was written: {ending} is none of svg, html, ansi, txt"),
        };
        let _ = aside.blocking_send(What::Notice(Clean::new(&said)));
    });
}
