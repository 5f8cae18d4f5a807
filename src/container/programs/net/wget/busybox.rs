//! `wget` of busybox.

use std::net::Ipv4Addr;

use super::super::resolver::{self, Failure};
use super::{MAX_REDIRECTS, Response, Trouble, Url, Wget, http_client, reason};
use crate::call::Call;
use crate::http::{head, status_line};
use crate::image::System;
use crate::network::NetworkError;
use crate::programs::net::script::Script;

pub(super) const USAGE: &str = "\nUsage: wget [-cqS] [--spider] [-O FILE] [--header STR]\n\t[--post-data STR | --post-file FILE] [-Y on/off]\n\t[-P DIR] [-U AGENT] [-T SEC] URL...\n";

/// Fetches a URL; returns the exit code.
pub(super) fn get(wget: &Wget<'_>, call: &mut Call<'_>, script: &mut Script, text: &str) -> i32 {
    let Some(mut url) = Url::parse(text).filter(|url| ["http", "https"].contains(&url.scheme.as_str())) else {
        script.err(format!("wget: not an http or ftp url: {text}\n"));
        return 1;
    };
    let target = wget.target(&url);
    for _ in 0..MAX_REDIRECTS {
        let request = wget.request(&url, "Wget", &[("Connection", "close")]);
        let fetched = match resolver::resolve(call, &url.host) {
            Ok(host) => {
                announce(wget, script, &url, host.addresses[0]);
                check_certificate(wget, call, script, &url)
                    .and_then(|()| http_client::fetch(call, script, &url, Some(host.addresses[0]), &request))
            }
            Err(failure) => Err(Trouble::Resolve(failure)),
        };
        let response = match fetched {
            Ok((_, response)) => response,
            Err(trouble) => return fail(wget, script, &url, trouble),
        };
        if wget.args.has("S") {
            let lines = head(&response).replace("\r\n", "\n");
            script.err(lines.lines().map(|line| format!("  {line}\n")).collect::<String>());
        }
        let location = response.header("Location").filter(|_| http_client::is_redirect(response.status));
        match location.map(|location| url.join(location)) {
            Some(Some(next)) => url = next,
            Some(None) => return 1,
            None if !(200..300).contains(&response.status) => {
                script.err(format!("wget: server returned error: {}\n", status_line(&response)));
                return 1;
            }
            None => return deliver(wget, call, script, &target, &response),
        }
    }
    script.err("wget: too many redirections\n");
    1
}

fn announce(wget: &Wget<'_>, script: &mut Script, url: &Url, address: Ipv4Addr) {
    if !wget.is_quiet {
        script.err(format!("Connecting to {} ({address}:{})\n", url.authority(), url.port));
    }
}

/// Alpine's helper checks certificates, that of the busybox image says that it does not.
fn check_certificate(wget: &Wget<'_>, call: &Call<'_>, script: &mut Script, url: &Url) -> Result<(), Trouble> {
    if url.is_tls() && !wget.args.has("no-check-certificate") && call.image().system != System::Alpine {
        script.err("wget: note: TLS certificate validation not implemented\n");
    }
    Ok(())
}

/// Reports whether the version tells where it saves to: it does since 1.32.
fn tells_target(call: &Call<'_>) -> bool {
    let version = match call.image().system {
        System::Busybox => call.image().version(&call.container().config.image),
        _ => "",
    };
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_none_or(|minor| minor >= 32)
}

fn deliver(wget: &Wget<'_>, call: &mut Call<'_>, script: &mut Script, target: &str, response: &Response) -> i32 {
    let tells = !wget.is_quiet && tells_target(call);
    if wget.args.has("spider") {
        if tells {
            script.err("remote file exists\n");
        }
        return 0;
    }
    if target == "-" {
        if tells {
            script.err("writing to stdout\n");
        }
        script.out(&response.body);
    } else {
        if wget.args.value("O").is_none() && call.files().lstat(target).is_ok() {
            script.err(format!("wget: can't open '{target}': File exists\n"));
            return 1;
        }
        if let Err(errno) = wget.save(call, target, &response.body) {
            script.err(format!("wget: can't open '{target}': {}\n", errno.text()));
            return 1;
        }
        if tells {
            script.err(format!("saving to '{target}'\n"));
        }
    }
    if !wget.is_quiet {
        script.err(bar(target.rsplit('/').next().unwrap_or(target), response.body.len()));
    }
    if tells {
        script.err(if target == "-" { "written to stdout\n".to_owned() } else { format!("'{target}' saved\n") });
    }
    0
}

/// Returns the complete progress bar.
fn bar(name: &str, size: usize) -> String {
    let name: String = name.chars().take(20).collect();
    let size = match size {
        0..100_000 => format!("{size:>6}"),
        100_000..102_400_000 => format!("{:>5}k", size / 1024),
        _ => format!("{:>5}M", size / 1024 / 1024),
    };
    format!("{name:<20} 100% |********************************|{size}  0:00:00 ETA\n")
}

fn fail(wget: &Wget<'_>, script: &mut Script, url: &Url, trouble: Trouble) -> i32 {
    let timeout = wget.timeout;
    match trouble {
        Trouble::Resolve(failure) => {
            if let Failure::NoServer(patience) = failure {
                script.pause(patience);
            }
            script.err(format!("wget: bad address '{}'\n", url.authority()));
        }
        Trouble::Connect(_, NetworkError::TimedOut)
            if timeout.is_some_and(|timeout| timeout < http_client::KERNEL_PATIENCE) =>
        {
            script.pause(timeout.unwrap_or_default());
            script.err("wget: download timed out\n");
        }
        Trouble::Connect(address, error) => {
            if error == NetworkError::TimedOut {
                script.pause(http_client::KERNEL_PATIENCE);
            }
            script.err(format!("wget: can't connect to remote host ({address}): {}\n", reason(error)));
        }
        Trouble::Closed(_) => script.err("wget: error getting response\n"),
    }
    1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bar_has_the_columns_of_busybox() {
        let expected = "-                    100% |********************************|     8  0:00:00 ETA\n";
        assert_eq!(super::bar("-", 8), expected);
    }
}
