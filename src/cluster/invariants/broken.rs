//! The report on a broken invariant: the instant, the change, and the causes of the change.

use std::fmt;

use crate::api::{Result, Server};
use crate::store::{Change, ChangeKind, Trigger};
use kctl_base::sim::Time;

/// The greatest number of causes that are reported.
const CAUSES_MAX: usize = 20;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The expression.
    pub expression: String,
    /// `is false`, or `cannot be evaluated: no such key: x`.
    pub reason: String,
    /// The instant of the change after which it does not hold.
    pub at: Time,
    /// The change and its causes, the change first: `pods/default/web-0 deleted by statefulset-controller`.
    pub causes: Vec<String>,
}

impl Broken {
    /// Reports a change after which an expression does not hold.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(super) fn by(server: &mut Server, change: &Change, expression: String, reason: String) -> Result<Broken> {
        let mut causes = vec![describe(change)];
        let mut trigger = change.cause.trigger;
        while let Some(revision) = trigger.map(Trigger::revision)
            && causes.len() < CAUSES_MAX
        {
            let Some(cause) = find(server, revision)? else { break };
            causes.push(describe(&cause));
            trigger = cause.cause.trigger;
        }
        Ok(Broken { expression, reason, at: change.cause.at, causes })
    }
}

/// Returns the change that made a revision; `None` if the log does not reach back that far.
fn find(server: &mut Server, revision: u64) -> Result<Option<Change>> {
    match server.changes_since(revision.saturating_sub(1)) {
        Ok(changes) => Ok(changes.into_iter().find(|change| change.revision == revision)),
        Err(crate::store::ChangesGone::TooOld { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `pods/default/web-0 deleted by statefulset-controller`.
fn describe(change: &Change) -> String {
    let kind = match change.kind {
        ChangeKind::Added => "created",
        ChangeKind::Modified => "changed",
        ChangeKind::Deleted => "deleted",
    };
    let by = change.cause.controller.as_deref().unwrap_or("a command");
    format!("{} {kind} by {by}", change.key)
}

/// Writes several lines without a line break at the end.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the invariant {:?} {} at {}", self.expression, self.reason, self.at.rfc3339_micro())?;
        for (depth, cause) in self.causes.iter().enumerate() {
            let arrow = if depth == 0 { "after" } else { "because of" };
            write!(f, "\n{}{arrow} {cause}", "  ".repeat(depth + 1))?;
        }
        Ok(())
    }
}
