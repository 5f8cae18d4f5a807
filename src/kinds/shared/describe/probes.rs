//! Probes in descriptions (`DescribeProbe` in `kubectl/pkg/describe/describe.go`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Formats a probe as `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3`.
pub(crate) fn probe_text(probe: &Value) -> String {
    let number = |field: &str| probe.int(field).unwrap_or(0);
    let timing = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("/initialDelaySeconds"),
        number("/timeoutSeconds"),
        number("/periodSeconds"),
        number("/successThreshold"),
        number("/failureThreshold")
    );
    if let Some(exec) = probe.at("/exec") {
        let words: Vec<&str> = exec.list("/command").iter().filter_map(Value::as_str).collect();
        return format!("exec [{}] {timing}", words.join(" "));
    }
    if let Some(get) = probe.at("/httpGet") {
        return format!("http-get {} {timing}", url(get));
    }
    if let Some(tcp) = probe.at("/tcpSocket") {
        return format!("tcp-socket {}:{} {timing}", tcp.str("/host"), port(tcp));
    }
    if let Some(grpc) = probe.at("/grpc") {
        return format!("grpc <pod>:{} {} {timing}", port(grpc), grpc.str("/service"));
    }
    format!("unknown {timing}")
}

fn port(action: &Value) -> String {
    match action.get("port") {
        Some(Value::String(name)) => name.to_string(),
        other => other.and_then(Value::as_i64).unwrap_or(0).to_string(),
    }
}

fn url(get: &Value) -> String {
    let (scheme, host, path) = (get.str("/scheme").to_lowercase(), get.str("/host"), get.str("/path"));
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    format!("{scheme}://{host}:{}{slash}{}", port(get), escape_path(path))
}

/// Percent-encodes the path of an HTTP probe as Go's `url.URL` does, where a question mark does not begin a query.
fn escape_path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~$&+,/:;=@!'()*".contains(c);
    let mut out = String::new();
    for c in path.chars() {
        if plain(c) {
            out.push(c);
        } else {
            c.to_string().bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn probes_of_every_handler_are_formatted() {
        for (probe, want) in [
            (
                json!({"httpGet": {"path": "/healthz?a=b", "port": "http", "scheme": "HTTP"}}),
                "http-get http://:http/healthz%3Fa=b",
            ),
            (json!({"tcpSocket": {"port": 8080}}), "tcp-socket :8080"),
            (json!({"exec": {"command": ["cat", "/started"]}}), "exec [cat /started]"),
            (json!({"grpc": {"port": 9000, "service": ""}}), "grpc <pod>:9000 "),
        ] {
            let text = probe_text(&probe);
            assert_eq!(text.strip_suffix(" delay=0s timeout=0s period=0s #success=0 #failure=0"), Some(want));
        }
    }
}
