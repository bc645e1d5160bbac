//! INSERT INTO | OVERWRITE a table, with fixed and with dynamic partitions.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, FieldRef, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use mead_catalog::pg_type::MODIFIER_METADATA;
use mead_catalog::{NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::types::EXTENSION_NAME;
use mead_parser::{HiveInsert, InsertTarget, VariableKind};
use mead_storage::hive::{DEFAULT, HIVE_TYPE, Leftovers, PartitionFile, PartitionFolders, TableWriter};

use super::super::Runner;
use super::destination::{Destination, NewFile};
use super::partition::name_of_partition;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

/// The setting that refuses partitions that all come from the rows, where it is set to `strict`.
const MODE: &str = "hive.exec.dynamic.partition.mode";

/// The setting that refuses partitions that come from the rows, where it is `false`.
const DYNAMIC: &str = "hive.exec.dynamic.partition";

/// The setting for the most partitions that one statement may make of its rows.
const PARTITIONS_MAX: &str = "hive.exec.max.dynamic.partitions";

/// Rows on their way to a table.
pub(in crate::statement) struct InsertPlan {
    pub relation: Relation,
    /// Gives the columns of the files, then those partition columns that have no fixed value, in the table's order.
    pub plan: LogicalPlan,
    pub fixed: Vec<Option<Option<String>>>,
}

impl Runner {
    pub(in crate::statement) async fn insert_hive(&self, insert: &HiveInsert) -> Result<Execution, Diagnostic> {
        let mut insert = self.plan_table_insert(insert).await?;
        *insert.plan() = self.bind(insert.plan().clone())?;
        let plan = self.state.create_physical_plan(insert.plan()).await.map_err(|error| self.report(&error))?;
        let rows = self.run_table_insert(insert, plan).await?.publish()?;
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }

    /// A statement with a plan that does all but what is done at its end.
    pub(super) async fn plan_table_insert(&self, insert: &HiveInsert) -> Result<TableInsert, Diagnostic> {
        let planned = self.plan_hive_insert(insert).await?;
        match table_kind(&planned.relation) {
            TableKind::Hive => Ok(TableInsert::Files { insert: Box::new(planned), target: insert.target.clone() }),
            TableKind::Delta | TableKind::Files => {
                Ok(TableInsert::Provider(self.plan_other_insert(planned, &insert.target).await?))
            }
        }
    }

    pub(in crate::statement) async fn plan_hive_insert(&self, insert: &HiveInsert) -> Result<InsertPlan, Diagnostic> {
        let plan = match self.plan_values(insert)? {
            Some(plan) => self.with_final_types(plan)?,
            None => self.plan_query_open(&insert.source).await?,
        };
        self.fit_to_table(plan, &insert.target)
    }

    /// A query's rows as rows of a table.
    pub(super) fn fit_to_table(&self, plan: LogicalPlan, target: &InsertTarget) -> Result<InsertPlan, Diagnostic> {
        let relation = self.insertable(target)?;
        let fixed = self.partition_values(&relation, &target.partition)?;
        let dynamic = dynamic_columns(&relation, &fixed);
        self.check_dynamic(&fixed, &dynamic)?;
        let named = target.partition.0.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
        // They are filled by their place in the query: whoever names them otherwise means another place.
        if !named.clone().eq(dynamic.iter().map(|field| field.name()).filter(|name| named.clone().any(|n| n == *name)))
        {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                "partition columns without a value must come in the table's order",
            ));
        }
        let wanted: Vec<FieldRef> = relation.new.columns.fields().iter().chain(&dynamic).cloned().collect();
        let plan = self.fitted(plan, &wanted, target, &relation)?;
        let plan = match dynamic.is_empty() {
            true => plan,
            false => self.sorted(plan, dynamic.len())?,
        };
        Ok(InsertPlan { relation, plan, fixed })
    }

    /// A plan after the rules that settle types: what its columns are of is known then.
    pub(super) fn analyzed(&self, plan: LogicalPlan) -> Result<LogicalPlan, Diagnostic> {
        let analyzed = self.state.analyzer().execute_and_check(plan, self.state.config_options(), |_, _| {});
        analyzed.map_err(|error| self.report(&error))
    }

    /// The table that rows are to go to.
    pub(super) fn insertable(&self, target: &InsertTarget) -> Result<Relation, Diagnostic> {
        let relation = self.relation_named(&target.table)?;
        if relation.is_materialized() {
            let message = format!("cannot change materialized view \"{}\"", relation.new.name);
            return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
        if relation.new.kind == RelationKind::View {
            let message = format!("cannot insert into view \"{}\"", relation.new.name);
            return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
        self.check_folders(&relation)?;
        Ok(relation)
    }

    /// Refuses to write where this user may not, whoever made the external table.
    pub(super) fn check_folders(&self, relation: &Relation) -> Result<(), Diagnostic> {
        if relation.new.kind != RelationKind::External || self.user.superuser {
            return Ok(());
        }
        let of_partitions = self.engine.catalog.partitions(relation.oid, &[])?;
        let of_partitions = of_partitions.into_iter().filter_map(|partition| partition.new.location);
        for folder in relation.new.location.iter().cloned().chain(of_partitions) {
            match folder.to_str() {
                // Where nothing is said a table lies in the data directory, where no statement may name a place.
                Some(_) if folder.starts_with(self.engine.catalog.folder()) => {}
                Some(text) => drop(self.resolve_path(text)?),
                None => return Err(mead_catalog::Error::NotUnicode(folder).into()),
            }
        }
        Ok(())
    }

    fn set_configuration(&self, key: &str) -> Option<String> {
        self.settings.read(|settings| settings.set_variable_value(VariableKind::Configuration, key))
    }

    /// As Hive refuses it; only where the setting has been made, since nothing is lost without it.
    fn check_dynamic(&self, fixed: &[Option<Option<String>>], dynamic: &[FieldRef]) -> Result<(), Diagnostic> {
        let is_off = self.set_configuration(DYNAMIC).is_some_and(|value| value.eq_ignore_ascii_case("false"));
        if is_off && !dynamic.is_empty() {
            return Err(Diagnostic::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "dynamic partitions are disabled")
                .with_hint(format!("give all partition columns fixed values, or SET {DYNAMIC} = true")));
        }
        let is_strict = self.set_configuration(MODE).is_some_and(|mode| mode.eq_ignore_ascii_case("strict"));
        if is_strict && !dynamic.is_empty() && fixed.iter().all(Option::is_none) {
            return Err(Diagnostic::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "dynamic partition strict mode requires at least one partition column with a fixed value",
            )
            .with_hint(format!("SET {MODE} = nonstrict turns this off")));
        }
        Ok(())
    }

    /// Casts a query's columns to a table's; by place, or by the names that the statement lists.
    fn fitted(
        &self,
        plan: LogicalPlan,
        wanted: &[FieldRef],
        target: &InsertTarget,
        relation: &Relation,
    ) -> Result<LogicalPlan, Diagnostic> {
        let columns = plan.schema().columns();
        let expected = if target.columns.is_empty() { wanted.len() } else { target.columns.len() };
        if columns.len() != expected {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!(
                    "the query has {} columns, and {expected} are to be inserted into table \"{}\"",
                    columns.len(),
                    relation.new.name
                ),
            ));
        }
        for (place, name) in target.columns.iter().enumerate() {
            if !wanted.iter().any(|field| field.name() == name) {
                return Err(Diagnostic::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("column \"{name}\" of relation \"{}\" does not exist", relation.new.name),
                ));
            }
            if target.columns.iter().take(place).any(|other| other == name) {
                let message = format!("column \"{name}\" specified more than once");
                return Err(Diagnostic::new(sqlstate::DUPLICATE_COLUMN, message));
            }
        }
        let mut values = Vec::with_capacity(wanted.len());
        for (place, field) in wanted.iter().enumerate() {
            let source = match target.columns.is_empty() {
                true => Some(place),
                false => target.columns.iter().position(|name| name == field.name()),
            };
            let value = match source.and_then(|place| columns.get(place)) {
                Some(column) => Expr::Column(column.clone()),
                None => self.default_of(field)?,
            };
            values.push(converted(value, field).alias(field.name()));
        }
        let report = |error| self.report(&error);
        LogicalPlanBuilder::from(plan).project(values).and_then(LogicalPlanBuilder::build).map_err(report)
    }

    /// What a column has where nothing is said of it.
    pub(super) fn default_of(&self, field: &Field) -> Result<Expr, Diagnostic> {
        let Some(text) = field.metadata().get(DEFAULT) else { return Ok(lit(ScalarValue::Null)) };
        let expression = self.state.create_logical_expr(text, &datafusion::common::DFSchema::empty());
        expression.map_err(|error| self.report(&error))
    }

    /// A query's rows sorted by the last columns, which are the partitions': then each partition's rows come together.
    pub(super) fn sorted(&self, plan: LogicalPlan, count: usize) -> Result<LogicalPlan, Diagnostic> {
        let columns = plan.schema().columns();
        let keys = columns.iter().skip(columns.len().saturating_sub(count));
        let keys: Vec<_> = keys.map(|column| Expr::Column(column.clone()).sort(true, true)).collect();
        let report = |error| self.report(&error);
        LogicalPlanBuilder::from(plan).sort(keys).and_then(LogicalPlanBuilder::build).map_err(report)
    }

    /// Writes the rows where nobody reads them yet.
    pub(super) async fn run_table_insert(
        &self,
        insert: TableInsert,
        plan: Arc<dyn ExecutionPlan>,
    ) -> Result<WrittenTable, Diagnostic> {
        let (insert, target) = match insert {
            TableInsert::Files { insert, target } => (insert, target),
            TableInsert::Provider(logical) => return Ok(WrittenTable::Done(self.count_rows(&logical, plan).await?)),
        };
        let mut destination = Destination::new(&self.engine.catalog, &insert.relation, target.overwrite)?;
        let whole: Option<Vec<Option<String>>> = insert.fixed.iter().cloned().collect();
        if let Some(values) = &whole {
            let name = name_of_partition(&insert.relation, values);
            if target.if_not_exists && !values.is_empty() && destination.has_partition(&name)? {
                return Ok(WrittenTable::Done(0));
            }
            destination.open(&name, values)?;
        }
        let rows = self.write_rows(&insert.relation.new, plan, insert.fixed, &mut destination).await?;
        if !target.overwrite {
            self.tell_unread(&insert.relation, &rows.files)?;
        }
        Ok(WrittenTable::Files { rows, destination: Box::new(destination) })
    }

    /// Refuses rows of more partitions than was said, which most often are a mistake.
    fn check_partition_count(&self, files: &[PartitionFile]) -> Result<(), Diagnostic> {
        let Some(most) = self.set_configuration(PARTITIONS_MAX).and_then(|text| text.trim().parse::<usize>().ok())
        else {
            return Ok(());
        };
        let partitions: BTreeSet<&str> = files.iter().map(|file| file.partition.as_str()).collect();
        match partitions.len() > most {
            false => Ok(()),
            true => Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("the rows are of {} partitions, and at most {most} may be made", partitions.len()),
            )
            .with_hint(format!("SET {PARTITIONS_MAX} to more"))),
        }
    }

    /// A partition that keeps older columns does not show what was inserted into newer ones.
    fn tell_unread(&self, relation: &Relation, files: &[NewFile]) -> Result<(), Diagnostic> {
        if relation.new.partitions.fields().is_empty() {
            return Ok(());
        }
        let names: BTreeSet<&str> = files.iter().map(|file| file.partition.as_str()).collect();
        for name in names {
            let known = self.engine.catalog.partition(relation.oid, name)?;
            let Some(columns) = known.and_then(|partition| partition.new.columns) else { continue };
            let fields = relation.new.columns.fields().iter();
            let unread: Vec<String> = fields
                .filter(|field| columns.field_with_name(field.name()).is_err())
                .map(|field| format!("\"{}\"", field.name()))
                .collect();
            if !unread.is_empty() {
                self.notice(format!(
                    "partition \"{name}\" has no column {}, which is NULL in it until the partition gets it",
                    unread.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Writes a plan's rows to the files of a table, which nobody reads yet.
    pub(super) async fn write_rows(
        &self,
        relation: &NewRelation,
        plan: Arc<dyn ExecutionPlan>,
        fixed: Vec<Option<Option<String>>>,
        destination: &mut (dyn PartitionFolders + Send),
    ) -> Result<WrittenRows, Diagnostic> {
        let is_dynamic = fixed.iter().any(Option::is_none);
        let mut writer = TableWriter::new(Arc::clone(&relation.columns), Arc::clone(&relation.partitions), fixed);
        let mut rows = 0;
        let mut stream = execute_stream(plan, self.state.task_ctx()).map_err(|error| self.report(&error))?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            rows += batch.num_rows() as u64;
            writer.write(&batch, destination).map_err(|error| self.write_error(error))?;
        }
        let (files, leftovers) = writer.finish().map_err(|error| self.write_error(error))?;
        if is_dynamic {
            self.check_partition_count(&files)?;
        }
        let file = |part: PartitionFile| NewFile {
            partition: part.partition,
            path: part.file.path,
            bytes: part.file.bytes,
            rows: Some(part.file.rows),
        };
        Ok(WrittenRows { rows, files: files.into_iter().map(file).collect(), leftovers })
    }
}

/// An insert that has been planned.
pub(super) enum TableInsert {
    /// Into a table whose files are written here.
    Files { insert: Box<InsertPlan>, target: InsertTarget },
    /// Into a table whose provider takes the rows.
    Provider(LogicalPlan),
}

impl TableInsert {
    pub(super) fn plan(&mut self) -> &mut LogicalPlan {
        match self {
            TableInsert::Files { insert, .. } => &mut insert.plan,
            TableInsert::Provider(plan) => plan,
        }
    }
}

/// Rows that are on disk.
pub(super) enum WrittenTable {
    /// And nobody's yet.
    Files {
        rows: WrittenRows,
        destination: Box<Destination>,
    },
    Done(u64),
}

impl WrittenTable {
    /// Makes the rows the table's. Gives their number.
    pub(super) fn publish(self) -> Result<u64, Diagnostic> {
        match self {
            WrittenTable::Files { rows, destination } => {
                let count = rows.rows;
                destination.publish(&rows.files)?;
                rows.keep();
                Ok(count)
            }
            WrittenTable::Done(count) => Ok(count),
        }
    }
}

/// Files that go with this unless they are kept.
pub(super) struct WrittenRows {
    pub rows: u64,
    pub files: Vec<NewFile>,
    leftovers: Leftovers,
}

impl WrittenRows {
    pub(super) fn keep(mut self) {
        self.leftovers.keep();
    }
}

/// The partition columns whose values the rows bring.
pub(super) fn dynamic_columns(relation: &Relation, fixed: &[Option<Option<String>>]) -> Vec<FieldRef> {
    let dynamic = relation.new.partitions.fields().iter().zip(fixed).filter(|(_, value)| value.is_none());
    dynamic.map(|(field, _)| Arc::clone(field)).collect()
}

/// A value as one of a column's type, cut to its length. Whether it is of the type already is not known before literals have
/// been given Hive's types.
pub(super) fn converted(value: Expr, field: &Field) -> Expr {
    let mut target = Field::new(field.name(), field.data_type().clone(), true);
    let length = |prefix: &str| {
        let declared = field.metadata().get(HIVE_TYPE)?;
        declared.strip_prefix(prefix)?.strip_suffix(')')?.parse::<i64>().ok()
    };
    let limit = length("varchar(").map(|letters| ("mead.varchar", letters));
    let limit = limit.or_else(|| length("char(").map(|letters| ("mead.bpchar", letters)));
    if let Some((extension, letters)) = limit {
        target = target.with_metadata(HashMap::from([
            (EXTENSION_NAME.to_owned(), extension.to_owned()),
            (MODIFIER_METADATA.to_owned(), (letters + 4).to_string()),
        ]));
    }
    Expr::Cast(Cast::new_from_field(Box::new(value), Arc::new(target)))
}

/// A statement of PostgreSQL's as one of Hive's: for tables in Hive's formats, which both may insert into.
pub(in crate::statement) fn as_hive(insert: &ast::Insert) -> Option<HiveInsert> {
    let ast::TableObject::TableName(table) = &insert.table else { return None };
    let source = insert.source.clone()?;
    let columns = insert.columns.iter().filter_map(|name| name.0.last()?.as_ident());
    let target = InsertTarget {
        table: table.clone(),
        overwrite: insert.overwrite,
        partition: mead_parser::PartitionSpec::default(),
        if_not_exists: false,
        columns: columns.map(mead_parser::identifier_text).collect(),
    };
    Some(HiveInsert { target, source })
}

/// The columns of a plan as a schema.
pub(super) fn schema_of(plan: &LogicalPlan) -> Schema {
    plan.schema().as_arrow().clone()
}
