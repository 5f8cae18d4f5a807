//! Groups of flags that several verbs share, and the readers of their values.

use clap::{Arg, ArgMatches, Command, ValueHint};

use super::{ArgProperties, Matches, SharedFlags, duration, object_names, optional, paths, switch, text};
use crate::{CliError, CliResult};
use kctl_cluster::FieldValidation;

/// Adds `-o` and the flags of its formats.
pub(crate) fn output(command: Command) -> Command {
    output_with(
        command,
        "json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file",
    )
}

/// Adds `-o` of verbs that print tables, and the flags of its formats.
pub(crate) fn table_output(command: Command) -> Command {
    output_with(
        command,
        "json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide",
    )
}

fn output_with(command: Command, formats: &str) -> Command {
    command
        .arg(text("output", "").help(format!("Output format. One of: ({formats}).")).short('o'))
        .arg(text(
            "template",
            "Template string for -o=go-template and -o=jsonpath, or path of a template file for -o=go-template-file and -o=jsonpath-file.",
        ))
        .arg(
            switch(
                "allow-missing-template-keys",
                "If true, a template prints nothing for a missing field or map key. Applies to go-template and jsonpath.",
            )
            .help_default("true"),
        )
        .arg(switch("show-managed-fields", "If true, keep metadata.managedFields in JSON and YAML output."))
}

/// Adds `-f`, `-k` and `-R`.
pub(crate) fn files(command: Command) -> Command {
    file_names(command)
        .arg(
            text("kustomize", "Directory or repository with a kustomization. Cannot be combined with -f or -R.")
                .short('k')
                .value_hint(ValueHint::DirPath),
        )
        .arg(recursive())
}

/// Adds `-f`.
pub(crate) fn file_names(command: Command) -> Command {
    command.arg(
        paths("filename", "File, directory or URL with manifests, or - for standard input; can be repeated.")
            .short('f'),
    )
}

/// Adds `-f`, and `-R` that is true by default.
pub(crate) fn file_trees(command: Command) -> Command {
    file_names(command).arg(recursive().default_value("true").help_default("true"))
}

fn recursive() -> Arg {
    switch("recursive", "Process the directories named by -f recursively.").short('R')
}

/// Adds `-l`.
pub(crate) fn labels(command: Command) -> Command {
    command.arg(
        text(
            "selector",
            "Label selector, for example key1=value1,key2!=value2 or 'key in (a,b)'. Objects must satisfy all of its requirements.",
        )
        .short('l'),
    )
}

/// Adds `--field-selector`.
pub(crate) fn fields(command: Command) -> Command {
    command.arg(text(
        "field-selector",
        "Field selector, for example metadata.name=web,status.phase!=Running. Each kind supports a limited number of fields.",
    ))
}

/// Adds `--all`.
pub(crate) fn all(command: Command) -> Command {
    command.arg(switch("all", "Select all objects of the given types in the namespace."))
}

/// Adds `-A`.
pub(crate) fn all_namespaces(command: Command) -> Command {
    command.arg(
        switch(
            "all-namespaces",
            "Work with objects in all namespaces; the namespace of the context and --namespace are ignored.",
        )
        .short('A'),
    )
}

/// Adds positional arguments that name types and objects.
pub(crate) fn args(command: Command) -> Command {
    command.arg(object_names("args"))
}

/// Adds `--dry-run`.
pub(crate) fn dry_run(command: Command) -> Command {
    command.arg(
        optional(
            "dry-run",
            "unchanged",
            "One of none, client or server. With client, print the object that would be sent without sending it; with server, send the request without persisting its result.",
        )
        .help_default("'none'"),
    )
}

/// Adds `--field-manager`; `default` is the manager that the verb uses without it.
pub(crate) fn field_manager(command: Command, default: &str) -> Command {
    command.arg(
        text("field-manager", "Name of the manager that owns the fields set by this command.")
            .help_default(format!("'{default}'")),
    )
}

/// Adds `--validate`.
pub(crate) fn validate(command: Command) -> Command {
    command.arg(
        optional(
            "validate",
            "strict",
            "Treatment of unknown and duplicate fields: strict (or true) rejects them, warn prints a warning, ignore (or false) drops them silently.",
        )
        .help_default("'strict'"),
    )
}

/// Adds `--save-config`.
pub(crate) fn save_config(command: Command) -> Command {
    command.arg(switch(
        "save-config",
        "If true, store the configuration in the annotation that apply reads. Use it when the object is to be managed by apply later.",
    ))
}

/// Adds `--pod-running-timeout` of verbs that wait for a pod; `default` is shown in the help.
pub(crate) fn pod_timeout(command: Command, help: &'static str, default: &'static str) -> Command {
    command.arg(duration("pod-running-timeout", help).help_default(default))
}

/// Adds `--record`, which is deprecated.
pub(crate) fn record(command: Command) -> Command {
    command.arg(switch("record", "Store the command line in the annotation kubernetes.io/change-cause.").hide(true))
}

/// Reads `--validate`.
///
/// # Errors
/// A value that is not one of the documented ones.
pub(crate) fn read_validation(matches: &ArgMatches) -> CliResult<FieldValidation> {
    match matches.string("validate") {
        "" | "strict" | "true" => Ok(FieldValidation::Strict),
        "warn" => Ok(FieldValidation::Warn),
        "ignore" | "false" => Ok(FieldValidation::Ignore),
        other => Err(CliError::new(format!(
            "invalid - validate option {}; must be one of: strict (or true), warn, ignore (or false)",
            kctl_base::field::quote(other)
        ))),
    }
}

/// Reads `--field-manager`, which defaults to `default`. An empty one is sent as none, for which the server takes the name
/// of the program from the user agent.
pub(crate) fn read_manager(matches: &ArgMatches, default: &str) -> String {
    SharedFlags(matches).value_of("field-manager").unwrap_or(default).into()
}

/// Returns `--chunk-size`.
pub(crate) fn chunk_size_flag() -> clap::Arg {
    super::number("chunk-size", "Number of objects in each request of a list; 0 requests all at once.")
        .help_default("500")
}

/// The number of objects in each request of a list, 500 by default; 0 for all in one.
pub(crate) fn chunk_size(matches: &ArgMatches) -> usize {
    SharedFlags(matches).int("chunk-size").map_or(500, |size| usize::try_from(size).unwrap_or(0))
}
