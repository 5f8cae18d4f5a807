use super::*;
use kctl_base::json::json;

fn found(level: Level, spec: Value) -> Vec<String> {
    found_by(level, LATEST, spec)
}

fn found_by(level: Level, version: Minor, spec: Value) -> Vec<String> {
    let violations = violations(Standard { level, version }, &json!({"metadata": {"name": "p"}, "spec": spec}));
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

#[test]
fn hosts_of_probes_and_handlers_violate_the_baseline_level_since_1_34() {
    let spec = json!({"containers": [
        {"name": "b", "livenessProbe": {"httpGet": {"host": "10.0.0.1"}}, "readinessProbe": {"tcpSocket": {"port": 1}}},
        {"name": "a", "lifecycle": {"preStop": {"tcpSocket": {"host": "example.com"}}}},
    ]});
    assert_eq!(
        found(Level::Baseline, spec.clone()),
        [
            "probe or lifecycle host (containers \"a\", \"b\" use probe or lifecycle hosts \"10.0.0.1\", \"example.com\")"
        ]
    );
    assert_eq!(found_by(Level::Baseline, 34, spec.clone()).len(), 1);
    assert_eq!(found_by(Level::Baseline, 33, spec), Vec::<String>::new());
}

#[test]
fn checks_depend_on_the_version() {
    let reasons = |level, version, spec: &Value| -> Vec<String> {
        let all = found_by(level, version, spec.clone()).into_iter();
        all.map(|text| text.split(" (").next().unwrap_or_default().to_owned()).collect()
    };
    let plain = json!({"containers": [{"name": "c"}]});
    let user = json!({"containers": [{"name": "c", "securityContext": {"runAsUser": 0}}]});
    let windows = json!({"os": {"name": "windows"}, "containers": [{"name": "c"}]});
    let sysctls = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_fin_timeout"}]}});
    let engine = json!({"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}});
    let unconfined = json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}});
    let cases: [(Level, Minor, &Value, &[&str]); 13] = [
        (Level::Restricted, 7, &plain, &["runAsNonRoot != true"]),
        (Level::Restricted, 8, &plain, &["allowPrivilegeEscalation != false", "runAsNonRoot != true"]),
        (
            Level::Restricted,
            22,
            &user,
            &[
                "allowPrivilegeEscalation != false",
                "unrestricted capabilities",
                "runAsNonRoot != true",
                "seccompProfile",
            ],
        ),
        (
            Level::Restricted,
            23,
            &user,
            &[
                "allowPrivilegeEscalation != false",
                "unrestricted capabilities",
                "runAsNonRoot != true",
                "runAsUser=0",
                "seccompProfile",
            ],
        ),
        (
            Level::Restricted,
            24,
            &windows,
            &[
                "allowPrivilegeEscalation != false",
                "unrestricted capabilities",
                "runAsNonRoot != true",
                "seccompProfile",
            ],
        ),
        (Level::Restricted, 25, &windows, &["runAsNonRoot != true"]),
        (Level::Baseline, 28, &sysctls, &["forbidden sysctls"]),
        (Level::Baseline, 29, &sysctls, &[]),
        (Level::Baseline, 30, &engine, &["seLinuxOptions"]),
        (Level::Baseline, 31, &engine, &[]),
        (Level::Baseline, 18, &unconfined, &[]),
        (Level::Baseline, 19, &unconfined, &["seccompProfile"]),
        (Level::Baseline, 99, &unconfined, &["seccompProfile"]),
    ];
    for (level, version, spec, want) in cases {
        assert_eq!(reasons(level, version, spec), want, "{level:?} v1.{version} {spec}");
    }
}

#[test]
fn pods_with_user_namespaces_may_run_as_root_since_1_35() {
    let context =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "procMount": "Unmasked"});
    let spec = json!({
        "hostUsers": false,
        "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "securityContext": context}],
    });
    let mount = "procMount (container \"c\" must not set securityContext.procMount to \"Unmasked\")";
    assert_eq!(found_by(Level::Baseline, 34, spec.clone()), [mount]);
    assert_eq!(found_by(Level::Baseline, 35, spec.clone()), Vec::<String>::new());
    assert_eq!(found_by(Level::Restricted, 34, spec.clone()).len(), 3);
    assert_eq!(found_by(Level::Restricted, 35, spec), [mount]);
}

#[test]
fn annotations_select_seccomp_profiles_before_1_19() {
    let annotations = json!({"seccomp.security.alpha.kubernetes.io/pod": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/c": "docker/default"});
    let pod = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "c"}]}});
    let details = |version| -> Vec<String> {
        violations(Standard { level: Level::Baseline, version }, &pod).into_iter().map(|v| v.detail).collect()
    };
    assert_eq!(details(18), ["forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\""]);
    assert_eq!(details(19), Vec::<String>::new());
}
