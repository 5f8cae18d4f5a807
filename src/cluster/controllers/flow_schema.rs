//! Reports whether the priority level of a FlowSchema exists (`apiserver/pkg/util/flowcontrol/apf_controller.go`). Requests are
//! neither queued nor rejected.

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::store::Change;
use kctl_base::condition::{self, Condition};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const SCHEMAS: &str = "flowschemas.flowcontrol.apiserver.k8s.io";
const LEVELS: &str = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io";

/// The controller; its keys are flow schemas.
pub(super) const CONTROLLER: Controller = Controller {
    name: "api-priority-and-fairness-config-consumer-v1",
    watches: &[Watch::primary(SCHEMAS), Watch::mapped(LEVELS, schemas_of)],
    reconcile,
};

/// Maps a priority level to the flow schemas that name it.
fn schemas_of(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let schemas = ctx.list(SCHEMAS, None)?;
    Ok(schemas.iter().filter(|schema| level_of(schema) == change.object.name()).map(|schema| Key::of(schema)).collect())
}

fn level_of(schema: &Object) -> &str {
    schema.str("/spec/priorityLevelConfiguration/name")
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(schema) = ctx.get_key(SCHEMAS, key)?.filter(|schema| !schema.is_deleting()) else {
        return Ok(Action::AwaitChange);
    };
    let level = level_of(&schema);
    let is_dangling = ctx.get(LEVELS, "", level)?.is_none();
    let (reason, what) =
        if is_dangling { ("NotFound", "but there is no such object") } else { ("Found", "and it exists") };
    let message = format!("This FlowSchema references the PriorityLevelConfiguration object named {level:?} {what}");
    let dangling = Condition {
        type_: "Dangling",
        status: is_dangling.into(),
        reason,
        message: &message,
        observed_generation: None,
    };
    let mut new = (*schema).clone();
    let mut status = new.get("status").cloned().unwrap_or_else(|| json!({}));
    if condition::set(&mut status, dangling, ctx.now) {
        new["status"] = status;
        ctx.update_status(SCHEMAS, new)?;
    }
    Ok(Action::AwaitChange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn a_missing_priority_level_is_reported() {
        let mut bench = Bench::open();
        let dangling = |bench: &mut Bench, name: &str| {
            let schema = bench.cluster.server().read(SCHEMAS, "", name).expect("a read").expect("the schema");
            condition::condition(&schema, "Dangling").map(|c| c.str("/status").to_string()).unwrap_or_default()
        };
        assert_eq!(dangling(&mut bench, "probes"), "False");
        bench.cluster.handle(&Request::delete(LEVELS, "", "exempt")).expect("a deletion");
        assert_eq!(dangling(&mut bench, "probes"), "True");
        assert_eq!(dangling(&mut bench, "service-accounts"), "False");
    }
}
