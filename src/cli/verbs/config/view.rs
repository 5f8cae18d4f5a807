//! `config view`: prints the kubeconfig file.
//!
//! Upstream: `kubectl/pkg/cmd/config/view.go`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::kubeconfig::Kubeconfig;
use crate::output::Output;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};

pub(super) fn flags(command: Command) -> Command {
    groups::output(groups::args(command))
        .mut_arg("output", |arg| arg.help_default("'yaml'"))
        .arg(args::switch("minify", "Remove what the current context does not use."))
        .arg(args::switch("flatten", "Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)"))
        .arg(args::switch("raw", "Print certificates and secrets, too."))
        .arg(args::switch("merge", "Merge the full hierarchy of kubeconfig files").help_default("true"))
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
    if matches.flag("flatten") {
        flatten(&mut config)?;
    } else if !matches.flag("raw") {
        hide_secrets(&mut config.value);
    }
    config.normalise();
    match (matches.string("output"), matches.string("template")) {
        ("" | "yaml", "") | ("yaml", _) => ctx.out.push_str(&kctl_base::yaml::to_yaml(&config.value)),
        ("json", _) => ctx.print_line(config.to_json()),
        _ => return Output::of_typed_report(matches)?.print(ctx, &config.value),
    }
    Ok(())
}

/// The files that entries refer to: the list, the content of an entry, and the field with the path.
const FILES: &[(&str, &str, &str)] = &[
    ("clusters", "cluster", "certificate-authority"),
    ("users", "user", "client-certificate"),
    ("users", "user", "client-key"),
];

/// Replaces the paths of files by their contents (`FlattenConfig` in `client-go/tools/clientcmd/api/helpers.go`).
fn flatten(config: &mut Kubeconfig) -> CliResult<()> {
    for (list, object, field) in FILES {
        let (list, path, data) = (format!("/{list}"), format!("/{object}/{field}"), format!("/{object}/{field}-data"));
        for at in 0..config.value.list(&list).len() {
            let entry = &config.value.list(&list)[at];
            let file = entry.str(&path);
            if file.is_empty() {
                continue;
            }
            if entry.str(&data).is_empty() {
                let file = config.folder_of(&list, entry.str("/name")).join(file);
                let bytes = std::fs::read(&file).map_err(|e| CliError::io(format!("open {}", file.display()), e))?;
                let text = STANDARD.encode(bytes);
                config.value.list_mut(&list)[at].put(&data, text);
            }
            config.value.list_mut(&list)[at].remove_at(&path);
        }
    }
    Ok(())
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
    let used = [
        ("/contexts", "context", current.as_str()),
        ("/clusters", "cluster", context.str("/cluster")),
        ("/users", "user", context.str("/user")),
    ];
    for (list, what, name) in used {
        let entries = config.value.list_mut(list);
        entries.retain(|entry| entry.str("/name") == name);
        if entries.is_empty() && !name.is_empty() {
            return Err(CliError::new(format!("cannot locate {what} {name}")));
        }
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
