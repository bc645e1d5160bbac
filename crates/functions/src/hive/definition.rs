//! How a function of Hive is said: its name, its arguments, its result's type and its kernel, in one constant.
//!
//! DataFusion is told that every argument fits as it is: its own casts fail on what Hive makes NULL of. Kernels read their
//! arguments through [`Call`], which converts as Hive does.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::Dialect;

use super::call::Call;
use crate::FunctionContext;
use crate::arguments::wrong_call;
use crate::types::{is_binary, is_text};

/// The name, what fits, and what is said of an argument.
pub(crate) type Argument = (&'static str, Kind, &'static str);

/// An expression in the place of a call; `None` where the kernel must run.
pub(crate) type Simplify = fn(&[Expr], &[DataType]) -> Option<Expr>;

/// What an argument takes. NULL always fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    /// A value of any primitive type, which is read as text.
    Primitive,
    /// A number, or text that is read as one.
    Number,
    /// A date, a timestamp, or text that is read as one.
    Temporal,
    Boolean,
    /// Bytes, or text, whose UTF-8 is meant.
    Bytes,
    List,
    Map,
}

impl Kind {
    pub fn takes(self, given: &DataType) -> bool {
        if given.is_null() {
            return true;
        }
        match self {
            Kind::Any => true,
            Kind::Primitive => !given.is_nested(),
            Kind::Number => given.is_numeric() || is_text(given) || *given == DataType::Boolean,
            Kind::Temporal => is_text(given) || given.is_temporal(),
            Kind::Boolean => *given == DataType::Boolean || given.is_numeric() || is_text(given),
            Kind::Bytes => is_text(given) || is_binary(given),
            Kind::List => matches!(given, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)),
            Kind::Map => matches!(given, DataType::Map(..)),
        }
    }
}

/// A call while it is planned.
pub(crate) struct Planned<'a> {
    pub definition: &'static Definition,
    pub fields: &'a [FieldRef],
    pub literals: &'a [Option<&'a ScalarValue>],
    pub dialect: Dialect,
}

impl Planned<'_> {
    /// The type of an argument; that of NULL where it is not given.
    pub fn data_type(&self, index: usize) -> &DataType {
        self.fields.get(index).map_or(&DataType::Null, |field| field.data_type())
    }

    /// The text of an argument that is a literal.
    pub fn literal(&self, index: usize) -> Option<&str> {
        self.literals.get(index).copied().flatten().and_then(|value| value.try_as_str()).flatten()
    }

    /// The whole number of an argument that is a literal.
    pub fn whole(&self, index: usize) -> Option<i64> {
        let value = self.literals.get(index).copied().flatten()?;
        match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(value)) => value,
            _ => None,
        }
    }

    /// `function f(integer[]) does not exist`.
    pub fn refuse(&self) -> DataFusionError {
        wrong_call(self.definition.name, self.fields, Some(&self.definition.documentation())).into()
    }
}

/// A scalar function of Hive or Spark.
#[derive(Clone, Copy)]
pub(crate) struct Definition {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub arguments: &'static [Argument],
    /// How many arguments must be given.
    pub required: usize,
    /// The last argument may be given any number of times.
    pub variadic: bool,
    pub result: fn(&Planned) -> Result<DataType>,
    pub run: fn(&Call) -> Result<ArrayRef>,
    /// The same as an expression that the optimizer knows, from the arguments and their types.
    pub simplify: Option<Simplify>,
    pub section: &'static DocSection,
    pub description: &'static str,
    pub example: &'static str,
    pub volatility: Volatility,
}

/// What a definition has that says nothing else.
pub(crate) const BASE: Definition = Definition {
    name: "",
    aliases: &[],
    arguments: &[],
    required: usize::MAX,
    variadic: false,
    result: text,
    run: |call| call.nulls(),
    simplify: None,
    section: &DocSection { include: true, label: "Hive functions", description: None },
    description: "",
    example: "",
    volatility: Volatility::Immutable,
};

impl Definition {
    fn required(&self) -> usize {
        self.required.min(self.arguments.len())
    }

    /// `f(a, b [, c])`
    fn syntax(&self) -> String {
        let mut syntax = format!("{}(", self.name);
        for (index, (name, ..)) in self.arguments.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match index < self.required() {
                true => syntax.push_str(&format!("{comma}{name}")),
                false => syntax.push_str(&format!(" [{comma}{name}]")),
            }
        }
        if self.variadic {
            syntax.push_str(" [, ...]");
        }
        syntax.replace("( [", "([") + ")"
    }

    pub fn documentation(&self) -> Documentation {
        let mut documentation = Documentation::builder(self.section.clone(), self.description, self.syntax());
        for (name, _, description) in self.arguments {
            documentation = documentation.with_argument(*name, *description);
        }
        if !self.example.is_empty() {
            documentation = documentation.with_sql_example(format!("```sql\n{}\n```", self.example));
        }
        documentation.build()
    }

    /// The function, as a session of this dialect has it.
    pub fn function(&'static self, dialect: Dialect, context: &Arc<FunctionContext>) -> ScalarUDF {
        HiveFunction {
            definition: self,
            dialect,
            context: Arc::clone(context),
            aliases: self.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            signature: Signature::user_defined(self.volatility),
            documentation: OnceLock::new(),
        }
        .into()
    }
}

#[derive(Debug)]
struct HiveFunction {
    definition: &'static Definition,
    dialect: Dialect,
    context: Arc<FunctionContext>,
    aliases: Vec<String>,
    signature: Signature,
    documentation: OnceLock<Documentation>,
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for HiveFunction {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
            && self.dialect == other.dialect
            && Arc::ptr_eq(&self.context, &other.context)
    }
}

impl Eq for HiveFunction {}

impl Hash for HiveFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.definition.name, self.dialect).hash(state);
    }
}

impl ScalarUDFImpl for HiveFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal(format!("the type of {} depends on its arguments", self.name())))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let definition = self.definition;
        let planned =
            Planned { definition, fields: args.arg_fields, literals: args.scalar_arguments, dialect: self.dialect };
        let given = args.arg_fields.len();
        let counted = given >= definition.required() && (definition.variadic || given <= definition.arguments.len());
        let fits = args.arg_fields.iter().enumerate().all(|(index, field)| {
            let argument = definition.arguments.get(index).or(definition.arguments.last());
            argument.is_some_and(|(_, kind, _)| kind.takes(field.data_type()))
        });
        if !counted || !fits {
            return Err(planned.refuse());
        }
        Ok(Arc::new(Field::new(definition.name, (definition.result)(&planned)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let volatile = self.definition.volatility == Volatility::Volatile;
        let scalar = !volatile && args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let call =
            Call { args: &args, rows, dialect: self.dialect, context: &self.context, definition: self.definition };
        let mut result = (self.definition.run)(&call)?;
        if result.data_type() != args.return_field.data_type() {
            result = cast(&result, args.return_field.data_type())?;
        }
        Ok(match scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?),
            false => ColumnarValue::Array(result),
        })
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(simplify) = self.definition.simplify else { return Ok(ExprSimplifyResult::Original(args)) };
        let types = args.iter().map(|arg| info.get_data_type(arg)).collect::<Result<Vec<_>>>()?;
        Ok(match simplify(&args, &types) {
            Some(expr) => ExprSimplifyResult::Simplified(expr),
            None => ExprSimplifyResult::Original(args),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.documentation.get_or_init(|| self.definition.documentation()))
    }
}

pub(crate) fn text(_: &Planned) -> Result<DataType> {
    Ok(DataType::Utf8)
}

pub(crate) fn bytes(_: &Planned) -> Result<DataType> {
    Ok(DataType::Binary)
}

pub(crate) fn int(_: &Planned) -> Result<DataType> {
    Ok(DataType::Int32)
}

pub(crate) fn bigint(_: &Planned) -> Result<DataType> {
    Ok(DataType::Int64)
}

pub(crate) fn double(_: &Planned) -> Result<DataType> {
    Ok(DataType::Float64)
}

pub(crate) fn boolean(_: &Planned) -> Result<DataType> {
    Ok(DataType::Boolean)
}

pub(crate) fn date(_: &Planned) -> Result<DataType> {
    Ok(DataType::Date32)
}

/// A timestamp that keeps nanoseconds only where the argument has them.
pub(crate) fn timestamp(planned: &Planned) -> Result<DataType> {
    Ok(match planned.data_type(0) {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => DataType::Timestamp(TimeUnit::Nanosecond, None),
        _ => DataType::Timestamp(TimeUnit::Microsecond, None),
    })
}
