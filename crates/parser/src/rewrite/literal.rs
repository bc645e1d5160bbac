//! Literals that DataFusion reads otherwise than PostgreSQL does.
//!
//! - `1e30` is a double precision number: as a decimal of negative scale it would not fit most of what follows.
//! - `'\x00ff'::bytea` is two bytes, not six letters; json and uuid are types that text is read into.
//! - a timestamp counts microseconds, which reach from year 1 to year 9999; nanoseconds would end in 2262.

use sqlparser::ast::{CastKind, DataType, ExactNumberInfo, Expr, Value};

use super::cast::call;

/// A number with an exponent.
pub(super) fn number(expression: &mut Expr) {
    let Expr::Value(value) = expression else { return };
    let Value::Number(digits, _) = &value.value else { return };
    if !digits.contains(['e', 'E']) {
        return;
    }
    let text = Value::SingleQuotedString(digits.to_string()).with_span(value.span);
    *expression = Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(Expr::Value(text)),
        data_type: DataType::Double(ExactNumberInfo::None),
        array: false,
        format: None,
    };
}

/// A cast to json or uuid, a cast of a literal to bytea, the units of a cast to timestamp.
pub(super) fn cast(expression: &mut Expr) {
    let Expr::Cast { expr, data_type, .. } = expression else { return };
    microseconds(data_type);
    let input = match data_type {
        DataType::JSON => Some("json_in"),
        DataType::Uuid => Some("uuid_in"),
        _ => None,
    };
    if let Some(input) = input {
        let inner = std::mem::replace(expr.as_mut(), Expr::Value(Value::Null.with_empty_span()));
        *expression = call(input, vec![inner]);
        return;
    }
    if *data_type != DataType::Bytea {
        return;
    }
    if let Expr::Value(value) = expr.as_ref()
        && let Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) = &value.value
    {
        *expression = bytea(text);
    }
}

/// `\x` and hexadecimal digits, or text in which a backslash stands before three octal digits or another backslash
/// (<https://www.postgresql.org/docs/15/datatype-binary.html>). What is neither fails when it is decoded.
pub fn bytea(text: &str) -> Expr {
    let digits = match text.strip_prefix("\\x") {
        Some(digits) => digits.chars().filter(|letter| !letter.is_ascii_whitespace()).collect(),
        None => escaped(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    };
    let string = |text: String| Expr::Value(Value::SingleQuotedString(text).with_empty_span());
    call("decode", vec![string(digits), string("hex".to_owned())])
}

fn escaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let octal =
            |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (byte, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                rest = after;
            }
            (b'\\', [a, b, c, after @ ..]) if octal(&[*a, *b, *c]).is_some() => {
                bytes.extend(octal(&[*a, *b, *c]));
                rest = after;
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

/// `timestamp` without a precision is `timestamp(6)`.
pub(super) fn microseconds(data_type: &mut DataType) {
    if let DataType::Timestamp(precision @ None, _) = data_type {
        *precision = Some(6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_both_forms() {
        assert_eq!(bytea("\\x00 fF").to_string(), "decode('00fF', 'hex')");
        assert_eq!(bytea("a\\000\\\\").to_string(), "decode('61005c', 'hex')");
        assert_eq!(bytea("").to_string(), "decode('', 'hex')");
    }
}
