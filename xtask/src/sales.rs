//! Sales data for the demo: made, not collected; the same bytes each time, with values missing as in real exports.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Name, typical amount of one unit, and share of all sales in percent.
const CATEGORIES: [(&str, f64, u64); 6] = [
    ("books", 14.0, 22),
    ("garden", 32.0, 11),
    ("groceries", 6.0, 34),
    ("music", 18.0, 9),
    ("tools", 55.0, 8),
    ("toys", 21.0, 16),
];

const STORES: [&str; 5] = ["Bergen", "Kisumu", "Lima", "Osaka", "Turku"];

/// Of a thousand values, so many are missing.
const MISSING_PER_MILLE: u64 = 30;

/// Writes a CSV file with a header: `order_id,sold_on,store,category,units,amount`; `units` and `amount` are empty in
/// some lines.
pub(crate) fn write(path: &Path, rows: u64) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write_to(&mut out, rows)?;
    out.flush()
}

fn write_to(out: &mut impl Write, rows: u64) -> io::Result<()> {
    let mut random = Random(2026);
    writeln!(out, "order_id,sold_on,store,category,units,amount")?;
    for order in 1..=rows {
        let (category, typical, _) = category(random.below(100));
        let store = STORES[random.below(STORES.len() as u64) as usize];
        let day = random.below(28) + 1;
        let month = random.below(12) + 1;
        let units = 1 + random.below(3) * random.below(4);
        // A product of uniform factors: most sales are small, a few are large, as sales are.
        let spread = (0.5 + random.unit()) * (0.5 + random.unit()) * (0.4 + 1.6 * random.unit() * random.unit());
        let amount = typical * spread * units as f64;
        write!(out, "{order},2026-{month:02}-{day:02},{store},{category},")?;
        if random.below(1000) >= MISSING_PER_MILLE {
            write!(out, "{units}")?;
        }
        if random.below(1000) >= MISSING_PER_MILLE {
            writeln!(out, ",{amount:.2}")?;
        } else {
            writeln!(out, ",")?;
        }
    }
    Ok(())
}

fn category(percent: u64) -> (&'static str, f64, u64) {
    let mut below = 0;
    for category in CATEGORIES {
        below += category.2;
        if percent < below {
            return category;
        }
    }
    CATEGORIES[0]
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// The bias is below 2^-50 for the small numbers asked for here.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 to 1, without 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: u64) -> Vec<String> {
        let mut out = Vec::new();
        write_to(&mut out, rows).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn shares_are_of_a_hundred() {
        assert_eq!(CATEGORIES.iter().map(|category| category.2).sum::<u64>(), 100);
    }

    #[test]
    fn a_longer_file_begins_as_a_shorter_one() {
        assert_eq!(lines(100)[..], lines(200)[..101]);
    }

    #[test]
    fn values_are_missing_and_no_line_is() {
        let lines = lines(20_000);
        assert_eq!(lines.len(), 20_001);
        assert!(lines.iter().all(|line| line.matches(',').count() == 5));
        let missing = lines.iter().filter(|line| line.ends_with(',')).count();
        assert!((400..800).contains(&missing), "{missing}");
    }
}
