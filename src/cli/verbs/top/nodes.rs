//! `top node`.
//!
//! Upstream: `kubectl/pkg/cmd/top/top_node.go`.

use std::cmp::Reverse;
use std::sync::Arc;

use clap::ArgMatches;

use super::usage::{Resource, UNKNOWN, Usage, percent, resources};
use super::{print, read_metrics, read_name, read_selectors, read_sort_key};
use crate::args::Matches;
use crate::{CliError, CliResult, Ctx};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::quantity::Quantity;
use kctl_cluster::client::ResourcePath;

/// The resource of NodeMetrics objects.
const METRICS: &str = "nodes.metrics.k8s.io";

pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let sort_key = read_sort_key(matches)?;
    let name = read_name(ctx, matches, "node")?.unwrap_or_default();
    let params = read_selectors(matches)?;
    let mut metrics = read_metrics(ctx, &ResourcePath::one(METRICS, "", &name), &params)?;
    if metrics.is_empty() {
        return Err(CliError::new("metrics not available yet"));
    }
    let nodes: Vec<Arc<Object>> = match name.as_str() {
        "" => ctx.api(|client| client.list(&ResourcePath::all("nodes", ""), &params))?.items,
        name => vec![ctx.api(|client| client.get(&ResourcePath::one("nodes", "", name)))?],
    };
    metrics.order_by(|a, b| a.name().cmp(b.name()));
    if let Some(key) = sort_key {
        metrics.order_by_key(|metrics| Reverse(key(&used(metrics))));
    }
    let resources = resources(matches.flag("show-swap"));
    let total = if matches.flag("show-capacity") { "/status/capacity" } else { "/status/allocatable" };
    let measured = metrics.iter().map(|metrics| {
        let node = nodes.iter().find(|node| node.name() == metrics.name());
        let cells = |resource: &Resource| cells(used(metrics), *resource, node.map(|node| (&**node, total)));
        [vec![metrics.name().to_string()], resources.iter().flat_map(cells).collect()].concat()
    });
    let is_measured = |node: &Object| metrics.iter().any(|metrics| metrics.name() == node.name());
    let unknown = nodes.iter().filter(|node| !is_measured(node)).map(|node| {
        let mut row = vec![UNKNOWN.to_string(); 2 * resources.len() + 1];
        row[0] = node.name().into();
        row
    });
    let table: Vec<Vec<String>> = measured.chain(unknown).collect();
    let columns = resources.iter().flat_map(|resource| [resource.header(), resource.share_header()]);
    let headers: Vec<&str> = ["NAME"].into_iter().chain(columns).collect();
    print(ctx, matches, &headers, &table);
    Ok(())
}

fn used(metrics: &Object) -> Usage {
    metrics.at("/usage").map(Usage::read).unwrap_or_default()
}

/// Returns the cells of a resource: the amount, and its share of what the field of the node says; without a share if the node
/// is not known or lacks the field.
fn cells(used: Usage, resource: Resource, node: Option<(&Object, &str)>) -> Vec<String> {
    let Some((node, total)) = node else { return vec![used.cell(resource)] };
    let available = match resource {
        Resource::Cpu => quantity(node, total, "cpu").map(|cpu| cpu.milli_value()),
        Resource::Memory => quantity(node, total, "memory").map(|memory| memory.value()),
        Resource::Swap => match node.int("/status/nodeInfo/swap/capacity") {
            None => return vec![UNKNOWN.into(); 2],
            capacity => capacity,
        },
    };
    let share = available.map(|available| percent(used.of(resource), available));
    [used.cell(resource)].into_iter().chain(share).collect()
}

fn quantity(node: &Object, total: &str, name: &str) -> Option<Quantity> {
    Quantity::from_value(node.at(&format!("{total}/{name}"))?).ok()
}
