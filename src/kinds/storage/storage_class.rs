//! StorageClasses: how volumes are provisioned for claims.

use std::collections::{BTreeMap, BTreeSet};

use super::GROUP;
use crate::shared::describe::{describe_events, format_labels, joined};
use crate::shared::rules::{check, immutable_at};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The StorageClass kind (`pkg/registry/storage/storageclass/strategy.go`).
pub(crate) struct StorageClass;

static NAMES: Names = Names::cluster_scoped(GROUP, "StorageClass", "storageclasses", "storageclass").short(&["sc"]);

/// The annotations that mark the default class: the current one, then the legacy one.
const DEFAULT_ANNOTATIONS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// Returns whether a class is the default for claims that name none.
fn is_default(class: &Object) -> bool {
    DEFAULT_ANNOTATIONS.iter().any(|key| class.annotation(key) == Some("true"))
}

impl Kind for StorageClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/reclaimPolicy", "Delete");
        object.put_default("/volumeBindingMode", "Immediate");
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        let path = Path::new("provisioner");
        match object.str("/provisioner") {
            "" => errors.push(field::required(&path, "")),
            name => {
                let problems = key_problems(&name.to_lowercase());
                errors.extend(problems.iter().map(|p| field::invalid(&path, name, p)));
            }
        }
        if object.map("/parameters").is_some_and(|m| m.contains_key("")) {
            errors.push(field::invalid(&Path::new("parameters"), "", "field can not be empty."));
        }
        for (name, supported) in
            [("reclaimPolicy", ["Delete", "Retain"]), ("volumeBindingMode", ["Immediate", "WaitForFirstConsumer"])]
        {
            let value = object.str(&format!("/{name}"));
            if !supported.contains(&value) {
                errors.push(field::not_supported(&Path::new(name), value, &supported));
            }
        }
        validate_topologies(&mut errors, object.list("/allowedTopologies"));
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if new.strings("/parameters") != old.strings("/parameters") {
            errors.push(field::forbidden(&Path::new("parameters"), "updates to parameters are forbidden."));
        }
        for name in ["provisioner", "reclaimPolicy"] {
            errors.extend(immutable_at(new, old, &format!("/{name}"), &Path::new(name)));
        }
        errors.extend(immutable_at(new, old, "/volumeBindingMode", &Path::new("volumeBindingMode")));
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let mark = if is_default(object) { " (default)" } else { "" };
        vec![
            format!("{}{mark}", object.name()),
            object.str("/provisioner").into(),
            object.str("/reclaimPolicy").into(),
            object.str("/volumeBindingMode").into(),
            object.flag("/allowVolumeExpansion").to_string(),
            age(object, now),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

/// Validates topologies: keys, values and terms must differ (`validateAllowedTopologies`).
fn validate_topologies(errors: &mut ErrorList, terms: &[Value]) {
    let mut seen = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let path = Path::new("allowedTopologies").index(index).child("matchLabelExpressions");
        let mut expressions = BTreeMap::new();
        for (i, expression) in term.list("/matchLabelExpressions").iter().enumerate() {
            let (path, key) = (path.index(i), expression.str("/key"));
            let values: Vec<&str> = expression.list("/values").iter().filter_map(Value::as_str).collect();
            if values.is_empty() {
                errors.push(field::required(&path.child("values"), ""));
            }
            for (i, value) in values.iter().enumerate().filter(|(i, value)| values[..*i].contains(value)) {
                errors.push(field::duplicate(&path.child("values").index(i), *value));
            }
            errors.extend(check(key_problems, key, &path.child("key")));
            if expressions.insert(key, values.into_iter().collect::<BTreeSet<_>>()).is_some() {
                errors.push(field::duplicate(&path.child("key"), key));
            }
        }
        if !expressions.is_empty() && seen.contains(&expressions) {
            errors.push(field::duplicate(&path, ""));
        }
        seen.push(expressions);
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "IsDefaultClass", if is_default(object) { "Yes" } else { "No" });
    out.pair(0, "Annotations", format_labels(&object.strings("/metadata/annotations")));
    out.pair(0, "Provisioner", object.str("/provisioner"));
    out.pair(0, "Parameters", format_labels(&object.strings("/parameters")));
    let expansion = match object.at("/allowVolumeExpansion").map(|v| *v == true) {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    out.pair(0, "AllowVolumeExpansion", expansion);
    let options = object.list("/mountOptions");
    if options.is_empty() {
        out.pair(0, "MountOptions", "<none>");
    } else {
        out.line(0, "MountOptions:");
        for option in options {
            out.line(1, option.as_str().unwrap_or(""));
        }
    }
    out.pair(0, "ReclaimPolicy", object.str("/reclaimPolicy"));
    out.pair(0, "VolumeBindingMode", object.str("/volumeBindingMode"));
    topologies(object, out);
    describe_events(lookup, object, out);
}

fn topologies(class: &Object, out: &mut PrefixWriter) {
    let terms = class.list("/allowedTopologies");
    if terms.is_empty() {
        return;
    }
    out.line(0, "AllowedTopologies:\t");
    for (index, term) in terms.iter().enumerate() {
        out.write(1, format!("Term {index}:\t"));
        let expressions = term.list("/matchLabelExpressions");
        if expressions.is_empty() {
            out.line(0, "<none>");
        }
        for (position, expression) in expressions.iter().enumerate() {
            if position > 0 {
                out.write(1, "\t");
            }
            let values = joined(expression.list("/values"), ", ");
            out.line(0, format!("{} in [{values}]", expression.str("/key")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn topologies_differ() {
        let terms = json!([
            {"matchLabelExpressions": [{"key": "z", "values": ["a", "a"]}, {"key": "z", "values": ["b"]}]},
            {"matchLabelExpressions": [{"key": "z", "values": ["b"]}]},
        ]);
        let mut errors = ErrorList::new();
        validate_topologies(&mut errors, terms.as_array().expect("a list"));
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"a\"",
                "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"z\"",
                "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\"",
            ]
        );
    }
}
