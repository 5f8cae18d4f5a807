//! nginx's variables in texts: `$uri`, `${host}`.

use super::super::{Visit, dates};
use crate::call::Call;

/// Replaces the variables of a text; what is not simulated is empty.
pub(super) fn expand(text: &str, call: &Call<'_>, visit: &Visit<'_>, uri: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, after) = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((name, after)) => (name, after),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        match name {
            "" => expanded.push('$'),
            _ => expanded.push_str(&value(name, call, visit, uri)),
        }
        rest = after;
    }
    expanded + rest
}

fn value(name: &str, call: &Call<'_>, visit: &Visit<'_>, uri: &str) -> String {
    let host = visit.host().split(':').next().unwrap_or_default();
    match name {
        "uri" | "document_uri" => uri.to_owned(),
        "request_uri" => visit.request.target.clone(),
        "args" | "query_string" => visit.query().to_owned(),
        "is_args" => (if visit.query().is_empty() { "" } else { "?" }).to_owned(),
        "host" => host.to_owned(),
        "http_host" => visit.host().to_owned(),
        "hostname" => call.container().config.hostname.clone(),
        "remote_addr" => visit.client.to_string(),
        "remote_port" => "0".to_owned(),
        "proxy_add_x_forwarded_for" => match visit.request.header("X-Forwarded-For") {
            Some(before) => format!("{before}, {}", visit.client),
            None => visit.client.to_string(),
        },
        "server_addr" => call.container().config.address.clone(),
        "server_port" => visit.port.to_string(),
        "scheme" => if visit.is_tls { "https" } else { "http" }.to_owned(),
        "server_protocol" => "HTTP/1.1".to_owned(),
        "request_method" => visit.request.method.clone(),
        "request" => visit.line(),
        "request_body" => String::from_utf8_lossy(&visit.request.body).into_owned(),
        "time_local" => dates::access_log(call.now()),
        "time_iso8601" => call.now().to_chrono().format("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        "msec" => format!("{}.{:03}", call.now().secs(), call.now().micros().rem_euclid(1_000_000) / 1000),
        _ => match (name.strip_prefix("http_"), name.strip_prefix("arg_")) {
            (Some(header), _) => visit.request.header(&header.replace('_', "-")).unwrap_or_default().to_owned(),
            (_, Some(parameter)) => visit.parameter(parameter).unwrap_or_default(),
            _ => String::new(),
        },
    }
}
