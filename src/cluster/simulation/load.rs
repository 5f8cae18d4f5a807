//! The load that pods put on servers of the cluster: processor time that these spend on their requests.

use std::collections::BTreeMap;

use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_container::Endpoint;
use serde::{Deserialize, Serialize};

use crate::api::{Result, Server};
use crate::network;

/// The row with the loads by the uid of the pod from which they come.
const LOADS: &str = "memory/simulation/loads";

/// The load that one pod puts on servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Load {
    namespace: String,
    pod: String,
    /// Thousandths of a processor by the address of the server: `10.96.0.7:80`.
    millicores: BTreeMap<String, i64>,
}

type Loads = BTreeMap<String, Load>;

/// Notes the load that a pod puts on servers from now on: thousandths of a processor by address.
///
/// # Errors
/// A row that cannot be read.
pub(crate) fn note_load(server: &mut Server, pod: &Object, millicores: BTreeMap<String, i64>) -> Result<()> {
    let known = server.typed_row::<Loads>(LOADS)?.unwrap_or_default();
    if known.get(pod.uid()).map_or(millicores.is_empty(), |load| load.millicores == millicores) {
        return Ok(());
    }
    let load = Load { namespace: pod.namespace().into(), pod: pod.name().into(), millicores };
    server.change_typed_row(LOADS, |loads: &mut Loads| match load.millicores.is_empty() {
        true => loads.remove(pod.uid()),
        false => loads.insert(pod.uid().into(), load),
    })?;
    Ok(())
}

/// Returns the load of each pod by its address: what all running pods put on it, in thousandths of a processor.
///
/// # Errors
/// A row or object that cannot be read.
pub(super) fn loads(server: &mut Server) -> Result<BTreeMap<String, i64>> {
    let mut total = BTreeMap::new();
    for (uid, load) in server.typed_row::<Loads>(LOADS)?.unwrap_or_default() {
        let pod = server.read("pods", &load.namespace, &load.pod)?;
        if pod.is_none_or(|pod| pod.uid() != uid || pod.str("/status/phase") != "Running" || pod.is_deleting()) {
            continue;
        }
        for (to, millicores) in load.millicores {
            let Some((address, port)) = to.split_once(':') else { continue };
            let (Ok(address), Ok(port)) = (address.parse(), port.parse()) else { continue };
            let servers = network::endpoints(server, Endpoint { address, port })?;
            let count = i64::try_from(servers.len()).unwrap_or(i64::MAX).max(1);
            for address in servers {
                *total.entry(address.to_string()).or_insert(0) += millicores / count;
            }
        }
    }
    Ok(total)
}
