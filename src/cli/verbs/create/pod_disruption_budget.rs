//! `create poddisruptionbudget`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_pdb.go`.

use clap::ArgMatches;

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::labels::{Operator, Selector};
use kctl_base::object::ValueWrite;

/// The `create poddisruptionbudget` verb.
pub(super) const VERB: Verb = Verb {
    name: "poddisruptionbudget",
    aliases: &["pdb"],
    about: "Create a pod disruption budget with the specified name",
    long: "Create a pod disruption budget with the given name, selector and minimum of available pods.",
    examples: &[
        (
            "Keep at least one pod with the label app=rails available",
            "create poddisruptionbudget rails --selector=app=rails --min-available=1",
        ),
        ("Keep at least half of the pods available", "create pdb web --selector=app=nginx --min-available=50%"),
    ],
    usage: "NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]",
    flags: |c| {
        generator::flags(c)
            .arg(args::text("selector", "Label selector of the pods; only equality-based requirements are allowed."))
            .arg(args::text("min-available", "Number or percentage of pods that must stay available."))
            .arg(args::text("max-unavailable", "Number or percentage of pods that may be unavailable."))
    },
    run: |ctx, matches| generator::run(ctx, matches, &GENERATOR),
    family: &[],
};

const GENERATOR: Generator =
    Generator { path: "create poddisruptionbudget", failed: "failed to create poddisruptionbudgets: ", build };

fn build(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let refuse = |text: &str| Err(CliError::new(text));
    let (least, most) = (matches.string("min-available"), matches.string("max-unavailable"));
    if matches.string("selector").is_empty() {
        return refuse("a selector must be specified");
    }
    match (least.is_empty(), most.is_empty()) {
        (true, true) => return refuse("one of min-available or max-unavailable must be specified"),
        (false, false) => return refuse("min-available and max-unavailable cannot be both specified"),
        _ => {}
    }
    for (flag, text) in [("max-unavailable", most), ("min-available", least)] {
        if !text.is_empty() && !is_amount(text) {
            return Err(CliError::new(format!("invalid format specified for {flag}")));
        }
    }
    let mut budget = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"selector": label_selector(matches.string("selector"))?},
        "status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    });
    for (field, text) in [("minAvailable", least), ("maxUnavailable", most)] {
        if !text.is_empty() {
            budget.put(&format!("/spec/{field}"), text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from));
        }
    }
    Ok(budget)
}

/// True for a number of at least zero and for such a percentage.
fn is_amount(text: &str) -> bool {
    let digits = text.strip_suffix('%').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
}

/// Parses a selector into a `LabelSelector` object.
fn label_selector(text: &str) -> CliResult<Value> {
    let parsed = Selector::parse(text)
        .map_err(|e| CliError::new(format!("couldn't parse the selector string {}: {e}", quote(text))))?;
    let mut selector = json!({});
    for requirement in parsed.requirements() {
        let (key, values) = (requirement.key(), requirement.values());
        match (requirement.operator(), values) {
            (Operator::Equals | Operator::DoubleEquals, [value]) => {
                selector.map_mut("/matchLabels").insert(key, value.clone().into());
            }
            (operator, values) => {
                let word = match operator {
                    Operator::NotEquals | Operator::NotIn => "NotIn",
                    Operator::Exists => "Exists",
                    Operator::DoesNotExist => "DoesNotExist",
                    _ => "In",
                };
                let mut expression = json!({"key": key, "operator": word});
                if !values.is_empty() {
                    expression["values"] = json!(values);
                }
                selector.list_mut("/matchExpressions").push(expression);
            }
        }
    }
    Ok(selector)
}
