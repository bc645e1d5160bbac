//! `sum(x)` and `avg(x)`: the sum of whole numbers is a bigint, text is read as double precision.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use mead_common::Dialect;

use super::SECTION;
use super::reading::{Reading, ReadingGroups};
use crate::arguments::wrong_call;
use crate::types::is_text;

pub(super) fn functions(dialect: Dialect) -> Vec<AggregateUDF> {
    let total = |name: &'static str, alias: Option<&str>, inner: Arc<AggregateUDF>, description: &str| {
        let documentation = Documentation::builder(SECTION, description, format!("{name}(number)"))
            .with_argument("number", "A number, or text that is read as one.")
            .build();
        let signature = Signature::user_defined(Volatility::Immutable);
        let aliases = alias.into_iter().map(str::to_owned).collect();
        AggregateUDF::from(Total { name, aliases, inner, dialect, signature, documentation })
    };
    vec![
        total(
            "sum",
            None,
            Arc::new(crate::aggregate::sum_function()),
            "The sum; of whole numbers a bigint, of a decimal one with ten digits more.",
        ),
        total(
            "avg",
            Some("mean"),
            avg_udaf(),
            "The mean; of a decimal one with four digits more, and four more of them behind the point.",
        ),
    ]
}

#[derive(Debug)]
struct Total {
    name: &'static str,
    aliases: Vec<String>,
    inner: Arc<AggregateUDF>,
    dialect: Dialect,
    signature: Signature,
    documentation: Documentation,
}

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.dialect == other.dialect
    }
}

impl Eq for Total {}

impl Hash for Total {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, self.dialect).hash(state);
    }
}

impl Total {
    /// What is aggregated becomes this; `None` where it cannot be.
    fn argument(&self, given: &DataType) -> Option<DataType> {
        Some(match given {
            // Hive counts text that is no number, so it is read only when it is added.
            text if is_text(text) && self.dialect == Dialect::Hive => DataType::Utf8,
            text if is_text(text) => DataType::Float64,
            DataType::Null | DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
            whole if whole.is_integer() && self.name == "avg" => DataType::Float64,
            DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16 => DataType::Int32,
            DataType::UInt32 => DataType::Int64,
            DataType::Int32 | DataType::Int64 | DataType::UInt64 | DataType::Decimal128(..) => given.clone(),
            DataType::Decimal256(..) => given.clone(),
            DataType::Interval(_) | DataType::Duration(_) if self.name == "sum" => given.clone(),
            _ => return None,
        })
    }

    fn result(&self, argument: &DataType) -> Result<DataType> {
        match argument {
            text if is_text(text) => Ok(DataType::Float64),
            whole if whole.is_integer() => Ok(DataType::Int64),
            other => self.inner.return_type(std::slice::from_ref(other)),
        }
    }
}

/// The same arguments as numbers, where they are text.
fn as_numbers<'a>(args: &AccumulatorArgs<'a>, number: &'a [FieldRef]) -> Option<AccumulatorArgs<'a>> {
    let text = args.expr_fields.first().is_some_and(|field| is_text(field.data_type()));
    text.then(|| AccumulatorArgs { expr_fields: number, ..args.clone() })
}

fn number_field() -> [FieldRef; 1] {
    [Arc::new(Field::new("number", DataType::Float64, true))]
}

impl AggregateUDFImpl for Total {
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
        Ok(given.iter().map(|given| self.argument(given).unwrap_or(given.clone())).collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let argument = given.first().and_then(|given| self.argument(given)).unwrap_or(DataType::Null);
        self.result(&argument)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let argument = match fields {
            [field] => self.argument(field.data_type()),
            _ => None,
        };
        match argument {
            Some(argument) => Ok(Arc::new(Field::new(self.name, self.result(&argument)?, true))),
            None => Err(wrong_call(self.name, fields, Some(&self.documentation)).into()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let number = number_field();
        match as_numbers(&args, &number) {
            Some(args) => Ok(Box::new(Reading(self.inner.accumulator(args)?))),
            None => self.inner.accumulator(args),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let number = number_field();
        match args.input_fields.first().is_some_and(|field| is_text(field.data_type())) {
            true => self.inner.state_fields(StateFieldsArgs { input_fields: &number, ..args }),
            false => self.inner.state_fields(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let number = number_field();
        match as_numbers(&args, &number) {
            Some(args) => Ok(Box::new(ReadingGroups(self.inner.create_groups_accumulator(args)?))),
            None => self.inner.create_groups_accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let number = number_field();
        match as_numbers(&args, &number) {
            Some(args) => Ok(Box::new(Reading(self.inner.create_sliding_accumulator(args)?))),
            None => self.inner.create_sliding_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
