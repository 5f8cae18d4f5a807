//! Deletes CertificateSigningRequests some time after their decision, or when nobody decides
//! (`cleaner/cleaner.go`, which looks once an hour; here they go as soon as their time has come).

use super::runtime::Result;
use super::{Action, Context, Controller, Key, REQUESTS, Watch};
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::{Duration, Time};

/// The life of a request that is decided: issued, denied or failed.
const DECIDED: Duration = Duration::from_secs(3600);
/// The life of a request without any condition.
const PENDING: Duration = Duration::from_secs(24 * 3600);

/// The controller; its keys are CertificateSigningRequests.
pub(in crate::controllers) const CONTROLLER: Controller = Controller {
    name: "certificatesigningrequest-cleaner-controller",
    watches: &[Watch::primary(REQUESTS)],
    reconcile,
};

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(request) = ctx.get_key(REQUESTS, key)? else { return Ok(Action::AwaitChange) };
    match expiry(&request) {
        None => Ok(Action::AwaitChange),
        Some(expiry) if expiry > ctx.now => Ok(Action::ResyncAt(expiry)),
        Some(_) => {
            ctx.delete(REQUESTS, &request)?;
            Ok(Action::AwaitChange)
        }
    }
}

/// Returns the instant at which a request is deleted; `None` for an approved one without a certificate.
fn expiry(request: &Object) -> Option<Time> {
    let conditions = request.list("/status/conditions");
    if conditions.is_empty() {
        return Some(request.time("/metadata/creationTimestamp")? + PENDING);
    }
    let is_issued = !request.str("/status/certificate").is_empty();
    let ends = conditions.iter().filter(|condition| match condition.str("/type") {
        "Approved" => is_issued,
        kind => ["Denied", "Failed"].contains(&kind),
    });
    Some(ends.filter_map(|condition| condition.time("/lastUpdateTime")).min()? + DECIDED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::controllers::shared::testing::Bench;
    use kctl_base::json::json;

    #[test]
    fn decided_requests_live_for_an_hour_and_pending_ones_for_a_day() {
        let at = |seconds| Time::from_secs(seconds).rfc3339();
        let request = |kind: &str, certificate: &str| {
            json!({"metadata": {"creationTimestamp": at(0)}, "status": {
                "certificate": certificate, "conditions": [{"type": kind, "lastUpdateTime": at(100)}]}})
        };
        let pending = json!({"metadata": {"creationTimestamp": at(0)}, "status": {}});
        for (request, want) in [
            (pending, Some(86_400)),
            (request("Denied", ""), Some(3_700)),
            (request("Failed", ""), Some(3_700)),
            (request("Approved", "eA=="), Some(3_700)),
            (request("Approved", ""), None),
        ] {
            assert_eq!(expiry(&request), want.map(Time::from_secs), "{request}");
        }
    }

    #[test]
    fn a_request_that_nobody_decides_is_deleted() {
        let mut bench = Bench::open();
        let request = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                             "metadata": {"name": "a"},
                             "spec": {"request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHY01GQUNBUUF3SFRFTk1Bc0dBMVVFQXd3RWFtRnVaVEVNTUFvR0ExVUVDZ3dEWkdWMk1Db3dCUVlESzJWdwpBeUVBQ3kvSjVlam9KSGY2Mk5LY05FcnlBcDNGTkVMV1ZvdWdTaWN1YzhodkRUS2dBREFGQmdNclpYQURRUUJtCkNCQjJJakFuWDRKOUorR05ZcTF1Z1B6UHFRd05yRGJuRUlheGFEL0ZjNlJlQnJQaklnemgzTlBrU05Gb3JEL0QKamlWT0NZWjQ5UU9RU1BJaHFVb00KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==", "usages": ["client auth"], "signerName": "example.com/s"}});
        bench.cluster.handle(&Request::create(REQUESTS, "", request)).expect("a request");
        bench.advance(86_399);
        assert!(bench.cluster.server().read(REQUESTS, "", "a").expect("a read").is_some());
        bench.advance(1);
        assert!(bench.cluster.server().read(REQUESTS, "", "a").expect("a read").is_none());
    }
}
