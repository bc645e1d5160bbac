//! `reflect(class, method, …)`: a short list of Java's pure functions; all else is refused. The result is text.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;
use mead_common::{Diagnostic, sqlstate};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::SECTION;
use crate::error::external;
use crate::hive::call::Call;
use crate::hive::convert::text::double_text;
use crate::hive::definition::{BASE, Definition, Kind, Planned, text};

const KNOWN: &[(&str, &[(&str, usize)])] = &[
    ("java.net.URLDecoder", &[("decode", 1), ("decode", 2)]),
    ("java.net.URLEncoder", &[("encode", 1), ("encode", 2)]),
    ("java.lang.String", &[("valueOf", 1), ("isEmpty", 0)]),
    (
        "java.lang.Math",
        &[
            ("abs", 1),
            ("ceil", 1),
            ("exp", 1),
            ("floor", 1),
            ("log", 1),
            ("max", 2),
            ("min", 2),
            ("pow", 2),
            ("round", 1),
            ("sqrt", 1),
        ],
    ),
    ("java.util.UUID", &[("randomUUID", 0)]),
];

static REFLECT: Definition = Definition {
    name: "reflect",
    aliases: &["java_method"],
    arguments: &[
        (
            "class",
            Kind::Primitive,
            "`java.net.URLDecoder`, `java.net.URLEncoder`, `java.lang.String`, `java.lang.Math` or `java.util.UUID`: a literal.",
        ),
        ("method", Kind::Primitive, "One of its methods that are known here: a literal."),
        ("argument", Kind::Primitive, "What the method is called with."),
    ],
    required: 2,
    variadic: true,
    result: |planned| known(planned).and_then(|()| text(planned)),
    run: reflect,
    section: &SECTION,
    description: "What a method of Java's gives. Only a few that depend on their arguments alone are known.",
    example: "SELECT reflect('java.net.URLDecoder', 'decode', 'a%20b', 'UTF-8'); -- a b",
    // UUIDs are drawn by lot.
    volatility: Volatility::Volatile,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REFLECT];

fn known(planned: &Planned) -> Result<()> {
    let (Some(class), Some(method)) = (planned.literal(0), planned.literal(1)) else {
        let message = "class and method of reflect must be literals";
        return Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)));
    };
    let count = planned.fields.len() - 2;
    let methods = KNOWN.iter().find(|(known, _)| *known == class).map(|(_, methods)| *methods);
    match methods.is_some_and(|methods| methods.contains(&(method, count))) {
        true => Ok(()),
        false => {
            let message = format!("reflect of {class}.{method} with {count} argument(s) is not supported");
            let hint = "there is no Java here; URLDecoder.decode, URLEncoder.encode and some methods of Math and String are known";
            Err(external(Diagnostic::unsupported(message).with_hint(hint)))
        }
    }
}

fn reflect(call: &Call) -> Result<ArrayRef> {
    let (classes, methods) = (call.text(0)?, call.text(1)?);
    let (Some(class), Some(method)) = (classes.get(0), methods.get(0)) else { return call.nulls() };
    match class {
        "java.net.URLDecoder" | "java.net.URLEncoder" => {
            let (values, charsets) = (call.text(2)?, call.text(3)?);
            call.try_texts(|row| {
                let Some(value) = values.get(row) else { return Ok(None) };
                if call.has(3)
                    && !charsets
                        .get(row)
                        .is_some_and(|name| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8"))
                {
                    return Err(call.unsupported("a character set other than UTF-8"));
                }
                Ok(if method == "decode" { decode(value) } else { Some(encode(value)) })
            })
        }
        "java.lang.String" => {
            let values = call.text(2)?;
            call.texts(
                |row| if method == "valueOf" { Some(values.get(row)?.to_owned()) } else { Some("true".to_owned()) },
            )
        }
        "java.lang.Math" => math(call, method),
        _ => call.texts(|_| Some(uuid::Uuid::new_v4().to_string())),
    }
}

/// Of whole numbers abs, max and min are whole numbers.
fn math(call: &Call, method: &str) -> Result<ArrayRef> {
    if (2..call.count()).all(|index| call.data_type(index).is_integer()) && matches!(method, "abs" | "max" | "min") {
        let (left, right) = (call.whole(2)?, call.whole(3)?);
        return call.texts(|row| {
            let value = left.get(row)?;
            let value = match method {
                "abs" => value.wrapping_abs(),
                "max" => value.max(right.get(row)?),
                _ => value.min(right.get(row)?),
            };
            Some(value.to_string())
        });
    }
    let (left, right) = (call.double(2)?, call.double(3)?);
    call.texts(|row| {
        let value = left.get(row)?;
        let value = match method {
            "abs" => value.abs(),
            "ceil" => value.ceil(),
            "exp" => value.exp(),
            "floor" => value.floor(),
            "log" => value.ln(),
            "sqrt" => value.sqrt(),
            // Java rounds halves up, and gives a whole number.
            "round" => return Some(((value + 0.5).floor() as i64).to_string()),
            "pow" => value.powf(right.get(row)?),
            "max" => value.max(right.get(row)?),
            _ => value.min(right.get(row)?),
        };
        Some(double_text(value))
    })
}

/// `application/x-www-form-urlencoded`; `None` where a percent sign is not followed by two digits.
pub(in crate::hive) fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                rest = &after[2..];
                digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())??
            }
            other => *other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b' ');

/// The same, written.
pub(in crate::hive) fn encode(value: &str) -> String {
    percent_encode(value.as_bytes(), KEPT).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_coded() {
        assert_eq!(decode("a%20b+c%C3%A9").as_deref(), Some("a b cé"));
        assert_eq!(encode("a b&é*"), "a+b%26%C3%A9*");
        for bad in ["%", "%2", "%zz", "%é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
