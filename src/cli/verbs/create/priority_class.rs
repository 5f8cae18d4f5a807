//! `create priorityclass`.

use super::generator::{self, Generator};
use crate::Verb;
use crate::args::{self, Matches};
use kctl_base::json::json;

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "priorityclass",
    aliases: &["pc"],
    about: "Create a priority class with the specified name",
    args: |c| {
        generator::flags(c)
            .arg(args::number32("value", "the priority"))
            .arg(args::switch("global-default", "pods without a class get this one"))
            .arg(args::text("description", "what it is for"))
            .arg(args::text("preemption-policy", "PreemptLowerPriority (default) or Never"))
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create priorityclass",
    failed: "failed to create priorityclass: ",
    build: |_, matches, name| {
        let value = matches.int("value").unwrap_or(0);
        let policy = matches.given("preemption-policy").filter(|p| !p.is_empty()).unwrap_or("PreemptLowerPriority");
        let mut class = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "preemptionPolicy": policy,
            "value": value,
        });
        if matches.on("global-default") {
            class["globalDefault"] = true.into();
        }
        if !matches.value("description").is_empty() {
            class["description"] = matches.value("description").into();
        }
        Ok(class)
    },
};
