//! `config view`: prints the kubeconfig file.
//!
//! Upstream: `kubectl/pkg/cmd/config/view.go`.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::kubeconfig::Kubeconfig;
use crate::output::Output;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};

pub(super) fn flags(command: Command) -> Command {
    groups::output(groups::args(command))
        .arg(args::switch("minify", "Remove what the current context does not use."))
        .arg(args::switch("flatten", "Accepted for compatibility; nothing refers to other files."))
        .arg(args::switch("raw", "Print certificates and secrets, too."))
        .arg(args::switch("merge", "Accepted for compatibility; a single file is read.").help_default("true"))
}

pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    if !words.is_empty() {
        return Err(ctx.usage("config view", &format!("unexpected arguments: [{}]", words.join(" "))));
    }
    let mut config = ctx.read_kubeconfig()?;
    if let Some(context) = matches.value_of("context").filter(|c| !c.is_empty()) {
        config.value.put("/current-context", context);
    }
    if matches.flag("minify") {
        minify(&mut config)?;
    }
    if !matches.flag("raw") && !matches.flag("flatten") {
        hide_secrets(&mut config.value);
    }
    if matches.string("output").is_empty() && matches.string("template").is_empty() {
        ctx.out.push_str(&kctl_base::yaml::to_yaml(&config.value));
        return Ok(());
    }
    Output::of_report(matches)?.print(ctx, &config.value)
}

/// Removes everything that the current context does not use.
fn minify(config: &mut Kubeconfig) -> CliResult<()> {
    let current = config.current().to_string();
    if current.is_empty() {
        return Err(CliError::new("current-context must exist in order to minify"));
    }
    let Some(context) = config.context(&current).cloned() else {
        return Err(CliError::new(format!("cannot locate context {current}")));
    };
    for (list, name) in
        [("/contexts", current.as_str()), ("/clusters", context.str("/cluster")), ("/users", context.str("/user"))]
    {
        config.value.list_mut(list).retain(|e| e.str("/name") == name);
    }
    Ok(())
}

/// Replaces credentials and certificates, as `config view` does without `--raw`.
fn hide_secrets(config: &mut Value) {
    const SECRETS: &[(&str, &str, &str)] = &[
        ("/clusters", "/cluster/certificate-authority-data", "DATA+OMITTED"),
        ("/users", "/user/client-certificate-data", "DATA+OMITTED"),
        ("/users", "/user/client-key-data", "DATA+OMITTED"),
        ("/users", "/user/token", "REDACTED"),
        ("/users", "/user/password", "REDACTED"),
    ];
    for (list, field, instead) in SECRETS {
        for entry in config.items_mut(list).filter(|e| !e.str(field).is_empty()) {
            entry.put(field, *instead);
        }
    }
}
