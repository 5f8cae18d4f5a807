//! Lines in the format of klog, the logging library of Kubernetes, which kubectl prints for some warnings.
//!
//! A line names the source position in kubectl that logs it (`helpers.go:719`); these positions belong to kubectl v1.36 and are
//! collected here.

use kctl_cluster::client::LogEntry;

use crate::{CliResult, Ctx};

/// A log statement of kubectl: its severity letter and its position in kubectl's sources.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    severity: char,
    position: &'static str,
}

/// `kubectl/pkg/cmd/util/helpers.go`: `--dry-run` without a value.
pub(crate) const DRY_RUN_DEPRECATED: Site = Site { severity: 'W', position: "helpers.go:719" };
/// `kubectl/pkg/cmd/apply/prune.go`: pruning of cluster-scoped objects with `--namespace`.
pub(crate) const PRUNE_CLUSTER_SCOPED: Site = Site { severity: 'W', position: "prune.go:71" };
/// `kubectl/pkg/cmd/diff/diff.go`: the last attempt after conflicts, without a lock.
pub(crate) const DIFF_CONFLICT: Site = Site { severity: 'W', position: "diff.go:723" };
/// `log.go` of the Go standard library, through which kustomize logs.
pub(crate) const KUSTOMIZE: Site = Site { severity: 'I', position: "log.go:245" };

/// `client-go/transport/round_trippers.go`: a request.
const REQUEST: Site = Site { severity: 'I', position: "round_trippers.go:527" };
/// `client-go/transport/round_trippers.go`: a response.
const RESPONSE: Site = Site { severity: 'I', position: "round_trippers.go:632" };
/// `apimachinery/pkg/util/net/type.go`: the body of a request or response.
const BODY: Site = Site { severity: 'I', position: "type.go:165" };

/// Prints an entry of the request log.
///
/// # Errors
/// As for [`log`].
pub(crate) fn log_request(ctx: &mut Ctx, entry: &LogEntry) -> CliResult<()> {
    match entry {
        LogEntry::Request(message) => log(ctx, REQUEST, message),
        LogEntry::Response(message) => log(ctx, RESPONSE, message),
        LogEntry::Body(message) => log(ctx, BODY, message),
    }
}

/// Prints a line to standard error, for example `W0102 15:04:05.000000       1 helpers.go:719] message`.
///
/// # Errors
/// The store, whose clock gives the time, cannot be opened.
pub(crate) fn log(ctx: &mut Ctx, site: Site, message: &str) -> CliResult<()> {
    let time = ctx.now()?.to_chrono().format("%m%d %H:%M:%S%.6f");
    ctx.print_error(format!("{}{time}       1 {}] {message}", site.severity, site.position));
    Ok(())
}
