//! Columns of Parquet files by their names in any case, as Hive finds them: its own are in lower case, those of the programs that
//! write files are often not.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct AnyCase;

impl PhysicalExprAdapterFactory for AnyCase {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let named = in_table_names(&table, &file);
        let inner = DefaultPhysicalExprAdapterFactory.create(table, Arc::clone(&named))?;
        Ok(if named == file { inner } else { Arc::new(Named { inner, file }) })
    }
}

/// The file's columns under the table's names. A column that has such a name exactly comes before one that has it in other
/// letters.
fn in_table_names(table: &Schema, file: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Field> = file.fields().iter().map(|field| field.as_ref().clone()).collect();
    for wanted in table.fields().iter().map(|field| field.name()) {
        if fields.iter().any(|field| field.name() == wanted) {
            continue;
        }
        if let Some(field) = fields.iter_mut().find(|field| field.name().eq_ignore_ascii_case(wanted)) {
            *field = field.clone().with_name(wanted);
        }
    }
    Arc::new(Schema::new_with_metadata(fields, file.metadata().clone()))
}

/// Gives columns back the names that they have in the file.
#[derive(Debug)]
struct Named {
    inner: Arc<dyn PhysicalExprAdapter>,
    file: SchemaRef,
}

impl PhysicalExprAdapter for Named {
    fn rewrite(&self, expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let expression = self.inner.rewrite(expression)?;
        let named = expression.transform(|part| {
            let Some(column) = part.downcast_ref::<Column>() else { return Ok(Transformed::no(part)) };
            let index = column.index();
            let name = self.file.field(index).name();
            Ok(Transformed::yes(Arc::new(Column::new(name, index)) as Arc<dyn PhysicalExpr>))
        })?;
        Ok(named.data)
    }
}
