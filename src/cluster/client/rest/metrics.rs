//! The resource metrics API by path, as the metrics server writes it.

use super::{Answer, Call, Method, parameters};
use crate::api::{Payload, Request, Requester, Result, User, Verb};
use crate::client::Transport;
use kctl_base::json::{self, FieldOrder, Map, SharedStr, Value};
use kctl_base::object::{Object, ValueWrite as _};
use kctl_base::schema::order::GoOrder;
use kctl_base::status::{Reason, Status};

/// The group and version of the API.
pub(super) const GROUP: &str = "metrics.k8s.io";
pub(super) const VERSION: &str = "v1beta1";
/// The fields of PodMetrics and NodeMetrics in the order of their declarations (`k8s.io/metrics/pkg/apis/metrics/v1beta1`).
const FIELDS: [&str; 7] = ["kind", "apiVersion", "metadata", "timestamp", "window", "containers", "usage"];
/// The definition of the metadata.
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// The resources of the API.
const RESOURCES: &str = r#"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"metrics.k8s.io/v1beta1","resources":[{"name":"nodes","singularName":"","namespaced":false,"kind":"NodeMetrics","verbs":["get","list"]},{"name":"pods","singularName":"","namespaced":true,"kind":"PodMetrics","verbs":["get","list"]}]}"#;

/// Answers a call of a path below the version.
///
/// # Errors
/// Status 404 for a path that is not served, also when nothing measures; 405 for a write.
pub(super) fn answer(
    transport: &mut impl Transport,
    user: &User,
    call: &Call<'_>,
    rest: &[&str],
    query: &str,
) -> Result<Answer> {
    let (namespace, resource, name) = match *rest {
        [] | ["nodes"] => ("", "nodes", ""),
        ["nodes", name] => ("", "nodes", name),
        ["pods"] => ("", "pods", ""),
        ["namespaces", namespace, "pods"] => (namespace, "pods", ""),
        ["namespaces", namespace, "pods", name] => (namespace, "pods", name),
        _ => return Err(Status::no_resource()),
    };
    if call.method != Method::Get {
        let text = "the server does not allow this method on the requested resource";
        return Err(Status::new(Reason::MethodNotAllowed, text));
    }
    let verb = if name.is_empty() { Verb::List } else { Verb::Get };
    let mut request = Request::new(verb, &format!("{resource}.{GROUP}"), namespace, name);
    parameters::apply(&parameters::read(query), transport.clock().now, &mut request)?;
    request.requester = Requester::User(user.clone());
    let response = transport.send(request)?;
    if rest.is_empty() {
        return Ok(Answer::of(RESOURCES.to_owned() + "\n"));
    }
    let kind = if resource == "pods" { "PodMetricsList" } else { "NodeMetricsList" };
    Ok(Answer::of(match response.payload {
        Payload::Object(metrics) => json::to_compact_in(&metrics, Order::Metrics) + "\n",
        Payload::List(list) => {
            let items: Vec<String> = list.items.iter().map(|metrics| item(metrics)).collect();
            let items = items.join(",");
            format!(
                "{{\"kind\":\"{kind}\",\"apiVersion\":\"{GROUP}/{VERSION}\",\"metadata\":{{}},\"items\":[{items}]}}\n"
            )
        }
        _ => String::new(),
    }))
}

/// Writes an item of a list, which names neither kind nor version.
fn item(metrics: &Object) -> String {
    let mut metrics = metrics.clone();
    metrics.remove_at("/kind");
    metrics.remove_at("/apiVersion");
    json::to_compact_in(&metrics, Order::Metrics)
}

/// The order of the fields of metrics and of those inside them.
#[derive(Clone, Copy)]
enum Order {
    Metrics,
    Inside(GoOrder),
}

impl FieldOrder for Order {
    fn fields(self, object: &Map) -> impl Iterator<Item = (&SharedStr, &Value, Self)> {
        let fields: Vec<_> = match self {
            Order::Metrics => {
                let inside =
                    |name: &str| if name == "metadata" { GoOrder::Definition(META) } else { GoOrder::Alphabet };
                let rank = |name: &str| FIELDS.iter().position(|field| *field == name);
                let mut fields: Vec<_> =
                    object.iter().map(|(name, value)| (name, value, Order::Inside(inside(name)))).collect();
                fields.sort_by_key(|(name, ..)| rank(name));
                fields
            }
            Order::Inside(order) => {
                order.fields(object).map(|(name, value, inside)| (name, value, Order::Inside(inside))).collect()
            }
        };
        fields.into_iter()
    }

    fn items(self) -> Self {
        match self {
            Order::Metrics => Order::Metrics,
            Order::Inside(order) => Order::Inside(order.items()),
        }
    }
}
