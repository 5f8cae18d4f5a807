//! The paragraph of a flag in help texts.
//!
//! Upstream: `kubectl/pkg/util/templates/help_flags_printer.go`.

use clap::Arg;

use super::ArgProperties;
use kctl_base::order::Order as _;

/// The flag with its short form and default, and below it its description, indented by a tab:
///
/// ```text
///     -n, --namespace='':
///         Namespace in which the command works.
/// ```
pub(crate) fn paragraph(flag: &Arg) -> String {
    let short = flag.get_short().map(|letter| format!("-{letter}, ")).unwrap_or_default();
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    format!("    {short}--{}={}:\n\t{help}\n", flag.get_long().unwrap_or_default(), flag.shown_default())
}

/// The paragraphs of all flags that are not hidden, sorted by name and separated by blank lines; without a final blank line.
pub(crate) fn paragraphs<'a>(flags: impl Iterator<Item = &'a Arg>) -> String {
    let mut flags: Vec<&Arg> = flags.filter(|flag| flag.get_long().is_some()).collect();
    flags.order_by_key(|flag| flag.get_long());
    flags.into_iter().map(paragraph).collect::<Vec<_>>().join("\n")
}
