//! pg_encoding_to_char(encoding): the name of a character set.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};

/// By PostgreSQL's numbers, from 0.
#[rustfmt::skip]
pub(super) const ENCODINGS: [&str; 42] = [
    "SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL", "LATIN1",
    "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10", "WIN1256", "WIN1258",
    "WIN866", "WIN874", "KOI8R", "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8",
    "WIN1250", "WIN1253", "WIN1254", "WIN1255", "WIN1257", "KOI8U", "SJIS", "BIG5", "GBK", "UHC", "GB18030",
    "JOHAB", "SHIFT_JIS_2004",
];

pub(super) fn function() -> ScalarUDF {
    Builder::new("pg_encoding_to_char", "pg_encoding_to_char(encoding)", "The name of a character set.")
        .form(&[Parameter::Oid])
        .argument("encoding", "Its number in PostgreSQL, such as `pg_database.encoding`.")
        .volatility(Volatility::Immutable)
        .body(|call| {
            call.texts(|row| {
                let name = |number: i64| usize::try_from(number).ok().and_then(|number| ENCODINGS.get(number).copied());
                Ok(call.oid(0, row).map(|number| name(number).unwrap_or_default()))
            })
        })
}
