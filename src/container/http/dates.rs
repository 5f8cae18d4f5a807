//! Dates as servers write them.

use kctl_base::sim::Time;

/// Formats for headers: `Thu, 01 Jan 2026 00:00:00 GMT`.
pub(crate) fn header(time: Time) -> String {
    time.to_chrono().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Formats for access logs: `01/Jan/2026:00:00:00 +0000`.
pub(super) fn access_log(time: Time) -> String {
    time.to_chrono().format("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// Formats for nginx's error log: `2026/01/01 00:00:00`.
pub(crate) fn error_log(time: Time) -> String {
    time.to_chrono().format("%Y/%m/%d %H:%M:%S").to_string()
}

/// Formats for listings of directories: `01-Jan-2026 00:00`.
pub(super) fn listing(time: Time) -> String {
    time.to_chrono().format("%d-%b-%Y %H:%M").to_string()
}
