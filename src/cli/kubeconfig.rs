//! The kubeconfig file: contexts and the current one of them.
//!
//! Its path is `--kubeconfig`, else `$KCTL_KUBECONFIG`, else a file beside the data of the store. `$KUBECONFIG` and
//! `~/.kube/config` are not read, because they may belong to a real cluster. Only contexts and their namespaces have an
//! effect.

use std::path::{Path, PathBuf};

use super::{CliError, CliResult, Ctx};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::yaml;

/// Name of the file in the directory of the store.
const FILE: &str = "kubeconfig";

/// The content of a kubeconfig file and its path.
pub(crate) struct Kubeconfig {
    path: PathBuf,
    /// The content as an object.
    pub(crate) value: Value,
}

/// The content before the first change.
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
    /// Reads the file. Without a file, returns a cluster with one context.
    ///
    /// # Errors
    /// The file cannot be read or is not YAML.
    pub(crate) fn read(ctx: &Ctx) -> CliResult<Kubeconfig> {
        let path = match ctx.kubeconfig() {
            Some(path) => path,
            None => ctx.store_dir()?.join(FILE),
        };
        let value = read_file(&path)?.unwrap_or_else(initial);
        Ok(Kubeconfig { path, value })
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, ctx: &mut Ctx) -> CliResult<()> {
        let failed = |e: std::io::Error| CliError::new(format!("writing {}: {e}", self.path.display()));
        if ctx.kubeconfig().is_none() {
            // The directory must be a store before it holds another file.
            ctx.client()?;
            ctx.flush()?;
        }
        let new = self.path.with_extension("new");
        std::fs::write(&new, yaml::to_yaml(&self.value)).map_err(failed)?;
        std::fs::rename(&new, &self.path).map_err(failed)
    }

    /// The path of the file, for messages.
    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The name of the current context, or an empty string.
    pub(crate) fn current(&self) -> &str {
        self.value.str("/current-context")
    }

    /// Finds a context by name.
    pub(crate) fn context(&self, name: &str) -> Option<&Value> {
        let entries = self.value.list("/contexts").iter();
        entries.filter(|c| c.str("/name") == name).find_map(|c| c.get("context"))
    }

    /// Finds a context by name and creates it if it is missing.
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

/// The namespace of a context, by default of the current one. `None` when the context has no namespace.
///
/// # Errors
/// The file cannot be read, or the named context does not exist.
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
