//! `Retry-After` in both forms, and a peer that writes dates.

use super::*;
use alloc::format;
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000_000;

fn after(value: &str) -> Option<u64> {
    retry_after(&[("Retry-AFTER".into(), value.into())], NOW)
}

#[test]
fn patience_is_asked_for_in_seconds_or_until_a_date() {
    const DAY: u64 = 86_400_000;
    for (value, expected) in [
        ("0", Some(0)),
        ("120", Some(120_000)),
        (" 120\t", Some(120_000)),
        ("86401", Some(DAY)),
        ("18446744073709551616", Some(DAY)),
        ("Tue, 14 Nov 2023 22:13:21 GMT", Some(1_000)),
        ("Tue, 14 Nov 2023 22:13:19 GMT", Some(0)),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", Some(60_000)),
        ("Tue Nov 14 22:14:20 2023", Some(60_000)),
        ("Thu, 14 Nov 2030 22:13:21 GMT", Some(DAY)),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("5 s", None),
        ("soon", None),
    ] {
        assert_eq!(after(value), expected, "{value:?}");
    }
    assert_eq!(retry_after(&[], NOW), None);
}

proptest! {
    #[test]
    fn any_text_asks_for_a_day_at_most(value in any::<String>()) {
        prop_assert!(after(&value).is_none_or(|wait| wait <= 86_400_000));
    }

    /// As a peer writes dates, from 1970 to the end of the year 9999.
    #[test]
    fn dates_are_read_as_a_peer_writes_them(seconds in 0..253_402_300_800_u64) {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let date = httpdate::fmt_http_date(time);
        prop_assert_eq!(http_date::parse(&date, NOW), Some(seconds * 1_000), "{}", date);
        let wait = (seconds * 1_000).saturating_sub(NOW).min(86_400_000);
        prop_assert_eq!(after(&format!(" {date}")), Some(wait));
    }
}
