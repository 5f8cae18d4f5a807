//! The cluster, the user and the namespace that a command line selects from a kubeconfig, checked as client-go does.
//!
//! Upstream: `client-go/tools/clientcmd` (`client_config.go`, `validation.go`).

use super::{Kubeconfig, entry};
use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The settings of the command line that replace those of the kubeconfig; `None` where a flag is not given.
#[derive(Default)]
pub(crate) struct Overrides<'a> {
    /// `--context`.
    pub(crate) context: Option<&'a str>,
    /// `--cluster`.
    pub(crate) cluster: Option<&'a str>,
    /// `--user`.
    pub(crate) user: Option<&'a str>,
    /// `--server`.
    pub(crate) server: Option<&'a str>,
    /// The fields of the user that flags set.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

/// A selection of a kubeconfig. It holds tokens and passwords, so that it cannot be printed for debugging.
pub(crate) struct Login {
    /// The fields of the user, those of flags among them. The files of a client certificate do not depend on the place of the
    /// kubeconfig.
    pub(crate) user: Value,
    /// The fields of the cluster.
    pub(crate) cluster: Value,
}

/// Returns the namespace of the selected context; `None` if there is none.
pub(crate) fn namespace(config: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let found = config.context(context.unwrap_or(config.current()))?;
    Some(found.str("/namespace").to_string()).filter(|namespace| !namespace.is_empty())
}

/// Selects a cluster and a user.
///
/// # Errors
/// An entry that is named does not exist, or is not valid.
pub(crate) fn select(config: &Kubeconfig, flags: &Overrides) -> CliResult<Login> {
    config.require_file()?;
    let context_name = flags.context.unwrap_or(config.current());
    let context = config.context(context_name);
    let named = |flag: Option<&str>, field: &str| -> String {
        flag.or(context.map(|context| context.str(field))).unwrap_or_default().to_string()
    };
    let (user_name, cluster_name) = (named(flags.user, "/user"), named(flags.cluster, "/cluster"));
    let user = entry(&config.value, "/users", &user_name);
    if flags.user.is_some() && user.is_none() {
        return Err(CliError::new(format!("auth info {} does not exist", quote(&user_name))));
    }
    if !context_name.is_empty() && context.is_none() {
        return Err(CliError::line(format!(
            "Error in configuration: context was not found for specified context: {context_name}"
        )));
    }
    let mut user = user.and_then(|entry| entry.get("user")).cloned().unwrap_or_else(|| json!({}));
    for (field, value) in &flags.fields {
        user.put(&format!("/{field}"), value.clone());
    }
    let cluster = entry(&config.value, "/clusters", &cluster_name);
    let mut cluster = cluster.and_then(|entry| entry.get("cluster")).cloned().unwrap_or_else(|| json!({}));
    if let Some(server) = flags.server {
        cluster.put("/server", server);
    }
    let mut problems = user_problems(config, &user_name, &user);
    if !cluster_name.is_empty() && cluster.str("/server").is_empty() {
        problems.push(format!("no server found for cluster {}", quote(&cluster_name)));
    }
    for field in ["client-certificate", "client-key"] {
        let file = user.str(&format!("/{field}")).to_string();
        if !file.is_empty() {
            let path = config.folder_of("/users", &user_name).join(file);
            user.put(&format!("/{field}"), path.to_string_lossy().into_owned());
        }
    }
    match problems.as_slice() {
        [] => Ok(Login { user, cluster }),
        [one] => Err(CliError::new(one.clone())),
        many => Err(CliError::new(format!("invalid configuration: [{}]", many.join(", ")))),
    }
}

/// The faults of a user (`validateAuthInfo`).
fn user_problems(config: &Kubeconfig, name: &str, user: &Value) -> Vec<String> {
    let given = |field: &str| !user.str(field).is_empty();
    let mut problems = Vec::new();
    let mut methods = Vec::new();
    if given("/token") {
        methods.push("token");
    }
    if given("/username") || given("/password") {
        methods.push("basicAuth");
    }
    problems.extend(certificate_problems(config, name, user));
    if user.at("/exec").is_some_and(Value::is_object) {
        problems.extend(exec_problems(name, user));
    }
    if methods.len() > 1 {
        let found = methods.join(" ");
        problems.push(format!(
            "more than one authentication method found for {name}; found [{found}], only one is allowed"
        ));
    }
    let extra = user.map("/as-user-extra").is_some_and(|extra| !extra.is_empty());
    if (given("/as-uid") || !user.list("/as-groups").is_empty() || extra) && !given("/as") {
        problems.push(format!("requesting uid, groups or user-extra for {name} without impersonating a user"));
    }
    problems
}

/// The faults of the client certificate of a user.
fn certificate_problems(config: &Kubeconfig, name: &str, user: &Value) -> Vec<String> {
    let given = |field: &str| !user.str(field).is_empty();
    let mut problems = Vec::new();
    let has_certificate = given("/client-certificate") || given("/client-certificate-data");
    if !has_certificate {
        return problems;
    }
    for (kind, what) in [("client-certificate", "client-cert"), ("client-key", "client-key")] {
        let (file, data) = (user.str(&format!("/{kind}")), format!("/{kind}-data"));
        if !file.is_empty() && given(&data) {
            let both = format!("{what}-data and {what} are both specified for {name}");
            problems.push(match what {
                "client-key" => format!("{both}; {what}-data will override"),
                _ => format!("{both}. {what}-data will override."),
            });
        }
    }
    if !given("/client-key") && !given("/client-key-data") {
        problems.push(format!(
            "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
        ));
    }
    for (field, what) in [("client-certificate", "client-cert"), ("client-key", "client-key")] {
        let file = user.str(&format!("/{field}"));
        if file.is_empty() || given(&format!("/{field}-data")) {
            continue;
        }
        let path = config.folder_of("/users", name).join(file);
        if let Err(error) = std::fs::File::open(&path) {
            let why = kctl_base::go::io_error(&error);
            let path = path.display();
            problems.push(format!("unable to read {what} {path} for {name} due to open {path}: {why}"));
        }
    }
    problems
}

/// The faults of the credential plugin of a user.
fn exec_problems(name: &str, user: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut lacks =
        |what: &str| problems.push(format!("{what} must be specified for {name} to use exec authentication plugin"));
    if user.str("/exec/command").is_empty() {
        lacks("command");
    }
    if user.str("/exec/apiVersion").is_empty() {
        lacks("apiVersion");
    }
    if user.list("/exec/env").iter().any(|variable| variable.str("/name").is_empty()) {
        lacks("env variable name");
    }
    match user.str("/exec/interactiveMode") {
        "Never" | "IfAvailable" | "Always" => {}
        // Older versions of the protocol have a default.
        "" if user.str("/exec/apiVersion").ends_with("/v1") => lacks("interactiveMode"),
        "" => {}
        other => problems.push(format!("invalid interactiveMode for {name}: {}", quote(other))),
    }
    if user.at("/auth-provider").is_some_and(Value::is_object) {
        problems.push(format!("authProvider cannot be provided in combination with an exec plugin for {name}"));
    }
    problems
}
