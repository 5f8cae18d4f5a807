//! `create cronjob`.

use super::generator::{self, Generator};
use super::job::pod_template;
use crate::Verb;
use crate::args::{self, Matches};
use kctl_base::json::json;

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "cronjob",
    aliases: &["cj"],
    about: "Create a cron job with the specified name",
    args: |c| {
        generator::flags(c)
            .arg(args::text("image", "the image to run").required(true))
            .arg(args::text("schedule", "when to run: five fields of cron").required(true))
            .arg(args::text("restart", "restart policy: OnFailure (default) or Never"))
            .arg(generator::command_words())
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create cronjob",
    failed: "failed to create cronjob: ",
    build: |_, matches, name| {
        let restart = matches.given("restart").filter(|r| !r.is_empty()).unwrap_or("OnFailure");
        let template = pod_template(name, matches.value("image"), &matches.values("command"), restart);
        Ok(json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name},
            "spec": {
                "jobTemplate": {"metadata": {"name": name}, "spec": {"template": template}},
                "schedule": matches.value("schedule"),
            },
            "status": {},
        }))
    },
};
