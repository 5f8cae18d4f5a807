//! The progress meter of `curl`.

use kctl_base::sim::Duration;

/// Returns the heading and the first line.
pub(super) fn head() -> String {
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n"
        .to_owned()
        + &line(None, 0, 0, Duration::default())
}

/// Returns a line, from its carriage return on. `expected` is the length of the response, if it is known; `time` is what has
/// passed since the start.
pub(super) fn line(expected: Option<usize>, received: usize, sent: usize, time: Duration) -> String {
    let total = received + sent;
    let percent = |part: usize, whole: usize| (part * 100).checked_div(whole).unwrap_or(0);
    let whole = expected.unwrap_or(received) + sent;
    let spent = match time.micros() / 1_000_000 {
        0 => "--:--:--".to_owned(),
        seconds => format!("{:>2}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    };
    let speed = |bytes: usize| short(speed(bytes, time));
    format!(
        "\r{:>3} {}  {:>3} {}  {:>3} {}  {}  {} --:--:-- {spent} --:--:-- {}",
        percent(total, whole),
        short(whole as u64),
        percent(received, expected.unwrap_or(received)),
        short(received as u64),
        percent(sent, sent),
        short(sent as u64),
        speed(received),
        speed(sent),
        speed(total),
    )
}

/// Returns the bytes in a second. A transfer for which no time has passed counts as one of a microsecond (`trspeed` in
/// `lib/progress.c`).
pub(super) fn speed(bytes: usize, time: Duration) -> u64 {
    let micros = u64::try_from(time.micros()).unwrap_or(0).max(1);
    (bytes as u64).saturating_mul(1_000_000) / micros
}

/// Formats a number in five columns (`max5data`).
fn short(bytes: u64) -> String {
    const K: u64 = 1024;
    const M: u64 = K * K;
    const G: u64 = K * M;
    const T: u64 = K * G;
    match bytes {
        0..100_000 => format!("{bytes:>5}"),
        100_000..10_240_000 => format!("{:>4}k", bytes / K),
        10_240_000..104_857_600 => format!("{:>2}.{}M", bytes / M, bytes % M / (M / 10)),
        104_857_600..10_485_760_000 => format!("{:>4}M", bytes / M),
        10_485_760_000..107_374_182_400 => format!("{:>2}.{}G", bytes / G, bytes % G / (G / 10)),
        107_374_182_400..10_737_418_240_000 => format!("{:>4}G", bytes / G),
        _ => format!("{:>4}T", bytes / T),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_columns_of_curl() {
        assert_eq!(
            line(None, 0, 0, Duration::default()),
            "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0"
        );
        assert_eq!(
            line(Some(11), 11, 3, Duration::default()),
            "\r100    14  100    11  100     3  10.4M  2929k --:--:-- --:--:-- --:--:-- 13.3M"
        );
        assert_eq!(
            line(Some(153), 0, 0, Duration::from_secs(65)),
            "\r  0   153    0     0    0     0      0      0 --:--:--  0:01:05 --:--:--     0"
        );
        assert_eq!((short(123_000).as_str(), short(20_000_000).as_str()), (" 120k", "19.0M"));
    }
}
