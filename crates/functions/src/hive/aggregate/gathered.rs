//! Aggregates that keep the values of a group and compute from all of them, in the order in which they came.
//!
//! Of a group's state nothing is forgotten but what `reduce` leaves out, so these are for functions that need it all.

use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, filter, is_not_null, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, DocSection, Documentation, ReversedUDAF, Signature, Volatility,
};
use datafusion::physical_expr::expressions::Literal;
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, Dialect, sqlstate};

use crate::arguments::wrong_call;
use crate::error::external;
use crate::hive::definition::Argument;

/// Which rows matter.
pub(crate) type Reduce = fn(&[ArrayRef]) -> Result<Vec<u32>>;

/// An aggregate of this kind.
pub(crate) struct Gathered {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub arguments: &'static [Argument],
    pub required: usize,
    /// What an argument is cast to.
    pub coerce: fn(usize, &DataType) -> DataType,
    /// The result's type; `None` where the arguments do not fit.
    pub result: fn(&[DataType], Dialect) -> Option<DataType>,
    /// A row counts only if this argument is not NULL.
    pub known: Option<usize>,
    /// The rows that matter, where few do.
    pub reduce: Option<Reduce>,
    pub evaluate: fn(&Group) -> Result<ScalarValue>,
    /// `f(p) WITHIN GROUP (ORDER BY x)` is `f(x, p)`.
    pub within_group: bool,
    pub section: DocSection,
    pub description: &'static str,
    pub example: &'static str,
}

/// What a definition has that says nothing else.
pub(super) const BASE: Gathered = Gathered {
    name: "",
    aliases: &[],
    arguments: &[],
    required: usize::MAX,
    coerce: |_, given| given.clone(),
    result: |_, _| None,
    known: Some(0),
    reduce: None,
    evaluate: |group| ScalarValue::try_from(group.result),
    within_group: false,
    section: super::SECTION,
    description: "",
    example: "",
};

impl Gathered {
    pub fn function(&'static self, dialect: Dialect) -> AggregateUDF {
        AggregateUDF::from(Function {
            gathered: self,
            dialect,
            aliases: self.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
            documentation: self.documentation(),
        })
    }

    fn required(&self) -> usize {
        self.required.min(self.arguments.len())
    }

    fn documentation(&self) -> Documentation {
        let names: Vec<String> = self
            .arguments
            .iter()
            .enumerate()
            .map(|(index, (name, ..))| match index {
                0 => (*name).to_owned(),
                _ if index < self.required() => format!(", {name}"),
                _ => format!(" [, {name}]"),
            })
            .collect();
        let syntax = format!("{}({})", self.name, names.concat());
        let mut documentation = Documentation::builder(self.section.clone(), self.description, syntax);
        for (name, _, description) in self.arguments {
            documentation = documentation.with_argument(*name, *description);
        }
        if !self.example.is_empty() {
            documentation = documentation.with_sql_example(format!("```sql\n{}\n```", self.example));
        }
        documentation.build()
    }
}

#[derive(Debug)]
struct Function {
    gathered: &'static Gathered,
    dialect: Dialect,
    aliases: Vec<String>,
    signature: Signature,
    documentation: Documentation,
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.gathered.name == other.gathered.name && self.dialect == other.dialect
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.gathered.name, self.dialect).hash(state);
    }
}

impl AggregateUDFImpl for Function {
    fn name(&self) -> &str {
        self.gathered.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.iter().enumerate().map(|(index, given)| (self.gathered.coerce)(index, given)).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal(format!("the type of {} depends on its arguments", self.name())))
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let (gathered, given) = (self.gathered, fields.len());
        let fits = fields.iter().zip(gathered.arguments).all(|(field, (_, kind, _))| kind.takes(field.data_type()));
        let counted = given >= gathered.required() && given <= gathered.arguments.len();
        let types: Vec<DataType> =
            fields.iter().enumerate().map(|(index, field)| (gathered.coerce)(index, field.data_type())).collect();
        match (gathered.result)(&types, self.dialect).filter(|_| fits && counted) {
            Some(result) => Ok(Arc::new(Field::new(gathered.name, result, true))),
            None => Err(wrong_call(gathered.name, fields, Some(&self.documentation)).into()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(self.gather(&args, self.gathered.reduce.is_some())?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        // What was left out may be wanted when other rows have gone.
        Ok(Box::new(self.gather(&args, false)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |(index, input): (usize, &FieldRef)| {
            let name = format_state_name(args.name, &format!("values_{index}"));
            Arc::new(Field::new(name, DataType::new_list(input.data_type().clone(), true), true))
        };
        Ok(args.input_fields.iter().enumerate().map(field).collect())
    }

    fn supports_within_group_clause(&self) -> bool {
        self.gathered.within_group
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::NotSupported
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

impl Function {
    fn gather(&self, args: &AccumulatorArgs, reduces: bool) -> Result<Values> {
        if !args.order_bys.is_empty() && !self.gathered.within_group {
            let message = format!("ORDER BY in {} is not supported", self.gathered.name);
            return Err(external(Diagnostic::unsupported(message).with_hint("sort its input in a subquery")));
        }
        // Parameters are kept once. What is aggregated is kept for each row, which also counts them.
        let constant = |(index, expr): (usize, &Arc<dyn datafusion::physical_expr::PhysicalExpr>)| {
            let literal = (expr.as_ref() as &dyn std::any::Any).downcast_ref::<Literal>();
            literal.filter(|_| index > 0).map(|literal| literal.value().clone())
        };
        Ok(Values {
            gathered: self.gathered,
            dialect: self.dialect,
            result: args.return_type().clone(),
            types: args.expr_fields.iter().map(|field| field.data_type().clone()).collect(),
            constants: args.exprs.iter().enumerate().map(constant).collect(),
            chunks: VecDeque::new(),
            bytes: 0,
            distinct: args.is_distinct,
            descending: args.order_bys.first().is_some_and(|order| order.options.descending),
            reduces,
        })
    }
}

/// The rows of a group when the result is asked for.
pub(super) struct Group<'a> {
    columns: Vec<ArrayRef>,
    constants: &'a [Option<ScalarValue>],
    pub rows: usize,
    pub result: &'a DataType,
    pub dialect: Dialect,
    pub descending: bool,
    name: &'static str,
}

impl Group<'_> {
    /// The values of an argument.
    pub fn column(&self, index: usize) -> Result<ArrayRef> {
        match self.constants.get(index) {
            Some(Some(value)) => value.to_array_of_size(self.rows),
            _ => Ok(Arc::clone(&self.columns[index])),
        }
    }

    /// The one value of a parameter; `None` where it is not given, or where there is no row.
    pub fn parameter(&self, index: usize) -> Result<Option<ScalarValue>> {
        match (self.constants.get(index), self.columns.get(index)) {
            (Some(Some(value)), _) => Ok(Some(value.clone())),
            (Some(None), Some(column)) if !column.is_empty() => Ok(Some(ScalarValue::try_from_array(column, 0)?)),
            _ => Ok(None),
        }
    }

    /// A parameter that must be a whole number of at least `least`.
    pub fn whole(&self, index: usize, least: i64) -> Result<Option<i64>> {
        let Some(value) = self.parameter(index)? else { return Ok(None) };
        match value.cast_to(&DataType::Int64)? {
            ScalarValue::Int64(Some(value)) if value >= least => Ok(Some(value)),
            _ => Err(self.invalid(format!("argument {} must be a whole number of at least {least}", index + 1))),
        }
    }

    pub fn null(&self) -> Result<ScalarValue> {
        ScalarValue::try_from(self.result)
    }

    pub fn invalid(&self, what: impl std::fmt::Display) -> DataFusionError {
        external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("{}: {what}", self.name)))
    }
}

/// A list of these elements as one value.
pub(super) fn list_value(elements: ArrayRef) -> Result<ScalarValue> {
    let item = Arc::new(Field::new_list_field(elements.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths([elements.len()]);
    Ok(ScalarValue::List(Arc::new(ListArray::try_new(item, offsets, elements, None)?)))
}

#[derive(Debug)]
struct Values {
    gathered: &'static Gathered,
    dialect: Dialect,
    result: DataType,
    types: Vec<DataType>,
    constants: Vec<Option<ScalarValue>>,
    /// Columns of equal length; those of constants are empty.
    chunks: VecDeque<Vec<ArrayRef>>,
    bytes: usize,
    distinct: bool,
    descending: bool,
    reduces: bool,
}

/// Chunks below this many rows are put together.
const CHUNK_ROWS: usize = 4096;

impl Values {
    /// The rows that count.
    fn counted(&self, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        let Some(known) = self.gathered.known.and_then(|known| columns.get(known)) else { return Ok(columns.to_vec()) };
        let nulls = known.logical_null_count();
        if nulls == 0 {
            return Ok(columns.to_vec());
        }
        let kept: BooleanArray = is_not_null(known)?;
        Ok(columns.iter().map(|column| filter(column, &kept)).collect::<Result<_, _>>()?)
    }

    fn add(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        if columns.first().is_none_or(|column| column.is_empty()) {
            return Ok(());
        }
        self.bytes += bytes(&columns);
        self.chunks.push_back(columns);
        if self.reduces
            && let Some(reduce) = self.gathered.reduce
        {
            let columns = self.columns()?;
            let rows = (0..columns.len()).map(|index| self.expanded(&columns, index)).collect::<Result<Vec<_>>>()?;
            let kept = UInt32Array::from(reduce(&rows)?);
            let columns = columns
                .iter()
                .map(|column| if column.is_empty() { Ok(Arc::clone(column)) } else { take(column, &kept, None) });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            self.bytes = bytes(&columns);
            self.chunks = VecDeque::from([columns]);
            return Ok(());
        }
        // As a counter in binary carries: each row is copied a few times at most.
        while self.chunks.len() >= 2 {
            let length = |from_end: usize| self.chunks[self.chunks.len() - from_end][0].len();
            let (last, before) = (length(1), length(2));
            if before > last || before + last > CHUNK_ROWS {
                break;
            }
            let (Some(last), Some(before)) = (self.chunks.pop_back(), self.chunks.pop_back()) else { break };
            self.bytes -= bytes(&last) + bytes(&before);
            let joined = before.iter().zip(&last).map(|(before, last)| concat(&[before.as_ref(), last.as_ref()]));
            let joined = joined.collect::<Result<Vec<_>, _>>()?;
            self.bytes += bytes(&joined);
            self.chunks.push_back(joined);
        }
        Ok(())
    }

    fn expanded(&self, columns: &[ArrayRef], index: usize) -> Result<ArrayRef> {
        match self.constants.get(index) {
            Some(Some(value)) => value.to_array_of_size(columns[0].len()),
            _ => Ok(Arc::clone(&columns[index])),
        }
    }

    /// Each argument's values in one array.
    fn columns(&self) -> Result<Vec<ArrayRef>> {
        let column = |(index, data_type): (usize, &DataType)| -> Result<ArrayRef> {
            let parts: Vec<&dyn Array> = self.chunks.iter().map(|chunk| chunk[index].as_ref()).collect();
            match parts.as_slice() {
                [] => Ok(new_empty_array(data_type)),
                [_] => Ok(Arc::clone(&self.chunks[0][index])),
                parts => Ok(concat(parts)?),
            }
        };
        self.types.iter().enumerate().map(column).collect()
    }

    fn without_constants(&self, values: &[ArrayRef]) -> Vec<ArrayRef> {
        let part = |(index, values): (usize, &ArrayRef)| match self.constants.get(index) {
            Some(Some(_)) => values.slice(0, 0),
            _ => Arc::clone(values),
        };
        values.iter().enumerate().map(part).collect()
    }
}

fn bytes(columns: &[ArrayRef]) -> usize {
    let column = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(0) + size_of::<ArrayRef>() + 64;
    columns.iter().map(column).sum()
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let counted = self.counted(values)?;
        let counted = self.without_constants(&counted);
        self.add(counted)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let mut gone = self.counted(values)?.first().map_or(0, |column| column.len());
        while gone > 0 {
            let Some(mut first) = self.chunks.pop_front() else { break };
            self.bytes -= bytes(&first);
            let length = first[0].len();
            if length > gone {
                for column in &mut first {
                    *column = if column.is_empty() { Arc::clone(column) } else { column.slice(gone, length - gone) };
                }
                self.bytes += bytes(&first);
                self.chunks.push_front(first);
                break;
            }
            gone -= length;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        !self.reduces
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut columns = self.columns()?;
        if self.distinct {
            let converter =
                RowConverter::new(columns.iter().map(|column| SortField::new(column.data_type().clone())).collect())?;
            let full = (0..columns.len()).map(|index| self.expanded(&columns, index)).collect::<Result<Vec<_>>>()?;
            let rows = converter.convert_columns(&full)?;
            let mut known = HashSet::new();
            let kept = (0..rows.num_rows()).filter(|row| known.insert(rows.row(*row))).map(|row| row as u32);
            let kept = UInt32Array::from_iter_values(kept);
            for column in &mut columns {
                if !column.is_empty() {
                    *column = take(column, &kept, None)?;
                }
            }
        }
        let group = Group {
            rows: columns.first().map_or(0, |column| column.len()),
            columns,
            constants: &self.constants,
            result: &self.result,
            dialect: self.dialect,
            descending: self.descending,
            name: self.gathered.name,
        };
        let value = (self.gathered.evaluate)(&group)?;
        if value.data_type() == self.result { Ok(value) } else { value.cast_to(&self.result) }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes + self.chunks.capacity() * size_of::<Vec<ArrayRef>>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.columns()?.into_iter().map(list_value).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(first) = states.first() else { return Ok(()) };
        for row in 0..first.len() {
            if first.is_null(row) {
                continue;
            }
            let part = |(index, state): (usize, &ArrayRef)| match state.as_list_opt::<i32>() {
                Some(lists) => Ok(lists.value(row)),
                None => Err(DataFusionError::Internal(format!("a state {index} that is no list"))),
            };
            let columns = states.iter().enumerate().map(part).collect::<Result<Vec<_>>>()?;
            let columns = self.without_constants(&columns);
            self.add(columns)?;
        }
        Ok(())
    }
}
