//! The environment of the expressions of policies and webhooks: their variables with types, and what they have to return
//! (`apiserver/pkg/admission/plugin/cel`, `compile.go` and `composition.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::cel::{Expression, JSON_PATCH, Kind, OBJECT};
use kctl_base::field::{self, FieldError, Path};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The type that an expression has to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Anything.
    Any,
    /// A boolean.
    Bool,
    /// A string.
    Text,
    /// A string or null.
    TextOrNull,
    /// An apply configuration: `Object{}`.
    Configuration,
    /// A list of the operations of a JSON patch.
    Operations,
}

impl Wanted {
    fn is(self, of: &Kind) -> bool {
        match self {
            Wanted::Any => true,
            Wanted::Bool => *of == Kind::BOOL,
            Wanted::Text => *of == Kind::STRING,
            Wanted::TextOrNull => [Kind::STRING, Kind::NULL].contains(of),
            Wanted::Configuration => *of == Kind::Made(OBJECT.into()),
            Wanted::Operations => *of == Kind::List(Arc::new(Kind::Made(JSON_PATCH.into()))),
        }
    }

    /// Returns the type as messages name it.
    fn name(self) -> String {
        match self {
            Wanted::Any => "any".to_owned(),
            Wanted::Bool => "bool".to_owned(),
            Wanted::Text => "string".to_owned(),
            Wanted::TextOrNull => "one of [string null_type]".to_owned(),
            Wanted::Configuration => OBJECT.to_owned(),
            Wanted::Operations => format!("list({JSON_PATCH})"),
        }
    }

    fn is_patch(self) -> bool {
        matches!(self, Wanted::Configuration | Wanted::Operations)
    }
}

/// The variables that an expression can refer to.
#[derive(Clone, Debug)]
pub struct Environment {
    object: Kind,
    /// The type of the parameters; `None` where there are none.
    params: Option<Kind>,
    has_authorizer: bool,
    /// The variables of the policy that come before the expression; `None` where there can be none.
    variables: Option<BTreeMap<String, Kind>>,
}

impl Environment {
    /// Creates the environment of a webhook or policy, with parameters or without.
    pub fn new(has_params: bool) -> Environment {
        let params = has_params.then_some(Kind::Dyn);
        Environment { object: Kind::Dyn, params, has_authorizer: true, variables: None }
    }

    /// Sets the types of the objects and, where there are parameters, of these.
    pub(super) fn with_types(self, object: Kind, params: Option<Kind>) -> Environment {
        Environment { object, params, ..self }
    }

    /// Allows variables of the policy.
    pub(super) fn with_variables(self) -> Environment {
        Environment { variables: Some(BTreeMap::new()), ..self }
    }

    /// Removes the variable `authorizer`.
    pub(super) fn without_authorizer(self) -> Environment {
        Environment { has_authorizer: false, ..self }
    }

    /// Compiles the expression of a variable of the policy and adds the variable; one that does not compile can have any
    /// value.
    ///
    /// # Errors
    /// As [`Environment::check`].
    pub fn define(&mut self, name: &str, text: &str) -> Result<(), String> {
        let checked = self.check(text, Wanted::Any);
        let of = checked.clone().map_or(Kind::Dyn, |of| simple(&of));
        self.variables.get_or_insert_default().insert(name.to_owned(), of);
        checked.map(|_| ())
    }

    /// Compiles an expression and returns its type.
    ///
    /// # Errors
    /// The messages of the compiler, or that the expression returns something else.
    pub fn check(&self, text: &str, wanted: Wanted) -> Result<Kind, String> {
        let variables = self.variables();
        let failed = |why: String| format!("compilation failed: {why}");
        let expression = Expression::compile(text).map_err(failed)?;
        let checked = if wanted.is_patch() { expression.check_patch(&variables) } else { expression.check(&variables) };
        let of = checked.map_err(failed)?;
        match (wanted.is(&of), &of) {
            (true, _) => Ok(of),
            (false, Kind::Simple("null")) => Err(format!("must evaluate to {} but got null_type", wanted.name())),
            (false, _) => Err(format!("must evaluate to {} but got {of}", wanted.name())),
        }
    }

    /// Compiles an expression, which may make a patch, and returns its type.
    ///
    /// # Errors
    /// The messages of the compiler.
    pub(super) fn compile(&self, text: &str, is_patch: bool) -> Result<Kind, String> {
        let expression = Expression::compile(text)?;
        let variables = self.variables();
        if is_patch { expression.check_patch(&variables) } else { expression.check(&variables) }
    }

    fn variables(&self) -> Vec<(&str, Kind)> {
        let mut variables = vec![
            ("object", self.object.clone()),
            ("oldObject", self.object.clone()),
            ("namespaceObject", namespace()),
            ("request", request()),
        ];
        variables.extend(self.params.clone().map(|of| ("params", of)));
        variables.extend(self.variables.clone().map(|fields| ("variables", Kind::Object(Arc::new(fields)))));
        if self.has_authorizer {
            variables.push(("authorizer", Kind::AUTHORIZER));
            variables.push(("authorizer.requestResource", Kind::RESOURCE_CHECK));
        }
        variables
    }

    /// Validates the expression in the field `name` of `entry`; `None` if it is right or missing.
    pub(super) fn error_of(&self, entry: &Value, name: &str, path: &Path, wanted: Wanted) -> Option<FieldError> {
        let text = entry.str(&format!("/{name}"));
        let error = self.check(text, wanted).err().filter(|_| !text.trim().is_empty())?;
        Some(field::invalid(&path.child(name), text, &error))
    }
}

/// Returns the type that a variable of the policy has for other expressions: objects are opaque to them
/// (`convertCelTypeToDeclType`).
fn simple(of: &Kind) -> Kind {
    match of {
        Kind::Simple(name) if name.starts_with("kubernetes.") || name.starts_with("net.") => Kind::Dyn,
        Kind::Simple(_) => of.clone(),
        Kind::List(items) => Kind::List(Arc::new(simple(items))),
        Kind::Map(keys, values) => Kind::Map(Arc::new(simple(keys)), Arc::new(simple(values))),
        _ => Kind::Dyn,
    }
}

fn object(fields: &[(&str, Kind)]) -> Kind {
    Kind::Object(Arc::new(fields.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect()))
}

fn list(items: Kind) -> Kind {
    Kind::List(Arc::new(items))
}

fn map(values: Kind) -> Kind {
    Kind::Map(Arc::new(Kind::STRING), Arc::new(values))
}

/// Returns the type of the variable `request` (`BuildRequestType`).
fn request() -> Kind {
    let kind = object(&[("group", Kind::STRING), ("version", Kind::STRING), ("kind", Kind::STRING)]);
    let resource = object(&[("group", Kind::STRING), ("version", Kind::STRING), ("resource", Kind::STRING)]);
    let user = object(&[
        ("username", Kind::STRING),
        ("uid", Kind::STRING),
        ("groups", list(Kind::STRING)),
        ("extra", map(list(Kind::STRING))),
    ]);
    object(&[
        ("kind", kind.clone()),
        ("resource", resource.clone()),
        ("subResource", Kind::STRING),
        ("requestKind", kind),
        ("requestResource", resource),
        ("requestSubResource", Kind::STRING),
        ("name", Kind::STRING),
        ("namespace", Kind::STRING),
        ("operation", Kind::STRING),
        ("userInfo", user),
        ("dryRun", Kind::BOOL),
        ("options", Kind::Dyn),
    ])
}

/// Returns the type of the variable `namespaceObject` (`BuildNamespaceType`), with the field `UID` as upstream spells it.
fn namespace() -> Kind {
    let metadata = object(&[
        ("name", Kind::STRING),
        ("generateName", Kind::STRING),
        ("namespace", Kind::STRING),
        ("labels", map(Kind::STRING)),
        ("annotations", map(Kind::STRING)),
        ("UID", Kind::STRING),
        ("creationTimestamp", Kind::TIMESTAMP),
        ("deletionGracePeriodSeconds", Kind::INT),
        ("deletionTimestamp", Kind::TIMESTAMP),
        ("generation", Kind::INT),
        ("resourceVersion", Kind::STRING),
        ("finalizers", list(Kind::STRING)),
    ]);
    let condition = object(&[
        ("status", Kind::STRING),
        ("type", Kind::STRING),
        ("lastTransitionTime", Kind::TIMESTAMP),
        ("message", Kind::STRING),
        ("reason", Kind::STRING),
    ]);
    object(&[
        ("metadata", metadata),
        ("spec", object(&[("finalizers", list(Kind::STRING))])),
        ("status", object(&[("conditions", list(condition)), ("phase", Kind::STRING)])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_to_return_the_wanted_type() {
        let mut environment = Environment::new(true).with_variables();
        environment.define("limit", "int(params.data.max)").expect("a number");
        environment.define("named", "object.metadata").expect("anything");
        for (text, wanted) in [
            ("object.spec.replicas <= variables.limit && variables.named.name != ''", Wanted::Bool),
            (
                "authorizer.requestResource.check('get').allowed() && request.userInfo.groups.exists(g, g == 'x')",
                Wanted::Bool,
            ),
            ("authorizer.group('').resource('pods').namespace(request.namespace).check('get').reason()", Wanted::Text),
            ("namespaceObject.metadata.labels['a'] + string(variables.limit)", Wanted::TextOrNull),
            ("null", Wanted::TextOrNull),
            ("Object{metadata: Object.metadata{labels: {'a': 'b'}}}", Wanted::Configuration),
            (
                "[JSONPatch{op: 'remove', path: '/a'}] + (oldObject == null ? [JSONPatch{op: 'remove', path: '/b'}] : [])",
                Wanted::Operations,
            ),
        ] {
            assert!(environment.check(text, wanted).is_ok(), "{text}: {:?}", environment.check(text, wanted));
        }
        let error = |text: &str, wanted: Wanted| environment.check(text, wanted).expect_err(text);
        assert_eq!(error("object.spec.paused", Wanted::Bool), "must evaluate to bool but got dyn");
        assert_eq!(error("null", Wanted::Bool), "must evaluate to bool but got null_type");
        assert_eq!(error("1", Wanted::TextOrNull), "must evaluate to one of [string null_type] but got int");
        assert_eq!(error("Object.spec{}", Wanted::Configuration), "must evaluate to Object but got Object.spec");
        assert_eq!(error("[1]", Wanted::Operations), "must evaluate to list(JSONPatch) but got list(int)");
        for (text, why) in [
            ("variables.other == 1", "undefined field 'other'"),
            ("request.user == ''", "undefined field 'user'"),
            ("Object{} == Object{}", "undeclared reference to 'Object' (in container '')"),
        ] {
            let error = error(text, Wanted::Bool);
            assert!(error.starts_with("compilation failed: ERROR: <input>:1:") && error.contains(why), "{error}");
        }
        let bare = Environment::new(false).without_authorizer();
        for name in ["params", "authorizer", "variables"] {
            let error = bare.check(&format!("{name} == null"), Wanted::Bool).expect_err(name);
            assert!(error.contains(&format!("undeclared reference to '{name}' (in container '')")), "{error}");
        }
    }
}
