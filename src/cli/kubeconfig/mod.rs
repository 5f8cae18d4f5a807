//! The kubeconfig file: its contexts and the current context.
//!
//! Its path is `--kubeconfig`, else `$KCTL_KUBECONFIG`, else a file in the directory of the store. `$KUBECONFIG` and
//! `~/.kube/config` are not read, because they may belong to a real cluster. Only contexts and their namespaces have an
//! effect.

mod file;
mod shape;

use std::path::{Path, PathBuf};

use super::{CliError, CliResult};
use file::Lock;
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::Duration;
use kctl_base::yaml;

/// The name of the default file in the directory of the store.
pub(crate) const FILE: &str = "kubeconfig";

/// The content of a kubeconfig file and its path.
pub(crate) struct Kubeconfig {
    path: PathBuf,
    /// The content as an object.
    pub(crate) value: Value,
}

/// Returns the content of a file that does not exist yet.
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
    /// Reads a file. If it does not exist, returns a configuration with one cluster and one context.
    ///
    /// # Errors
    /// The file cannot be read, is not YAML or has another shape.
    pub(crate) fn read(path: PathBuf) -> CliResult<Kubeconfig> {
        let value = read_file(&path)?.unwrap_or_else(initial);
        Ok(Kubeconfig { path, value })
    }

    /// Reads a file, changes it and writes it, while no other process does. Waits at most `timeout` for others, without one for ever. If `change`
    /// fails or changes nothing, nothing is written.
    ///
    /// # Errors
    /// Those of [`Kubeconfig::read`] and of `change`, or the file cannot be locked or written.
    pub(crate) fn change<T>(
        path: PathBuf,
        timeout: Option<Duration>,
        change: impl FnOnce(&mut Kubeconfig) -> CliResult<T>,
    ) -> CliResult<T> {
        let _lock = Lock::take(&path, timeout.map(Duration::to_std))?;
        let mut config = Kubeconfig::read(path)?;
        let before = config.value.clone();
        let result = change(&mut config)?;
        if config.value != before {
            let written = file::replace(&config.path, &yaml::to_yaml(&config.value));
            written.map_err(|error| CliError::io(format!("open {}", config.path.display()), error))?;
        }
        Ok(result)
    }

    /// Returns the path of the file, for messages.
    pub(crate) fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// Returns the name of the current context, or an empty string.
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

    /// Returns the namespace of a context, by default of the current one; `None` if the context has no namespace.
    ///
    /// # Errors
    /// The named context does not exist.
    pub(crate) fn namespace(&self, context: Option<&str>) -> CliResult<Option<String>> {
        match (self.context(context.unwrap_or(self.current())), context) {
            (None, Some(name)) => Err(CliError::new(format!("context \"{name}\" does not exist"))),
            (found, _) => Ok(found.map(|c| c.str("/namespace").to_string()).filter(|n| !n.is_empty())),
        }
    }
}

fn read_file(path: &Path) -> CliResult<Option<Value>> {
    let shown = path.display();
    let problem = |e: String| CliError::new(format!("error loading config file \"{shown}\": {e}"));
    // A directory that cannot be entered holds no file; whoever opens the store in it says why.
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|e| problem(format!("open {shown}: {}", io_error(&e))))?;
    let loaded = yaml::to_json(&text).map_err(|e| {
        let why = e.to_string();
        problem(why.trim_start_matches("error converting YAML to JSON: ").into())
    })?;
    let value = match loaded.value {
        Value::Null => json!({}),
        value => value,
    };
    shape::check(&value).map_err(problem)?;
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_context_is_created() {
        let mut config = Kubeconfig { path: PathBuf::new(), value: initial() };
        config.context_mut("other").put("/namespace", "dev");
        assert_eq!(config.context("other"), Some(&json!({"namespace": "dev"})));
        assert_eq!(config.current(), "kctl-admin@kctl");
    }
}
