use super::*;
use kctl_base::json::json;

fn found(level: Level, spec: Value) -> Vec<String> {
    let violations = violations(level, &json!({"metadata": {"name": "p"}, "spec": spec}));
    violations.into_iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect()
}

#[test]
fn a_plain_pod_meets_the_baseline_level_only() {
    let spec = json!({"containers": [{"name": "nginx", "image": "nginx"}]});
    assert_eq!(found(Level::Baseline, spec.clone()), Vec::<String>::new());
    assert_eq!(
        found(Level::Restricted, spec),
        [
            "allowPrivilegeEscalation != false (container \"nginx\" must set securityContext.allowPrivilegeEscalation=false)",
            "unrestricted capabilities (container \"nginx\" must set securityContext.capabilities.drop=[\"ALL\"])",
            "runAsNonRoot != true (pod or container \"nginx\" must set securityContext.runAsNonRoot=true)",
            "seccompProfile (pod or container \"nginx\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
        ]
    );
}

#[test]
fn a_hardened_pod_meets_the_restricted_level() {
    let context =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}});
    let spec = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "securityContext": context}],
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "secret": {"secretName": "s"}}],
    });
    assert_eq!(found(Level::Restricted, spec), Vec::<String>::new());
}

#[test]
fn privilege_escalations_violate_the_baseline_level() {
    let spec = json!({
        "hostNetwork": true, "hostPID": true,
        "securityContext": {"seccompProfile": {"type": "Unconfined"}, "sysctls": [{"name": "kernel.msgmax"}],
                            "seLinuxOptions": {"type": "spc_t", "user": "u"}},
        "initContainers": [{"name": "i", "ports": [{"containerPort": 1, "hostPort": 90}]}],
        "containers": [
            {"name": "a", "ports": [{"containerPort": 1, "hostPort": 80}],
             "securityContext": {"privileged": true, "procMount": "Unmasked", "capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN", "KILL"]}}},
            {"name": "b", "securityContext": {"privileged": true, "windowsOptions": {"hostProcess": true},
                                              "appArmorProfile": {"type": "Unconfined"}}},
        ],
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {"server": "s", "path": "/"}}],
    });
    assert_eq!(
        found(Level::Baseline, spec.clone()),
        [
            "forbidden AppArmor profile (container \"b\" must not set AppArmor profile type to \"Unconfined\")",
            "non-default capabilities (container \"a\" must not include \"NET_ADMIN\", \"SYS_ADMIN\" in securityContext.capabilities.add)",
            "host namespaces (hostNetwork=true, hostPID=true)",
            "hostPath volumes (volume \"v\")",
            "hostPort (containers \"i\", \"a\" use hostPorts 80, 90)",
            "privileged (containers \"a\", \"b\" must not set securityContext.privileged=true)",
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)",
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
            "forbidden sysctls (kernel.msgmax)",
            "hostProcess (container \"b\" must not set securityContext.windowsOptions.hostProcess=true)",
        ]
    );
    let restricted = found(Level::Restricted, spec);
    assert!(restricted.contains(
        &"restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")".to_string()
    ));
    assert!(!restricted.iter().any(|text| text.starts_with("hostPath volumes") || text.starts_with("non-default")));
}

#[test]
fn containers_that_may_run_as_root_are_reported() {
    let containers = json!([{"name": "a", "securityContext": {"runAsNonRoot": false, "runAsUser": 0}}, {"name": "b"}]);
    let all = found(Level::Restricted, json!({"securityContext": {"runAsNonRoot": false}, "containers": containers}));
    assert!(all.contains(
        &"runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)".to_string()
    ));
    assert!(all.contains(&"runAsUser=0 (container \"a\" must not set runAsUser=0)".to_string()));
}
