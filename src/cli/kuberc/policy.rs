//! The policy for credential plugins.
//!
//! Upstream: `client-go/plugin/pkg/client/auth/exec` (`ValidatePluginPolicy`, allowlist).

use std::path::Path;

use crate::executables;
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// The credential plugins that may run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum PluginPolicy {
    /// All of them.
    #[default]
    AllowAll,
    /// None.
    DenyAll,
    /// Those with these commands.
    Allowlist(Vec<String>),
}

impl PluginPolicy {
    /// Reads the policy of preferences.
    ///
    /// # Errors
    /// An unknown policy, or a list of commands that does not fit it.
    pub(crate) fn of(preference: &Value) -> Result<PluginPolicy, String> {
        let name = preference.str("/credentialPluginPolicy");
        let list = preference.get("credentialPluginAllowlist").and_then(Value::as_array);
        match (name, list) {
            ("" | "AllowAll", None) => Ok(PluginPolicy::AllowAll),
            ("DenyAll", None) => Ok(PluginPolicy::DenyAll),
            ("" | "AllowAll" | "DenyAll", Some(_)) => Err(format!(
                "misconfigured credential plugin allowlist: plugin policy is {} but allowlist is non-nil",
                quote(name)
            )),
            ("Allowlist", None) => {
                Err("credential plugin policy set to \"Allowlist\", but allowlist is unspecified".into())
            }
            ("Allowlist", Some(entries)) => allowlist(entries),
            _ => Err(format!("unknown plugin policy: {}", quote(name))),
        }
    }

    /// Checks whether a plugin may run.
    ///
    /// # Errors
    /// The reason why it may not.
    pub(crate) fn check(&self, command: &str) -> Result<(), String> {
        match self {
            PluginPolicy::AllowAll => Ok(()),
            PluginPolicy::DenyAll => Err(format!("plugin {} not allowed: policy set to \"DenyAll\"", quote(command))),
            PluginPolicy::Allowlist(entries) => check_listed(entries, command),
        }
    }
}

fn allowlist(entries: &[Value]) -> Result<PluginPolicy, String> {
    if entries.is_empty() {
        return Err(
            "credential plugin policy set to \"Allowlist\", but allowlist is empty; use \"DenyAll\" policy instead"
                .into(),
        );
    }
    let command = |entry: &Value| match entry.str("/command") {
        // The deprecated spelling.
        "" => entry.str("/name").to_string(),
        command => command.to_string(),
    };
    let commands: Vec<String> = entries.iter().map(command).collect();
    match commands.iter().position(String::is_empty) {
        Some(at) => Err(format!("misconfigured credential plugin allowlist: empty allowlist entry #{}", at + 1)),
        None => Ok(PluginPolicy::Allowlist(commands)),
    }
}

/// Checks a command against a list: both may be names or paths of the same program.
fn check_listed(entries: &[String], command: &str) -> Result<(), String> {
    if entries.iter().any(|entry| entry == command) {
        return Ok(());
    }
    let Some(path) = executables::find(command) else {
        let command = quote(command);
        return Err(format!(
            "plugin path {command} cannot be resolved for credential plugin allowlist check: exec: {command}: executable file not found in $PATH"
        ));
    };
    let is = |entry: &String| Path::new(entry) == path || executables::find(entry).as_ref() == Some(&path);
    match entries.iter().any(is) {
        true => Ok(()),
        false => Err(format!(
            "plugin path {} is not permitted by the credential plugin allowlist",
            quote(&path.to_string_lossy())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn policies_and_lists_must_fit() {
        let of = |policy: &str, list: Value| {
            PluginPolicy::of(&json!({"credentialPluginPolicy": policy, "credentialPluginAllowlist": list}))
        };
        assert_eq!(of("", Value::Null), Ok(PluginPolicy::AllowAll));
        assert_eq!(of("DenyAll", Value::Null), Ok(PluginPolicy::DenyAll));
        let listed = of("Allowlist", json!([{"name": "a"}, {"command": "sh"}])).expect("a list");
        assert_eq!(listed, PluginPolicy::Allowlist(vec!["a".into(), "sh".into()]));
        assert_eq!(listed.check("a"), Ok(()));
        for (policy, list) in
            [("AllowAll", json!([])), ("Allowlist", json!([])), ("Allowlist", Value::Null), ("Odd", Value::Null)]
        {
            assert!(of(policy, list.clone()).is_err(), "{policy} {list}");
        }
        assert!(PluginPolicy::DenyAll.check("a").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn names_and_paths_of_one_program_are_the_same() {
        let path = executables::find("sh").expect("a shell").to_string_lossy().into_owned();
        assert_eq!(PluginPolicy::Allowlist(vec!["sh".into()]).check(&path), Ok(()));
        assert_eq!(PluginPolicy::Allowlist(vec![path.clone()]).check("sh"), Ok(()));
        let refused = PluginPolicy::Allowlist(vec!["no-such-program".into()]).check("sh").expect_err("not listed");
        assert_eq!(refused, format!("plugin path \"{path}\" is not permitted by the credential plugin allowlist"));
    }
}
