//! The progress meter of `curl`. Every transfer takes the same short time.

/// Milliseconds that a transfer takes.
const TIME: usize = 5;

/// Returns the heading and the first line.
pub(super) fn head() -> String {
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n"
        .to_owned()
        + &line(None, 0, 0, 0)
}

/// Returns a line, from its carriage return on. `expected` is the length of the response, if it is known.
pub(super) fn line(expected: Option<usize>, received: usize, sent: usize, total: usize) -> String {
    let percent = |part: usize, whole: usize| (part * 100).checked_div(whole).unwrap_or(0);
    let whole = expected.unwrap_or(received) + sent;
    let speed = |bytes: usize| short((bytes * 1000 / TIME) as u64);
    format!(
        "\r{:>3} {}  {:>3} {}  {:>3} {}  {}  {} --:--:-- --:--:-- --:--:-- {}",
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

/// Formats a number in five columns (`max5data`).
fn short(bytes: u64) -> String {
    const K: u64 = 1024;
    const M: u64 = K * K;
    match bytes {
        0..100_000 => format!("{bytes:>5}"),
        100_000..10_240_000 => format!("{:>4}k", bytes / K),
        10_240_000..104_857_600 => format!("{:>2}.{}M", bytes / M, bytes % M / (M / 10)),
        _ => format!("{:>4}M", bytes / M),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_columns_of_curl() {
        assert_eq!(
            line(None, 0, 0, 0),
            "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0"
        );
        assert_eq!(
            line(Some(11), 11, 3, 14),
            "\r100    14  100    11  100     3   2200    600 --:--:-- --:--:-- --:--:--  2800"
        );
        assert_eq!(
            line(Some(153), 0, 0, 0),
            "\r  0   153    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0"
        );
        assert_eq!((short(123_000).as_str(), short(20_000_000).as_str()), (" 120k", "19.0M"));
    }
}
