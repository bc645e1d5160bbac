//! Time zones by the names that Java knows: regions, offsets and the old three letters.

use chrono::{NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// A region, or a fixed distance from UTC in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Zone {
    Region(Tz),
    Fixed(i32),
}

/// The three letters that Java keeps as names of regions.
const SHORT: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PDT", "America/Los_Angeles"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

impl Zone {
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        if let Some((_, region)) = SHORT.iter().find(|(short, _)| *short == name) {
            return region.parse().ok().map(Zone::Region);
        }
        match name {
            "Z" | "UTC" | "GMT" | "UT" => return Some(Zone::Fixed(0)),
            "EST" => return Some(Zone::Fixed(-5 * 3600)),
            "MST" => return Some(Zone::Fixed(-7 * 3600)),
            "HST" => return Some(Zone::Fixed(-10 * 3600)),
            _ => {}
        }
        let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        if let Some(seconds) = parse_offset(offset) {
            return Some(Zone::Fixed(seconds));
        }
        name.parse().ok().map(Zone::Region)
    }

    /// What a clock there shows at a moment of UTC.
    pub fn to_local(self, moment: NaiveDateTime) -> Option<NaiveDateTime> {
        let seconds = match self {
            Zone::Fixed(seconds) => seconds,
            Zone::Region(zone) => zone.offset_from_utc_datetime(&moment).fix().local_minus_utc(),
        };
        moment.checked_add_signed(TimeDelta::seconds(i64::from(seconds)))
    }

    /// The moment of UTC at which a clock there shows this.
    pub fn to_utc(self, moment: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Zone::Fixed(seconds) => moment.checked_sub_signed(TimeDelta::seconds(i64::from(seconds))),
            Zone::Region(zone) => Some(to_utc(moment, &zone)),
        }
    }
}

/// `+8`, `+08`, `+0800`, `-08:00`, `+08:00:30` in seconds.
pub(crate) fn parse_offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|character| *character != ':').collect();
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let part = |index: usize| padded.get(index..index + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (hours <= 18 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// The moment of UTC at which clocks in `zone` show this: the first where there are two, and where there is none, because
/// clocks were put forward, the moment as long after that as the clock would say.
pub(crate) fn to_utc(moment: NaiveDateTime, zone: &Tz) -> NaiveDateTime {
    match zone.from_local_datetime(&moment).earliest() {
        Some(found) => found.naive_utc(),
        None => {
            let before = moment.checked_sub_signed(TimeDelta::hours(3)).unwrap_or(moment);
            let offset = zone.offset_from_utc_datetime(&before).fix().local_minus_utc();
            moment.checked_sub_signed(TimeDelta::seconds(i64::from(offset))).unwrap_or(moment)
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn zones_have_many_names() {
        assert_eq!(Zone::parse("PST"), Some(Zone::Region(chrono_tz::America::Los_Angeles)));
        assert_eq!(Zone::parse("Europe/Berlin"), Some(Zone::Region(chrono_tz::Europe::Berlin)));
        assert_eq!(Zone::parse("GMT+8"), Some(Zone::Fixed(28_800)));
        assert_eq!(Zone::parse("-03:30"), Some(Zone::Fixed(-12_600)));
        assert_eq!(Zone::parse("Nowhere"), None);
        assert_eq!(parse_offset("+99"), None);
    }

    #[test]
    fn an_hour_that_clocks_skip_is_the_next() {
        let skipped = NaiveDate::from_ymd_opt(2009, 3, 8).unwrap().and_hms_opt(2, 30, 0).unwrap();
        let utc = to_utc(skipped, &chrono_tz::America::Los_Angeles);
        assert_eq!(
            Zone::Region(chrono_tz::America::Los_Angeles).to_local(utc).unwrap().to_string(),
            "2009-03-08 03:30:00"
        );
    }
}
