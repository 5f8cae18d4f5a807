//! `--dry-run`: how much of a change is carried out.
//!
//! Upstream: `kubectl/pkg/cmd/util/helpers.go` (`GetDryRunStrategy`, `AddDryRunFlag`) and the `PrintFlags` that append the suffix.

use clap::ArgMatches;

use crate::args::Matches;
use crate::{CliError, CliResult, Ctx, klog};

/// The value of `--dry-run`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DryRun {
    /// The change is made and persisted.
    #[default]
    None,
    /// The object is only printed; no request is sent.
    Client,
    /// The request is sent, but the server does not persist the result.
    Server,
}

/// The warning about a boolean value.
fn deprecated(word: &str, instead: &str) -> String {
    format!("--dry-run={word} is deprecated (boolean value) and can be replaced with --dry-run={instead}.")
}

impl DryRun {
    /// Reads `--dry-run`; without a value it means `client`, with a deprecation warning.
    ///
    /// # Errors
    /// A value other than `none`, `client` and `server`.
    pub(crate) fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<DryRun> {
        match matches.string("dry-run") {
            "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            "unchanged" => {
                ctx.log(
                    klog::DRY_RUN_DEPRECATED,
                    "--dry-run is deprecated and can be replaced with --dry-run=client.",
                )?;
                Ok(DryRun::Client)
            }
            "" if matches.value_of("dry-run").is_none() => Ok(DryRun::None),
            // The values that Go's `strconv.ParseBool` reads, from the time when the flag was a boolean.
            word @ ("1" | "t" | "T" | "true" | "TRUE" | "True") => {
                ctx.log(klog::DRY_RUN_DEPRECATED, &deprecated(word, "client"))?;
                Ok(DryRun::Client)
            }
            word @ ("0" | "f" | "F" | "false" | "FALSE" | "False") => {
                ctx.log(klog::DRY_RUN_DEPRECATED, &deprecated(word, "none"))?;
                Ok(DryRun::None)
            }
            other => Err(CliError::new(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// The suffix of a report such as `deployment.apps/web created`: empty, ` (dry run)` or ` (server dry run)`.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }

    /// True for `--dry-run=server`.
    pub(crate) fn is_server(self) -> bool {
        self == DryRun::Server
    }

    /// True for `--dry-run=client`.
    pub(crate) fn is_client(self) -> bool {
        self == DryRun::Client
    }
}
