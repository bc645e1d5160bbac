//! DROP: the entry first, then what belonged to it.

use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{Drop, ObjectKind, name_text};

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) fn drop(&self, drop: &Drop) -> Result<Execution, Diagnostic> {
        for name in &drop.names {
            let dropped = match drop.kind {
                ObjectKind::Database => self.drop_schema(&name_text(name), drop.cascade),
                ObjectKind::Role => self.drop_role(&name_text(name)),
                ObjectKind::Model => {
                    let name = self.find_model(name)?;
                    match self.engine.catalog.drop_model(&name.schema, &name.name)? {
                        true => Ok(()),
                        false => Err(mead_catalog::Error::UndefinedModel(name.name).into()),
                    }
                }
                ObjectKind::MaterializedView | ObjectKind::Table | ObjectKind::View => {
                    self.drop_relation(drop.kind, name)
                }
            };
            match dropped {
                Err(error) if (drop.if_exists || self.drops_what_is_not_there(drop.kind)) && is_undefined(&error) => {
                    self.notice(format!("{}, skipping", error.message));
                }
                dropped => dropped?,
            }
        }
        Ok(Execution::done(format!("DROP {}", drop.kind.keyword())))
    }

    /// Hive's `hive.exec.drop.ignorenonexistent`, which is true.
    fn drops_what_is_not_there(&self, kind: ObjectKind) -> bool {
        self.source.dialect == Dialect::Hive
            && matches!(kind, ObjectKind::MaterializedView | ObjectKind::Table | ObjectKind::View)
    }

    fn drop_relation(
        &self,
        kind: ObjectKind,
        name: &datafusion::sql::sqlparser::ast::ObjectName,
    ) -> Result<(), Diagnostic> {
        let name = self.find_relation(name)?;
        let noun = match kind {
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::View => "view",
            _ => "table",
        };
        let found = self.engine.catalog.relation(&name.schema, &name.name)?;
        let Some(found) = found else {
            return Err(mead_catalog::Error::UndefinedRelation { kind: noun, name: name.name }.into());
        };
        if found.noun() != noun {
            let error = Diagnostic::from(mead_catalog::Error::WrongKind { kind: noun, name: name.name });
            return Err(error.with_hint(format!("use DROP {}", found.noun().to_uppercase())));
        }
        if let Some(old) = self.engine.catalog.drop_relation(&name.schema, &name.name)? {
            self.remove_data(&old);
        }
        Ok(())
    }

    fn drop_schema(&self, name: &str, cascade: bool) -> Result<(), Diagnostic> {
        let catalog = &self.engine.catalog;
        if cascade {
            let name = mead_catalog::schema_name(name);
            for relation in catalog.relations(Some(name))? {
                if let Some(old) = catalog.drop_relation(name, &relation.new.name)? {
                    self.remove_data(&old);
                }
            }
            for routine in catalog.routines(name)? {
                catalog.drop_routine(name, &routine.name)?;
            }
            for model in catalog.model_versions()?.iter().filter(|model| model.schema == name) {
                catalog.drop_model(name, &model.name)?;
            }
        }
        Ok(catalog.drop_schema(name)?)
    }
}

fn is_undefined(error: &Diagnostic) -> bool {
    [sqlstate::UNDEFINED_TABLE, sqlstate::UNDEFINED_OBJECT, sqlstate::INVALID_SCHEMA_NAME].contains(&error.sqlstate)
}
