//! Options of `set` and `shopt`.

use std::collections::BTreeSet;

use kctl_base::order::Order as _;
use serde::{Deserialize, Serialize};

/// The options that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Options {
    /// By letter; `o` is not one of them.
    letters: BTreeSet<char>,
    /// `pipefail`
    pub(super) has_pipefail: bool,
    /// Options of `shopt` that are on.
    pub(super) shopt: BTreeSet<String>,
}

/// Letters and names of the options of `set`.
pub(super) const NAMES: &[(char, &str)] = &[
    ('e', "errexit"),
    ('f', "noglob"),
    ('I', "ignoreeof"),
    ('i', "interactive"),
    ('m', "monitor"),
    ('n', "noexec"),
    ('s', "stdin"),
    ('x', "xtrace"),
    ('v', "verbose"),
    ('C', "noclobber"),
    ('a', "allexport"),
    ('b', "notify"),
    ('u', "nounset"),
    ('h', "hashall"),
    ('B', "braceexpand"),
    ('E', "errtrace"),
    ('T', "functrace"),
    ('P', "physical"),
    ('H', "histexpand"),
];

impl Options {
    pub(super) fn has(&self, letter: char) -> bool {
        self.letters.contains(&letter)
    }

    pub(super) fn set(&mut self, letter: char, is_on: bool) {
        if is_on {
            self.letters.insert(letter);
        } else {
            self.letters.remove(&letter);
        }
    }

    /// Reports whether an option of `shopt` is on.
    pub(super) fn has_shopt(&self, name: &str) -> bool {
        self.shopt.contains(name)
    }

    /// Returns the letters of `$-`.
    pub(super) fn letters(&self) -> String {
        let order = |letter: &char| NAMES.iter().position(|(l, _)| l == letter);
        let mut letters: Vec<char> = self.letters.iter().copied().collect();
        letters.order_by_key(order);
        letters.into_iter().collect()
    }
}
