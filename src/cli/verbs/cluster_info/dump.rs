//! `cluster-info dump`: the objects and logs of namespaces, for a diagnosis.
//!
//! Upstream: `kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::output::Output;
use crate::verbs::targets;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Duration;
use kctl_cluster::LogOptions;
use kctl_cluster::client::{ListParams, LogStream, ResourcePath};

/// The `cluster-info dump` verb.
pub(super) const VERB: Verb = Verb {
    name: "dump",
    aliases: &[],
    about: "Dump relevant information for debugging and diagnosis",
    long: "Dump the state of the cluster for a diagnosis.

 The nodes are dumped, and of each namespace the events, the workloads, the services, the pods and the logs of their \
    containers. By default these are the namespaces kube-system and the current one.",
    examples: &[
        ("Dump the state of the cluster", "cluster-info dump"),
        ("Dump it into files of a directory", "cluster-info dump --output-directory=state"),
        ("Dump all namespaces", "cluster-info dump --all-namespaces"),
        ("Dump two namespaces", "cluster-info dump --namespaces default,kube-system"),
    ],
    usage: "[flags]",
    flags,
    run,
    family: &[],
};

/// The dump of each namespace before the logs: the name of the file and the resource.
const RESOURCES: [(&str, &str); 7] = [
    ("events", "events"),
    ("replication-controllers", "replicationcontrollers"),
    ("services", "services"),
    ("daemonsets", "daemonsets.apps"),
    ("deployments", "deployments.apps"),
    ("replicasets", "replicasets.apps"),
    ("pods", "pods"),
];

fn flags(command: Command) -> Command {
    let command = groups::output(groups::args(command)).mut_arg("output", |arg| arg.help_default("'json'"));
    groups::pod_timeout(
        groups::all_namespaces(command),
        "Accepted for compatibility; the log of a pod that does not run is printed as it is.",
        "20s",
    )
    .arg(args::list("namespaces", "Namespaces to dump; can be repeated."))
    .arg(args::path("output-directory", "Directory to write files to; without it, or with -, everything is printed."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if matches.duration("pod-running-timeout").is_some_and(|timeout| timeout <= Duration::ZERO) {
        return Err(CliError::new("--pod-running-timeout must be higher than zero"));
    }
    let mut dump = Dump {
        output: Output::of_typed_report(matches)?.or_json(),
        directory: matches.path("output-directory").filter(|directory| directory.as_os_str() != "-"),
        extension: match matches.string("output") {
            "" | "json" => "json",
            "yaml" => "yaml",
            _ => "txt",
        },
    };
    dump.objects(ctx, "nodes", "nodes", "")?;
    for namespace in namespaces(ctx, matches)? {
        let mut listed = Vec::new();
        for (name, resource) in RESOURCES {
            listed = dump.objects(ctx, &format!("{namespace}/{name}"), resource, &namespace)?;
        }
        // The last resource is that of the pods.
        for pod in &listed {
            dump.logs(ctx, pod)?;
        }
    }
    if let Some(directory) = &dump.directory {
        ctx.print_line(format!("Cluster info dumped to {}", directory.display()));
    }
    Ok(())
}

/// Returns the namespaces to dump, in this order.
fn namespaces(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Vec<String>> {
    let named = matches.values("namespaces");
    if matches.flag("all-namespaces") {
        let all = ctx.api(|client| client.list(&ResourcePath::all("namespaces", ""), &ListParams::default()))?;
        return Ok(all.items.iter().map(|namespace| namespace.name().to_string()).collect());
    }
    Ok(if named.is_empty() { vec!["kube-system".into(), ctx.namespace()] } else { named })
}

/// The destination of a dump.
struct Dump {
    output: Output,
    /// `None` for standard output.
    directory: Option<PathBuf>,
    /// The extension of the files with objects.
    extension: &'static str,
}

impl Dump {
    /// Dumps all objects of a resource in a namespace; an empty namespace stands for all. Returns them.
    fn objects(&mut self, ctx: &mut Ctx, name: &str, resource: &str, namespace: &str) -> CliResult<Vec<Value>> {
        let path = ResourcePath::all(resource, namespace);
        let listed = ctx.api(|client| client.list(&path, &ListParams::default()))?;
        let kind = ctx.catalog()?.by_resource(resource);
        let kind = kind.ok_or_else(|| CliError::new(CliError::unknown_resource_type(resource)))?;
        let (api_version, kind) = (kind.names().api_version(), format!("{}List", kind.names().kind));
        let objects: Vec<Value> = listed.items.iter().map(|object| targets::with_zero_values(object)).collect();
        let list = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"resourceVersion": listed.resource_version.to_string()},
            "items": objects.iter().map(without_type).collect::<Vec<_>>(),
        });
        let file = format!("{name}.{}", self.extension);
        if self.output.is_name() {
            self.write(&file, String::new(), ctx)?;
            return Err(CliError::new(format!("list types are not supported by name printing: *v1.{kind}")));
        }
        let before = std::mem::take(&mut ctx.out);
        let printed = self.output.print(ctx, &list);
        let text = std::mem::replace(&mut ctx.out, before);
        self.write(&file, text, ctx)?;
        printed.map(|()| objects)
    }

    /// Dumps the logs of all containers of a pod. That one cannot be read is part of the dump.
    fn logs(&self, ctx: &mut Ctx, pod: &Object) -> CliResult<()> {
        let (namespace, name) = (pod.namespace(), pod.name());
        let mut text = String::new();
        for container in ["/spec/initContainers", "/spec/containers"].iter().flat_map(|list| pod.list(list)) {
            let container = container.str("/name");
            let place = format!("logs for container {container} of pod {namespace}/{name}");
            let options = LogOptions { container: container.into(), ..LogOptions::default() };
            let mut stream = LogStream::new(namespace, name, options);
            let log = match ctx.api(|client| client.read_log(&mut stream)) {
                Ok(log) => log.text,
                Err(CliError::Status(status)) => format!("Request log error: {}\n", status.message),
                Err(error) => return Err(error),
            };
            text.push_str(&format!("==== START {place} ====\n{log}==== END {place} ====\n"));
        }
        self.write(&format!("{namespace}/{name}/logs.txt"), text, ctx)
    }

    /// Writes a file of the directory, or to standard output.
    fn write(&self, name: &str, text: String, ctx: &mut Ctx) -> CliResult<()> {
        let Some(directory) = &self.directory else {
            ctx.out.push_str(&text);
            return Ok(());
        };
        let file = directory.join(name);
        let parent = file.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent).map_err(|error| {
            // Go looks whether the existing file is a directory.
            let is_file = error.kind() == io::ErrorKind::AlreadyExists;
            let error = if is_file { io::ErrorKind::NotADirectory.into() } else { error };
            CliError::io(format!("mkdir {}", parent.display()), error)
        })?;
        fs::write(&file, text).map_err(|error| CliError::io(format!("open {}", file.display()), error))
    }
}

/// An item of a list of Go structs, which leaves kind and version to the list.
fn without_type(object: &Value) -> Value {
    let mut item = object.clone();
    item.remove_at("/apiVersion");
    item.remove_at("/kind");
    item
}
