//! Finding a relation, or saying why it cannot be used.

use datafusion::sql::sqlparser::ast::ObjectName;
use mead_catalog::{Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};

use super::super::Runner;

/// How a table's rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::statement) enum TableKind {
    /// Under a Delta log.
    Delta,
    /// Files that DataFusion's own readers list: of an external table made in the PostgreSQL dialect.
    Files,
    /// Files in one of Hive's formats, whose partitions the metastore knows.
    Hive,
}

/// What a relation is, where it is a table.
pub(in crate::statement) fn table_kind(relation: &Relation) -> TableKind {
    match (relation.new.kind, &relation.new.storage) {
        (_, Some(_)) => TableKind::Hive,
        (RelationKind::Managed, None) => TableKind::Delta,
        (RelationKind::External | RelationKind::View, None) => TableKind::Files,
    }
}

impl Runner {
    /// The relation that a name stands for; 42P01 if there is none.
    pub(in crate::statement) fn relation_named(&self, name: &ObjectName) -> Result<Relation, Diagnostic> {
        let found = self.find_relation(name)?;
        match self.engine.catalog.relation(&found.schema, &found.name)? {
            Some(relation) => Ok(relation),
            None => Err(mead_catalog::Error::UndefinedRelation { kind: "table", name: found.name }.into()),
        }
    }

    /// [`Self::relation_named`] of a table; 42809 for a view.
    pub(in crate::statement) fn table_named(&self, name: &ObjectName) -> Result<Relation, Diagnostic> {
        let relation = self.relation_named(name)?;
        if relation.new.kind == RelationKind::View {
            let error = mead_catalog::Error::WrongKind { kind: "table", name: relation.new.name };
            return Err(error.into());
        }
        Ok(relation)
    }

    /// [`Self::table_named`] of a table in one of Hive's formats; 42809 for others.
    pub(in crate::statement) fn hive_table_named(
        &self,
        name: &ObjectName,
        statement: &str,
    ) -> Result<Relation, Diagnostic> {
        let relation = self.table_named(name)?;
        match table_kind(&relation) {
            TableKind::Hive => Ok(relation),
            TableKind::Delta | TableKind::Files => Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{statement} is for tables in Hive's formats, which \"{}\" is not", relation.new.name),
            )),
        }
    }
}
