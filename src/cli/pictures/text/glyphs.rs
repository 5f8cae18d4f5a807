//! The characters of the picture, in Unicode and in ASCII, and their colours.

use kctl_cluster::chronicle::PodState;

/// The characters of a picture.
#[derive(Clone, Copy)]
pub(super) struct Glyphs {
    /// In the order of [`PodState::ALL`].
    states: [char; 7],
    /// Bars of growing height; the first one is for 0.
    levels: &'static [char],
    /// A line of time.
    pub(super) line: char,
    /// A tick of the axis.
    pub(super) tick: char,
    /// The beginning of a life that the history does not have.
    pub(super) open: char,
    /// What stands for left out characters.
    pub(super) ellipsis: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    states: ['·', '░', '▒', '█', '▄', '×', '═'],
    levels: &['_', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    line: '─',
    tick: '┬',
    open: '‹',
    ellipsis: "…",
};

const ASCII: Glyphs = Glyphs {
    states: ['.', ':', '+', '#', '-', 'x', '='],
    levels: &['_', '.', ':', '-', '=', '+', '*', '%', '#'],
    line: '-',
    tick: '+',
    open: '<',
    ellipsis: "..",
};

impl Glyphs {
    pub(super) fn of(ascii: bool) -> Glyphs {
        if ascii { ASCII } else { UNICODE }
    }

    /// The character of a state; a blank where there is no pod.
    pub(super) fn state(&self, state: Option<PodState>) -> char {
        let place = state.and_then(|state| PodState::ALL.iter().position(|other| *other == state));
        place.map_or(' ', |place| self.states[place])
    }

    /// The bar of a value of at most `top`: only 0 has the lowest, and only `top` the highest. A blank where there is none.
    pub(super) fn level(&self, value: Option<i64>, top: i64) -> char {
        let highest = self.levels.len() as i64 - 1;
        match value {
            None => ' ',
            Some(value) if value <= 0 => self.levels[0],
            Some(value) if value >= top => self.levels[highest as usize],
            // Between 1 and the one before the highest.
            Some(value) => self.levels[(value * highest / top).clamp(1, highest - 1) as usize],
        }
    }
}

/// Gives text the colour of a state.
pub(super) fn paint(colour: bool, state: Option<PodState>, text: &str) -> String {
    let Some(state) = state.filter(|_| colour) else { return text.into() };
    let code = match state {
        PodState::Pending => 90,
        PodState::Starting => 36,
        PodState::NotReady => 33,
        PodState::Ready => 32,
        PodState::Terminating => 35,
        PodState::Failed => 31,
        PodState::Succeeded => 34,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
