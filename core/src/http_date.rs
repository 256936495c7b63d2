//! HTTP dates (RFC 9110 §5.6.7) as UNIX milliseconds: all three forms, since a
//! recipient must accept the obsolete ones too. The crates for this want `std`.

/// Reads a date, or nothing if it is not one.
pub(crate) fn parse(text: &str, now: u64) -> Option<u64> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    let Some((_, date)) = text.split_once(',') else {
        return asctime(text);
    };
    let date = date.strip_prefix(' ')?;
    if date.as_bytes().contains(&b'-') { rfc850(date, now) } else { imf_fixdate(date) }
}

/// `06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(date: &str) -> Option<u64> {
    let mut parts = date.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    let complete = zone == "GMT" && parts.next().is_none() && year.len() == 4;
    if complete { unix_ms(number(year)?, month, day, time) } else { None }
}

/// `06-Nov-94 08:49:37 GMT`
fn rfc850(date: &str, now: u64) -> Option<u64> {
    let (date, rest) = date.split_once(' ')?;
    let time = rest.strip_suffix(" GMT")?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 2 || parts.next().is_some() {
        return None;
    }
    // More than fifty years ahead is the past of the century before.
    let this_year = (now / 31_556_952_000).checked_add(1970)?;
    let year = (this_year / 100).checked_mul(100)?.checked_add(number(year)?)?;
    let year = if year > this_year.checked_add(50)? { year.checked_sub(100)? } else { year };
    unix_ms(year, month, day, time)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(date: &str) -> Option<u64> {
    let mut parts = date.split_ascii_whitespace().skip(1);
    let (month, day) = (parts.next()?, parts.next()?);
    let (time, year) = (parts.next()?, parts.next()?);
    let complete = parts.next().is_none() && year.len() == 4;
    if complete { unix_ms(number(year)?, month, day, time) } else { None }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn unix_ms(year: u64, month: &str, day: &str, time: &str) -> Option<u64> {
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()?;
    let day = number(day)?;
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = number(parts.next()?)?;
    let plausible = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !plausible || parts.next().is_some() || !(1970..=9999).contains(&year) {
        return None;
    }
    // Years from March on, so that the day of a leap year comes last.
    let late = month >= 2;
    let year = if late { year } else { year.checked_sub(1)? };
    let month_from_march = if late { month.checked_sub(2)? } else { month.checked_add(10)? };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let day_of_year = (month_from_march.checked_mul(153)?.checked_add(2)?) / 5;
    let days = year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?;
    // 719,469 days lie between the 1st of March of year 0 and the epoch's eve.
    let days = days.checked_add(day)?.checked_sub(719_469)?;
    let minutes = days.checked_mul(24)?.checked_add(hour)?.checked_mul(60)?.checked_add(minute)?;
    minutes.checked_mul(60)?.checked_add(second)?.checked_mul(1_000)
}

fn number(digits: &str) -> Option<u64> {
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::parse;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn three_forms_of_one_date() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(text, NOW), Some(784_111_777_000), "{text}");
        }
    }

    #[test]
    fn the_edges_of_the_calendar() {
        for (text, ms) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400_000),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800_000),
            ("Sun, 28 Feb 2100 23:59:59 GMT", 4_107_542_399_000),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799_000),
            ("Tuesday, 14-Nov-23 22:13:20 GMT", 1_700_000_000_000),
            ("Tuesday, 14-Nov-72 22:13:20 GMT", 3_246_387_200_000),
        ] {
            assert_eq!(parse(text, NOW), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "120",
            "tomorrow",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 N\u{f6}v 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        ] {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
    }
}
