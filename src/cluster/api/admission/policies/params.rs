//! The parameters of a binding: objects of the `paramKind` of its policy.

use std::sync::Arc;

use super::Attributes;
use crate::api::{Result, Server};
use kctl_base::gvk::GroupVersion;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::Kind;
use kctl_kinds::catalog::KindRef;

/// A parameter object; `None` for a policy without parameters, which is evaluated once.
pub(super) type Param = Option<Arc<Object>>;

/// Returns the kind of the parameters of a policy; `None` if it has none.
///
/// # Errors
/// The message about a kind that is not served.
pub(super) fn kind_of(server: &Server, policy: &Object) -> std::result::Result<Option<KindRef>, String> {
    let Some(kind) = policy.at("/spec/paramKind") else { return Ok(None) };
    let (version, name) = (kind.str("/apiVersion"), kind.str("/kind"));
    server.kind_of(version, name).map(Some).ok_or_else(|| {
        let GroupVersion { group, version } = GroupVersion::parse(version);
        format!("failed to find resource referenced by paramKind: '{group}/{version}, Kind={name}'")
    })
}

/// Reads the parameters of a kind that a policy is evaluated with; the inner error describes a misconfigured binding.
///
/// # Errors
/// A store that cannot be read.
pub(super) fn of(
    server: &mut Server,
    kind: Option<&dyn Kind>,
    binding: &Object,
    attributes: &Attributes<'_>,
) -> Result<std::result::Result<Vec<Param>, String>> {
    let (Some(kind), Some(reference)) = (kind, binding.at("/spec/paramRef")) else { return Ok(Ok(vec![None])) };
    let names = *kind.names();
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
