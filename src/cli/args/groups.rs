//! The groups of flags that several verbs share, and what some of them mean.

use clap::{ArgMatches, Command};

use super::{Matches, each, list, optional, switch, text};
use crate::{CliError, CliResult, Ctx};
use kctl_cluster::FieldValidation;

/// `-o` and what goes with it.
pub fn output(command: Command) -> Command {
    command
        .arg(
            text("output", "how to show objects: json, yaml, name, jsonpath=..., go-template=..., custom-columns=...")
                .short('o'),
        )
        .arg(text("template", "template or file of a template for -o go-template and -o go-template-file"))
        .arg(switch("allow-missing-template-keys", "missing fields are no error in templates (default)"))
        .arg(switch("show-managed-fields", "show metadata.managedFields in json and yaml"))
}

/// `-f`, `-k` and `-R`.
pub fn files(command: Command) -> Command {
    command
        .arg(list("filename", "files or directories with manifests; - is standard input").short('f'))
        .arg(text("kustomize", "a directory with a kustomization").short('k'))
        .arg(switch("recursive", "read the directories of -f with all their folders").short('R'))
}

/// `-l`.
pub fn labels(command: Command) -> Command {
    command.arg(text("selector", "only objects whose labels match: a=b, a!=b, a in (b,c), a, !a").short('l'))
}

/// `--field-selector`.
pub fn fields(command: Command) -> Command {
    command.arg(text("field-selector", "only objects whose fields match: metadata.name=x, status.phase!=Running"))
}

/// `--all`.
pub fn all(command: Command) -> Command {
    command.arg(switch("all", "all objects of the types"))
}

/// `-A`.
pub fn all_namespaces(command: Command) -> Command {
    command.arg(switch("all-namespaces", "objects of all namespaces").short('A'))
}

/// The types and names.
pub fn words(command: Command) -> Command {
    let names = clap_complete::engine::ArgValueCompleter::new(crate::complete::words);
    command.arg(super::words("words").add(names))
}

/// `--dry-run`.
pub fn dry_run(command: Command) -> Command {
    command.arg(optional(
        "dry-run",
        "unchanged",
        "none, client (only show what would be sent) or server (do not keep it)",
    ))
}

/// `--field-manager` with a verb's own default.
pub fn field_manager(command: Command) -> Command {
    command.arg(text("field-manager", "the name under which the fields are owned"))
}

/// `--validate`.
pub fn validate(command: Command) -> Command {
    command.arg(optional("validate", "strict", "what happens to unknown fields: strict (true), warn, ignore (false)"))
}

/// `--save-config`.
pub fn save_config(command: Command) -> Command {
    command.arg(switch("save-config", "keep the configuration in an annotation, as apply does"))
}

/// `--record`, which is deprecated and still used.
pub fn record(command: Command) -> Command {
    command.arg(switch("record", "keep the command line in the annotation kubernetes.io/change-cause").hide(true))
}

/// `--output-watch-events` and other flags with plain texts that only one verb has use these directly.
pub fn texts(command: Command, name: &'static str, help: &'static str) -> Command {
    command.arg(each(name, help))
}

/// How far a command goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// All the way.
    #[default]
    None,
    /// The server is not asked to do anything.
    Client,
    /// The server does everything but keep the result.
    Server,
}

impl DryRun {
    /// Reads `--dry-run`; without a value it is the client's, and deprecated.
    pub fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<DryRun> {
        match matches.value("dry-run") {
            "" | "none" => Ok(DryRun::None),
            "client" => Ok(DryRun::Client),
            "server" => Ok(DryRun::Server),
            "unchanged" => {
                ctx.log('W', "helpers.go:719", "--dry-run is deprecated and can be replaced with --dry-run=client.")?;
                Ok(DryRun::Client)
            }
            other => Err(CliError::text(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// What is added to `web created`.
    pub fn suffix(self) -> &'static str {
        match self {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }

    /// Whether the server is asked not to keep the result.
    pub fn is_server(self) -> bool {
        self == DryRun::Server
    }

    /// Whether the server is not asked at all.
    pub fn is_client(self) -> bool {
        self == DryRun::Client
    }
}

/// Reads `--validate`.
pub fn read_validation(matches: &ArgMatches) -> CliResult<FieldValidation> {
    match matches.value("validate") {
        "" | "strict" | "true" => Ok(FieldValidation::Strict),
        "warn" => Ok(FieldValidation::Warn),
        "ignore" | "false" => Ok(FieldValidation::Ignore),
        other => Err(CliError::text(format!(
            "invalid - validate option {}; must be one of: strict (or true), warn, ignore (or false)",
            kctl_base::field::quote(other)
        ))),
    }
}

/// The manager of fields: the flag, else the verb's own name.
pub fn read_manager(matches: &ArgMatches, default: &str) -> String {
    matches.given("field-manager").filter(|m| !m.is_empty()).unwrap_or(default).to_string()
}

/// Adds `--chunk-size`.
pub fn chunks(command: Command) -> Command {
    command.arg(super::number("chunk-size", "Return large lists in chunks rather than all at once. Pass 0 to disable."))
}

/// The number of objects in each request of a list, 500 by default; 0 for all in one.
pub fn chunk_size(matches: &ArgMatches) -> usize {
    matches.int("chunk-size").map_or(500, |size| usize::try_from(size).unwrap_or(0))
}
