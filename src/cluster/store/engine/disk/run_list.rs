//! The list of the runs: a small file that is replaced as a whole.

use std::io;

use super::files::Disk;

/// The name of the file.
pub(super) const FILE: &str = "runs";

/// The name under which a new list is written before it replaces the old one.
const NEW_FILE: &str = "runs.new";

/// The first line of the file, with the version of its format.
const TITLE: &str = "kctl runs 1";

/// The prefix of the names of runs.
const PREFIX: &str = "run-";

/// The contents of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RunList {
    /// The number of batches that the runs hold.
    pub(super) batches: u64,
    /// The number of the next run.
    pub(super) next: u64,
    /// The numbers of the runs, the newest first. Rows of a newer run hide those of an older one.
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

    /// Returns true for the name of a run that is not in the list: one that was merged, or never completed.
    pub(super) fn is_leftover(&self, name: &str) -> bool {
        name.strip_prefix(PREFIX).is_some_and(|run| !run.parse().is_ok_and(|run| self.runs.contains(&run)))
    }

    fn format(&self) -> String {
        let runs: String = self.runs.iter().map(|run| format!(" {run}")).collect();
        let text = format!("{TITLE}\nbatches {}\nnext {}\nruns{runs}\n", self.batches, self.next);
        format!("{text}crc {:08x}\n", crc32fast::hash(text.as_bytes()))
    }

    fn parse(text: &str) -> Option<RunList> {
        let mut lines = text.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let batches = field("batches ")?.parse().ok()?;
        let next = field("next ")?.parse().ok()?;
        let runs = field("runs")?.split_whitespace().map(|run| run.parse().ok()).collect::<Option<_>>()?;
        // Writing it again also compares the checksum.
        Some(RunList { batches, next, runs }).filter(|list| list.format() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written_and_a_damaged_one_is_not() {
        for runs in [vec![], vec![7, 3, 1]] {
            let list = RunList { batches: 12, next: 8, runs };
            let text = list.format();
            assert_eq!(RunList::parse(&text), Some(list));
            assert_eq!(RunList::parse(&text.replace("12", "13")), None);
            assert!((0..text.len()).all(|len| RunList::parse(&text[..len]).is_none()));
        }
        let list = RunList { batches: 1, next: 4, runs: vec![3] };
        assert!(!list.is_leftover("run-3") && list.is_leftover("run-2") && !list.is_leftover("journal"));
    }
}
