//! The settings of new nodes: what they have of each resource, and their labels.

use kctl_base::labels::{dns_subdomain_problems, key_problems, value_problems};
use kctl_base::quantity::Quantity;

/// The resources that every node has.
const RESOURCES: [&str; 4] = ["cpu", "memory", "pods", "ephemeral-storage"];

/// The least memory of a node: less is an amount without its unit.
const LEAST_MEMORY: &str = "128Mi";

/// Settings of one node, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// The node; `None` for all nodes.
    pub(super) name: Option<String>,
    /// Amounts by resource, in the order in which they were given.
    pub(super) capacity: Vec<(String, String)>,
    /// The labels.
    pub(super) labels: Vec<(String, String)>,
}

impl NodeSettings {
    /// Parses `name=kind-worker,cpu=8,memory=16Gi,labels=disktype=ssd,zone=a`. The labels come last.
    ///
    /// # Errors
    /// The reason, which names the part.
    pub fn parse(text: &str) -> Result<NodeSettings, String> {
        let mut settings = NodeSettings::default();
        let mut are_labels = false;
        for part in text.split(',') {
            let label = part.strip_prefix("labels=").filter(|_| !are_labels);
            are_labels |= label.is_some();
            match (label.unwrap_or(part).split_once('='), are_labels) {
                (Some((key, value)), true) => settings.add_label(key, value)?,
                (Some((key, value)), false) => settings.add(key.trim(), value.trim())?,
                (None, true) => return Err(format!("label {:?} of a node is not KEY=VALUE", label.unwrap_or(part))),
                (None, false) => return Err(format!("setting {part:?} of a node is not KEY=VALUE")),
            }
        }
        Ok(settings)
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), String> {
        let is_known = match key {
            "name" => self.name.is_some(),
            _ => self.capacity.iter().any(|(known, _)| known == key),
        };
        if is_known {
            return Err(format!("setting {key:?} of a node is given twice"));
        }
        match key {
            "name" if dns_subdomain_problems(value).is_empty() => self.name = Some(value.into()),
            "name" => return Err(format!("{value:?} is not a name of a node")),
            _ => {
                check_resource(key)?;
                check_amount(key, value)?;
                self.capacity.push((key.into(), value.into()));
            }
        }
        Ok(())
    }

    fn add_label(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key_problems(key).into_iter().chain(value_problems(value)).next() {
            Some(problem) => Err(format!("label \"{key}={value}\" of a node is invalid: {problem}")),
            None => {
                self.labels.push((key.into(), value.into()));
                Ok(())
            }
        }
    }

    /// Returns whether the settings concern a node.
    pub(super) fn are_for(&self, node: &str) -> bool {
        self.name.as_deref().is_none_or(|name| name == node)
    }
}

fn check_resource(name: &str) -> Result<(), String> {
    let is_extended = name.contains('/') && key_problems(name).is_empty();
    match is_extended || RESOURCES.contains(&name) {
        true => Ok(()),
        false => Err(format!(
            "unknown setting {name:?} of a node; there are name, {}, extended resources such as nvidia.com/gpu, and labels",
            RESOURCES.join(", ")
        )),
    }
}

fn check_amount(resource: &str, text: &str) -> Result<(), String> {
    let amount: Quantity = text.parse().map_err(|_| format!("{resource}={text} of a node is not an amount"))?;
    let is_whole = amount.milli_value() % 1000 == 0;
    if amount.signum() <= 0 {
        return Err(format!("{resource}={text} of a node is not more than nothing"));
    }
    if !is_whole && resource != "cpu" {
        return Err(format!("{resource}={text} of a node is not a whole number"));
    }
    let least: Option<Quantity> = LEAST_MEMORY.parse().ok().filter(|_| resource == "memory");
    match least.is_some_and(|least| amount < least) {
        true => Err(format!("memory={text} of a node is less than {LEAST_MEMORY}; amounts are in bytes: {text}Gi")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_amounts_and_labels() {
        let settings =
            NodeSettings::parse("name=kind-worker,cpu=500m,memory=2Gi,nvidia.com/gpu=2,labels=disk=ssd,zone=a");
        let settings = settings.expect("settings");
        assert_eq!(settings.name.as_deref(), Some("kind-worker"));
        assert!(settings.are_for("kind-worker") && !settings.are_for("kind-worker2"));
        let pairs = |list: &[(String, String)]| list.iter().map(|(k, v)| format!("{k}={v} ")).collect::<String>();
        assert_eq!(pairs(&settings.capacity), "cpu=500m memory=2Gi nvidia.com/gpu=2 ");
        assert_eq!(pairs(&settings.labels), "disk=ssd zone=a ");
    }

    #[test]
    fn senseless_settings_are_refused() {
        for (text, reason) in [
            ("", "setting \"\" of a node is not KEY=VALUE"),
            ("cpu", "setting \"cpu\" of a node is not KEY=VALUE"),
            ("cpu=0", "cpu=0 of a node is not more than nothing"),
            ("cpu=-1", "cpu=-1 of a node is not more than nothing"),
            ("cpu=many", "cpu=many of a node is not an amount"),
            ("memory=16", "memory=16 of a node is less than 128Mi; amounts are in bytes: 16Gi"),
            ("pods=1.5", "pods=1.5 of a node is not a whole number"),
            ("cpu=1,cpu=2", "setting \"cpu\" of a node is given twice"),
            ("name=A_B", "\"A_B\" is not a name of a node"),
            ("labels=disk", "label \"disk\" of a node is not KEY=VALUE"),
        ] {
            assert_eq!(NodeSettings::parse(text), Err(reason.to_string()), "{text}");
        }
        let unknown = NodeSettings::parse("cpus=1").expect_err("refused");
        assert!(unknown.starts_with("unknown setting \"cpus\" of a node; there are name, cpu, memory"), "{unknown}");
        let label = NodeSettings::parse("labels=-a=b").expect_err("refused");
        assert!(label.starts_with("label \"-a=b\" of a node is invalid: name part"), "{label}");
    }
}
