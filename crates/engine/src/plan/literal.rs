//! Literals of a type that is not known yet: `'\x00ff'` beside a bytea is one, `'2024-01-02'` beside a date is one.
//!
//! As in PostgreSQL such a literal takes the type of what it stands beside and is read while the statement is planned.
//! DataFusion takes it for text, and would compare letters. [`LiteralPlanner`] deals with operators and arrays, whose types
//! DataFusion wants to know as it reads them; the analyzer rule `Literals` with all else.

use std::fmt;

use datafusion::arrow::datatypes::{DataType, IntervalUnit};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use mead_functions::cast::read_literal;

/// What is wrong with a literal, and which one it was: where it stands in the statement can be found.
#[derive(Debug)]
pub(crate) struct LiteralError {
    pub text: String,
    source: DataFusionError,
}

impl fmt::Display for LiteralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the literal '{}' cannot be read: {}", self.text, self.source)
    }
}

impl std::error::Error for LiteralError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The error of a literal, which knows whose it is.
pub(crate) fn failed(text: &str, source: DataFusionError) -> DataFusionError {
    DataFusionError::External(Box::new(LiteralError { text: text.to_owned(), source }))
}

/// The text of a literal whose type is not known yet.
pub(crate) fn unknown(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(
            ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)),
            None,
        ) => Some(text),
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// True for types that a literal can be read as.
pub(crate) fn is_readable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Date32 | DataType::Date64 => true,
        DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) | DataType::Interval(_) => true,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(16) => true,
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            is_text(element.data_type()) || is_readable(element.data_type())
        }
        number => number.is_numeric(),
    }
}

/// The literal as a value of `data_type`.
pub(crate) fn read(text: &str, data_type: &DataType, metadata: Option<FieldMetadata>) -> Result<Expr> {
    let value = read_literal(text, data_type).map_err(|source| failed(text, source))?;
    Ok(Expr::Literal(value, metadata))
}

/// The literal beside something of the type: a numeric has the digits that it is written with.
pub(crate) fn beside(text: &str, data_type: &DataType) -> Result<Expr> {
    if data_type.is_decimal()
        && let Some(number) = decimal(text)
    {
        return Ok(Expr::Literal(number, None));
    }
    read(text, data_type, None)
}

/// `-12.50` as numeric(4,2); `None` for what has an exponent or more than 38 digits, or is no number.
fn decimal(text: &str) -> Option<ScalarValue> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [sign, whole, fraction].concat();
    let is_number = digits.chars().any(|letter| letter.is_ascii_digit())
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    let count = whole.trim_start_matches('0').len() + fraction.len();
    if !is_number || count > 38 {
        return None;
    }
    let (precision, scale) = (u8::try_from(count.max(1)).ok()?, i8::try_from(fraction.len()).ok()?);
    Some(ScalarValue::Decimal128(Some(all.parse().ok()?), precision, scale))
}

/// The first type among `expressions` that is known and not text, if one of them is a literal of none.
pub(crate) fn common_type<'a>(
    expressions: impl Iterator<Item = &'a Expr> + Clone,
    schema: &DFSchema,
) -> Option<DataType> {
    if !expressions.clone().any(|expr| unknown(expr).is_some()) {
        return None;
    }
    let mut known = expressions.filter(|expr| unknown(expr).is_none()).filter_map(|expr| expr.get_type(schema).ok());
    // Text beside a literal of no type is text.
    known.find(|data_type| !data_type.is_null()).filter(is_readable)
}

/// The expression as one of the type, if it is a literal of none.
pub(crate) fn as_type(expr: Expr, data_type: &DataType) -> Result<Expr> {
    match unknown(&expr) {
        Some(text) => beside(text, data_type),
        None => Ok(expr),
    }
}

/// The type of a literal on one side of an operator that has `other` on its other side, as PostgreSQL chooses it; `None`
/// where the literal stays as it is.
pub(crate) fn of_operand(operator: Operator, other: &DataType) -> Option<DataType> {
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    let wanted = match operator {
        Operator::Plus if matches!(other, DataType::Timestamp(..)) => interval,
        Operator::Plus if matches!(other, DataType::Date32 | DataType::Date64) => return None,
        Operator::Plus | Operator::Minus if matches!(other, DataType::Time32(_) | DataType::Time64(_)) => return None,
        Operator::Multiply | Operator::Divide if matches!(other, DataType::Interval(_)) => DataType::Float64,
        Operator::StringConcat if !other.is_binary() && !matches!(other, DataType::List(_)) => return None,
        operator
            if operator.is_numerical_operators()
                || matches!(
                    operator,
                    Operator::Eq
                        | Operator::NotEq
                        | Operator::Lt
                        | Operator::LtEq
                        | Operator::Gt
                        | Operator::GtEq
                        | Operator::IsDistinctFrom
                        | Operator::IsNotDistinctFrom
                        | Operator::StringConcat
                        | Operator::And
                        | Operator::Or
                ) =>
        {
            other.clone()
        }
        _ => return None,
    };
    is_readable(&wanted).then_some(wanted)
}

/// Both sides of an operator, a literal on one of them as the type that the other asks for.
pub(crate) fn operands(left: Expr, operator: Operator, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    let wanted = |other: &Expr| other.get_type(schema).ok().and_then(|other| of_operand(operator, &other));
    match (unknown(&left), unknown(&right)) {
        (Some(text), None) => match wanted(&right) {
            Some(data_type) => Ok((beside(text, &data_type)?, right)),
            None => Ok((left, right)),
        },
        (None, Some(text)) => match wanted(&left) {
            Some(data_type) => Ok((left, beside(text, &data_type)?)),
            None => Ok((left, right)),
        },
        _ => Ok((left, right)),
    }
}

/// See the module's documentation. Comes before DataFusion's planners.
#[derive(Debug)]
pub(crate) struct LiteralPlanner;

impl ExprPlanner for LiteralPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let (left, right) = match known_operator(&op) {
            Some(operator) => operands(left, operator, right, schema)?,
            None => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_array_literal(&self, exprs: Vec<Expr>, schema: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        let Some(data_type) = common_type(exprs.iter(), schema) else { return Ok(PlannerResult::Original(exprs)) };
        let exprs = exprs.into_iter().map(|expr| as_type(expr, &data_type)).collect::<Result<_>>()?;
        Ok(PlannerResult::Original(exprs))
    }
}

fn known_operator(operator: &BinaryOperator) -> Option<Operator> {
    Some(match operator {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        BinaryOperator::StringConcat => Operator::StringConcat,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(decimal(" -012.50 "), Some(ScalarValue::Decimal128(Some(-1250), 4, 2)));
        assert_eq!(decimal(".5"), Some(ScalarValue::Decimal128(Some(5), 1, 1)));
        assert_eq!(decimal("0"), Some(ScalarValue::Decimal128(Some(0), 1, 0)));
        for text in ["", ".", "1e3", "1.2.3", "x", "--1", &"9".repeat(39)] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
