//! DataFusion's aggregates with the names, and for the types, that Hive and Spark have.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::functions_aggregate::{
    approx_distinct, bit_and_or_xor, bool_and_or, correlation, covariance, regr, stddev, variance,
};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::Dialect;

use super::SECTION;
use crate::types::is_text;

pub(super) fn functions(dialect: Dialect) -> Vec<AggregateUDF> {
    let spark = dialect == Dialect::Spark;
    let (population, sample): (&[&str], &[&str]) = match spark {
        true => (&[], &["variance"]),
        false => (&["variance"], &[]),
    };
    let (deviation, of_sample): (&[&str], &[&str]) = match spark {
        true => (&[], &["stddev", "std"]),
        false => (&["stddev", "std"], &[]),
    };
    let mut made = vec![
        numbers("var_pop", population, variance::var_pop_udaf(), "The variance of the values."),
        numbers(
            "var_samp",
            sample,
            variance::var_samp_udaf(),
            "The variance of a population of which the values are a sample.",
        ),
        numbers("stddev_pop", deviation, stddev::stddev_pop_udaf(), "The standard deviation of the values."),
        numbers(
            "stddev_samp",
            of_sample,
            stddev::stddev_udaf(),
            "The standard deviation of a population of which the values are a sample.",
        ),
        numbers("corr", &[], correlation::corr_udaf(), "How strongly two numbers depend on each other, from -1 to 1."),
        numbers("covar_pop", &[], covariance::covar_pop_udaf(), "The covariance of two numbers."),
        numbers(
            "covar_samp",
            &[],
            covariance::covar_samp_udaf(),
            "The covariance of a population of which the values are a sample.",
        ),
        numbers("regr_avgx", &[], regr::regr_avgx_udaf(), "The mean of x where neither y nor x is NULL."),
        numbers("regr_avgy", &[], regr::regr_avgy_udaf(), "The mean of y where neither y nor x is NULL."),
        numbers("regr_count", &[], regr::regr_count_udaf(), "The number of rows where neither y nor x is NULL."),
        numbers(
            "regr_intercept",
            &[],
            regr::regr_intercept_udaf(),
            "Where the line that fits the points best crosses x = 0.",
        ),
        numbers("regr_r2", &[], regr::regr_r2_udaf(), "The square of how strongly y depends on x."),
        numbers("regr_slope", &[], regr::regr_slope_udaf(), "The slope of the line that fits the points best."),
        numbers("regr_sxx", &[], regr::regr_sxx_udaf(), "The sum of the squares of the distances of x from its mean."),
        numbers(
            "regr_sxy",
            &[],
            regr::regr_sxy_udaf(),
            "The sum of the products of the distances of x and y from their means.",
        ),
        numbers("regr_syy", &[], regr::regr_syy_udaf(), "The sum of the squares of the distances of y from its mean."),
    ];
    made.push(renamed(
        "approx_count_distinct",
        &["approx_distinct"],
        approx_distinct::approx_distinct_udaf(),
        |index, given| (index == 0).then(|| given.clone()),
        "About how many different values there are.",
    ));
    if spark {
        made.extend([
            bits("bit_and", bit_and_or_xor::bit_and_udaf(), "The bits that all values have."),
            bits("bit_or", bit_and_or_xor::bit_or_udaf(), "The bits that some value has."),
            bits("bit_xor", bit_and_or_xor::bit_xor_udaf(), "The bits that an odd number of values has."),
            booleans("bool_and", &["every"], bool_and_or::bool_and_udaf(), "True if all values are."),
            booleans("bool_or", &["some", "any"], bool_and_or::bool_or_udaf(), "True if some value is."),
        ]);
    }
    made
}

/// Of numbers; text is read as such.
fn numbers(name: &'static str, aliases: &[&str], inner: Arc<AggregateUDF>, description: &str) -> AggregateUDF {
    let coerce = |_: usize, given: &DataType| match given {
        given if given.is_numeric() || is_text(given) || given.is_null() => Some(DataType::Float64),
        _ => None,
    };
    renamed(name, aliases, inner, coerce, description)
}

fn bits(name: &'static str, inner: Arc<AggregateUDF>, description: &str) -> AggregateUDF {
    renamed(
        name,
        &[],
        inner,
        |_, given| {
            (given.is_integer() || given.is_null()).then(|| match given {
                DataType::Null => DataType::Int32,
                given => given.clone(),
            })
        },
        description,
    )
}

fn booleans(name: &'static str, aliases: &[&str], inner: Arc<AggregateUDF>, description: &str) -> AggregateUDF {
    let coerce = |_: usize, given: &DataType| match given {
        DataType::Boolean | DataType::Null => Some(DataType::Boolean),
        _ => None,
    };
    renamed(name, aliases, inner, coerce, description)
}

type Coerce = fn(usize, &DataType) -> Option<DataType>;

fn renamed(
    name: &'static str,
    aliases: &[&str],
    inner: Arc<AggregateUDF>,
    coerce: Coerce,
    description: &str,
) -> AggregateUDF {
    let two = ["corr", "covar_pop", "covar_samp"].contains(&name) || name.starts_with("regr_");
    let syntax = if two { format!("{name}(y, x)") } else { format!("{name}(value)") };
    let mut documentation = Documentation::builder(SECTION, description, syntax);
    for argument in if two { &["y", "x"][..] } else { &["value"][..] } {
        documentation = documentation.with_argument(*argument, "What is aggregated.");
    }
    AggregateUDF::from(Renamed {
        name,
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        inner,
        coerce,
        signature: Signature::user_defined(Volatility::Immutable),
        documentation: documentation.build(),
    })
}

#[derive(Debug)]
struct Renamed {
    name: &'static str,
    aliases: Vec<String>,
    inner: Arc<AggregateUDF>,
    coerce: Coerce,
    signature: Signature,
    documentation: Documentation,
}

impl PartialEq for Renamed {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.aliases == other.aliases && self.inner == other.inner
    }
}

impl Eq for Renamed {}

impl Hash for Renamed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.aliases, &self.inner).hash(state);
    }
}

impl AggregateUDFImpl for Renamed {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given
            .iter()
            .enumerate()
            .map(|(index, given)| (self.coerce)(index, given).unwrap_or(given.clone()))
            .collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        if self.counts() { Ok(DataType::Int64) } else { self.inner.return_type(given) }
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let arguments = self.documentation.arguments.as_ref().map_or(0, Vec::len);
        let fits = fields.iter().enumerate().map(|(index, field)| (self.coerce)(index, field.data_type()));
        let types = fits.take(arguments).collect::<Option<Vec<_>>>();
        // How exact an approximation is may be given too.
        let counted = fields.len() == arguments || (self.name == "approx_count_distinct" && fields.len() == 2);
        let Some(types) = types.filter(|_| counted) else {
            return Err(crate::arguments::wrong_call(self.name, fields, Some(&self.documentation)).into());
        };
        let result = if self.counts() { DataType::Int64 } else { self.inner.return_type(&types)? };
        Ok(Arc::new(Field::new(self.name, result, self.inner.is_nullable())))
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let result = args.return_type().clone();
        Ok(Box::new(First { inner: self.inner.accumulator(self.inner_args(args)?)?, width: self.width(), result }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let inputs = &args.input_fields[..args.input_fields.len().min(self.width())];
        self.inner.state_fields(StateFieldsArgs { input_fields: inputs, ..args })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        let counts = self.counts();
        !counts && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let result = args.return_type().clone();
        let inner = self.inner.create_sliding_accumulator(self.inner_args(args)?)?;
        Ok(Box::new(First { inner, width: self.width(), result }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        let value = self.inner.default_value(data_type)?;
        if self.counts() { value.cast_to(&DataType::Int64) } else { Ok(value) }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

impl Renamed {
    /// True where DataFusion counts without a sign.
    fn counts(&self) -> bool {
        matches!(self.name, "regr_count" | "approx_count_distinct")
    }

    /// How many of the arguments DataFusion's function takes.
    fn width(&self) -> usize {
        self.documentation.arguments.as_ref().map_or(1, Vec::len)
    }

    fn inner_args<'a>(&self, args: AccumulatorArgs<'a>) -> Result<AccumulatorArgs<'a>> {
        let width = self.width().min(args.exprs.len());
        Ok(AccumulatorArgs { exprs: &args.exprs[..width], expr_fields: &args.expr_fields[..width], ..args })
    }
}

/// An accumulator of the first arguments, with a result of a type.
#[derive(Debug)]
struct First {
    inner: Box<dyn Accumulator>,
    width: usize,
    result: DataType,
}

impl First {
    fn values<'a>(&self, values: &'a [ArrayRef]) -> &'a [ArrayRef] {
        &values[..values.len().min(self.width)]
    }
}

impl Accumulator for First {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(self.values(values))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(self.values(values))
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.inner.evaluate()?;
        if value.data_type() == self.result { Ok(value) } else { value.cast_to(&self.result) }
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }
}
