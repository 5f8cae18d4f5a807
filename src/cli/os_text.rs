//! Text from outside that need not be UTF-8: paths, and variables that hold them.

use std::ffi::{OsStr, OsString};

/// Splits a text at the ASCII characters for which `separates` is true.
#[cfg(unix)]
pub(crate) fn split(text: &OsStr, separates: fn(&u8) -> bool) -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    text.as_bytes().split(separates).map(|part| OsStr::from_bytes(part).into()).collect()
}

/// Splits a text at the ASCII characters for which `separates` is true. Here, what is not Unicode is replaced.
#[cfg(not(unix))]
pub(crate) fn split(text: &OsStr, separates: fn(&u8) -> bool) -> Vec<OsString> {
    let text = text.to_string_lossy();
    text.split(|letter| u8::try_from(letter).is_ok_and(|byte| separates(&byte))).map(OsString::from).collect()
}

/// Returns the text that a program has written.
#[cfg(unix)]
pub(crate) fn from_output(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Returns the text that a program has written. Here, what is not UTF-8 is replaced.
#[cfg(not(unix))]
pub(crate) fn from_output(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_characters() {
        assert_eq!(split(OsStr::new("a=b="), |b| *b == b'='), ["a", "b", ""]);
        assert_eq!(split(OsStr::new("ä"), u8::is_ascii_whitespace), ["ä"]);
    }
}
