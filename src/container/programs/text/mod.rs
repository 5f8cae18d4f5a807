//! Filters and readers of text.
//!
//! They print as their input arrives. Options are parsed again whenever such a program goes on; what has to be kept meanwhile
//! is in its [`Io`] and in its variant of [`Filter`].

mod awk;
mod cat;
mod columns;
mod compare;
mod conversion;
mod cut;
mod dump;
pub(crate) mod echo;
mod encode;
mod ends;
pub(crate) mod escapes;
mod expr;
mod fold;
mod grep;
mod number;
mod order;
pub(crate) mod printf;
mod search;
mod sed;
mod sequence;
mod shuffle;
mod sort;
mod substitute;
mod tee;
pub(crate) mod test;
pub(crate) mod times;
mod tr;
mod uniq;
pub(crate) mod variant;
mod wc;
mod xargs;

use serde::{Deserialize, Serialize};

pub(crate) use ends::size;

use super::Program;
use super::io::Io;
use crate::call::{Call, Stop};

/// A program that keeps nothing but its input and output.
type Plain = fn(&mut Call<'_>, &mut Io) -> Result<i32, Stop>;

/// The programs without a state.
pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("[", test::run),
    ("[[", test::run),
    ("echo", echo::run),
    ("expr", expr::run),
    ("printf", printf::run),
    ("test", test::run),
];

/// Defines the programs that read, with what they keep beside their input.
macro_rules! filters {
    (plain: $($name:literal => $run:path,)* stateful: $($($names:literal)|+ => $variant:ident($memory:path),)*) => {
        const PLAIN: &[(&str, Plain)] = &[$(($name, $run)),*];

        /// The names of the programs with a state.
        pub(super) const NAMES: &[&str] = &[$($name,)* $($($names),+),*];

        /// The state of a filter.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        enum Filter {
            /// Nothing.
            Plain,
            $($variant(Box<$memory>),)*
        }

        impl Filter {
            fn of(name: &str) -> Option<Filter> {
                match name {
                    $($($names)|+ => Some(Filter::$variant(Box::default())),)*
                    _ => plain(name).map(|_| Filter::Plain),
                }
            }

            fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
                match self {
                    Filter::Plain => match plain(call.name()) {
                        Some(run) => run(call, io),
                        None => Err(Stop::Exit(127)),
                    },
                    $(Filter::$variant(memory) => memory.run(call, io),)*
                }
            }
        }
    };
}

filters! {
    plain:
    "base64" => encode::base64,
    "cmp" => compare::cmp,
    "column" => columns::column,
    "comm" => compare::comm,
    "cut" => cut::run,
    "diff" => compare::diff,
    "envsubst" => substitute::envsubst,
    "expand" => fold::expand,
    "fold" => fold::fold,
    "hexdump" => dump::hexdump,
    "join" => columns::join,
    "less" => cat::pager,
    "md5sum" => encode::digest,
    "more" => cat::pager,
    "od" => dump::od,
    "paste" => columns::paste,
    "rev" => fold::rev,
    "sha1sum" => encode::digest,
    "sha256sum" => encode::digest,
    "sha512sum" => encode::digest,
    "shuf" => shuffle::run,
    "sort" => sort::run,
    "strings" => dump::strings,
    "tac" => fold::tac,
    "unexpand" => fold::unexpand,
    "xxd" => dump::xxd,
    "yes" => sequence::yes,
    stateful:
    "awk" | "mawk" => Awk(awk::Awk),
    "cat" => Cat(cat::Cat),
    "head" => Head(ends::Head),
    "tail" => Tail(ends::Tail),
    "grep" | "egrep" | "fgrep" => Grep(grep::Grep),
    "nl" => Number(number::Number),
    "seq" => Sequence(sequence::Sequence),
    "sed" => Sed(sed::Sed),
    "tee" => Tee(tee::Tee),
    "tr" => Tr(tr::Tr),
    "uniq" => Uniq(uniq::Uniq),
    "wc" => Wc(wc::Wc),
    "xargs" => Xargs(xargs::Xargs),
}

fn plain(name: &str) -> Option<Plain> {
    PLAIN.iter().find(|(n, _)| *n == name).map(|(_, run)| *run)
}

/// The state of a program of this family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    io: Io,
    filter: Filter,
}

impl State {
    /// Goes on until the program waits or ends.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        self.io.begin();
        let result = self.filter.run(call, &mut self.io);
        self.io.flush(call)?;
        result
    }
}

/// Returns the first state of a program; `None` if it is not one of this family with a state.
pub(super) fn state(name: &str, _argv: &[String]) -> Option<State> {
    Some(State { io: Io::default(), filter: Filter::of(name)? })
}
