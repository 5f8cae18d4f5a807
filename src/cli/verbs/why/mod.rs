//! `why`: tells what keeps an object from being what it should be, and how it came to be what it is.

pub(in crate::verbs) mod structured;
pub(in crate::verbs) mod text;

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, Matches};
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json;
use kctl_base::status::{Reason, Status};
use kctl_base::yaml;
use kctl_cluster::ClusterError;
use kctl_cluster::why::{Diagnosis, ObjectName, Story};

/// The `why` verb.
pub(super) const VERB: Verb = Verb {
    name: "why",
    aliases: &[],
    about: "Explain what is wrong with an object, and how it came to be what it is",
    long: "Explain what keeps an object from being what it should be, and how it came to be what it is.

 The first part examines the object and what it depends on: why a pod waits for a node, where a rollout hangs, what \
    holds an object that has been deleted, why a service has no endpoints. The second part follows the changes that \
    led to the present state, the newest first, through the controllers back to the commands from which they \
    followed. It also tells of objects that no longer exist, as far back as the log of changes reaches.",
    examples: &[
        ("Explain why a pod does not run", "why pod/web-0"),
        ("Explain why a rollout hangs", "why deployment web"),
        ("Explain who deleted a pod", "why pod/web-2"),
        ("Print the findings and the causes as JSON", "why service/web -o json"),
    ],
    usage: "(TYPE NAME | TYPE/NAME | TYPE -l label)",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::labels(groups::args(command)).arg(args::text("output", "Output format. One of: (json, yaml).").short('o'))
}

/// The knowledge of one object.
struct Answer {
    object: ObjectName,
    /// `None` for an object that does not exist.
    diagnosis: Option<Diagnosis>,
    /// `None` for a user who may not see the simulation.
    story: Option<Story>,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let format = matches.string("output");
    if !matches!(format, "" | "json" | "yaml") {
        return Err(CliError::new("--output must be 'yaml' or 'json'"));
    }
    let selection = Selection::from_matches(ctx, matches);
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    let mut answers = Vec::new();
    for item in &resolved.items {
        match answer(ctx, item) {
            Ok(answer) => answers.push(answer),
            Err(error) => errors.push(error),
        }
    }
    print(ctx, format, &answers, resolved.single);
    CliError::all(errors)
}

fn print(ctx: &mut Ctx, format: &str, answers: &[Answer], single: bool) {
    if format.is_empty() {
        for (position, answer) in answers.iter().enumerate() {
            if position > 0 {
                ctx.print_line("");
            }
            text::lines(answer).into_iter().for_each(|line| ctx.print_line(line));
        }
        return;
    }
    let mut values: Vec<json::Value> = answers.iter().map(structured::value).collect();
    let value = match (single, values.pop()) {
        (true, Some(only)) => only,
        (_, last) => json::Value::from(values.into_iter().chain(last).collect::<Vec<_>>()),
    };
    match format {
        "json" => ctx.print_line(json::to_pretty(&value)),
        _ => ctx.out.push_str(&yaml::print(&value)),
    }
}

/// Examines an object and follows its causes.
///
/// # Errors
/// Status 403 for an object that the user may not read, 404 for one that nothing is known of.
fn answer(ctx: &mut Ctx, item: &Item) -> CliResult<Answer> {
    let names = item.kind.names();
    let object = ObjectName::new(names.kind, &names.resource(), &item.namespace, &item.name);
    let client = ctx.client()?;
    let user = client.user().clone();
    let diagnosis = client.transport().diagnose(&user, &object).map_err(CliError::from)?;
    let story = match client.transport().console(&user) {
        Ok(mut console) => console.causes(&object)?,
        // The state of an object is shown to whoever may read it; the log tells of the commands of everybody.
        Err(ClusterError::Status(status)) if status.reason == Reason::Forbidden && diagnosis.is_some() => {
            ctx.print_error(format!("The causes are not shown: {}", status.message));
            None
        }
        Err(error) => return Err(error.into()),
    };
    if diagnosis.is_none() && story.is_none() {
        return Err(Status::not_found(names.group, names.plural, &item.name).into());
    }
    Ok(Answer { object, diagnosis, story })
}
