//! The objects of a build in their order, no two of one id.

use regex::Regex;
use serde::Deserialize;

use super::build_notes::Behavior;
use super::error::{KustomizeError, Result, fail};
use super::ids::ResId;
use super::resource::Resource;

/// The objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    pub(super) list: Vec<Resource>,
}

impl Resources {
    /// Objects that were read together.
    pub(super) fn new(list: Vec<Resource>) -> Result<Resources> {
        let mut resources = Resources::default();
        resources.append_all(list)?;
        Ok(resources)
    }

    /// Adds objects.
    ///
    /// # Errors
    /// When one of the same id is there.
    pub(super) fn append_all(&mut self, list: Vec<Resource>) -> Result<()> {
        let mut ids: Vec<ResId> = self.list.iter().map(Resource::current_id).collect();
        for resource in list {
            let id = resource.current_id();
            if ids.iter().any(|other| other.same(&id)) {
                return fail(format!("may not add resource with an already registered id: {id}"));
            }
            ids.push(id);
            self.list.push(resource);
        }
        Ok(())
    }

    /// Adds a generated object, or merges it into the one that is there, as its behavior says.
    pub(super) fn absorb(&mut self, mut resource: Resource) -> Result<()> {
        let id = resource.current_id();
        let matches = self.matching_any(|other| id.same(other));
        match (matches.as_slice(), resource.behavior()) {
            ([], Behavior::Create | Behavior::Unspecified) => self.append_all(vec![resource]),
            ([], _) => fail(format!("id {} does not exist; cannot merge or replace", id.go_syntax())),
            ([_], Behavior::Create | Behavior::Unspecified) => {
                fail(format!("id {} exists; behavior must be merge or replace", id.go_syntax()))
            }
            ([at], behavior) => {
                let old = &self.list[*at];
                resource.take_metadata_of(old);
                if behavior == Behavior::Merge {
                    resource.merge_data_of(old);
                }
                self.list[*at] = resource;
                Ok(())
            }
            (many, _) => {
                let found: Vec<String> = many.iter().map(|at| self.list[*at].value.to_string()).collect();
                fail(format!("found multiple objects [{}] that could accept merge of {id}", found.join(" ")))
            }
        }
    }

    /// Forgets what patches deleted.
    pub(super) fn drop_empties(&mut self) {
        self.list.retain(|r| !r.is_empty());
    }

    /// The places of the objects one of whose ids, earlier or current, fits.
    pub(super) fn matching_any(&self, fits: impl Fn(&ResId) -> bool) -> Vec<usize> {
        let matches = |r: &Resource| !r.is_empty() && r.all_ids().iter().any(&fits);
        (0..self.list.len()).filter(|at| matches(&self.list[*at])).collect()
    }

    /// The place of the one object that had or has an id.
    pub(super) fn by_id(&self, id: &ResId) -> Result<usize> {
        let problem = match self.matching_any(|other| id.same(other)).as_slice() {
            [one] => return Ok(*one),
            [] => "no matches",
            _ => "multiple matches",
        };
        fail(format!("{problem} for Id {id}; failed to find unique target for patch {id}"))
    }

    /// The places of the objects that a selector means.
    pub(super) fn select(&self, selector: &Selector) -> Result<Vec<usize>> {
        let patterns = Patterns::compile(selector)?;
        let mut found = Vec::new();
        for (at, resource) in self.list.iter().enumerate() {
            if resource.is_empty() {
                continue;
            }
            let fits = patterns.fit(resource)
                && resource.matches(&selector.label_selector, &resource.labels())?
                && resource.matches(&selector.annotation_selector, &resource.annotations())?;
            if fits {
                found.push(at);
            }
        }
        Ok(found)
    }
}

/// Chooses objects; the parts of the id are patterns for whole texts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(flatten)]
    pub(super) id: ResId,
    pub(super) annotation_selector: String,
    pub(super) label_selector: String,
}

/// The patterns of a selector; an empty one fits everything.
struct Patterns {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
}

impl Patterns {
    fn compile(selector: &Selector) -> Result<Patterns> {
        let id = &selector.id;
        Ok(Patterns {
            group: pattern(&id.gvk.group)?,
            version: pattern(&id.gvk.version)?,
            kind: pattern(&id.gvk.kind)?,
            name: pattern(&id.name)?,
            namespace: pattern(&id.namespace)?,
        })
    }

    /// Names and namespaces may be those of the start or those of now.
    fn fit(&self, resource: &Resource) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let ids = [resource.original_id(), resource.current_id()];
        let gvk = resource.gvk();
        ids.iter().any(|id| fits(&self.namespace, id.effective_namespace()))
            && ids.iter().any(|id| fits(&self.name, &id.name))
            && fits(&self.group, &gvk.group)
            && fits(&self.version, &gvk.version)
            && fits(&self.kind, &gvk.kind)
    }
}

fn pattern(text: &str) -> Result<Option<Regex>> {
    if text.is_empty() {
        return Ok(None);
    }
    let whole = format!("^(?:{text})$");
    Regex::new(&whole).map(Some).map_err(|error| regex_error(&whole, &error))
}

/// A broken pattern in Go's words.
pub(super) fn regex_error(pattern: &str, error: &regex::Error) -> KustomizeError {
    let text = error.to_string();
    let from = |c: char| pattern.rfind(c).map_or(pattern, |at| &pattern[at..]);
    let problem = match text.as_str() {
        t if t.contains("unclosed character class") => format!("missing closing ]: `{}`", from('[')),
        t if t.contains("unclosed group") => format!("missing closing ): `{pattern}`"),
        t if t.contains("unopened group") => format!("unexpected ): `{pattern}`"),
        t if t.contains("repetition operator missing expression") => {
            let operator: String = pattern.chars().filter(|c| "*+?{".contains(*c)).skip(1).take(1).collect();
            format!("missing argument to repetition operator: `{operator}`")
        }
        other => format!("{}: `{pattern}`", other.lines().last().unwrap_or(other).trim_start_matches("error: ")),
    };
    KustomizeError::new(format!("error parsing regexp: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn object(kind: &str, name: &str) -> Resource {
        Resource::new(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": {"a": name}}}))
    }

    fn selected(selector: Value) -> String {
        let all = Resources::new(vec![object("ConfigMap", "a"), object("Secret", "ab"), object("Secret", "c")]);
        let selector: Selector = kctl_base::json::from_value(&selector).expect("a selector");
        match all.and_then(|all| all.select(&selector)) {
            Ok(places) => format!("{places:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn selectors_are_patterns_for_whole_texts() {
        assert_eq!(selected(json!({"name": "a.*"})), "[0, 1]");
        assert_eq!(selected(json!({"name": "a"})), "[0]");
        assert_eq!(selected(json!({"kind": "Secret|ConfigMap", "name": "c"})), "[2]");
        assert_eq!(selected(json!({"labelSelector": "a in (ab, c)"})), "[1, 2]");
        assert_eq!(selected(json!({"namespace": "default"})), "[0, 1, 2]");
        assert_eq!(selected(json!({"name": "a["})), "error parsing regexp: missing closing ]: `[)$`");
    }

    #[test]
    fn an_id_can_be_there_once() {
        let twice = Resources::new(vec![object("ConfigMap", "a"), object("ConfigMap", "a")]);
        assert_eq!(
            twice.expect_err("a refusal").to_string(),
            "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]"
        );
    }
}
