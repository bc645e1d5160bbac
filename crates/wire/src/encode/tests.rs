//! Each type as a client would see it, beside what PostgreSQL 15 sends for the same value; binary values are read back by
//! `postgres-types` where it knows the type.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Field, IntervalDayTime, IntervalMonthDayNano, Schema, i256};
use postgres_types::{FromSql, Type};

use super::*;
use crate::types::{PgType, Scalar};

const STYLE: Style = Style { zone: Zone::Utc, bytea_escape: false, java_floats: false };

/// The fields of every row of one column; `None` is NULL.
fn fields(array: &ArrayRef, binary: bool, style: Style) -> Result<Vec<Option<Vec<u8>>>, Diagnostic> {
    typed_fields(array, PgType::of_field(&Field::new("c", array.data_type().clone(), true))?.scalar, binary, style)
}

fn typed_fields(
    array: &ArrayRef,
    scalar: Scalar,
    binary: bool,
    style: Style,
) -> Result<Vec<Option<Vec<u8>>>, Diagnostic> {
    let columns = [normalize(array, array.data_type(), scalar)?];
    let mut encoder = BatchEncoder::new(&columns, &[ColumnFormat { scalar, binary }], style)?;
    (0..array.len())
        .map(|row| {
            let mut out = BytesMut::from(&b"before"[..]);
            let result = encoder.put_row(row, &mut out);
            if let Err(report) = result {
                assert_eq!(&out[..], b"before", "nothing is left of a row that failed");
                return Err(report);
            }
            let message = &out[6..];
            assert_eq!(message[0], b'D');
            assert_eq!(u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize, message.len() - 1);
            assert_eq!(message[5..7], [0, 1]);
            let length = i32::from_be_bytes(message[7..11].try_into().unwrap());
            Ok((length >= 0).then(|| {
                assert_eq!(message.len() - 11, length as usize);
                message[11..].to_vec()
            }))
        })
        .collect()
}

fn texts(array: impl Array + 'static) -> Vec<String> {
    texts_in(array, STYLE)
}

fn texts_in(array: impl Array + 'static, style: Style) -> Vec<String> {
    let array: ArrayRef = Arc::new(array);
    let fields = fields(&array, false, style).unwrap();
    fields.into_iter().map(|field| field.map_or("NULL".to_owned(), |text| String::from_utf8(text).unwrap())).collect()
}

fn binary(array: impl Array + 'static) -> Vec<Option<Vec<u8>>> {
    let array: ArrayRef = Arc::new(array);
    fields(&array, true, STYLE).unwrap()
}

fn read_back<T: for<'a> FromSql<'a>>(array: impl Array + 'static, pg_type: &Type) -> Vec<Option<T>> {
    let found = PgType::of_field(&Field::new("c", array.data_type().clone(), true)).unwrap();
    assert_eq!(found.oid(), pg_type.oid());
    let fields = binary(array);
    fields.iter().map(|field| field.as_ref().map(|bytes| T::from_sql(pg_type, bytes).unwrap())).collect()
}

#[test]
fn booleans_and_integers() {
    assert_eq!(texts(BooleanArray::from(vec![Some(true), Some(false), None])), ["t", "f", "NULL"]);
    assert_eq!(read_back::<bool>(BooleanArray::from(vec![true, false]), &Type::BOOL), [Some(true), Some(false)]);
    assert_eq!(texts(Int8Array::from(vec![i8::MIN])), ["-128"]);
    assert_eq!(read_back::<i16>(Int8Array::from(vec![i8::MIN]), &Type::INT2), [Some(-128)]);
    assert_eq!(read_back::<i16>(UInt8Array::from(vec![255]), &Type::INT2), [Some(255)]);
    assert_eq!(read_back::<i16>(Int16Array::from(vec![Some(-2), None]), &Type::INT2), [Some(-2), None]);
    assert_eq!(read_back::<i32>(UInt16Array::from(vec![65_535]), &Type::INT4), [Some(65_535)]);
    assert_eq!(read_back::<i32>(Int32Array::from(vec![i32::MIN]), &Type::INT4), [Some(i32::MIN)]);
    assert_eq!(read_back::<i64>(UInt32Array::from(vec![u32::MAX]), &Type::INT8), [Some(u32::MAX.into())]);
    assert_eq!(read_back::<i64>(Int64Array::from(vec![i64::MAX]), &Type::INT8), [Some(i64::MAX)]);
    assert_eq!(texts(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
    let expected = [0, 5, 0, 4, 0, 0, 0, 0, 0x07, 0x34, 0x1a, 0x58, 0x02, 0xe1, 0x03, 0xbb, 0x06, 0x4f];
    assert_eq!(binary(UInt64Array::from(vec![u64::MAX])), [Some(expected.to_vec())]);
}

#[test]
fn an_oid_is_unsigned() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![3_000_000_000]));
    assert_eq!(typed_fields(&array, Scalar::Oid, false, STYLE).unwrap(), [Some(b"3000000000".to_vec())]);
    let sent = typed_fields(&array, Scalar::Oid, true, STYLE).unwrap();
    assert_eq!(sent, [Some(3_000_000_000_u32.to_be_bytes().to_vec())]);
    let array: ArrayRef = Arc::new(Int32Array::from(vec![-1]));
    assert_eq!(
        typed_fields(&array, Scalar::Oid, true, STYLE).unwrap_err().sqlstate,
        sqlstate::NUMERIC_VALUE_OUT_OF_RANGE
    );
}

#[test]
fn floats_of_all_widths() {
    assert_eq!(texts(Float32Array::from(vec![0.1, f32::NAN])), ["0.1", "NaN"]);
    assert_eq!(texts(Float64Array::from(vec![Some(0.1), Some(1e100), None])), ["0.1", "1e+100", "NULL"]);
    assert_eq!(read_back::<f32>(Float32Array::from(vec![0.1]), &Type::FLOAT4), [Some(0.1)]);
    assert_eq!(read_back::<f64>(Float64Array::from(vec![f64::MIN]), &Type::FLOAT8), [Some(f64::MIN)]);
    let singles: ArrayRef = Arc::new(Float32Array::from(vec![Some(2.0), None]));
    let half = arrow::compute::cast(&singles, &DataType::Float16).unwrap().as_primitive::<Float16Type>().clone();
    assert_eq!(texts(half.clone()), ["2", "NULL"]);
    assert_eq!(read_back::<f32>(half, &Type::FLOAT4), [Some(2.0), None]);
}

#[test]
fn decimals_of_all_widths() {
    let array = Decimal32Array::from(vec![Some(12345), None]).with_precision_and_scale(9, 2).unwrap();
    assert_eq!(texts(array), ["123.45", "NULL"]);
    let array = Decimal64Array::from(vec![-5]).with_precision_and_scale(18, 3).unwrap();
    assert_eq!(texts(array), ["-0.005"]);
    let digits = 12_345_678_901_234_567_890_123_456_789_012_345_678_i128;
    let array = Decimal128Array::from(vec![digits]).with_precision_and_scale(38, 10).unwrap();
    assert_eq!(texts(array), ["1234567890123456789012345678.9012345678"]);
    let wide =
        i256::from_string("1234567890123456789012345678901234567890123456789012345678901234567890123456").unwrap();
    let array = Decimal256Array::from(vec![wide]).with_precision_and_scale(76, 38).unwrap();
    assert_eq!(texts(array.clone()), ["12345678901234567890123456789012345678.90123456789012345678901234567890123456"]);
    assert_eq!(binary(array)[0].as_ref().unwrap()[..8], [0, 20, 0, 9, 0, 0, 0, 38]);
}

#[test]
fn text_in_all_layouts() {
    let expected = ["a", "NULL", "ü\n", ""];
    let values = vec![Some("a"), None, Some("ü\n"), Some("")];
    assert_eq!(texts(StringArray::from(values.clone())), expected);
    assert_eq!(texts(LargeStringArray::from(values.clone())), expected);
    assert_eq!(texts(StringViewArray::from(values.clone())), expected);
    let dictionary: DictionaryArray<Int32Type> = values.into_iter().collect();
    assert_eq!(texts(dictionary), expected);
    let runs: RunArray<Int32Type> = [Some("a"), Some("a"), None].into_iter().collect();
    assert_eq!(texts(runs), ["a", "a", "NULL"]);
    assert_eq!(texts(NullArray::new(2)), ["NULL", "NULL"]);
    let array: ArrayRef = Arc::new(StringViewArray::from(vec!["{}"]));
    assert_eq!(typed_fields(&array, Scalar::Jsonb, true, STYLE).unwrap(), [Some(b"\x01{}".to_vec())]);
    assert_eq!(typed_fields(&array, Scalar::Json, true, STYLE).unwrap(), [Some(b"{}".to_vec())]);
}

#[test]
fn bytes_in_all_layouts() {
    let escape = Style { bytea_escape: true, ..STYLE };
    let values: Vec<Option<&[u8]>> = vec![Some(b"\x00a\\\xff"), None];
    assert_eq!(texts(BinaryArray::from(values.clone())), ["\\x00615cff", "NULL"]);
    assert_eq!(texts_in(LargeBinaryArray::from(values.clone()), escape), ["\\000a\\\\\\377", "NULL"]);
    assert_eq!(texts(BinaryViewArray::from(values.clone())), ["\\x00615cff", "NULL"]);
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 4).unwrap();
    assert_eq!(read_back::<Vec<u8>>(fixed, &Type::BYTEA), [Some(b"\x00a\\\xff".to_vec()), None]);
}

#[test]
fn uuids() {
    let bytes: Vec<u8> = (0..16).map(|n| n * 17).collect();
    let array: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter([bytes.clone()].into_iter()).unwrap());
    let sent = typed_fields(&array, Scalar::Uuid, false, STYLE).unwrap();
    assert_eq!(sent, [Some(b"00112233-4455-6677-8899-aabbccddeeff".to_vec())]);
    assert_eq!(typed_fields(&array, Scalar::Uuid, true, STYLE).unwrap(), [Some(bytes)]);
}

#[test]
fn dates_and_times_of_all_units() {
    let infinite = Date32Array::from(vec![Some(0), Some(20_780), None, Some(i32::MAX), Some(i32::MIN)]);
    assert_eq!(texts(infinite.clone()), ["1970-01-01", "2026-11-23", "NULL", "infinity", "-infinity"]);
    assert_eq!(
        binary(infinite)[..2],
        [Some((-10_957_i32).to_be_bytes().to_vec()), Some(9_823_i32.to_be_bytes().to_vec())]
    );
    assert_eq!(texts(Date64Array::from(vec![-1])), ["1969-12-31"]);
    let expected = ["13:14:15.5", "NULL"];
    assert_eq!(texts(Time32SecondArray::from(vec![47_655])), ["13:14:15"]);
    assert_eq!(texts(Time32MillisecondArray::from(vec![Some(47_655_500), None])), expected);
    assert_eq!(texts(Time64MicrosecondArray::from(vec![Some(47_655_500_000), None])), expected);
    assert_eq!(texts(Time64NanosecondArray::from(vec![Some(47_655_500_000_000), None])), expected);
    assert_eq!(binary(Time32SecondArray::from(vec![1])), [Some(1_000_000_i64.to_be_bytes().to_vec())]);
    let expected = ["2026-11-23 13:14:15", "NULL"];
    let second = 1_795_439_655;
    assert_eq!(texts(TimestampSecondArray::from(vec![Some(second), None])), expected);
    assert_eq!(texts(TimestampMillisecondArray::from(vec![Some(second * 1_000), None])), expected);
    assert_eq!(texts(TimestampMicrosecondArray::from(vec![Some(second * 1_000_000), None])), expected);
    assert_eq!(texts(TimestampNanosecondArray::from(vec![Some(second * 1_000_000_000), None])), expected);
    assert_eq!(
        binary(TimestampSecondArray::from(vec![946_684_801])),
        [Some(1_000_000_i64.to_be_bytes().to_vec())],
        "2000-01-01 00:00:01"
    );
    assert_eq!(
        texts(TimestampMicrosecondArray::from(vec![-62_167_219_200_000_001, i64::MAX, i64::MIN])),
        ["0002-12-31 23:59:59.999999 BC", "infinity", "-infinity"]
    );
}

#[test]
fn timestamps_with_a_zone_are_shown_in_the_sessions() {
    let array =
        || TimestampSecondArray::from(vec![Some(1_795_439_655), Some(1_782_000_000), None]).with_timezone("+05:00");
    assert_eq!(texts(array()), ["2026-11-23 13:14:15+00", "2026-06-21 00:00:00+00", "NULL"]);
    let zurich = Style { zone: Zone::parse("Europe/Zurich"), ..STYLE };
    assert_eq!(texts_in(array(), zurich)[..2], ["2026-11-23 14:14:15+01", "2026-06-21 02:00:00+02"]);
    let delhi = Style { zone: Zone::parse("Asia/Kolkata"), ..STYLE };
    assert_eq!(texts_in(array(), delhi)[0], "2026-11-23 18:44:15+05:30");
    let last: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX - 1]).with_timezone("UTC"));
    assert_eq!(fields(&last, false, delhi).unwrap_err().sqlstate, sqlstate::DATETIME_FIELD_OVERFLOW);
    let offset = Style { zone: Zone::parse("-03:30"), ..STYLE };
    assert_eq!(texts_in(array(), offset)[0], "2026-11-23 09:44:15-03:30");
}

#[test]
fn what_postgres_cannot_hold_is_an_error() {
    for array in [
        Arc::new(Date32Array::from(vec![i32::MAX - 1])) as ArrayRef,
        Arc::new(Date64Array::from(vec![i64::MAX])),
        Arc::new(TimestampSecondArray::from(vec![i64::MAX / 2])),
        Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN + 1])),
    ] {
        for binary in [false, true] {
            assert_eq!(fields(&array, binary, STYLE).unwrap_err().sqlstate, sqlstate::DATETIME_FIELD_OVERFLOW);
        }
    }
}

#[test]
fn intervals_of_all_units() {
    let array = IntervalMonthDayNanoArray::from(vec![Some(IntervalMonthDayNano::new(14, -3, 1_500_000_000)), None]);
    assert_eq!(texts(array.clone()), ["1 year 2 mons -3 days +00:00:01.5", "NULL"]);
    let mut expected = 1_500_000_i64.to_be_bytes().to_vec();
    expected.extend((-3_i32).to_be_bytes());
    expected.extend(14_i32.to_be_bytes());
    assert_eq!(binary(array), [Some(expected), None]);
    assert_eq!(texts(IntervalYearMonthArray::from(vec![Some(-1), None])), ["-1 mons", "NULL"]);
    assert_eq!(
        texts(IntervalDayTimeArray::from(vec![Some(IntervalDayTime::new(1, 2)), None])),
        ["1 day 00:00:00.002", "NULL"]
    );
    assert_eq!(texts(DurationSecondArray::from(vec![Some(360_000), None])), ["100:00:00", "NULL"]);
    assert_eq!(texts(DurationNanosecondArray::from(vec![1_500])), ["00:00:00.000001"]);
}

#[test]
fn structs_and_maps_are_json() {
    let names = Arc::new(Field::new("name", DataType::Utf8, true));
    let ages = Arc::new(Field::new("age", DataType::Int32, true));
    let structs = StructArray::new(
        vec![names, ages].into(),
        vec![Arc::new(StringArray::from(vec![Some("a\"b"), None])), Arc::new(Int32Array::from(vec![1, 2]))],
        Some(NullBuffer::from(vec![true, false])),
    );
    assert_eq!(texts(structs.clone()), [r#"{"name":"a\"b","age":1}"#, "NULL"]);
    let list = ListArray::new(
        Arc::new(Field::new_list_field(structs.data_type().clone(), true)),
        OffsetBuffer::from_lengths([2]),
        Arc::new(structs),
        None,
    );
    assert_eq!(
        PgType::of_field(&Field::new("c", list.data_type().clone(), true)).unwrap().oid(),
        Type::JSON_ARRAY.oid()
    );
    assert_eq!(texts(list), [r#"{"{\"name\":\"a\\\"b\",\"age\":1}",NULL}"#]);
    let mut map = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    map.keys().append_value(7);
    map.values().append_value("x");
    map.append(true).unwrap();
    map.append(false).unwrap();
    assert_eq!(texts(map.finish()), [r#"{"7":"x"}"#, "NULL"]);
}

#[test]
fn arrays_in_all_layouts() {
    let rows = vec![Some(vec![Some(1), None, Some(3)]), None, Some(vec![])];
    let expected = ["{1,NULL,3}", "NULL", "{}"];
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(rows.clone());
    assert_eq!(texts(list.clone()), expected);
    assert_eq!(
        read_back::<Vec<Option<i32>>>(list, &Type::INT4_ARRAY),
        [Some(vec![Some(1), None, Some(3)]), None, Some(vec![])]
    );
    assert_eq!(texts(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows.clone())), expected);
    assert_eq!(texts(ListViewArray::from_iter_primitive::<Int32Type, _, _>(rows)), expected);
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
        vec![Some(vec![Some(0.5), Some(1.0)]), None, Some(vec![Some(-2.0), None])],
        2,
    );
    assert_eq!(texts(fixed.clone()), ["{0.5,1}", "NULL", "{-2,NULL}"]);
    assert_eq!(texts(fixed.slice(2, 1)), ["{-2,NULL}"]);
    assert_eq!(
        read_back::<Vec<Option<f32>>>(fixed, &Type::FLOAT4_ARRAY),
        [Some(vec![Some(0.5), Some(1.0)]), None, Some(vec![Some(-2.0), None])]
    );
}

#[test]
fn array_elements_are_quoted_where_needed() {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for text in ["plain", "", "null", "a b", "c,d", "q\"q", "b\\s", "{}", "\t"] {
        builder.values().append_value(text);
    }
    builder.values().append_null();
    builder.append(true);
    assert_eq!(texts(builder.finish()), [r#"{plain,"","null","a b","c,d","q\"q","b\\s","{}","	",NULL}"#]);
    let mut builder = ListBuilder::new(TimestampSecondBuilder::new());
    builder.values().append_value(0);
    builder.append(true);
    assert_eq!(texts(builder.finish()), [r#"{"1970-01-01 00:00:00"}"#]);
}

/// A list of lists of int4: the outer lengths, the inner lengths, the values 1, 2, 3, ….
fn nested(outer: &[usize], inner: &[usize], inner_nulls: Option<Vec<bool>>) -> ArrayRef {
    let total: usize = inner.iter().sum();
    let values = Int32Array::from_iter_values(1..=total as i32);
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let inner_offsets = OffsetBuffer::from_lengths(inner.iter().copied());
    let inner_list = ListArray::new(item, inner_offsets, Arc::new(values), inner_nulls.map(NullBuffer::from));
    let item = Arc::new(Field::new_list_field(inner_list.data_type().clone(), true));
    Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(outer.iter().copied()), Arc::new(inner_list), None))
}

#[test]
fn nested_arrays_are_rectangular() {
    let array = nested(&[2, 1, 0, 2], &[3, 3, 1, 0, 0], None);
    let text: Vec<_> =
        fields(&array, false, STYLE).unwrap().into_iter().map(|f| String::from_utf8(f.unwrap()).unwrap()).collect();
    assert_eq!(text, ["{{1,2,3},{4,5,6}}", "{{7}}", "{}", "{}"]);
    let sent = fields(&array, true, STYLE).unwrap();
    let words: Vec<i32> =
        sent[0].as_ref().unwrap().chunks(4).map(|word| i32::from_be_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [2, 0, 23, 2, 1, 3, 1, 4, 1, 4, 2, 4, 3, 4, 4, 4, 5, 4, 6]);
    assert_eq!(sent[2].as_ref().unwrap(), &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23]);
    for ragged in [nested(&[2], &[1, 2], None), nested(&[2], &[1, 1], Some(vec![true, false]))] {
        assert_eq!(fields(&ragged, false, STYLE).unwrap_err().sqlstate, sqlstate::ARRAY_SUBSCRIPT_ERROR);
        assert_eq!(fields(&ragged, true, STYLE).unwrap_err().sqlstate, sqlstate::ARRAY_SUBSCRIPT_ERROR);
    }
}

#[test]
fn list_views_may_overlap() {
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let values = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let views = ListViewArray::new(item, ScalarBuffer::from(vec![1, 0]), ScalarBuffer::from(vec![2, 3]), values, None);
    assert_eq!(texts(views), ["{2,3}", "{1,2,3}"]);
}

#[test]
fn rows_of_several_columns_and_a_batch_unlike_its_schema() {
    let schema = Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Utf8, true)]);
    let batch: [ArrayRef; 2] = [Arc::new(Int32Array::from(vec![7])), Arc::new(StringViewArray::from(vec!["x"]))];
    let scalars = [Scalar::Int8, Scalar::Text];
    let columns: Vec<ArrayRef> = (0..2)
        .map(|index| normalize(&batch[index], schema.field(index).data_type(), scalars[index]).unwrap())
        .collect();
    let formats = scalars.map(|scalar| ColumnFormat { scalar, binary: true });
    let mut out = BytesMut::new();
    BatchEncoder::new(&columns, &formats, STYLE).unwrap().put_row(0, &mut out).unwrap();
    assert_eq!(&out[..], b"D\0\0\0\x17\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x07\0\0\0\x01x");
}
