//! Wrapping of descriptions that keeps their lists and code (`kubectl/pkg/explain/formatter.go`).

/// The beginning of lines that are kept as they are.
const CODE: &str = "    ";

/// Breaks a text into lines of at most `width` bytes where its words allow it. Lines are joined, except before lists,
/// behind colons and at empty lines; code is kept.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Lines { done: Vec::new(), line: String::new(), width };
    for source in text.split('\n') {
        if source.starts_with(CODE) {
            lines.flush();
            lines.done.push(source.into());
        } else if source.trim().is_empty() {
            let is_first = lines.done.is_empty();
            lines.flush();
            if !is_first {
                lines.done.push(String::new());
            }
        } else {
            if lines.line.ends_with(':') || is_item(source.trim()) {
                lines.flush();
            }
            source.split_whitespace().for_each(|word| lines.add(word));
        }
    }
    lines.flush();
    lines.done
}

/// Lines that are being filled.
struct Lines {
    done: Vec<String>,
    line: String,
    width: usize,
}

impl Lines {
    fn flush(&mut self) {
        if !self.line.is_empty() {
            self.done.push(std::mem::take(&mut self.line));
        }
    }

    fn add(&mut self, word: &str) {
        if !self.line.is_empty() && self.line.len() + 1 + word.len() > self.width {
            self.flush();
        }
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        self.line.push_str(word);
    }
}

/// Returns whether a line looks like an item of a list: `- x`, `* x`, `1. x`.
fn is_item(line: &str) -> bool {
    let Some((mark, _)) = line.split_once(char::is_whitespace) else { return false };
    let number = mark.strip_suffix('.').unwrap_or(mark);
    matches!(mark, "-" | "*") || (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_code_and_empty_lines_are_kept() {
        let cases = [
            ("aaa bbb\nccc", 7, vec!["aaa bbb", "ccc"]),
            ("a\nb", 7, vec!["a b"]),
            ("a:\nb", 7, vec!["a:", "b"]),
            ("a\n- b\n1. c", 7, vec!["a", "- b", "1. c"]),
            ("a\n    code  x\nb", 7, vec!["a", "    code  x", "b"]),
            ("aaaaaaaaa b", 7, vec!["aaaaaaaaa", "b"]),
            ("aaaa\n\nb", 3, vec!["aaaa", "b"]),
            ("aa aa\n\nb", 3, vec!["aa", "aa", "", "b"]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, width), expected, "{text:?}");
        }
    }
}
