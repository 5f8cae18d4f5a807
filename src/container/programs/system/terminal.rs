//! Programs for terminals.

use crate::call::{Call, Stop};
use crate::programs::opts::is_busybox;

/// `clear` and `reset`.
pub(super) fn clear(call: &mut Call<'_>) -> Result<i32, Stop> {
    call.print("\u{1b}[H\u{1b}[2J\u{1b}[3J")?;
    Ok(0)
}

/// `tty`.
pub(super) fn tty(call: &mut Call<'_>) -> Result<i32, Stop> {
    let is_terminal = call.is_tty(0);
    if !call.args().iter().any(|arg| arg == "-s") {
        call.print(if is_terminal { "/dev/pts/0\n" } else { "not a tty\n" })?;
    }
    Ok(i32::from(!is_terminal))
}

/// `stty`: the size alone is simulated; settings are accepted, because nothing shows them.
pub(super) fn stty(call: &mut Call<'_>) -> Result<i32, Stop> {
    if !call.is_tty(0) {
        let message = match is_busybox(call) {
            true => "standard input: Not a tty",
            false => "'standard input': Inappropriate ioctl for device",
        };
        call.complain(message);
        return Ok(1);
    }
    let (rows, columns) = call.terminal_size().unwrap_or((24, 80));
    match call.args().first().map(String::as_str) {
        Some("size") => call.print(format!("{rows} {columns}\n"))?,
        None | Some("-a" | "--all") => {
            call.print(format!("speed 38400 baud; rows {rows}; columns {columns}; line = 0;\n"))?;
        }
        Some(_) => {}
    }
    Ok(0)
}

/// Editors, which are not simulated.
pub(super) fn editor(call: &mut Call<'_>) -> Result<i32, Stop> {
    let message = match call.is_tty(1) {
        true => "editing on a terminal is not simulated; write the file with cat, sed or printf",
        false => "needs a terminal; write the file with cat, sed or printf",
    };
    call.complain(message);
    Ok(1)
}
