//! A frame as a page of its own. Its text is text: it can be selected, searched and read aloud. Nothing is fetched and
//! nothing runs, and the page forbids both to itself.

use super::ink::Ink;
use super::{Picture, escape, run};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The page.
pub(super) fn write(picture: &Picture<'_>) -> String {
    let ground = picture.ground;
    let mut classes: BTreeMap<Ink, usize> = BTreeMap::new();
    let mut body = String::new();
    for row in run::rows(picture.buffer) {
        for run in row {
            let ink = Ink::of(run.style, ground);
            // What is not ASCII may come from another font, of another width: it is kept in its cells.
            let wide = if run.plain {
                ""
            } else if run.width > 1 {
                " w"
            } else {
                " n"
            };
            if ink.css("color", ground).is_empty() && ink.bg.is_none() && wide.is_empty() {
                body.push_str(&escape(&run.text));
                continue;
            }
            let next = classes.len();
            let class = *classes.entry(ink).or_insert(next);
            let _ = write!(body, "<span class=\"c{class}{wide}\">{}</span>", escape(&run.text));
        }
        body.push('\n');
    }
    let mut styles = String::new();
    let mut listed: Vec<(&Ink, &usize)> = classes.iter().collect();
    listed.sort_by_key(|(_, class)| **class);
    for (ink, class) in listed {
        let mut css = ink.css("color", ground);
        if let Some(bg) = ink.bg {
            let _ = write!(css, "background:{bg};");
        }
        if !css.is_empty() {
            let _ = writeln!(styles, ".c{class}{{{css}}}");
        }
    }
    let (title, about) = (escape(picture.title), escape(picture.about));
    let scheme = if ground.is_dark() { "dark" } else { "light" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"{scheme}\">\n\
         <meta name=\"description\" content=\"{about}\">\n<title>{title}</title>\n<style>\n\
         body{{margin:1rem;background:{};color:{}}}\n\
         pre{{font:15px/1.2 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;margin:0}}\n\
         .n,.w{{display:inline-block;width:1ch;height:1.2em;vertical-align:top;overflow:hidden}}\n.w{{width:2ch}}\n{styles}\
         </style>\n</head>\n<body>\n<main aria-label=\"{title}\">\n<pre tabindex=\"0\">{body}</pre>\n</main>\n</body>\n</html>\n",
        ground.paper, ground.ink
    )
}
