//! The roles and bindings of a new cluster, from the table `rbac.txt`, which explains its format.

use kctl_base::json::{Map, Value, json};

/// The API group.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Returns all objects of the table with their resources.
pub(super) fn objects() -> Vec<(&'static str, Value)> {
    let mut objects = Vec::new();
    let mut lines =
        include_str!("rbac.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    while let Some(head) = lines.next() {
        let mut section = Section::new(head);
        while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
            section.read(line);
        }
        objects.extend(section.into_objects());
    }
    objects
}

/// A role and its bindings.
struct Section {
    /// `Role` or `ClusterRole`.
    kind: &'static str,
    /// The namespace; empty for a cluster role.
    namespace: &'static str,
    name: &'static str,
    labels: Map,
    aggregated: Vec<Value>,
    rules: Vec<Value>,
    bindings: Vec<Value>,
}

impl Section {
    /// Begins a section with its first line: the kind and the name.
    fn new(head: &'static str) -> Section {
        let (kind, name) = head.split_once(' ').unwrap_or((head, ""));
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        let labels = [("kubernetes.io/bootstrapping", Value::from("rbac-defaults"))].into_iter().collect();
        Section { kind, namespace, name, labels, aggregated: Vec::new(), rules: Vec::new(), bindings: Vec::new() }
    }

    /// Adds an indented line.
    fn read(&mut self, line: &'static str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["label", key] => drop(self.labels.insert(*key, "true".into())),
            ["aggregate", key] => self.aggregated.push(json!({"matchLabels": {(*key): "true"}})),
            ["url", paths, verbs] => self.rules.push(json!({"nonResourceURLs": list(paths), "verbs": list(verbs)})),
            ["bind", name, "=", subjects @ ..] => self.bind(name, subjects),
            ["bind", subjects @ ..] => self.bind(self.name, subjects),
            [groups, resources, verbs, names @ ..] => {
                let mut rule = json!({"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)});
                if let [names] = names {
                    rule["resourceNames"] = list(names);
                }
                self.rules.push(rule);
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &str, subjects: &[&str]) {
        let mut binding = json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": format!("{}Binding", self.kind), "metadata": self.metadata(name),
            "roleRef": {"apiGroup": GROUP, "kind": self.kind, "name": self.name},
        });
        binding["metadata"]["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
        if !subjects.is_empty() {
            binding["subjects"] = subjects.iter().map(|text| subject(text)).collect();
        }
        self.bindings.push(binding);
    }

    fn metadata(&self, name: &str) -> Value {
        let mut metadata = json!({"name": name, "labels": Value::Object(self.labels.clone()),
                                  "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}});
        if !self.namespace.is_empty() {
            metadata["namespace"] = self.namespace.into();
        }
        metadata
    }

    /// Returns the role and its bindings. The rules of an aggregated role are left to its controller.
    fn into_objects(self) -> impl Iterator<Item = (&'static str, Value)> {
        let mut role = json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": self.kind, "metadata": self.metadata(self.name),
            "rules": self.rules,
        });
        if !self.aggregated.is_empty() {
            role["aggregationRule"] = json!({"clusterRoleSelectors": self.aggregated});
        }
        let (role_resource, binding_resource) = match self.kind {
            "Role" => ("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"),
            _ => ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"),
        };
        let bindings = self.bindings.into_iter().map(move |binding| (binding_resource, binding));
        std::iter::once((role_resource, role)).chain(bindings)
    }
}

/// A list of the table, where `core` is the group without a name.
fn list(text: &str) -> Value {
    text.split(',').map(|item| if item == "core" { "" } else { item }).collect()
}

/// A subject of the table: `Group:system:masters`.
fn subject(text: &str) -> Value {
    match text.split_once(':').unwrap_or((text, "")) {
        (kind @ "ServiceAccount", name) => json!({"kind": kind, "name": name, "namespace": "kube-system"}),
        (kind, name) => json!({"apiGroup": GROUP, "kind": kind, "name": name}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::object::{ObjectMeta as _, ValueRead as _};

    #[test]
    fn the_table_gives_complete_objects() {
        let objects = objects();
        let count = |kind: &str| objects.iter().filter(|(_, object)| object.kind() == kind).count();
        let counts = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].map(count);
        assert_eq!(counts, [70, 51, 7, 7]);
        for (resource, object) in &objects {
            assert!(!object.name().is_empty() && resource.starts_with(&object.kind().to_lowercase()), "{object}");
            for rule in object.list("/rules") {
                assert!(!rule.list("/verbs").is_empty(), "{object}");
            }
        }
        let find = |kind: &str, name: &str| {
            let found = objects.iter().find(|(_, object)| object.kind() == kind && object.name() == name);
            found.map(|(_, object)| object.clone()).unwrap_or_default()
        };
        let reader = find("RoleBinding", "system::extension-apiserver-authentication-reader");
        assert_eq!(reader["metadata"]["namespace"], "kube-system");
        assert_eq!(reader["roleRef"]["name"], "extension-apiserver-authentication-reader");
        assert_eq!(reader["subjects"][1], json!({"apiGroup": GROUP, "kind": "User", "name": "system:kube-scheduler"}));
        assert_eq!(find("ClusterRoleBinding", "system:node").get("subjects"), None);
        let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                                {"nonResourceURLs": ["*"], "verbs": ["*"]}]);
        assert_eq!(find("ClusterRole", "cluster-admin")["rules"], everything);
    }
}
