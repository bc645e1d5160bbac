//! CREATE TABLE in Hive's form and Spark's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use mead_catalog::{HiveStorage, NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{CreateHiveTable, FileFormat, RowFormat};
use mead_storage::hive::{Serde, hive_field, hive_type_name};
use mead_storage::{ExternalFormat, ExternalTable};

use super::super::Runner;
use super::super::names::QualifiedName;
use super::columns::{fields_of, partitioned};
use super::destination::Destination;
use super::insert::converted;
use super::storage::{add_layout, check_layout, serde_properties_of};
use crate::session::Execution;

impl Runner {
    pub(super) async fn create_hive_table(&self, create: &CreateHiveTable) -> Result<Execution, Diagnostic> {
        let name = match create.temporary {
            true => self.qualify_temporary(&create.name)?,
            false => self.qualify(&create.name)?,
        };
        let existing = self.engine.catalog.relation(&name.schema, &name.name)?;
        if existing.is_some() && !create.or_replace {
            if create.if_not_exists {
                self.notice(format!("relation \"{}\" already exists, skipping", name.name));
                return Ok(Execution::done("CREATE TABLE"));
            }
            return Err(mead_catalog::Error::DuplicateRelation(name.name).into());
        }
        if !self.engine.catalog.schema_exists(&name.schema)? {
            return Err(mead_catalog::Error::UndefinedSchema(name.schema).into());
        }
        if let Some(like) = &create.like {
            return self.create_like(create, &name, like).await;
        }
        let rows = match &create.query {
            Some(query) => Some(self.analyzed(self.plan_query(query).await?)?),
            None => None,
        };
        let columns = match &rows {
            Some(plan) => query_columns(create, &super::insert::schema_of(plan))?,
            None if create.columns.is_empty() => self.columns_of_files(create).await?,
            None => fields_of(&create.columns)?,
        };
        let (columns, partitions) = partitioned(columns, &create.partitioned_by)?;
        if columns.is_empty() {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("table \"{}\" needs columns", name.name),
            ));
        }
        check_layout(&Schema::new(columns.clone()), create.buckets.as_ref(), create.skew.as_ref())?;
        let relation = NewRelation {
            schema: name.schema.clone(),
            name: name.name.clone(),
            kind: RelationKind::Managed,
            owner: self.user.name.clone(),
            columns: Arc::new(Schema::new(columns)),
            partitions: Arc::new(Schema::new(partitions)),
            format: None,
            location: None,
            options: BTreeMap::new(),
            columns_declared: true,
            definition: None,
            comment: create.comment.clone(),
            properties: create.properties.clone(),
            storage: None,
        };
        if self.is_delta(create) {
            let count = self.create_delta(&name, relation, rows, create.or_replace).await?;
            return Ok(done(create, count));
        }
        let relation = self.described(create, &name, relation)?;
        self.tell_ignored(create, &relation)?;
        self.check_format(&relation)?;
        let count = match rows {
            Some(plan) => self.create_filled(&relation, plan, create.or_replace).await?,
            None => {
                self.make_location(&relation)?;
                self.publish(&relation, create.or_replace)?;
                0
            }
        };
        Ok(done(create, count))
    }

    /// The columns that the files tell, where none are declared.
    async fn columns_of_files(&self, create: &CreateHiveTable) -> Result<Vec<Field>, Diagnostic> {
        let Some(location) = create.location.as_ref().or_else(|| create.options.get("path")) else {
            return Ok(Vec::new());
        };
        let storage = self.storage_of(create)?;
        let format = match Serde::of_input_format(&storage.input_format)? {
            Some(serde) => serde,
            None => Serde::of_class(&storage.serde)?,
        };
        let format = match format {
            Serde::Json => ExternalFormat::Json,
            Serde::Parquet => ExternalFormat::Parquet,
            _ => return Ok(Vec::new()),
        };
        let files = ExternalTable {
            format,
            path: self.resolve_path(location)?,
            partition_columns: Vec::new(),
            options: BTreeMap::new(),
            columns_declared: false,
        };
        let columns = mead_storage::inferred(files.infer_schema(&self.state).await?.as_ref());
        let columns = super::create_like::hive_columns(&columns)?;
        Ok(columns.fields().iter().map(|field| field.as_ref().clone()).collect())
    }

    /// Delta's where it is said, where rows are to be changed, and where Spark's dialect says nothing. A Delta table has no
    /// partitions here: one that has some is of files in Hive's formats, whose rows can be added and overwritten.
    fn is_delta(&self, create: &CreateHiveTable) -> bool {
        let named = match (&create.using, &create.stored_as) {
            (Some(using), _) => Some(using.as_str()),
            (None, Some(FileFormat::Named(name))) => Some(name.as_str()),
            _ => None,
        };
        let is_transactional = create
            .properties
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case("transactional") && value.eq_ignore_ascii_case("true"));
        let says_nothing = create.using.is_none() && create.stored_as.is_none() && create.row_format.is_none();
        let is_external = create.external || create.location.is_some();
        let is_whole = !is_external && create.partitioned_by.is_empty();
        named == Some("delta")
            || (is_whole && (is_transactional || (self.source.dialect == Dialect::Spark && says_nothing)))
    }

    /// A table in one of Hive's formats: how its files are read, and where they lie.
    fn described(
        &self,
        create: &CreateHiveTable,
        name: &QualifiedName,
        relation: NewRelation,
    ) -> Result<NewRelation, Diagnostic> {
        let mut storage = self.storage_of(create)?;
        add_layout(&mut storage, create.buckets.as_ref(), create.skew.as_ref());
        let mut columns = relation.columns;
        if Serde::of_class(&storage.serde)? == Serde::OpenCsv {
            columns = all_strings(&columns)?;
        }
        let place = create.location.as_ref().or_else(|| create.options.get("path"));
        let is_external = create.external || place.is_some();
        let location = match place {
            Some(location) => self.resolve_path(location)?,
            None if is_external => self.default_location(name)?,
            None => self.new_folder(name),
        };
        Ok(NewRelation {
            kind: if is_external { RelationKind::External } else { RelationKind::Managed },
            columns,
            format: Some(Serde::of_class(&storage.serde)?.format_name().to_owned()),
            location: Some(location),
            storage: Some(storage),
            ..relation
        })
    }

    /// Says what has no effect: it is kept and shown, and the rows are what they are without it.
    fn tell_ignored(&self, create: &CreateHiveTable, relation: &NewRelation) -> Result<(), Diagnostic> {
        let whole = Relation { oid: 0, created_at: 0, new: relation.clone() };
        let mut format = whole.table_format()?;
        format.properties.extend(create.options.clone());
        for name in format.without_effect() {
            self.notice(format!("property \"{name}\" has no effect: how files are compressed is not configurable"));
        }
        Ok(())
    }

    pub(super) fn storage_of(&self, create: &CreateHiveTable) -> Result<HiveStorage, Diagnostic> {
        let Some(using) = &create.using else {
            return self.hive_storage(create.row_format.as_ref(), create.stored_as.as_ref());
        };
        if using == "hive" {
            let mut properties = serde_properties_of(&create.options);
            let stored_as = properties.remove("fileformat").map(|name| FileFormat::Named(name.to_lowercase()));
            let row_format = (!properties.is_empty()).then_some(RowFormat::Delimited(properties));
            let row_format = create.row_format.clone().or(row_format);
            return self.hive_storage(row_format.as_ref(), stored_as.as_ref().or(create.stored_as.as_ref()));
        }
        let options =
            create.options.keys().find(|key| !["path", "compression", "serialization.format"].contains(&key.as_str()));
        if let Some(option) = options {
            let message = format!("unrecognized option \"{option}\" for tables stored as {using}");
            return Err(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
        super::storage::hive_storage(None, Some(&FileFormat::Named(using.clone())))
    }

    /// Where an external table's files lie if nothing is said: as Hive does, in its database's folder.
    pub(super) fn default_location(&self, name: &QualifiedName) -> Result<PathBuf, Diagnostic> {
        let database = self.engine.catalog.database(&name.schema)?;
        let database = database.and_then(|database| database.location).map(PathBuf::from);
        let Some(folder) = database else {
            let folder = self.engine.catalog.folder().join("external").join(format!("{}.db", plain(&name.schema)));
            return Ok(folder.join(plain(&name.name)));
        };
        // Who may not reach a folder may have no table there, whoever chose it for the database.
        let folder = folder.join(plain(&name.name));
        match folder.to_str() {
            Some(text) => self.resolve_path(text),
            None => Err(mead_catalog::Error::NotUnicode(folder).into()),
        }
    }

    pub(super) fn check_format(&self, relation: &NewRelation) -> Result<(), Diagnostic> {
        let whole = Relation { oid: 0, created_at: 0, new: relation.clone() };
        Ok(whole.table_format()?.validate(&relation.columns)?)
    }

    pub(super) fn make_location(&self, relation: &NewRelation) -> Result<(), Diagnostic> {
        if let Some(location) = &relation.location
            && !location.is_file()
        {
            let io = |source| mead_storage::Error::Io { path: location.clone(), source };
            std::fs::create_dir_all(location).map_err(io)?;
        }
        Ok(())
    }

    /// A table that has a query's rows from the beginning.
    async fn create_filled(
        &self,
        relation: &NewRelation,
        rows: LogicalPlan,
        or_replace: bool,
    ) -> Result<u64, Diagnostic> {
        if let Some(location) = relation.location.as_ref().filter(|_| relation.kind == RelationKind::External) {
            let has_files = location.exists() && !mead_storage::hive::files_below(location)?.is_empty();
            if has_files {
                return Err(Diagnostic::new(
                    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("location \"{}\" is not empty", location.display()),
                )
                .with_hint("CREATE TABLE … AS writes its rows into an empty folder"));
            }
        }
        let partitions = relation.partitions.fields();
        let wanted = relation.columns.fields().iter().chain(partitions);
        let schema = Arc::clone(rows.schema());
        let values = wanted.map(|field| {
            let place = schema
                .fields()
                .iter()
                .position(|column| mead_parser::column_name(column.name()).eq_ignore_ascii_case(field.name()));
            let column = place.map(|place| Expr::Column(schema.columns().swap_remove(place)));
            converted(column.unwrap_or_else(|| lit(ScalarValue::Null)), field).alias(field.name())
        });
        let values: Vec<Expr> = values.collect();
        let report = |error| self.report(&error);
        let mut plan =
            LogicalPlanBuilder::from(rows).project(values).and_then(LogicalPlanBuilder::build).map_err(report)?;
        if !partitions.is_empty() {
            plan = self.sorted(plan, partitions.len())?;
        }
        let mut destination = Destination::of_new(&self.engine.catalog, relation)?;
        let fixed = vec![None; partitions.len()];
        if partitions.is_empty() {
            destination.open("", &[])?;
        }
        let plan = self.state.create_physical_plan(&plan).await.map_err(report)?;
        let written = self.write_rows(relation, plan, fixed, &mut destination).await?;
        self.make_location(relation)?;
        let count = written.rows;
        if let Some(old) = destination.publish_new(&written.files, or_replace)? {
            self.remove_data(&old);
        }
        written.keep();
        Ok(count)
    }
}

fn done(create: &CreateHiveTable, count: u64) -> Execution {
    match create.query {
        Some(_) => Execution::done(format!("SELECT {count}")),
        None => Execution::done("CREATE TABLE"),
    }
}

/// OpenCSVSerde gives texts, whatever its columns were declared as.
fn all_strings(columns: &Schema) -> Result<Arc<Schema>, Diagnostic> {
    let fields = columns.fields().iter().map(|field| {
        let mut metadata = field.metadata().clone();
        metadata.extend(hive_field(field.name(), "string")?.metadata().clone());
        Ok(Field::new(field.name(), DataType::Utf8, field.is_nullable()).with_metadata(metadata))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, Diagnostic>>()?)))
}

/// The columns of CREATE TABLE … AS, as Hive's types.
fn query_columns(create: &CreateHiveTable, query: &Schema) -> Result<Vec<Field>, Diagnostic> {
    if !create.columns.is_empty() {
        return Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "CREATE TABLE … AS takes its columns from the query"));
    }
    let fields = query.fields().iter().map(|field| {
        let name = mead_parser::column_name(field.name()).to_lowercase();
        Ok(hive_field(&name, &hive_type_name(field))?)
    });
    let fields = fields.collect::<Result<Vec<Field>, Diagnostic>>()?;
    super::columns::check_names(&fields)?;
    Ok(fields)
}

/// A name as part of a path.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            plain.push(letter);
        } else {
            // Two names never have one folder.
            plain.push_str(&format!("%{:X}", u32::from(letter)));
        }
    }
    plain
}
