//! round, trunc, ceil, floor and sign. Decimals have the places that PostgreSQL gives them; other numbers are DataFusion's, but for
//! a float's halves, which round to the even number.
//!
//! The type of `round(x, 3)` depends on the literal: the result has three places. A rule of the optimizer that makes a literal of
//! what was none, or the other way round, would change the type of a plan that is typed already. So [`freeze_places`] fixes what
//! was known when the plan got its types.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, AsArray, Decimal128Array, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float32Type, Float64Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::math;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::SECTION;
use super::places::{Digits, Mode};
use crate::arguments::wrong_call;
use crate::error::external;
use crate::types::is_text;

pub(super) fn functions() -> Vec<ScalarUDF> {
    [Mode::Ceil, Mode::Floor, Mode::Round, Mode::Sign, Mode::Trunc].map(function).to_vec()
}

fn function(mode: Mode) -> ScalarUDF {
    let aliases = if mode == Mode::Ceil { vec!["ceiling".to_owned()] } else { Vec::new() };
    Rounding { mode, places: Places::OfCall, aliases, signature: Signature::user_defined(Volatility::Immutable) }.into()
}

/// The call with its number of places fixed, if it is one of these functions.
pub fn freeze_places(call: ScalarFunction) -> std::result::Result<ScalarFunction, ScalarFunction> {
    let inner: &dyn std::any::Any = call.func.inner().as_ref();
    match inner.downcast_ref::<Rounding>() {
        Some(Rounding { mode, places: Places::OfCall, aliases, signature }) => {
            let literal = call.args.get(1).map(|argument| match argument {
                Expr::Literal(value, _) => Some(value),
                _ => None,
            });
            let places = match known(literal) {
                Some(places) => Places::Fixed(places),
                None => Places::OfRow,
            };
            let frozen = Rounding { mode: *mode, places, aliases: aliases.clone(), signature: signature.clone() };
            Ok(ScalarFunction { func: Arc::new(frozen.into()), args: call.args })
        }
        _ => Err(call),
    }
}

/// How many places a call asks for, where its second argument is a literal or not given. A NULL gives NULL in any type.
fn known(argument: Option<Option<&ScalarValue>>) -> Option<i32> {
    match argument {
        None => Some(0),
        Some(None) => None,
        Some(Some(literal)) => match literal.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(places))) => Some(clamp(places)),
            _ => Some(0),
        },
    }
}

/// Far more places than a decimal has are as good as any number of them.
fn clamp(places: i64) -> i32 {
    places.clamp(-1000, 1000) as i32
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Places {
    /// As the call's second argument says, if it is a literal.
    OfCall,
    Fixed(i32),
    /// Each row's own.
    OfRow,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounding {
    mode: Mode,
    places: Places,
    aliases: Vec<String>,
    signature: Signature,
}

impl Rounding {
    /// DataFusion's function for numbers other than decimals.
    fn others(&self) -> Arc<ScalarUDF> {
        match self.mode {
            Mode::Ceil => math::ceil(),
            Mode::Floor => math::floor(),
            Mode::Round => math::round(),
            Mode::Sign => math::signum(),
            Mode::Trunc => math::trunc(),
        }
    }

    fn word(&self) -> &'static str {
        match self.mode {
            Mode::Ceil => "ceil",
            Mode::Floor => "floor",
            Mode::Round => "round",
            Mode::Sign => "sign",
            Mode::Trunc => "trunc",
        }
    }

    fn takes_places(&self) -> bool {
        matches!(self.mode, Mode::Round | Mode::Trunc)
    }

    fn places(&self, arguments: &[Option<&ScalarValue>]) -> Option<i32> {
        match self.places {
            Places::OfCall => known(arguments.get(1).copied()),
            Places::Fixed(places) => Some(places),
            Places::OfRow => None,
        }
    }

    /// The type that an argument is brought to; `None` where it does not fit.
    fn accept(&self, index: usize, given: &DataType) -> Option<DataType> {
        match (index, given) {
            (0, DataType::Float32 | DataType::Float64 | DataType::Decimal128(..)) => Some(given.clone()),
            (0, DataType::Float16) => Some(DataType::Float32),
            (0, given) if given.is_integer() && self.mode == Mode::Round => Some(given.clone()),
            (0, given) if given.is_integer() || given.is_null() || is_text(given) => Some(DataType::Float64),
            // The literal must stay one, so that its value is known.
            (1, given) if self.takes_places() && given.is_integer() => Some(given.clone()),
            (1, given) if self.takes_places() && (given.is_null() || is_text(given)) => Some(DataType::Int32),
            _ => None,
        }
    }

    fn decimals(&self, args: &ScalarFunctionArgs, from: Digits, to: Digits) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let values = args.args[0].to_array(rows)?;
        let values = values.as_primitive::<Decimal128Type>();
        let convert = |value: i128, places: i32| {
            from.convert(value, places, self.mode, to).ok_or_else(|| {
                external(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format"))
            })
        };
        let converted: Decimal128Array = match (self.places, args.args.get(1)) {
            (_, None) => values.try_unary(|value| convert(value, 0))?,
            (_, Some(ColumnarValue::Scalar(places))) if places.is_null() => PrimitiveArray::new_null(rows),
            (Places::Fixed(places), _) => values.try_unary(|value| convert(value, places))?,
            (_, Some(places)) => {
                let places = cast(&places.to_array(rows)?, &DataType::Int64)?;
                let places = places.as_primitive::<Int64Type>().iter();
                let converted = values.iter().zip(places).map(|row| match row {
                    (Some(value), Some(places)) => convert(value, clamp(places)).map(Some),
                    _ => Ok(None),
                });
                converted.collect::<Result<_>>()?
            }
        };
        let converted = converted.with_precision_and_scale(to.precision, to.scale)?;
        Ok(match scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&converted, 0)?),
            false => ColumnarValue::Array(Arc::new(converted)),
        })
    }

    fn floats(values: &ColumnarValue, rows: usize) -> Result<ColumnarValue> {
        let scalar = matches!(values, ColumnarValue::Scalar(_));
        let values = values.to_array(if scalar { 1 } else { rows })?;
        let rounded: Arc<dyn Array> = match values.data_type() {
            DataType::Float32 => {
                Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::round_ties_even))
            }
            _ => Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round_ties_even)),
        };
        Ok(match scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&rounded, 0)?),
            false => ColumnarValue::Array(rounded),
        })
    }
}

impl ScalarUDFImpl for Rounding {
    fn name(&self) -> &str {
        self.word()
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        // What does not fit is refused below: an error here would reach the client as DataFusion words it.
        let types = given.iter().enumerate().map(|(index, given)| self.accept(index, given));
        Ok(types.collect::<Option<_>>().unwrap_or_else(|| given.to_vec()))
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal(format!("the type of {} depends on its arguments", self.name())))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types = || args.arg_fields.iter().map(|field| field.data_type()).enumerate();
        let fits = !args.arg_fields.is_empty() && types().all(|(index, given)| self.accept(index, given).is_some());
        if !fits {
            return Err(wrong_call(self.word(), args.arg_fields, self.documentation()).into());
        }
        let data_type = match (Digits::of(args.arg_fields[0].data_type()), self.mode) {
            (Some(digits), Mode::Sign) => Digits { precision: 1, ..digits.with_places(Some(0)) }.data_type(),
            (Some(digits), _) => digits.with_places(self.places(args.scalar_arguments)).data_type(),
            (None, _) => args.arg_fields[0].data_type().clone(),
        };
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), data_type, nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let digits = (Digits::of(&args.args[0].data_type()), Digits::of(args.return_field.data_type()));
        if let (Some(from), Some(to)) = digits {
            return self.decimals(&args, from, to);
        }
        match args.args.len() {
            1 if self.mode == Mode::Round && args.args[0].data_type().is_floating() => {
                Self::floats(&args.args[0], args.number_rows)
            }
            1 => self.others().invoke_with_args(args),
            _ => {
                let counted = if self.mode == Mode::Round { DataType::Int32 } else { DataType::Int64 };
                args.args[1] = args.args[1].cast_to(&counted, None)?;
                let places = args.arg_fields[1].as_ref().clone().with_data_type(counted);
                args.arg_fields[1] = Arc::new(places);
                self.others().invoke_with_args(args)
            }
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(match self.mode {
            Mode::Ceil => &CEIL,
            Mode::Floor => &FLOOR,
            Mode::Round => &ROUND,
            Mode::Sign => &SIGN,
            Mode::Trunc => &TRUNC,
        })
    }
}

static CEIL: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The next whole number that is not less.", "ceil(number)")
        .with_argument("number", "A number; of a numeric the result is numeric, else double precision or real.")
        .build()
});

static FLOOR: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The next whole number that is not greater.", "floor(number)")
        .with_argument("number", "A number; of a numeric the result is numeric, else double precision or real.")
        .build()
});

static ROUND: LazyLock<Documentation> = LazyLock::new(|| {
    let description = "The nearest number with so many places behind the point. Halves go away from zero; those of a double \
                       precision or real number, rounded to none, go to the even number.";
    Documentation::builder(SECTION, description, "round(number [, places])")
        .with_sql_example("```sql\nSELECT round(2.345, 2), round(1250.0, -2);\n```")
        .with_argument("number", "A number.")
        .with_argument("places", "How many, 0 if not given; negative ones stand before the point.")
        .build()
});

static SIGN: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "-1, 0 or 1.", "sign(number)").with_argument("number", "A number.").build()
});

static TRUNC: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "A number without what is beyond so many places.", "trunc(number [, places])")
        .with_argument("number", "A number.")
        .with_argument("places", "How many, 0 if not given; negative ones stand before the point.")
        .build()
});
