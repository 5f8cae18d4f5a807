//! The diagnostic log of the control plane: errors and decisions of the controllers, on standard error.
//!
//! It is off by default and then costs nothing. `-v=1` shows errors and warnings; `KCTL_LOG` sets another
//! filter, such as `debug` or `kctl_cluster::controllers=trace`. The request log of `-v=6` to `-v=9` is separate
//! ([`super::klog`]): it is output that kubectl defines.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{CliError, CliResult};
use kctl_base::go::quote;

/// The environment variable with the filter.
const VARIABLE: &str = "KCTL_LOG";

/// Installs the log of this process if `-v` or `KCTL_LOG` enables it.
///
/// # Errors
/// A filter that cannot be parsed.
pub(crate) fn init(verbosity: u8) -> CliResult<()> {
    let filter = match std::env::var_os(VARIABLE) {
        Some(filter) if !filter.is_empty() => {
            let invalid = || format!("invalid value {} of {VARIABLE}", quote(&filter.to_string_lossy()));
            let text = filter.to_str().ok_or_else(|| CliError::new(invalid()))?;
            text.parse::<Targets>().map_err(|error| CliError::new(format!("{}: {error}", invalid())))?
        }
        _ if verbosity > 0 => Targets::new().with_default(LevelFilter::WARN),
        _ => return Ok(()),
    };
    // Without timestamps: those of the machine would differ from run to run, and events carry those of the cluster.
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time();
    // A second command line in the same process keeps the log of the first.
    let _ = tracing_subscriber::registry().with(filter).with(log).try_init();
    Ok(())
}
