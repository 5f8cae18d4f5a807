//! Who may do what, by roles and bindings (RBAC).
//!
//! The one user of a store may do everything and is not asked; a client that acts as somebody else (`--as`) asks here first.

use super::{Request, Result, Server, Verb};
use crate::machinery::json::{Value, json};
use crate::machinery::object::{Meta, Reading};
use crate::machinery::status::{Status, dotted};

/// A user with groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `jane`, `system:serviceaccount:default:robot`.
    pub name: String,
    /// Own groups and those that everybody like them has.
    pub groups: Vec<String>,
}

impl User {
    /// A user; without groups a service account has those of its namespace.
    pub fn new(name: &str, groups: Vec<String>) -> User {
        let mut groups = groups;
        if let (true, Some((namespace, _))) =
            (groups.is_empty(), name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')))
        {
            groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
        }
        if name != "system:anonymous" && !groups.iter().any(|g| g == "system:authenticated") {
            groups.push("system:authenticated".into());
        }
        User { name: name.into(), groups }
    }

    /// Whether a subject of a binding means this user.
    fn is(&self, subject: &Value, namespace: &str) -> bool {
        let name = subject.str("/name");
        match subject.str("/kind") {
            "User" => name == self.name,
            "Group" => self.groups.iter().any(|g| g == name),
            "ServiceAccount" => {
                let own = subject.str("/namespace");
                let namespace = if own.is_empty() { namespace } else { own };
                self.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `get`, `list`, `*`.
    pub verb: String,
    /// `apps`.
    pub group: String,
    /// `deployments`; empty for a URL.
    pub resource: String,
    /// `scale`.
    pub subresource: String,
    /// One object, or empty.
    pub name: String,
    /// Empty: the whole cluster.
    pub namespace: String,
    /// `/healthz`.
    pub url: String,
}

impl Wish {
    /// What a request asks for.
    fn of(request: &Request) -> Wish {
        let verb = match request.verb {
            Verb::Create => "create",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        };
        let (resource, group) = request.resource.split_once('.').unwrap_or((&request.resource, ""));
        Wish {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: request.subresource.clone(),
            name: request.name.clone(),
            namespace: request.namespace.clone(),
            url: String::new(),
        }
    }

    /// `pods/log`.
    fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            sub => format!("{}/{sub}", self.resource),
        }
    }

    fn is_granted_by(&self, rule: &Value) -> bool {
        let has = |field: &str, wanted: &str| rule.list(field).iter().any(|v| v == "*" || v == wanted);
        if !has("/verbs", &self.verb) {
            return false;
        }
        if self.resource.is_empty() {
            let urls = rule.list("/nonResourceURLs").iter().filter_map(Value::as_str);
            return urls.into_iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(begin) => self.url.starts_with(begin),
                None => self.url == pattern,
            });
        }
        let any_of_sub = format!("*/{}", self.subresource);
        let resource = has("/resources", &self.full_resource())
            || !self.subresource.is_empty() && rule.list("/resources").iter().any(|v| *v == any_of_sub.as_str());
        let names = rule.list("/resourceNames");
        resource
            && has("/apiGroups", &self.group)
            && (names.is_empty() || names.iter().any(|n| *n == self.name.as_str()))
    }
}

/// What everybody who is known may do: ask about themselves, and look at what is served.
fn everybodys_rules() -> Vec<Value> {
    let ask =
        |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["create"]});
    vec![
        ask("authentication.k8s.io", &["selfsubjectreviews"]),
        ask("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
        json!({"verbs": ["get"], "nonResourceURLs": [
            "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/",
        ]}),
    ]
}

impl Server {
    /// The rules that bindings give to a user, in the whole cluster and, when there is one, in a namespace.
    pub fn rules_of(&mut self, user: &User, namespace: &str) -> Result<Vec<Value>> {
        let mut rules = Vec::new();
        if user.groups.iter().any(|g| g == "system:authenticated") {
            rules.extend(everybodys_rules());
        }
        for binding in self.read_all("clusterrolebindings.rbac.authorization.k8s.io", None)? {
            self.add_rules(&binding, user, "", &mut rules)?;
        }
        if !namespace.is_empty() {
            for binding in self.read_all("rolebindings.rbac.authorization.k8s.io", Some(namespace))? {
                self.add_rules(&binding, user, namespace, &mut rules)?;
            }
        }
        Ok(rules)
    }

    fn add_rules(&mut self, binding: &Value, user: &User, namespace: &str, rules: &mut Vec<Value>) -> Result<()> {
        if !binding.list("/subjects").iter().any(|s| user.is(s, binding.namespace())) {
            return Ok(());
        }
        let name = binding.str("/roleRef/name");
        let role = match binding.str("/roleRef/kind") {
            "Role" => self.read("roles.rbac.authorization.k8s.io", namespace, name)?,
            _ => self.read("clusterroles.rbac.authorization.k8s.io", "", name)?,
        };
        rules.extend(role.iter().flat_map(|r| r.list("/rules").to_vec()));
        Ok(())
    }

    /// Whether a user may do something.
    pub fn allows(&mut self, user: &User, wish: &Wish) -> Result<bool> {
        if user.groups.iter().any(|g| g == "system:masters") {
            return Ok(true);
        }
        Ok(self.rules_of(user, &wish.namespace)?.iter().any(|rule| wish.is_granted_by(rule)))
    }

    /// Refuses a request that a user may not make.
    pub fn authorize(&mut self, user: &User, request: &Request) -> Result<()> {
        let wish = Wish::of(request);
        if self.allows(user, &wish)? {
            return Ok(());
        }
        let place = match wish.namespace.as_str() {
            "" => "at the cluster scope".to_string(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let why = format!(
            "User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            user.name,
            wish.verb,
            wish.full_resource(),
            wish.group
        );
        let resource = match wish.subresource.as_str() {
            "" => dotted(&wish.resource, &wish.group),
            sub => format!("{}/{sub}", dotted(&wish.resource, &wish.group)),
        };
        Err(Status::forbidden("", &resource, &wish.name, &why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_grant_wishes() {
        let rule = json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]});
        let named = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["*"]});
        let url = json!({"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]});
        let wish = |verb: &str, resource: &str, sub: &str, name: &str| Wish {
            verb: verb.into(),
            resource: resource.into(),
            subresource: sub.into(),
            name: name.into(),
            ..Wish::default()
        };
        assert!(wish("get", "pods", "log", "x").is_granted_by(&rule));
        assert!(!wish("get", "pods", "exec", "x").is_granted_by(&rule));
        assert!(!wish("delete", "pods", "", "x").is_granted_by(&rule));
        assert!(wish("patch", "configmaps", "", "a").is_granted_by(&named));
        assert!(!wish("list", "configmaps", "", "").is_granted_by(&named));
        assert!(Wish { verb: "get".into(), url: "/healthz/etcd".into(), ..Wish::default() }.is_granted_by(&url));
    }

    #[test]
    fn subjects_are_users_groups_and_accounts() {
        let robot = User::new("system:serviceaccount:default:robot", Vec::new());
        assert!(robot.is(&json!({"kind": "ServiceAccount", "name": "robot"}), "default"));
        assert!(robot.is(&json!({"kind": "Group", "name": "system:serviceaccounts:default"}), ""));
        let joe = User::new("joe", vec!["ops".into()]);
        assert_eq!(joe.groups, ["ops", "system:authenticated"]);
    }
}
