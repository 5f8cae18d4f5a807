//! `run`: one pod of an image; with `--expose` a service in front of it.
//!
//! Containers are not executed, so that there is nothing to type into; `--attach` waits for the end of the pod and prints
//! what it is known to have printed.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::change;
use super::delete::{self, Deletion};
use super::made::{self, Making};
use crate::args::groups::{self, DryRun};
use crate::args::{self, Matches};
use crate::output::Output;
use crate::resolve::Item;
use crate::{CliError, CliResult, Ctx, Verb, gone, last_applied, record, resolve};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_cluster::client::LogStream;
use kctl_cluster::{LogOptions, WaitFor};

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "run", aliases: &[], about: "Run a particular image on the cluster", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    let command = made::overrides(groups::record(Making::flags(command)));
    command
        .arg(args::text("image", "the image; required").required(true))
        .arg(args::text("image-pull-policy", "when the image is pulled: Always, IfNotPresent, Never"))
        .arg(args::text("port", "the port that the container exposes"))
        .arg(args::each("env", "an environment variable, NAME=VALUE"))
        .arg(args::text("labels", "labels, a=b,c=d").short('l'))
        .arg(args::each("annotations", "an annotation, KEY=VALUE"))
        .arg(args::text("restart", "when the container is started again: Always, OnFailure, Never"))
        .arg(args::switch("command", "the words after -- are the command, not its arguments"))
        .arg(args::switch("expose", "make a service for --port too"))
        .arg(args::switch("privileged", "run the container privileged"))
        .arg(args::switch("stdin", "keep standard input open").short('i'))
        .arg(args::switch("tty", "give the container a terminal").short('t'))
        .arg(args::switch("attach", "wait for the end of the pod and print its output"))
        .arg(args::switch("leave-stdin-open", "accepted; nothing is attached"))
        .arg(args::switch("rm", "delete the pod when it has ended"))
        .arg(args::switch("quiet", "print nothing but the output").short('q'))
        .arg(args::duration("pod-running-timeout", "how long --attach waits for the pod to run, 1m by default"))
        .arg(Arg::new("command-words").action(ArgAction::Append).num_args(0..).last(true).hide(true))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let words = matches.values("words");
    let Some((name, rest)) = words.split_first() else {
        return Err(ctx.usage("run", "NAME is required for run"));
    };
    if name.is_empty() {
        return Err(CliError::text("Parameter: name is required"));
    }
    let command: Vec<String> = rest.iter().cloned().chain(matches.values("command-words")).collect();
    check(ctx, matches)?;
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let attach = matches.on_or("attach", matches.on("stdin"));
    if matches.on("rm") && !attach {
        return Err(ctx.usage("run", "--rm should only be used for attached containers"));
    }
    if attach && dry_run != DryRun::None {
        let text =
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)";
        return Err(ctx.usage("run", text));
    }
    if attach && matches.on("tty") {
        return Err(CliError::text("a terminal can not be attached: containers are simulated, nothing runs in them"));
    }
    let manager = groups::read_manager(matches, "kubectl-run");
    let making = Making { manager: &manager, dry_run, save_config: matches.on("save-config") };
    let labels = labels(matches, name)?;
    let mut pod = made::overridden(pod(matches, name, &labels, &command)?, matches)?;
    record::note(&mut pod, cause.as_deref());
    let pod = making.create(ctx, pod)?;
    if matches.on("expose") {
        let service = making.create(ctx, service(matches, name, &labels)?)?;
        output.report(ctx, &service, &change::label_of(&service), "created", dry_run)?;
        if matches.value("output") == "yaml" {
            // kubectl parts the two by hand, although the printer does it too.
            ctx.say("---");
        }
    }
    if attach {
        return follow(ctx, matches, &pod);
    }
    output.report(ctx, &pod, &change::label_of(&pod), "created", dry_run)
}

fn check(ctx: &Ctx, matches: &ArgMatches) -> CliResult<()> {
    let image = matches.value("image");
    if image.is_empty() {
        return Err(CliError::text("--image is required"));
    }
    if !is_image(image) {
        return Err(CliError::text(format!("Invalid image name {}: invalid reference format", quote(image))));
    }
    if matches.on("tty") && !matches.on("stdin") {
        return Err(ctx.usage("run", "-i/--stdin is required for containers with -t/--tty=true"));
    }
    if matches.on("expose") && matches.value("port").is_empty() {
        return Err(ctx.usage("run", "--port must be set when exposing a service"));
    }
    let restart = matches.value("restart");
    if !["", "Always", "OnFailure", "Never"].contains(&restart) {
        return Err(ctx.usage("run", &format!("invalid restart policy: {restart}")));
    }
    let policy = matches.value("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&policy) {
        return Err(ctx.usage("run", &format!("invalid image pull policy: {policy}")));
    }
    Ok(())
}

/// Whether a text is `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
fn is_image(text: &str) -> bool {
    let part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    let host =
        "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?";
    let tag = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?";
    let digest = "(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
    let whole = format!("^(?:{host}/)?{part}(?:/{part})*{tag}{digest}$");
    regex::Regex::new(&whole).is_ok_and(|r| r.is_match(text))
}

fn labels(matches: &ArgMatches, name: &str) -> CliResult<BTreeMap<String, String>> {
    let text = matches.value("labels");
    if text.is_empty() {
        return Ok(BTreeMap::from([("run".to_string(), name.to_string())]));
    }
    let mut labels = BTreeMap::new();
    for spec in text.split(',') {
        match spec.split_once('=') {
            Some(("", _)) => return Err(CliError::text("unexpected empty label key")),
            Some((key, value)) if !value.contains('=') => drop(labels.insert(key.to_string(), value.to_string())),
            _ => return Err(CliError::text(format!("unexpected label spec: {spec}"))),
        }
    }
    Ok(labels)
}

fn port(matches: &ArgMatches) -> CliResult<Option<i64>> {
    let text = matches.value("port");
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || CliError::text(format!("strconv.Atoi: parsing {}: invalid syntax", quote(text)));
    text.parse().map(Some).map_err(|_| wrong())
}

/// Whether a variable can be called so.
fn is_variable(name: &str) -> bool {
    kctl_kinds::shared::formats::typed_env_name_problems(name).is_empty()
}

fn pairs(words: &[String], what: &str, fits: fn(&str) -> bool) -> CliResult<Vec<(String, String)>> {
    let pair = |word: &String| {
        let pair = word.split_once('=').filter(|(name, _)| fits(name));
        pair.map(|(n, v)| (n.to_string(), v.to_string()))
            .ok_or_else(|| CliError::text(format!("invalid {what}: {word}")))
    };
    words.iter().map(pair).collect()
}

fn pod(matches: &ArgMatches, name: &str, labels: &BTreeMap<String, String>, words: &[String]) -> CliResult<Value> {
    let env: Vec<Value> = pairs(&matches.values("env"), "env", is_variable)?
        .into_iter()
        .map(|(n, v)| json!({"name": n, "value": v}))
        .collect();
    let annotations: BTreeMap<String, String> =
        pairs(&matches.values("annotations"), "annotations format", |name| !name.is_empty())?.into_iter().collect();
    let given = |list: bool, value: Value| if list { value } else { Value::Null };
    let text = |name: &str| given(!matches.value(name).is_empty(), matches.value(name).into());
    let as_command = matches.on("command");
    let container = json!({
        "name": name,
        "image": matches.value("image"),
        "imagePullPolicy": text("image-pull-policy"),
        "env": given(!env.is_empty(), env.clone().into()),
        "ports": port(matches)?.map(|p| json!([{"containerPort": p}])),
        "command": given(as_command && !words.is_empty(), words.into()),
        "args": given(!as_command && !words.is_empty(), words.into()),
        "stdin": given(matches.on("stdin"), true.into()),
        "stdinOnce": given(matches.on("stdin") && !matches.on("leave-stdin-open"), true.into()),
        "tty": given(matches.on("tty"), true.into()),
        "securityContext": given(matches.on("privileged"), json!({"privileged": true})),
        "resources": {},
    });
    Ok(last_applied::without_nulls(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": given(!annotations.is_empty(), json!(annotations)),
            "labels": labels,
            "name": name,
        },
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": matches.given("restart").filter(|r| !r.is_empty()).unwrap_or("Always"),
        },
    })))
}

fn service(matches: &ArgMatches, name: &str, labels: &BTreeMap<String, String>) -> CliResult<Value> {
    let port = port(matches)?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": labels},
    }))
}

/// Waits for the end of a pod, prints what its container printed, deletes it with `--rm`, and fails as it did.
fn follow(ctx: &mut Ctx, matches: &ArgMatches, pod: &Value) -> CliResult<()> {
    let target = resolve::kind(ctx, "pods")?;
    let item = Item {
        kind: target.kind,
        version: None,
        namespace: pod.namespace().into(),
        name: pod.name().into(),
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: None,
    };
    let ended = ctx.wait_until(None, WaitFor::Work, |ctx| {
        let now = item.fetch(ctx)?;
        Ok(["Succeeded", "Failed"].contains(&now.str("/status/phase")).then_some(now))
    })?;
    let container = pod.str("/spec/containers/0/name").to_string();
    let options = LogOptions { container, ..LogOptions::default() };
    let mut stream = LogStream::new(&item.namespace, &item.name, options);
    let log = ctx.api(|client| client.read_log(&mut stream))?;
    ctx.out.push_str(&log.text);
    if matches.on("rm") {
        let deletion =
            Deletion { cascade: kctl_cluster::Propagation::Background, grace: None, timeout: None, wait: true };
        let uid = delete::delete(ctx, &item, &deletion, DryRun::None)?;
        if !matches.on("quiet") {
            delete::report(ctx, &item, &deletion, "", DryRun::None);
        }
        gone::wait(ctx, &[(item.clone(), uid)], None)?;
    }
    let Some(ended) = ended else {
        let text =
            format!("pod {} runs on, and there is nothing to attach to: containers are simulated", quote(pod.name()));
        return Err(CliError::text(text));
    };
    match ended.int("/status/containerStatuses/0/state/terminated/exitCode") {
        Some(code) if code != 0 => Err(CliError::Silent(i32::try_from(code).unwrap_or(1))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_a_form() {
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
