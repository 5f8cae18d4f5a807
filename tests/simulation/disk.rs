//! Faults of the disk: a commit meets one, and the cluster goes on with what the disk holds.
//!
//! What was acknowledged is there; of a commit that failed or was cut off there is all or nothing; and the time that a commit
//! takes has no effect on the cluster.

use std::collections::BTreeSet;

use kctl_base::sim::Duration;

use super::checkers::Objects;
use super::world::World;
use crate::harness::cluster::{Cluster, ObjectKey, copy_disk, dump, make_slow, open_on_disk, revision};
use crate::harness::random::Random;

/// A fault of the disk.
#[derive(Clone, Copy, Debug)]
pub(super) enum DiskFault {
    /// The disk has room for a number of bytes.
    Full(u64),
    /// Every change fails after a number of them.
    Broken(u64),
    /// The power fails at a moment of the commit, or after it; a write that was not synchronized reaches the disk with this
    /// chance in percent.
    PowerLoss(u64),
    /// Commits take so long that one follows the other while time passes, and fail after a number of changes, if there is
    /// one.
    Slow(Duration, Option<u64>),
}

/// The knowledge of a simulation about a committed state, to return to it when the disk has not kept a later one.
pub(super) struct Known {
    objects: Objects,
    revision: u64,
    stopped: BTreeSet<String>,
    unready: BTreeSet<String>,
    undisturbed: BTreeSet<ObjectKey>,
    released_claims: BTreeSet<String>,
}

impl DiskFault {
    /// Chooses a fault for the next commit; mostly none.
    pub(super) fn choose(random: &mut Random) -> Option<DiskFault> {
        if !random.once_in(12) {
            return None;
        }
        Some(match random.below(4) {
            0 => DiskFault::Full(random.below(20_000)),
            1 => DiskFault::Broken(random.below(6)),
            2 => DiskFault::PowerLoss(random.below(101)),
            _ => {
                let breaks = random.once_in(2).then(|| random.below(40));
                DiskFault::Slow(Duration::from_millis(random.below(60_000) as i64), breaks)
            }
        })
    }

    /// The name of the operation.
    fn name(self) -> &'static str {
        match self {
            DiskFault::Full(_) => "disk full",
            DiskFault::Broken(_) => "disk broken",
            DiskFault::PowerLoss(_) => "power loss",
            DiskFault::Slow(..) => "slow disk",
        }
    }
}

/// Everything that a cluster holds: its time, its revision, its injected faults and its objects.
fn content(cluster: &mut Cluster) -> String {
    let (now, revision) = (cluster.now().rfc3339_micro(), revision(cluster));
    let faults = cluster.faults().expect("readable faults");
    format!("{now} {revision}\n{faults:?}\n{}", dump(cluster))
}

impl World {
    /// The knowledge about the state that has been committed.
    pub(super) fn known(&self) -> Known {
        Known {
            objects: self.objects.clone(),
            revision: self.revision,
            stopped: self.stopped.clone(),
            unready: self.unready.clone(),
            undisturbed: self.undisturbed.clone(),
            released_claims: self.released_claims.clone(),
        }
    }

    /// Commits like a command does.
    pub(super) fn commit(&mut self) {
        self.cluster.commit().expect("a commit");
    }

    /// Ends the process and starts the next one, on a disk with the same content and nothing in its cache.
    pub(super) fn restart(&mut self) {
        self.disk = copy_disk(&self.disk);
        self.cluster = open_on_disk(&self.disk, self.seed);
    }

    /// Commits while the disk has a fault. `before` is what was known after the last commit.
    pub(super) fn commit_on(&mut self, fault: DiskFault, before: Known, random: &mut Random) {
        let old = content(&mut open_on_disk(&copy_disk(&self.disk), self.seed));
        let staged = content(&mut self.cluster);
        let started = self.disk.events();
        match fault {
            DiskFault::Full(room) => self.disk.set_room(Some(room as usize)),
            DiskFault::Broken(changes) => self.disk.break_after(Some(changes as usize)),
            DiskFault::PowerLoss(_) => {}
            DiskFault::Slow(span, breaks) => return self.advance_slowly(fault, span, breaks),
        }
        let mut is_acknowledged = self.cluster.commit().is_ok();
        self.disk.set_room(None);
        self.disk.break_after(None);
        let count = self.performed.entry(fault.name()).or_default();
        match is_acknowledged && !matches!(fault, DiskFault::PowerLoss(_)) {
            true => count.1 += 1,
            false => count.0 += 1,
        }
        if let DiskFault::PowerLoss(percent) = fault {
            let changes = self.disk.events() - started;
            let cut = started + random.below(changes as u64 + 1) as usize;
            is_acknowledged = changes > 0 && cut == self.disk.events();
            self.disk = self.disk.after_power_failure(cut, &mut || random.below(100) < percent);
        } else if is_acknowledged {
            // What time alone has done may wait for a disk with room.
            self.commit();
        }
        self.restart();
        let left = content(&mut self.cluster);
        if left != staged {
            if is_acknowledged || left != old {
                self.violations
                    .push(format!("{fault:?} leaves {} of a commit", if left == old { "nothing" } else { "half" }));
            }
            self.log(format!("        {fault:?} leaves the state before"));
            self.forget(before);
        }
    }

    /// Returns to an earlier state.
    fn forget(&mut self, before: Known) {
        let Known { objects, revision, stopped, unready, undisturbed, released_claims } = before;
        (self.objects, self.revision) = (objects, revision);
        (self.stopped, self.unready) = (stopped, unready);
        (self.undisturbed, self.released_claims) = (undisturbed, released_claims);
    }

    /// Lets time pass on a slow disk, which may break on the way, and compares with a cluster on a fast one.
    fn advance_slowly(&mut self, fault: DiskFault, span: Duration, breaks: Option<u64>) {
        self.commit();
        let mut twin = open_on_disk(&copy_disk(&self.disk), self.seed);
        twin.advance(span).expect("time passes");
        let end = twin.now();
        make_slow(&mut self.cluster);
        self.disk.break_after(breaks.map(|changes| changes as usize));
        let interrupted = self.cluster.advance(span).and_then(|()| Ok(self.cluster.commit()?)).is_err();
        self.disk.break_after(None);
        self.restart();
        if interrupted {
            let left = end - self.cluster.now();
            self.cluster.advance(left).expect("time passes");
            self.commit();
        }
        self.performed.entry(fault.name()).or_default().0 += 1;
        let (slow, fast) = (content(&mut self.cluster), content(&mut twin));
        if slow != fast {
            let lines = slow.lines().zip(fast.lines()).find(|(a, b)| a != b);
            self.violations.push(format!("{fault:?} (interrupted: {interrupted}) has an effect: {lines:#?}"));
        }
    }
}
