//! A writer of SVG elements. Everything that comes from objects passes [`escape`].

use std::fmt::Write as _;

/// The classes of text, with the size of their font in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// The title of the picture.
    Title,
    /// The heading of a section.
    Heading,
    /// Everything else.
    Plain,
    /// Secondary text.
    Muted,
    /// Names of pods in dense rows, and times of day.
    Small,
    /// The label of a mark.
    Badge,
}

impl Font {
    /// The class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Font::Title => "title",
            Font::Heading => "heading",
            Font::Plain => "plain",
            Font::Muted => "muted",
            Font::Small => "small",
            Font::Badge => "badge",
        }
    }

    /// The size in pixels.
    pub(super) fn size(self) -> f64 {
        match self {
            Font::Title => 16.0,
            Font::Heading => 13.0,
            Font::Plain | Font::Muted => 11.0,
            Font::Small | Font::Badge => 9.0,
        }
    }

    /// The width of a text in pixels: the fonts have characters of one width.
    pub(super) fn width(self, text: &str) -> f64 {
        text.chars().count() as f64 * self.size() * 0.61
    }

    /// Cuts a text so that it fits into a width.
    pub(super) fn fit(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.into();
        }
        let room = (width / (self.size() * 0.61)).floor().max(1.0) as usize;
        text.chars().take(room - 1).chain(['…']).collect()
    }
}

/// The point of a text that its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// SVG elements in the order in which they are painted.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) elements: String,
}

impl Canvas {
    /// Writes text whose baseline is at `y`.
    pub(super) fn text(&mut self, (x, y): (f64, f64), font: Font, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
        };
        let (x, y, class) = (number(x), number(y), font.class());
        self.push(format_args!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\"{anchor}>{}</text>", escape(text)));
    }

    /// Writes a rectangle with a class and, unless it is empty, a title that explains it.
    pub(super) fn area(&mut self, area: Area, class: &str, title: &str) {
        let (x, y, width, height) = (number(area.x), number(area.y), number(area.width), number(area.height));
        let shape = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\"");
        match title.is_empty() {
            true => self.push(format_args!("{shape}/>")),
            false => self.push(format_args!("{shape}><title>{}</title></rect>", escape(title))),
        }
    }

    /// Writes a path with a class.
    pub(super) fn path(&mut self, path: &str, class: &str) {
        self.push(format_args!("<path d=\"{path}\" class=\"{class}\"/>"));
    }

    /// Writes a vertical line with a class.
    pub(super) fn vertical(&mut self, x: f64, (from, to): (f64, f64), class: &str) {
        self.path(&format!("M{} {}V{}", number(x), number(from), number(to)), class);
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // A string takes all writes.
        let _ = writeln!(self.elements, "{element}");
    }
}

/// Writes a coordinate with at most one decimal.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), String::from)
}

/// Escapes text for element content and attributes; characters that XML does not have are left out.
pub(in crate::pictures) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
