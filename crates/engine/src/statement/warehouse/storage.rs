//! How a table's files are laid out, from ROW FORMAT, STORED AS and USING.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::Schema;
use mead_catalog::HiveStorage;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Buckets, FileFormat, RowFormat, Skew, VariableKind};
use mead_storage::hive::Serde;

use super::super::Runner;

/// The setting that names the format of tables that name none.
const DEFAULT_FORMAT: &str = "hive.default.fileformat";

impl Runner {
    /// What ROW FORMAT and STORED AS say, or the defaults for what they do not say.
    pub(in crate::statement) fn hive_storage(
        &self,
        row_format: Option<&RowFormat>,
        stored_as: Option<&FileFormat>,
    ) -> Result<HiveStorage, Diagnostic> {
        let default = match (row_format, stored_as) {
            (None, None) => self
                .settings
                .read(|settings| settings.kept_variable(VariableKind::Configuration, DEFAULT_FORMAT))
                .map(|name| FileFormat::Named(name.to_lowercase())),
            _ => None,
        };
        hive_storage(row_format, stored_as.or(default.as_ref()))
    }
}

/// [`Runner::hive_storage`] where a table of text is the default.
pub(in crate::statement) fn hive_storage(
    row_format: Option<&RowFormat>,
    stored_as: Option<&FileFormat>,
) -> Result<HiveStorage, Diagnostic> {
    let of_files = match stored_as {
        None => None,
        Some(FileFormat::Named(name)) => Serde::of_format(name)?,
        Some(FileFormat::Classes { input, .. }) => Serde::of_input_format(input)?,
    };
    let mut storage = HiveStorage::default();
    let serde = match row_format {
        Some(RowFormat::Serde { class, properties }) => {
            let serde = Serde::of_class(class)?;
            storage.serde.clone_from(class);
            storage.serde_properties.clone_from(properties);
            check_pair(serde, of_files)?;
            serde
        }
        Some(RowFormat::Delimited(properties)) => {
            storage.serde_properties.clone_from(properties);
            of_files.unwrap_or(Serde::LazySimple)
        }
        None => of_files.unwrap_or(Serde::LazySimple),
    };
    if storage.serde.is_empty() {
        serde.class().clone_into(&mut storage.serde);
    }
    let format = of_files.unwrap_or(serde);
    match stored_as {
        Some(FileFormat::Classes { input, output }) => {
            storage.input_format.clone_from(input);
            storage.output_format.clone_from(output);
        }
        _ => {
            format.input_format().clone_into(&mut storage.input_format);
            format.output_format().clone_into(&mut storage.output_format);
        }
    }
    // As Hive keeps it, and shows it.
    let kept = storage.serde_properties.get("field.delim").cloned().unwrap_or_else(|| "1".to_owned());
    storage.serde_properties.entry("serialization.format".to_owned()).or_insert(kept);
    Ok(storage)
}

/// A serde of lines reads no files of another kind, and the other way round.
fn check_pair(serde: Serde, of_files: Option<Serde>) -> Result<(), Diagnostic> {
    let agrees = match of_files {
        Some(Serde::Json) | None => serde.is_text() || of_files.is_none(),
        Some(files) => files == serde,
    };
    match agrees {
        true => Ok(()),
        false => {
            let files = of_files.map(Serde::format_name).unwrap_or_default();
            let class = serde.class().rsplit('.').next().unwrap_or_default();
            Err(Diagnostic::unsupported(format!("serde {class} cannot read files stored as {files}")))
        }
    }
}

/// 42703 where buckets or skew are of columns that the table has not.
pub(in crate::statement) fn check_layout(
    columns: &Schema,
    buckets: Option<&Buckets>,
    skew: Option<&Skew>,
) -> Result<(), Diagnostic> {
    let bucketed = buckets.into_iter().flat_map(|buckets| &buckets.columns).map(|name| ("CLUSTERED BY", name));
    let sorted = buckets.into_iter().flat_map(|buckets| &buckets.sorted_by).map(|(name, _)| ("SORTED BY", name));
    let skewed = skew.into_iter().flat_map(|skew| &skew.columns).map(|name| ("SKEWED BY", name));
    for (clause, name) in bucketed.chain(sorted).chain(skewed) {
        if !columns.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name)) {
            let message = format!("column \"{name}\" named in {clause} does not exist");
            return Err(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message));
        }
    }
    Ok(())
}

/// Buckets and skew change how Hive lays rows out, and not which rows there are: they are kept and shown.
pub(in crate::statement) fn add_layout(storage: &mut HiveStorage, buckets: Option<&Buckets>, skew: Option<&Skew>) {
    if let Some(buckets) = buckets {
        storage.buckets = Some(buckets.count);
        storage.bucket_columns.clone_from(&buckets.columns);
        storage.sort_columns.clone_from(&buckets.sorted_by);
    }
    if let Some(skew) = skew {
        storage.skewed_columns.clone_from(&skew.columns);
        storage.skewed_values.clone_from(&skew.values);
    }
}

/// Spark's OPTIONS as the serde properties that mean the same.
pub(in crate::statement) fn serde_properties_of(options: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let known = |key: &str| match key {
        "fielddelim" => "field.delim".to_owned(),
        "escapedelim" => "escape.delim".to_owned(),
        "collectiondelim" => "collection.delim".to_owned(),
        "mapkeydelim" => "mapkey.delim".to_owned(),
        "linedelim" => "line.delim".to_owned(),
        other => other.to_owned(),
    };
    options.iter().map(|(key, value)| (known(key), value.clone())).collect()
}
