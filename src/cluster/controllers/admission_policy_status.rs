//! Writes the status of ValidatingAdmissionPolicies: warnings about the types in their expressions
//! (`pkg/controller/validatingadmissionpolicystatus`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_kinds::admission::type_check;

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";

/// The status controller of ValidatingAdmissionPolicies.
pub(super) const CONTROLLER: Controller =
    Controller { name: "validatingadmissionpolicy-status-controller", watches: &[Watch::primary(POLICIES)], reconcile };

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(policy) = ctx.get_key(POLICIES, key)? else { return Ok(Action::AwaitChange) };
    // The kinds that a policy names are looked up once, also if they are defined or changed later.
    if policy.generation() <= policy.int("/status/observedGeneration").unwrap_or(0) {
        return Ok(Action::AwaitChange);
    }
    let warnings = type_check::warnings(&policy, ctx.server().catalog());
    let mut new = (*policy).clone();
    new.put("/status/observedGeneration", policy.generation());
    new.put(
        "/status/typeChecking",
        if warnings.is_empty() { json!({}) } else { json!({"expressionWarnings": warnings}) },
    );
    ctx.update_status(POLICIES, new)?;
    Ok(Action::AwaitChange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::shared::testing::Bench;

    #[test]
    fn the_observed_generation_is_reported() {
        let mut bench = Bench::open();
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]});
        let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "true"}]});
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "p"}, "spec": spec,
        });
        bench.cluster.handle(&crate::api::Request::create(POLICIES, "", policy)).expect("a policy");
        let policy = bench.cluster.server().read(POLICIES, "", "p").unwrap().expect("it is there");
        assert_eq!(policy["status"], json!({"observedGeneration": 1, "typeChecking": {}}));
        let mut wrong = (*policy).clone();
        wrong.put("/spec/validations", json!([{"expression": "object.spec.oops == 1"}]));
        wrong.remove_at("/metadata/resourceVersion");
        bench.cluster.handle(&crate::api::Request::update(POLICIES, "", "p", wrong)).expect("updated");
        let policy = bench.cluster.server().read(POLICIES, "", "p").unwrap().expect("it is there");
        let warning =
            "/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'oops'\n | object.spec.oops == 1\n | ...........^\n";
        let warnings = json!([{"fieldRef": "spec.validations[0].expression", "warning": warning}]);
        assert_eq!(
            policy["status"],
            json!({"observedGeneration": 2, "typeChecking": {"expressionWarnings": warnings}})
        );
    }
}
