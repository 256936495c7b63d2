use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The authority's clock: real time and an offset that only grows. The real part is counted from
/// one reading of the wall clock, so that a correction of that clock during a test expires nothing.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Moment,
    offset: Duration,
}

/// Time since the UNIX epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Clock {
    pub(crate) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: Instant::now(),
            started_at: Moment(since_epoch.unwrap_or_default()),
            offset: Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.started_at.plus(self.started.elapsed()).plus(self.offset)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(by);
    }
}

impl Moment {
    pub(crate) fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    pub(crate) fn unix_seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// Rounded up, so that who waits so long comes late enough.
    pub(crate) fn seconds_until(self, later: Self) -> u64 {
        let left = later.0.saturating_sub(self.0);
        left.as_secs() + u64::from(left.subsec_nanos() > 0)
    }

    /// RFC 3339, in UTC, without a fraction.
    pub(crate) fn rfc_3339(self) -> String {
        let seconds = self.unix_seconds();
        let (year, month, day) = civil(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    #[cfg(test)]
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// The date, so many days after 1970-01-01. Counted in years that begin in March, so that the leap
/// day is the last one, and in cycles of 400 years, which all have as many days.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_0000_03_01 = days + 719_468;
    let (cycle, day) = (since_0000_03_01 / 146_097, since_0000_03_01 % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (cycle * 400 + year + u64::from(month <= 2), month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Moment::at(seconds).rfc_3339(), text);
        }
    }
}
