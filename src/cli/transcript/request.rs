//! What is to be run, and what is reported about it.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::junit::Suite;
use super::report::Colours;
use super::run::Options;

/// A file that may be a transcript.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    /// The path as it is reported.
    pub(crate) path: PathBuf,
    /// True if the file was named itself, so that it must have commands.
    pub(super) named: bool,
}

/// The transcripts to run, and how.
pub(crate) struct Request {
    /// The files.
    pub(crate) files: Vec<Candidate>,
    /// The program that the commands call.
    pub(crate) program: PathBuf,
    /// The number of transcripts that run at the same time.
    pub(crate) jobs: usize,
    /// The seed of all of them; `None` for the one that each sets.
    pub(crate) seed: Option<u64>,
    /// The futures in which each is run; `None` for a run in which nothing is left to chance.
    pub(crate) futures: Option<RangeInclusive<u64>>,
    /// Expressions that must hold after every change, besides those of the files.
    pub(crate) invariants: Vec<String>,
    /// True to write the actual output into the files.
    pub(crate) update: bool,
    /// The colours of differences.
    pub(crate) colours: Colours,
    /// The options of each.
    pub(crate) options: Options,
}

/// The verdict on a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The output is the expected one.
    Agrees,
    /// It is not.
    Differs,
    /// It was not, and the file has been rewritten.
    Updated,
    /// The file makes no sense, or could not be run.
    Broken,
}

/// The report of a transcript.
pub(crate) struct Report {
    /// The name of the file.
    pub(crate) name: String,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The number of steps.
    pub(crate) steps: usize,
    /// The differences.
    pub(crate) diff: String,
    /// Sentences about what went wrong, with file and line.
    pub(crate) messages: Vec<String>,
    /// The report in detail.
    pub(crate) suite: Suite,
}

impl Request {
    /// The number of runs.
    pub(crate) fn runs(&self) -> usize {
        let seeds = self.futures.as_ref().map_or(1, |seeds| seeds.end() - seeds.start() + 1);
        self.files.len().saturating_mul(usize::try_from(seeds).unwrap_or(usize::MAX))
    }
}
