//! Parameters in text and in binary, and the errors of those that cannot be read.

use arrow::datatypes::{IntervalMonthDayNano, IntervalUnit, TimeUnit, i256};
use bytes::{BufMut, BytesMut};
use postgres_types::{ToSql, Type};

use super::*;
use crate::types::Scalar;

fn read(text: &[u8], binary: bool, scalar: Scalar, target: &DataType) -> Result<ScalarValue, Diagnostic> {
    let sent_as = PgType::scalar(scalar);
    parameter(1, Some(text), binary, sent_as, target, Zone::parse("Europe/Zurich"))
}

fn text(text: &str, scalar: Scalar) -> Result<ScalarValue, Diagnostic> {
    read(text.as_bytes(), false, scalar, &PgType::scalar(scalar).arrow())
}

fn error(value: &str, scalar: Scalar) -> (&'static str, String) {
    let report = text(value, scalar).unwrap_err();
    (report.sqlstate.code(), report.message)
}

fn sent(value: &impl ToSql, pg_type: &Type) -> Vec<u8> {
    let mut out = BytesMut::new();
    value.to_sql(pg_type, &mut out).unwrap();
    out.to_vec()
}

fn array_of(scalar: Scalar) -> PgType {
    PgType { array: true, ..PgType::scalar(scalar) }
}

fn shown(value: ScalarValue) -> String {
    match value.to_array() {
        Ok(array) => arrow::util::display::array_value_to_string(&array, 0).unwrap(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn numbers_in_text() {
    assert_eq!(text(" -42 ", Scalar::Int4).unwrap(), ScalarValue::Int32(Some(-42)));
    assert_eq!(text("+7", Scalar::Int8).unwrap(), ScalarValue::Int64(Some(7)));
    assert_eq!(text("1.5e3", Scalar::Float8).unwrap(), ScalarValue::Float64(Some(1500.0)));
    assert_eq!(text("-Infinity", Scalar::Float4).unwrap(), ScalarValue::Float32(Some(f32::NEG_INFINITY)));
    for (value, scalar, sqlstate, message) in [
        ("abc", Scalar::Int4, "22P02", "invalid input syntax for type integer: \"abc\""),
        ("", Scalar::Int8, "22P02", "invalid input syntax for type bigint: \"\""),
        ("1.5", Scalar::Int2, "22P02", "invalid input syntax for type smallint: \"1.5\""),
        ("99999", Scalar::Int2, "22003", "value \"99999\" is out of range for type smallint"),
        ("4294967296", Scalar::Oid, "22003", "value \"4294967296\" is out of range for type oid"),
        ("1 day 1 day", Scalar::Interval, "22007", "invalid input syntax for type interval: \"1 day 1 day\""),
        ("1e-50", Scalar::Float4, "22003", "\"1e-50\" is out of range for type real"),
        ("\\xzz", Scalar::Bytea, "22023", "invalid hexadecimal digit: \"z\""),
        ("1e999", Scalar::Float8, "22003", "\"1e999\" is out of range for type double precision"),
        ("x", Scalar::Float4, "22P02", "invalid input syntax for type real: \"x\""),
        ("1.2.3", Scalar::Numeric, "22P02", "invalid input syntax for type numeric: \"1.2.3\""),
        ("maybe", Scalar::Bool, "22P02", "invalid input syntax for type boolean: \"maybe\""),
        ("o", Scalar::Bool, "22P02", "invalid input syntax for type boolean: \"o\""),
        ("zz", Scalar::Uuid, "22P02", "invalid input syntax for type uuid: \"zz\""),
        ("2026-13-01", Scalar::Date, "22008", "date/time field value out of range: \"2026-13-01\""),
        ("soon", Scalar::Date, "22007", "invalid input syntax for type date: \"soon\""),
        ("25:00", Scalar::Time, "22008", "date/time field value out of range: \"25:00\""),
        ("3 lightyears", Scalar::Interval, "22007", "invalid input syntax for type interval: \"3 lightyears\""),
    ] {
        assert_eq!(error(value, scalar), (sqlstate, message.to_owned()));
    }
}

#[test]
fn booleans_in_text() {
    for (words, value) in [(["t", "TRUE", "yes", "on", "1"], true), (["f", "no", "off", "0", "of"], false)] {
        for word in words {
            assert_eq!(text(word, Scalar::Bool).unwrap(), ScalarValue::Boolean(Some(value)), "{word}");
        }
    }
}

#[test]
fn numbers_in_binary() {
    let binary = |bytes: &[u8], scalar| read(bytes, true, scalar, &PgType::scalar(scalar).arrow());
    assert_eq!(binary(&sent(&-5_i16, &Type::INT2), Scalar::Int2).unwrap(), ScalarValue::Int16(Some(-5)));
    assert_eq!(binary(&sent(&-5_i64, &Type::INT8), Scalar::Int8).unwrap(), ScalarValue::Int64(Some(-5)));
    assert_eq!(binary(&sent(&0.1_f32, &Type::FLOAT4), Scalar::Float4).unwrap(), ScalarValue::Float32(Some(0.1)));
    assert_eq!(binary(&[0, 0, 1], Scalar::Int4).unwrap_err().sqlstate, sqlstate::PROTOCOL_VIOLATION);
    let report = binary(&[0, 0, 0, 0, 1], Scalar::Int4).unwrap_err();
    assert_eq!(report.sqlstate, sqlstate::INVALID_BINARY_REPRESENTATION);
    assert_eq!(report.message, "incorrect binary data format in bind parameter 1");
    // What is sent as one type and wanted as another is cast, or refused.
    let wide = read(&sent(&300_i64, &Type::INT8), true, Scalar::Int8, &DataType::Int32).unwrap();
    assert_eq!(wide, ScalarValue::Int32(Some(300)));
    let report = read(&sent(&300_i64, &Type::INT8), true, Scalar::Int8, &DataType::Int8).unwrap_err();
    assert_eq!(report.sqlstate, sqlstate::NUMERIC_VALUE_OUT_OF_RANGE);
}

/// numeric's binary form from its words.
fn numeric(words: &[i16]) -> Vec<u8> {
    let mut out = BytesMut::new();
    words.iter().for_each(|&word| out.put_i16(word));
    out.to_vec()
}

#[test]
fn numerics_keep_their_digits() {
    let target = DataType::Decimal128(38, 10);
    let decimal = |value: &[u8], binary| read(value, binary, Scalar::Numeric, &target).unwrap();
    assert_eq!(decimal(b"123.45", false), ScalarValue::Decimal128(Some(1_234_500_000_000), 38, 10));
    assert_eq!(decimal(b"-1.5e-3", false), ScalarValue::Decimal128(Some(-15_000_000), 38, 10));
    assert_eq!(decimal(b"2e3", false), ScalarValue::Decimal128(Some(20_000_000_000_000), 38, 10));
    assert_eq!(
        decimal(b"0.00000000001", false),
        ScalarValue::Decimal128(Some(1), 38, 11),
        "more digits than the plan has"
    );
    assert_eq!(
        decimal(&numeric(&[2, 0, 0, 2, 123, 4500]), true),
        ScalarValue::Decimal128(Some(1_234_500_000_000), 38, 10)
    );
    assert_eq!(decimal(&numeric(&[1, -1, 0x4000, 3, 50]), true), ScalarValue::Decimal128(Some(-50_000_000), 38, 10));
    assert_eq!(decimal(&numeric(&[1, 1, 0, 0, 1]), true), ScalarValue::Decimal128(Some(100_000_000_000_000), 38, 10));
    assert_eq!(decimal(&numeric(&[0, 0, 0, 0]), true), ScalarValue::Decimal128(Some(0), 38, 10));
    let long = "9".repeat(50);
    let wide = read(long.as_bytes(), false, Scalar::Numeric, &DataType::Decimal256(76, 0)).unwrap();
    assert_eq!(wide, ScalarValue::Decimal256(i256::from_string(&long), 76, 0));
    assert_eq!(error("NaN", Scalar::Numeric).0, "0A000");
    assert_eq!(error(&"9".repeat(77), Scalar::Numeric).0, "22003");
    assert_eq!(error("1e2000", Scalar::Numeric).0, "22003");
    for bad in [&[][..], &[1, 0, 0], &[1, 0, 0, 0], &[1, 0, 7, 0, 1], &[1, 0, 0, 0, 10_000]] {
        assert!(read(&numeric(bad), true, Scalar::Numeric, &target).is_err());
    }
    for huge in [[1, 32_000, 0, 0, 1], [1, -32_000, 0, 16_000, 1]] {
        assert!(read(&numeric(&huge), true, Scalar::Numeric, &target).is_err());
    }
}

#[test]
fn dates_and_times_in_text() {
    for (value, scalar, expected) in [
        ("2026-11-23", Scalar::Date, "2026-11-23"),
        ("20261123", Scalar::Date, "2026-11-23"),
        ("2026-11-23 10:00:00", Scalar::Date, "2026-11-23"),
        ("13:14", Scalar::Time, "13:14:00"),
        ("13:14:15.5", Scalar::Time, "13:14:15.500"),
        ("2026-11-23", Scalar::Timestamp, "2026-11-23T00:00:00"),
        ("2026-11-23T13:14:15.123456", Scalar::Timestamp, "2026-11-23T13:14:15.123456"),
        ("2026-11-23 13:14:15+05", Scalar::Timestamp, "2026-11-23T13:14:15"),
        ("20261123T131415", Scalar::Timestamp, "2026-11-23T13:14:15"),
        ("2026-11-23 13:14:15", Scalar::Timestamptz, "2026-11-23T12:14:15Z"),
        ("2026-07-23 13:14:15", Scalar::Timestamptz, "2026-07-23T11:14:15Z"),
        ("2026-11-23 13:14:15Z", Scalar::Timestamptz, "2026-11-23T13:14:15Z"),
        ("2026-11-23 13:14:15+0530", Scalar::Timestamptz, "2026-11-23T07:44:15Z"),
        ("2026-11-23 13:14:15 -03:30", Scalar::Timestamptz, "2026-11-23T16:44:15Z"),
        ("2026-11-23 13:14:15 America/New_York", Scalar::Timestamptz, "2026-11-23T18:14:15Z"),
        ("2026-11-23 13:14:15.5 UTC", Scalar::Timestamptz, "2026-11-23T13:14:15.500Z"),
    ] {
        assert_eq!(shown(text(value, scalar).unwrap()), expected, "{value}");
    }
    assert_eq!(text("infinity", Scalar::Date).unwrap(), ScalarValue::Date32(Some(i32::MAX)));
    assert_eq!(text("0044-03-15 BC", Scalar::Date).unwrap(), ScalarValue::Date32(Some(-735_160)));
    let minus = text("-infinity", Scalar::Timestamp).unwrap();
    assert_eq!(minus, ScalarValue::TimestampMicrosecond(Some(i64::MIN), None));
    assert_eq!(error("2026-11-23 13:14:15 Mars/Olympus", Scalar::Timestamptz).0, "22023");
    assert_eq!(error("99999999-01-01", Scalar::Timestamp).0, "22008");
}

#[test]
fn dates_and_times_in_binary() {
    let read = |bytes: &[u8], scalar| read(bytes, true, scalar, &PgType::scalar(scalar).arrow()).unwrap();
    assert_eq!(read(&9_823_i32.to_be_bytes(), Scalar::Date), ScalarValue::Date32(Some(20_780)));
    let moment = ScalarValue::TimestampMicrosecond(Some(946_684_801_000_000), None);
    assert_eq!(read(&1_000_000_i64.to_be_bytes(), Scalar::Timestamp), moment);
    let overflow = parameter(
        1,
        Some(&(i64::MAX - 1).to_be_bytes()),
        true,
        PgType::scalar(Scalar::Timestamp),
        &DataType::Timestamp(TimeUnit::Microsecond, None),
        Zone::Utc,
    );
    assert_eq!(overflow.unwrap_err().sqlstate, sqlstate::DATETIME_FIELD_OVERFLOW);
}

#[test]
fn intervals() {
    let span = |months, days, microseconds: i64| {
        ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(months, days, microseconds * 1_000)))
    };
    for (value, expected) in [
        ("1 year 2 mons -3 days 04:05:06.7", span(14, -3, 14_706_700_000)),
        ("-1 mons +1 day -00:00:01", span(-1, 1, -1_000_000)),
        ("@ 1 day 2 hours ago", span(0, -1, -7_200_000_000)),
        ("1.5 hours", span(0, 0, 5_400_000_000)),
        ("1.5 days", span(0, 1, 43_200_000_000)),
        ("0.5 months", span(0, 15, 0)),
        ("1.5 years", span(18, 0, 0)),
        ("2h30m", span(0, 0, 9_000_000_000)),
        ("90", span(0, 0, 90_000_000)),
        ("P1Y2M10DT2H30M", span(14, 10, 9_000_000_000)),
        ("PT0.5S", span(0, 0, 500_000)),
        ("P2W", span(0, 14, 0)),
        ("00:00:00", span(0, 0, 0)),
    ] {
        assert_eq!(text(value, Scalar::Interval).unwrap(), expected, "{value}");
    }
    let mut bytes = 1_500_000_i64.to_be_bytes().to_vec();
    bytes.extend((-3_i32).to_be_bytes());
    bytes.extend(14_i32.to_be_bytes());
    let target = DataType::Interval(IntervalUnit::MonthDayNano);
    assert_eq!(read(&bytes, true, Scalar::Interval, &target).unwrap(), span(14, -3, 1_500_000));
    assert_eq!(error("P", Scalar::Interval).0, "22007");
    assert_eq!(error("99999999999999999999 days", Scalar::Interval).0, "22007");
    assert_eq!(error("9999999999 days", Scalar::Interval).0, "22008");
    assert_eq!(error("-9223372036854775807 days ago", Scalar::Interval).0, "22008");
    assert_eq!(error("4294967295:00:00", Scalar::Interval).0, "22007");
}

#[test]
fn text_bytes_and_uuids() {
    assert_eq!(text("ü", Scalar::Text).unwrap(), ScalarValue::Utf8(Some("ü".to_owned())));
    let report = read(b"\xff", false, Scalar::Text, &DataType::Utf8).unwrap_err();
    assert_eq!(report.sqlstate, sqlstate::CHARACTER_NOT_IN_REPERTOIRE);
    assert_eq!(text("\\x00fF", Scalar::Bytea).unwrap(), ScalarValue::Binary(Some(vec![0, 255])));
    assert_eq!(text("a\\000\\\\", Scalar::Bytea).unwrap(), ScalarValue::Binary(Some(b"a\0\\".to_vec())));
    assert_eq!(error("\\x0", Scalar::Bytea).0, "22023");
    assert_eq!(error("\\9", Scalar::Bytea).0, "22P02");
    let uuid = ScalarValue::FixedSizeBinary(16, Some((0..16).map(|n| n * 17).collect()));
    assert_eq!(text("00112233-4455-6677-8899-AABBCCDDEEFF", Scalar::Uuid).unwrap(), uuid);
    let jsonb = read(b"\x01{}", true, Scalar::Jsonb, &DataType::Utf8).unwrap();
    assert_eq!(jsonb, ScalarValue::Utf8(Some("{}".to_owned())));
    assert!(read(b"{}", true, Scalar::Jsonb, &DataType::Utf8).is_err());
    let null = parameter(1, None, false, PgType::scalar(Scalar::Int4), &DataType::Int32, Zone::Utc);
    assert_eq!(null.unwrap(), ScalarValue::Int32(None));
}

#[test]
fn arrays() {
    let integers = array_of(Scalar::Int4);
    let read =
        |bytes: &[u8], binary, pg_type: PgType| parameter(1, Some(bytes), binary, pg_type, &pg_type.arrow(), Zone::Utc);
    for (literal, expected) in
        [("{1,NULL, 3}", "[1, , 3]"), ("{}", "[]"), (" { 1 } ", "[1]"), ("[0:1]={5,6}", "[5, 6]")]
    {
        assert_eq!(shown(read(literal.as_bytes(), false, integers).unwrap()), expected, "{literal}");
    }
    let words = read(br#"{a,"b,c","d\"e",null,"null"}"#, false, array_of(Scalar::Text)).unwrap();
    assert_eq!(shown(words), "[a, b,c, d\"e, , null]");
    let bytes = sent(&vec![Some(1_i32), None, Some(3)], &Type::INT4_ARRAY);
    assert_eq!(shown(read(&bytes, true, integers).unwrap()), "[1, , 3]");
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end], true, integers).is_err());
    }
    for literal in [
        "",
        "{",
        "{1",
        "{1,",
        "{1,}",
        "1",
        "{1}x",
        "{{1},2}",
        "{1,{2}}",
        "{{1},{2,3}}",
        "{\"a",
        "{{{{{{{1}}}}}}}",
        "{\"a\"b}",
    ] {
        let report = read(literal.as_bytes(), false, integers).unwrap_err();
        assert!(matches!(report.sqlstate.code(), "22P02" | "54000"), "{literal}: {report}");
    }
    assert_eq!(shown(read(b"{{1},{2}}", false, integers).unwrap()), "[[1], [2]]");
    assert_eq!(read(b"{x}", false, integers).unwrap_err().message, "invalid input syntax for type integer: \"x\"");
    let nested_type = DataType::new_list(DataType::new_list(DataType::Int64, true), true);
    let nested = parameter(1, Some(b"{{1,2},{3,4}}"), false, integers, &nested_type, Zone::Utc).unwrap();
    assert_eq!(shown(nested), "[[1, 2], [3, 4]]");
    let huge =
        [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 23, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1];
    assert!(read(&huge, true, integers).is_err());
}
