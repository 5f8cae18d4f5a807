//! The difference of two versions of an object, in the words of a sentence.

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The number of differences that a sentence lists.
const AT_MOST: usize = 3;
/// The number of characters of a value in a sentence.
const VALUE_CHARS: usize = 40;

/// Lists what differs outside of metadata and status, such as `image of container nginx: nginx:1 -> nginx:2`. Values of
/// Secrets are not shown.
pub(super) fn of(old: &Object, new: &Object) -> String {
    let mut found = Vec::new();
    for key in keys(old, new) {
        if !matches!(key.as_str(), "metadata" | "status" | "apiVersion") {
            compare(&key, old.get(key.as_str()), new.get(key.as_str()), &mut found);
        }
    }
    let hides_values = new.kind() == "Secret";
    let more = found.len().saturating_sub(AT_MOST);
    let words = found.into_iter().take(AT_MOST).map(|difference| difference.words(hides_values));
    let mut text = words.collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// A value that differs; `None` where there is none.
struct Difference<'a> {
    path: String,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
}

impl Difference<'_> {
    fn words(&self, hides_values: bool) -> String {
        let path = plain(&self.path);
        match (self.old, self.new) {
            (None, _) if hides_values => format!("{path} was added"),
            (_, None) => format!("{path} was removed"),
            _ if hides_values => format!("{path} was changed"),
            (None, Some(new)) => format!("{path} = {}", value(new)),
            (Some(old), Some(new)) => format!("{path}: {} -> {}", value(old), value(new)),
        }
    }
}

/// Shortens the path of a field of a pod template to what a reader looks for: `image of container nginx`.
fn plain(path: &str) -> String {
    let path =
        path.strip_prefix("spec.template.").or(path.strip_prefix("spec.jobTemplate.spec.template.")).unwrap_or(path);
    let container = path.strip_prefix("spec.containers[").and_then(|rest| rest.split_once("]."));
    match container {
        Some((name, field)) => format!("{field} of container {name}"),
        None => path.into(),
    }
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    };
    match text.chars().count() > VALUE_CHARS {
        true => text.chars().take(VALUE_CHARS).chain("...".chars()).collect(),
        false => text,
    }
}

fn compare<'a>(path: &str, old: Option<&'a Value>, new: Option<&'a Value>, found: &mut Vec<Difference<'a>>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
            for key in keys(before, after) {
                compare(&format!("{path}.{key}"), before.get(key.as_str()), after.get(key.as_str()), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if is_named(before) && is_named(after) => {
            let named = |list: &'a [Value], name: &str| list.iter().find(|item| item.str("/name") == name);
            let mut names: Vec<&str> = before.iter().map(|item| item.str("/name")).collect();
            names.extend(after.iter().map(|item| item.str("/name")).filter(|name| named(before, name).is_none()));
            for name in names {
                compare(&format!("{path}[{name}]"), named(before, name), named(after, name), found);
            }
        }
        _ => found.push(Difference { path: path.into(), old, new }),
    }
}

fn is_named(list: &[Value]) -> bool {
    list.iter().all(|item| !item.str("/name").is_empty())
}

fn keys(old: &Value, new: &Value) -> Vec<String> {
    let keys =
        |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    let mut all = keys(old);
    all.extend(keys(new).into_iter().filter(|key| old.get(key.as_str()).is_none()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn differences_name_what_a_reader_looks_for() {
        let of_image = |image: &str| {
            json!({"kind": "Deployment", "metadata": {"generation": image.len()}, "spec": {"replicas": 1,
                "template": {"spec": {"containers": [{"name": "side", "image": "x"}, {"name": "nginx", "image": image}]}}}})
        };
        assert_eq!(of(&of_image("nginx:1"), &of_image("nginx:22")), "image of container nginx: nginx:1 -> nginx:22");
        let secret = |key: &str, value: &str| json!({"kind": "Secret", "data": {key: value}});
        assert_eq!(of(&secret("a", "x"), &secret("a", "y")), "data.a was changed");
        assert_eq!(of(&secret("a", "x"), &secret("b", "y")), "data.a was removed, data.b was added");
        let many = |n: i64| json!({"spec": {"a": n, "b": n, "c": [n], "d": {"e": n}}});
        assert_eq!(of(&many(1), &many(2)), "spec.a: 1 -> 2, spec.b: 1 -> 2, spec.c: [1] -> [2] and 1 more");
    }
}
