//! Functions of a double precision number to one: sin, exp, sqrt and their like. Outside of its domain a function is NULL for
//! Hive; for Spark some are NaN.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, double};

const X: &[(&str, Kind, &str)] = &[("x", Kind::Number, "A number.")];

fn map(call: &Call, function: fn(f64) -> Option<f64>) -> Result<ArrayRef> {
    let values = call.double(0)?;
    call.primitives::<Float64Type>(|row| function(values.get(row)?))
}

/// NaN is what Spark makes of a value outside of the domain, NULL what Hive makes of it.
fn within(call: &Call, domain: fn(f64) -> bool, function: fn(f64) -> f64) -> Result<ArrayRef> {
    let values = call.double(0)?;
    let spark = call.dialect == Dialect::Spark;
    call.primitives::<Float64Type>(|row| {
        let value = values.get(row)?;
        (spark || value.is_nan() || domain(value)).then(|| function(value))
    })
}

macro_rules! functions {
    ($($constant:ident, $name:literal, $description:literal, $example:literal, $run:expr;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            arguments: X,
            result: double,
            run: $run,
            section: &SECTION,
            description: $description,
            example: $example,
            ..BASE
        };)*
    };
}

functions! {
    ACOS, "acos", "The arc cosine. Beyond -1 and 1 it is NULL in hive, NaN in spark.", "SELECT acos(1); -- 0.0",
        |call| within(call, |x| x.abs() <= 1.0, f64::acos);
    ASIN, "asin", "The arc sine. Beyond -1 and 1 it is NULL in hive, NaN in spark.", "SELECT asin(0); -- 0.0",
        |call| within(call, |x| x.abs() <= 1.0, f64::asin);
    ATAN, "atan", "The arc tangent.", "SELECT atan(0); -- 0.0", |call| map(call, |x| Some(x.atan()));
    CBRT, "cbrt", "The cube root.", "SELECT cbrt(27.0); -- 3.0", |call| map(call, |x| Some(x.cbrt()));
    COS, "cos", "The cosine of an angle in radians.", "SELECT cos(0); -- 1.0", |call| map(call, |x| Some(x.cos()));
    DEGREES, "degrees", "An angle in radians as one in degrees.", "SELECT degrees(0); -- 0.0",
        |call| map(call, |x| Some(x * (180.0 / std::f64::consts::PI)));
    EXP, "exp", "e to the power of x.", "SELECT exp(0); -- 1.0", |call| map(call, |x| Some(x.exp()));
    LN, "ln", "The natural logarithm; NULL of what is not positive.", "SELECT ln(1); -- 0.0",
        |call| map(call, |x| positive(x).map(f64::ln));
    LOG10, "log10", "The logarithm of base 10; NULL of what is not positive.", "SELECT log10(100); -- 2.0",
        |call| map(call, |x| positive(x).map(f64::log10));
    LOG2, "log2", "The logarithm of base 2; NULL of what is not positive.", "SELECT log2(8); -- 3.0",
        |call| map(call, |x| positive(x).map(|x| x.ln() / std::f64::consts::LN_2));
    RADIANS, "radians", "An angle in degrees as one in radians.", "SELECT radians(0); -- 0.0",
        |call| map(call, |x| Some(x / 180.0 * std::f64::consts::PI));
    SIN, "sin", "The sine of an angle in radians.", "SELECT sin(0); -- 0.0", |call| map(call, |x| Some(x.sin()));
    SQRT, "sqrt", "The square root. Of a negative number it is NULL in hive, NaN in spark.", "SELECT sqrt(4); -- 2.0",
        |call| within(call, |x| x >= 0.0, f64::sqrt);
    TAN, "tan", "The tangent of an angle in radians.", "SELECT tan(0); -- 0.0", |call| map(call, |x| Some(x.tan()));
    COT, "cot", "The cotangent of an angle in radians.", "SELECT cot(1); -- 0.6420926159343306",
        |call| map(call, |x| Some(1.0 / x.tan()));
    CSC, "csc", "The cosecant of an angle in radians.", "SELECT csc(1); -- 1.1883951057781212",
        |call| map(call, |x| Some(1.0 / x.sin()));
    EXPM1, "expm1", "exp(x) - 1, exact near 0.", "SELECT expm1(0); -- 0.0", |call| map(call, |x| Some(x.exp_m1()));
    LOG1P, "log1p", "ln(1 + x), exact near 0; NULL from -1 down.", "SELECT log1p(0); -- 0.0",
        |call| map(call, |x| (x > -1.0 || x.is_nan()).then(|| x.ln_1p()));
    RINT, "rint", "The nearest whole number, as a double; halves go to the even one.", "SELECT rint(2.5); -- 2.0",
        |call| map(call, |x| Some(x.round_ties_even()));
    SEC, "sec", "The secant of an angle in radians.", "SELECT sec(0); -- 1.0", |call| map(call, |x| Some(1.0 / x.cos()));
}

fn positive(x: f64) -> Option<f64> {
    (x > 0.0 || x.is_nan()).then_some(x)
}

static ATAN2: Definition = Definition {
    name: "atan2",
    arguments: &[("y", Kind::Number, "The ordinate."), ("x", Kind::Number, "The abscissa.")],
    result: double,
    run: |call| pairs(call, |y, x, _| Some((y + 0.0).atan2(x + 0.0))),
    section: &SECTION,
    description: "The angle between the x axis and the point (x, y), in radians.",
    example: "SELECT atan2(0, 1); -- 0.0",
    ..BASE
};

static HYPOT: Definition = Definition {
    name: "hypot",
    arguments: &[("a", Kind::Number, "A number."), ("b", Kind::Number, "A number.")],
    result: double,
    run: |call| pairs(call, |a, b, _| Some(a.hypot(b))),
    section: &SECTION,
    description: "The square root of a² + b².",
    example: "SELECT hypot(3, 4); -- 5.0",
    ..BASE
};

static LOG: Definition = Definition {
    name: "log",
    arguments: &[("base", Kind::Number, "The base; e if it is not given."), ("x", Kind::Number, "A number.")],
    required: 1,
    result: double,
    run: |call| match call.count() {
        1 => map(call, |x| positive(x).map(f64::ln)),
        _ => pairs(call, |base, x, dialect| {
            let least = if dialect == Dialect::Spark { 0.0 } else { 1.0 };
            if x <= 0.0 || base <= least { None } else { Some(x.ln() / base.ln()) }
        }),
    },
    section: &SECTION,
    description: "The logarithm of a base; NULL of what is not positive, and in hive for a base up to 1.",
    example: "SELECT log(2, 8); -- 3.0",
    ..BASE
};

static POW: Definition = Definition {
    name: "pow",
    aliases: &["power"],
    arguments: &[("x", Kind::Number, "The base."), ("y", Kind::Number, "The exponent.")],
    result: double,
    run: |call| pairs(call, |x, y, _| Some(x.powf(y))),
    section: &SECTION,
    description: "x to the power of y.",
    example: "SELECT pow(2, 3); -- 8.0",
    ..BASE
};

static E: Definition = Definition {
    name: "e",
    result: double,
    run: |call| call.primitives::<Float64Type>(|_| Some(std::f64::consts::E)),
    section: &SECTION,
    description: "Euler's number.",
    example: "SELECT e(); -- 2.718281828459045",
    ..BASE
};

static PI: Definition = Definition {
    name: "pi",
    result: double,
    run: |call| call.primitives::<Float64Type>(|_| Some(std::f64::consts::PI)),
    section: &SECTION,
    description: "A circle's circumference in its diameters.",
    example: "SELECT pi(); -- 3.141592653589793",
    ..BASE
};

fn pairs(call: &Call, function: fn(f64, f64, Dialect) -> Option<f64>) -> Result<ArrayRef> {
    let (left, right) = (call.double(0)?, call.double(1)?);
    call.primitives::<Float64Type>(|row| function(left.get(row)?, right.get(row)?, call.dialect))
}

pub(super) static FUNCTIONS: &[&Definition] = &[
    &ACOS, &ASIN, &ATAN, &CBRT, &COS, &DEGREES, &E, &EXP, &LN, &LOG, &LOG10, &LOG2, &PI, &POW, &RADIANS, &SIN, &SQRT,
    &TAN,
];

pub(super) static SPARK: &[&Definition] = &[&ATAN2, &COT, &CSC, &EXPM1, &HYPOT, &LOG1P, &RINT, &SEC];
