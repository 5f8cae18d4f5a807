//! The committed numbers of instructions, and their comparison with measured ones.
//!
//! The file has a line `# made with: TOOLS` and a line `NAME COUNT` for each command; other lines that begin with `#` are
//! comments.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// A count may grow by so many percent without being worse, and shrink by so many without being better.
const MARGIN: i128 = 3;
/// The text before the tools.
const MADE_WITH: &str = "# made with: ";
/// The comment at the top of a file.
const COMMENT: &str = "\
# Instructions of each command in a release build, without the threads of the engine, as callgrind counts them:
# `CARGO_PROFILE_RELEASE_PANIC=unwind cargo bench --bench bench -- --baseline` compares them with those of this build,
# `-- --update-baseline` writes them.
# Other tools count otherwise, and are not compared.
";

/// Numbers of instructions by name, and what they depend on beside the sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The versions of the compiler, the C library and valgrind, and the processor.
    pub(crate) made_with: String,
    /// The instructions of each command.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Baseline {
    /// Parses a file.
    ///
    /// # Errors
    /// The line that has another form, or that there is none with the tools.
    pub(crate) fn parse(text: &str) -> Result<Baseline, String> {
        let made_with = text.lines().find_map(|line| line.strip_prefix(MADE_WITH)).ok_or("no line `made with`")?;
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let count = |line: &str| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.trim().parse().ok()?))
        };
        let counts = lines.map(|line| count(line).ok_or_else(|| format!("not a name and a number: {line}")));
        Ok(Baseline { made_with: made_with.into(), counts: counts.collect::<Result<_, _>>()? })
    }

    /// Compares this baseline with what was measured, line by line; `None` if they were made with different tools.
    pub(crate) fn compare(&self, measured: &Baseline) -> Option<Vec<Line>> {
        if self.made_with != measured.made_with {
            return None;
        }
        let mut names: Vec<&String> = self.counts.keys().chain(measured.counts.keys()).collect();
        names.sort();
        names.dedup();
        let line = |name: &String| Line {
            name: name.clone(),
            before: self.counts.get(name).copied(),
            now: measured.counts.get(name).copied(),
        };
        Some(names.into_iter().map(line).collect())
    }
}

impl Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{COMMENT}{MADE_WITH}{}\n\n", self.made_with)?;
        self.counts.iter().try_for_each(|(name, count)| writeln!(f, "{name} {count}"))
    }
}

/// A command in two measurements.
pub(crate) struct Line {
    /// The name of the command.
    pub(crate) name: String,
    /// The instructions of the baseline; `None` if the command is not in it.
    before: Option<u64>,
    /// The measured instructions; `None` if the command was not measured.
    now: Option<u64>,
}

/// The meaning of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is within the margin.
    Same,
    /// The baseline is to be updated, so that the gain is kept.
    Better,
    /// The command has become more expensive.
    Worse,
    /// The command is in one of the measurements only.
    Unknown,
}

impl Line {
    /// The meaning of the difference.
    pub(crate) fn verdict(&self) -> Verdict {
        let Some((before, now)) = self.before.zip(self.now) else { return Verdict::Unknown };
        let (margin, growth) = (i128::from(before) * MARGIN, (i128::from(now) - i128::from(before)) * 100);
        if growth > margin {
            Verdict::Worse
        } else if growth < -margin {
            Verdict::Better
        } else {
            Verdict::Same
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: Option<u64>| count.map_or_else(|| "-".into(), |n| n.to_string());
        let percent = |(before, now): (u64, u64)| format!("{:+.2} %", (now as f64 / before as f64 - 1.0) * 100.0);
        let change = self.before.zip(self.now).map_or_else(String::new, percent);
        let verdict = match self.verdict() {
            Verdict::Same => "",
            Verdict::Better => "better",
            Verdict::Worse => "WORSE",
            Verdict::Unknown => "NOT IN BOTH",
        };
        let (before, now) = (count(self.before), count(self.now));
        let line = format!("{:<20} {before:>12} {now:>12} {change:>10}  {verdict}", self.name);
        f.write_str(line.trim_end())
    }
}
