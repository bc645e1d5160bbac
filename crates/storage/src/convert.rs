//! Rows from the types that files hold to those that were declared, and back: uuid and text or bytes, time and microseconds,
//! interval and bytes. json stays text, which is checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, FixedSizeBinaryBuilder, IntervalMonthDayNanoArray, ListArray, RecordBatch,
    RecordBatchOptions, StringArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Field, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, SchemaRef, TimeUnit,
};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::StreamExt;
use mead_common::{Diagnostic, sqlstate, text};

/// Arrow's key for the name of an extension type.
pub(crate) const EXTENSION_NAME: &str = "ARROW:extension:name";

/// The metadata by which a field says that its text is more than text: `arrow.json`, or `mead.` and a type's name.
pub(crate) fn named_by(field: &Field) -> HashMap<String, String> {
    match field.metadata().get(EXTENSION_NAME) {
        Some(name) if matches!(name.as_str(), "arrow.json" | "mead.json") => {
            HashMap::from([(EXTENSION_NAME.to_owned(), name.clone())])
        }
        _ => HashMap::new(),
    }
}

/// True for json, and for arrays of it.
pub(crate) fn is_json(field: &Field) -> bool {
    !named_by(field).is_empty()
}

/// How rows are turned.
#[derive(Debug, Clone)]
pub(crate) struct Convert {
    /// Where the rows come from, for errors.
    pub origin: Option<String>,
    pub checks_json: bool,
}

impl Convert {
    /// A batch with the columns of `schema`, which are its own in the same order, as other types.
    pub(crate) fn batch(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let columns = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(values, field)| self.column(values, field).map_err(|error| self.locate(error, field.name())));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
    }

    fn column(&self, values: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        let values = convert(values, field.data_type())?;
        if self.checks_json && is_json(field) {
            check_json(&values)?;
        }
        Ok(values)
    }

    fn locate(&self, error: DataFusionError, column: &str) -> DataFusionError {
        let Some(origin) = &self.origin else { return error };
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Diagnostic>() {
                Ok(mut report) => {
                    let place = format!("column \"{column}\" of \"{origin}\"");
                    let detail = report.detail.take();
                    report.detail = Some(detail.map_or_else(|| place.clone(), |detail| format!("{detail}; {place}")));
                    DataFusionError::External(report)
                }
                Err(inner) => DataFusionError::External(inner),
            },
            other => other,
        }
    }
}

fn report(diagnostic: Diagnostic) -> DataFusionError {
    DataFusionError::External(Box::new(diagnostic))
}

/// A column as another type that holds the same values.
pub(crate) fn convert(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = values.data_type();
    match (from, to) {
        (from, to) if from == to => Ok(Arc::clone(values)),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, DataType::FixedSizeBinary(16)) => {
            uuids_of_text(cast(values, &DataType::Utf8)?.as_string())
        }
        (DataType::FixedSizeBinary(16), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            let texts = values.as_fixed_size_binary().iter().map(|value| value.map(text::uuid_text));
            cast(&(Arc::new(StringArray::from_iter(texts)) as ArrayRef), to)
        }
        (DataType::LargeBinary | DataType::BinaryView, DataType::FixedSizeBinary(_)) => {
            cast(&cast(values, &DataType::Binary)?, to)
        }
        (DataType::Time32(_) | DataType::Time64(_), DataType::Int64) => {
            cast(&cast(values, &DataType::Time64(TimeUnit::Microsecond))?, to)
        }
        (DataType::Interval(_), DataType::Binary | DataType::LargeBinary | DataType::BinaryView) => {
            let spans = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            let bytes = spans.as_primitive::<IntervalMonthDayNanoType>().iter().map(|span| span.map(bytes_of_interval));
            cast(&(Arc::new(BinaryArray::from_iter(bytes)) as ArrayRef), to)
        }
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView, DataType::Interval(_)) => {
            let bytes = cast(values, &DataType::Binary)?;
            let spans = bytes.as_binary::<i32>().iter().map(|bytes| bytes.map(interval_of_bytes).transpose());
            let spans: IntervalMonthDayNanoArray = spans.collect::<Result<Vec<_>>>()?.into();
            cast(&(Arc::new(spans) as ArrayRef), to)
        }
        (
            DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_),
            DataType::List(item),
        ) => {
            let item_from = match from {
                DataType::List(item)
                | DataType::LargeList(item)
                | DataType::FixedSizeList(item, _)
                | DataType::ListView(item)
                | DataType::LargeListView(item) => item,
                other => return internal_err!("{other} is no list"),
            };
            let lists = cast(values, &DataType::List(Arc::clone(item_from)))?;
            let lists = lists.as_list::<i32>();
            let values = convert(lists.values(), item.data_type())?;
            let nulls = lists.nulls().cloned();
            Ok(Arc::new(ListArray::try_new(Arc::clone(item), lists.offsets().clone(), values, nulls)?))
        }
        _ => cast(values, to),
    }
}

fn cast(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(values, to, &options)?)
}

fn uuids_of_text(texts: &StringArray) -> Result<ArrayRef> {
    let mut uuids = FixedSizeBinaryBuilder::with_capacity(texts.len(), text::UUID_BYTES as i32);
    for value in texts {
        match value {
            Some(value) => uuids.append_value(text::uuid(value).map_err(report)?)?,
            None => uuids.append_null(),
        }
    }
    Ok(Arc::new(uuids.finish()))
}

/// Months, days and nanoseconds, each with its high byte first.
fn bytes_of_interval(span: IntervalMonthDayNano) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&span.months.to_be_bytes());
    bytes[4..8].copy_from_slice(&span.days.to_be_bytes());
    bytes[8..].copy_from_slice(&span.nanoseconds.to_be_bytes());
    bytes
}

fn interval_of_bytes(bytes: &[u8]) -> Result<IntervalMonthDayNano> {
    let bad = || report(Diagnostic::new(sqlstate::DATA_CORRUPTED, "an interval is not sixteen bytes"));
    let (months, rest) = bytes.split_first_chunk::<4>().ok_or_else(bad)?;
    let (days, rest) = rest.split_first_chunk::<4>().ok_or_else(bad)?;
    let nanoseconds: [u8; 8] = rest.try_into().map_err(|_| bad())?;
    let (months, days) = (i32::from_be_bytes(*months), i32::from_be_bytes(*days));
    Ok(IntervalMonthDayNano::new(months, days, i64::from_be_bytes(nanoseconds)))
}

fn check_json(values: &ArrayRef) -> Result<()> {
    if let DataType::List(_) = values.data_type() {
        let lists = values.as_list::<i32>();
        return check_json(lists.values());
    }
    let texts = cast(values, &DataType::Utf8)?;
    texts.as_string::<i32>().iter().flatten().try_for_each(text::json).map_err(report)
}

/// The rows of its input, as other types.
#[derive(Debug)]
pub(crate) struct ConvertExec {
    input: Arc<dyn ExecutionPlan>,
    convert: Convert,
    properties: Arc<PlanProperties>,
}

impl ConvertExec {
    /// `schema` has the input's columns in their order.
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, convert: Convert) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, convert, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ConvertExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.input.schema();
        let schema = self.schema();
        let pairs = schema.fields().iter().zip(stored.fields());
        let changed: Vec<&str> = pairs.filter(|(to, from)| to != from).map(|(to, _)| to.name().as_str()).collect();
        write!(f, "ConvertExec: columns=[{}]", changed.join(", "))
    }
}

impl ExecutionPlan for ConvertExec {
    fn name(&self) -> &str {
        "ConvertExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// Text is not in the order of what it stands for.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.schema(), self.convert.clone()))),
            _ => internal_err!("ConvertExec takes one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (schema, convert) = (self.schema(), self.convert.clone());
        let wanted = Arc::clone(&schema);
        let batches = input.map(move |batch| convert.batch(&batch?, &wanted));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{FixedSizeBinaryArray, Time64MicrosecondArray};

    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let uuids = [Some([7; 16]), None].into_iter();
        let uuids: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(uuids, 16).unwrap());
        let spans = IntervalMonthDayNanoArray::from(vec![Some(IntervalMonthDayNano::new(-1, 40, -3)), None]);
        let times: ArrayRef = Arc::new(Time64MicrosecondArray::from(vec![Some(1), None]));
        let cases: [(ArrayRef, DataType); 4] = [
            (Arc::clone(&uuids), DataType::Utf8View),
            (uuids, DataType::Binary),
            (Arc::new(spans), DataType::Binary),
            (times, DataType::Int64),
        ];
        for (values, stored) in cases {
            let there = convert(&values, &stored).unwrap();
            assert_eq!(there.data_type(), &stored);
            assert_eq!(&convert(&there, values.data_type()).unwrap(), &values);
        }
    }
}
