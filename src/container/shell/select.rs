//! `select`: a menu of which a line of standard input chooses.

use super::builtins::fill_line;
use super::control::ControlKind;
use super::{Interrupt, Shell, Step};
use crate::call::Call;

/// Columns of the menu (`COLS` in `print_select_list`).
const COLUMNS: usize = 80;
/// Columns between tabulators.
const TAB: usize = 8;

impl Shell {
    /// Reads the next choice, or goes to the end of the loop.
    pub(super) fn choose(&mut self, call: &mut Call<'_>, name: &str) -> Step {
        let Some(control) = self.controls.last_mut() else { return Ok(()) };
        let ControlKind::Select { end, words, shows_menu, is_prompted, .. } = &mut control.kind else { return Ok(()) };
        let end = *end;
        let mut text = if std::mem::take(shows_menu) { menu(words) } else { String::new() };
        let asks = !std::mem::replace(is_prompted, true);
        let words = words.clone();
        if asks {
            text.push_str(self.variables.text("PS3").unwrap_or("#? "));
        }
        self.say(call, &text);
        if words.is_empty() {
            self.leave_select(end, 0);
            return Ok(());
        }
        let has_line = match fill_line(self, call) {
            Ok(has_line) => has_line,
            Err(stop) => {
                // The instruction is executed again.
                if let Some(frame) = self.frames.last_mut() {
                    frame.at -= 1;
                }
                return Err(Interrupt::Stop(stop));
            }
        };
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.reading)).trim().to_owned();
        if !has_line {
            // Standard output may be closed.
            let _ = call.write(1, b"\n");
            self.leave_select(end, 1);
            return Ok(());
        }
        if let Some(ControlKind::Select { shows_menu, is_prompted, next, .. }) =
            self.controls.last_mut().map(|control| &mut control.kind)
        {
            *is_prompted = false;
            if line.is_empty() {
                *shows_menu = true;
                let next = *next;
                if let Some(frame) = self.frames.last_mut() {
                    frame.at = next;
                }
                return Ok(());
            }
        }
        let chosen = line.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?).cloned());
        self.variables.set("REPLY", line);
        self.assign(call, name, chosen.unwrap_or_default())
    }

    fn leave_select(&mut self, end: usize, status: i32) {
        self.status = status;
        self.end_round();
        if let Some(frame) = self.frames.last_mut() {
            frame.at = end;
        }
    }
}

/// Formats the words in columns with their numbers (`print_select_list` of bash).
fn menu(words: &[String]) -> String {
    let digits = |number: usize| number.to_string().len();
    let width = |word: &String| word.chars().count();
    let count = words.len();
    if count == 0 {
        return String::new();
    }
    let cell = words.iter().map(width).max().unwrap_or(0) + digits(count) + 4;
    let mut rows = count.div_ceil((COLUMNS / cell).max(1));
    if rows == 1 {
        rows = count;
    }
    let mut out = String::new();
    for row in 0..rows {
        let mut at = 0;
        for index in (row..count).step_by(rows) {
            let column = index / rows * cell;
            indent(&mut out, at, column);
            let number = if column == 0 { digits(rows) } else { digits(count) };
            out.push_str(&format!("{:>number$}) {}", index + 1, words[index]));
            at = column + number + 2 + width(&words[index]);
        }
        out.push('\n');
    }
    out
}

/// Moves from a column to another one with tabulators and blanks.
fn indent(out: &mut String, mut from: usize, to: usize) {
    while from < to {
        if to / TAB > from / TAB {
            out.push('\t');
            from += TAB - from % TAB;
        } else {
            out.push(' ');
            from += 1;
        }
    }
}
