//! The objects of a cluster, for invariants: functions of the variable `cluster`, which no policy has.

use std::fmt;
use std::sync::Arc;

use cel::common::functions::Function;
use cel::common::types::CelList;
use cel::common::value::{CowVal, Val};
use cel::objects::Opaque;
use cel::{ExecutionError, Value};

use super::{Of, Overload, opaque, text};
use crate::cel::{Args, FunctionResult, SharedObject, values};
use crate::labels::Selector;

pub(super) const CLUSTER: &str = "kctl.Cluster";

const OBJECTS: Of = Of::Opaque(CLUSTER);

/// Lists the objects of a cluster.
pub trait Objects: Send + Sync {
    /// Returns the objects of a resource, such as `pods` or `deployments.apps`, that a selector matches, by namespace and name.
    ///
    /// # Errors
    /// The message of the error of the call.
    fn list(&self, resource: &str, selector: &Selector) -> Result<Vec<SharedObject>, String>;

    /// Returns the pods that are ready and that a selector matches, by namespace and name.
    ///
    /// # Errors
    /// The message of the error of the call.
    fn ready_pods(&self, selector: &Selector) -> Result<Vec<SharedObject>, String>;
}

pub(super) const OVERLOADS: &[Overload] = &[
    member("objects", &[OBJECTS, Of::Text], |args| {
        found("objects", &args, |args| objects(args)?.list(text(args, 1), &Selector::everything()))
    }),
    member("objects", &[OBJECTS, Of::Text, Of::Text], |args| {
        found("objects", &args, |args| objects(args)?.list(text(args, 1), &selector(args, 2)?))
    }),
    member("readyPods", &[OBJECTS, Of::Text], |args| {
        found("readyPods", &args, |args| objects(args)?.ready_pods(&selector(args, 1)?))
    }),
];

/// Declares a function of `cluster` that lists objects.
const fn member(name: &'static str, parameters: &'static [Of], call: Function) -> Overload {
    Overload { name, is_member: true, parameters, result: Of::List, call }
}

/// Calls an implementation with the values of the arguments.
fn found<'b, 'v>(
    name: &str,
    args: &Args<'b, 'v>,
    find: impl FnOnce(&[Value]) -> Result<Vec<SharedObject>, String>,
) -> FunctionResult<'b, 'v> {
    let objects = find(&values(args)?).map_err(|message| ExecutionError::function_error(name, message))?;
    let objects: Vec<Box<dyn Val>> = objects.into_iter().map(|object| Box::new(object) as Box<dyn Val>).collect();
    Ok(CowVal::owned(CelList::from(objects)))
}

/// Returns the value of the variable `cluster`.
pub fn cluster(objects: Arc<dyn Objects>) -> Value {
    Value::Opaque(Arc::new(Cluster(objects)))
}

struct Cluster(Arc<dyn Objects>);

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLUSTER)
    }
}

impl PartialEq for Cluster {
    fn eq(&self, other: &Cluster) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cluster {}

impl Opaque for Cluster {
    fn runtime_type_name(&self) -> &str {
        CLUSTER
    }
}

fn objects(args: &[Value]) -> Result<&dyn Objects, String> {
    Ok(opaque::<Cluster>(args, 0)?.0.as_ref())
}

/// Parses a label selector as `-l` takes it.
fn selector(args: &[Value], index: usize) -> Result<Selector, String> {
    Selector::parse(text(args, index)).map_err(|error| error.to_string())
}
