//! Selectors of patches and replacements (`api/types/selector.go`).

use regex::Regex;
use serde::Deserialize;

use super::error::Result;
use super::go_regexp::compile_anchored;
use super::res_id::ResId;
use super::resource::Resource;

/// Chooses objects. The parts of the id are regular expressions for whole strings; an empty part matches everything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(flatten)]
    pub(super) id: ResId,
    pub(super) annotation_selector: String,
    pub(super) label_selector: String,
}

/// A selector with compiled expressions; `None` matches everything.
pub(super) struct SelectorRegex<'s> {
    selector: &'s Selector,
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
}

impl SelectorRegex<'_> {
    /// Compiles the expressions of a selector.
    ///
    /// # Errors
    /// When one of them is invalid, in the words of Go's `regexp`.
    pub(super) fn compile(selector: &Selector) -> Result<SelectorRegex<'_>> {
        let optional = |pattern: &str| match pattern {
            "" => Ok(None),
            pattern => compile_anchored(pattern).map(Some),
        };
        let id = &selector.id;
        Ok(SelectorRegex {
            selector,
            group: optional(&id.gvk.group)?,
            version: optional(&id.gvk.version)?,
            kind: optional(&id.gvk.kind)?,
            name: optional(&id.name)?,
            namespace: optional(&id.namespace)?,
        })
    }

    /// Returns whether the selector chooses an object.
    ///
    /// # Errors
    /// When the label or annotation selector is invalid.
    pub(super) fn matches(&self, resource: &Resource) -> Result<bool> {
        Ok(self.matches_id(resource)
            && resource.matches_labels(&self.selector.label_selector)?
            && resource.matches_annotations(&self.selector.annotation_selector)?)
    }

    /// Compares the id. Name and namespace may be the original or the current ones.
    fn matches_id(&self, resource: &Resource) -> bool {
        let ids = [resource.original_id(), resource.current_id()];
        let gvk = resource.gvk();
        ids.iter().any(|id| is_match(&self.namespace, id.effective_namespace()))
            && ids.iter().any(|id| is_match(&self.name, &id.name))
            && is_match(&self.group, &gvk.group)
            && is_match(&self.version, &gvk.version)
            && is_match(&self.kind, &gvk.kind)
    }
}

fn is_match(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|p| p.is_match(text))
}
