//! `create priorityclass`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_priorityclass.go`.

use super::generator::{self, Generator};
use crate::Verb;
use crate::args::{self, ArgProperties, Matches};
use kctl_base::json::json;

/// The `create priorityclass` verb.
pub(super) const VERB: Verb = Verb {
    name: "priorityclass",
    aliases: &["pc"],
    about: "Create a priority class with the specified name",
    long: "Create a priority class with the given name, value, global default and description.",
    examples: &[
        ("Create a priority class", "create priorityclass high --value=1000 --description=\"for the shop\""),
        (
            "Create the priority class that pods get by default",
            "create priorityclass standard --value=10 --global-default=true",
        ),
        (
            "Create a priority class whose pods do not preempt others",
            "create priorityclass polite --value=1000 --preemption-policy=Never",
        ),
    ],
    usage: "NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]",
    flags: |c| {
        generator::flags(c)
            .arg(args::number32("value", "Value of the priority class."))
            .arg(args::switch("global-default", "Make this the priority class of pods that name none."))
            .arg(args::text("description", "Purpose of the priority class."))
            .arg(
                args::text(
                    "preemption-policy",
                    "Preemption of pods with a lower priority. One of: (PreemptLowerPriority, Never).",
                )
                .help_default("'PreemptLowerPriority'"),
            )
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator = Generator {
    path: "create priorityclass",
    failed: "failed to create priorityclass: ",
    build: |_, matches, name| {
        let value = matches.int("value").unwrap_or(0);
        let policy = matches.value_of("preemption-policy").filter(|p| !p.is_empty()).unwrap_or("PreemptLowerPriority");
        let mut class = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "preemptionPolicy": policy,
            "value": value,
        });
        if matches.flag("global-default") {
            class["globalDefault"] = true.into();
        }
        if !matches.string("description").is_empty() {
            class["description"] = matches.string("description").into();
        }
        Ok(class)
    },
};
