//! `cluster-info`: the location of the control plane, which runs in this process.
//!
//! Upstream: `kubectl/pkg/cmd/clusterinfo/clusterinfo.go`.

mod dump;

use clap::ArgMatches;

use crate::args::groups;
use crate::{CliResult, Ctx, Verb};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::client::{ListParams, ResourcePath};
use kctl_cluster::profile::Profile;

/// The `cluster-info` verb.
pub(super) const VERB: Verb = Verb {
    name: "cluster-info",
    aliases: &[],
    about: "Display cluster information",
    long: "Display where the control plane runs: in this process, over the objects of a store.

 A cluster with a profile shows the addresses that the installer would give it, of the control plane and of the services with \
    the label kubernetes.io/cluster-service=true. No server listens there.",
    examples: &[("Print the store of the control plane", "cluster-info")],
    usage: "[flags]",
    flags: groups::args,
    run: show,
    family: &[dump::VERB],
};

/// Selects the services that are part of the cluster.
const CLUSTER_SERVICES: &str = "kubernetes.io/cluster-service=true";

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let profile = ctx.client()?.transport().profile();
    if profile == Profile::Bare {
        let place = ctx.store_dir()?;
        ctx.print_line(format!("Kubernetes control plane is running in the store {}", place.display()));
        return Ok(());
    }
    let server = profile.access().server;
    ctx.print_line(format!("Kubernetes control plane is running at {server}"));
    let params = ListParams { labels: CLUSTER_SERVICES.into(), ..ListParams::default() };
    let path = ResourcePath::all("services", "kube-system");
    for service in ctx.api(|client| client.list(&path, &params))?.items {
        let name = service.label("kubernetes.io/name").unwrap_or(service.name());
        ctx.print_line(format!("{name} is running at {server}{}", proxy_path(&service)));
    }
    ctx.print_line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(())
}

/// Returns the path by which the API server forwards requests to the first port of a service.
fn proxy_path(service: &Object) -> String {
    let port = service.list("/spec/ports").first();
    let link = match port.map(|port| (port.str("/name"), port.int("/port"))) {
        None => service.name().to_string(),
        Some((name, number)) => {
            let scheme = if name == "https" || number == Some(443) { "https:" } else { "" };
            let port = if name.is_empty() && scheme.is_empty() { String::new() } else { format!(":{name}") };
            format!("{scheme}{}{port}", service.name())
        }
    };
    format!("/api/v1/namespaces/{}/services/{link}/proxy", service.namespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    #[test]
    fn services_are_reached_through_the_api_server() {
        let path = |ports: Value| {
            let service = json!({"metadata": {"name": "s", "namespace": "kube-system"}, "spec": {"ports": ports}});
            proxy_path(&service).replace("/api/v1/namespaces/kube-system/services/", "")
        };
        assert_eq!(path(json!([{"name": "dns", "port": 53}, {"name": "metrics", "port": 9153}])), "s:dns/proxy");
        assert_eq!(path(json!([{"name": "https", "port": 8443}])), "https:s:https/proxy");
        assert_eq!(path(json!([{"port": 443}])), "https:s:/proxy");
        assert_eq!(path(json!([{"port": 80}])), "s/proxy");
    }
}
