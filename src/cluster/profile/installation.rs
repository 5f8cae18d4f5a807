//! What remains known about the creation of a cluster, for as long as it exists.

use serde::{Deserialize, Serialize};

use super::{Cidr, Profile};

/// The number of bits of the range of pod addresses of a node (`--node-cidr-mask-size`).
const NODE_MASK: u8 = 24;

/// The facts of a cluster that its components depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) profile: Profile,
    /// The range of cluster IPs.
    pub(crate) service_cidr: Cidr,
    /// The range of pod addresses; `None` for one that does not end with a network.
    pub(crate) pod_cidr: Option<Cidr>,
}

impl Default for Installation {
    fn default() -> Installation {
        Installation { profile: Profile::Bare, service_cidr: Profile::Bare.service_cidr(), pod_cidr: None }
    }
}

/// The written form of an [`Installation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InstallationRecord {
    profile: String,
    service_cidr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod_cidr: Option<String>,
}

impl Installation {
    /// Returns the written form; `None` for what is the same in clusters of earlier versions.
    pub(crate) fn to_record(self) -> Option<InstallationRecord> {
        let record = || InstallationRecord {
            profile: self.profile.as_str().into(),
            service_cidr: self.service_cidr.to_string(),
            pod_cidr: self.pod_cidr.map(|cidr| cidr.to_string()),
        };
        (self != Installation::default()).then(record)
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// The reason.
    pub(crate) fn from_record(record: Option<&InstallationRecord>) -> Result<Installation, String> {
        let Some(record) = record else { return Ok(Installation::default()) };
        Ok(Installation {
            profile: Profile::parse(&record.profile).ok_or_else(|| format!("unknown profile {:?}", record.profile))?,
            service_cidr: Cidr::parse(&record.service_cidr)?,
            pod_cidr: record.pod_cidr.as_deref().map(Cidr::parse).transpose()?,
        })
    }

    /// Returns the range of pod addresses of the node with a number; `None` when all are in use.
    pub(crate) fn node_range(self, number: u64) -> Option<String> {
        match self.pod_cidr {
            Some(range) => range.part(NODE_MASK, number).map(|part| part.to_string()),
            // From 10.244.0.0/24 on, as far as the private network 10.0.0.0/8 goes.
            None => {
                let number = number % (12 * 256);
                Some(format!("10.{}.{}.0/{NODE_MASK}", 244 + number / 256, number % 256))
            }
        }
    }

    /// The name of the node of the control plane.
    pub(crate) fn control_plane(self) -> String {
        self.profile.node_name(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_share_the_range_of_pods() {
        let bare = Installation::default();
        for (number, want) in [(0, "10.244.0.0/24"), (3, "10.244.3.0/24"), (256, "10.245.0.0/24")] {
            assert_eq!(bare.node_range(number).as_deref(), Some(want));
        }
        let small = Installation { pod_cidr: Cidr::parse("10.10.0.0/23").ok(), ..bare };
        let ranges: Vec<Option<String>> = (0..3).map(|number| small.node_range(number)).collect();
        assert_eq!(ranges, [Some("10.10.0.0/24".into()), Some("10.10.1.0/24".into()), None]);
    }

    #[test]
    fn a_bare_cluster_leaves_no_record_and_others_come_back() {
        assert!(Installation::default().to_record().is_none());
        let kind = Installation { profile: Profile::Kind, ..Installation::default() };
        assert_eq!(Installation::from_record(kind.to_record().as_ref()), Ok(kind));
        let mut record = kind.to_record().expect("a record");
        record.profile = "k9s".into();
        assert_eq!(Installation::from_record(Some(&record)), Err("unknown profile \"k9s\"".into()));
    }
}
