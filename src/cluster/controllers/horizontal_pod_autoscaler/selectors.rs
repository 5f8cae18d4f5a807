//! Detection of autoscalers that select the same pods. Each would undo what the other does, so none of them scales by metrics.

use std::sync::Arc;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

use super::{AUTOSCALERS, target};

/// Returns the message of the event `AmbiguousSelector` if the targets of other autoscalers select pods of this one, whose
/// target has the given scale. Reads all autoscalers of the namespace.
pub(super) fn ambiguity(ctx: &mut Context<'_>, hpa: &Object, scale: &Object) -> Result<Option<String>> {
    let all = ctx.list(AUTOSCALERS, Some(hpa.namespace()))?;
    if all.len() < 2 {
        return Ok(None);
    }
    let text = scale.str("/status/selector");
    let Ok(selector) = Selector::parse(text) else { return Ok(None) };
    let pods = ctx.pods_matching(hpa.namespace(), &selector)?;
    let mut selecting = Vec::new();
    for other in all {
        if other.uid() == hpa.uid() || selects_any(ctx, &other, &pods)? {
            selecting.push(format!("{{{} {}}}", other.name(), other.namespace()));
        }
    }
    let is_ambiguous = !pods.is_empty() && selecting.len() > 1;
    let list = selecting.join(" ");
    Ok(is_ambiguous.then(|| format!("pods by selector {text} are controlled by multiple HPAs: [{list}]")))
}

/// Reports whether the target of an autoscaler selects one of the pods.
fn selects_any(ctx: &mut Context<'_>, hpa: &Object, pods: &[Arc<Object>]) -> Result<bool> {
    let Ok((_, scale)) = target(ctx, hpa)? else { return Ok(false) };
    let selector = Selector::parse(scale.str("/status/selector"));
    Ok(selector.is_ok_and(|selector| pods.iter().any(|pod| selector.matches_object(pod))))
}
