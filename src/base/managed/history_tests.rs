//! Server-side apply against a model: ownership is a function of the history of applies.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::json::{Value, json};
use crate::patch::test_types::{SmallTypes, config_map};

const MANAGERS: [&str; 3] = ["one", "two", "three"];

/// An apply of a ConfigMap: data with values, and finalizers, which are a set.
#[derive(Clone, Debug)]
struct Step {
    manager: usize,
    data: BTreeMap<&'static str, u8>,
    finalizers: Vec<&'static str>,
    force: bool,
}

impl Step {
    fn config(&self) -> Value {
        let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        if !self.data.is_empty() {
            let data = self.data.iter().map(|(key, value)| ((*key).to_owned(), value.to_string().into()));
            config["data"] = Value::Object(data.collect());
        }
        if !self.finalizers.is_empty() {
            config["metadata"]["finalizers"] = json!(self.finalizers);
        }
        config
    }

    /// The fields of the configuration with their values; an item of a set is its own value.
    fn fields(&self) -> BTreeMap<(&'static str, &'static str), u8> {
        let data = self.data.iter().map(|(key, value)| (("data", *key), *value));
        data.chain(self.finalizers.iter().map(|item| (("finalizers", *item), 0))).collect()
    }
}

/// The value and the owners of each field.
type Model = BTreeMap<(&'static str, &'static str), (u8, BTreeSet<usize>)>;

/// Applies a step to the model; `None` if it is refused.
fn expected(model: &Model, step: &Step) -> Option<Model> {
    let fields = step.fields();
    let repeated = step.finalizers.iter().collect::<BTreeSet<_>>().len() < step.finalizers.len();
    let differs = |field: &(&'static str, &'static str), value: u8| {
        model.get(field).is_some_and(|(old, owners)| *old != value && owners.iter().any(|owner| *owner != step.manager))
    };
    if repeated || (!step.force && fields.iter().any(|(field, value)| differs(field, *value))) {
        return None;
    }
    let mut next = model.clone();
    for (_, owners) in next.values_mut() {
        owners.remove(&step.manager);
    }
    for (field, value) in fields {
        let (old, owners) = next.entry(field).or_insert((value, BTreeSet::new()));
        if *old != value {
            (*old, *owners) = (value, BTreeSet::new());
        }
        owners.insert(step.manager);
    }
    next.retain(|_, (_, owners)| !owners.is_empty());
    Some(next)
}

/// Reads values and owners back from an object.
fn actual(object: &Value) -> Model {
    let mut model = Model::new();
    let entries = read_entries(object);
    let owners_of = |path: &[String]| -> BTreeSet<usize> {
        let owns =
            |entry: &&Entry| entry.fields.contains(&path.iter().map(|part| part.as_str().into()).collect::<Vec<_>>());
        let names = entries.iter().filter(owns).map(|entry| entry.manager.as_str());
        names.filter_map(|name| MANAGERS.iter().position(|manager| *manager == name)).collect()
    };
    let name = |text: &str| ["a", "b", "c", "d"].into_iter().find(|known| *known == text).unwrap();
    for (key, value) in object.pointer("/data").and_then(Value::as_object).into_iter().flatten() {
        let owners = owners_of(&["f:data".into(), format!("f:{key}")]);
        model.insert(("data", name(key)), (value.as_str().unwrap().parse().unwrap(), owners));
    }
    for item in object.pointer("/metadata/finalizers").and_then(Value::as_array).into_iter().flatten() {
        let owners = owners_of(&["f:metadata".into(), "f:finalizers".into(), format!("v:{item}")]);
        model.insert(("finalizers", name(item.as_str().unwrap())), (0, owners));
    }
    model
}

fn any_step() -> impl Strategy<Value = Step> {
    let names = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let data = prop::collection::btree_map(names(), 0..3u8, 0..4);
    let finalizers = prop::collection::vec(names(), 0..4);
    (0..MANAGERS.len(), data, finalizers, any::<bool>()).prop_map(|(manager, data, finalizers, force)| Step {
        manager,
        data,
        finalizers,
        force,
    })
}

proptest! {
    #[test]
    fn ownership_follows_the_history_of_applies(steps in prop::collection::vec(any_step(), 1..8)) {
        let (root, ignored) = (config_map(), FieldSet::default());
        let rules = Rules { types: &SmallTypes, root: &root, ignored: &ignored };
        let (mut live, mut model): (Option<Value>, Model) = (None, Model::new());
        for step in steps {
            let writer = Writer {
                manager: MANAGERS[step.manager],
                api_version: "v1",
                subresource: "",
                now: Some("2026-01-01T00:00:00Z"),
            };
            let result = apply(&rules, live.as_ref(), &step.config(), step.force, &writer);
            match expected(&model, &step) {
                Some(next) => {
                    let object = result.unwrap();
                    prop_assert_eq!(actual(&object), next.clone(), "{:?}", step);
                    (live, model) = (Some(object), next);
                }
                None => prop_assert!(result.is_err(), "{:?}", step),
            }
        }
    }
}

#[test]
fn a_null_claims_its_field_and_removes_nothing() {
    let (root, ignored) = (config_map(), FieldSet::default());
    let rules = Rules { types: &SmallTypes, root: &root, ignored: &ignored };
    let by = |manager| Writer { manager, api_version: "v1", subresource: "", now: Some("2026-01-01T00:00:00Z") };
    let config =
        |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data});
    let live = apply(&rules, None, &config(json!({"a": "1"})), false, &by("one")).unwrap();
    let conflict = apply(&rules, Some(&live), &config(json!({"a": null})), false, &by("two"));
    assert_eq!(conflict.unwrap_err().to_string(), "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    let kept = apply(&rules, Some(&live), &config(json!(null)), false, &by("two")).unwrap();
    assert_eq!(kept["data"], json!({"a": "1"}));
    let entries = read_entries(&kept);
    let two = entries.iter().find(|entry| entry.manager == "two").unwrap();
    assert!(two.fields.contains(&["f:data".into()]));
}
