//! Properties of the terminal that standard output goes to.

use crate::Ctx;

impl Ctx {
    /// Returns the width of the terminal in columns; `None` if standard output is none, or does not say.
    pub(crate) fn out_width(&self) -> Option<usize> {
        if self.out_is_terminal() { width() } else { None }
    }

    /// Returns rows and columns of the terminal that standard input is; `None` if it is none, or does not say.
    pub(crate) fn in_size(&self) -> Option<(u16, u16)> {
        if self.stdin_is_terminal() { size_of_input() } else { None }
    }

    /// Returns whether output may have colours: it goes to a terminal that knows them, and the user wants them
    /// (<https://no-color.org>).
    pub(crate) fn out_has_colours(&self) -> bool {
        let is_set = |name| (self.variable)(name).is_some_and(|value| !value.is_empty());
        self.out_is_terminal() && !is_set("NO_COLOR") && (self.variable)("TERM").is_none_or(|term| term != "dumb")
    }

    /// Returns whether the locale has more than ASCII: the first of the variables that is set names UTF-8 (POSIX).
    pub(crate) fn locale_is_utf8(&self) -> bool {
        let values = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| (self.variable)(name));
        let locale = values.map(|value| value.to_string_lossy().to_lowercase()).find(|value| !value.is_empty());
        locale.is_some_and(|locale| locale.contains("utf-8") || locale.contains("utf8"))
    }
}

#[cfg(unix)]
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

#[cfg(unix)]
fn size_of_input() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdin()).ok()?;
    Some((size.ws_row, size.ws_col)).filter(|(rows, columns)| *rows > 0 && *columns > 0)
}

#[cfg(not(unix))]
fn width() -> Option<usize> {
    None
}

#[cfg(not(unix))]
fn size_of_input() -> Option<(u16, u16)> {
    None
}
