//! Arithmetic of dates, timestamps and intervals. Arrow has one type for Hive's two kinds of intervals, of months and of
//! what is shorter, and for what is between two dates: all are brought to it.

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, cast};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_functions::types::is_text;
use mead_functions::{interval_divide, interval_length, interval_multiply};

use crate::error::into_datafusion;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The type of an interval's length.
pub(super) const LENGTH: DataType = DataType::Decimal128(38, 0);

pub(crate) fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
}

/// What intervals are compared by.
pub(crate) fn length(interval: Expr) -> Expr {
    interval_length().call(vec![interval])
}

/// An operator of which one side is an interval, or the right one a date or a timestamp.
pub(super) fn arithmetic(
    (left, left_type): (Expr, &DataType),
    operator: Operator,
    (right, right_type): (Expr, &DataType),
    dialect: Dialect,
) -> Result<Expr> {
    let is_number = |data_type: &DataType| data_type.is_numeric() || is_text(data_type) || data_type.is_null();
    let is_moment = |data_type: &DataType| is_text(data_type) || is_day(data_type) || is_instant(data_type);
    match operator {
        Operator::Multiply if is_interval(left_type) && is_number(right_type) => {
            Ok(interval_multiply().call(vec![left, cast(right, DataType::Float64)]))
        }
        Operator::Multiply if is_number(left_type) && is_interval(right_type) => {
            Ok(interval_multiply().call(vec![right, cast(left, DataType::Float64)]))
        }
        Operator::Divide if is_interval(left_type) && is_number(right_type) => {
            Ok(interval_divide().call(vec![left, cast(right, DataType::Float64)]))
        }
        Operator::Plus if is_interval(left_type) && is_moment(right_type) => {
            Ok(moved((right, right_type), operator, (left, left_type), dialect))
        }
        Operator::Plus | Operator::Minus if is_moment(left_type) && is_interval(right_type) => {
            Ok(moved((left, left_type), operator, (right, right_type), dialect))
        }
        Operator::Plus | Operator::Minus if is_interval(left_type) && is_interval(right_type) => {
            Ok(binary(to_interval(left, left_type), operator, to_interval(right, right_type)))
        }
        // Days after a date, in Spark.
        Operator::Plus | Operator::Minus if is_day(left_type) && right_type.is_integer() => {
            Ok(binary(left, operator, days(right)))
        }
        Operator::Plus if left_type.is_integer() && is_day(right_type) => Ok(binary(right, operator, days(left))),
        Operator::Minus if is_moment(left_type) && is_moment(right_type) => {
            if is_day(left_type) && is_day(right_type) {
                return Ok(days(binary(left, operator, right)));
            }
            let between = binary(to_instant(left, left_type), operator, to_instant(right, right_type));
            Ok(cast(between, INTERVAL))
        }
        _ if left_type.is_null() || right_type.is_null() => Ok(binary(left, operator, right)),
        _ => Err(into_datafusion(Diagnostic::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("operator does not exist: {left_type} {operator} {right_type}"),
        ))),
    }
}

fn is_day(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64)
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

fn to_interval(expr: Expr, data_type: &DataType) -> Expr {
    if *data_type == INTERVAL { expr } else { cast(expr, INTERVAL) }
}

fn to_instant(expr: Expr, data_type: &DataType) -> Expr {
    if is_instant(data_type) { expr } else { cast(expr, TIMESTAMP) }
}

fn days(count: Expr) -> Expr {
    let day = ScalarValue::new_interval_mdn(0, 1, 0);
    interval_multiply().call(vec![Expr::Literal(day, None), cast(count, DataType::Float64)])
}

/// A date stays one where only months are added, in Spark also where only whole days are; else it becomes a timestamp.
fn moved(
    (moment, moment_type): (Expr, &DataType),
    operator: Operator,
    (interval, interval_type): (Expr, &DataType),
    dialect: Dialect,
) -> Expr {
    let interval = to_interval(interval, interval_type);
    let stays = is_day(moment_type)
        && match parts(&interval) {
            Some(Parts { nanoseconds: false, days, .. }) => !days || dialect == Dialect::Spark,
            _ => false,
        };
    let moment = if stays { moment } else { to_instant(moment, moment_type) };
    binary(moment, operator, interval)
}

/// Which units an interval has.
#[derive(Clone, Copy)]
struct Parts {
    days: bool,
    nanoseconds: bool,
}

/// As far as literals tell.
fn parts(interval: &Expr) -> Option<Parts> {
    match interval {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(value)), _) => {
            Some(Parts { days: value.days != 0, nanoseconds: value.nanoseconds != 0 })
        }
        Expr::ScalarFunction(call) if call.func.name() == interval_multiply().name() => {
            call.args.first().and_then(parts)
        }
        Expr::Negative(inner) => parts(inner),
        Expr::Alias(alias) => parts(&alias.expr),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus | Operator::Minus, right }) => {
            let (left, right) = (parts(left)?, parts(right)?);
            Some(Parts { days: left.days || right.days, nanoseconds: left.nanoseconds || right.nanoseconds })
        }
        _ => None,
    }
}
