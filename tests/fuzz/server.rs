//! Sequences of requests to a cluster in memory.

use kctl_base::json::{Value, json};
use kctl_base::object::ObjectMeta;
use kctl_base::sim::Duration;
use kctl_cluster::transport::{Body, Request, Verb};
use kctl_cluster::{Cluster, OpenOptions, PatchType};

use super::corpus::OBJECTS;
use super::{fuzz, mutate};
use crate::harness::random::Random;

/// The number of replicas that a case may ask for.
const COUNT_MAX: i64 = 20;

/// A step of a sequence.
#[derive(Debug)]
enum Step {
    Send(Box<Request>),
    Advance(i64),
}

fn resource_of(object: &Value) -> String {
    let (group, _) = kctl_base::gvk::split_api_version(object.api_version());
    let kind = object.kind().to_lowercase();
    let plural = match kind
        .strip_suffix('s')
        .map(|_| format!("{kind}es"))
        .or(kind.strip_suffix('y').map(|stem| format!("{stem}ies")))
    {
        _ if kind == "endpoints" => kind,
        Some(plural) => plural,
        None => format!("{kind}s"),
    };
    if group.is_empty() { plural } else { format!("{plural}.{group}") }
}

/// Keeps counts small, so that a case is about rules, not about load.
fn limit_counts(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["replicas", "completions", "parallelism", "backoffLimit", "maxReplicas", "minReplicas"] {
                if let Some(count) = map.get_mut(key)
                    && count.as_i64().is_some_and(|count| count > COUNT_MAX)
                {
                    *count = COUNT_MAX.into();
                }
            }
            let keys: Vec<String> = map.keys().map(ToString::to_string).collect();
            keys.iter().for_each(|key| limit_counts(map.get_or_insert_null(key)));
        }
        Value::Array(items) => items.iter_mut().for_each(limit_counts),
        _ => {}
    }
}

fn step(random: &mut Random) -> Step {
    if random.once_in(6) {
        return Step::Advance(*random.pick(&[0, 1, 60, 3600, 100_000]));
    }
    let original = random.pick(&OBJECTS).clone();
    let mut object =
        if random.once_in(3) { original.clone() } else { mutate::value(random, std::slice::from_ref(&original)) };
    limit_counts(&mut object);
    let resource = resource_of(&original);
    let namespaced = !matches!(
        original.kind(),
        "CustomResourceDefinition" | "Namespace" | "Node" | "ClusterRole" | "PersistentVolume" | "StorageClass"
    );
    let (namespace, name) = (if namespaced { "default" } else { "" }, original.name());
    let patch =
        |format: PatchType, patch: Value| Request::patch(&resource, namespace, name, format, patch).manager("fuzz");
    let request = match random.below(12) {
        0..=3 => Request::create(&resource, namespace, object),
        4 | 5 => Request::update(&resource, namespace, name, object),
        6 => patch(PatchType::Merge, object),
        7 => patch(PatchType::Strategic, object),
        8 => patch(PatchType::Json, json!([{"op": "replace", "path": "/spec", "value": object.get("spec")}])),
        9 => patch(PatchType::Apply, object),
        10 => Request::delete(&resource, namespace, name),
        _ => {
            let subresource = *random.pick(&["status", "scale", "binding", "eviction", "log", "finalize"]);
            let verb = *random.pick(&[Verb::Create, Verb::Update, Verb::Get]);
            Request::new(verb, &resource, namespace, name).subresource(subresource).body(Body::Object(object))
        }
    };
    Step::Send(Box::new(request))
}

#[test]
fn sequences_of_requests_leave_a_consistent_store() {
    let make = |random: &mut Random| -> Vec<Step> { (0..12).map(|_| step(random)).collect() };
    fuzz(25, make, |steps| {
        let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
        for step in steps {
            match step {
                Step::Send(request) => drop(cluster.handle(request)),
                Step::Advance(seconds) => drop(cluster.advance(Duration::from_secs(*seconds))),
            }
        }
        let admin = kctl_cluster::User::admin();
        let report = cluster.console(&admin).and_then(|mut console| console.check_store()).expect("a check");
        assert_eq!(report.problems, Vec::<String>::new());
    });
}
