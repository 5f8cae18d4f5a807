//! `store create`, and what `store reset` has in common with it: the flags that say what the new cluster is like.

use clap::{ArgMatches, Command};

use super::unrestricted_store_dir;
use crate::args::{self, ArgProperties as _, Matches as _};
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_cluster::profile::{Cidr, ClusterPlan, DefaultClass, NodeSettings, Profile};
use kctl_cluster::{Cluster, OpenOptions, maintenance};

/// The flags that say what a new cluster is like.
const FLAGS: [&str; 7] = ["profile", "nodes", "node", "storage-class", "service-cidr", "pod-cidr", "metrics-server"];

/// Declares the flags that say what a new cluster is like.
pub(super) fn flags(command: Command) -> Command {
    command
        .arg(
            args::text("profile", "The installer whose clusters the new one is like. One of: (bare, kubeadm, kind, minikube).")
                .help_default("'bare'"),
        )
        .arg(args::text("nodes", "The number of nodes, with that of the control plane. By default as the installer has it: 1 with kind and minikube, otherwise 3."))
        .arg(args::each("node", "Settings of all nodes, or with name=NODE of one: cpu=8,memory=16Gi,pods=110,labels=KEY=VALUE. Amounts of any resource, labels last; can be repeated."))
        .arg(args::text("storage-class", "The name of the default storage class, or none. By default 'standard' with kind and minikube, otherwise none."))
        .arg(args::text("service-cidr", "The range of cluster IPs."))
        .arg(args::text("pod-cidr", "The range of the addresses of pods, of which each node takes a /24."))
        .arg(args::switch("metrics-server", "If true, install a metrics server, so that top and autoscalers have measurements."))
}

/// The `store create` verb.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let plan = read_plan(ctx, matches)?;
    let dir = unrestricted_store_dir(ctx)?;
    let timeout = ctx.open_options()?.lock_timeout;
    if maintenance::is_store(&dir)? && maintenance::revision(&dir, timeout)? > 0 {
        let message = format!(
            "store {} holds a cluster already (to replace it: {} store reset, with the same flags)",
            dir.display(),
            ctx.program
        );
        return Err(CliError::new(message));
    }
    create(ctx, plan)
}

/// Creates the cluster of a store that has none.
pub(super) fn create(ctx: &mut Ctx, plan: ClusterPlan) -> CliResult<()> {
    let (profile, dir) = (plan.profile, ctx.store_dir()?);
    let mut cluster = Cluster::open(OpenOptions { plan, ..ctx.open_options()? })?;
    let nodes = cluster.node_count()?;
    cluster.commit()?;
    if dir == ctx.base_dir()? {
        ctx.use_cluster(&cluster)?;
    }
    drop(cluster);
    let plural = if nodes == 1 { "" } else { "s" };
    ctx.print_line(format!(
        "store {} created with profile {} and {nodes} node{plural}",
        dir.display(),
        profile.as_str()
    ));
    Ok(())
}

/// Returns whether a flag says what the new cluster is like.
pub(super) fn has_plan(matches: &ArgMatches) -> bool {
    FLAGS.iter().any(|flag| matches.is_set(flag))
}

/// Reads what a new cluster is like from flags, and the rest from the environment.
///
/// # Errors
/// A value that makes no sense, by itself or with others.
pub(super) fn read_plan(ctx: &Ctx, matches: &ArgMatches) -> CliResult<ClusterPlan> {
    let mut plan = ctx.plan()?;
    if let Some(name) = matches.value_of("profile") {
        plan.profile = Profile::parse(name).ok_or_else(|| unknown_profile(name))?;
    }
    plan.nodes = read(matches, "nodes", ClusterPlan::parse_nodes)?.or(plan.nodes);
    plan.storage_class = read(matches, "storage-class", DefaultClass::parse)?;
    plan.service_cidr = read(matches, "service-cidr", Cidr::parse)?;
    plan.pod_cidr = read(matches, "pod-cidr", Cidr::parse)?;
    plan.metrics_server = matches.flag("metrics-server");
    for settings in matches.values("node") {
        plan.node_settings.push(NodeSettings::parse(&settings).map_err(|reason| invalid("node", &reason))?);
    }
    plan.check().map_err(CliError::new)?;
    Ok(plan)
}

fn read<T>(matches: &ArgMatches, flag: &str, parse: fn(&str) -> Result<T, String>) -> CliResult<Option<T>> {
    let value = matches.value_of(flag).map(parse).transpose();
    value.map_err(|reason| invalid(flag, &reason))
}

fn invalid(flag: &str, reason: &str) -> CliError {
    CliError::new(format!("--{flag}: {reason}"))
}

fn unknown_profile(name: &str) -> CliError {
    let names = Profile::ALL.map(Profile::as_str).join(", ");
    invalid("profile", &format!("unknown profile {}; there are {names}", quote(name)))
}
