//! The `config` verbs about contexts.
//!
//! Upstream: `kubectl/pkg/cmd/config/` (`current_context.go`, `get_contexts.go`, `create_context.go` and others).

use clap::{ArgMatches, Command};

use super::entries;
use crate::args::{self, Matches, groups};
use crate::kubeconfig::Kubeconfig;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::order::Order as _;

pub(super) fn list_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::text("output", "Output format. One of: (name).").short('o'))
}

pub(super) fn set_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::text("cluster", "cluster for the context entry in kubeconfig"))
        .arg(args::switch("current", "Modify the current context"))
        .arg(args::text("namespace", "namespace for the context entry in kubeconfig"))
        .arg(args::text("user", "user for the context entry in kubeconfig"))
}

pub(super) fn current(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    match ctx.read_kubeconfig()?.current() {
        "" => Err(CliError::new("current-context is not set")),
        current => {
            ctx.print_line(current);
            Ok(())
        }
    }
}

pub(super) fn switch(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = entries::one_word(matches)?;
    ctx.change_kubeconfig(|config| {
        if config.context(&name).is_none() {
            return Err(CliError::new(format!("no context exists with the name: {}", quote(&name))));
        }
        config.value.put("/current-context", name.as_str());
        Ok(())
    })?;
    ctx.print_line(format!("Switched to context {}.", quote(&name)));
    Ok(())
}

pub(super) fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = match (matches.values("args").as_slice(), matches.flag("current")) {
        ([], true) => None,
        ([name], false) => Some(name.clone()),
        ([], false) => return Err(CliError::new("you must specify a non-empty context name or --current")),
        ([_], true) => return Err(CliError::new("you cannot specify both a context name and --current")),
        (words, _) => return Err(entries::unexpected(words)),
    };
    let line = ctx.change_kubeconfig(|config| set_fields(config, name, matches))?;
    ctx.print_line(line);
    Ok(())
}

/// Sets the fields of a context, by default of the current one, and returns the report.
fn set_fields(config: &mut Kubeconfig, name: Option<String>, matches: &ArgMatches) -> CliResult<String> {
    let name = name.unwrap_or_else(|| config.current().to_string());
    if name.is_empty() {
        return Err(CliError::new("no current context is set"));
    }
    let done = if config.context(&name).is_some() { "modified" } else { "created" };
    let context = config.entry_mut("contexts", "context", &name);
    for (flag, field) in [("cluster", "/cluster"), ("user", "/user"), ("namespace", "/namespace")] {
        match matches.value_of(flag) {
            Some("") => drop(context.remove_at(field)),
            Some(value) => context.put(field, value),
            None => {}
        }
    }
    Ok(format!("Context {} {done}.", quote(&name)))
}

pub(super) fn rename(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [old, new] = words.as_slice() else {
        return Err(entries::unexpected(&words));
    };
    ctx.change_kubeconfig(|config| rename_context(config, old, new))?;
    ctx.print_line(format!("Context {} renamed to {}.", quote(old), quote(new)));
    Ok(())
}

fn rename_context(config: &mut Kubeconfig, old: &str, new: &str) -> CliResult<()> {
    if config.context(old).is_none() {
        let path = config.path();
        return Err(CliError::new(format!("cannot rename the context {}, it's not in {path}", quote(old))));
    }
    if config.context(new).is_some() {
        let path = config.path();
        return Err(CliError::new(format!(
            "cannot rename the context {}, the context {} already exists in {path}",
            quote(old),
            quote(new)
        )));
    }
    for entry in config.value.items_mut("/contexts").filter(|c| c.str("/name") == old) {
        entry.put("/name", new);
    }
    if config.current() == old {
        config.value.put("/current-context", new);
    }
    Ok(())
}

/// Formats of `get` that lists of contexts do not have.
const OTHER_FORMATS: &[&str] = &[
    "json",
    "yaml",
    "wide",
    "custom-columns",
    "custom-columns-file",
    "go-template",
    "go-template-file",
    "jsonpath",
    "jsonpath-file",
];

pub(super) fn list(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    match matches.string("output") {
        "" | "name" => {}
        other if OTHER_FORMATS.contains(&other) => {
            return Err(CliError::new(format!(
                "--output {other} is not available in kubectl config get-contexts; resetting to default output format"
            )));
        }
        other => return Err(CliError::new(format!("output must be one of '' or 'name': {other}"))),
    }
    let config = ctx.read_kubeconfig()?;
    let wanted = matches.values("args");
    let mut errors = Vec::new();
    for name in wanted.iter().filter(|n| config.context(n).is_none()) {
        errors.push(CliError::new(format!("context {name} not found")));
    }
    let mut entries: Vec<&Value> = config.value.list("/contexts").iter().collect();
    entries.retain(|c| wanted.is_empty() || wanted.iter().any(|w| w == c.str("/name")));
    entries.order_by_key(|c| c.str("/name"));
    if matches.string("output") == "name" {
        entries.iter().for_each(|c| ctx.print_line(c.str("/name")));
        return CliError::all(errors);
    }
    let row = |c: &&Value| {
        let mark = if c.str("/name") == config.current() { "*" } else { "" };
        let fields = ["/name", "/context/cluster", "/context/user", "/context/namespace"].map(|f| c.str(f));
        std::iter::once(mark).chain(fields).map(String::from).collect()
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    let headers = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(String::from);
    let mut text = Vec::new();
    let headers = (!matches.flag("no-headers")).then_some(headers.as_slice());
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    CliError::all(errors)
}
