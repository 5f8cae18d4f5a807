//! The kubeconfig file: contexts and which of them is current.
//!
//! `--kubeconfig` names it, else `$KCTL_KUBECONFIG`; otherwise it lies beside the data of the store. `$KUBECONFIG` and the file
//! in the home directory are left alone on purpose: they may be those of a real cluster. Only contexts and their namespaces
//! mean something here.

use std::path::{Path, PathBuf};

use super::{CliError, CliResult, Ctx};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::yaml;

/// The file's name in the directory of the store.
const FILE: &str = "kubeconfig";

/// The contents of a kubeconfig file and where they are from.
pub(crate) struct Kubeconfig {
    path: PathBuf,
    /// The file as an object.
    pub(crate) value: Value,
}

/// What is there before anything was changed.
fn initial() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kctl", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "kctl-admin", "user": {}}],
        "contexts": [{"name": "kctl-admin@kctl", "context": {"cluster": "kctl", "user": "kctl-admin"}}],
        "current-context": "kctl-admin@kctl",
    })
}

impl Kubeconfig {
    /// Reads the file; where there is none, a cluster with one context.
    ///
    /// # Errors
    /// A file that can not be read or is no YAML.
    pub(crate) fn read(ctx: &Ctx) -> CliResult<Kubeconfig> {
        let path = match ctx.kubeconfig() {
            Some(path) => path,
            None => ctx.store_dir()?.join(FILE),
        };
        let value = read_file(&path)?.unwrap_or_else(initial);
        Ok(Kubeconfig { path, value })
    }

    /// Writes the file in one step.
    ///
    /// # Errors
    /// When it can not be written.
    pub(crate) fn write(&self, ctx: &mut Ctx) -> CliResult<()> {
        let failed = |e: std::io::Error| CliError::new(format!("writing {}: {e}", self.path.display()));
        if ctx.kubeconfig().is_none() {
            // The directory becomes a store before another file may lie in it.
            ctx.cluster()?;
            ctx.flush()?;
        }
        let new = self.path.with_extension("new");
        std::fs::write(&new, yaml::to_yaml(&self.value)).map_err(failed)?;
        std::fs::rename(&new, &self.path).map_err(failed)
    }

    /// Where it is.
    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The name of the current context, or the empty string.
    pub(crate) fn current(&self) -> &str {
        self.value.str("/current-context")
    }

    /// A context by name.
    pub(crate) fn context(&self, name: &str) -> Option<&Value> {
        let entries = self.value.list("/contexts").iter();
        entries.filter(|c| c.str("/name") == name).find_map(|c| c.get("context"))
    }

    /// A context by name, made when it is not there.
    pub(crate) fn context_mut(&mut self, name: &str) -> &mut Value {
        let list = self.value.list_mut("/contexts");
        let at = list.iter().position(|c| c.str("/name") == name).unwrap_or_else(|| {
            list.push(json!({"name": name, "context": {}}));
            list.len() - 1
        });
        &mut list[at]["context"]
    }
}

fn read_file(path: &Path) -> CliResult<Option<Value>> {
    let problem = |e: String| CliError::new(format!("error loading config file \"{}\": {e}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => yaml::to_json(&text).map(|l| Some(l.value)).map_err(|e| problem(e.to_string())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(problem(e.to_string())),
    }
}

/// The namespace of a context, of the current one when none is named; none where it says nothing.
///
/// # Errors
/// A file that can not be read, or a context that was asked for and is not there.
pub(crate) fn namespace(ctx: &Ctx, context: Option<&str>) -> CliResult<Option<String>> {
    let config = Kubeconfig::read(ctx)?;
    let name = context.unwrap_or(config.current());
    match (config.context(name), context) {
        (None, Some(asked)) => Err(CliError::new(format!("context \"{asked}\" does not exist"))),
        (found, _) => Ok(found.map(|c| c.str("/namespace").to_string()).filter(|n| !n.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_made_when_missing() {
        let mut config = Kubeconfig { path: PathBuf::new(), value: initial() };
        config.context_mut("other").put("/namespace", "dev");
        assert_eq!(config.context("other"), Some(&json!({"namespace": "dev"})));
        assert_eq!(config.current(), "kctl-admin@kctl");
    }
}
