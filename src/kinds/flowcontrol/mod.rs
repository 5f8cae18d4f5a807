//! The group flowcontrol.apiserver.k8s.io: priority and fairness of requests. Objects are stored without effect.

mod validate;

use crate::shared::table_kind::TableKind;
use crate::{Names, age};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition};
use kctl_base::sim::Time;
use kctl_base::view::Cell;

const GROUP: (&str, &str) = ("flowcontrol.apiserver.k8s.io", "v1");

/// A FlowSchema: assigns requests to a priority level.
pub(crate) static FLOW_SCHEMA: TableKind =
    TableKind::new(Names::cluster_scoped(GROUP, "FlowSchema", "flowschemas", "flowschema"))
        .generation()
        .status(|| json!({}))
        .defaults(|schema| schema.put_default("/spec/matchingPrecedence", 1000))
        .validate(validate::flow_schema)
        .table(&["Name", "PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"], schema_row);

/// A PriorityLevelConfiguration: concurrency and queues of a priority level.
pub(crate) static PRIORITY_LEVEL: TableKind = TableKind::new(Names::cluster_scoped(
    GROUP,
    "PriorityLevelConfiguration",
    "prioritylevelconfigurations",
    "prioritylevelconfiguration",
))
.generation()
.status(|| json!({}))
.defaults(level_defaults)
.validate(validate::priority_level)
.table(&["Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"], level_row);

fn schema_row(schema: &Object, now: Time) -> Vec<Cell> {
    let method = schema.at("/spec/distinguisherMethod/type").and_then(|v| v.as_str()).unwrap_or("<none>");
    let missing = match condition(schema, "Dangling").map(|c| c.str("/status")) {
        None => "?",
        Some(status) => status,
    };
    vec![
        schema.name().into(),
        schema.str("/spec/priorityLevelConfiguration/name").into(),
        schema.int("/spec/matchingPrecedence").unwrap_or(0).to_string(),
        method.into(),
        age(schema, now),
        missing.into(),
    ]
}

fn level_defaults(level: &mut Object) {
    if level.at("/spec/limited").is_some() {
        level.put_default("/spec/limited/nominalConcurrencyShares", 30);
        level.put_default("/spec/limited/lendablePercent", 0);
        if level.str("/spec/limited/limitResponse/type") == "Queue" {
            for (field, value) in [("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)] {
                level.put_default(&format!("/spec/limited/limitResponse/queuing/{field}"), value);
            }
        }
    }
    if level.at("/spec/exempt").is_some() {
        level.put_default("/spec/exempt/nominalConcurrencyShares", 0);
        level.put_default("/spec/exempt/lendablePercent", 0);
    }
}

fn level_row(level: &Object, now: Time) -> Vec<Cell> {
    let number = |pointer: &str| level.int(pointer).map_or_else(|| "<none>".into(), |n| n.to_string());
    let queuing = |field: &str| number(&format!("/spec/limited/limitResponse/queuing/{field}"));
    vec![
        level.name().into(),
        level.str("/spec/type").into(),
        number("/spec/limited/nominalConcurrencyShares"),
        queuing("queues"),
        queuing("handSize"),
        queuing("queueLengthLimit"),
        age(level, now),
    ]
}
