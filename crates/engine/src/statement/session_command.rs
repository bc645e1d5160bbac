//! SET as Hive's shell has it: keys and variables that a script brings along.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use mead_common::{Diagnostic, Dialect, Notice};
use mead_parser::{SessionCommand, VariableKind};

use super::explain::rows;
use crate::session::settings::Scope;
use crate::session::variables::Effect;
use crate::session::{Execution, Session};

/// The columns of what is shown; none for an assignment. Spark has one for the key and one for the value.
pub(super) fn schema(command: &SessionCommand, dialect: Dialect) -> Option<SchemaRef> {
    if let SessionCommand::Assign { .. } = command {
        return None;
    }
    let names: &[&str] = if dialect == Dialect::Spark { &["key", "value"] } else { &["set"] };
    Some(Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>())))
}

impl Session {
    pub(crate) fn session_command(
        &mut self,
        command: &SessionCommand,
        dialect: Dialect,
    ) -> Result<Execution, Diagnostic> {
        let listed = match command {
            SessionCommand::Assign { kind, key, value } => {
                self.assign(*kind, key, value)?;
                return Ok(Execution::done("SET"));
            }
            SessionCommand::Show { kind, key } => vec![(key.clone(), self.value_of(*kind, key))],
            SessionCommand::List { all } => self
                .settings
                .read(|settings| settings.variables(*all))
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect(),
        };
        let schema = schema(command, dialect).ok_or_else(|| Diagnostic::internal("SET shows nothing"))?;
        let columns: Vec<ArrayRef> = match dialect {
            Dialect::Spark => {
                let keys = listed.iter().map(|(key, _)| Some(key.as_str()));
                let values = listed.iter().map(|(_, value)| Some(value.as_deref().unwrap_or("<undefined>")));
                vec![Arc::new(StringArray::from_iter(keys)), Arc::new(StringArray::from_iter(values))]
            }
            _ => {
                let lines = listed.iter().map(|(key, value)| match value {
                    Some(value) => Some(format!("{key}={value}")),
                    None => Some(format!("{key} is undefined")),
                });
                vec![Arc::new(StringArray::from_iter(lines))]
            }
        };
        Ok(Execution::uncounted_rows(rows(&schema, columns)?, "SET"))
    }

    fn value_of(&self, kind: VariableKind, key: &str) -> Option<String> {
        let kept = self.settings.read(|settings| settings.kept_variable(kind, key));
        kept.or_else(|| (kind == VariableKind::Configuration).then(|| self.settings.get(key)).flatten())
    }

    /// One of mead's own settings by its name, and else a key or a variable of Hive's.
    fn assign(&mut self, kind: VariableKind, key: &str, value: &str) -> Result<(), Diagnostic> {
        let is_own = kind == VariableKind::Configuration && self.settings.get(key).is_some() && !key.contains('.');
        if is_own {
            let value = SessionCommand::plain_value(value);
            return self.settings.write(|settings| match value.eq_ignore_ascii_case("default") {
                true => settings.reset(key, Scope::Session),
                false => settings.set(key, value, Scope::Session),
            });
        }
        let effect = self.settings.write(|settings| settings.set_variable(kind, key, value))?;
        if effect == Effect::None {
            self.tell(Notice::notice(format!("setting \"{key}\" is kept but has no effect")));
        }
        Ok(())
    }
}
