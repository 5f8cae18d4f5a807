//! Invariants: expressions about the objects of a cluster that must hold after every single change.
//!
//! An [`Invariant`] is an expression in CEL over the variables `cluster` and `now`; [`Invariants`] replays each change on
//! the [`Model`] of what the expressions read and evaluates those that the change may concern. A cluster without invariants
//! does nothing of this.

mod broken;
mod model;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::{Result, Server};
use crate::error::ClusterError;
use crate::store::Change;
pub use broken::Broken;
use kctl_base::cel::{self, Expression, Kind, Value};
use kctl_base::sim::Time;
use model::Model;

/// An expression that must hold.
pub struct Invariant {
    text: String,
    expression: Expression,
}

impl Invariant {
    /// Compiles an expression.
    ///
    /// # Errors
    /// The reason for which it cannot be used, on one or several lines, with the position of each fault.
    pub fn parse(text: &str) -> std::result::Result<Invariant, String> {
        let expression = Expression::compile(text)?;
        match expression.check(&[("cluster", Kind::CLUSTER), ("now", Kind::TIMESTAMP)])? {
            Kind::Simple("bool") | Kind::Dyn => Ok(Invariant { text: text.to_owned(), expression }),
            other => Err(format!("its value is of type {other}, not bool")),
        }
    }

    /// Evaluates the expression: an error is neither true nor false.
    fn evaluate(&self, model: &Arc<Model>, now: Time) -> std::result::Result<bool, String> {
        let time = chrono::DateTime::from_timestamp_micros(now.micros()).unwrap_or_default().fixed_offset();
        let variables = vec![("cluster", cel::cluster(model.clone())), ("now", Value::Timestamp(time))];
        match self.expression.evaluate(variables)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err("its value is not a bool".to_owned()),
        }
    }
}

/// Compiles expressions.
///
/// # Errors
/// [`ClusterError::Invariant`] for the first one that cannot be used.
pub(crate) fn compile(expressions: &[String]) -> std::result::Result<Vec<Invariant>, ClusterError> {
    let compile = |text: &String| {
        Invariant::parse(text).map_err(|reason| ClusterError::Invariant { expression: text.clone(), reason })
    };
    expressions.iter().map(compile).collect()
}

/// The invariants of a cluster that is open.
pub(crate) struct Invariants {
    invariants: Vec<Watched>,
    model: Arc<Model>,
    /// The revision up to which changes have been checked.
    checked: u64,
}

/// An invariant and what it depends on.
struct Watched {
    invariant: Invariant,
    /// The resources that its last evaluation has read; `None` before the first one.
    reads: Option<BTreeSet<String>>,
}

impl Invariants {
    /// Watches the changes after a revision.
    pub(crate) fn new(invariants: Vec<Invariant>, revision: u64) -> Invariants {
        let invariants = invariants.into_iter().map(|invariant| Watched { invariant, reads: None }).collect();
        Invariants { invariants, model: Arc::default(), checked: revision }
    }

    /// Forgets what has been read: the store has gone to another state, at a revision.
    pub(crate) fn begin_anew(&mut self, revision: u64) {
        self.model = Arc::default();
        self.checked = revision;
    }

    /// Checks the changes since the last call, and returns the first that breaks an invariant.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub(crate) fn check(&mut self, server: &mut Server) -> Result<Option<Broken>> {
        let changes = server.changes_since(self.checked)?;
        self.checked = server.revision();
        for (index, change) in changes.iter().enumerate() {
            self.model.apply(change);
            let later = &changes[index + 1..];
            for at in 0..self.invariants.len() {
                if let Some(reason) = self.reason(server, at, change, later)? {
                    let expression = self.invariants[at].invariant.text.clone();
                    return Broken::by(server, change, expression, reason).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Evaluates one invariant after a change, and returns the reason for which it does not hold; `None` if it holds, or if the
    /// change does not concern it. `later` are the changes that the store has beyond this one.
    fn reason(&mut self, server: &mut Server, at: usize, change: &Change, later: &[Change]) -> Result<Option<String>> {
        let Watched { invariant, reads } = &mut self.invariants[at];
        let is_concerned = reads.as_ref().is_none_or(|reads| reads.contains(change.key.resource.as_str()));
        if !is_concerned && !invariant.expression.mentions("now") {
            return Ok(None);
        }
        loop {
            self.model.begin();
            let result = invariant.evaluate(&self.model, change.cause.at);
            match self.model.take_missing() {
                missing if missing.is_empty() => {
                    *reads = Some(self.model.reads());
                    return Ok(match result {
                        Ok(true) => None,
                        Ok(false) => Some("is false".to_owned()),
                        Err(message) => Some(format!("cannot be evaluated: {message}")),
                    });
                }
                missing => missing.iter().try_for_each(|resource| self.model.load(server, resource, later))?,
            }
        }
    }
}
