//! `Retry-After`, against the crate `httpdate`.

use evergrant::testing::{
    arbitrary::{Result, Unstructured},
    parts::{http_date, retry_after},
};
use std::time::{Duration, UNIX_EPOCH};

const DAY: u64 = 86_400_000;

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let now: u64 = u.arbitrary()?;
    let text = String::from_utf8_lossy(u.take_rest()).into_owned();

    let headers = [("Retry-After".to_owned(), text.clone())];
    let wait = retry_after(&headers, now);
    assert!(wait.is_none_or(|wait| wait <= DAY));
    let trimmed = text.trim_ascii();
    let seconds: Option<u64> = trimmed.parse().ok().filter(|_| !trimmed.starts_with('+'));
    if let Some(seconds) = seconds {
        assert_eq!(wait, Some(seconds.saturating_mul(1_000).min(DAY)));
    }

    let ours = http_date(&text, now);
    // Two digits of a year mean another century to each reader.
    let short = text.contains('-');
    if let Ok(theirs) = httpdate::parse_http_date(&text)
        && !short
    {
        let theirs = theirs.duration_since(UNIX_EPOCH).map(|it| it.as_millis() as u64);
        assert_eq!(ours, theirs.ok(), "{text:?}");
    }
    if let Some(ms) = ours {
        let written = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms));
        assert_eq!(http_date(&written, now), Some(ms), "{text:?} written as {written:?}");
    }
    Ok(())
}
