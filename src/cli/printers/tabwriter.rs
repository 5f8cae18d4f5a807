//! Aligns columns as Go's `text/tabwriter` does.
//!
//! A tab ends a cell. A column is a block of adjacent lines that have a cell at the same position, so a line without that
//! cell starts a new column. Text after the last tab of a line is not a cell and is never padded. Widths count characters.

/// The layout of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The smallest width of a column, padding included.
    pub(crate) min_width: usize,
    /// The number of blanks after the longest cell of a column.
    pub(crate) padding: usize,
}

/// The layout of `kubectl get`.
pub(crate) const GET: Settings = Settings { min_width: 6, padding: 3 };

/// The layout of `kubectl describe`.
pub(crate) const DESCRIBE: Settings = Settings { min_width: 0, padding: 2 };

/// Aligns a single text.
pub(crate) fn align(text: &str, settings: Settings) -> String {
    Layout { settings, remembered: None, lines: split(text), widths: Vec::new(), out: String::new() }.run()
}

/// Aligns consecutive texts; a column is never narrower than before.
#[derive(Debug, Clone)]
pub(crate) struct TabWriter {
    settings: Settings,
    remembered: Vec<usize>,
}

impl TabWriter {
    /// Creates a writer without remembered widths.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, remembered: Vec::new() }
    }

    /// Aligns the next text.
    pub(crate) fn align(&mut self, text: &str) -> String {
        let remembered = Some(&mut self.remembered);
        Layout { settings: self.settings, remembered, lines: split(text), widths: Vec::new(), out: String::new() }.run()
    }
}

/// The lines of a text as cells. The last line is the text after the last line break.
fn split(text: &str) -> Vec<Vec<&str>> {
    text.split(['\n', '\u{c}']).map(|line| line.split(['\t', '\u{b}']).collect()).collect()
}

struct Layout<'t> {
    settings: Settings,
    remembered: Option<&'t mut Vec<usize>>,
    lines: Vec<Vec<&'t str>>,
    /// Widths of the columns to the left of the current one.
    widths: Vec<usize>,
    out: String,
}

impl Layout<'_> {
    fn run(mut self) -> String {
        self.columns(0, self.lines.len());
        self.out
    }

    /// Formats lines that all have the cells of `widths`, and recurses into blocks of lines that have another cell.
    fn columns(&mut self, from: usize, to: usize) {
        let column = self.widths.len();
        let has_cell = |line: &Vec<&str>| column + 1 < line.len();
        let mut start = from;
        while start < to {
            let here = &self.lines[start..to];
            let plain = here.iter().take_while(|line| !has_cell(line)).count();
            let block = here[plain..].iter().take_while(|line| has_cell(line)).count();
            self.write(start, start + plain);
            start += plain;
            if block > 0 {
                let width = self.width(column, start, start + block);
                self.widths.push(width);
                self.columns(start, start + block);
                self.widths.pop();
                start += block;
            }
        }
    }

    fn width(&mut self, column: usize, from: usize, to: usize) -> usize {
        let cells = self.lines[from..to].iter().map(|line| line[column].chars().count() + self.settings.padding);
        let width = cells.max().unwrap_or(0).max(self.settings.min_width);
        let Some(remembered) = self.remembered.as_deref_mut() else { return width };
        match remembered.get_mut(column) {
            Some(known) => {
                *known = width.max(*known);
                *known
            }
            None => {
                remembered.push(width);
                width
            }
        }
    }

    fn write(&mut self, from: usize, to: usize) {
        for (index, line) in self.lines[from..to].iter().enumerate() {
            for (column, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                let width = self.widths.get(column).copied().unwrap_or(0);
                self.out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            }
            if from + index + 1 < self.lines.len() {
                self.out.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_padded_by_the_settings() {
        let cases = [
            (GET, "NAME\tAGE\nabc\t1d\n", "NAME   AGE\nabc    1d\n"),
            (GET, "A\tB\tC\nx\t\t\n", "A     B     C\nx           \n"),
            (GET, "é\tb\n", "é     b\n"),
            (DESCRIBE, "Name:\tx\nLabels:\ta=b\n\tc=d\n", "Name:    x\nLabels:  a=b\n         c=d\n"),
            (DESCRIBE, "a\tb\nplain\nlonger\tc\n", "a  b\nplain\nlonger  c\n"),
            (DESCRIBE, "a\tb\tc\nlonger\tb\nx\tlonger\tc\n", "a       b  c\nlonger  b\nx       longer  c\n"),
            (DESCRIBE, "a\tb", "a  b"),
            (DESCRIBE, "", ""),
        ];
        for (settings, text, expected) in cases {
            assert_eq!(align(text, settings), expected);
        }
    }

    #[test]
    fn a_writer_keeps_its_widths() {
        let mut writer = TabWriter::new(GET);
        assert_eq!(writer.align("NAME\tAGE\nlong-name\t1\n"), "NAME        AGE\nlong-name   1\n");
        assert_eq!(writer.align("a\t2\n"), "a           2\n");
        assert_eq!(writer.align("much-longer-name\t3\n"), "much-longer-name   3\n");
        assert_eq!(writer.align("a\t4\n"), "a                  4\n");
    }
}
