//! Casts that Hive and Spark do otherwise than DataFusion, which would report what cannot be read: they become functions.
//! Comes after DataFusion's rules, whose own casts are meant too.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use mead_common::Dialect;
use mead_functions::hive_cast;
use mead_functions::types::is_text;

use crate::plan::hive::sql_type::length;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct HiveCasts(pub Dialect);

impl AnalyzerRule for HiveCasts {
    fn name(&self) -> &str {
        "hive_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| Ok(self.function(expr, &schema)))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(rewritten.data)
    }
}

impl HiveCasts {
    fn function(&self, expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
        let Expr::Cast(Cast { expr, field }) = expr else { return Transformed::no(expr) };
        let length = length(&field).filter(|_| self.0 == Dialect::Hive);
        let Ok(from) = expr.get_type(schema) else { return Transformed::no(Expr::Cast(Cast { expr, field })) };
        if length.is_none() && is_plain(&from, field.data_type()) {
            return Transformed::no(Expr::Cast(Cast { expr, field }));
        }
        let function = Arc::new(hive_cast(&field, length, self.0));
        Transformed::yes(function.call(vec![*expr]))
    }
}

/// Casts that cannot fail and mean the same everywhere: the optimizer knows them, and moves them off columns.
fn is_plain(from: &DataType, to: &DataType) -> bool {
    let size = |data_type: &DataType| data_type.primitive_width().unwrap_or(0);
    match (from, to) {
        (from, to) if from == to || from.is_null() || to.is_null() => true,
        (from, to) if is_text(from) && is_text(to) => true,
        (from, to) if from.is_integer() && to.is_integer() => {
            size(from) <= size(to) && from.is_signed_integer() == to.is_signed_integer()
        }
        (from, to) if from.is_integer() && to.is_floating() => true,
        (DataType::Float32, DataType::Float64) => true,
        (DataType::Date32, DataType::Timestamp(..)) => true,
        (DataType::Timestamp(_, None), DataType::Timestamp(_, None)) => true,
        (DataType::Decimal128(..), DataType::Float64) => true,
        _ => false,
    }
}
