//! TABLESAMPLE: rows, percent, or one of several buckets.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, ObjectName, TableFactor, TableSample, TableSampleBucket, TableSampleKind, TableSampleUnit, Value,
};
use mead_catalog::Catalog;
use mead_common::{Diagnostic, Dialect, sqlstate};

use crate::error::into_datafusion;
use crate::session::info::Info;

/// Plans a relation with a sample of it.
#[derive(Debug)]
pub(crate) struct SamplePlanner {
    pub dialect: Dialect,
    /// Knows by which columns a table is cut into buckets.
    pub catalog: Arc<Catalog>,
    pub info: Arc<Info>,
}

impl RelationPlanner for SamplePlanner {
    fn plan_relation(
        &self,
        mut relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let sample = match &mut relation {
            TableFactor::Table { sample, .. } | TableFactor::Derived { sample, .. } => sample.take(),
            _ => None,
        };
        let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let table = match &relation {
            TableFactor::Table { name, args: None, .. } => Some(name.clone()),
            _ => None,
        };
        let whole = context.plan(relation)?;
        let plan = self.sampled(whole, *sample, table, context)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}

impl SamplePlanner {
    fn sampled(
        &self,
        whole: LogicalPlan,
        sample: TableSample,
        table: Option<ObjectName>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        if sample.seed.is_some() {
            return Err(refused("REPEATABLE"));
        }
        if sample.name.is_some() || sample.offset.is_some() {
            return Err(refused("a method"));
        }
        if let Some(bucket) = sample.bucket {
            return self.bucket(whole, bucket, table, context);
        }
        let Some(quantity) = sample.quantity else { return Err(refused("nothing")) };
        let Some(amount) = number(&quantity.value) else { return Err(refused(&quantity.value.to_string())) };
        match quantity.unit {
            Some(TableSampleUnit::Rows) if amount.fract() == 0.0 && (0.0..9e15).contains(&amount) => {
                LogicalPlanBuilder::from(whole).limit(0, Some(amount as usize))?.build()
            }
            Some(TableSampleUnit::Percent) if (0.0..=100.0).contains(&amount) => share(whole, amount / 100.0, context),
            Some(TableSampleUnit::Percent) => Err(into_datafusion(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "sample percentage must be between 0 and 100",
            ))),
            _ => Err(refused(&quantity.value.to_string())),
        }
    }

    /// Rows whose hash falls into the bucket.
    fn bucket(
        &self,
        whole: LogicalPlan,
        bucket: TableSampleBucket,
        table: Option<ObjectName>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let whole_number = |value: &Value| match value {
            Value::Number(digits, _) => digits.parse::<i32>().ok(),
            _ => None,
        };
        let (Some(chosen), Some(count)) = (whole_number(&bucket.bucket.value), whole_number(&bucket.total.value))
        else {
            return Err(refused("BUCKET of what is no whole number"));
        };
        if count < 1 || chosen < 1 || chosen > count {
            return Err(into_datafusion(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("bucket {chosen} out of {count} is none: it must be between 1 and {count}"),
            )));
        }
        let keys = match bucket.on {
            Some(on) if is_random(&on) => return share(whole, 1.0 / f64::from(count), context),
            Some(on) => vec![context.sql_to_expr(on, whole.schema())?],
            None if self.dialect == Dialect::Spark => {
                return share(whole, f64::from(chosen) / f64::from(count), context);
            }
            None => self.bucket_columns(table.as_ref(), whole.schema())?,
        };
        let hash = function("murmur_hash", keys, context)?;
        let bits = cast(hash, DataType::Int64) & lit(i64::from(i32::MAX));
        let chosen = (bits % lit(i64::from(count))).eq(lit(i64::from(chosen - 1)));
        LogicalPlanBuilder::from(whole).filter(chosen)?.build()
    }
}

impl SamplePlanner {
    /// What the table is CLUSTERED BY; a table that is not cannot be sampled by bucket alone.
    fn bucket_columns(&self, table: Option<&ObjectName>, schema: &DFSchema) -> Result<Vec<Expr>> {
        let parts: Vec<String> = table
            .iter()
            .flat_map(|name| &name.0)
            .filter_map(|part| part.as_ident())
            .map(mead_parser::identifier_text)
            .collect();
        let (schemas, name) = match parts.as_slice() {
            [name] => (self.info.settings.search_path(), name),
            [schema, name] => (vec![schema.clone()], name),
            _ => return Err(refused("BUCKET without ON of what is no table")),
        };
        let mut columns = Vec::new();
        for known in schemas {
            if let Some(relation) = self.catalog.relation(mead_catalog::schema_name(&known), name)? {
                columns = relation.new.storage.map(|storage| storage.bucket_columns).unwrap_or_default();
                break;
            }
        }
        if columns.is_empty() {
            return Err(into_datafusion(
                Diagnostic::unsupported(format!("TABLESAMPLE (BUCKET …) without ON: table \"{name}\" has no buckets"))
                    .with_hint("write TABLESAMPLE (BUCKET x OUT OF y ON expression)"),
            ));
        }
        let found = columns.iter().map(|column| {
            let (qualifier, field) = schema.qualified_field_with_unqualified_name(column)?;
            Ok(Expr::Column(Column::from((qualifier, field))))
        });
        found.collect()
    }
}

fn is_random(on: &SqlExpr) -> bool {
    matches!(on, SqlExpr::Function(function) if function.name.to_string().eq_ignore_ascii_case("rand"))
}

/// Each row with the same chance.
fn share(whole: LogicalPlan, chance: f64, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    if chance >= 1.0 {
        return Ok(whole);
    }
    let drawn = function("random", Vec::new(), context)?;
    LogicalPlanBuilder::from(whole).filter(drawn.lt(lit(chance)))?.build()
}

fn function(name: &str, arguments: Vec<Expr>, context: &mut dyn RelationPlannerContext) -> Result<Expr> {
    match context.context_provider().get_function_meta(name) {
        Some(function) => Ok(function.call(arguments)),
        None => Err(into_datafusion(Diagnostic::internal(format!("the function {name} is not registered")))),
    }
}

fn number(value: &SqlExpr) -> Option<f64> {
    match value {
        SqlExpr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn refused(what: &str) -> datafusion::error::DataFusionError {
    into_datafusion(
        Diagnostic::unsupported(format!("TABLESAMPLE of {what} is not supported"))
            .with_hint("write TABLESAMPLE (n ROWS), (p PERCENT) or (BUCKET x OUT OF y ON expression)"),
    )
}
