//! When an image is said to be made.

use anyhow::{Result, bail};
use std::time::{SystemTime, UNIX_EPOCH};
use toml::value::{Datetime, Offset};

/// The last second of the year 9999, the last that RFC 3339 can write.
const LAST: i64 = 253_402_300_799;

/// What `--creation-time` says: `now`, seconds since 1970, or a date and time as in RFC 3339; as images have it.
pub(super) fn time(text: &str, now: SystemTime) -> Result<String> {
    let seconds = match text {
        "now" => now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok()),
        text => seconds(text).or_else(|| moment(text)),
    };
    match seconds.and_then(written) {
        Some(written) => Ok(written),
        None => bail!("`{text}` is no time: write `now`, seconds since 1970, or such as `2026-01-31T12:00:00Z`"),
    }
}

/// What `SOURCE_DATE_EPOCH` says: seconds since 1970 (reproducible-builds.org specification).
pub(super) fn epoch(text: &str) -> Option<String> {
    written(seconds(text)?)
}

fn seconds(text: &str) -> Option<i64> {
    // Neither a sign nor anything else that a number may have.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn moment(text: &str) -> Option<i64> {
    let Datetime { date: Some(date), time: Some(time), offset: Some(offset) } = text.parse().ok()? else { return None };
    let minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let clock = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0));
    Some(days * 86_400 + clock - minutes * 60)
}

/// Days since 1970 in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// As images have it; none for a year that has not four digits.
fn written(seconds: i64) -> Option<String> {
    if !(0..=LAST).contains(&seconds) {
        return None;
    }
    let (whole, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let year = (1970..=9999).rev().find(|year| days(*year, 1, 1) <= whole)?;
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= whole)?;
    let day = whole - days(year, month, 1) + 1;
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", clock / 3600, clock / 60 % 60, clock % 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(text: &str) -> String {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_225_599);
        time(text, now).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn p151_w25_a_time_is_written_as_images_have_it() {
        assert_eq!(check("now"), "2025-12-31T23:59:59Z");
        assert_eq!(check("0"), "1970-01-01T00:00:00Z");
        assert_eq!(check("951782400"), "2000-02-29T00:00:00Z");
        assert_eq!(check("253402300799"), "9999-12-31T23:59:59Z");
        assert_eq!(check("2024-02-29T23:30:00-02:00"), "2024-03-01T01:30:00Z");
        assert_eq!(check("1980-01-01T00:00:01.5Z"), "1980-01-01T00:00:01Z");
    }

    #[test]
    fn p151_what_is_no_time_is_told() {
        insta::assert_snapshot!(check("yesterday"), @"`yesterday` is no time: write `now`, seconds since 1970, or such as `2026-01-31T12:00:00Z`");
        for bad in [
            "",
            "-1",
            "+1",
            "1.5",
            "2024-01-31",
            "2024-02-30T00:00:00Z",
            "2024-01-31T00:00:00",
            "253402300800",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(check(bad).contains("is no time"), "{bad}: {}", check(bad));
        }
        assert_eq!(
            [epoch("1"), epoch("now"), epoch(""), epoch("99999999999999999999")],
            [Some("1970-01-01T00:00:01Z".to_owned()), None, None, None]
        );
    }

    #[test]
    fn days_are_counted_without_a_gap() {
        let mut expected = days(1970, 1, 1);
        assert_eq!(expected, 0);
        for year in 1970..2400 {
            for month in 1..=12 {
                assert_eq!(days(year, month, 1), expected, "{year}-{month}");
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                expected += match month {
                    2 => {
                        if leap {
                            29
                        } else {
                            28
                        }
                    }
                    4 | 6 | 9 | 11 => 30,
                    _ => 31,
                };
            }
        }
    }
}
