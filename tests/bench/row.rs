//! Rows of the report.

use std::time::Duration;

/// A measured task.
pub(crate) struct Row {
    /// The name of the task.
    pub(crate) what: String,
    /// The number of objects that it works on, for tasks whose cost should grow with it; 1 for others.
    pub(crate) size: usize,
    /// The cost of the task.
    pub(crate) cost: Cost,
    /// The cost of a process that only opens the engine; `None` if the task opens none.
    pub(crate) engine: Option<Cost>,
    /// The wall time of the real kubectl for the same; `None` if there is none, or it failed.
    pub(crate) kubectl: Option<Duration>,
    /// The size of the store afterwards, in bytes; `None` without a store.
    pub(crate) disk: Option<u64>,
    /// The goal, if there is one.
    pub(crate) goal: Option<Goal>,
}

/// The cost of one or several processes that run one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// The median of the wall time.
    pub(crate) wall: Duration,
    /// The instructions without those of the threads of the engine; `None` if they were not counted.
    pub(crate) instructions: Option<u64>,
    /// The peak memory of the largest process in bytes; `None` if it was not measured.
    pub(crate) memory: Option<u64>,
}

/// Upper limits; `None` is no limit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Goal {
    /// The wall time.
    pub(crate) wall: Option<Duration>,
    /// The peak memory in bytes.
    pub(crate) memory: Option<u64>,
    /// The size of the store in bytes.
    pub(crate) disk: Option<u64>,
}

impl Goal {
    /// A limit of the wall time in milliseconds.
    pub(crate) fn ms(limit: u64) -> Goal {
        Goal { wall: Some(Duration::from_millis(limit)), ..Goal::default() }
    }

    /// The same with a limit of the peak memory in MiB.
    pub(crate) fn mib(self, limit: u64) -> Goal {
        Goal { memory: Some(limit << 20), ..self }
    }
}

impl Row {
    /// The same with a goal.
    pub(crate) fn goal(self, goal: Goal) -> Row {
        Row { goal: Some(goal), ..self }
    }

    /// The name with the size, as users select it: `create-pods-4k`.
    pub(crate) fn label(&self) -> String {
        label(&self.what, self.size)
    }

    /// The wall time for each object.
    pub(crate) fn each(&self) -> Duration {
        self.cost.wall.div_f64(self.size as f64)
    }

    /// The limits, and whether they are `met` or `MISSED`; empty without a goal.
    pub(crate) fn verdict(&self) -> String {
        let Some(goal) = self.goal else { return String::new() };
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let limits = [
            goal.wall.map(|wall| (format!("{:.0} ms", ms(wall)), self.cost.wall <= wall)),
            goal.memory.zip(self.cost.memory).map(|(limit, used)| (mib(limit), used <= limit)),
            goal.disk.zip(self.disk).map(|(limit, used)| (format!("store {}", mib(limit)), used <= limit)),
        ];
        let met = if limits.iter().flatten().all(|(_, met)| *met) { "met" } else { "MISSED" };
        let texts: Vec<_> = limits.into_iter().flatten().map(|(text, _)| text).collect();
        format!("{}: {met}", texts.join(", "))
    }
}

/// The name of a row with a size.
pub(crate) fn label(what: &str, size: usize) -> String {
    if size == 1 { what.into() } else { format!("{what}-{}", short(size)) }
}

/// A number with `k` for thousands, if there are only thousands.
pub(crate) fn short(size: usize) -> String {
    if size > 0 && size.is_multiple_of(1_000) { format!("{}k", size / 1_000) } else { size.to_string() }
}

/// A duration in milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
