//! `logs`: what containers printed.

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_cluster::WaitOutcome;
use kctl_cluster::api::Request;
use kctl_cluster::controllers::kubelet;

/// The `logs` verb.
pub(super) const VERB: Verb = Verb {
    name: "logs",
    aliases: &["log"],
    about: "Print the logs for a container in a pod",
    long: "Print the log of a container of a pod or of a workload.

 The container can be omitted if the pod has only one.",
    examples: &[
        ("Print the log of a pod with one container", "logs web-0"),
        ("Print the log of all containers of a pod", "logs web-0 --all-containers=true"),
        ("Print the log of all pods with a label", "logs -l app=web --all-containers=true"),
        ("Print the log of the previous run of a container", "logs -p -c ruby web-1"),
        ("Print the log of a container and follow it", "logs -f -c ruby web-1"),
        ("Print the last 20 lines", "logs --tail=20 web-0"),
        ("Print what was logged in the last hour", "logs --since=1h web-0"),
        ("Print the log of the first container of a job", "logs job/hello"),
        ("Print the log of a container of a deployment", "logs deployment/web -c nginx"),
    ],
    usage: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    flags,
    run,
    family: &[],
};

/// The annotation that names the container to look at when none is asked for.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// Lines of each pod when several are selected and nothing is said.
const TAIL_OF_MANY: i64 = 10;

fn flags(command: Command) -> Command {
    groups::labels(groups::args(command))
        .arg(args::text("container", "Container whose log is printed.").short('c'))
        .arg(args::switch("all-containers", "Print the logs of all containers of the pod."))
        .arg(args::switch("all-pods", "Print the logs of all pods of the workload."))
        .arg(args::switch("follow", "Follow the log.").short('f'))
        .arg(args::switch("previous", "Print the log of the previous run of the container.").short('p'))
        .arg(args::switch("prefix", "Begin each line with its pod and container."))
        .arg(args::switch("timestamps", "Begin each line with its time."))
        .arg(args::switch("ignore-errors", "Continue with the other containers after an error."))
        .arg(args::switch("insecure-skip-tls-verify-backend", "Accepted for compatibility; no connection is opened."))
        .arg(args::number("tail", "Number of lines to print from the end of the log. Defaults to -1, all lines, and with a selector to 10.").help_default("-1"))
        .arg(args::number("limit-bytes", "Largest number of bytes to print; 0 is without limit."))
        .arg(args::number("max-log-requests", "Largest number of logs to follow at the same time, with a selector.").help_default("5"))
        .arg(args::duration("since", "Print only lines that are newer than this duration, such as 5s, 2m or 3h."))
        .arg(args::text("since-time", "Print only lines after this time (RFC 3339)."))
        .arg(args::duration("pod-running-timeout", "Accepted for compatibility; the log of a pod that does not run is printed as it is.").help_default("20s"))
}

/// One log: a container of a pod.
struct Source {
    pod: Object,
    container: String,
    /// How many lines have been printed already.
    shown: usize,
}

/// Which lines are wanted and how they look.
struct Wanted {
    previous: bool,
    after: Option<Time>,
    tail: Option<i64>,
    bytes: Option<i64>,
    timestamps: bool,
    prefix: bool,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection::from_matches(ctx, matches);
    let (pods, several) = pods(ctx, &selection, matches)?;
    let follow = matches.flag("follow");
    let mut sources = Vec::new();
    for pod in pods {
        let mut names = containers(ctx, &pod, matches)?;
        sources.extend(names.drain(..).map(|container| Source { pod: pod.clone(), container, shown: 0 }));
    }
    let most = matches.int("max-log-requests").unwrap_or(5);
    if follow && sources.len() as i64 > most {
        return Err(CliError::new(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            sources.len()
        )));
    }
    let wanted = wanted(ctx, matches, several)?;
    for source in &mut sources {
        print(ctx, source, &wanted)?;
    }
    if follow { go_on(ctx, sources, &wanted) } else { Ok(()) }
}

fn wanted(ctx: &mut Ctx, matches: &ArgMatches, several: bool) -> CliResult<Wanted> {
    let now = ctx.now()?;
    let since = matches.duration("since").filter(|d| *d > Duration::ZERO).map(|d| now - d);
    let since_time = match matches.value_of("since-time") {
        Some(text) => Some(
            Time::parse(text).ok_or_else(|| CliError::new(format!("parsing time \"{text}\": not an RFC 3339 time")))?,
        ),
        None => None,
    };
    if since.is_some() && since_time.is_some() {
        return Err(CliError::new("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    let tail = matches.int("tail").or(several.then_some(TAIL_OF_MANY));
    if tail.is_some_and(|t| t < -1) {
        return Err(CliError::new("--tail must be greater than or equal to -1"));
    }
    Ok(Wanted {
        previous: matches.flag("previous"),
        after: since.or(since_time),
        tail: tail.filter(|t| *t >= 0),
        bytes: matches.int("limit-bytes").filter(|b| *b > 0),
        timestamps: matches.flag("timestamps"),
        prefix: matches.flag("prefix"),
    })
}

/// The pods that are meant, and whether a selector chose them.
fn pods(ctx: &mut Ctx, selection: &Selection, matches: &ArgMatches) -> CliResult<(Vec<Object>, bool)> {
    if !selection.labels.is_empty() {
        if !selection.words.is_empty() {
            return Err(ctx.usage("logs", "only a selector (-l) or a POD name is allowed"));
        }
        let listed = ctx.call(&Request::list("pods", &selection.namespace).labels(&selection.labels))?;
        if listed.items.is_empty() {
            ctx.print_error(format!("No resources found in {} namespace.", selection.namespace));
        }
        return Ok((listed.items.iter().map(|p| (**p).clone()).collect(), true));
    }
    let word = match selection.words.as_slice() {
        [] => return Err(ctx.usage("logs", "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command")),
        [word] | [word, _] => word.clone(),
        _ => return Err(ctx.usage("logs", "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command")),
    };
    let words = if word.contains('/') { vec![word] } else { vec![format!("pods/{word}")] };
    let resolved = resolve(ctx, &Selection { words, ..selection.clone() })?;
    CliError::all(resolved.errors)?;
    let mut pods = Vec::new();
    for item in &resolved.items {
        pods.extend(pods_of(ctx, item, matches.flag("all-pods"))?);
    }
    Ok((pods, false))
}

/// A pod itself, or the pods of a workload: one of them unless all are wanted.
fn pods_of(ctx: &mut Ctx, item: &Item, all: bool) -> CliResult<Vec<Object>> {
    let object = item.get(ctx).map_err(|error| match error {
        CliError::Status(status) if status.is_not_found() => CliError::new(format!(
            "error from server (NotFound): {} in namespace {}",
            status.message,
            kctl_base::field::quote(&item.namespace)
        )),
        other => other,
    })?;
    if item.resource() == "pods" {
        return Ok(vec![(*object).clone()]);
    }
    let selector = match object.at("/spec/selector") {
        Some(selector) if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() => {
            Selector::from_object(selector).map_err(|e| CliError::new(e.to_string()))?
        }
        Some(selector) => selector.as_object().map(Selector::from_map).unwrap_or_else(Selector::everything),
        None => {
            return Err(CliError::new(format!("cannot get the logs from {}: {}", object.api_version(), object.kind())));
        }
    };
    let listed = ctx.call(&Request::list("pods", &item.namespace).labels(&selector.to_string()))?;
    let mut pods: Vec<Object> = listed.items.iter().map(|p| (**p).clone()).collect();
    if pods.is_empty() {
        return Err(CliError::new("timed out waiting for the condition"));
    }
    pods.sort_by_key(|p| (!kctl_base::object::condition_is_true(p, "Ready"), p.creation_time()));
    if !all {
        if pods.len() > 1 {
            ctx.print_error(format!("Found {} pods, using pod/{}", pods.len(), pods[0].name()));
        }
        pods.truncate(1);
    }
    Ok(pods)
}

/// The containers to show: the one asked for, all, or the default one.
fn containers(ctx: &mut Ctx, pod: &Object, matches: &ArgMatches) -> CliResult<Vec<String>> {
    let name = |list: &str| pod.list(list).iter().map(|c| c.str("/name").to_string()).collect::<Vec<_>>();
    let (init, own) = (name("/spec/initContainers"), name("/spec/containers"));
    let second = matches.values("args").get(1).cloned();
    if matches.flag("all-containers") {
        return Ok(init.into_iter().chain(own).collect());
    }
    if let Some(wanted) = matches.value_of("container").map(String::from).or(second) {
        if init.contains(&wanted) || own.contains(&wanted) {
            return Ok(vec![wanted]);
        }
        return Err(CliError::new(format!("container {wanted} is not valid for pod {}", pod.name())));
    }
    if let Some(named) = pod.annotation(DEFAULT_CONTAINER).filter(|n| own.iter().any(|o| o == n)) {
        return Ok(vec![named.to_string()]);
    }
    if own.len() + init.len() > 1 {
        let init_text = if init.is_empty() { String::new() } else { format!(", {} (init)", init.join(" (init), ")) };
        ctx.print_error(format!("Defaulted container \"{}\" out of: {}{init_text}", own[0], own.join(", ")));
    }
    Ok(own.into_iter().take(1).collect())
}

/// Prints the lines of a source that have not been printed yet.
fn print(ctx: &mut Ctx, source: &mut Source, wanted: &Wanted) -> CliResult<()> {
    let now = ctx.now()?;
    let server = ctx.cluster()?.server();
    let lines = kubelet::logs(server, &source.pod, &source.container, wanted.previous, now);
    if lines.is_empty() && source.shown == 0 {
        refuse_waiting(source, wanted)?;
    }
    let first = source.shown == 0;
    let new: Vec<_> =
        lines.iter().skip(source.shown).filter(|(at, _)| wanted.after.is_none_or(|after| *at >= after)).collect();
    let skip = match wanted.tail {
        Some(tail) if first => new.len().saturating_sub(tail.unsigned_abs() as usize),
        _ => 0,
    };
    let mut text = String::new();
    for (at, line) in new.into_iter().skip(skip) {
        if wanted.prefix {
            text.push_str(&format!("[pod/{}/{}] ", source.pod.name(), source.container));
        }
        if wanted.timestamps {
            text.push_str(&format!("{} ", at.rfc3339_micro().replace('Z', "000Z")));
        }
        text.push_str(line);
        text.push('\n');
    }
    if let Some(bytes) = wanted.bytes {
        text = text
            .chars()
            .scan(0, |used, c| {
                *used += c.len_utf8() as i64;
                (*used <= bytes).then_some(c)
            })
            .collect();
    }
    ctx.out.push_str(&text);
    source.shown = lines.len();
    Ok(())
}

/// A container that has not run has no log: the server says why.
fn refuse_waiting(source: &Source, wanted: &Wanted) -> CliResult<()> {
    let (pod, container) = (&source.pod, &source.container);
    let statuses = pod.list("/status/initContainerStatuses").iter().chain(pod.list("/status/containerStatuses"));
    let status = statuses.into_iter().find(|s| s.str("/name") == container);
    if wanted.previous && status.is_none_or(|s| s.at("/lastState/terminated").is_none()) {
        let text = format!("previous terminated container \"{container}\" in pod \"{}\" not found", pod.name());
        return Err(Status::bad_request(text).into());
    }
    let waiting = status
        .and_then(|s| s.at("/state/waiting"))
        .filter(|_| status.is_none_or(|s| s.at("/lastState/terminated").is_none()));
    let why = match waiting.map(|w| w.str("/reason")) {
        Some("ErrImagePull" | "ImagePullBackOff") => "trying and failing to pull image".to_string(),
        Some(reason) => reason.to_string(),
        None if status.is_none() && pod.str("/spec/nodeName").is_empty() => {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", pod.name())).into());
        }
        None => return Ok(()),
    };
    Err(Status::bad_request(format!("container \"{container}\" in pod \"{}\" is waiting to start: {why}", pod.name()))
        .into())
}

/// Prints new lines as they come, until the containers have ended or nothing more will happen.
fn go_on(ctx: &mut Ctx, mut sources: Vec<Source>, wanted: &Wanted) -> CliResult<()> {
    loop {
        ctx.flush()?;
        let mut running = false;
        for source in &sources {
            let found = ctx.cluster()?.server().read("pods", source.pod.namespace(), source.pod.name())?;
            running |= found.is_some_and(|p| {
                p.uid() == source.pod.uid() && !["Succeeded", "Failed"].contains(&p.str("/status/phase"))
            });
        }
        if !running || ctx.cluster()?.wait(None, true)? == WaitOutcome::Idle {
            return Ok(());
        }
        for source in &mut sources {
            print(ctx, source, wanted)?;
        }
    }
}
