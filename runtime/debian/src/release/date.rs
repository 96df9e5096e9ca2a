//! Dates as release files write them (RFC 2822): `Sat, 22 Jul 2023 09:47:41 UTC`.

use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The moment, if it is one in universal time after 1970.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (_, text) = text.split_once(',')?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [day, month, year, time, "UTC" | "GMT" | "+0000"] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let (day, year) = (day.parse::<u64>().ok()?, year.parse::<u64>().ok()?);
    let clock: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hours, minutes, seconds] = clock[..] else { return None };
    let is_right =
        (1..=31).contains(&day) && (1970..10_000).contains(&year) && hours < 24 && minutes < 60 && seconds < 61;
    let seconds = days(year, month, day) * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    is_right.then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Days since 1970. The year begins in March, so that the day that some years have more is its last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let leap = year / 4 - year / 100 + year / 400;
    (year * 365 + leap + (month * 153 + 2) / 5 + day).saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates() {
        let seconds = |text: &str| parse(text).map(|it| it.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 UTC"), Some(0));
        assert_eq!(seconds("Sat, 22 Jul 2023 09:47:41 UTC"), Some(1_690_019_261));
        assert_eq!(seconds("Thu, 29 Feb 2024 23:59:59 UTC"), Some(1_709_251_199));
        assert_eq!(seconds("Sat, 22 Jul 2023 09:47:41 CEST"), None);
        assert_eq!(seconds("tomorrow"), None);
    }
}
