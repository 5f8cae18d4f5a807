//! Amounts of resources, and the cells of tables that show them.
//!
//! Upstream: `kubectl/pkg/metricsutil/metrics_printer.go`.

use kctl_base::json::Value;
use kctl_base::quantity::Quantity;

/// The cell of what is not known.
pub(super) const UNKNOWN: &str = "<unknown>";

/// A resource whose usage is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Cpu,
    Memory,
    Swap,
}

/// All resources; swap, the last one, only with `--show-swap`.
const RESOURCES: [Resource; 3] = [Resource::Cpu, Resource::Memory, Resource::Swap];

/// Returns the resources of a table.
pub(super) fn resources(with_swap: bool) -> &'static [Resource] {
    if with_swap { &RESOURCES } else { &RESOURCES[..2] }
}

impl Resource {
    /// The header of the column with the amount.
    pub(super) fn header(self) -> &'static str {
        match self {
            Resource::Cpu => "CPU(cores)",
            Resource::Memory => "MEMORY(bytes)",
            Resource::Swap => "SWAP(bytes)",
        }
    }

    /// The header of the column with the share.
    pub(super) fn share_header(self) -> &'static str {
        match self {
            Resource::Cpu => "CPU(%)",
            Resource::Memory => "MEMORY(%)",
            Resource::Swap => "SWAP(%)",
        }
    }
}

/// An amount of each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Millicores.
    pub(super) cpu: i64,
    /// Bytes.
    pub(super) memory: i64,
    /// Bytes.
    swap: i64,
}

impl Usage {
    /// Reads a map of quantities; a missing amount is 0.
    pub(super) fn read(quantities: &Value) -> Usage {
        let amount = |name: &str| Quantity::from_value(quantities.get(name)?).ok();
        let amount = |name: &str| amount(name).unwrap_or(Quantity::ZERO);
        Usage { cpu: amount("cpu").milli_value(), memory: amount("memory").value(), swap: amount("swap").value() }
    }

    /// Adds amounts.
    pub(super) fn sum<'a>(all: impl IntoIterator<Item = &'a Usage>) -> Usage {
        all.into_iter().fold(Usage::default(), |sum, used| Usage {
            cpu: sum.cpu + used.cpu,
            memory: sum.memory + used.memory,
            swap: sum.swap + used.swap,
        })
    }

    /// Returns the amount of a resource.
    pub(super) fn of(self, resource: Resource) -> i64 {
        match resource {
            Resource::Cpu => self.cpu,
            Resource::Memory => self.memory,
            Resource::Swap => self.swap,
        }
    }

    /// Returns the cell of a resource, `250m` or `64Mi`.
    pub(super) fn cell(self, resource: Resource) -> String {
        match resource {
            Resource::Cpu => format!("{}m", self.cpu),
            Resource::Memory | Resource::Swap => format!("{}Mi", self.of(resource) / (1024 * 1024)),
        }
    }

    /// Returns the cells of resources.
    pub(super) fn cells(self, resources: &[Resource]) -> Vec<String> {
        resources.iter().map(|resource| self.cell(*resource)).collect()
    }
}

/// Formats a share of a total, rounded down to `33%`.
pub(super) fn percent(part: i64, total: i64) -> String {
    // Go computes in floating point, too, so that 29 of 100 are 28%.
    let share = if total == 0 { 0.0 } else { part as f64 / total as f64 * 100.0 };
    format!("{}%", share as i64)
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn usage_is_printed_in_millicores_and_mebibytes() {
        let used = Usage::read(&json!({"cpu": "0.25", "memory": "64Mi"}));
        assert_eq!(used.cells(resources(true)), ["250m", "64Mi", "0Mi"]);
        assert_eq!([percent(1, 3), percent(1, 0), percent(29, 100)], ["33%", "0%", "28%"]);
    }
}
