//! Small frames with everything in them that a format may trip over.

use super::*;
use ratatui::style::{Color, Modifier, Style};

/// Three rows: colours, wide glyphs, shapes, and what would be markup.
fn frame() -> Buffer {
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 16, 3));
    let red = Style::new().fg(Color::Rgb(0xff, 0x7b, 0x72)).add_modifier(Modifier::BOLD);
    buffer.set_string(0, 0, "<b>&\"'", Style::new());
    buffer.set_string(8, 0, "down", red);
    buffer.set_string(0, 1, "日本 ✖ x", Style::new().add_modifier(Modifier::REVERSED));
    buffer.set_string(0, 2, "┌──┐█▂⣿░", Style::new().fg(Color::Green));
    buffer
}

fn write(format: Format) -> String {
    let buffer = frame();
    let ground = Ground::of(Style::new().fg(Color::Rgb(0xc9, 0xd1, 0xd9)));
    Picture { buffer: &buffer, ground, title: "a <title>", about: "1 down & out" }.write(format)
}

#[test]
fn text_is_what_stands_there() {
    assert_eq!(write(Format::Text), "<b>&\"'  down\n日本 ✖ x\n┌──┐█▂⣿░\n");
}

#[test]
fn ansi_resets_each_line_and_moves_no_cursor() {
    assert_eq!(
        write(Format::Ansi),
        "<b>&\"'  \x1b[0;1;38;2;255;123;114mdown\x1b[0m\n\x1b[0;7m日本 ✖ x\x1b[0m\n\x1b[0;32m┌──┐█▂⣿░\x1b[0m\n"
    );
}

#[test]
fn nothing_in_a_frame_can_become_markup_or_reach_outside() {
    for format in [Format::Svg, Format::Html] {
        let text = write(format);
        assert!(text.contains("&lt;b&gt;&amp;&quot;&#39;") && !text.contains("<b>"), "{text}");
        assert!(text.contains("a &lt;title&gt;") && text.contains("1 down &amp; out"), "{text}");
        assert!(text.contains("#ff7b72") && text.contains("font-weight:bold"), "{text}");
        for word in ["<script", "javascript:", "url(", "src=", "href", "@import", "<img", "<link"] {
            assert!(!text.contains(word), "{format:?}: {word}\n{text}");
        }
        // The one address is the name of a vocabulary, which nobody fetches.
        let addresses = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("://"), "{text}");
    }
}

#[test]
fn what_svg_says_is_balanced_and_stands_in_its_columns() {
    let text = write(Format::Svg);
    for tag in ["svg", "g", "text", "tspan", "style", "title", "desc"] {
        let (open, close) = (
            text.matches(&format!("<{tag} ")).count() + text.matches(&format!("<{tag}>")).count(),
            text.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(open, close, "{tag}\n{text}");
    }
    assert!(
        text.contains("<tspan x=\"72\" textLength=\"36\" class=\"c0\">down</tspan>    </text>"),
        "{text}"
    );
    // Wide glyphs begin where their cells begin; the shapes of the last row are drawn, and unseen as text.
    assert!(text.contains("<tspan x=\"18\"") && text.contains("class=\"h\">┌──┐█▂⣿░"), "{text}");
    assert_eq!(text.matches("<path ").count(), 2, "one for ink, one for shade\n{text}");
    // A line of two cells is one shape.
    assert!(text.contains("M9 44.5h18v1h-18z"), "{text}");
}

#[test]
fn the_same_frame_is_the_same_bytes_and_any_frame_is_a_picture() {
    for (format, _) in Format::ALL {
        assert_eq!(write(format), write(format));
        for (width, height) in [(0, 0), (1, 1), (0, 5), (300, 2)] {
            let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
            buffer.set_string(0, 0, "日\u{301}é┼", Style::new().add_modifier(Modifier::all()));
            let ground = Ground::of(Style::new());
            Picture { buffer: &buffer, ground, title: "\u{1b}[2J", about: "" }.write(format);
        }
    }
    for (ending, format) in [("svg", Some(Format::Svg)), ("HTML", Some(Format::Html)), ("png", None)] {
        assert_eq!(Format::of_ending(ending), format);
    }
}

#[test]
fn a_theme_without_a_ground_of_its_own_gets_one_that_it_can_be_read_on() {
    for (fg, bg, dark) in [
        (Some(Color::Rgb(200, 210, 220)), None, true),
        (Some(Color::Rgb(30, 30, 30)), None, false),
        (None, None, true),
        (None, Some(Color::White), false),
        (Some(Color::Black), Some(Color::Rgb(255, 255, 255)), false),
    ] {
        let ground = Ground::of(Style { fg, bg, ..Style::new() });
        assert_eq!(ground.is_dark(), dark, "{fg:?} on {bg:?}");
    }
}

#[test]
fn every_glyph_that_the_themes_draw_as_a_shape_has_one() {
    for glyph in "█▉▊▋▌▍▎▏▁▂▃▄▅▆▇▀▐░▒▓▔▕▖▗▘▙▚▛▜▝▞▟─│┌┐└┘├┤┬┴┼╌┊⠁⣿╴╵╶╷━┃╭╮╯╰┄┆┈╎".chars()
    {
        let shape = shape::of(&glyph.to_string(), 0, 0, 2);
        assert!(shape.as_ref().is_some_and(|shape| !shape.path.is_empty()), "{glyph}: {shape:?}");
    }
    for glyph in ["a", "✖", "日", "", "ab", "●"] {
        assert_eq!(shape::of(glyph, 0, 0, 1), None, "{glyph}");
    }
}
