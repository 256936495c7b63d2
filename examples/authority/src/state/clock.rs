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

    #[cfg(test)]
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}
