//! The extended query protocol: Parse, Bind, Describe, Execute, Close.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use bytes::Bytes;
use mead_common::{Diagnostic, sqlstate};
use mead_engine::{CommandTag, KeptStatement, Prepared, ScalarValue, SourceStatement, TransactionStatus};
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended,
    TARGET_TYPE_BYTE_PORTAL, TARGET_TYPE_BYTE_STATEMENT,
};

use crate::client::Failure;
use crate::connection::{Connection, batches_of};
use crate::decode;
use crate::portal::{OpenRows, PORTAL_BYTES_MAX, PORTALS_MAX, Portal, PortalState};
use crate::rows::{RowFormat, RowStream, is_binary};
use crate::types::PgType;

/// The oid of `unknown`, which declares nothing.
const UNKNOWN_OID: u32 = 705;

impl Connection {
    pub(crate) async fn parse(&mut self, message: Parse) -> Result<(), Failure> {
        let name = message.name.unwrap_or_default();
        if name.is_empty() {
            self.unnamed = None;
        } else {
            self.session.check_statement_name(&name)?;
        }
        let declared = message.type_oids.iter().enumerate().map(|(index, &oid)| declared_type(index + 1, oid));
        let declared: Vec<Option<PgType>> = declared.collect::<Result<_, _>>()?;
        let hint = |(place, pg_type): (usize, &Option<PgType>)| {
            pg_type.map(|pg_type| Arc::new(pg_type.field(&format!("${}", place + 1))))
        };
        let hints: Vec<Option<FieldRef>> = declared.iter().enumerate().map(hint).collect();
        let source = SourceStatement::single(&self.session, &message.query)?;
        let prepared = self.client.attend(self.session.prepare(source, &hints)).await??;
        let inferred = prepared.parameter_types().iter().enumerate();
        let parameter_types = inferred
            .map(|(index, field)| declared.get(index).copied().flatten().unwrap_or_else(|| PgType::of_parameter(field)))
            .collect();
        let kept = KeptStatement::new(prepared, parameter_types);
        if name.is_empty() {
            self.unnamed = Some(Arc::new(kept));
        } else {
            self.session.keep_statement(&name, kept)?;
        }
        self.client.put(&ParseComplete::new())
    }

    pub(crate) fn bind(&mut self, message: Bind) -> Result<(), Failure> {
        let name = message.portal_name.unwrap_or_default();
        let statement_name = message.statement_name.unwrap_or_default();
        let zone = self.zone();
        let statement = self.statement(&statement_name)?;
        let codes = &message.parameter_format_codes;
        let count = message.parameters.len();
        if codes.len() > 1 && codes.len() != count {
            return Err(violation(format!(
                "bind message has {} parameter formats but {count} parameters",
                codes.len()
            )));
        }
        if count != statement.parameter_types.len() {
            return Err(violation(format!(
                "bind message supplies {count} parameters, but prepared statement \"{statement_name}\" requires {}",
                statement.parameter_types.len()
            )));
        }
        let types = statement.parameter_types.iter().zip(statement.prepared.parameter_types());
        let parameters = message.parameters.iter().zip(types).enumerate();
        let parameters = parameters.map(|(index, (bytes, (sent_as, target)))| -> Result<ScalarValue, Diagnostic> {
            let binary = match codes.as_slice() {
                [] => false,
                [all] => is_binary(*all)?,
                each => is_binary(each[index])?,
            };
            decode::parameter(index + 1, bytes.as_ref().map(Bytes::as_ref), binary, *sent_as, target.data_type(), zone)
        });
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let prepared = Arc::clone(&statement.prepared);
        let result_codes = message.result_column_format_codes;
        let format = row_format(&prepared, &result_codes)?;
        if name.is_empty() {
            self.portals.remove("");
        } else if self.portals.contains_key(&name) {
            return Err(Diagnostic::new(sqlstate::DUPLICATE_CURSOR, format!("cursor \"{name}\" already exists")).into());
        }
        let parameter_bytes = message.parameters.iter().flatten().map(Bytes::len).sum();
        self.check_room_for_portal(parameter_bytes)?;
        let state = PortalState::Bound(parameters);
        self.portals.insert(name, Portal { prepared, format, result_codes, state, parameter_bytes });
        self.client.put(&BindComplete::new())
    }

    pub(crate) fn describe(&mut self, message: &Describe) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        let format = match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => {
                let statement = self.statement(name)?;
                let oids = statement.parameter_types.iter().map(|pg_type| pg_type.oid()).collect();
                let format = row_format(&statement.prepared, &[])?;
                self.client.put(&ParameterDescription::new(oids))?;
                format
            }
            TARGET_TYPE_BYTE_PORTAL => match self.portals.get(name) {
                Some(portal) => portal.format.clone(),
                // Cursors of DECLARE are portals too, and psycopg asks for their columns.
                None => {
                    let schema = self.session.cursor_schema(name).map_err(|_| no_portal(name))?;
                    Some(Arc::new(RowFormat::new(&schema, &[])?))
                }
            },
            other => return Err(violation(format!("invalid DESCRIBE message subtype {other}"))),
        };
        match format {
            Some(format) => self.client.put(&format.description()),
            None => self.client.put(&NoData::new()),
        }
    }

    /// Runs a portal, or goes on with one. It is put back only when that went well: a portal that failed is gone.
    pub(crate) async fn execute(&mut self, message: &Execute) -> Result<(), Failure> {
        let name = message.name.clone().unwrap_or_default();
        let limit = u64::try_from(message.max_rows).ok().filter(|&rows| rows > 0);
        let mut portal = self.portals.remove(&name).ok_or_else(|| no_portal(&name))?;
        portal.state = match portal.state {
            PortalState::Bound(parameters) => {
                let mut execution = self.client.attend(self.session.execute(&portal.prepared, parameters)).await??;
                match batches_of(&mut execution) {
                    None => {
                        self.complete(&execution.tag, 0)?;
                        match execution.tag {
                            CommandTag::Empty => PortalState::Exhausted(CommandTag::Empty),
                            _ => PortalState::Done,
                        }
                    }
                    Some((schema, batches)) => {
                        let format = Arc::new(RowFormat::new(&schema, &portal.result_codes)?);
                        if !portal.format.as_ref().is_some_and(|told| told.has_types_of(&format)) {
                            return Err(Diagnostic::unsupported("cached plan must not change result type").into());
                        }
                        let rows = Box::new(RowStream::new(batches, format, self.style()));
                        let running = execution.running;
                        self.send_rows(OpenRows { rows, tag: execution.tag, running }, limit).await?
                    }
                }
            }
            PortalState::Open(open) => {
                if self.session.transaction_status() == TransactionStatus::Failed {
                    return Err(Diagnostic::new(
                        sqlstate::IN_FAILED_SQL_TRANSACTION,
                        "current transaction is aborted, commands ignored until end of transaction block",
                    )
                    .into());
                }
                if let Some(running) = &open.running {
                    self.session.resume(running);
                }
                self.send_rows(open, limit).await?
            }
            PortalState::Exhausted(tag) => {
                self.complete(&tag, 0)?;
                PortalState::Exhausted(tag)
            }
            PortalState::Done => {
                return Err(Diagnostic::new(
                    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("portal \"{name}\" cannot be run"),
                )
                .into());
            }
        };
        self.portals.insert(name, portal);
        Ok(())
    }

    async fn send_rows(&mut self, mut open: OpenRows, limit: Option<u64>) -> Result<PortalState, Failure> {
        let sent = open.rows.send(&mut self.client, limit).await?;
        if sent.complete {
            self.complete(&open.tag, sent.rows)?;
            return Ok(PortalState::Exhausted(open.tag));
        }
        if let Some(running) = &open.running {
            running.suspend();
        }
        self.client.put(&PortalSuspended::new())?;
        Ok(PortalState::Open(open))
    }

    fn statement(&self, name: &str) -> Result<Arc<KeptStatement>, Diagnostic> {
        if !name.is_empty() {
            return self.session.kept_statement(name);
        }
        self.unnamed.clone().ok_or_else(|| {
            Diagnostic::new(sqlstate::INVALID_SQL_STATEMENT_NAME, "unnamed prepared statement does not exist")
        })
    }

    fn check_room_for_portal(&self, parameter_bytes: usize) -> Result<(), Diagnostic> {
        let hint = |most: String| format!("at most {most} can be kept: close those that are not used");
        if self.portals.len() >= PORTALS_MAX {
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "too many portals in one connection")
                .with_hint(hint(PORTALS_MAX.to_string())));
        }
        let kept: usize = self.portals.values().map(|portal| portal.parameter_bytes).sum();
        if kept + parameter_bytes > PORTAL_BYTES_MAX {
            let message = "the parameters of this connection's portals are too large together";
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)
                .with_hint(hint(format!("{} MB", PORTAL_BYTES_MAX >> 20))));
        }
        Ok(())
    }

    /// Closing what is not there is no error. As in PostgreSQL, portals outlive their statement.
    pub(crate) fn close(&mut self, message: &Close) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT if name.is_empty() => self.unnamed = None,
            TARGET_TYPE_BYTE_STATEMENT => {
                self.session.forget_statement(name);
            }
            TARGET_TYPE_BYTE_PORTAL => {
                self.portals.remove(name);
            }
            other => return Err(violation(format!("invalid CLOSE message subtype {other}"))),
        }
        self.client.put(&CloseComplete::new())
    }
}

fn row_format(prepared: &Prepared, codes: &[i16]) -> Result<Option<Arc<RowFormat>>, Diagnostic> {
    match prepared.schema() {
        Some(schema) => RowFormat::new(&schema, codes).map(|format| Some(Arc::new(format))),
        None => Ok(None),
    }
}

fn declared_type(number: usize, oid: u32) -> Result<Option<PgType>, Diagnostic> {
    match oid {
        0 | UNKNOWN_OID => Ok(None),
        oid => PgType::from_oid(oid).map(Some).ok_or_else(|| {
            Diagnostic::unsupported(format!(
                "parameter ${number} is declared with a type that is not supported: oid {oid}"
            ))
            .with_hint("send it as text, and cast it in the statement")
        }),
    }
}

fn no_portal(name: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}

fn violation(message: String) -> Failure {
    Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, message).into()
}
