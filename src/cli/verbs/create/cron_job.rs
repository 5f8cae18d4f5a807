//! `create cronjob`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_cronjob.go`.

use super::generator::{self, Generator};
use super::job::pod_template;
use crate::Verb;
use crate::args::{self, Matches};
use kctl_base::json::json;

/// The `create cronjob` verb.
pub(super) const VERB: Verb = Verb {
    name: "cronjob",
    aliases: &["cj"],
    about: "Create a cron job with the specified name",
    long: "Create a cron job with the given name.",
    examples: &[
        (
            "Create a cron job that runs every five minutes",
            "create cronjob backup --image=busybox --schedule='*/5 * * * *'",
        ),
        ("Create a cron job with a command", "create cronjob report --image=busybox --schedule='*/5 * * * *' -- date"),
    ],
    usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]",
    flags: |c| {
        generator::flags(c)
            .arg(args::text("image", "Image to run.").required(true))
            .arg(args::text("schedule", "Schedule in the format of cron.").required(true))
            .arg(args::text("restart", "Restart policy of the job. One of: (OnFailure, Never). Defaults to OnFailure."))
            .arg(generator::command_words())
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create cronjob",
    failed: "failed to create cronjob: ",
    build: |_, matches, name| {
        let restart = matches.value_of("restart").filter(|r| !r.is_empty()).unwrap_or("OnFailure");
        let template = pod_template(name, matches.string("image"), &matches.values("command"), restart);
        Ok(json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name},
            "spec": {
                "jobTemplate": {"metadata": {"name": name}, "spec": {"template": template}},
                "schedule": matches.string("schedule"),
            },
            "status": {},
        }))
    },
};
