//! `wget` of GNU.

use std::net::Ipv4Addr;

use kctl_base::sim::Time;

use super::super::http_client::KERNEL_PATIENCE;
use super::super::resolver::{self, Failure};
use super::{MAX_REDIRECTS, Response, Trouble, Url, Wget, http_client, reason};
use crate::call::Call;
use crate::http::head;
use crate::network::NetworkError;
use crate::programs::net::script::Script;

pub(super) const USAGE: &str = "Usage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n";
/// Most attempts without `-t`.
const TRIES: u32 = 20;
/// Seconds of a transfer for which no time has passed: half the resolution of the clock (`calc_rate` in `retr.c`).
const TIME: f64 = 0.5e-9;

/// Fetches a URL; returns the exit code.
pub(super) fn get(wget: &Wget<'_>, call: &mut Call<'_>, script: &mut Script, text: &str) -> i32 {
    let Some(mut url) = Url::parse(text) else {
        say(wget, script, &format!("{text}: Bad port number.\n"));
        return 1;
    };
    let target = wget.target(&url);
    let mut code = 1;
    if wget.args.has("spider") {
        say(wget, script, "Spider mode enabled. Check if remote file exists.\n");
    }
    for _ in 0..MAX_REDIRECTS {
        match attempt(wget, call, script, &url) {
            Err(failed) => return failed,
            Ok(response) => {
                let location = response.header("Location").filter(|_| http_client::is_redirect(response.status));
                match location.and_then(|location| url.join(location)) {
                    Some(next) => {
                        say(wget, script, &format!("Location: {next} [following]\n"));
                        url = next;
                    }
                    None => {
                        code = deliver(wget, call, script, &url, &target, &response);
                        return code;
                    }
                }
            }
        }
    }
    say(wget, script, &format!("{MAX_REDIRECTS} redirections exceeded.\n"));
    code
}

fn say(wget: &Wget<'_>, script: &mut Script, text: &str) {
    if !wget.is_quiet && !wget.args.has("no-verbose") {
        script.err(text);
    }
}

fn stamp(now: Time) -> String {
    now.to_chrono().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Sends the request, as often as connections time out.
fn attempt(wget: &Wget<'_>, call: &mut Call<'_>, script: &mut Script, url: &Url) -> Result<Response, i32> {
    let tries = wget.args.value("t").and_then(|tries| tries.parse().ok()).unwrap_or(TRIES);
    let is_name = url.host.parse::<Ipv4Addr>().is_err();
    for number in 1..=tries.clamp(1, TRIES) {
        let now = call.now() + script.elapsed();
        let count = if number > 1 { format!("(try:{number:2})  ") } else { String::new() };
        say(wget, script, &format!("--{}--  {count}{url}\n", stamp(now)));
        let host = &url.host;
        let address = addresses(wget, call, script, host)?;
        let mut place = format!("{host}:{}", url.port);
        if is_name {
            let list: Vec<String> = address.iter().map(Ipv4Addr::to_string).collect();
            say(wget, script, &format!("Resolving {host} ({host})... {}\n", list.join(", ")));
            place = format!("{host} ({host})|{}|:{}", address[0], url.port);
        }
        let request = wget.request(
            url,
            "Wget/1.21.3",
            &[("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Connection", "Keep-Alive")],
        );
        match http_client::fetch(call, script, url, Some(address[0]), &request) {
            Ok((_, response)) => {
                show_response(wget, script, &place, &response);
                return Ok(response);
            }
            Err(Trouble::Connect(_, NetworkError::TimedOut)) => {
                script.pause(wget.timeout.map_or(KERNEL_PATIENCE, |timeout| timeout.min(KERNEL_PATIENCE)));
                say(wget, script, &format!("Connecting to {place}... failed: Connection timed out.\n"));
                let is_last = number == tries.clamp(1, TRIES);
                say(wget, script, if is_last { "Giving up.\n\n" } else { "Retrying.\n\n" });
                script.pause(kctl_base::sim::Duration::from_secs(if is_last { 0 } else { i64::from(number.min(10)) }));
            }
            Err(Trouble::Connect(_, error)) => {
                say(wget, script, &format!("Connecting to {place}... failed: {}.\n", reason(error)));
                return Err(4);
            }
            Err(_) => {
                say(
                    wget,
                    script,
                    &format!(
                        "Connecting to {place}... connected.\nHTTP request sent, awaiting response... No data received.\n"
                    ),
                );
                say(wget, script, "Giving up.\n\n");
                return Err(4);
            }
        }
    }
    Err(4)
}

/// Resolves a host.
///
/// # Errors
/// The exit code, after a message.
fn addresses(wget: &Wget<'_>, call: &mut Call<'_>, script: &mut Script, host: &str) -> Result<Vec<Ipv4Addr>, i32> {
    let failure = match resolver::resolve(call, host) {
        Ok(found) => return Ok(found.addresses),
        Err(failure) => failure,
    };
    let why = match failure {
        Failure::NoServer(patience) => {
            script.pause(patience);
            "Temporary failure in name resolution"
        }
        Failure::Unknown => "Name or service not known",
    };
    say(wget, script, &format!("Resolving {host} ({host})... failed: {why}.\n"));
    say(wget, script, &format!("wget: unable to resolve host address ‘{host}’\n"));
    Err(4)
}

fn show_response(wget: &Wget<'_>, script: &mut Script, place: &str, response: &Response) {
    let status = format!("{} {}", response.status, response.reason);
    let status = match wget.args.has("S") {
        true => head(response).replace("\r\n", "\n").trim_end().lines().map(|line| format!("\n  {line}")).collect(),
        false => status,
    };
    say(
        wget,
        script,
        &format!("Connecting to {place}... connected.\nHTTP request sent, awaiting response... {status}\n"),
    );
}

fn deliver(
    wget: &Wget<'_>,
    call: &mut Call<'_>,
    script: &mut Script,
    url: &Url,
    target: &str,
    response: &Response,
) -> i32 {
    let now = stamp(call.now() + script.elapsed());
    let is_spider = wget.args.has("spider");
    if !(200..300).contains(&response.status) {
        return fail(wget, script, url, response, &now);
    }
    let size = response.body.len();
    let length = response.header("Content-Length").and_then(|length| length.parse::<usize>().ok());
    let kind = response.header("Content-Type").map_or("", |kind| kind.split(';').next().unwrap_or_default());
    let kind = if kind.is_empty() { String::new() } else { format!(" [{kind}]") };
    say(
        wget,
        script,
        &match length {
            Some(length) => format!("Length: {}{kind}\n", with_unit(length)),
            None => format!("Length: unspecified{kind}\n"),
        },
    );
    if is_spider {
        let html = kind.contains("html");
        let text =
            "Remote file exists and could contain further links,\nbut recursion is disabled -- not retrieving.\n\n";
        say(wget, script, if html { text } else { "Remote file exists.\n\n" });
        return 0;
    }
    let shown = if target == "-" { "STDOUT" } else { target };
    say(wget, script, &format!("Saving to: ‘{shown}’\n"));
    if target == "-" {
        script.out(&response.body);
    } else if let Err(errno) = wget.save(call, target, &response.body) {
        say(wget, script, &format!("{target}: {}\n\nCannot write to ‘{target}’ ({}).\n", errno.text(), errno.text()));
        return 3;
    }
    say(wget, script, &dots(size, length));
    let speed = speed(size);
    let total = length.map_or(format!("[{size}]"), |length| format!("[{size}/{length}]"));
    if wget.args.has("no-verbose") && !wget.is_quiet {
        script.err(format!("{now} URL:{url} {total} -> \"{target}\" [1]\n"));
        return 0;
    }
    let end =
        if target == "-" { format!("written to stdout {total}") } else { format!("‘{target}’ saved {total}") };
    say(wget, script, &format!("\n{now} ({speed}) - {end}\n\n"));
    0
}

/// Reports an error status.
fn fail(wget: &Wget<'_>, script: &mut Script, url: &Url, response: &Response, now: &str) -> i32 {
    let text = match (wget.args.has("spider"), wget.args.has("no-verbose")) {
        (true, _) => "Remote file does not exist -- broken link!!!\n\n".to_owned(),
        (false, true) => format!("{url}:\n{now} ERROR {}: {}.\n", response.status, response.reason),
        (false, false) => format!("{now} ERROR {}: {}.\n\n", response.status, response.reason),
    };
    if !wget.is_quiet {
        script.err(text);
    }
    8
}

/// Returns a number of bytes, from a kilobyte on also in larger units.
fn with_unit(size: usize) -> String {
    match size {
        0..1024 => size.to_string(),
        1024..1_048_576 => format!("{size} ({})", scaled(size as f64 / 1024.0, "K")),
        _ => format!("{size} ({})", scaled(size as f64 / 1_048_576.0, "M")),
    }
}

fn scaled(number: f64, unit: &str) -> String {
    if number < 10.0 { format!("{number:.1}{unit}") } else { format!("{number:.0}{unit}") }
}

fn speed(size: usize) -> String {
    let (number, unit) = rate(size);
    format!("{number} {unit}B/s")
}

/// Returns the speed of a transfer for which no time has passed, and the prefix of its unit (`calc_rate` in `retr.c`).
fn rate(size: usize) -> (String, &'static str) {
    let mut rate = size as f64 / TIME;
    let mut units = ["", "K", "M", "G", "T"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if rate >= 1024.0 {
            (rate, unit) = (rate / 1024.0, next);
        }
    }
    let rate = rate.min(99.99);
    let digits = if rate >= 99.95 {
        0
    } else if rate >= 9.995 {
        1
    } else {
        2
    };
    (format!("{rate:.digits$}"), unit)
}

/// Returns the progress in dots, one for each kilobyte.
fn dots(size: usize, length: Option<usize>) -> String {
    const ROW: usize = 50;
    let mut text = String::new();
    let rows = (size / 1024 / ROW).min(10_000);
    for row in 0..=rows {
        text.push_str(&format!("\n{:>6}K", row * ROW));
        let filled = (size / 1024 - row * ROW).min(ROW);
        for dot in 0..ROW {
            if dot % 10 == 0 {
                text.push(' ');
            }
            text.push(if dot < filled { '.' } else { ' ' });
        }
        let (number, unit) = rate((size - row * ROW * 1024).min(ROW * 1024));
        let percent = length.map_or("    ".to_owned(), |length| {
            let done = ((row + 1) * ROW * 1024).min(size);
            format!("{:>3}%", (done * 100).checked_div(length).unwrap_or(100))
        });
        text.push_str(&format!("{percent} {:>5}", format!("{number}{unit}")));
        text.push_str(if row == rows { "=0s" } else { " 0s" });
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_sizes_have_the_form_of_wget() {
        let row = "\n     0K                                                       100% 1.12T=0s\n";
        assert_eq!(dots(615, Some(615)), row);
        let cases = [(615, "615"), (3072, "3072 (3.0K)"), (20_480, "20480 (20K)"), (5_242_880, "5242880 (5.0M)")];
        for (size, expected) in cases {
            assert_eq!(with_unit(size), expected);
        }
    }
}
