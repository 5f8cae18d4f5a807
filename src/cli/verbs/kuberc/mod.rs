//! `kuberc`: shows and changes the file with preferences.
//!
//! Upstream: `kubectl/pkg/cmd/kuberc`.

mod set;

use clap::{ArgMatches, Command};

use crate::args::{Matches, groups};
use crate::kuberc::{self, Location};
use crate::output::Output;
use crate::shared_file::Lock;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::Duration;

/// The `kuberc` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "kuberc",
    aliases: &[],
    about: "Manage kuberc configuration files",
    long: "Manage kuberc configuration files.

 The file holds the preferences of a user: default values of flags, aliases, and the policy for credential plugins. It is \
    ~/.kube/kuberc unless the flag --kuberc or the variable KUBERC names another.",
    examples: &[
        ("View the current kuberc configuration", "kuberc view"),
        ("Set a default value for a flag", "kuberc set --section defaults --command get --option output=wide"),
        (
            "Create an alias",
            "kuberc set --section aliases --name getn --command get --prependarg nodes --option output=wide",
        ),
    ],
    usage: "SUBCOMMAND",
    flags: |command| command,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        set::VERB,
        Verb {
            name: "view",
            aliases: &[],
            about: "Display the current kuberc configuration",
            long: "Display the contents of the kuberc file in the specified output format.",
            examples: &[
                ("View the kuberc configuration in YAML", "kuberc view"),
                ("View the kuberc configuration in JSON", "kuberc view --output json"),
                ("View another kuberc file", "kuberc view --kuberc ./kuberc"),
            ],
            usage: "",
            flags: |command: Command| groups::output(groups::args(command)),
            run: view,
            family: &[],
        },
    ],
};

/// Returns the place of the file.
///
/// # Errors
/// `KUBERC=off`.
fn location(ctx: &Ctx, matches: &ArgMatches) -> CliResult<Location> {
    let flag = matches.path("kuberc").unwrap_or_default();
    let located = kuberc::locate(&flag.to_string_lossy(), ctx.variable)?;
    located.ok_or_else(|| CliError::new("KUBERC is disabled via KUBERC=off environment variable"))
}

fn view(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let location = location(ctx, matches)?;
    let shown = location.path.display().to_string();
    if !location.path.exists() {
        return match location.is_explicit {
            true => Err(CliError::new(format!("kuberc file not found at {shown}"))),
            false => offer_default(ctx, &location),
        };
    }
    let unreadable = |why: String| CliError::new(format!("error reading kuberc file: {why}"));
    std::fs::File::open(&location.path).map_err(|error| unreadable(format!("open {shown}: {}", io_error(&error))))?;
    let loaded = kuberc::load(&location)?;
    ctx.push_error(&loaded.warning);
    let mut preference = loaded.preference.unwrap_or_else(kuberc::empty);
    for list in ["/aliases", "/defaults"] {
        if preference.at(list).is_none_or(Value::is_null) {
            preference.put(list, json!([]));
        }
    }
    let mut output = Output::of_report(matches)?;
    if output.is_human() {
        ctx.out.push_str(&kctl_base::yaml::to_yaml(&preference));
        return Ok(());
    }
    output.print(ctx, &preference)
}

/// Asks whether to write a file with recommended preferences.
fn offer_default(ctx: &mut Ctx, location: &Location) -> CliResult<()> {
    ctx.print_line(format!("kuberc file not found at {}", location.path.display()));
    ctx.out.push_str("Would you like to generate a default kuberc file with recommended options? (y/N): ");
    ctx.flush()?;
    let answer = ctx.read_stdin()?;
    let answer = String::from_utf8_lossy(&answer);
    if !answer.lines().next().unwrap_or_default().trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    let _lock = lock(ctx, location)?;
    let mut preference = kuberc::empty();
    let option = |name: &str| json!([{"name": name, "default": "true"}]);
    preference.put(
        "/defaults",
        json!([
            {"command": "apply", "options": option("server-side")},
            {"command": "delete", "options": option("interactive")},
        ]),
    );
    save(ctx, location, &preference)
}

/// Locks the file against other processes until the result is dropped; creates its directory.
fn lock(ctx: &Ctx, location: &Location) -> CliResult<Lock> {
    Lock::take(&location.path, ctx.lock_timeout().map(Duration::to_std))
}

/// Writes the file and says so.
fn save(ctx: &mut Ctx, location: &Location, preference: &Value) -> CliResult<()> {
    kuberc::save(&location.path, preference)?;
    ctx.print_line(format!("Updated {}", location.path.display()));
    Ok(())
}
