//! The names of a custom kind (`ValidateCustomResourceDefinitionNames`).

use crate::shared::formats::dns_label_1035_problems;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Validates `spec.names`: first that they are given, then that they are DNS labels.
pub(super) fn errors(names: &Value, path: &Path) -> ErrorList {
    const NAMES: [&str; 4] = ["plural", "singular", "kind", "listKind"];
    let text = |name: &str| names.str(&format!("/{name}")).to_owned();
    let missing = NAMES.into_iter().filter(|name| text(name).is_empty());
    let mut errors: ErrorList = missing.map(|name| field::required(&path.child(name), "")).collect();
    for name in NAMES {
        let is_kind = matches!(name, "kind" | "listKind");
        let value = text(name);
        let shown = if is_kind { value.to_lowercase() } else { value.clone() };
        let prefix = if is_kind { "may have mixed case, but should otherwise match: " } else { "" };
        errors.extend(label_error(&shown, &value, prefix, &path.child(name)).filter(|_| !value.is_empty()));
    }
    errors.extend(list_errors(names, "shortNames", path));
    let (kind, list) = (text("kind"), text("listKind"));
    if !kind.is_empty() && kind == list {
        errors.push(field::invalid(&path.child("listKind"), list, "kind and listKind may not be the same"));
    }
    errors.extend(list_errors(names, "categories", path));
    errors
}

fn list_errors(names: &Value, list: &str, path: &Path) -> ErrorList {
    let items = names.list(&format!("/{list}")).iter().enumerate();
    items
        .filter_map(|(index, item)| {
            let text = item.as_str().unwrap_or_default();
            label_error(text, text, "", &path.child(list).index(index))
        })
        .collect()
}

/// Returns one error with all problems of a label.
fn label_error(label: &str, value: &str, prefix: &str, path: &Path) -> Option<field::FieldError> {
    let problems = dns_label_1035_problems(label);
    (!problems.is_empty()).then(|| field::invalid(path, value, &format!("{prefix}{}", problems.join(","))))
}
