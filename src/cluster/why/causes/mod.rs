//! The chain of causes of an object, from the change log: which change made it what it is, what woke the controller that
//! made the change, and so on up to a command.

mod deed;
mod difference;
mod history;
mod operation;
mod sentence;
#[cfg(test)]
mod tests;
mod walk;

use super::ObjectName;
use crate::api::{Result, Server};
use crate::store::Change;
use deed::Deed;
use history::History;
use kctl_base::object::ObjectMeta;
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
pub use operation::Operation;
use operation::Record;

/// The story of an object: the chains of changes that made it what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The object.
    pub object: ObjectName,
    /// True when it no longer exists.
    pub is_gone: bool,
    /// The chains of its last changes that matter, newest first; each begins with the change and ends, as far as the log
    /// reaches, with a command.
    pub chains: Vec<Vec<Step>>,
    /// The time of the oldest change in the log, when the creation of the object was before it.
    pub log_starts: Option<Time>,
}

/// A change in a chain. The next one in the chain is its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The revision that the change made.
    pub revision: u64,
    /// When it was made.
    pub at: Time,
    /// The object that changed.
    pub object: ObjectName,
    /// The event, as a sentence without a full stop.
    pub what: String,
    /// The author of the change.
    pub author: Author,
    /// The command during which a controller acted that no change had woken, such as one that injects a fault.
    pub during: Option<Operation>,
    /// The event that woke the controller, as a clause that follows "because", where the next step of the chain does not say it.
    pub because: Option<String>,
    /// The number of steps between this one and the next that are left out, because they are like these.
    pub left_out: usize,
    /// True when the chain goes on as a newer one does from the same change.
    pub joins: bool,
}

/// The author of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A controller, by its name: `deployment-controller`.
    Controller(String),
    /// A command of a user; `None` when there is no record of it.
    Command(Option<Operation>),
    /// The API server, when the cluster was created.
    ClusterStart,
}

impl Author {
    /// Names the author in a sentence: `the Deployment controller`.
    pub fn words(&self) -> String {
        match self {
            Author::Controller(name) => sentence::controller(name),
            Author::Command(None) => "a command".into(),
            Author::Command(Some(operation)) => format!("command {}: {}", operation.number, operation.command_line),
            Author::ClusterStart => "the start of the cluster".into(),
        }
    }
}

/// The author of the objects of a new cluster.
const API_SERVER: &str = "kube-apiserver";

/// Tells how an object came to be what it is; of several of the same name the last one. `None` when neither the log nor the
/// store knows an object of the name.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn tell(server: &mut Server, asked: &ObjectName) -> Result<Option<Story>> {
    let live = server.read(&asked.resource, &asked.namespace, &asked.name)?;
    let history = History::read(server)?;
    let record = Record::read(server)?;
    let uid = match &live {
        Some(object) => object.uid().to_string(),
        None => match history.last_of_name(asked) {
            Some(change) => change.object.uid().to_string(),
            None => return Ok(None),
        },
    };
    let own: Vec<&Change> = history.of_object(asked, &uid).collect();
    let kind = live.as_deref().or(own.last().map(|change| &*change.object)).map_or("", |object| object.kind());
    let has_creation = own.iter().any(|change| deed::of(change) == Deed::Created);
    let mut chains: Vec<Vec<Step>> = Vec::new();
    for start in milestones(&own) {
        let is_told = chains.iter().flatten().any(|step| step.revision == start.revision);
        if !is_told {
            let told: Vec<u64> = chains.iter().flatten().map(|step| step.revision).collect();
            chains.push(walk::chain(&history, &record, start, &told));
        }
    }
    Ok(Some(Story {
        object: ObjectName { kind: kind.into(), ..asked.clone() },
        is_gone: live.is_none(),
        chains,
        log_starts: history.start().filter(|_| !has_creation),
    }))
}

/// Selects the changes of an object, oldest first, that explain what it is: its removal and what asked for it; or the change
/// to the present state, the last change of what is wanted, and the creation. Returns them newest first.
fn milestones<'a>(own: &[&'a Change]) -> Vec<&'a Change> {
    let last = |wanted: fn(Deed) -> bool| own.iter().rev().find(|change| wanted(deed::of(change))).copied();
    let created = last(|deed| deed == Deed::Created);
    let removed = last(|deed| deed == Deed::Removed);
    let requested = last(|deed| deed == Deed::DeletionRequested);
    let mut found: Vec<&Change> = match removed.or(requested) {
        Some(_) => [removed, requested, created].into_iter().flatten().collect(),
        None => {
            let state = last(|deed| deed == Deed::State);
            let wanted = last(|deed| matches!(deed, Deed::Wanted | Deed::Scaled | Deed::Bound));
            [state, wanted, created].into_iter().flatten().collect()
        }
    };
    found.order_by_key(|change| std::cmp::Reverse(change.revision));
    found
}

/// Returns who made a change.
fn author(record: &Record, change: &Change) -> Author {
    match change.cause.controller.as_deref() {
        Some(API_SERVER) => Author::ClusterStart,
        Some(name) => Author::Controller(name.into()),
        None => Author::Command(record.command_of(change.revision)),
    }
}
