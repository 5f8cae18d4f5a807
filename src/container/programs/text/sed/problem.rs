//! What is wrong with scripts of `sed`.

/// Why a script cannot be read, in the words of GNU and of busybox.
pub(super) struct Problem {
    pub(super) gnu: String,
    pub(super) busybox: String,
    /// Number of characters that were read; `None` for what concerns the whole script.
    pub(super) at: Option<usize>,
}

impl Problem {
    /// Returns the exit code of a flavour.
    pub(super) fn code(&self, is_busybox: bool) -> i32 {
        if is_busybox || self.at.is_some() { 1 } else { 4 }
    }

    /// Returns the message of a flavour.
    pub(super) fn message(&self, is_busybox: bool, script: &str) -> String {
        match (is_busybox, self.at) {
            (true, _) => self.busybox.clone(),
            (false, None) => self.gnu.clone(),
            (false, Some(at)) => {
                let before: String = script.chars().take(at.saturating_sub(1)).collect();
                let expression = before.matches(EXPRESSION_END).count() + 1;
                let start = before.rfind(EXPRESSION_END).map_or(0, |end| before[..=end].chars().count());
                format!("-e expression #{expression}, char {}: {}", at - start.min(at), self.gnu)
            }
        }
    }
}

/// Separates the expressions of several options; a line end to the script.
pub(super) const EXPRESSION_END: char = '\n';
