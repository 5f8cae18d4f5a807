//! `run`: creates a pod from an image, and with `--expose` a service for it.
//!
//! Upstream: `kubectl/pkg/cmd/run/run.go`.

mod attach;

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::creation::{self, Creation};
use super::delete;
use super::overrides;
use super::targets;
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::{CliError, CliResult, Ctx, Verb, last_applied, record};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::sim::Duration;

/// The `run` verb.
pub(super) const VERB: Verb = Verb {
    name: "run",
    aliases: &[],
    about: "Run a particular image on the cluster",
    long: "Create a pod that runs an image.",
    examples: &[
        ("Start a pod with nginx", "run nginx --image=nginx"),
        ("Start a pod that exposes port 5701", "run cache --image=busybox --port=5701"),
        (
            "Start a pod with environment variables",
            "run worker --image=busybox --env=\"DNS_DOMAIN=cluster\" --env=\"POD_NAMESPACE=default\"",
        ),
        ("Start a pod with labels", "run labeled --image=busybox --labels=\"app=cache,env=prod\""),
        ("Print the pod without creating it", "run nginx --image=nginx --dry-run=client"),
        (
            "Start a pod whose specification is changed by JSON",
            "run timed --image=nginx --overrides='{\"apiVersion\":\"v1\",\"spec\":{\"terminationGracePeriodSeconds\":5}}'",
        ),
        ("Start a pod that is not restarted when it ends", "run once --image=busybox --restart=Never"),
        ("Start a pod with arguments for the command of its image", "run args --image=busybox -- arg1 arg2"),
        ("Start a pod with another command and its arguments", "run command --image=busybox --command -- sleep 60"),
    ],
    usage: "NAME --image=image [--env=\"key=value\"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = overrides::flags(groups::record(creation::flags(command, "kubectl-run")));
    without_effect(delete::deletion(command, "false"))
        .arg(args::text("image", "Image of the container.").required(true))
        .arg(args::text(
            "image-pull-policy",
            "Image pull policy of the container. One of: (Always, IfNotPresent, Never).",
        ))
        .arg(args::text("port", "Port that the container exposes."))
        .arg(args::each("env", "Environment variable of the container, in the form name=value; can be repeated."))
        .arg(args::text("labels", "Labels of the pod, key=value separated by commas.").short('l'))
        .arg(args::each("annotations", "Annotation of the pod, in the form key=value; can be repeated."))
        .arg(
            args::text("restart", "Restart policy of the pod. One of: (Always, OnFailure, Never).")
                .help_default("'Always'"),
        )
        .arg(args::switch(
            "command",
            "Use the arguments after -- as the command of the container instead of its arguments.",
        ))
        .arg(args::switch("expose", "Create a ClusterIP service for the pod, too; requires --port."))
        .arg(args::switch("privileged", "Run the container in privileged mode."))
        .arg(args::switch("stdin", "Keep the standard input of the container open.").short('i'))
        .arg(args::switch("tty", "Allocate a terminal for the container.").short('t'))
        .arg(args::switch("attach", "Wait until the pod runs and print what its container writes until it ends. Defaults to true with --stdin."))
        .arg(args::switch("leave-stdin-open", "Leave the standard input of the container open after the first attachment, and do not return its exit code."))
        .arg(args::switch("rm", "Delete the pod when it has ended; requires --attach."))
        .arg(args::switch("quiet", "Print only the output of the container.").short('q'))
        .arg(
            args::duration("pod-running-timeout", "Time to wait until the pod runs, with --attach.")
                .help_default("1m0s"),
        )
        .arg(Arg::new("command-words").action(ArgAction::Append).num_args(0..).last(true).hide(true))
}

/// Makes the flags about a deletion those of kubectl's `run`, which adds flags about files, and takes only the fate of
/// dependents from them.
fn without_effect(command: Command) -> Command {
    let command = ["force", "grace-period", "timeout", "wait"].into_iter().fold(command, |command, flag| {
        command.mut_arg(flag, |arg| arg.help("Accepted for compatibility; --rm deletes the pod in its usual way."))
    });
    command
        .arg(args::paths("filename", "Accepted for compatibility; the pod comes from the other flags.").short('f'))
        .arg(args::path("kustomize", "Accepted for compatibility; the pod comes from the other flags.").short('k'))
        .arg(args::switch("recursive", "Accepted for compatibility; no files are read.").short('R'))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let words = matches.values("args");
    let Some((name, rest)) = words.split_first() else {
        return Err(ctx.usage("run", "NAME is required for run"));
    };
    if name.is_empty() {
        return Err(CliError::new("Parameter: name is required"));
    }
    let command: Vec<String> = rest.iter().cloned().chain(matches.values("command-words")).collect();
    validate(ctx, matches)?;
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_typed_report(matches)?;
    let attach = matches.flag_or("attach", matches.flag("stdin"));
    if matches.flag("rm") && !attach {
        return Err(ctx.usage("run", "--rm should only be used for attached containers"));
    }
    if attach && dry_run != DryRun::None {
        let text =
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)";
        return Err(ctx.usage("run", text));
    }
    let manager = groups::read_manager(matches, "kubectl-run");
    let creation = Creation { manager: &manager, dry_run, save_config: matches.flag("save-config"), validation: None };
    let labels = read_labels(matches, name)?;
    let mut pod = overrides::apply(build_pod(matches, name, &labels, &command)?, matches)?;
    record::annotate(&mut pod, cause.as_deref());
    let mut created = vec![creation.create(ctx, pod)?];
    if matches.flag("expose") {
        let service = creation.create(ctx, build_service(matches, name, &labels)?)?;
        output.report(ctx, &service, &targets::label_of(&service), "created", dry_run)?;
        if matches.string("output") == "yaml" {
            // kubectl prints this separator in addition to the one of its YAML printer.
            ctx.print_line("---");
        }
        created.push(service);
    }
    if attach {
        return attach::attach(ctx, matches, &created);
    }
    output.report(ctx, &created[0], &targets::label_of(&created[0]), "created", dry_run)
}

/// Checks the flags that need no server.
fn validate(ctx: &Ctx, matches: &ArgMatches) -> CliResult<()> {
    let image = matches.string("image");
    if image.is_empty() {
        return Err(CliError::new("--image is required"));
    }
    if !is_image(image) {
        return Err(CliError::new(format!("Invalid image name {}: invalid reference format", quote(image))));
    }
    if matches.flag("tty") && !matches.flag("stdin") {
        return Err(ctx.usage("run", "-i/--stdin is required for containers with -t/--tty=true"));
    }
    if matches.flag("expose") && matches.string("port").is_empty() {
        return Err(ctx.usage("run", "--port must be set when exposing a service"));
    }
    if matches.duration("pod-running-timeout").is_some_and(|timeout| timeout <= Duration::ZERO) {
        return Err(ctx.usage("run", "--pod-running-timeout must be higher than zero"));
    }
    let restart = matches.string("restart");
    if !["", "Always", "OnFailure", "Never"].contains(&restart) {
        return Err(ctx.usage("run", &format!("invalid restart policy: {restart}")));
    }
    let policy = matches.string("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&policy) {
        return Err(ctx.usage("run", &format!("invalid image pull policy: {policy}")));
    }
    Ok(())
}

/// Returns whether a string is an image reference, `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` (`distribution/reference/regexp.go`).
pub(super) fn is_image(text: &str) -> bool {
    let part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    let host =
        "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?";
    let tag = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?";
    let digest = "(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
    let whole = format!("^(?:{host}/)?{part}(?:/{part})*{tag}{digest}$");
    regex::Regex::new(&whole).is_ok_and(|r| r.is_match(text))
}

/// Reads `--labels`, by default `run=NAME`.
fn read_labels(matches: &ArgMatches, name: &str) -> CliResult<BTreeMap<String, String>> {
    let text = matches.string("labels");
    if text.is_empty() {
        return Ok(BTreeMap::from([("run".to_string(), name.to_string())]));
    }
    let mut labels = BTreeMap::new();
    for spec in text.split(',') {
        match spec.split_once('=') {
            Some(("", _)) => return Err(CliError::new("unexpected empty label key")),
            Some((key, value)) if !value.contains('=') => drop(labels.insert(key.to_string(), value.to_string())),
            _ => return Err(CliError::new(format!("unexpected label spec: {spec}"))),
        }
    }
    Ok(labels)
}

/// Reads `--port`; `None` without it.
fn read_port(matches: &ArgMatches) -> CliResult<Option<i64>> {
    let text = matches.string("port");
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || CliError::new(format!("strconv.Atoi: parsing {}: invalid syntax", quote(text)));
    text.parse().map(Some).map_err(|_| wrong())
}

/// Returns whether a string is the name of an environment variable.
fn is_variable_name(name: &str) -> bool {
    kctl_kinds::shared::formats::typed_env_name_problems(name).is_empty()
}

/// Splits `name=value` arguments, whose names must be valid; an error calls them `description`.
fn split_pairs(args: &[String], description: &str, is_valid: fn(&str) -> bool) -> CliResult<Vec<(String, String)>> {
    let pair = |arg: &String| {
        let pair = arg.split_once('=').filter(|(name, _)| is_valid(name));
        pair.map(|(n, v)| (n.to_string(), v.to_string()))
            .ok_or_else(|| CliError::new(format!("invalid {description}: {arg}")))
    };
    args.iter().map(pair).collect()
}

/// Builds the pod; `command` are the arguments after the name.
fn build_pod(
    matches: &ArgMatches,
    name: &str,
    labels: &BTreeMap<String, String>,
    command: &[String],
) -> CliResult<Value> {
    let env: Vec<Value> = split_pairs(&matches.values("env"), "env", is_variable_name)?
        .into_iter()
        .map(|(n, v)| if v.is_empty() { json!({"name": n}) } else { json!({"name": n, "value": v}) })
        .collect();
    let annotations: BTreeMap<String, String> =
        split_pairs(&matches.values("annotations"), "annotations format", |name| !name.is_empty())?
            .into_iter()
            .collect();
    let when = |present: bool, value: Value| if present { value } else { Value::Null };
    let text = |name: &str| when(!matches.string(name).is_empty(), matches.string(name).into());
    let as_command = matches.flag("command");
    let container = json!({
        "name": name,
        "image": matches.string("image"),
        "imagePullPolicy": text("image-pull-policy"),
        "env": when(!env.is_empty(), env.clone().into()),
        "ports": read_port(matches)?.map(|p| json!([{"containerPort": p}])),
        "command": when(as_command && !command.is_empty(), command.into()),
        "args": when(!as_command && !command.is_empty(), command.into()),
        "stdin": when(matches.flag("stdin"), true.into()),
        "stdinOnce": when(matches.flag("stdin") && !matches.flag("leave-stdin-open"), true.into()),
        "tty": when(matches.flag("tty"), true.into()),
        "securityContext": when(matches.flag("privileged"), json!({"privileged": true})),
        "resources": {},
    });
    Ok(last_applied::without_nulls(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": when(!annotations.is_empty(), json!(annotations)),
            "labels": labels,
            "name": name,
        },
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": matches.value_of("restart").filter(|r| !r.is_empty()).unwrap_or("Always"),
        },
    })))
}

/// Builds the service of `--expose`.
fn build_service(matches: &ArgMatches, name: &str, labels: &BTreeMap<String, String>) -> CliResult<Value> {
    let port = read_port(matches)?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": labels},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_references_are_checked() {
        for (image, expected) in [
            ("nginx:1.25", true),
            ("registry.example.com:5000/a/b-c@sha256:0123456789abcdef0123456789abcdef", true),
            ("Nginx", false),
            ("nginx:", false),
            ("k8s.gcr.io/pause", true),
        ] {
            assert_eq!(is_image(image), expected, "{image}");
        }
    }
}
