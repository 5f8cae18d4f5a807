//! MutatingAdmissionPolicy: changes objects by the CEL expressions of bound policies
//! (`apiserver/pkg/admission/plugin/policy/mutating`,
//! <https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/>).
//!
//! Policies are selected by the object as it is before the first of them; each then sees what those before it have made.
//! Errors are collected, and the first rejects the request.

use std::collections::BTreeSet;

use super::policies::{self, Attributes, Evaluation, Failure, Hooks, Invocation, in_version};
use super::{Admission, Result};
use crate::api::{decode, managers};
use kctl_base::cel::{self, fields, misplaced, to_json};
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{Value, json};
use kctl_base::managed::merge_unowned;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::patch;
use kctl_base::schema::Schema;
use kctl_base::status::{Reason, Status, StatusCause};
use kctl_kinds::Kind;

const POLICIES: &str = "mutatingadmissionpolicies.admissionregistration.k8s.io";
pub(super) const BINDINGS: &str = "mutatingadmissionpolicybindings.admissionregistration.k8s.io";

/// The policies that have to run again because a later change could matter to them (`reinvocationcontext.go`).
#[derive(Default)]
pub(super) struct Reinvocation {
    is_needed: bool,
    is_running: bool,
    /// The object after the policies.
    output: Option<Object>,
    /// The invocations that want to run again after a change.
    invoked: BTreeSet<Key>,
    /// Those that do run again.
    again: BTreeSet<Key>,
}

/// An invocation by the names of policy and binding, and the namespace and name of the parameters.
type Key = [String; 4];

impl Reinvocation {
    /// Begins the second run of all plugins; returns `false` if there is none because no policy has changed the object.
    pub(super) fn begin(&mut self) -> bool {
        self.is_running = self.is_needed;
        self.is_running
    }

    /// Records a change: what has been invoked before runs again.
    fn changed(&mut self) {
        self.again.append(&mut self.invoked);
    }
}

/// Why a mutation cannot be applied.
enum Failed {
    /// The policy decides what happens.
    Policy(String),
    /// The request fails.
    Request(Status),
}

/// Evaluates the policies that apply to a create or update.
pub(super) fn admit(admission: &mut Admission<'_>, runs: &mut Reinvocation) -> Result<()> {
    if policies::are_unbound(admission.server, BINDINGS)? {
        return Ok(());
    }
    let attributes =
        Attributes::of_write(admission.kind, admission.request, admission.operation, admission.new, admission.old);
    let Some(hooks) = policies::hooks(admission.server, POLICIES, BINDINGS, &attributes)? else { return Ok(()) };
    if runs.is_running && runs.output.as_ref() != Some(admission.new) {
        runs.changed();
    }
    let mut errors = Vec::new();
    for hook in &hooks.list {
        match hook {
            Err(error) => {
                let name = name_of(&error.policy, error.binding.as_deref());
                errors.push((Reason::Forbidden, format!("{name} denied request: {}", error.message)));
            }
            Ok(invocation) => {
                let failures = invoke(admission, &hooks, invocation, runs)?;
                let name = name_of(invocation.policy.name(), Some(invocation.binding.name()));
                let is_strict = invocation.policy.str("/spec/failurePolicy") != "Ignore";
                let failures = failures.into_iter().filter(|_| is_strict);
                errors.extend(failures.map(|why| (Reason::Invalid, format!("{name} denied request: {why}"))));
            }
        }
    }
    if runs.is_needed {
        runs.changed();
    }
    runs.output = Some(admission.new.clone());
    denial(admission, errors)
}

/// Applies the mutations of a policy and returns the errors of those that fail.
fn invoke(
    admission: &mut Admission<'_>,
    hooks: &Hooks,
    invocation: &Invocation,
    runs: &mut Reinvocation,
) -> Result<Vec<String>> {
    let conditions = evaluation(admission, hooks, invocation).meets(invocation.policy.list("/spec/matchConditions"));
    match conditions {
        Ok(true) => {}
        Ok(false) => return Ok(Vec::new()),
        Err(failure) => return Ok(vec![failure.message()]),
    }
    let key = key(invocation);
    if runs.is_running && !runs.again.contains(&key) {
        return Ok(Vec::new());
    }
    let before = admission.new.clone();
    let mut failures = Vec::new();
    for mutation in invocation.policy.list("/spec/mutations") {
        match mutate(admission, hooks, invocation, mutation) {
            Ok(new) => {
                *admission.new = new;
                runs.is_needed = true;
            }
            Err(Failed::Policy(why)) => failures.push(why),
            Err(Failed::Request(status)) => return Err(status),
        }
    }
    if before != *admission.new {
        runs.changed();
    }
    if invocation.policy.str("/spec/reinvocationPolicy") == "IfNeeded" {
        runs.invoked.insert(key);
    }
    Ok(failures)
}

fn key(invocation: &Invocation) -> Key {
    let param = invocation.param.as_deref().map_or(("", ""), |param| (param.namespace(), param.name()));
    [invocation.policy.name(), invocation.binding.name(), param.0, param.1].map(str::to_owned)
}

/// Prepares the evaluation of an invocation for the object as it is now.
fn evaluation<'i>(admission: &Admission<'_>, hooks: &Hooks, invocation: &'i Invocation) -> Evaluation<'i> {
    let attributes =
        Attributes::of_write(admission.kind, admission.request, admission.operation, admission.new, admission.old);
    Evaluation::new(invocation, &attributes, hooks.namespace.as_deref(), hooks.roles.as_ref())
}

/// Returns the object after a mutation, with defaults.
fn mutate(
    admission: &Admission<'_>,
    hooks: &Hooks,
    invocation: &Invocation,
    mutation: &Value,
) -> std::result::Result<Object, Failed> {
    let (kind, version) = (admission.kind, &invocation.version);
    let mut evaluation = evaluation(admission, hooks, invocation);
    let mut evaluate =
        |text: &str| evaluation.evaluate(text).map_err(|failure: Failure| Failed::Policy(failure.message()));
    let live = in_version(kind, admission.new, version);
    let mut new = match mutation.str("/patchType") {
        "JSONPatch" => json_patch(kind, &live, &evaluate(mutation.str("/jsonPatch/expression"))?)?,
        _ => {
            let value = evaluate(mutation.str("/applyConfiguration/expression"))?;
            apply_configuration(kind, version, &live, &value).map_err(Failed::Policy)?
        }
    };
    admission.server.to_stored_version(kind, &mut new);
    kind.set_defaults(&mut new);
    Ok(new)
}

/// Merges the configuration that an expression has made into an object (`patch/smd.go`).
fn apply_configuration(
    kind: &dyn Kind,
    version: &GroupVersion,
    live: &Object,
    made: &cel::Value,
) -> std::result::Result<Object, String> {
    well_placed(made)?;
    let mut config = to_json(made).map_err(|why| format!("invalid return type: {why}"))?;
    config.put("/apiVersion", live.api_version());
    config.put("/kind", live.kind());
    let of_version = kind.at_version(&version.version);
    let merged = match of_version.as_deref().unwrap_or(kind).field_types() {
        Some((types, root)) => merge_unowned(types, &root, live, &config),
        None => merge_unowned(Schema::builtin(), &managers::root_in(kind, version), live, &config),
    };
    merged.map_err(|why| format!("error applying patch: {why}"))
}

/// Rejects objects whose type does not fit their place.
fn well_placed(made: &cel::Value) -> std::result::Result<(), String> {
    match &misplaced(made)[..] {
        [] => Ok(()),
        found => Err(format!("type mismatch: {}", found.join("\n"))),
    }
}

/// Applies the JSON patch that an expression has made to an object (`patch/json_patch.go`).
fn json_patch(kind: &dyn Kind, live: &Object, made: &cel::Value) -> std::result::Result<Object, Failed> {
    let operations = operations(made).map_err(Failed::Policy)?;
    match patch::json::apply(live, &operations) {
        Ok(patched) => decode::strict(kind, patched).map_err(|why| Failed::Request(Status::internal(why))),
        // A test that fails is no error, but nothing is changed.
        Err(error) if error.is_failed_test() => Ok(live.clone()),
        Err(error) => Err(Failed::Policy(format!("JSONPath: {error}"))),
    }
}

/// Converts the operations that an expression has made.
fn operations(made: &cel::Value) -> std::result::Result<Value, String> {
    let mismatch = || "type mismatch: JSONPatchType.expression should evaluate to array".to_owned();
    let cel::Value::List(items) = made else { return Err(mismatch()) };
    let operation = |item: &cel::Value| {
        let cel::Value::Struct(item) = item else { return Err(format!("{} of JSONPatch", mismatch())) };
        let mut operation = json!({"op": "", "path": ""});
        for (name, field) in fields(item) {
            well_placed(&field)?;
            let field = to_json(&field).map_err(|why| {
                format!("JSONPath valueExpression evaluated to a type that could not marshal to JSON: {why}")
            })?;
            if name != "from" || field != "" {
                operation.put(&format!("/{name}"), field);
            }
        }
        Ok(operation)
    };
    items.iter().map(operation).collect::<std::result::Result<Vec<Value>, String>>().map(Value::from)
}

fn name_of(policy: &str, binding: Option<&str>) -> String {
    match binding {
        Some(binding) => format!("policy '{policy}' with binding '{binding}'"),
        None => format!("policy \"{policy}\""),
    }
}

/// Rejects the request for the first of the errors, and lists all of them as causes.
fn denial(admission: &Admission<'_>, errors: Vec<(Reason, String)>) -> Result<()> {
    let Some((reason, message)) = errors.first().cloned() else { return Ok(()) };
    let names = admission.kind.names();
    let status = Status::forbidden(names.group, names.plural, admission.new.name_or_prefix(), "");
    let cause = |message: String| StatusCause { reason: String::new(), message, field: String::new() };
    let causes = errors.into_iter().map(|(_, message)| cause(message)).collect();
    Err(Status { reason, message, causes, ..status })
}

#[cfg(test)]
mod tests;
