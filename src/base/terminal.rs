//! Text of objects on a terminal (`cli-runtime/pkg/printers/terminal.go`).

use std::borrow::Cow;

/// Makes the characters visible with which a text would control the terminal: escape as `^[`, carriage return as `\r`.
pub fn escape_terminal(text: &str) -> Cow<'_, str> {
    if text.contains(['\u{1b}', '\r']) {
        Cow::Owned(text.replace('\u{1b}', "^[").replace('\r', "\\r"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_visible() {
        assert_eq!(escape_terminal("x\u{1b}[31mRED\r\nOWNED\t"), "x^[[31mRED\\r\nOWNED\t");
        assert!(matches!(escape_terminal("plain"), Cow::Borrowed("plain")));
    }
}
