//! `curl -w`.

use super::{Transfer, meter};
use crate::programs::net::script::Script;

/// Prints a format with the variables of a transfer; `%{stderr}` and `%{stdout}` switch the output.
pub(super) fn print(script: &mut Script, format: &str, transfer: &Transfer) {
    let mut descriptor = 1;
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let escaped = rest.chars().next();
                rest = rest.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default();
                let text = match escaped {
                    Some('n') => "\n".to_owned(),
                    Some('t') => "\t".to_owned(),
                    Some('r') => "\r".to_owned(),
                    Some(other) => format!("\\{other}"),
                    None => "\\".to_owned(),
                };
                script.print(descriptor, text.as_bytes());
            }
            '%' if rest.starts_with('%') => {
                rest = &rest[1..];
                script.print(descriptor, b"%");
            }
            '%' => match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, after)) => {
                    rest = after;
                    match name {
                        "stderr" => descriptor = 2,
                        "stdout" => descriptor = 1,
                        _ => match value(name, transfer) {
                            Some(text) => script.print(descriptor, text.as_bytes()),
                            None => script.err(format!("curl: unknown --write-out variable: '{name}'\n")),
                        },
                    }
                }
                None => script.print(descriptor, b"%"),
            },
            _ => script.print(descriptor, c.to_string().as_bytes()),
        }
    }
}

fn value(name: &str, transfer: &Transfer) -> Option<String> {
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", transfer.status),
        "url_effective" | "url" => transfer.url.clone(),
        "num_redirects" => transfer.redirects.to_string(),
        "num_connects" => transfer.connections.to_string(),
        "size_download" => transfer.size.to_string(),
        "content_type" => transfer.content_type.clone(),
        "remote_ip" => transfer.address.map(|address| address.to_string()).unwrap_or_default(),
        "remote_port" => transfer.address.map_or(0, |_| transfer.port).to_string(),
        "redirect_url" => transfer.redirect_url.clone(),
        "http_version" => (if transfer.status == 0 { "0" } else { "1.1" }).to_owned(),
        "scheme" => (if transfer.url.starts_with("https") { "HTTPS" } else { "HTTP" }).to_owned(),
        "exitcode" => transfer.code.to_string(),
        "time_namelookup" | "time_connect" | "time_appconnect" => "0.000000".to_owned(),
        "time_pretransfer" | "time_redirect" => "0.000000".to_owned(),
        "time_starttransfer" => "0.000000".to_owned(),
        "time_total" => format!("{:.6}", transfer.time.micros() as f64 / 1e6),
        "speed_download" => meter::speed(transfer.size, transfer.time).to_string(),
        "speed_upload" => meter::speed(transfer.sent, transfer.time).to_string(),
        "size_upload" => transfer.sent.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_filled() {
        let transfer = Transfer { status: 200, url: "http://web/".into(), ..Transfer::default() };
        let mut script = Script::default();
        print(&mut script, "%{http_code} 100%% %x \\n%{url_effective}", &transfer);
        let mut expected = Script::default();
        expected.out("200 100% %x \nhttp://web/");
        assert_eq!(script, expected);
    }
}
