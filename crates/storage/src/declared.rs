//! Tables whose files cannot say what their columns are. Delta has no uuid, json, time or interval, and text files have text
//! only: the files hold a type that carries the same values, the metastore keeps what was declared, and here rows turn
//! from the one into the other, on their way out and in.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::ExternalFormat;
use crate::convert::{Convert, ConvertExec, EXTENSION_NAME, is_json, named_by};

/// Set by [`mark_text`] on a uuid column that a Parquet file holds as text.
const STORED_AS_TEXT: &str = "mead.stored_as_text";

/// What an external table's files hold for its declared columns.
pub fn file_schema(format: ExternalFormat, declared: &Schema) -> SchemaRef {
    let fields = declared.fields().iter().map(|field| {
        let is_text = format != ExternalFormat::Parquet || field.metadata().contains_key(STORED_AS_TEXT);
        let data_type = if is_text { text_type(field.data_type()) } else { field.data_type().clone() };
        let mut metadata = field.metadata().clone();
        metadata.retain(|key, _| key != STORED_AS_TEXT && key != EXTENSION_NAME);
        Arc::new(Field::clone(field).with_data_type(data_type).with_metadata(metadata))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The type that text stands for uuid in, in files and in folders' names; another type is its own.
pub fn text_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::FixedSizeBinary(16) => DataType::Utf8,
        DataType::List(item) => {
            DataType::List(Arc::new(Field::clone(item).with_data_type(text_type(item.data_type()))))
        }
        other => other.clone(),
    }
}

/// The declared columns of a Parquet table, knowing what its files hold: a uuid may be text there.
pub fn mark_text(declared: &Schema, files: &Schema) -> SchemaRef {
    let fields = declared.fields().iter().map(|field| {
        let stored = files.field_with_name(field.name()).map(Field::data_type);
        match (field.data_type(), stored) {
            (DataType::FixedSizeBinary(16), Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)) => {
                let mut metadata = field.metadata().clone();
                metadata.insert(STORED_AS_TEXT.to_owned(), "true".to_owned());
                Arc::new(Field::clone(field).with_metadata(metadata))
            }
            _ => Arc::clone(field),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Columns inferred from files: sixteen bytes are a uuid only where the file says so.
pub fn inferred(files: &Schema) -> SchemaRef {
    let fields = files.fields().iter().map(|field| match (field.data_type(), field.extension_type_name()) {
        (DataType::FixedSizeBinary(16), Some("arrow.uuid")) => Arc::clone(field),
        (data_type, _) => Arc::new(Field::clone(field).with_data_type(bytes(data_type))),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), files.metadata().clone()))
}

fn bytes(data_type: &DataType) -> DataType {
    match data_type {
        DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::List(item) => DataType::List(Arc::new(Field::clone(item).with_data_type(bytes(item.data_type())))),
        other => other.clone(),
    }
}

/// A table's rows as they were declared.
#[derive(Debug)]
pub struct DeclaredTable {
    inner: Arc<dyn TableProvider>,
    schema: SchemaRef,
    /// Where the rows come from, if somebody else wrote them: then they are checked as they are read.
    origin: Option<String>,
}

impl DeclaredTable {
    /// `inner` itself where its columns are what `declared` says.
    pub fn wrap(inner: Arc<dyn TableProvider>, declared: &Schema, origin: Option<String>) -> Arc<dyn TableProvider> {
        let stored = inner.schema();
        let fields: Vec<FieldRef> = stored
            .fields()
            .iter()
            .map(|stored| match declared.field_with_name(stored.name()) {
                Ok(declared) => shown(stored, declared),
                Err(_) => Arc::clone(stored),
            })
            .collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, stored.metadata().clone()));
        if schema == stored {
            return inner;
        }
        Arc::new(Self { inner, schema, origin })
    }

    /// True for a column whose values are others than those of the file.
    fn is_converted(&self, name: &str) -> bool {
        let stored = self.inner.schema();
        match (stored.field_with_name(name), self.schema.field_with_name(name)) {
            (Ok(stored), Ok(shown)) => stored.data_type() != shown.data_type(),
            _ => true,
        }
    }
}

/// A stored column under its declared type. What the file can say itself stays as the file has it.
fn shown(stored: &FieldRef, declared: &Field) -> FieldRef {
    let mut metadata = stored.metadata().clone();
    metadata.extend(named_by(declared));
    let data_type = match carries_another(declared.data_type()) {
        true => declared.data_type(),
        false => stored.data_type(),
    };
    Arc::new(Field::clone(stored).with_data_type(data_type.clone()).with_metadata(metadata))
}

/// True for the types that files hold as other ones.
fn carries_another(data_type: &DataType) -> bool {
    match data_type {
        DataType::FixedSizeBinary(16) | DataType::Time64(_) | DataType::Interval(_) => true,
        DataType::List(item) => carries_another(item.data_type()),
        _ => false,
    }
}

#[async_trait]
impl TableProvider for DeclaredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.inner.scan(session, projection, filters, limit).await?;
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        if schema.fields() == plan.schema().fields() {
            return Ok(plan);
        }
        let convert = Convert { origin: self.origin.clone(), checks_json: self.origin.is_some() };
        Ok(Arc::new(ConvertExec::new(plan, schema, convert)))
    }

    /// Filters of columns that are not what the file has are for whoever reads the rows.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let mut answers = vec![TableProviderFilterPushDown::Unsupported; filters.len()];
        let is_stored = |filter: &Expr| filter.column_refs().iter().all(|column| !self.is_converted(&column.name));
        let places: Vec<usize> = (0..filters.len()).filter(|place| is_stored(filters[*place])).collect();
        let stored: Vec<&Expr> = places.iter().map(|place| filters[*place]).collect();
        for (place, answer) in places.iter().zip(self.inner.supports_filters_pushdown(&stored)?) {
            answers[*place] = answer;
        }
        Ok(answers)
    }

    async fn insert_into(
        &self,
        session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        operation: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = stored_target(&self.inner.schema(), &self.schema);
        let convert = Convert { origin: None, checks_json: true };
        let input = Arc::new(ConvertExec::new(input, schema, convert));
        self.inner.insert_into(session, input, operation).await
    }
}

/// What rows are turned into on their way into a table. Whether NULL may be stored is for the table itself to say.
pub(crate) fn stored_target(stored: &Schema, shown: &Schema) -> SchemaRef {
    let fields = stored.fields().iter().zip(shown.fields()).map(|(stored, shown)| {
        let mut metadata = stored.metadata().clone();
        if is_json(shown) {
            metadata.extend(named_by(shown));
        }
        Field::clone(stored).with_nullable(true).with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
