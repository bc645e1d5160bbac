//! Tables in Hive's formats, from their entries: what there is of partitions and files, the metastore says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue};
use mead_common::Diagnostic;
use mead_storage::hive::{DataFile, HiveTable, PartitionFiles, PartitionSource, Place, Serde, TableFormat};

use crate::statistics::{ROWS, column_statistics};
use crate::{Catalog, Error, HiveStorage, Partition, Relation, RelationKind};

/// A provider of the table's rows.
pub(crate) fn hive_table(catalog: &Arc<Catalog>, relation: &Relation) -> Result<HiveTable, Error> {
    let source = MetastorePartitions { catalog: Arc::clone(catalog), relation: relation.clone() };
    let leased = (relation.new.kind == RelationKind::Managed).then(|| relation.new.location.clone()).flatten();
    let table = HiveTable::new(
        relation.new.name.clone(),
        Arc::clone(&relation.new.columns),
        Arc::clone(&relation.new.partitions),
        relation.table_format()?,
        Arc::new(source),
        leased,
    );
    Ok(table.with_statistics(known_columns(relation)))
}

/// What ANALYZE has found of the columns, as the optimizer takes it: as something that was once so.
fn known_columns(relation: &Relation) -> Vec<ColumnStatistics> {
    let found = column_statistics(&relation.new.properties);
    if found.is_empty() {
        return Vec::new();
    }
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let one = |field: &Arc<Field>| {
        let Some(known) = found.get(field.name()) else { return ColumnStatistics::new_unknown() };
        let value = |text: &Option<String>| {
            let value = ScalarValue::try_from_string(text.clone()?, field.data_type()).ok();
            value.filter(|value| !value.is_null())
        };
        let inexact = |value: Option<ScalarValue>| value.map_or(Precision::Absent, Precision::Inexact);
        ColumnStatistics {
            null_count: Precision::Inexact(count(known.nulls)),
            distinct_count: known.distinct.map_or(Precision::Absent, |number| Precision::Inexact(count(number))),
            min_value: inexact(value(&known.min)),
            max_value: inexact(value(&known.max)),
            ..ColumnStatistics::new_unknown()
        }
    };
    relation.all_columns().fields().iter().map(one).collect()
}

/// How many rows there were when somebody counted.
fn counted(properties: &BTreeMap<String, String>) -> Option<u64> {
    properties.get(ROWS)?.parse().ok()
}

impl Catalog {
    /// A provider of the rows of an external table that the metastore has no entry of.
    pub fn files_of(self: &Arc<Self>, relation: Relation) -> Result<Arc<dyn TableProvider>, Error> {
        Ok(Arc::new(hive_table(self, &relation)?))
    }
}

impl Relation {
    /// How the table's files are read; an error for a relation that is no table in one of Hive's formats.
    pub fn table_format(&self) -> Result<TableFormat, Error> {
        let Some(storage) = &self.new.storage else {
            return Err(Error::WrongKind { kind: "table in one of Hive's formats", name: self.new.name.clone() });
        };
        format_of(storage, &self.new.properties)
    }

    /// How the files of a partition are read.
    pub fn partition_format(&self, partition: &Partition) -> Result<TableFormat, Error> {
        match &partition.new.storage {
            Some(storage) => format_of(storage, &self.new.properties),
            None => self.table_format(),
        }
    }
}

fn format_of(storage: &HiveStorage, table: &BTreeMap<String, String>) -> Result<TableFormat, Error> {
    let mut properties = table.clone();
    properties.extend(storage.serde_properties.clone());
    let serde = match Serde::of_input_format(&storage.input_format)? {
        Some(serde) => serde,
        None => Serde::of_class(&storage.serde)?,
    };
    Ok(TableFormat { serde, properties })
}

#[derive(Debug)]
struct MetastorePartitions {
    catalog: Arc<Catalog>,
    relation: Relation,
}

impl MetastorePartitions {
    fn found(&self, wanted: &[Option<Vec<Option<String>>>]) -> Result<Vec<PartitionFiles>, Error> {
        let oid = self.relation.oid;
        let location = self.relation.new.location.clone().unwrap_or_default();
        let is_managed = self.relation.new.kind == RelationKind::Managed;
        if self.relation.new.partitions.fields().is_empty() {
            let place = match is_managed {
                true => Place::Files(data_files(&location, self.catalog.files(oid, None)?)),
                false => Place::Folder(location),
            };
            let rows = counted(&self.relation.new.properties);
            let (values, name) = (Vec::new(), String::new());
            return Ok(vec![PartitionFiles { values, name, place, format: None, columns: None, rows }]);
        }
        let partitions = self.catalog.partitions(oid, wanted)?;
        let mut files: BTreeMap<i64, Vec<crate::TableFile>> = BTreeMap::new();
        if is_managed {
            let ids: Vec<i64> = partitions.iter().map(|partition| partition.id).collect();
            let chosen = if wanted.iter().all(Option::is_none) { None } else { Some(&ids[..]) };
            for file in self.catalog.files(oid, chosen)? {
                files.entry(file.partition).or_default().push(file);
            }
        }
        let found = partitions.into_iter().map(|partition| {
            let place = match &partition.new.location {
                Some(folder) => Place::Folder(folder.clone()),
                None => Place::Files(data_files(&location, files.remove(&partition.id).unwrap_or_default())),
            };
            let format = match partition.new.storage {
                Some(_) => Some(self.relation.partition_format(&partition)?),
                None => None,
            };
            let rows = counted(&partition.new.parameters);
            let columns = partition.new.columns;
            Ok(PartitionFiles { values: partition.new.values, name: partition.new.name, place, format, columns, rows })
        });
        found.collect()
    }
}

impl PartitionSource for MetastorePartitions {
    fn find(&self, wanted: &[Option<Vec<Option<String>>>]) -> Result<Vec<PartitionFiles>, Diagnostic> {
        Ok(self.found(wanted)?)
    }
}

fn data_files(location: &std::path::Path, files: Vec<crate::TableFile>) -> Vec<DataFile> {
    let file = |file: crate::TableFile| {
        let path: PathBuf = location.join(file.path);
        DataFile { path, bytes: file.bytes, rows: file.rows }
    };
    files.into_iter().map(file).collect()
}
