//! Lines in the format of klog, the logging library of Kubernetes, in which kubectl prints some warnings and its request log.
//!
//! A line contains the position in kubectl's sources that logs it (`helpers.go:719`). The positions are those of kubectl
//! v1.36. Upstream: `klog/v2/internal/buffer/buffer.go` (`FormatHeader`).

use kctl_base::sim::Time;
use kctl_cluster::client::LogEntry;

/// A log statement of kubectl: its severity letter and its position in kubectl's sources.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    severity: char,
    position: &'static str,
}

/// `kubectl/pkg/cmd/util/helpers.go`: `--dry-run` without a value.
pub(crate) const DRY_RUN_DEPRECATED: Site = Site { severity: 'W', position: "helpers.go:719" };
/// `kubectl/pkg/cmd/apply/applyset.go`: fields of a parent that another manager has taken over.
pub(crate) const APPLY_SET_CONFLICT: Site = Site { severity: 'W', position: "applyset.go:447" };
/// `kubectl/pkg/cmd/apply/prune.go`: pruning of cluster-scoped objects with `--namespace`.
pub(crate) const PRUNE_CLUSTER_SCOPED: Site = Site { severity: 'W', position: "prune.go:71" };
/// `kubectl/pkg/cmd/diff/diff.go`: the last attempt after conflicts, without a lock.
pub(crate) const DIFF_CONFLICT: Site = Site { severity: 'W', position: "diff.go:723" };
/// `log.go` of the Go standard library, through which kustomize logs.
pub(crate) const KUSTOMIZE: Site = Site { severity: 'I', position: "log.go:245" };
/// `client-go/tools/portforward/portforward.go`: a connection that did not reach the pod.
pub(crate) const FORWARD_FAILED: Site = Site { severity: 'E', position: "portforward.go:424" };
/// `kubectl/pkg/kuberc/marshal.go`: a document without preferences of a known version.
pub(crate) const KUBERC_UNREADABLE: Site = Site { severity: 'I', position: "marshal.go:67" };
/// `kubectl/pkg/kuberc/marshal.go`: the document with the preferences.
pub(crate) const KUBERC_USED: Site = Site { severity: 'I', position: "marshal.go:90" };
/// `kubectl/pkg/kuberc/marshal.go`: an empty file.
pub(crate) const KUBERC_EMPTY: Site = Site { severity: 'I', position: "marshal.go:99" };
/// `kubectl/pkg/cmd/get/sorter.go`: values of objects that cannot be compared.
pub(crate) const UNSORTABLE_OBJECTS: Site = Site { severity: 'F', position: "sorter.go:329" };
/// `kubectl/pkg/cmd/get/sorter.go`: values of table rows that cannot be compared.
pub(crate) const UNSORTABLE_ROWS: Site = Site { severity: 'F', position: "sorter.go:375" };

/// `client-go/transport/round_trippers.go`: a request.
const REQUEST: Site = Site { severity: 'I', position: "round_trippers.go:527" };
/// `client-go/transport/round_trippers.go`: a response.
const RESPONSE: Site = Site { severity: 'I', position: "round_trippers.go:632" };
/// `apimachinery/pkg/util/net/type.go`: the body of a request or response.
const BODY: Site = Site { severity: 'I', position: "type.go:165" };

/// Returns the log statement of an entry of the request log, and its message.
pub(crate) fn request_site(entry: &LogEntry) -> (Site, &str) {
    match entry {
        LogEntry::Request(message) => (REQUEST, message),
        LogEntry::Response(message) => (RESPONSE, message),
        LogEntry::Body(message) => (BODY, message),
    }
}

/// Formats a line, for example `W0102 15:04:05.000000       1 helpers.go:719] message`.
pub(crate) fn line(time: Time, site: Site, message: &str) -> String {
    let time = time.to_chrono().format("%m%d %H:%M:%S%.6f");
    format!("{}{time}       1 {}] {message}", site.severity, site.position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_severity_time_and_position() {
        let time = Time::parse("2026-01-02T15:04:05Z").expect("a time");
        let expected = "W0102 15:04:05.000000       1 helpers.go:719] message";
        assert_eq!(line(time, DRY_RUN_DEPRECATED, "message"), expected);
    }
}
