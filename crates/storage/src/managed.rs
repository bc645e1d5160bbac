//! Managed tables: folders of Parquet files under a Delta log, which belong to mead.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{StructField, StructType};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use crate::{DurableFileSystem, Error, durable};

/// One managed table, by its folder.
#[derive(Debug, Clone)]
pub struct ManagedTable {
    folder: PathBuf,
}

impl ManagedTable {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The schema a managed table keeps for a query's or a definition's columns: Delta has fewer types than Arrow. Types
    /// that hold the same values are put in place of those it lacks; others are refused by name.
    pub fn stored_schema(schema: &Schema) -> Result<SchemaRef, Error> {
        let fields: Vec<FieldRef> = schema.fields().iter().map(stored_field).collect::<Result<_, _>>()?;
        Ok(Arc::new(Schema::new(fields)))
    }

    /// Makes the folder and the first entry of the log. `schema` is one that [`Self::stored_schema`] gave.
    pub async fn create(&self, schema: &Schema) -> Result<(), Error> {
        std::fs::create_dir_all(&self.folder).map_err(|source| Error::io(&self.folder, source))?;
        let struct_type: StructType =
            schema.try_into_kernel().map_err(|error| self.delta(DeltaTableError::from(error)))?;
        let columns: Vec<StructField> = struct_type.fields().cloned().collect();
        let table = self.builder()?.build().map_err(|error| self.delta(error))?;
        table.create().with_columns(columns).await.map_err(|error| self.delta(error))?;
        Ok(())
    }

    /// A provider of the rows as they are now, which also takes INSERT.
    pub async fn provider(&self) -> Result<Arc<dyn TableProvider>, Error> {
        let table = self.open().await?;
        Ok(table.table_provider().await?)
    }

    /// Removes the folder. The metastore's entry must be gone before.
    pub fn remove(&self) -> Result<(), Error> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&self.folder, source)),
            _ => Ok(()),
        }
    }

    async fn open(&self) -> Result<DeltaTable, Error> {
        self.builder()?.load().await.map_err(|error| self.delta(error))
    }

    fn builder(&self) -> Result<DeltaTableBuilder, Error> {
        let url: Url = durable::file_url(&self.folder, true)?;
        let builder = DeltaTableBuilder::from_url(url.clone()).map_err(|error| self.delta(error))?;
        Ok(builder.with_storage_backend(Arc::new(DurableFileSystem::new()), url))
    }

    fn delta(&self, source: DeltaTableError) -> Error {
        Error::Delta { location: self.folder.display().to_string(), source: Box::new(source) }
    }
}

fn stored_field(field: &FieldRef) -> Result<FieldRef, Error> {
    let data_type = stored_type(field.name(), field.data_type())?;
    let metadata: HashMap<String, String> = field.metadata().clone();
    Ok(Arc::new(Field::new(field.name(), data_type, field.is_nullable()).with_metadata(metadata)))
}

fn stored_type(column: &str, data_type: &DataType) -> Result<DataType, Error> {
    let child = |field: &FieldRef| -> Result<FieldRef, Error> {
        let inner = stored_type(column, field.data_type())?;
        Ok(Arc::new(Field::new(field.name(), inner, field.is_nullable())))
    };
    Ok(match data_type {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Dictionary(_, value) => stored_type(column, value)?,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => DataType::List(child(field)?),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(child).collect::<Result<Vec<_>, _>>()?.into()),
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Decimal128(_, _)
        | DataType::Map(_, _) => data_type.clone(),
        other => {
            return Err(Error::ManagedType { column: column.to_owned(), data_type: other.to_string() });
        }
    })
}
