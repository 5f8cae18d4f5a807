//! `top pod`.
//!
//! Upstream: `kubectl/pkg/cmd/top/top_pod.go`.

use std::cmp::Reverse;

use clap::ArgMatches;

use super::usage::{Resource, Usage, resources};
use super::{SortKey, print, read_metrics, read_name, read_selectors, read_sort_key};
use crate::args::Matches;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::Duration;
use kctl_cluster::client::{ListParams, ResourcePath};

/// The resource of PodMetrics objects.
const METRICS: &str = "pods.metrics.k8s.io";
/// The age from which a pod without metrics is an error (`metricsCreationDelay` in `top_pod.go`).
const METRICS_CREATION_DELAY: Duration = Duration::from_secs(2 * 60);

/// The usage of a pod and its containers.
struct PodUsage {
    namespace: String,
    name: String,
    /// The sum over the containers.
    used: Usage,
    containers: Vec<(String, Usage)>,
}

impl PodUsage {
    /// Reads a PodMetrics object, whose containers are sorted like pods.
    fn new(metrics: &Object, sort_key: Option<SortKey>) -> PodUsage {
        let of_container =
            |c: &Value| (c.str("/name").to_string(), c.at("/usage").map(Usage::read).unwrap_or_default());
        let mut containers: Vec<(String, Usage)> = metrics.list("/containers").iter().map(of_container).collect();
        match sort_key {
            Some(key) => containers.order_by_key(|(_, used)| Reverse(key(used))),
            None => containers.order_by(|(a, _), (b, _)| a.cmp(b)),
        }
        let used = Usage::sum(containers.iter().map(|(_, used)| used));
        PodUsage { namespace: metrics.namespace().into(), name: metrics.name().into(), used, containers }
    }

    /// Returns one row, or one for each container.
    fn rows(&self, with_namespace: bool, with_containers: bool, resources: &[Resource]) -> Vec<Vec<String>> {
        let namespace = with_namespace.then(|| self.namespace.clone());
        let lead: Vec<String> = namespace.into_iter().chain([self.name.clone()]).collect();
        match with_containers {
            false => vec![[lead, self.used.cells(resources)].concat()],
            true => {
                let row =
                    |(name, used): &(String, Usage)| [lead.clone(), vec![name.clone()], used.cells(resources)].concat();
                self.containers.iter().map(row).collect()
            }
        }
    }
}

pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let sort_key = read_sort_key(matches)?;
    let name = read_name(ctx, matches, "pod")?;
    let params = read_selectors(matches)?;
    let all_namespaces = matches.flag("all-namespaces");
    let namespace = if all_namespaces { String::new() } else { ctx.namespace() };
    let path = ResourcePath::one(METRICS, &namespace, name.as_deref().unwrap_or(""));
    let found = read_metrics(ctx, &path, &params)?;
    if found.is_empty() {
        return report_no_metrics(ctx, &params, all_namespaces);
    }
    let mut pods: Vec<PodUsage> = found.iter().map(|metrics| PodUsage::new(metrics, sort_key)).collect();
    pods.order_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if let Some(key) = sort_key {
        pods.order_by_key(|pod| Reverse(key(&pod.used)));
    }
    let resources = resources(matches.flag("show-swap"));
    let with_containers = matches.flag("containers");
    let rows = pods.iter().flat_map(|pod| pod.rows(all_namespaces, with_containers, resources));
    let mut table: Vec<Vec<String>> = rows.collect();
    let mut headers = Vec::new();
    headers.extend(all_namespaces.then_some("NAMESPACE"));
    headers.extend(with_containers.then_some("POD"));
    headers.push("NAME");
    headers.extend(resources.iter().map(|resource| resource.header()));
    if matches.flag("sum") {
        // As in kubectl, columns that only the headers announce do not count without headers.
        let columns = if matches.flag("no-headers") { resources.len() + 1 } else { headers.len() };
        table.extend(sum_rows(Usage::sum(pods.iter().map(|pod| &pod.used)), columns, resources));
    }
    print(ctx, matches, &headers, &table);
    Ok(())
}

/// Returns the rows below a table with a number of columns: a line and the sum.
fn sum_rows(sum: Usage, columns: usize, resources: &[Resource]) -> [Vec<String>; 2] {
    let lead = vec![String::new(); columns - 2];
    [[lead.clone(), vec!["________".into(); 2]].concat(), [lead, sum.cells(resources)].concat()]
}

/// Reports an empty list of metrics: there are no pods, they are too new, or their metrics are overdue. As in kubectl only the
/// namespace of the command counts for that.
fn report_no_metrics(ctx: &mut Ctx, params: &ListParams, all_namespaces: bool) -> CliResult<()> {
    let namespace = ctx.namespace();
    let pods = ctx.api(|client| client.list(&ResourcePath::all("pods", &namespace), params))?.items;
    let now = ctx.now()?;
    for pod in &pods {
        let age = pod.time("/metadata/creationTimestamp").map_or(Duration::ZERO, |created| now - created);
        if age > METRICS_CREATION_DELAY {
            let text = format!("Metrics not available for pod {}/{}, age: {age}", pod.namespace(), pod.name());
            return Err(CliError::new(text));
        }
    }
    if !pods.is_empty() {
        return Err(CliError::new("metrics not available yet"));
    }
    ctx.print_error(match all_namespaces {
        true => "No resources found".to_string(),
        false => format!("No resources found in {namespace} namespace."),
    });
    Ok(())
}
