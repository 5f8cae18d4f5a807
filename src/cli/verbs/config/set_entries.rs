//! `config set-cluster` and `config set-credentials`.
//!
//! Upstream: `kubectl/pkg/cmd/config/set_cluster.go` and `set_credentials.go`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

pub(super) fn cluster_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::path(
            "certificate-authority",
            "Path to certificate-authority file for the cluster entry in kubeconfig",
        ))
        .arg(args::switch("embed-certs", "embed-certs for the cluster entry in kubeconfig"))
        .arg(args::switch("insecure-skip-tls-verify", "insecure-skip-tls-verify for the cluster entry in kubeconfig"))
        .arg(args::text("proxy-url", "proxy-url for the cluster entry in kubeconfig"))
        .arg(args::text("server", "server for the cluster entry in kubeconfig"))
        .arg(args::text("tls-server-name", "tls-server-name for the cluster entry in kubeconfig"))
}

pub(super) fn user_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::text("auth-provider", "Auth provider for the user entry in kubeconfig"))
        .arg(args::list("auth-provider-arg", "'key=value' arguments for the auth provider"))
        .arg(args::path("client-certificate", "Path to client-certificate file for the user entry in kubeconfig"))
        .arg(args::path("client-key", "Path to client-key file for the user entry in kubeconfig"))
        .arg(args::switch("embed-certs", "Embed client cert/key for the user entry in kubeconfig"))
        .arg(args::text(
            "exec-api-version",
            "API version of the exec credential plugin for the user entry in kubeconfig",
        ))
        .arg(args::list(
            "exec-arg",
            "New arguments for the exec credential plugin command for the user entry in kubeconfig",
        ))
        .arg(args::text("exec-command", "Command for the exec credential plugin for the user entry in kubeconfig"))
        .arg(args::list("exec-env", "'key=value' environment values for the exec credential plugin"))
        .arg(args::text(
            "exec-interactive-mode",
            "InteractiveMode of the exec credentials plugin for the user entry in kubeconfig",
        ))
        .arg(
            args::switch(
                "exec-provide-cluster-info",
                "ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig",
            )
            .help_default("false"),
        )
        .arg(args::text("password", "password for the user entry in kubeconfig"))
        .arg(args::text("token", "token for the user entry in kubeconfig"))
        .arg(args::text("username", "username for the user entry in kubeconfig"))
}

pub(super) fn set_cluster(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = super::entries::one_word(matches)?;
    if name.is_empty() {
        return Err(CliError::new("you must specify a non-empty cluster name"));
    }
    let authority = matches.path("certificate-authority");
    if matches.flag("insecure-skip-tls-verify") && authority.is_some() {
        return Err(CliError::new("you cannot specify a certificate authority and insecure mode at the same time"));
    }
    if matches.flag("embed-certs") {
        let file = authority.ok_or_else(|| CliError::new("you must specify a --certificate-authority to embed"))?;
        check_exists("certificate-authority", &file)?;
    }
    ctx.change_kubeconfig(|config| change_cluster(config.entry_mut("clusters", "cluster", &name), matches))?;
    ctx.print_line(format!("Cluster {} set.", quote(&name)));
    Ok(())
}

fn change_cluster(cluster: &mut Value, matches: &ArgMatches) -> CliResult<()> {
    for field in ["server", "tls-server-name", "proxy-url"] {
        set_text(cluster, field, matches, field);
    }
    if matches.is_set("insecure-skip-tls-verify") {
        let insecure = matches.flag("insecure-skip-tls-verify");
        cluster.put("/insecure-skip-tls-verify", insecure);
        if insecure {
            cluster.remove_at("/certificate-authority");
            cluster.remove_at("/certificate-authority-data");
        }
    }
    if set_certificate(cluster, "certificate-authority", matches)? {
        cluster.remove_at("/insecure-skip-tls-verify");
    }
    Ok(())
}

pub(super) fn set_credentials(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name] = words.as_slice() else {
        return Err(CliError::WithHelp(format!("unexpected args: [{}]", words.join(" "))));
    };
    let provider = Pairs::parse(matches, "auth-provider-arg")?;
    let env = Pairs::parse(matches, "exec-env")?;
    if name.is_empty() {
        return Err(CliError::new("you must specify a non-empty user name"));
    }
    check_credentials(matches)?;
    ctx.change_kubeconfig(|config| {
        let user = config.entry_mut("users", "user", name);
        change_login(user, matches)?;
        change_provider(user, matches, &provider);
        change_exec(user, matches, &env);
        Ok(())
    })?;
    ctx.print_line(format!("User {} set.", quote(name)));
    Ok(())
}

fn check_credentials(matches: &ArgMatches) -> CliResult<()> {
    let given = |flag: &str| !matches.string(flag).is_empty();
    if given("token") && (given("username") || given("password")) {
        return Err(CliError::new(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password",
        ));
    }
    if matches.flag("embed-certs") {
        let files = ["client-certificate", "client-key"].map(|flag| (flag, matches.path(flag)));
        if files.iter().all(|(_, file)| file.is_none()) {
            return Err(CliError::new("you must specify a --client-certificate or --client-key to embed"));
        }
        for (flag, file) in files {
            file.map_or(Ok(()), |file| check_exists(flag, &file))?;
        }
    }
    match matches.string("exec-interactive-mode") {
        "" | "Never" | "IfAvailable" | "Always" => Ok(()),
        other => Err(CliError::new(format!("invalid interactive mode type: {other}"))),
    }
}

fn change_login(user: &mut Value, matches: &ArgMatches) -> CliResult<()> {
    set_certificate(user, "client-certificate", matches)?;
    set_certificate(user, "client-key", matches)?;
    for field in ["token", "username", "password"] {
        set_text(user, field, matches, field);
    }
    // A new method replaces the other one.
    let given = |flag: &str| !matches.string(flag).is_empty();
    if given("token") {
        user.remove_at("/username");
        user.remove_at("/password");
    } else if given("username") || given("password") {
        user.remove_at("/token");
    }
    Ok(())
}

fn change_provider(user: &mut Value, matches: &ArgMatches, pairs: &Pairs) {
    if let Some(name) = matches.value_of("auth-provider")
        && (user.at("/auth-provider").is_none() || user.str("/auth-provider/name") != name)
    {
        user.put("/auth-provider", json!({"name": name}));
    }
    let Some(provider) = user.get_mut("auth-provider") else { return };
    let mut config = provider.strings("/config");
    config.retain(|key, _| !pairs.removed.contains(key));
    config.extend(pairs.set.iter().cloned());
    provider.put("/config", json!(config));
}

fn change_exec(user: &mut Value, matches: &ArgMatches, env: &Pairs) {
    if let Some(command) = matches.value_of("exec-command") {
        if user.at("/exec").is_none() {
            user.put("/exec", json!({}));
        }
        user.put("/exec/command", command);
        user.remove_at("/exec/args");
    }
    // Without a plugin, the other flags have no effect.
    let Some(exec) = user.get_mut("exec") else { return };
    set_text(exec, "apiVersion", matches, "exec-api-version");
    set_text(exec, "interactiveMode", matches, "exec-interactive-mode");
    if matches.is_set("exec-provide-cluster-info") {
        exec.put("/provideClusterInfo", matches.flag("exec-provide-cluster-info"));
    }
    let arguments = matches.values("exec-arg");
    if !arguments.is_empty() {
        exec.put("/args", json!(arguments));
    }
    let variables = exec.list_mut("/env");
    variables.retain(|variable| !env.removed.iter().any(|name| name == variable.str("/name")));
    for (name, value) in &env.set {
        match variables.iter_mut().find(|variable| variable.str("/name") == name) {
            Some(variable) => variable.put("/value", value.as_str()),
            None => variables.push(json!({"name": name, "value": value})),
        }
    }
}

/// Sets a field to the value of a flag that was given.
fn set_text(object: &mut Value, field: &str, matches: &ArgMatches, flag: &str) {
    if let Some(value) = matches.value_of(flag) {
        object.put(&format!("/{field}"), value);
    }
}

/// Sets the path of a certificate or key, or its content with `--embed-certs`. Returns whether the flag was given.
fn set_certificate(object: &mut Value, flag: &str, matches: &ArgMatches) -> CliResult<bool> {
    if !matches.is_set(flag) {
        return Ok(false);
    }
    let (path, data) = (format!("/{flag}"), format!("/{flag}-data"));
    let Some(file) = matches.path(flag) else {
        object.remove_at(&path);
        return Ok(true);
    };
    if matches.flag("embed-certs") {
        let bytes = std::fs::read(&file).map_err(|e| CliError::io(format!("open {}", file.display()), e))?;
        object.put(&data, STANDARD.encode(bytes));
        object.remove_at(&path);
    } else {
        let file = std::path::absolute(&file).map_err(|e| CliError::io(file.display().to_string(), e))?;
        object.put(&path, file.display().to_string());
        object.remove_at(&data);
    }
    Ok(true)
}

fn check_exists(flag: &str, file: &Path) -> CliResult<()> {
    let shown = file.display();
    let missing =
        |error| CliError::new(format!("could not stat {flag} file {shown}: stat {shown}: {}", io_error(&error)));
    std::fs::metadata(file).map(|_| ()).map_err(missing)
}

/// `KEY=VALUE` and `KEY-` values of a flag.
struct Pairs {
    set: Vec<(String, String)>,
    removed: Vec<String>,
}

impl Pairs {
    /// Parses a flag (`ParsePairs` in `kubectl/pkg/cmd/util/helpers.go`).
    fn parse(matches: &ArgMatches, flag: &str) -> CliResult<Pairs> {
        let (mut pairs, mut invalid) = (Pairs { set: Vec::new(), removed: Vec::new() }, Vec::new());
        for value in matches.values(flag) {
            match (value.split_once('='), value.strip_suffix('-')) {
                (Some((key, value)), _) if !key.is_empty() => pairs.set.push((key.into(), value.into())),
                (None, Some(key)) if !key.is_empty() => pairs.removed.push(key.into()),
                _ => invalid.push(value),
            }
        }
        match invalid.is_empty() {
            true => Ok(pairs),
            false => Err(CliError::new(format!("invalid {flag} format: {}", invalid.join(", ")))),
        }
    }
}
