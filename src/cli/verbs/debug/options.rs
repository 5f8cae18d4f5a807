//! The flags of `debug` and their checks (`DebugOptions.Complete` and `Validate`).

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::profile::Profile;
use crate::args::{self, ArgProperties, Matches};
use crate::verbs::run::is_image;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::yaml;

/// The line about the profile `legacy`.
const LEGACY: &str = "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example \"--profile=general\".";

pub(super) fn flags(command: Command) -> Command {
    let keep = |name, help| args::switch(name, help);
    args::groups::args(command)
        .arg(args::paths("filename", "File that names the object to debug; can be repeated.").short('f'))
        .arg(args::text("image", "Image of the container for debugging."))
        .arg(args::text("image-pull-policy", "Image pull policy of the container; empty leaves it to the server."))
        .arg(args::text("container", "Name of the container for debugging.").short('c'))
        .arg(args::pairs("env", "Environment variables of the container, in the form name=value."))
        .arg(args::switch("stdin", "Keep the standard input of the container open.").short('i'))
        .arg(args::switch("tty", "Allocate a terminal for the container.").short('t'))
        .arg(args::switch("attach", "Wait for the container and attach to it. Defaults to true with --stdin."))
        .arg(args::text("target", "Container whose processes an ephemeral container sees."))
        .arg(args::text("copy-to", "Create a copy of the pod with this name."))
        .arg(args::switch("replace", "Delete the original pod; only with --copy-to."))
        .arg(args::switch("same-node", "Place the copy on the node of the pod; only with --copy-to."))
        .arg(args::pairs("set-image", "Images of the containers of the copy, name=image; * stands for all containers."))
        .arg(args::switch("share-processes", "Share the processes of the containers of the copy.").help_default("true"))
        .arg(keep("keep-labels", "Keep the labels in the copy."))
        .arg(keep("keep-annotations", "Keep the annotations in the copy."))
        .arg(keep("keep-liveness", "Keep the liveness probes in the copy."))
        .arg(keep("keep-readiness", "Keep the readiness probes in the copy."))
        .arg(keep("keep-startup", "Keep the startup probes in the copy."))
        .arg(keep("keep-init-containers", "Keep the init containers in the copy.").help_default("true"))
        .arg(
            args::text(
                "profile",
                "Profile of the container. One of: (legacy, general, baseline, netadmin, restricted, sysadmin).",
            )
            .help_default("'general'"),
        )
        .arg(args::text("custom", "File with a part of a container, which is merged into that of the profile."))
        .arg(args::switch("arguments-only", "Use what follows -- as arguments instead of as the command."))
        .arg(args::switch("quiet", "Print no messages.").short('q'))
        .arg(Arg::new("command-words").action(ArgAction::Append).num_args(0..).last(true).hide(true))
}

/// The values of the flags.
pub(super) struct Options {
    pub(super) image: String,
    pub(super) container: String,
    pub(super) pull_policy: String,
    pub(super) env: Vec<Value>,
    pub(super) command: Vec<String>,
    pub(super) arguments_only: bool,
    pub(super) stdin: bool,
    pub(super) tty: bool,
    pub(super) attach: bool,
    pub(super) target: String,
    pub(super) copy_to: String,
    pub(super) replace: bool,
    pub(super) same_node: bool,
    pub(super) set_images: BTreeMap<String, String>,
    /// `None` when the flag was not given.
    pub(super) share_processes: Option<bool>,
    /// The parts of a pod that a copy does not have.
    pub(super) dropped: Vec<&'static str>,
    pub(super) profile: Profile,
    pub(super) custom: Option<Value>,
    pub(super) quiet: bool,
}

fn pairs(matches: &ArgMatches, name: &str) -> BTreeMap<String, String> {
    let values = matches.values(name);
    values.iter().filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect()
}

impl Options {
    /// Reads and checks the flags.
    ///
    /// # Errors
    /// Flags that contradict each other, or a file that cannot be read.
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Options> {
        let name = matches.string("profile");
        let profile = Profile::named(name).ok_or_else(|| CliError::new(format!("unknown profile: {name}")))?;
        let keeps = [
            ("keep-labels", "labels", false),
            ("keep-annotations", "annotations", false),
            ("keep-liveness", "livenessProbe", false),
            ("keep-readiness", "readinessProbe", false),
            ("keep-startup", "startupProbe", false),
            ("keep-init-containers", "initContainers", true),
        ];
        let dropped = keeps.into_iter().filter(|(flag, _, default)| !matches.flag_or(flag, *default));
        let env = pairs(matches, "env").into_iter().map(|(name, value)| json!({"name": name, "value": value}));
        let options = Options {
            image: matches.string("image").into(),
            container: matches.string("container").into(),
            pull_policy: matches.string("image-pull-policy").into(),
            env: env.collect(),
            command: matches.values("command-words"),
            arguments_only: matches.flag("arguments-only"),
            stdin: matches.flag("stdin"),
            tty: matches.flag("tty"),
            attach: matches.flag_or("attach", matches.flag("stdin")),
            target: matches.string("target").into(),
            copy_to: matches.string("copy-to").into(),
            replace: matches.flag("replace"),
            same_node: matches.flag("same-node"),
            set_images: pairs(matches, "set-image"),
            share_processes: matches.is_set("share-processes").then(|| matches.flag("share-processes")),
            dropped: dropped.map(|(_, part, _)| part).collect(),
            profile,
            custom: custom(matches.string("custom"))?,
            quiet: matches.flag("quiet"),
        };
        if let Some(problem) = options.problem(matches) {
            return Err(CliError::new(problem));
        }
        if !options.target.is_empty() && !options.quiet {
            ctx.print_line(format!(
                "Targeting container {}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.",
                quote(&options.target)
            ));
        }
        options.check_container()?;
        if profile == Profile::Legacy {
            ctx.print_error(LEGACY);
        }
        Ok(options)
    }

    /// The first problem of the flags about the pod.
    fn problem(&self, matches: &ArgMatches) -> Option<String> {
        let no_image = self.image.is_empty();
        if self.attach && matches.is_set("attach") && no_image && self.container.is_empty() {
            return Some(
                "you must specify --container or create a new container using --image in order to attach.".into(),
            );
        }
        let problem = match self.copy_to.is_empty() {
            false if no_image && self.set_images.is_empty() && self.command.is_empty() => {
                "you must specify --image, --set-image or command arguments."
            }
            false if !self.command.is_empty() && self.container.is_empty() && no_image => {
                "you must specify an existing container or a new image when specifying args."
            }
            true if self.replace => "--replace may only be used with --copy-to.",
            true if self.same_node => "--same-node may only be used with --copy-to.",
            true if !self.set_images.is_empty() => "--set-image may only be used with --copy-to.",
            true if no_image => "you must specify --image when not using --copy-to.",
            _ if !no_image && !is_image(&self.image) => {
                return Some(format!("invalid image name {}: invalid reference format", quote(&self.image)));
            }
            _ if matches.values("args").is_empty() && matches.paths("filename").is_empty() => {
                "NAME or filename is required for debug"
            }
            _ if !["", "Always", "IfNotPresent", "Never"].contains(&self.pull_policy.as_str()) => {
                return Some(format!("invalid image pull policy: {}", self.pull_policy));
            }
            _ => return self.later_problem(),
        };
        Some(problem.into())
    }

    fn later_problem(&self) -> Option<String> {
        if let Some((name, image)) = self.set_images.iter().find(|(_, image)| !is_image(image)) {
            let (image, name) = (quote(image), quote(name));
            return Some(format!("invalid image name {image} for container {name}: invalid reference format"));
        }
        let both = !self.target.is_empty() && !self.copy_to.is_empty();
        both.then(|| "--target is incompatible with --copy-to. Use --share-processes instead.".into())
    }

    /// Checks the flags about the container.
    fn check_container(&self) -> CliResult<()> {
        if self.tty && !self.stdin {
            return Err(CliError::new("-i/--stdin is required for containers with -t/--tty=true"));
        }
        let fixed = ["/name", "/command", "/image", "/lifecycle", "/volumeDevices"];
        if self.custom.as_ref().is_some_and(|custom| fixed.iter().any(|field| custom.at(field).is_some())) {
            let why = "name, command, image, lifecycle and volume devices are not modifiable via custom profile";
            return Err(CliError::new(why));
        }
        Ok(())
    }
}

/// Reads the file of `--custom`.
fn custom(file: &str) -> CliResult<Option<Value>> {
    if file.is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file).map_err(|error| {
        let why = io_error(&error);
        CliError::new(format!("must pass a container spec json file for custom profile: open {file}: {why}"))
    })?;
    let invalid = |why: String| CliError::new(format!("{file} does not contain a valid container spec: {why}"));
    let value = yaml::to_json(&text).map_err(|error| invalid(error.to_string()))?.value;
    match value.is_object() {
        true => Ok(Some(value)),
        false => Err(invalid("it is not an object".into())),
    }
}
