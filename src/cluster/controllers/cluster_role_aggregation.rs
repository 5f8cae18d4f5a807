//! Fills the rules of aggregated ClusterRoles with those of the ClusterRoles that they select
//! (`pkg/controller/clusterroleaggregation`).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::{PatchType, Request};
use crate::store::Change;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const ROLES: &str = "clusterroles.rbac.authorization.k8s.io";

/// The controller; its keys are aggregated roles.
pub(super) const CONTROLLER: Controller = Controller {
    name: "clusterrole-aggregation-controller",
    watches: &[Watch::mapped(ROLES, aggregated_roles)],
    reconcile,
};

/// Maps a role to all aggregated roles: a change of its labels may concern any of them.
fn aggregated_roles(_: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let roles = ctx.list(ROLES, None)?;
    Ok(roles.iter().filter(|role| role.at("/aggregationRule").is_some()).map(|role| Key::of(role)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(role) = ctx.get_key(ROLES, key)?.filter(|role| role.at("/aggregationRule").is_some()) else {
        return Ok(Action::AwaitChange);
    };
    let rules = union(&role, ctx.list(ROLES, None)?.iter().map(|other| &**other));
    if role.list("/rules") != rules {
        let applied = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                             "metadata": {"name": role.name()}, "rules": rules});
        let mut request = Request::patch(ROLES, "", role.name(), PatchType::Apply, applied);
        request.options.force = true;
        ctx.send(request)?;
    }
    Ok(Action::AwaitChange)
}

/// Returns the rules of the roles that the selectors of a role match, without repetitions. `roles` are ordered by name.
fn union<'a>(role: &Object, roles: impl Iterator<Item = &'a Object> + Clone) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for selector in role.list("/aggregationRule/clusterRoleSelectors") {
        // Validation refuses invalid selectors.
        let Ok(selector) = Selector::from_object(selector) else { continue };
        for other in roles.clone().filter(|other| other.name() != role.name() && selector.matches_object(other)) {
            for rule in other.list("/rules") {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::shared::testing::Bench;

    fn role(name: &str, label: &str, resource: &str) -> Value {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
               "metadata": {"name": name, "labels": {"to": label}},
               "rules": [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}]})
    }

    #[test]
    fn rules_follow_the_selected_roles() {
        let mut bench = Bench::open();
        let mut aggregated = role("all", "none", "nodes");
        aggregated["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {"to": "all"}}]});
        let create = |bench: &mut Bench, role: Value| {
            bench.cluster.handle(&Request::create(ROLES, "", role)).expect("a role");
        };
        let resources = |bench: &mut Bench| -> Vec<String> {
            let role = bench.cluster.server().read(ROLES, "", "all").expect("a read").expect("the role");
            role.list("/rules").iter().map(|rule| rule.str("/resources/0").to_string()).collect()
        };
        create(&mut bench, aggregated);
        assert_eq!(resources(&mut bench), Vec::<String>::new(), "rules that were given by hand go");
        create(&mut bench, role("b", "all", "pods"));
        create(&mut bench, role("a", "all", "secrets"));
        create(&mut bench, role("c", "other", "services"));
        assert_eq!(resources(&mut bench), ["secrets", "pods"]);
        let patch = json!({"metadata": {"labels": {"to": "none"}}});
        bench.cluster.handle(&Request::patch(ROLES, "", "a", PatchType::Merge, patch)).expect("a patch");
        assert_eq!(resources(&mut bench), ["pods"]);
    }

    #[test]
    fn the_roles_of_users_are_aggregated() {
        let mut bench = Bench::open();
        let rules = |name: &str| {
            let role = bench.cluster.server().read(ROLES, "", name).expect("a read").expect("the role");
            role.list("/rules").len()
        };
        assert_eq!(["admin", "edit", "view"].map(rules), [29, 27, 12]);
    }
}
