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
        let blank_end = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let (mut multiline, mut break_space, mut special) = (false, false, false);
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            multiline |= is_break(c);
            break_space |= c == ' ' && before.is_some_and(is_break);
            special |= !is_printable(c) || before == Some(' ') && is_break(c);
            has_indicator |= is_indicator(c, before, chars.peek().copied());
            before = Some(c);
        }
        let has_blank_end = [text.chars().next(), before].into_iter().any(blank_end);
        let plain_allowed = !(multiline || break_space || special || has_indicator || has_blank_end);
        Self {
            multiline,
            plain_allowed,
            single_allowed: !(break_space || special),
            block_allowed: !(special || before == Some(' ')),
        }
    }
}

/// Returns `true` for a character that YAML interprets between these two; `None` is the beginning or the end of the text.
fn is_indicator(c: char, before: Option<char>, after: Option<char>) -> bool {
    let precedes_blank = || after.is_none_or(is_blank);
    match (before, c) {
        (None, ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
        (None, '?' | '-') | (_, ':') => precedes_blank(),
        (_, '#') => before.is_none_or(is_blank),
        _ => false,
    }
}

/// Returns `true` if a text is plain wherever it is because of its characters alone: it begins with a letter or a slash, and has
/// only letters, digits, dots, slashes, dashes and underscores. It may still be a keyword such as `true`.
pub(super) fn is_word(text: &str) -> bool {
    let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'/';
    text.as_bytes().first().is_some_and(begins)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_'))
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
