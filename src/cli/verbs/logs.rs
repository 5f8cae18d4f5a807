//! `logs`: prints the logs of containers.
//!
//! Upstream: `kubectl/pkg/cmd/logs/logs.go`, `kubectl/pkg/polymorphichelpers/logsforobject.go`.

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, scheme};
use kctl_base::field::quote;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::{Duration, Time};
use kctl_cluster::client::{ListParams, LogStream, ResourcePath};
use kctl_cluster::{LogOptions, WaitFor, WaitOutcome};

/// The error of Go's HTTP client about a response whose body does not end within `--request-timeout`.
const TIMED_OUT: &str = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";

/// The `logs` verb.
pub(super) const VERB: Verb = Verb {
    name: "logs",
    aliases: &[],
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
        ("Print the log of the last hour", "logs --since=1h web-0"),
        ("Print the log of the first container of a job", "logs job/hello"),
        ("Print the log of a container of a deployment", "logs deployment/web -c nginx"),
    ],
    usage: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    flags,
    run,
    family: &[],
};

/// The annotation that names the container to use by default.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// The default of `--tail` with a selector: lines per container.
const SELECTOR_TAIL: i64 = 10;

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

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection::from_matches(ctx, matches);
    validate(matches)?;
    let pods = find_pods(ctx, &selection, matches)?;
    let options = read_options(ctx, matches, !selection.labels.is_empty())?;
    let mut streams = Vec::new();
    for pod in pods {
        for container in choose_containers(ctx, &pod, matches)? {
            let options = LogOptions { container, ..options.clone() };
            streams.push(LogStream::new(pod.namespace(), pod.name(), options));
        }
    }
    let max_streams = matches.int("max-log-requests").unwrap_or(5);
    if options.follow && streams.len() as i64 > max_streams {
        return Err(CliError::new(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {max_streams}, use --max-log-requests to increase the limit",
            streams.len()
        )));
    }
    let prefix = matches.flag("prefix");
    let mut open = Vec::new();
    for mut stream in streams {
        if print(ctx, &mut stream, prefix)? {
            open.push(stream);
        }
    }
    if options.follow { follow(ctx, open, prefix) } else { Ok(()) }
}

/// Checks the flags that need no server (`LogsOptions.Validate`).
fn validate(matches: &ArgMatches) -> CliResult<()> {
    let container = matches.values("args").get(1).cloned().unwrap_or_else(|| matches.string("container").into());
    let problem = if matches.flag("all-containers") && !container.is_empty() {
        format!("--all-containers=true should not be specified with container name {container}")
    } else if matches.int("tail").is_some_and(|tail| tail < -1) {
        "--tail must be greater than or equal to -1".into()
    } else if matches.is_set("limit-bytes") && matches.int("limit-bytes").is_some_and(|bytes| bytes < 0) {
        "--limit-bytes must be greater than 0".into()
    } else if matches.duration("since").is_some_and(|since| since < Duration::ZERO) {
        "--since must be greater than 0".into()
    } else {
        return Ok(());
    };
    Err(CliError::new(problem))
}

/// Reads the options that all logs of the command share.
fn read_options(ctx: &mut Ctx, matches: &ArgMatches, by_selector: bool) -> CliResult<LogOptions> {
    let now = ctx.now()?;
    let since = matches.duration("since").filter(|d| *d > Duration::ZERO).map(|d| now - d);
    let since_time = match matches.value_of("since-time") {
        Some(text) => Some(Time::parse(text).ok_or_else(|| CliError::new(time_error(text)))?),
        None => None,
    };
    if since.is_some() && since_time.is_some() {
        return Err(CliError::new("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    let tail = matches.int("tail").or(by_selector.then_some(SELECTOR_TAIL));
    Ok(LogOptions {
        previous: matches.flag("previous"),
        since: since.or(since_time),
        // A negative number means no limit.
        tail_lines: tail.and_then(|lines| u64::try_from(lines).ok()),
        limit_bytes: matches.int("limit-bytes").and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0),
        timestamps: matches.flag("timestamps"),
        follow: matches.flag("follow"),
        ..LogOptions::default()
    })
}

/// The message of Go's `time.Parse` for a text that is not a timestamp of RFC 3339: it names the first part that does not fit.
fn time_error(text: &str) -> String {
    let whole = format!("parsing time {} as \"2006-01-02T15:04:05Z07:00\": cannot parse", quote(text));
    let layout = [
        (0, 4, "2006", Some('-')),
        (5, 2, "01", Some('-')),
        (8, 2, "02", Some('T')),
        (11, 2, "15", Some(':')),
        (14, 2, "04", Some(':')),
        (17, 2, "05", None),
    ];
    for (from, len, name, after) in layout {
        if !text.is_char_boundary(from.min(text.len())) {
            break;
        }
        let digits = text.get(from..from + len).is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit()));
        let rest = text.get(from..).unwrap_or("");
        if !digits {
            return format!("{whole} {} as {}", quote(rest), quote(name));
        }
        let following = &text[from + len..];
        if let Some(after) = after.filter(|after| !following.starts_with(*after)) {
            return format!("{whole} {} as {}", quote(following), quote(&after.to_string()));
        }
    }
    format!("{whole} {} as \"Z07:00\"", quote(text.get(19..).unwrap_or("")))
}

/// Returns the pods of the selector, or those of the object that the arguments name.
fn find_pods(ctx: &mut Ctx, selection: &Selection, matches: &ArgMatches) -> CliResult<Vec<Object>> {
    if !selection.labels.is_empty() {
        if !selection.args.is_empty() {
            return Err(ctx.usage("logs", "only a selector (-l) or a POD name is allowed"));
        }
        let path = ResourcePath::all("pods", &selection.namespace);
        let listed = ctx.api(|client| client.list(&path, &ListParams::labels(&selection.labels)))?;
        if listed.items.is_empty() {
            ctx.print_error(format!("No resources found in {} namespace.", selection.namespace));
        }
        return Ok(listed.items.iter().map(|p| (**p).clone()).collect());
    }
    let object = match selection.args.as_slice() {
        [object] | [object, _] => object.clone(),
        _ => return Err(ctx.usage("logs", "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command")),
    };
    let args = if object.contains('/') { vec![object] } else { vec![format!("pods/{object}")] };
    let resolved = resolve(ctx, &Selection { args, ..selection.clone() })?;
    CliError::all(resolved.errors)?;
    let mut pods = Vec::new();
    for item in &resolved.items {
        pods.extend(pods_of(ctx, item, matches.flag("all-pods"))?);
    }
    Ok(pods)
}

/// Returns a pod itself, or the pods of a workload: all, or only the preferred one.
fn pods_of(ctx: &mut Ctx, item: &Item, all: bool) -> CliResult<Vec<Object>> {
    let object = item.get(ctx).map_err(|error| match error {
        CliError::Status(status) if status.is_not_found() => CliError::new(format!(
            "error from server (NotFound): {} in namespace {}",
            status.message,
            kctl_base::field::quote(&item.namespace)
        )),
        other => other,
    })?;
    scheme::check(&object)?;
    pods_behind(ctx, item, &object, all, "get the logs from")
}

/// Returns the pods of an object: the pod itself, or those of a workload, of which the preferred one comes first. `action` is
/// what the command wants to do, for the error of an object without pods.
pub(super) fn pods_behind(
    ctx: &mut Ctx,
    item: &Item,
    object: &Object,
    all: bool,
    action: &str,
) -> CliResult<Vec<Object>> {
    if item.resource() == "pods" {
        return Ok(vec![object.clone()]);
    }
    let selector = match object.at("/spec/selector") {
        Some(selector) if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() => {
            Selector::from_object(selector).map_err(|e| CliError::new(e.to_string()))?
        }
        Some(selector) => selector.as_object().map(Selector::from_map).unwrap_or_else(Selector::everything),
        None => {
            let kind = format!("*{}.{}", item.kind.names().version, object.kind());
            return Err(CliError::new(format!("cannot {action} {kind}: selector for {kind} not implemented")));
        }
    };
    let path = ResourcePath::all("pods", &item.namespace);
    let listed = ctx.api(|client| client.list(&path, &ListParams::labels(&selector.to_string())))?;
    let mut pods: Vec<Object> = listed.items.iter().map(|p| (**p).clone()).collect();
    if pods.is_empty() {
        return Err(CliError::new("timed out waiting for the condition"));
    }
    pods.order_by_key(|p| (!kctl_base::object::condition_is_true(p, "Ready"), p.creation_time()));
    if !all {
        if pods.len() > 1 {
            ctx.print_error(format!("Found {} pods, using pod/{}", pods.len(), pods[0].name()));
        }
        pods.truncate(1);
    }
    Ok(pods)
}

/// Returns the names of the containers to print: the one that the command line names, all, or the default one.
fn choose_containers(ctx: &mut Ctx, pod: &Object, matches: &ArgMatches) -> CliResult<Vec<String>> {
    let names = |list: &str| pod.list(list).iter().map(|c| c.str("/name").to_string()).collect::<Vec<_>>();
    let (init, regular) = (names("/spec/initContainers"), names("/spec/containers"));
    let second_arg = matches.values("args").get(1).cloned();
    if matches.flag("all-containers") {
        return Ok(init.into_iter().chain(regular).collect());
    }
    let wanted = matches.value_of("container").map(String::from).or(second_arg);
    Ok(choose_container(ctx, pod, wanted.as_deref(), false)?.into_iter().collect())
}

/// Returns the container that a command line names, or the default one; `None` for a pod without containers. `is_quiet` keeps
/// the line about the default back.
///
/// # Errors
/// The pod has no such container.
pub(super) fn choose_container(
    ctx: &mut Ctx,
    pod: &Object,
    wanted: Option<&str>,
    is_quiet: bool,
) -> CliResult<Option<String>> {
    let Some(choice) = find_container(pod, wanted)? else { return Ok(None) };
    if let Some(notice) = choice.notice.filter(|_| !is_quiet) {
        ctx.print_error(notice);
    }
    Ok(Some(choice.name))
}

/// A container, and the line about it if it is one of several and nobody has named it.
pub(super) struct ContainerChoice {
    pub(super) name: String,
    pub(super) notice: Option<String>,
}

/// Returns the container that a command line names, or the default one; `None` for a pod without containers.
///
/// # Errors
/// The pod has no such container.
pub(super) fn find_container(pod: &Object, wanted: Option<&str>) -> CliResult<Option<ContainerChoice>> {
    let all = all_containers(pod);
    if let Some(wanted) = wanted {
        if all.iter().any(|(name, _)| *name == wanted) {
            return Ok(Some(ContainerChoice { name: wanted.into(), notice: None }));
        }
        let all = container_names(&all);
        return Err(CliError::new(format!("container {wanted} is not valid for pod {} out of: {all}", pod.name())));
    }
    let named = pod.annotation(DEFAULT_CONTAINER).filter(|name| all.iter().any(|(known, _)| known == name));
    let first = all.first().map(|(name, _)| *name);
    let notice = first.filter(|_| all.len() > 1 && named.is_none());
    let notice = notice.map(|name| format!("Defaulted container {} out of: {}", quote(name), container_names(&all)));
    Ok(named.or(first).map(|name| ContainerChoice { name: name.into(), notice }))
}

/// Returns the containers of a pod with the words that mark their kind (`AllContainerNames` in
/// `kubectl/pkg/cmd/util/podcmd`).
fn all_containers(pod: &Object) -> Vec<(&str, &'static str)> {
    let lists =
        [("/spec/containers", ""), ("/spec/ephemeralContainers", " (ephem)"), ("/spec/initContainers", " (init)")];
    let named = |(list, mark)| pod.list(list).iter().map(move |container| (container.str("/name"), mark));
    lists.into_iter().flat_map(named).collect()
}

fn container_names(containers: &[(&str, &str)]) -> String {
    containers.iter().map(|(name, mark)| format!("{name}{mark}")).collect::<Vec<_>>().join(", ")
}

/// Prints the lines that a container has written since the last call; returns whether it can write more.
fn print(ctx: &mut Ctx, stream: &mut LogStream, prefix: bool) -> CliResult<bool> {
    let log = ctx.api(|client| client.read_log(stream))?;
    if prefix {
        let source = format!("[pod/{}/{}] ", stream.pod(), stream.container());
        log.text.split_inclusive('\n').for_each(|line| ctx.out.push_str(&format!("{source}{line}")));
    } else {
        ctx.out.push_str(&log.text);
    }
    Ok(log.open)
}

/// Prints new lines as they are written, until the containers have ended or nothing can change any more.
///
/// # Errors
/// The request has timed out, or the log of a pod cannot be read.
fn follow(ctx: &mut Ctx, mut open: Vec<LogStream>, prefix: bool) -> CliResult<()> {
    let deadline = ctx.request_deadline()?;
    while !open.is_empty() {
        match ctx.wait(deadline, WaitFor::Work)? {
            WaitOutcome::Progress => {}
            WaitOutcome::Idle => break,
            WaitOutcome::Deadline => return Err(CliError::new(TIMED_OUT)),
        }
        let mut still_open = Vec::new();
        for mut stream in open {
            match print(ctx, &mut stream, prefix) {
                Ok(true) => still_open.push(stream),
                Ok(false) => {}
                // The pod has been deleted, and its log with it.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        open = still_open;
    }
    Ok(())
}
