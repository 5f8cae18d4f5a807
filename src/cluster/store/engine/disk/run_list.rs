//! The list of the runs: a small file that is replaced as a whole.
//!
//! It also names the journal, and the files of the past: a state of the past is the runs that were listed when a journal
//! began, with the first batches of that journal. No file that the list names is changed, except for the end of the journal.
//!
//! ```text
//! kctl runs 2
//! batches 40          the number of batches that the runs hold
//! next 9              the number of the next run or journal
//! journal 8           the number of the journal
//! runs 7 3            the numbers of the runs, the newest first
//! past 6 21 39 5 3    a segment of the past: its journal, its first and its last batch, its runs
//! imports 4           the numbers of runs that hold states of other stores; may be left out
//! crc 1c291ca3
//! ```
//!
//! Format 1 has neither a journal, which is number 0, nor a past.

use std::io;

use super::files::Disk;
use super::journal;

/// The name of the file.
pub(super) const FILE: &str = "runs";

/// The name under which a new list is written before it replaces the old one.
const NEW_FILE: &str = "runs.new";

/// The first line of the file, with the version of its format.
const TITLE: &str = "kctl runs 2";

/// The first line of the earlier format.
const TITLE_1: &str = "kctl runs 1";

/// The prefix of the names of runs.
const PREFIX: &str = "run-";

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RunList {
    /// The number of batches that the runs hold.
    pub(super) batches: u64,
    /// The number of the next run or journal.
    pub(super) next: u64,
    /// The number of the journal.
    pub(super) journal: u64,
    /// The numbers of the runs, the newest first. Rows of a newer run hide those of an older one.
    pub(super) runs: Vec<u64>,
    /// The past, oldest first.
    pub(super) past: Vec<Segment>,
    /// The numbers of the runs of imported states.
    pub(super) imports: Vec<u64>,
}

/// A part of the past: the runs of a time and the journal over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number of the journal.
    pub(super) journal: u64,
    /// The number of batches that the runs hold.
    pub(super) first: u64,
    /// The number of the last batch of the journal, or `first`.
    pub(super) last: u64,
    /// The numbers of the runs, the newest first.
    pub(super) runs: Vec<u64>,
}

impl RunList {
    /// Reads the file; `None` if it is no list.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn read(disk: &dyn Disk) -> io::Result<Option<RunList>> {
        let file = disk.open(FILE)?;
        let mut bytes = vec![0; file.len()?.try_into().map_err(io::Error::other)?];
        file.read_at(0, &mut bytes)?;
        Ok(str::from_utf8(&bytes).ok().and_then(RunList::parse))
    }

    /// Replaces the file atomically and durably, as are the names of all files created before.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn write(&self, disk: &dyn Disk) -> io::Result<()> {
        let file = disk.create(NEW_FILE)?;
        file.write_at(0, self.format().as_bytes())?;
        file.sync()?;
        // The runs must have their names before the list has them.
        disk.sync()?;
        disk.rename(NEW_FILE, FILE)?;
        disk.sync()
    }

    /// The name of the file of a run.
    pub(super) fn name(run: u64) -> String {
        format!("{PREFIX}{run}")
    }

    /// The segment of the present, whose last batch is `last`.
    pub(super) fn present(&self, last: u64) -> Segment {
        Segment { journal: self.journal, first: self.batches, last, runs: self.runs.clone() }
    }

    /// Puts a run in the place of runs with the same rows, in the past as well.
    pub(super) fn replace_merged(&mut self, inputs: &[u64], run: u64) {
        for runs in self.past.iter_mut().map(|segment| &mut segment.runs).chain([&mut self.runs]) {
            if let Some(first) = runs.windows(inputs.len()).position(|window| window == inputs) {
                runs.splice(first..first + inputs.len(), [run]);
            }
        }
    }

    /// The names of the files that only the past needs, each once.
    pub(super) fn names_of_past(&self) -> Vec<String> {
        let past = self.past.iter();
        let mut runs: Vec<u64> = past.clone().flat_map(|segment| &segment.runs).chain(&self.imports).copied().collect();
        let mut journals: Vec<u64> = past.map(|segment| segment.journal).collect();
        runs.retain(|run| !self.runs.contains(run));
        journals.retain(|number| *number != self.journal);
        for numbers in [&mut runs, &mut journals] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        runs.into_iter().map(RunList::name).chain(journals.into_iter().map(journal::name)).collect()
    }

    /// Returns true for the name of a run or journal that is not in the list: one that was merged, or never completed.
    pub(super) fn is_leftover(&self, name: &str, names_of_past: &[String]) -> bool {
        let is_run =
            |name: &str| name.strip_prefix(PREFIX).map(|run| run.parse().is_ok_and(|r| self.runs.contains(&r)));
        let is_named = match journal::is_journal(name) {
            true => name == journal::name(self.journal),
            false => is_run(name).unwrap_or(true),
        };
        !is_named && !names_of_past.iter().any(|named| named == name)
    }

    fn format(&self) -> String {
        let numbers = |numbers: &[u64]| numbers.iter().map(|number| format!(" {number}")).collect::<String>();
        let (RunList { batches, next, journal, .. }, runs) = (self, numbers(&self.runs));
        let mut text = format!("{TITLE}\nbatches {batches}\nnext {next}\njournal {journal}\nruns{runs}\n");
        for Segment { journal, first, last, runs } in &self.past {
            text.push_str(&format!("past {journal} {first} {last}{}\n", numbers(runs)));
        }
        if !self.imports.is_empty() {
            text.push_str(&format!("imports{}\n", numbers(&self.imports)));
        }
        with_checksum(text)
    }

    fn parse(text: &str) -> Option<RunList> {
        let (content, _) = text.split_at_checked(text.rfind("crc ")?)?;
        if with_checksum(content.into()) != text {
            return None;
        }
        let mut lines = content.lines();
        let title = lines.next()?;
        if title != TITLE && title != TITLE_1 {
            return None;
        }
        let mut list = RunList::default();
        for line in lines {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let numbers: Vec<u64> = rest.split_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
            match (name, numbers.as_slice()) {
                ("batches", [number]) => list.batches = *number,
                ("next", [number]) => list.next = *number,
                ("journal", [number]) => list.journal = *number,
                ("runs", _) => list.runs = numbers,
                ("past", [journal, first, last, runs @ ..]) => {
                    let (journal, first, last) = (*journal, *first, *last);
                    list.past.push(Segment { journal, first, last, runs: runs.to_vec() });
                }
                ("imports", _) => list.imports = numbers,
                _ => return None,
            }
        }
        Some(list)
    }
}

/// Adds the last line.
fn with_checksum(text: String) -> String {
    let crc = crc32fast::hash(text.as_bytes());
    format!("{text}crc {crc:08x}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(runs: Vec<u64>) -> RunList {
        RunList { batches: 12, next: 8, runs, ..RunList::default() }
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_a_damaged_one_is_not() {
        let past = vec![Segment { journal: 0, first: 1, last: 9, runs: vec![2, 1] }];
        let with_past = RunList { journal: 6, past, imports: vec![5], ..list(vec![7, 3, 1]) };
        for list in [list(vec![]), list(vec![7, 3, 1]), with_past] {
            let text = list.format();
            assert_eq!(RunList::parse(&text), Some(list));
            assert_eq!(RunList::parse(&text.replace("12", "13")), None);
            assert!((0..text.len()).all(|len| RunList::parse(&text[..len]).is_none()));
        }
    }

    #[test]
    fn the_earlier_format_is_read() {
        let text = with_checksum("kctl runs 1\nbatches 12\nnext 8\nruns 7 3\n".into());
        assert_eq!(RunList::parse(&text), Some(list(vec![7, 3])));
        assert_eq!(RunList::parse(&text.replace("runs 1", "runs 3")), None);
    }

    #[test]
    fn files_that_no_part_of_the_list_names_are_left_over() {
        let past = vec![Segment { journal: 0, first: 1, last: 9, runs: vec![2, 1] }];
        let mut list = RunList { journal: 6, past, imports: vec![5], ..list(vec![3, 1]) };
        assert_eq!(list.names_of_past(), ["run-2", "run-5", "journal"]);
        let left = |list: &RunList| {
            let names =
                ["run-1", "run-2", "run-3", "run-4", "run-5", "run-x", "journal", "journal-6", "journal-7", "runs"];
            let past = list.names_of_past();
            names.into_iter().filter(|name| list.is_leftover(name, &past)).collect::<Vec<_>>()
        };
        assert_eq!(left(&list), ["run-4", "run-x", "journal-7"]);
        list.replace_merged(&[2, 1], 4);
        assert_eq!((list.past[0].runs.as_slice(), list.runs.as_slice()), ([4].as_slice(), [3, 1].as_slice()));
        (list.past, list.imports) = (Vec::new(), Vec::new());
        assert_eq!(left(&list), ["run-2", "run-4", "run-5", "run-x", "journal", "journal-7"]);
    }
}
