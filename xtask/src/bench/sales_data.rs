//! The sales file: ten million lines `category,amount`, one amount in twenty missing; always the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::sales::Random;
use crate::trouble::Trouble;

/// Lines below the header.
pub(super) const ROWS: u64 = 10_000_000;

/// Categories, each with the upper end of its amounts in cents.
const CATEGORIES: [(&str, u64); 16] = [
    ("appliances", 240_000),
    ("automotive", 125_000),
    ("baby_products", 32_500),
    ("books_and_maps", 9_900),
    ("cosmetics", 14_500),
    ("electronics", 310_000),
    ("furniture", 420_000),
    ("garden_tools", 78_000),
    ("groceries", 18_800),
    ("hardware", 64_000),
    ("jewellery", 990_000),
    ("kitchenware", 45_600),
    ("musical_instruments", 650_000),
    ("office_supplies", 21_400),
    ("sportswear", 36_700),
    ("toys_and_games", 12_300),
];

/// The file in `folder`, made if it is not there.
pub(super) fn file(folder: &Path) -> Result<PathBuf, Trouble> {
    let path = folder.join("sales-10m.csv");
    if !path.exists() {
        let error = |error: std::io::Error| Trouble::file(&path, error);
        std::fs::create_dir_all(folder).map_err(error)?;
        // Under its own name only when it is whole.
        let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
        write(&unfinished).map_err(error)?;
        std::fs::rename(&unfinished, &path).map_err(error)?;
    }
    Ok(path)
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"category,amount\n")?;
    let mut random = Random(2026);
    for _ in 0..ROWS {
        let draw = random.next();
        let (category, top) = CATEGORIES[(draw % 16) as usize];
        if (draw >> 4).is_multiple_of(20) {
            writeln!(out, "{category},")?;
        } else {
            let cents = 1 + (draw >> 16) % top;
            writeln!(out, "{category},{}.{:02}", cents / 100, cents % 100)?;
        }
    }
    out.into_inner()?.sync_all()
}
