//! Policy rules as a description prints them: one row for each resource, with all its verbs (`RoleDescriber` in
//! `kubectl/pkg/describe/describe.go`, `kubectl/pkg/util/rbac/rbac.go`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::order::Order as _;

/// A rule about one resource, optionally of one name, or one URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rule {
    pub(super) group: String,
    pub(super) resource: Option<String>,
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) verbs: Vec<String>,
}

impl Rule {
    /// The row of the rule.
    pub(super) fn line(&self) -> String {
        let list = |item: &Option<String>| format!("[{}]", item.as_deref().unwrap_or(""));
        let verbs = format!("[{}]", self.verbs.join(" "));
        format!("{}\t{}\t{}\t{verbs}", self.combined(), list(&self.url), list(&self.name))
    }

    /// Resource, group and subresource: `deployments.apps/scale`.
    fn combined(&self) -> String {
        let Some(resource) = &self.resource else { return String::new() };
        let (resource, sub) = resource.split_once('/').map_or((resource.as_str(), None), |(r, s)| (r, Some(s)));
        let mut text = resource.to_string();
        if !self.group.is_empty() {
            text.push_str(&format!(".{}", self.group));
        }
        if let Some(sub) = sub {
            text.push_str(&format!("/{sub}"));
        }
        text
    }

    /// The key that rows are sorted by: the whole rule as a string.
    fn sort_key(&self) -> String {
        let list = |item: &Option<String>| item.clone().unwrap_or_default();
        format!(
            "[{}],[{}],[{}],[{}],[{}]",
            self.verbs.join(" "),
            self.group,
            list(&self.resource),
            list(&self.name),
            list(&self.url)
        )
    }

    fn same_resource(&self, other: &Rule) -> bool {
        self.resource.is_some()
            && (&self.group, &self.resource, &self.name) == (&other.group, &other.resource, &other.name)
    }
}

/// Splits rules into single resources and merges the verbs of each (`CompactRules`), in the order of the description.
pub(super) fn compact(rules: &[Value]) -> Vec<Rule> {
    let mut rows = merge_verbs(rules.iter().flat_map(break_down));
    rows.order_by_key(Rule::sort_key);
    rows
}

/// Merges the verbs of rules for the same resource.
pub(super) fn merge_verbs(parts: impl Iterator<Item = Rule>) -> Vec<Rule> {
    let mut rows: Vec<Rule> = Vec::new();
    for part in parts {
        match rows.iter_mut().find(|row| row.same_resource(&part)) {
            Some(row) => row.verbs.extend(part.verbs),
            None => rows.push(part),
        }
    }
    rows
}

/// Splits a rule into one for every group, resource, verb and name, and one for every URL and verb (`BreakdownRule`).
pub(super) fn break_down(rule: &Value) -> Vec<Rule> {
    let texts = |field: &str| -> Vec<String> {
        rule.list(&format!("/{field}")).iter().filter_map(|v| Some(v.as_str()?.to_string())).collect()
    };
    let (verbs, names) = (texts("verbs"), texts("resourceNames"));
    let names: Vec<Option<String>> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    let mut parts = Vec::new();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            for verb in &verbs {
                for name in &names {
                    parts.push(Rule {
                        group: group.clone(),
                        resource: Some(resource.clone()),
                        name: name.clone(),
                        url: None,
                        verbs: vec![verb.clone()],
                    });
                }
            }
        }
    }
    for url in texts("nonResourceURLs") {
        for verb in &verbs {
            parts.push(Rule { url: Some(url.clone()), verbs: vec![verb.clone()], ..Rule::default() });
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn rows_are_those_of_kubectl() {
        let rules = json!([
            {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["*"]},
            {"nonResourceURLs": ["/healthz"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["settings"], "verbs": ["get"]},
        ]);
        let lines: Vec<String> = compact(rules.as_array().expect("a list")).iter().map(Rule::line).collect();
        assert_eq!(
            lines,
            [
                "deployments.apps/scale\t[]\t[]\t[*]",
                "deployments.apps\t[]\t[]\t[*]",
                "pods/log\t[]\t[]\t[get list watch]",
                "pods\t[]\t[]\t[get list watch]",
                "\t[/healthz]\t[]\t[get]",
                "configmaps\t[]\t[settings]\t[get]",
            ]
        );
    }
}
