//! The documentation of what is written as a function and is none: the parser or the engine puts something else in its place.

use datafusion::logical_expr::{DocSection, Documentation};

const FILES: DocSection = DocSection {
    include: true,
    label: "File functions",
    description: Some(
        "They stand in FROM. Columns and their types are found by reading the file; who may read where is as for external tables.",
    ),
};

const MISSING: DocSection =
    DocSection { include: true, label: "Missing values", description: Some("What pandas has for them, as SQL.") };

/// Names and documentation, in alphabetical order.
pub(crate) fn forms() -> Vec<(&'static str, Documentation)> {
    vec![("fillna", fillna()), ("read_csv", read_csv()), ("read_json", read_json()), ("read_parquet", read_parquet())]
}

fn fillna() -> Documentation {
    Documentation::builder(
        MISSING,
        "The value, or another one where it is NULL: a given one, or one made of the column's other values. FILLNA(x) and \
         FILLNA(x, method => 'mean') are COALESCE(x, AVG(x) OVER ()).",
        "FILLNA(x, value)",
    )
    .with_alternative_syntax("FILLNA(x [, method => name]) [OVER (…)]")
    .with_argument("x", "A value of any type.")
    .with_argument("value", "What stands in place of NULL.")
    .with_argument(
        "method",
        "mean (the default), median, min or max of the rows that OVER names, of all without it; forward or backward: the \
         last value before the row, or the next one behind it, in the order of OVER (… ORDER BY …).",
    )
    .with_sql_example("```sql\nSELECT FILLNA(price, method => 'median') OVER (PARTITION BY product) FROM sales\n```")
    .build()
}

fn read_csv() -> Documentation {
    Documentation::builder(FILES, "The rows of a CSV file, or of the CSV files in a folder.", "SELECT * FROM READ_CSV(path)")
        .with_alternative_syntax("SELECT * FROM READ_CSV(path, option => value, …)")
        .with_argument("path", "A file or a folder, a literal.")
        .with_argument(
            "option",
            "As of an external table: header, delimiter, quote, escape, comment, compression, multiline, schema_infer_max_rec.",
        )
        .with_sql_example("```sql\nSELECT * FROM READ_CSV('/data/sales.csv', delimiter => ';')\n```")
        .with_related_udf("read_json")
        .build()
}

fn read_json() -> Documentation {
    Documentation::builder(
        FILES,
        "The rows of a file of JSON objects, one a line, or of such files in a folder.",
        "SELECT * FROM READ_JSON(path)",
    )
    .with_alternative_syntax("SELECT * FROM READ_JSON(path, compression => name)")
    .with_argument("path", "A file or a folder, a literal.")
    .with_related_udf("read_csv")
    .build()
}

fn read_parquet() -> Documentation {
    Documentation::builder(
        FILES,
        "The rows of a Parquet file, or of the Parquet files in a folder.",
        "SELECT * FROM READ_PARQUET(path)",
    )
    .with_argument("path", "A file or a folder, a literal.")
    .with_related_udf("read_csv")
    .build()
}
