//! The picture in characters, for a terminal or a file.

mod glyphs;

use super::crowd::{Body, Cells};
use super::legend::Entry;
use super::series::lows;
use super::{Group, Picture, Row, Section};
use glyphs::{Glyphs, paint};
use kctl_base::terminal::escape_terminal;
use kctl_cluster::chronicle::{MarkKind, PodState};

/// The number of pods that have a row each.
const ROWS_MAX: usize = 60;
/// The smallest number of columns for the time.
const COLUMNS_MIN: usize = 20;
/// The indent of the names of pods.
const INDENT: usize = 4;
/// The columns that a tick of the axis needs: a time of day and a blank.
const TICK_WIDTH: usize = 10;
/// The lanes for marks of one kind; further marks of a column share the last one.
const LANES_MAX: usize = 3;
/// What stands for several marks in one column.
const SEVERAL: char = '*';

/// How the text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The width in columns.
    pub(crate) width: usize,
    /// True for plain ASCII.
    pub(crate) ascii: bool,
    /// True for colours (ANSI escape sequences).
    pub(crate) colour: bool,
}

/// Draws a picture.
pub(crate) fn draw(picture: &Picture<'_>, style: Style) -> String {
    let least = if picture.row_count() > ROWS_MAX { "    terminating (max 1000)" } else { "  available" }.len();
    let longest = picture.rows().map(|row| row.name.len() + INDENT).max().unwrap_or(0);
    let label_width = longest.min(style.width / 3).max(least).min(style.width.saturating_sub(COLUMNS_MIN + 1));
    let columns = style.width.saturating_sub(label_width + 1).max(COLUMNS_MIN);
    let mut sheet = Sheet {
        picture,
        style,
        glyphs: Glyphs::of(style.ascii),
        label_width,
        columns,
        seen: Vec::new(),
        out: String::new(),
    };
    sheet.heading();
    for section in &picture.sections {
        sheet.section(section);
    }
    sheet.marks();
    sheet.axis();
    sheet.legend();
    sheet.out
}

/// A picture while it is drawn.
struct Sheet<'p> {
    picture: &'p Picture<'p>,
    style: Style,
    glyphs: Glyphs,
    /// The columns of the labels at the left.
    label_width: usize,
    /// The columns of the time.
    columns: usize,
    /// The states that occur, for the legend.
    seen: Vec<PodState>,
    out: String,
}

impl Sheet<'_> {
    /// Writes a line without blanks at its end.
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// Writes a line with a label at the left.
    fn labelled(&mut self, label: &str, cells: &str) {
        let label = self.cut(label, self.label_width);
        let line = format!("{label:<width$} {cells}", width = self.label_width);
        self.line(&line);
    }

    /// Writes a line that begins with a title.
    fn titled(&mut self, title: &str, rest: &str) {
        let title = self.cut(title, self.style.width);
        let rest = self.cut(rest, self.style.width - title.chars().count());
        let line =
            if self.style.colour { format!("\u{1b}[1m{title}\u{1b}[0m{rest}") } else { format!("{title}{rest}") };
        self.line(&line);
    }

    fn heading(&mut self) {
        let (from, now) = (self.picture.from, self.picture.now);
        let end =
            now.to_chrono().format(if from.rfc3339()[..10] == now.rfc3339()[..10] { "%H:%M:%S" } else { "%F %T" });
        let from = from.to_chrono().format("%F %T");
        let span = format!("{from} to {end} UTC");
        match self.picture.title.chars().count() + span.len() + 2 <= self.style.width {
            true => self.titled(&self.picture.title, &format!(", {span}")),
            false => {
                self.titled(&self.picture.title, "");
                let span = self.cut(&span, self.style.width);
                self.line(&span);
            }
        }
    }

    fn section(&mut self, section: &Section<'_>) {
        self.line("");
        let summary = section.summary(self.picture).map_or_else(String::new, |summary| format!(": {summary}"));
        self.titled(&section.title, &summary);
        if !section.workloads.is_empty() {
            self.replicas(section);
        }
        for group in &section.groups {
            self.group(group);
        }
    }

    /// Draws the available replicas as a line of bars, and the desired ones as numbers where they change.
    fn replicas(&mut self, section: &Section<'_>) {
        let steps = section.steps(self.picture);
        let available = lows(self.picture, &steps, self.columns, |replicas| replicas.available);
        let desired = lows(self.picture, &steps, self.columns, |replicas| replicas.desired);
        let top = desired.iter().chain(&available).flatten().max().copied().unwrap_or(0);
        let bars: String = available.iter().map(|value| self.glyphs.level(*value, top)).collect();
        self.labelled(&format!("  {}", section.measure()), &bars);
        let numbers = self.numbers(&desired);
        self.labelled("  desired", &numbers);
    }

    /// Writes each number where it begins, followed by a line.
    fn numbers(&self, values: &[Option<i64>]) -> String {
        let mut text = String::new();
        let mut before = None;
        for (column, value) in values.iter().enumerate() {
            let width = text.chars().count();
            if width > column {
                continue;
            }
            match value {
                None => text.push(' '),
                Some(number) if before != Some(*number) => text.push_str(&number.to_string()),
                Some(_) => text.push(self.glyphs.line),
            }
            before = *value;
        }
        text.chars().take(self.columns).collect()
    }

    fn group(&mut self, group: &Group<'_>) {
        let body = self.picture.body(group, self.columns, ROWS_MAX);
        let pods = if group.rows.len() == 1 { "1 pod".into() } else { format!("{} pods", group.rows.len()) };
        match (group.title.is_empty(), &body) {
            (false, _) => {
                let line = self.cut(&format!("  {}, {pods}", group.title), self.style.width);
                self.line(&line);
            }
            (true, Body::Counts(_)) => self.line(&format!("  {pods}")),
            (true, Body::Rows(_)) => {}
        }
        match body {
            Body::Rows(rows) => {
                for (row, cells, number) in rows {
                    let label = if number > 1 { format!("{number} pods") } else { self.name(group, row) };
                    let cells = self.cells(row, &cells, number == 1);
                    self.labelled(&format!("{:INDENT$}{label}", ""), &cells);
                }
            }
            Body::Counts(counts) => {
                let top = group.rows.len() as i64;
                for (state, counts) in counts {
                    let level = |count: &usize| self.glyphs.level(Some(*count as i64).filter(|c| *c > 0), top);
                    let bars: String = counts.iter().map(level).collect();
                    let bars = paint(self.style.colour, Some(state), &bars);
                    let most = counts.iter().max().copied().unwrap_or(0);
                    self.labelled(&format!("{:INDENT$}{} (max {most})", "", state.label()), &bars);
                }
            }
        }
    }

    /// Returns the name of a pod, shortened to the space that there is.
    fn name(&self, group: &Group<'_>, row: &Row<'_>) -> String {
        let space = self.label_width - INDENT;
        if row.name.len() <= space {
            return row.name.into();
        }
        let rest = row.name.strip_prefix(&group.prefix).unwrap_or(row.name);
        let short = format!("{}{rest}", self.glyphs.ellipsis);
        if rest.len() < row.name.len() && short.chars().count() <= space {
            return short;
        }
        let kept = space.saturating_sub(self.glyphs.ellipsis.chars().count());
        let tail: String = row.name.chars().rev().take(kept).collect();
        format!("{}{}", self.glyphs.ellipsis, tail.chars().rev().collect::<String>())
    }

    /// Draws the states of a row, with its warnings over them.
    fn cells(&mut self, row: &Row<'_>, cells: &Cells, with_marks: bool) -> String {
        let mut glyphs: Vec<char> = cells.iter().map(|state| self.glyphs.state(*state)).collect();
        if with_marks && let Some(life) = row.lives.first() {
            for (label, mark) in self.picture.legend.warnings_of(&life.namespace, row.name) {
                glyphs[self.picture.column(mark.at, self.columns)] = label;
            }
        }
        let is_open = row.lives.first().is_some_and(|life| life.is_open);
        if let Some(first) = cells.iter().position(Option::is_some).filter(|_| is_open) {
            glyphs[first] = self.glyphs.open;
        }
        for state in cells.iter().flatten() {
            if !self.seen.contains(state) {
                self.seen.push(*state);
            }
        }
        let mut text = String::new();
        let mut from = 0;
        while from < cells.len() {
            let to = (from..cells.len()).find(|at| cells[*at] != cells[from]).unwrap_or(cells.len());
            let run: String = glyphs[from..to].iter().collect();
            text.push_str(&paint(self.style.colour, cells[from], &run));
            from = to;
        }
        text
    }

    fn marks(&mut self) {
        self.line("");
        for (name, is_command) in [("commands", true), ("events", false)] {
            let entries: Vec<&Entry<'_>> = self.picture.legend.of_commands(is_command).collect();
            for (number, lane) in self.lanes(&entries).into_iter().enumerate() {
                self.labelled(if number == 0 { name } else { "" }, &lane);
            }
        }
    }

    /// Puts the labels of marks into lanes so that each column of a lane has one.
    fn lanes(&self, entries: &[&Entry<'_>]) -> Vec<String> {
        let mut lanes: Vec<Vec<char>> = Vec::new();
        for entry in entries {
            for mark in &entry.marks {
                let column = self.picture.column(mark.at, self.columns);
                let free = lanes.iter().position(|lane| [' ', entry.label].contains(&lane[column]));
                match free {
                    Some(lane) => lanes[lane][column] = entry.label,
                    None if lanes.len() < LANES_MAX => {
                        let mut lane = vec![' '; self.columns];
                        lane[column] = entry.label;
                        lanes.push(lane);
                    }
                    None => lanes[LANES_MAX - 1][column] = SEVERAL,
                }
            }
        }
        lanes.into_iter().map(|lane| lane.into_iter().collect()).collect()
    }

    fn axis(&mut self) {
        let ticks = self.picture.ticks((self.columns / TICK_WIDTH).max(1));
        let mut line = vec![self.glyphs.line; self.columns];
        let (mut after, mut clock) = (String::new(), String::new());
        for tick in &ticks {
            let column = self.picture.column(tick.at, self.columns);
            line[column] = self.glyphs.tick;
            for (text, label) in [(&mut after, &tick.after), (&mut clock, &tick.clock)] {
                // A label that would not fit is left out.
                if column + label.len() <= self.columns && (text.is_empty() || text.len() < column) {
                    *text = format!("{text:<column$}{label}");
                }
            }
        }
        self.labelled("", &line.into_iter().collect::<String>());
        self.labelled("time", &after);
        self.labelled("UTC", &clock);
    }

    fn legend(&mut self) {
        self.line("");
        let states = PodState::ALL.into_iter().filter(|state| self.seen.contains(state));
        let item = |state: PodState| {
            let glyph = self.glyphs.state(Some(state)).to_string();
            let text = format!("{} {}", paint(self.style.colour, Some(state), &glyph), state.label());
            (2 + state.label().len(), text)
        };
        let states: Vec<(usize, String)> = states.map(item).collect();
        self.fill(states, "   ");
        let from = self.picture.from;
        let when_width = self.picture.legend.entries.iter().map(|entry| entry.when(from).len()).max().unwrap_or(0);
        for entry in &self.picture.legend.entries {
            let line = format!("{} {:<when_width$}  {}", entry.label, entry.when(from), escape_terminal(&entry.text()));
            let line = self.cut(&line, self.style.width);
            let warns = self.style.colour && entry.kind == MarkKind::Warning;
            self.line(&if warns { format!("\u{1b}[31m{line}\u{1b}[0m") } else { line });
        }
        for note in self.picture.notes() {
            let words = note.split(' ').map(|word| (word.len(), word.to_string()));
            self.fill(words.collect(), " ");
        }
    }

    /// Writes items, given with their widths, in as many lines as they need.
    fn fill(&mut self, items: Vec<(usize, String)>, separator: &str) {
        let (mut line, mut taken) = (String::new(), 0);
        for (width, item) in items {
            if taken > 0 && taken + separator.len() + width > self.style.width {
                self.line(&std::mem::take(&mut line));
                taken = 0;
            }
            if taken > 0 {
                line.push_str(separator);
                taken += separator.len();
            }
            line.push_str(&item);
            taken += width;
        }
        if taken > 0 {
            self.line(&line);
        }
    }

    /// Cuts a text at a width.
    fn cut(&self, text: &str, width: usize) -> String {
        let ellipsis = self.glyphs.ellipsis;
        match text.chars().count() <= width {
            true => text.into(),
            false => {
                let kept = width.saturating_sub(ellipsis.chars().count());
                text.chars().take(kept).chain(ellipsis.chars()).take(width).collect()
            }
        }
    }
}
