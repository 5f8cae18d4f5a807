//! The parameters of a binding: objects of the `paramKind` of its policy.

use std::sync::Arc;

use super::AdmissionAttributes;
use crate::api::{Result, Server};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A parameter object; `None` for a policy without parameters, which is evaluated once.
pub(super) type Param = Option<Arc<Object>>;

/// Reads the parameters that a policy is evaluated with; the inner error describes a misconfigured binding.
///
/// # Errors
/// A store that cannot be read.
pub(super) fn of(
    server: &mut Server,
    policy: &Object,
    binding: &Object,
    attributes: &AdmissionAttributes<'_>,
) -> Result<std::result::Result<Vec<Param>, String>> {
    let (Some(kind), Some(reference)) = (policy.at("/spec/paramKind"), binding.at("/spec/paramRef")) else {
        return Ok(Ok(vec![None]));
    };
    let (version, name) = (kind.str("/apiVersion"), kind.str("/kind"));
    let Some(found) = server.kind_of(version, name) else {
        return Ok(Err(format!("failed to find resource referenced by paramKind: '{version}, Kind={name}'")));
    };
    let names = *found.names();
    let namespace = match (names.namespaced, reference.str("/namespace"), attributes.object.namespace()) {
        (false, "", _) => "",
        (false, _, _) => {
            return Ok(Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".into()));
        }
        (true, "", "") => {
            return Ok(Err(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".into()
            ));
        }
        (true, "", own) => own,
        (true, given, _) => given,
    };
    let resource = names.resource();
    let params: Vec<Param> = match reference.str("/name") {
        "" => {
            let all = server.read_all(&resource, names.namespaced.then_some(namespace))?;
            let selector = match Selector::from_object(&reference["selector"]) {
                Ok(selector) => selector,
                Err(error) => return Ok(Err(error.to_string())),
            };
            all.into_iter().filter(|param| selector.matches_object(param)).map(Some).collect()
        }
        name => server.read(&resource, namespace, name)?.into_iter().map(Some).collect(),
    };
    let denies = reference.str("/parameterNotFoundAction") != "Allow";
    Ok(match params.is_empty() && denies {
        true => Err("no params found for policy binding with `Deny` parameterNotFoundAction".into()),
        false => Ok(params),
    })
}
