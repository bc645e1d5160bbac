//! CREATE FUNCTION with a SQL expression, CREATE TEMPORARY MACRO, and DROP of both.
//!
//! What is temporary is the session's, kept among its variables: a rolled back transaction takes it away again.

use mead_catalog::Routine;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{CreateRoutine, DropRoutine, identifier_text};

use super::Runner;
use crate::plan::routine::{Definition, expand};
use crate::session::{Execution, Session};

/// Stands before the name of a function among a session's variables.
const TEMPORARY: &str = "function:";

/// Longer definitions are refused.
const DEFINITION_BYTES_MAX: usize = 1 << 20;

impl Session {
    /// One for this session alone.
    pub(crate) fn create_temporary_routine(
        &mut self,
        routine: &CreateRoutine,
        definition: &Definition,
    ) -> Result<Execution, Diagnostic> {
        let key = format!("{TEMPORARY}{}", plain_name(routine)?);
        let exists = self.settings.read(|settings| settings.get_variable(&key).is_some());
        let is_function = !routine.or_replace && !is_macro(&definition.text);
        if exists && is_function {
            if routine.if_not_exists {
                return Ok(Execution::done("CREATE FUNCTION"));
            }
            return Err(mead_catalog::Error::DuplicateRoutine(plain_name(routine)?).into());
        }
        let stored = format!("{}:{}", definition.dialect.name(), definition.text);
        self.settings.write(|settings| settings.store_variable(key, stored));
        Ok(Execution::done(if is_macro(&definition.text) { "CREATE MACRO" } else { "CREATE FUNCTION" }))
    }

    pub(crate) fn drop_temporary_routine(&mut self, drop: &DropRoutine) -> Result<Execution, Diagnostic> {
        let name = drop.name.0.last().and_then(|part| part.as_ident()).map(identifier_text).unwrap_or_default();
        let dropped = self.settings.write(|settings| settings.forget_variable(&format!("{TEMPORARY}{name}")));
        if !dropped && !drop.if_exists {
            return Err(mead_catalog::Error::UndefinedRoutine(name).into());
        }
        Ok(Execution::done("DROP FUNCTION"))
    }
}

fn is_macro(text: &str) -> bool {
    text.split_whitespace().nth(2).is_some_and(|word| word.eq_ignore_ascii_case("macro"))
}

fn plain_name(routine: &CreateRoutine) -> Result<String, Diagnostic> {
    match routine.name.0.as_slice() {
        [name] => Ok(name.as_ident().map(identifier_text).unwrap_or_default()),
        _ => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "a temporary function has no schema")),
    }
}

impl Runner {
    /// The routine is tried once, with NULL for each argument, so that its errors come now.
    pub(crate) async fn check_routine(&self, routine: &CreateRoutine) -> Result<(), Diagnostic> {
        if self.source.text.len() > DEFINITION_BYTES_MAX {
            let message = format!("a function's definition may have {DEFINITION_BYTES_MAX} bytes");
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let mut query = routine.query.clone();
        let mut names = std::collections::HashSet::new();
        let given = routine.parameters.iter().map(|parameter| {
            if !names.insert(parameter.name.as_str()) {
                let message = format!("parameter name \"{}\" used more than once", parameter.name);
                return Err(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message));
            }
            Ok((parameter.name.clone(), parameter.data_type.clone()))
        });
        let given = given.collect::<Result<Vec<_>, _>>()?;
        crate::plan::routine::put_nulls(&mut query, &given);
        self.plan_query(&query).await?;
        Ok(())
    }

    pub(crate) async fn create_routine(&self, routine: &CreateRoutine) -> Result<Execution, Diagnostic> {
        let name = self.qualify(&routine.name)?;
        self.check_routine(routine).await?;
        let made = Routine {
            schema: name.schema,
            name: name.name,
            owner: self.user.name.clone(),
            dialect: self.source.dialect,
            definition: self.source.text.clone(),
        };
        match self.engine.catalog.create_routine(&made, routine.or_replace) {
            Err(mead_catalog::Error::DuplicateRoutine(name)) if routine.if_not_exists => {
                self.notice(format!("function \"{name}\" already exists, skipping"));
            }
            created => created?,
        }
        Ok(Execution::done("CREATE FUNCTION"))
    }

    pub(crate) fn drop_routine(&self, drop: &DropRoutine) -> Result<Execution, Diagnostic> {
        let name = self.find(&drop.name, |schema, name| Ok(self.engine.catalog.routine(schema, name)?.is_some()))?;
        if let Some(found) = self.engine.catalog.routine(&name.schema, &name.name)?
            && found.owner != self.user.name
        {
            self.require_superuser("drop function of another role")?;
        }
        match self.engine.catalog.drop_routine(&name.schema, &name.name) {
            Err(mead_catalog::Error::UndefinedRoutine(name)) if drop.if_exists => {
                self.notice(format!("function \"{name}\" does not exist, skipping"));
            }
            dropped => dropped?,
        }
        Ok(Execution::done("DROP FUNCTION"))
    }

    /// Puts the expressions of users' functions in the place of calls. What is temporary comes before all other functions of
    /// the name, what is in a schema behind those that mead has.
    pub(crate) fn expand_routines(
        &self,
        statement: &mut datafusion::sql::sqlparser::ast::Statement,
    ) -> Result<(), Diagnostic> {
        let has = |name: &str| {
            let state = &self.state;
            state.scalar_functions().contains_key(name)
                || state.aggregate_functions().contains_key(name)
                || state.window_functions().contains_key(name)
        };
        let path = self.settings.search_path();
        expand(statement, &|name| {
            if let [name] = name {
                let key = format!("{TEMPORARY}{name}");
                let stored = self.settings.read(|settings| settings.get_variable(&key).map(str::to_owned));
                if let Some((dialect, text)) = stored.as_deref().and_then(|stored| stored.split_once(':')) {
                    let dialect = mead_common::Dialect::parse(dialect).unwrap_or_default();
                    return Ok(Some(Definition { text: text.to_owned(), dialect }));
                }
                if has(name) {
                    return Ok(None);
                }
            }
            find_routine(&self.engine.catalog, &path, name)
        })
    }
}

/// A function of a schema: of the one that is named, or of the first on the path that has it.
pub(crate) fn find_routine(
    catalog: &mead_catalog::Catalog,
    path: &[String],
    name: &[String],
) -> Result<Option<Definition>, Diagnostic> {
    let (schemas, name) = match name {
        [name] => (path.to_vec(), name),
        [schema, name] => (vec![schema.clone()], name),
        _ => return Ok(None),
    };
    for schema in schemas {
        if let Some(routine) = catalog.routine(&schema, name)? {
            return Ok(Some(Definition { text: routine.definition, dialect: routine.dialect }));
        }
    }
    Ok(None)
}
