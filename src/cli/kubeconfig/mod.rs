//! Kubeconfig files: one that is named by `--kubeconfig`, a list of files that are merged, or the file in the directory of
//! the store.
//!
//! Without a file that the user has named, kctl's built-in cluster is configured. `~/.kube/config` is not read, because it may
//! belong to a real cluster. Upstream: `client-go/tools/clientcmd` (`loader.go`, `config.go`).

pub(crate) mod client_certificate;
pub(crate) mod credential_plugin;
pub(crate) mod login;
mod shape;
mod types;
mod wire;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::shared_file::{self, Lock};
use super::{CliError, CliResult};
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::order::Order as _;
use kctl_base::sim::Duration;
use kctl_base::yaml;
use kctl_cluster::profile::{Access, Profile};

pub(crate) use shape::check_bytes;

/// The name of the default file in the directory of the store.
pub(crate) const FILE: &str = "kubeconfig";

/// The lists of named entries in a file, and the field of an entry that holds its content.
pub(crate) const SECTIONS: [(&str, &str); 3] = [("clusters", "cluster"), ("contexts", "context"), ("users", "user")];

/// The place of a configuration.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// One file that the user has named on the command line.
    Named(PathBuf),
    /// The files of an environment variable, of which earlier ones have priority. Missing ones are skipped.
    List(Vec<PathBuf>),
    /// The file of the store; a missing one stands for the built-in cluster, under the names of a profile.
    Store(PathBuf, Profile),
    /// The built-in cluster.
    BuiltIn,
}

impl Source {
    /// Returns true for the file of the store.
    pub(crate) fn is_of_store(&self) -> bool {
        matches!(self, Source::Store(..))
    }

    /// The profile whose names the built-in cluster has.
    fn profile(&self) -> Profile {
        if let Source::Store(_, profile) = self { *profile } else { Profile::Bare }
    }

    fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::Named(file) | Source::Store(file, _) => vec![file.clone()],
            Source::List(files) => files.clone(),
            Source::BuiltIn => Vec::new(),
        }
    }

    /// The file for entries that no file has yet: the first that exists, or else the last.
    fn default_file(&self) -> PathBuf {
        let files = self.files();
        files.iter().find(|file| file.exists()).or(files.last()).cloned().unwrap_or_default()
    }
}

/// The merged content of kubeconfig files.
pub(crate) struct Kubeconfig {
    source: Source,
    /// The files that exist, with their contents.
    files: Vec<(PathBuf, Value)>,
    /// The merged content as an object.
    pub(crate) value: Value,
}

/// Returns the configuration of the built-in cluster, with the certificate of its authority (PEM) if that is known.
fn built_in(profile: Profile, certificate: Option<&str>) -> Value {
    let Access { cluster, user, context, server } = profile.access();
    let mut access = json!({"server": server});
    if let Some(certificate) = certificate {
        access.put("/certificate-authority-data", BASE64_STANDARD.encode(certificate));
    }
    json!({
        "clusters": [{"name": cluster, "cluster": access}],
        "users": [{"name": user, "user": {}}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
    })
}

impl Kubeconfig {
    /// Reads the files of a configuration. One without any file is empty, or that of the built-in cluster.
    ///
    /// # Errors
    /// A file cannot be read, is not YAML or has another shape.
    pub(crate) fn read(source: Source) -> CliResult<Kubeconfig> {
        let mut files = Vec::new();
        for path in source.files() {
            if let Some(value) = read_file(&path)? {
                files.push((path, value));
            }
        }
        let value = match source {
            Source::Store(..) | Source::BuiltIn if files.is_empty() => {
                wire::canonical(&built_in(source.profile(), None))
            }
            _ => merged(&files),
        };
        Ok(Kubeconfig { source, files, value })
    }

    /// Returns the error of a named file that does not exist, which only `config` may create.
    ///
    /// # Errors
    /// The named file does not exist.
    pub(crate) fn require_file(&self) -> CliResult<()> {
        match &self.source {
            Source::Named(path) if self.files.is_empty() => {
                Err(CliError::new(format!("stat {}: no such file or directory", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Reads a configuration, changes it and writes the files that it changes, while no other process does. Waits at most
    /// `timeout` for others, without one for ever. If `change` fails or changes nothing, nothing is written.
    ///
    /// # Errors
    /// Those of [`Kubeconfig::read`] and of `change`, or a file cannot be locked or written.
    pub(crate) fn change<T>(
        source: Source,
        timeout: Option<Duration>,
        change: impl FnOnce(&mut Kubeconfig) -> CliResult<T>,
    ) -> CliResult<T> {
        let mut paths = source.files();
        let default = source.default_file();
        paths.retain(|path| *path == default || path.exists());
        paths.order();
        paths.dedup();
        let locks = paths.iter().map(|path| Lock::take(path, timeout.map(Duration::to_std)));
        let _locks: Vec<Lock> = locks.collect::<CliResult<_>>()?;
        let mut config = Kubeconfig::read(source)?;
        let before = config.value.clone();
        let result = change(&mut config)?;
        config.value = wire::canonical(&config.value);
        config.write(&before, &default)?;
        Ok(result)
    }

    /// Writes what differs from the content before: an entry to the first file that has it, a new one to `default`.
    fn write(&mut self, before: &Value, default: &Path) -> CliResult<()> {
        if self.value == *before {
            return Ok(());
        }
        let mut files = std::mem::take(&mut self.files);
        if !files.iter().any(|(path, _)| path == default) {
            let value = if self.source.is_of_store() { before.clone() } else { json!({}) };
            files.push((default.to_path_buf(), value));
        }
        let old = files.clone();
        for (list, _) in SECTIONS {
            self.update_section(before, &format!("/{list}"), default, &mut files);
        }
        let current = self.current();
        if current != before.str("/current-context") {
            let holds = |(path, value): &&mut (PathBuf, Value)| match current {
                "" => !value.str("/current-context").is_empty(),
                _ => path == default,
            };
            if let Some((_, value)) = files.iter_mut().find(holds) {
                value.put("/current-context", current);
            }
        }
        for (path, value) in &files {
            if !old.contains(&(path.clone(), value.clone())) || path == default && !path.exists() {
                let written = shared_file::replace(path, &yaml::to_yaml(&wire::canonical(value)));
                written.map_err(|error| CliError::io(format!("open {}", path.display()), error))?;
            }
        }
        Ok(())
    }

    /// Changes the entries of a list in the files that hold them.
    fn update_section(&self, before: &Value, list: &str, default: &Path, files: &mut [(PathBuf, Value)]) {
        let names = |config: &Value| -> Vec<String> {
            config.list(list).iter().map(|entry| entry.str("/name").to_string()).collect()
        };
        let mut all = names(before);
        all.extend(names(&self.value));
        for name in all {
            let (old, new) = (entry(before, list, &name), entry(&self.value, list, &name));
            if old == new {
                continue;
            }
            let at = files.iter().position(|(_, value)| entry(value, list, &name).is_some());
            let at = at.or_else(|| files.iter().position(|(path, _)| path == default));
            if let Some((_, value)) = at.map(|at| &mut files[at]) {
                let entries = value.list_mut(list);
                entries.retain(|entry| entry.str("/name") != name);
                entries.extend(new.cloned());
            }
        }
    }

    /// Returns the path of the file for new entries, for messages.
    pub(crate) fn path(&self) -> String {
        self.source.default_file().display().to_string()
    }

    /// Returns the directory of the file that holds an entry, to which the paths in it are relative.
    pub(crate) fn folder_of(&self, list: &str, name: &str) -> PathBuf {
        let holder = self.files.iter().find(|(_, value)| entry(value, list, name).is_some());
        holder.and_then(|(path, _)| path.parent()).map(Path::to_path_buf).unwrap_or_default()
    }

    /// Returns the name of the current context, or an empty string.
    pub(crate) fn current(&self) -> &str {
        self.value.str("/current-context")
    }

    /// Makes the built-in cluster of a profile the current one. A store without a file gets none for the profile that it stands
    /// for then.
    pub(crate) fn select_profile(&mut self, profile: Profile, certificate: Option<&str>) {
        let new = built_in(profile, certificate);
        if self.files.is_empty() {
            self.value = new;
            return;
        }
        for (list, _) in SECTIONS {
            let list = format!("/{list}");
            for entry in new.list(&list) {
                let entries = self.value.list_mut(&list);
                entries.retain(|known| known.str("/name") != entry.str("/name"));
                entries.push(entry.clone());
            }
        }
        self.value.put("/current-context", new.str("/current-context"));
    }

    /// Finds a context by name.
    pub(crate) fn context(&self, name: &str) -> Option<&Value> {
        entry(&self.value, "/contexts", name)?.get("context")
    }

    /// Finds an entry of `clusters`, `contexts` or `users` by name, and creates it if it is missing. Returns its content.
    pub(crate) fn entry_mut(&mut self, list: &str, content: &str, name: &str) -> &mut Value {
        let list = self.value.list_mut(&format!("/{list}"));
        let at = list.iter().position(|c| c.str("/name") == name).unwrap_or_else(|| {
            list.push(json!({"name": name, content: {}}));
            list.len() - 1
        });
        &mut list[at][content]
    }

    /// Returns the configuration as indented JSON, the fields in the order of Go's structs.
    pub(crate) fn to_json(&self) -> String {
        wire::to_json(&self.value)
    }

    /// Removes empty fields and sorts the entries, as Go does when it writes a configuration.
    pub(crate) fn normalise(&mut self) {
        self.value = wire::canonical(&self.value);
    }
}

/// Finds an entry of a list by name.
fn entry<'a>(config: &'a Value, list: &str, name: &str) -> Option<&'a Value> {
    config.list(list).iter().find(|entry| entry.str("/name") == name)
}

/// Merges files: of entries with one name, and of the other values, the first counts.
fn merged(files: &[(PathBuf, Value)]) -> Value {
    let mut all = json!({});
    for (_, value) in files {
        for (list, _) in SECTIONS {
            let list = format!("/{list}");
            for new in value.list(&list) {
                if entry(&all, &list, new.str("/name")).is_none() {
                    all.list_mut(&list).push(new.clone());
                }
            }
        }
        for name in ["current-context", "preferences", "extensions"] {
            let given = all.get(name).is_some_and(|value| value.as_str() != Some(""));
            if let Some(new) = value.get(name).filter(|_| !given) {
                all.put(&format!("/{name}"), new.clone());
            }
        }
    }
    wire::canonical(&all)
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
    Ok(Some(wire::canonical(&value)))
}
