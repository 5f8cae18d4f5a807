//! Writes the status of ValidatingAdmissionPolicies (`pkg/controller/validatingadmissionpolicystatus`).
//!
//! Expressions are not type-checked here, so `status.typeChecking` never has a warning.

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueWrite};

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";

/// The status controller of ValidatingAdmissionPolicies.
pub(super) const CONTROLLER: Controller =
    Controller { name: "validatingadmissionpolicy-status-controller", watches: &[Watch::primary(POLICIES)], reconcile };

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    if let Some(policy) = ctx.get_key(POLICIES, key)?.filter(|policy| !policy.is_deleting()) {
        let mut new = (*policy).clone();
        new.put("/status/observedGeneration", policy.generation());
        new.put("/status/typeChecking", json!({}));
        if new != *policy {
            ctx.update_status(POLICIES, new)?;
        }
    }
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
    }
}
