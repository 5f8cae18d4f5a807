//! `cp`: copies files to and from containers, as an archive that `tar` in the container unpacks or packs.
//!
//! Upstream: `kubectl/pkg/cmd/cp/cp.go`.

mod pack;
mod spec;
mod unpack;

use clap::ArgMatches;

use super::input::Input;
use super::{exec, session, target};
use crate::args::Matches;
use crate::verbs::logs;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::object::Object;
use kctl_cluster::ExecOptions;
use kctl_cluster::client::ResourcePath;
use kctl_container::Stream;
use spec::FileSpec;
use unpack::Destination;

/// Runs the verb.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [source, target] = words.as_slice() else {
        return Err(ctx.usage("cp", "source and destination are required"));
    };
    let (source, target) = (FileSpec::read(source)?, FileSpec::read(target)?);
    if source.is_remote() && target.is_remote() {
        return Err(CliError::new("one of src or dest must be a local file specification"));
    }
    if source.path.is_empty() || target.path.is_empty() {
        return Err(CliError::new("filepath can not be empty"));
    }
    match (source.is_remote(), target.is_remote()) {
        (true, _) => from_pod(ctx, matches, &source, &target.path),
        (false, true) => to_pod(ctx, matches, &source.path, &target),
        (false, false) => Err(CliError::new("one of src or dest must be a remote file specification")),
    }
}

fn to_pod(ctx: &mut Ctx, matches: &ArgMatches, source: &str, target: &FileSpec) -> CliResult<()> {
    if !std::path::Path::new(source).exists() {
        return Err(CliError::new(format!("{source} doesn't exist in local filesystem")));
    }
    let pod = pod_of(ctx, target)?;
    let container = target::container_of(ctx, &pod, matches.value_of("container"), false)?;
    let destination = match is_directory(ctx, &pod, &container, &target.path)? {
        true => spec::join(&target.path, &spec::split(source).1),
        false => target.path.clone(),
    };
    let (directory, name) = spec::split(&destination);
    let archive = pack::pack(source, &name)?;
    let mut command = vec!["tar"];
    if matches.flag("no-preserve") {
        command.extend(["--no-same-permissions", "--no-same-owner"]);
    }
    command.extend(["-xmf", "-", "-C", &directory]);
    let options = ExecOptions { stdin: true, ..options(&container, &command) };
    let status = exec::start(ctx, &pod, &options, Input::Bytes(archive), &mut session::print)?;
    session::result_of(status)
}

/// Asks the container whether a path is a directory. An image without `test` has none.
fn is_directory(ctx: &mut Ctx, pod: &Object, container: &str, path: &str) -> CliResult<bool> {
    let options = options(container, &["test", "-d", path]);
    match exec::start(ctx, pod, &options, Input::Closed, &mut |_, _, _| Ok(())) {
        Ok(status) => Ok(status.code() == 0),
        // The next command says what is wrong.
        Err(CliError::Failed(_) | CliError::Status(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn from_pod(ctx: &mut Ctx, matches: &ArgMatches, source: &FileSpec, target: &str) -> CliResult<()> {
    let pod = pod_of(ctx, source)?;
    let wanted = matches.value_of("container").filter(|name| !name.is_empty());
    let choice = logs::find_container(&pod, wanted)?.ok_or_else(|| CliError::new("pod has no containers"))?;
    // Standard output is free: what the container prints there is the archive.
    if let Some(notice) = choice.notice {
        ctx.print_line(notice);
    }
    let mut archive = Vec::new();
    let mut sink = |ctx: &mut Ctx, stream: Stream, bytes: &[u8]| match stream {
        Stream::Out => {
            archive.extend_from_slice(bytes);
            Ok(())
        }
        Stream::Err => ctx.write_out(bytes),
    };
    let options = options(&choice.name, &["tar", "cf", "-", &source.path]);
    let status = exec::start(ctx, &pod, &options, Input::Closed, &mut sink)?;
    let namespace = source.namespace.as_deref().unwrap_or_default();
    let (program, pod_name, path) = (&ctx.program, quote(&source.pod), quote(&source.path));
    let alternative = format!("{program} exec -n {} {pod_name} -- tar cf - {path} | tar xf -", quote(namespace));
    let destination = Destination { prefix: &spec::archived(&source.path), path: target, alternative };
    unpack::unpack(ctx, &archive, &destination)?;
    session::result_of(status)
}

fn pod_of(ctx: &mut Ctx, file: &FileSpec) -> CliResult<Object> {
    let namespace = file.namespace.clone().unwrap_or_else(|| ctx.namespace());
    let path = ResourcePath::one("pods", &namespace, &file.pod);
    let pod = ctx.api(|client| client.get(&path))?;
    target::must_run(&pod, "exec into")?;
    Ok((*pod).clone())
}

fn options(container: &str, command: &[&str]) -> ExecOptions {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    ExecOptions { container: container.into(), command, ..ExecOptions::default() }
}
