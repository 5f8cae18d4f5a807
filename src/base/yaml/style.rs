//! The styles that a scalar can be written in (go-yaml v2, `emitterc.go`).

/// The position of a node, as far as its form depends on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Root,
    Key,
    LongKey,
    MapValue,
    SequenceItem,
}

/// The style of a scalar.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Returns the requested style, or the next more general one that can represent the text.
pub(super) fn choose_style(text: &str, wanted: Style, place: Place) -> Style {
    let permitted = PermittedStyles::of(text);
    let mut style = wanted;
    if place == Place::Key && permitted.multiline {
        return Style::Double;
    }
    if style == Style::Plain && (!permitted.plain_allowed || (text.is_empty() && place == Place::Key)) {
        style = Style::Single;
    }
    if (style == Style::Single && !permitted.single_allowed) || (style == Style::Literal && !permitted.block_allowed) {
        style = Style::Double;
    }
    style
}

/// The styles that the text of a scalar permits.
struct PermittedStyles {
    multiline: bool,
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
}

impl PermittedStyles {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let (first, last) = (chars.first().copied(), chars.last().copied());
        let blank_end = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let multiline = chars.iter().any(|&c| is_break(c));
        let pairs = || chars.windows(2);
        let break_space = pairs().any(|pair| is_break(pair[0]) && pair[1] == ' ');
        let space_break = pairs().any(|pair| pair[0] == ' ' && is_break(pair[1]));
        let special = space_break || chars.iter().any(|&c| !is_printable(c));
        Self {
            multiline,
            plain_allowed: !(multiline
                || break_space
                || special
                || blank_end(first)
                || blank_end(last)
                || has_indicators(&chars)),
            single_allowed: !(break_space || special),
            block_allowed: !(special || last == Some(' ')),
        }
    }
}

/// Returns `true` if the text has characters that YAML interprets at their position.
fn has_indicators(chars: &[char]) -> bool {
    let document_marker = chars.starts_with(&['-'; 3]) || chars.starts_with(&['.'; 3]);
    let blank = |at: usize| chars.get(at).is_none_or(|&c| is_blank(c));
    document_marker
        || chars.iter().enumerate().any(|(at, c)| match (at, c) {
            (0, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
            (0, '?' | '-') => blank(1),
            (_, ':') => blank(at + 1),
            (1.., '#') => is_blank(chars[at - 1]),
            _ => false,
        })
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t' || c == '\0' || is_break(c)
}

/// Returns `true` for printable characters; go-yaml treats those above U+FFFF as unprintable.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}
