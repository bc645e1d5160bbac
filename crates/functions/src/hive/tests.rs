//! Hive's functions as SQL calls them: what is computed from literals, and the same from rows.

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use mead_common::Dialect;

use crate::testing::TestSession;

/// Each expression's value as text.
async fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    let session = TestSession::in_dialect(dialect);
    let mut wrong = Vec::new();
    for (expression, expected) in cases {
        // Once as a constant, once as a column's rows: kernels have a way for each.
        for sql in [
            format!("SELECT {expression}"),
            format!("SELECT {expression} FROM (VALUES (1), (2)) AS many(row_number) LIMIT 1"),
        ] {
            let found = match session.query(&sql).await {
                Ok(batch) => {
                    let options = FormatOptions::default().with_null("NULL");
                    ArrayFormatter::try_new(batch.column(0), &options).unwrap().value(0).to_string()
                }
                Err(error) => format!("error: {error}"),
            };
            if found != *expected {
                wrong.push(format!("{sql}: {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn numbers() {
    check(
        Dialect::Hive,
        &[
            ("abs(-5)", "5"),
            ("abs('-2.5')", "2.5"),
            ("asin(2)", "NULL"),
            ("round(2.5)", "3.0"),
            ("round(-2.345, 2)", "-2.35"),
            ("bround(2.5)", "2.0"),
            ("round(1250, -2)", "1300"),
            ("ceil(-0.1)", "0"),
            ("floor(5.2)", "5"),
            ("conv('100', 2, 10)", "4"),
            ("hex(17)", "11"),
            ("hex('Facebook')", "46616365626F6F6B"),
            ("pmod(-9, 4)", "3"),
            ("pmod(9, 0)", "NULL"),
            ("sign(-2.5)", "-1.0"),
            ("factorial(5)", "120"),
            ("factorial(21)", "NULL"),
            ("log(2, 8)", "3.0"),
            ("ln(0)", "NULL"),
            ("ln('x')", "NULL"),
            ("pow(2, 3)", "8.0"),
            ("shiftleft(2, 1)", "4"),
            ("bin(13)", "1101"),
            ("width_bucket(5.3, 0.2, 10.6, 5)", "3"),
            ("trunc(1234.567, 1)", "1234.5"),
        ],
    )
    .await;
    check(Dialect::Spark, &[("asin(2)", "NaN"), ("sqrt(-1)", "NaN"), ("log1p(0)", "0.0")]).await;
}

#[tokio::test]
async fn dates() {
    check(
        Dialect::Hive,
        &[
            ("year('2009-07-30')", "2009"),
            ("weekofyear('1980-12-31')", "1"),
            ("dayofweek('2009-07-30')", "5"),
            ("hour('2009-07-30 12:58:59')", "12"),
            ("hour('13:14:15')", "NULL"),
            ("month('x')", "NULL"),
            ("date_add('2009-07-30', 1)", "2009-07-31"),
            ("date_add('2007-02-28 23:59:59', 730)", "2009-02-27"),
            ("date_sub('2009-03-01', 2)", "2009-02-27"),
            ("datediff('2008-03-01 23:59:59', '2008-03-02 00:00:00')", "-1"),
            ("add_months('2009-02-28', 1)", "2009-03-31"),
            ("add_months('2017-12-31', 2, 'yyyy/MM/dd')", "2018/02/28"),
            ("last_day('2008-02-03')", "2008-02-29"),
            ("months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677"),
            ("next_day('2015-01-14', 'TU')", "2015-01-20"),
            ("floor_quarter('2009-08-30 12:58:59')", "2009-07-01T00:00:00"),
            ("trunc('2009-02-12', 'MM')", "2009-02-01"),
            ("trunc('2009-02-12', 'x')", "NULL"),
            ("from_unixtime(0)", "1970-01-01 00:00:00"),
            ("from_unixtime(0, 'yyyyMMdd')", "19700101"),
            ("from_unixtime(0, 'b')", "NULL"),
            ("date_format('2015-04-08', 'y')", "2015"),
            ("unix_timestamp('1970-01-01 00:01:00')", "60"),
            ("unix_timestamp('1970-01-02')", "NULL"),
            ("unix_timestamp('1970/01/02', 'yyyy/MM/dd')", "86400"),
            ("to_date('2009-07-30 04:17:52')", "2009-07-30"),
            ("from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-31T09:00:00"),
            ("to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-30T15:00:00"),
            ("current_date() = to_date(current_timestamp())", "true"),
        ],
    )
    .await;
    check(
        Dialect::Spark,
        &[
            ("hour('13:14:15')", "13"),
            ("add_months('2009-02-28', 1)", "2009-03-28"),
            ("to_timestamp('31/12/2016', 'dd/MM/yyyy')", "2016-12-31T00:00:00"),
            ("date_trunc('HOUR', '2009-07-30 12:58:59')", "2009-07-30T12:00:00"),
        ],
    )
    .await;
}
