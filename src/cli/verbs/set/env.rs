//! `set env`: environment variables of containers, from arguments or from a ConfigMap or Secret.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_env.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use super::env_values::{reference_text, resolve_value};
use super::pod_spec;
use crate::args::{self, ArgProperties, Matches, groups};
use crate::resolve::{Selection, resolve};
use crate::verbs::targets::{self, EditTarget, Source};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_kinds::shared::formats;

/// The `set env` verb.
pub(super) const VERB: Verb = Verb {
    name: "env",
    aliases: &[],
    about: "Update environment variables on a pod template",
    long: "Update the environment variables of containers, or list them.

 Variables are given as arguments or taken from a config map or a secret; KEY- removes one. A name in the place \
    of the arguments, \"-\", reads them from standard input.

 Possible resources include (case insensitive): pod (po), replicationcontroller (rc), deployment (deploy), \
    daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs).",
    examples: &[
        ("Set a variable of a deployment", "set env deployment/registry STORAGE_DIR=/local"),
        ("List the variables of a deployment", "set env deployment/build --list"),
        ("List the variables of all pods", "set env pods --all --list"),
        (
            "Print the changed deployment as YAML without changing it",
            "set env deployment/build STORAGE_DIR=/data -o yaml --dry-run=client",
        ),
        (
            "Set a variable in one container of every deployment of the namespace",
            "set env deployments --all --containers=c1 ENV=prod",
        ),
        ("Take variables from a secret", "set env --from=secret/login deployment/web"),
        (
            "Take variables from a config map, with a prefix",
            "set env --from=configmap/settings --prefix=MYSQL_ deployment/web",
        ),
        ("Remove a variable from all containers of the deployments of the namespace", "set env deployments --all ENV-"),
    ],
    usage: "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(groups::labels(command::flags(command)))
        .arg(
            args::text("containers", "Name of the containers to change; wildcards are allowed.")
                .help_default("'*'")
                .short('c'),
        )
        .arg(args::text("from", "Config map or secret whose keys become variables."))
        .arg(args::text("prefix", "Prefix of the names of the variables that are set."))
        .arg(args::list("keys", "Take only these keys with --from."))
        .arg(args::each("env", "Variable to set, NAME=VALUE, or to remove, NAME-; can be repeated.").short('e'))
        .arg(args::switch("list", "Print the variables instead of changing them."))
        .arg(args::switch("resolve", "With --list, print the values behind references to config maps and secrets."))
        .arg(
            args::switch("overwrite", "If true, replace variables that have another value; otherwise refuse to.")
                .help_default("true"),
        )
}

/// The changes of the variables.
struct EnvChanges {
    set: Vec<Value>,
    remove: Vec<String>,
    overwrite: bool,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let at = words.iter().position(|w| is_variable(w)).unwrap_or(words.len());
    let (resources, variables) = words.split_at(at);
    if !variables.iter().all(|w| is_variable(w)) {
        let all = words.join(" ");
        return Err(CliError::new(format!("all resources must be specified before environment changes: {all}")));
    }
    if resources.is_empty() && !matches.is_set("filename") && !matches.is_set("kustomize") {
        let text = "one or more resources must be specified as <resource> <name> or <resource>/<name>";
        return Err(CliError::new(text));
    }
    command::check_all(matches)?;
    let list = matches.flag("list");
    if list && !matches.string("output").is_empty() {
        return Err(CliError::new("--list and --output may not be specified together"));
    }
    if !matches.values("keys").is_empty() && matches.string("from").is_empty() {
        return Err(CliError::new("when specifying --keys, a configmap or secret must be provided with --from"));
    }
    let typed: Vec<String> = matches.values("env").into_iter().chain(variables.iter().cloned()).collect();
    let mut change = parse(ctx, &typed)?;
    change.overwrite = matches.flag_or("overwrite", true);
    let prefix = matches.string("prefix");
    for variable in change.set.iter_mut().filter(|_| !prefix.is_empty()) {
        let name = format!("{prefix}{}", variable.str("/name"));
        variable.put("/name", name);
    }
    change.set.extend(variables_from(ctx, matches)?);
    let command = SetCommand::read(ctx, matches, resources.to_vec())?;
    command.check(matches)?;
    let pattern = matches.value_of("containers").unwrap_or("*").to_string();
    let messages = Messages {
        done: "env updated",
        failed: "failed to patch env update to pod template: ",
        reports_unchanged: false,
    };
    let resolve = matches.flag("resolve");
    command.run(ctx, &messages, |ctx, target, object, _| {
        edit(ctx, target, object, &pattern, &change)?;
        if list {
            show(ctx, object, &pattern, resolve)?;
        }
        Ok(!list)
    })
}

fn is_variable(word: &str) -> bool {
    word.find('=').is_some_and(|at| at > 0) || word.ends_with('-')
}

/// Parses `NAME=VALUE` and `NAME-`; `-` reads them from standard input.
fn parse(ctx: &mut Ctx, words: &[String]) -> CliResult<EnvChanges> {
    let mut change = EnvChanges { set: Vec::new(), remove: Vec::new(), overwrite: true };
    let mut all = Vec::new();
    for word in words {
        if word == "-" {
            let text = String::from_utf8_lossy(&ctx.read_stdin()?).into_owned();
            all.extend(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(String::from));
        } else {
            all.push(word.clone());
        }
    }
    for word in &all {
        if let Some((name, value)) = word.split_once('=') {
            let problems = formats::typed_env_name_problems(name);
            if !problems.is_empty() {
                let text = format!("{} is not a valid key name: {}", quote(name), problems.join(";"));
                return Err(CliError::new(text));
            }
            change.set.push(json!({"name": name, "value": value}));
        } else if let Some(name) = word.strip_suffix('-') {
            change.remove.push(name.into());
        } else {
            return Err(CliError::new(format!("unknown environment variable: {word}")));
        }
    }
    if change.remove.iter().any(|r| change.set.iter().any(|v| v.str("/name") == r)) {
        return Err(CliError::new("can not both modify and remove the same environment variable in the same command"));
    }
    Ok(change)
}

/// The variables that refer to the keys of `--from`.
fn variables_from(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Vec<Value>> {
    let from = matches.string("from");
    if from.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection { args: vec![from.into()], namespace: ctx.namespace(), ..Selection::default() };
    let resolved = resolve(ctx, &selection)?;
    let (sources, errors) = targets::load_typed(ctx, resolved, Source::Server);
    CliError::all(errors)?;
    let (wanted, prefix) = (matches.values("keys"), matches.string("prefix"));
    let mut variables = Vec::new();
    for source in sources {
        let reference = match source.object.kind() {
            "Secret" => "secretKeyRef",
            "ConfigMap" => "configMapKeyRef",
            _ => return Err(CliError::new("unsupported resource specified in --from")),
        };
        for key in source.object.map("/data").into_iter().flat_map(|m| m.keys()) {
            if wanted.is_empty() || wanted.iter().any(|own| own == key) {
                let name = format!("{prefix}{}", variable_name(ctx, key));
                variables
                    .push(json!({"name": name, "valueFrom": {reference: {"key": key, "name": source.object.name()}}}));
            }
        }
    }
    Ok(variables)
}

/// The name of the variable for a key.
fn variable_name(ctx: &mut Ctx, key: &str) -> String {
    let name: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name != key {
        ctx.warn(&format!("key {key} transferred to {name}"));
    }
    name
}

/// Changes the variables of the containers that match the pattern.
fn edit(ctx: &mut Ctx, target: &EditTarget, object: &mut Value, pattern: &str, change: &EnvChanges) -> CliResult<()> {
    let pointer = pod_spec::pointer(object)?;
    let Some(spec) = object.pointer_mut(pointer) else { return Ok(()) };
    let containers = pod_spec::containers(spec, pattern);
    if containers.is_empty() {
        let (kind, name) = (target.object.kind(), target.object.name());
        ctx.print_error(format!("Warning: {kind}/{name} does not have any containers matching {}", quote(pattern)));
    }
    for container in containers {
        let old = container.list("/env").to_vec();
        if !change.overwrite {
            refuse_overwriting(&old, &change.set)?;
        }
        let new = merged(old, change);
        if new.is_empty() {
            container.remove_at("/env");
        } else {
            container.put("/env", new);
        }
    }
    Ok(())
}

fn find<'a>(variables: &'a [Value], name: &str) -> Option<&'a Value> {
    variables.iter().find(|v| v.str("/name") == name)
}

fn refuse_overwriting(old: &[Value], set: &[Value]) -> CliResult<()> {
    for new in set {
        let name = new.str("/name");
        if let Some(value) = find(old, name).map(|v| v.str("/value")).filter(|v| *v != new.str("/value")) {
            let text = format!("'{name}' already has a value ({value}), and --overwrite is false");
            return Err(CliError::new(text));
        }
    }
    Ok(())
}

/// The variables after the change: existing ones keep their positions, new ones follow.
fn merged(old: Vec<Value>, change: &EnvChanges) -> Vec<Value> {
    let mut covered = change.remove.clone();
    let mut new = Vec::new();
    for variable in old.iter().chain(&change.set) {
        let name = variable.str("/name");
        if covered.iter().any(|c| c == name) {
            continue;
        }
        if let Some(replacement) = find(&change.set, name) {
            covered.push(name.into());
            new.push(replacement.clone());
        } else {
            new.push(variable.clone());
        }
    }
    new
}

/// Prints the variables (`--list`).
fn show(ctx: &mut Ctx, object: &mut Value, pattern: &str, resolve: bool) -> CliResult<()> {
    let pointer = pod_spec::pointer(object)?;
    let whole = object.clone();
    let Some(spec) = object.pointer_mut(pointer) else { return Ok(()) };
    let mut failed = false;
    for container in pod_spec::containers(spec, pattern) {
        ctx.print_line(format!("# {} {}, container {}", whole.kind(), whole.name(), container.str("/name")));
        let mut problems: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for variable in container.list("/env") {
            let name = variable.str("/name");
            let Some(source) = variable.at("/valueFrom") else {
                ctx.print_line(format!("{name}={}", variable.str("/value")));
                continue;
            };
            if resolve {
                match resolve_value(ctx, &whole, container, source) {
                    Ok(value) => {
                        ctx.print_line(format!("{name}={value}"));
                        continue;
                    }
                    Err(problem) => problems.entry(problem).or_default().push(name.into()),
                }
            }
            ctx.print_line(format!("# {name} from {}", reference_text(source)));
        }
        failed |= !problems.is_empty();
        for (problem, mut names) in problems {
            names.order();
            ctx.print_error(format!("error retrieving reference for {}: {problem}", names.join(", ")));
        }
    }
    match failed {
        true => Err(CliError::new("failed to retrieve valueFrom references")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_their_places() {
        let variable = |name: &str, value: &str| json!({"name": name, "value": value});
        let old = vec![variable("A", "1"), variable("B", "2"), variable("C", "3")];
        let change =
            EnvChanges { set: vec![variable("D", "4"), variable("B", "9")], remove: vec!["A".into()], overwrite: true };
        assert_eq!(merged(old, &change), [variable("B", "9"), variable("C", "3"), variable("D", "4")]);
    }
}
