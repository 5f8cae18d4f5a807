//! The memory of the node as a container sees it.

use crate::call::Call;

/// NodeMemory that a process takes, in bytes. Nothing is measured: it is the same for all.
pub(crate) const PROCESS_MEMORY: u64 = 4 << 20;

/// The figures of `/proc/meminfo`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeMemory {
    /// NodeMemory of the node.
    pub(crate) total: u64,
    /// The memory of the container's processes.
    pub(crate) processes: u64,
    /// Files of the container that lie in memory.
    pub(crate) files: u64,
}

impl NodeMemory {
    /// Sums up what the container of a process takes of its node.
    pub(crate) fn of(call: &Call<'_>) -> NodeMemory {
        let container = call.container();
        // A process that runs is not in the table.
        let count = container.processes.len() as u64 + 1;
        let mounts = container.config.mounts.0.iter().filter(|mount| mount.fs_type == "tmpfs");
        let mut trees: Vec<&String> = mounts.map(|mount| &mount.tree).collect();
        trees.sort_unstable();
        trees.dedup();
        let files = trees.into_iter().filter_map(|key| call.world.trees.get(key)).map(crate::fs::Tree::used).sum();
        NodeMemory { total: container.config.memory, processes: count * PROCESS_MEMORY, files }
    }

    /// Returns what is free, which is also what is available.
    pub(crate) fn free(self) -> u64 {
        self.total.saturating_sub(self.processes + self.files)
    }

    /// Returns what is not free.
    pub(crate) fn used(self) -> u64 {
        self.total - self.free()
    }

    /// Returns the permille of the memory that some bytes are.
    pub(crate) fn permille(self, bytes: u64) -> u64 {
        (bytes * 1000).checked_div(self.total).unwrap_or(0)
    }
}
