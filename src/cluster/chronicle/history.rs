//! The input of a chronicle: changes, and the objects before the first of them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::inspection::Change;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;

/// The changes of a span of time.
#[derive(Clone, Debug)]
pub struct History {
    /// The objects before the first change, as far as they matter.
    pub objects: Vec<Arc<Object>>,
    /// The changes, oldest first.
    pub changes: Vec<Change>,
    /// The end of the span.
    pub to: Time,
}

impl History {
    /// Creates the history of changes that led to the present objects: those before the first change are the present ones
    /// that did not change, and the previous versions of those that did.
    pub(crate) fn until(present: Vec<Arc<Object>>, changes: Vec<Change>, to: Time) -> History {
        let mut changed = HashSet::new();
        let mut objects = Vec::new();
        for change in &changes {
            let is_first = changed.insert((change.resource.as_str(), change.namespace.as_str(), change.name.as_str()));
            if is_first && let Some(old) = &change.old {
                objects.push(old.clone());
            }
        }
        let touched: HashSet<&str> = changes.iter().filter_map(|c| c.event.object()).map(|o| o.uid()).collect();
        objects.extend(present.into_iter().filter(|object| !touched.contains(object.uid())));
        History { objects, changes, to }
    }

    /// Returns every version of every object, oldest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.iter().chain(self.changes.iter().filter_map(|change| change.event.object()))
    }
}
