//! Authorization by roles and bindings (RBAC, `plugin/pkg/auth/authorizer/rbac`).
//!
//! Members of `system:masters` and the control plane may do everything. Other users may do what the rules of a bound role
//! allow; there are no rules that deny.

use std::sync::Arc;

use super::user::{MASTERS, User};
use super::{Request, Requester, Result, Server, Verb};
use kctl_base::fields::FieldSelector;
use kctl_base::gvk::GroupResource;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::{Status, dotted};

/// The attributes of a request that authorization decides by (`authorizer.Attributes`).
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// The verb: `get`, `list`, `*`.
    pub verb: String,
    /// The API group: `apps`; empty for the core group.
    pub group: String,
    /// The resource: `deployments`; empty for a non-resource URL.
    pub resource: String,
    /// The subresource: `scale`.
    pub subresource: String,
    /// The name of one object; empty for all.
    pub name: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
    /// The path of a non-resource URL: `/healthz`.
    pub path: String,
}

impl Attributes {
    /// Returns the attributes of a request.
    fn of(request: &Request) -> Attributes {
        let resource = GroupResource::parse(&request.resource);
        Attributes {
            verb: request.verb.as_str().into(),
            group: resource.group.to_string(),
            resource: resource.resource.to_string(),
            subresource: request.subresource.clone(),
            name: object_name(request),
            namespace: request.namespace.clone(),
            path: String::new(),
        }
    }

    /// Returns the attributes of a request for a non-resource URL.
    pub fn of_path(verb: &str, path: &str) -> Attributes {
        Attributes { verb: verb.into(), path: path.into(), ..Attributes::default() }
    }

    /// Returns the resource with its subresource, as rules name it: `pods/log`.
    fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            sub => format!("{}/{sub}", self.resource),
        }
    }

    /// Returns whether a rule of a role allows the request (`rbac.RuleAllows`).
    fn is_allowed_by(&self, rule: &Value) -> bool {
        let has = |field: &str, wanted: &str| rule.list(field).iter().any(|v| v == "*" || v == wanted);
        if !has("/verbs", &self.verb) {
            return false;
        }
        if self.resource.is_empty() {
            let paths = rule.list("/nonResourceURLs").iter().filter_map(Value::as_str);
            return paths.into_iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => self.path.starts_with(prefix),
                None => self.path == pattern,
            });
        }
        let any_resource = format!("*/{}", self.subresource);
        let resource = has("/resources", &self.full_resource())
            || !self.subresource.is_empty() && rule.list("/resources").iter().any(|v| *v == any_resource.as_str());
        let names = rule.list("/resourceNames");
        resource
            && has("/apiGroups", &self.group)
            && (names.is_empty() || names.iter().any(|n| *n == self.name.as_str()))
    }

    /// Returns the status 403 of the request (`responsewriters.ForbiddenStatusError`).
    fn forbidden(&self, user: &User) -> Status {
        if self.resource.is_empty() {
            let detail = format!("User \"{}\" cannot {} path \"{}\"", user.name, self.verb, self.path);
            return Status::new(kctl_base::status::Reason::Forbidden, format!("forbidden: {detail}"));
        }
        let place = match self.namespace.as_str() {
            "" => "at the cluster scope".to_string(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let (verb, resource, group) = (&self.verb, self.full_resource(), &self.group);
        let detail =
            format!("User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}", user.name);
        Status::forbidden("", &dotted(&self.resource, group), &self.name, &detail)
    }
}

/// Returns the name of the object that a request concerns: a list or watch of one name counts as a request for that object, so that rules with
/// `resourceNames` apply (`apiserver/pkg/endpoints/request`, `RequestInfoFactory`).
fn object_name(request: &Request) -> String {
    if !matches!(request.verb, Verb::List | Verb::Watch) || request.options.fields.is_empty() {
        return request.name.clone();
    }
    let selector = FieldSelector::parse(&request.options.fields).unwrap_or_default();
    selector.exact_value("metadata.name").unwrap_or_default().to_string()
}

/// Returns the rules that allow every verb on every resource and path.
pub(super) fn everything() -> [Value; 2] {
    [json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), json!({"nonResourceURLs": ["*"], "verbs": ["*"]})]
}

/// The rules that a binding gives to a user.
struct RuleSource {
    /// The binding, the role and the subject, as an access review reports them.
    origin: String,
    rules: Vec<Value>,
}

impl Server {
    /// Rejects a request for which the requester is not authorized.
    pub(super) fn authorize(&mut self, request: &Request) -> Result<()> {
        match &request.requester {
            Requester::Loopback | Requester::ControlPlane => Ok(()),
            Requester::User(user) => self.authorize_user(user, &Attributes::of(request)),
        }
    }

    /// Rejects a request whose requester lacks the permission for a further verb: server-side apply needs `create` for a new
    /// object.
    pub(super) fn authorize_also(&mut self, request: &Request, verb: Verb) -> Result<()> {
        match &request.requester {
            Requester::Loopback | Requester::ControlPlane => Ok(()),
            Requester::User(user) => {
                self.authorize_user(user, &Attributes { verb: verb.as_str().into(), ..Attributes::of(request) })
            }
        }
    }

    /// Rejects a request for which a user is not authorized.
    ///
    /// # Errors
    /// Status 403, or roles and bindings that cannot be read.
    pub fn authorize_user(&mut self, user: &User, attributes: &Attributes) -> Result<()> {
        if user.is_in(MASTERS) || self.is_bound_by_group(user, attributes)? {
            return Ok(());
        }
        match self.permission(user, attributes)? {
            Some(_) => Ok(()),
            None => Err(attributes.forbidden(user)),
        }
    }

    /// Returns the rules of a user in the whole cluster and, unless it is empty, in a namespace.
    pub(super) fn rules_of(&mut self, user: &User, namespace: &str) -> Result<Vec<Value>> {
        let mut rules: Vec<Value> =
            self.rule_sources(user, namespace)?.into_iter().flat_map(|source| source.rules).collect();
        if user.is_in(MASTERS) {
            rules.extend(everything().into_iter().filter(|rule| !rules.contains(rule)).collect::<Vec<_>>());
        }
        Ok(rules)
    }

    /// Returns the reason for which a request is allowed, as an access review reports it: empty for members of
    /// `system:masters`, `None` when no rule allows the request.
    pub(super) fn permission(&mut self, user: &User, attributes: &Attributes) -> Result<Option<String>> {
        if user.is_in(MASTERS) {
            return Ok(Some(String::new()));
        }
        Ok(reason(&self.rule_sources(user, &attributes.namespace)?, attributes))
    }

    /// Returns whether a binding allows a request that has the name of a group of the user, like that of the administrators of
    /// kubeadm: their commands need not read all bindings.
    fn is_bound_by_group(&mut self, user: &User, attributes: &Attributes) -> Result<bool> {
        for group in &user.groups {
            let Some(binding) = self.read(CLUSTER_ROLE_BINDINGS, "", group)? else { continue };
            if let (Some(subject), (resource, namespace, name)) = (subject_of(&binding, user), role_of(&binding)) {
                let role = self.read(resource, namespace, name)?;
                let source = RuleSource::new(&binding, subject, role.as_deref());
                if reason(&[source], attributes).is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Returns the rules of a user by their bindings.
    fn rule_sources(&mut self, user: &User, namespace: &str) -> Result<Vec<RuleSource>> {
        let mut bindings = self.read_all(CLUSTER_ROLE_BINDINGS, None)?;
        if !namespace.is_empty() {
            bindings.extend(self.read_all(ROLE_BINDINGS, Some(namespace))?);
        }
        let mut sources = Vec::new();
        for binding in bindings {
            let Some(subject) = subject_of(&binding, user) else { continue };
            let (resource, namespace, name) = role_of(&binding);
            let role = self.read(resource, namespace, name)?;
            sources.push(RuleSource::new(&binding, subject, role.as_deref()));
        }
        Ok(sources)
    }

    /// Reads all roles and bindings, for decisions without the server.
    pub(super) fn roles(&mut self) -> Result<Roles> {
        Ok(Roles {
            bindings: [self.read_all(CLUSTER_ROLE_BINDINGS, None)?, self.read_all(ROLE_BINDINGS, None)?].concat(),
            roles: [self.read_all(CLUSTER_ROLES, None)?, self.read_all(ROLES, None)?].concat(),
        })
    }
}

const CLUSTER_ROLE_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";
const ROLE_BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const ROLES: &str = "roles.rbac.authorization.k8s.io";

/// All roles and bindings at one time.
pub(super) struct Roles {
    bindings: Vec<Arc<Object>>,
    roles: Vec<Arc<Object>>,
}

impl Roles {
    /// Decides as [`Server::permission`].
    pub(super) fn permission(&self, user: &User, attributes: &Attributes) -> Option<String> {
        if user.is_in(MASTERS) {
            return Some(String::new());
        }
        let applies = |binding: &&Arc<Object>| ["", &attributes.namespace].contains(&binding.namespace());
        let sources = self.bindings.iter().filter(applies).filter_map(|binding| {
            let subject = subject_of(binding, user)?;
            let (resource, namespace, name) = role_of(binding);
            let kind = if resource == ROLES { "Role" } else { "ClusterRole" };
            let is_it =
                |role: &&Arc<Object>| role.kind() == kind && role.namespace() == namespace && role.name() == name;
            Some(RuleSource::new(binding, subject, self.roles.iter().find(is_it).map(|role| &**role)))
        });
        reason(&sources.collect::<Vec<_>>(), attributes)
    }
}

/// Returns the reason for which a rule allows something; `None` if none does.
fn reason(sources: &[RuleSource], attributes: &Attributes) -> Option<String> {
    let found = sources.iter().find(|source| source.rules.iter().any(|rule| attributes.is_allowed_by(rule)));
    found.map(|source| format!("RBAC: allowed by {}", source.origin))
}

/// Returns the subject of a binding that a user matches.
fn subject_of<'a>(binding: &'a Object, user: &User) -> Option<&'a Value> {
    binding.list("/subjects").iter().find(|subject| user.is_subject(subject, binding.namespace()))
}

/// Returns the resource, the namespace and the name of the role of a binding.
fn role_of(binding: &Object) -> (&'static str, &str, &str) {
    match binding.str("/roleRef/kind") {
        "Role" => (ROLES, binding.namespace(), binding.str("/roleRef/name")),
        _ => (CLUSTER_ROLES, "", binding.str("/roleRef/name")),
    }
}

impl RuleSource {
    /// Creates the rules of a role, none if it is missing, with their origin.
    fn new(binding: &Object, subject: &Value, role: Option<&Object>) -> RuleSource {
        let qualified = |name: &str, namespace: &str| match namespace {
            "" => name.to_owned(),
            namespace => format!("{name}/{namespace}"),
        };
        let origin = format!(
            "{} \"{}\" of {} \"{}\" to {} \"{}\"",
            binding.kind(),
            qualified(binding.name(), binding.namespace()),
            binding.str("/roleRef/kind"),
            binding.str("/roleRef/name"),
            subject.str("/kind"),
            qualified(subject.str("/name"), subject.str("/namespace")),
        );
        RuleSource { origin, rules: role.map(|role| role.list("/rules").to_vec()).unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_allow_verbs_on_resources_names_and_paths() {
        let rule = json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]});
        let named = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["*"]});
        let path = json!({"nonResourceURLs": ["/healthz/*"], "verbs": ["get"]});
        let attributes = |verb: &str, resource: &str, sub: &str, name: &str| Attributes {
            verb: verb.into(),
            resource: resource.into(),
            subresource: sub.into(),
            name: name.into(),
            ..Attributes::default()
        };
        assert!(attributes("get", "pods", "log", "x").is_allowed_by(&rule));
        assert!(!attributes("get", "pods", "exec", "x").is_allowed_by(&rule));
        assert!(!attributes("delete", "pods", "", "x").is_allowed_by(&rule));
        assert!(attributes("patch", "configmaps", "", "a").is_allowed_by(&named));
        assert!(!attributes("list", "configmaps", "", "").is_allowed_by(&named));
        assert!(Attributes::of_path("get", "/healthz/etcd").is_allowed_by(&path));
    }

    #[test]
    fn a_list_or_watch_of_one_name_concerns_that_object() {
        let name = |request: Request| Attributes::of(&request).name;
        assert_eq!(name(Request::watch("pods", "n").fields("metadata.name=a")), "a");
        assert_eq!(name(Request::list("pods", "n").fields("metadata.name=a,status.phase=Running")), "a");
        assert_eq!(name(Request::list("pods", "n").fields("metadata.name!=a")), "");
    }

    #[test]
    fn forbidden_requests_have_the_messages_of_kubernetes() {
        let user = User::new("jane", Vec::new());
        let of = |request: Request| Attributes::of(&request).forbidden(&user).message;
        assert_eq!(
            of(Request::get("pods", "n", "a").subresource("log")),
            "pods \"a\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"n\""
        );
        assert_eq!(
            of(Request::watch("deployments.apps", "")),
            "deployments.apps is forbidden: User \"jane\" cannot watch resource \"deployments\" in API group \"apps\" at the cluster scope"
        );
        let path = Attributes::of_path("get", "/metrics").forbidden(&user).message;
        assert_eq!(path, "forbidden: User \"jane\" cannot get path \"/metrics\"");
    }
}
