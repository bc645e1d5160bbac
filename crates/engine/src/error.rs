//! DataFusion's errors, as a Postgres client should read them.
//!
//! What our own rooms say travels through DataFusion as a boxed [`Diagnostic`] and comes back here unchanged. What
//! DataFusion and Arrow say is sorted by its variant first and, where the variant is only "plan error", by its wording.

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, SqlState, sqlstate};

use crate::plan::search_path::SEARCH_PATH;

/// The report inside an error of a plan or of a result stream.
pub fn diagnostic_of(error: &DataFusionError) -> Diagnostic {
    match error {
        DataFusionError::Context(_, inner) => diagnostic_of(inner),
        DataFusionError::Diagnostic(_, inner) => diagnostic_of(inner),
        DataFusionError::Shared(inner) => diagnostic_of(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => diagnostic_of(first),
            None => Diagnostic::internal("an empty list of errors"),
        },
        DataFusionError::External(inner) => external(inner.as_ref()),
        DataFusionError::ArrowError(inner, _) => arrow(inner),
        DataFusionError::SchemaError(inner, _) => schema(inner),
        DataFusionError::NotImplemented(message) => not_implemented(message),
        DataFusionError::ResourcesExhausted(message) => Diagnostic::new(sqlstate::OUT_OF_MEMORY, "out of memory")
            .with_detail(tidy(message))
            .with_hint("raise the server's memory limit, or make the statement hold less at once"),
        DataFusionError::SQL(inner, _) => Diagnostic::new(sqlstate::SYNTAX_ERROR, tidy(&inner.to_string())),
        DataFusionError::Plan(message) => plan(message),
        DataFusionError::Configuration(message) => Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, tidy(message)),
        DataFusionError::IoError(inner) => io(inner),
        DataFusionError::ObjectStore(inner) => object_store(&inner.to_string()),
        DataFusionError::ParquetError(inner) => {
            Diagnostic::new(sqlstate::DATA_CORRUPTED, format!("could not read Parquet data: {inner}"))
        }
        DataFusionError::Execution(message) => execution(message),
        DataFusionError::ExecutionJoin(inner) => Diagnostic::internal(format!("a task of the query failed: {inner}")),
        DataFusionError::Internal(message) => Diagnostic::internal(tidy(message)),
        other => Diagnostic::internal(tidy(&other.to_string())),
    }
}

/// A type that the parser took for somebody's own is one that there is not.
fn not_implemented(message: &str) -> Diagnostic {
    match message.strip_prefix("Unsupported SQL type ") {
        Some(name) if name.chars().all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_') => {
            Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("type \"{name}\" does not exist"))
        }
        _ => Diagnostic::unsupported(tidy(message)),
    }
}

/// A report wrapped so that it can travel through DataFusion.
pub(crate) fn into_datafusion(diagnostic: Diagnostic) -> DataFusionError {
    DataFusionError::External(Box::new(diagnostic))
}

fn external(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Diagnostic {
    if let Some(diagnostic) = error.downcast_ref::<Diagnostic>() {
        return diagnostic.duplicate();
    }
    if let Some(inner) = error.downcast_ref::<DataFusionError>() {
        return diagnostic_of(inner);
    }
    if let Some(inner) = error.downcast_ref::<ArrowError>() {
        return arrow(inner);
    }
    if let Some(inner) = error.downcast_ref::<std::io::Error>() {
        return io(inner);
    }
    // The report may sit further down, below an error of a library that carried it.
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(diagnostic) = inner.downcast_ref::<Diagnostic>() {
            return diagnostic.duplicate();
        }
        if let Some(inner) = inner.downcast_ref::<DataFusionError>() {
            return diagnostic_of(inner);
        }
        source = inner.source();
    }
    object_store(&error.to_string())
}

fn arrow(error: &ArrowError) -> Diagnostic {
    match error {
        ArrowError::ExternalError(inner) => external(inner.as_ref()),
        ArrowError::DivideByZero => Diagnostic::new(sqlstate::DIVISION_BY_ZERO, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => {
            Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range").with_detail(message.clone())
        }
        ArrowError::CastError(message) | ArrowError::ParseError(message) => cast(message),
        ArrowError::MemoryError(message) => Diagnostic::new(sqlstate::OUT_OF_MEMORY, message.clone()),
        ArrowError::CsvError(message) => Diagnostic::new(sqlstate::BAD_COPY_FILE_FORMAT, message.clone()),
        ArrowError::JsonError(message) => Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, message.clone()),
        ArrowError::ParquetError(message) => Diagnostic::new(sqlstate::DATA_CORRUPTED, message.clone()),
        ArrowError::NotYetImplemented(message) => Diagnostic::unsupported(message.clone()),
        ArrowError::IoError(_, inner) => io(inner),
        ArrowError::ComputeError(message) | ArrowError::InvalidArgumentError(message) => execution(message),
        other => Diagnostic::new(sqlstate::DATA_EXCEPTION, other.to_string()),
    }
}

/// `Cannot cast string 'abc' to value of Int64 type` as Postgres words it.
fn cast(message: &str) -> Diagnostic {
    let quoted = message.split('\'').nth(1);
    let target = message.rsplit("value of ").next().and_then(|rest| rest.strip_suffix(" type"));
    if let (Some(value), Some(target)) = (quoted, target)
        && message.starts_with("Cannot cast string")
    {
        let target = type_name(target);
        return match target.as_str() {
            "date" | "time" | "timestamp" => datetime(&target, value),
            "smallint" | "integer" | "bigint" if is_whole(value) => Diagnostic::new(
                sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                format!("value \"{value}\" is out of range for type {target}"),
            ),
            _ => Diagnostic::new(
                sqlstate::INVALID_TEXT_REPRESENTATION,
                format!("invalid input syntax for type {target}: \"{value}\""),
            ),
        };
    }
    if let Some(rest) = message.strip_prefix("Error parsing timestamp from '") {
        return datetime("timestamp", rest.split('\'').next().unwrap_or_default());
    }
    if message.contains("is too large to store in a Decimal") {
        return Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")
            .with_detail(tidy(message));
    }
    if message.contains("Can't cast value") || message.contains("out of range") || message.contains("overflow") {
        return Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, tidy(message));
    }
    Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, tidy(message))
}

/// True for digits, perhaps with a sign.
fn is_whole(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// A text that is no date or time: one of digits in their places names a day or an hour that there is not.
fn datetime(target: &str, value: &str) -> Diagnostic {
    let is_formed = value.starts_with(|c: char| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | ' ' | 'T' | '+' | 'Z'));
    match is_formed {
        true => Diagnostic::new(
            sqlstate::DATETIME_FIELD_OVERFLOW,
            format!("date/time field value out of range: \"{value}\""),
        ),
        false => Diagnostic::new(
            sqlstate::INVALID_DATETIME_FORMAT,
            format!("invalid input syntax for type {target}: \"{value}\""),
        ),
    }
}

/// Postgres's word for an Arrow type's name.
pub(crate) fn type_name(arrow: &str) -> String {
    match arrow {
        "Int8" | "UInt8" | "Int16" => "smallint",
        "Int32" | "UInt16" => "integer",
        "Int64" | "UInt32" => "bigint",
        "UInt64" => "numeric",
        "Float16" | "Float32" => "real",
        "Float64" => "double precision",
        "Utf8" | "LargeUtf8" | "Utf8View" => "text",
        "Binary" | "LargeBinary" | "BinaryView" => "bytea",
        "Boolean" => "boolean",
        "Date32" | "Date64" => "date",
        "FixedSizeBinary(16)" => "uuid",
        other if other.starts_with("Decimal") => "numeric",
        other if other.starts_with("Timestamp") => "timestamp",
        other if other.starts_with("Time") => "time",
        other if other.starts_with("Interval") => "interval",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn schema(error: &SchemaError) -> Diagnostic {
    match error {
        SchemaError::AmbiguousReference { field } => {
            Diagnostic::new(sqlstate::AMBIGUOUS_COLUMN, format!("column reference \"{}\" is ambiguous", field.name))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Diagnostic::new(sqlstate::DUPLICATE_COLUMN, format!("column \"{name}\" specified more than once"))
        }
        SchemaError::FieldNotFound { field, valid_fields } => {
            let name = match &field.relation {
                Some(relation) => format!("{}.{}", relation.table(), field.name),
                None => format!("\"{}\"", field.name),
            };
            let report = Diagnostic::new(sqlstate::UNDEFINED_COLUMN, format!("column {name} does not exist"));
            let nearest = nearest(&field.name, valid_fields.iter().map(|column| column.name.as_str()));
            match nearest {
                Some(nearest) => report.with_hint(format!("perhaps you meant the column \"{nearest}\"")),
                None => report,
            }
        }
    }
}

/// The name most like `wanted`, if one is near enough to be worth a hint.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    names
        .map(|name| (datafusion::common::utils::datafusion_strsim::levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3) && *distance < wanted.len().max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `Utf8` for a column of `FixedSizeBinary(16)`, and the like: an assignment for which there is no cast.
fn not_assignable(from: &str, to: &str) -> Diagnostic {
    let message = format!("a value of type {} cannot be stored in a column of type {}", type_name(from), type_name(to));
    Diagnostic::new(sqlstate::DATATYPE_MISMATCH, message).with_hint("you will need to rewrite or cast the expression")
}

fn plan(message: &str) -> Diagnostic {
    if let Some((from, to)) =
        between(message, "Cannot automatically convert ", "").and_then(|types| types.split_once(" to "))
    {
        return not_assignable(from, to);
    }
    if let Some(name) = between(message, "table '", "' not found") {
        return undefined_relation(name);
    }
    if let Some(name) = between(message, "Invalid function '", "'") {
        let report = Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, format!("function {name} does not exist"));
        return match between(message, "Did you mean '", "'") {
            Some(other) => report.with_hint(format!("perhaps you meant the function {other}")),
            None => report.with_hint("no function matches the given name; functions are listed by \\df"),
        };
    }
    if let Some(name) = between(message, "table function '", "' not found") {
        return Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, format!("table function {name} does not exist"));
    }
    if let Some(name) = between(message, "failed to resolve schema: ", "") {
        return Diagnostic::new(sqlstate::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist"));
    }
    if let Some(name) = between(message, "failed to resolve catalog: ", "") {
        return Diagnostic::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("cross-database references are not implemented: \"{name}\""),
        );
    }
    if message.contains("must appear in the GROUP BY clause")
        && let Some(column) = between(message, "column \"", "\"")
    {
        return Diagnostic::new(
            sqlstate::GROUPING_ERROR,
            format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function"),
        );
    }
    if message.contains("Projections require unique expression names")
        && let Some(name) =
            between(message, " AS ", "\" at position").or_else(|| between(message, "expression \"", "\" at"))
    {
        return Diagnostic::new(sqlstate::DUPLICATE_COLUMN, format!("column \"{name}\" specified more than once"));
    }
    let state = plan_state(message);
    Diagnostic::new(state, tidy(message))
}

fn plan_state(message: &str) -> SqlState {
    let has = |needle: &str| message.contains(needle);
    if has("must appear in the GROUP BY")
        || has("must be in GROUP BY")
        || has("aggregate function calls cannot be nested")
    {
        sqlstate::GROUPING_ERROR
    } else if has("Cannot infer common") || has("Cannot coerce") || has("failed to match any signature") {
        sqlstate::UNDEFINED_FUNCTION
    } else if has("coerc") || has("Incompatible") || has("data type") {
        sqlstate::DATATYPE_MISMATCH
    } else if has("expects") && has("arguments") || has("expected") && has("arguments") {
        sqlstate::UNDEFINED_FUNCTION
    } else if has("ambiguous") || has("Ambiguous") {
        sqlstate::AMBIGUOUS_COLUMN
    } else if has("Projections require unique expression names") || has("duplicate") {
        sqlstate::DUPLICATE_COLUMN
    } else if has("Unsupported") || has("not supported") || has("not implemented") {
        sqlstate::FEATURE_NOT_SUPPORTED
    } else {
        sqlstate::SYNTAX_ERROR
    }
}

/// `relation "x" does not exist`, by the name the user wrote (DataFusion's has the default catalog and schema in front).
pub(crate) fn undefined_relation(name: &str) -> Diagnostic {
    // What stands behind a table's name tells when it is meant.
    let name = name.split('\u{1}').filter(|part| !part.contains('=')).collect::<Vec<_>>().join("\u{1}");
    let name = name.as_str();
    let name = match name.rsplit_once(&format!("{SEARCH_PATH}.")) {
        Some((_, name)) => name,
        None => name.strip_prefix("default.public.").or_else(|| name.strip_prefix("default.")).unwrap_or(name),
    };
    if name.matches('.').count() > 1 {
        return Diagnostic::unsupported(format!("cross-database references are not implemented: \"{name}\""));
    }
    Diagnostic::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{name}\" does not exist"))
}

fn execution(message: &str) -> Diagnostic {
    let has = |needle: &str| message.contains(needle);
    if let Some((from, to)) = between(message, "no valid cast exists, received data of type ", "")
        .and_then(|types| types.split_once(" for field of type "))
    {
        return not_assignable(from, to);
    }
    if has("Divide by zero") || has("divide by zero") || has("division by zero") {
        Diagnostic::new(sqlstate::DIVISION_BY_ZERO, "division by zero")
    } else if has("more than one row") {
        Diagnostic::new(
            sqlstate::CARDINALITY_VIOLATION,
            "more than one row returned by a subquery used as an expression",
        )
    } else if has("is too large to store in a Decimal") || has("is too small to store in a Decimal") {
        Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow").with_detail(tidy(message))
    } else if has("Failed to decode value using hex") {
        Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, "invalid hexadecimal data").with_detail(tidy(message))
    } else if has("verflow") {
        Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range").with_detail(tidy(message))
    } else if has("No such file or directory") || has("not found") && has("Object at location") {
        object_store(message)
    } else if has("Cannot cast") {
        cast(message)
    } else {
        Diagnostic::new(sqlstate::DATA_EXCEPTION, tidy(message))
    }
}

fn object_store(message: &str) -> Diagnostic {
    let state = if message.contains("not found") || message.contains("No such file") {
        sqlstate::UNDEFINED_FILE
    } else if message.contains("No space left") {
        sqlstate::DISK_FULL
    } else if message.contains("Permission denied") {
        sqlstate::INSUFFICIENT_PRIVILEGE
    } else {
        sqlstate::IO_ERROR
    };
    Diagnostic::new(state, tidy(message))
}

fn io(error: &std::io::Error) -> Diagnostic {
    let state = match error.kind() {
        std::io::ErrorKind::NotFound => sqlstate::UNDEFINED_FILE,
        std::io::ErrorKind::PermissionDenied => sqlstate::INSUFFICIENT_PRIVILEGE,
        std::io::ErrorKind::StorageFull => sqlstate::DISK_FULL,
        _ => sqlstate::IO_ERROR,
    };
    Diagnostic::new(state, error.to_string())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let rest = &text[start..];
    if after.is_empty() { Some(rest.lines().next().unwrap_or(rest)) } else { rest.find(after).map(|end| &rest[..end]) }
}

/// The house's form of a library's message: first letter lowercase unless it begins a name or an acronym, no full stop.
fn tidy(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let mut letters = message.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            let rest: String = message.chars().skip(1).collect();
            format!("{}{rest}", first.to_lowercase())
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_our_own_comes_back_unchanged() {
        let inner = Diagnostic::new(sqlstate::DISK_FULL, "no room").with_hint("make some");
        let error = into_datafusion(inner).context("while writing");
        let report = diagnostic_of(&error);
        assert_eq!((report.sqlstate, report.message.as_str()), (sqlstate::DISK_FULL, "no room"));
        assert_eq!(report.hint.as_deref(), Some("make some"));
    }

    #[test]
    fn a_bad_cast_reads_as_in_postgres() {
        let error = ArrowError::CastError("Cannot cast string 'abc' to value of Int64 type".to_owned());
        let report = diagnostic_of(&DataFusionError::from(error));
        assert_eq!(report.message, "invalid input syntax for type bigint: \"abc\"");
        assert_eq!(report.sqlstate, sqlstate::INVALID_TEXT_REPRESENTATION);
    }
}
