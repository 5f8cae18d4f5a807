//! Autoscalers that look after the same pods: each would undo what the other does, so none of them scales by metrics.

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

use super::{AUTOSCALERS, target};

/// What keeps an autoscaler from scaling by metrics: others whose targets select the same pods. `scale` is that of its own
/// target. Costs the autoscalers of the namespace.
pub(super) fn problem(ctx: &mut Context<'_>, hpa: &Object, scale: &Object) -> Result<Option<String>> {
    let all = ctx.list(AUTOSCALERS, Some(hpa.namespace()))?;
    if all.len() < 2 {
        return Ok(None);
    }
    let text = scale.str("/status/selector");
    let Ok(selector) = Selector::parse(text) else { return Ok(None) };
    let pods = ctx.pods_matching(hpa.namespace(), &selector)?;
    let mut rivals = Vec::new();
    for other in all {
        if other.uid() == hpa.uid() || selects_any(ctx, &other, &pods)? {
            rivals.push(format!("{{{} {}}}", other.name(), other.namespace()));
        }
    }
    let is_alone = pods.is_empty() || rivals.len() < 2;
    Ok((!is_alone).then(|| format!("pods by selector {text} are controlled by multiple HPAs: [{}]", rivals.join(" "))))
}

/// Whether the target of an autoscaler selects one of these pods.
fn selects_any(ctx: &mut Context<'_>, hpa: &Object, pods: &[std::sync::Arc<Object>]) -> Result<bool> {
    let Ok((_, scale)) = target(ctx, hpa)? else { return Ok(false) };
    let selector = Selector::parse(scale.str("/status/selector"));
    Ok(selector.is_ok_and(|selector| pods.iter().any(|pod| selector.matches_object(pod))))
}
