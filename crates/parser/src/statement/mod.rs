//! The statements, one file each.

mod alter_table;
mod change;
mod copy;
mod create_model;
mod create_table;
mod drop;
mod insert_directory;
mod materialized_view;
mod model;
mod role;
mod route;
mod routine;
mod set;
mod show;
mod transaction;
mod warehouse;

use sqlparser::ast;

pub use change::{
    AsOfText, Assignment, Change, Delete, Merge, MergeAction, MergeClause, MergeWhen, Optimize, Restore, Target,
    Update, Vacuum,
};
pub use copy::{Copy, CopyTarget};
pub use create_model::{CreateModel, ModelSource};
pub use create_table::{CreateTable, PartitionColumn};
pub use drop::{Drop, ObjectKind};
pub use insert_directory::InsertDirectory;
pub use materialized_view::{CreateMaterializedView, RefreshMaterializedView};
pub use model::{AlterModel, AlterModelAction, ExportModel};
pub use role::{CreateRole, RoleOptions, RoleSetting};
pub(crate) use route::{Failure, statement};
pub use routine::{CreateRoutine, DropRoutine, RoutineParameter};
pub use set::{Set, SetTransaction};
pub use show::{Describe, Show};
pub use transaction::TransactionModes;
pub(crate) use warehouse::row_format;
pub use warehouse::*;

pub use crate::hive::SessionCommand;

/// One statement. What is not here is refused by the parser, by name.
#[derive(Debug, Clone)]
pub enum Statement {
    AlterModel(AlterModel),
    AlterRole(CreateRole),
    AlterRoleSetting(RoleSetting),
    Begin(TransactionModes),
    /// A change of a managed table.
    Change(Box<Change>),
    /// CLOSE a cursor, or ALL of them.
    Close(Option<String>),
    Commit {
        /// AND CHAIN: another block like this one begins at once.
        chain: bool,
    },
    Copy(Box<Copy>),
    CreateDatabase {
        name: String,
        if_not_exists: bool,
    },
    CreateMaterializedView(Box<CreateMaterializedView>),
    CreateModel(Box<CreateModel>),
    CreateRole(CreateRole),
    CreateRoutine(Box<CreateRoutine>),
    CreateTable(Box<CreateTable>),
    CreateView(Box<ast::CreateView>),
    /// DEALLOCATE a prepared statement, or ALL of them.
    Deallocate(Option<String>),
    Declare {
        name: String,
        hold: bool,
        query: Box<ast::Query>,
    },
    Describe(Describe),
    /// DISCARD ALL and its parts; the word behind it, in upper case.
    Discard(String),
    Drop(Drop),
    DropRoutine(DropRoutine),
    Execute {
        name: String,
        parameters: Vec<ast::Expr>,
    },
    Explain {
        analyze: bool,
        verbose: bool,
        statement: Box<Statement>,
    },
    ExportModel(ExportModel),
    /// FETCH: how many rows forward; `None` for all.
    Fetch {
        cursor: String,
        count: Option<u64>,
    },
    Insert(Box<ast::Insert>),
    InsertDirectory(Box<InsertDirectory>),
    /// MOVE: as FETCH, without giving the rows.
    Move {
        cursor: String,
        count: Option<u64>,
    },
    /// Several inserts that read the same.
    MultiInsert(Vec<Statement>),
    Prepare {
        name: String,
        types: Vec<ast::DataType>,
        statement: Box<Statement>,
    },
    Query(Box<ast::Query>),
    RefreshMaterializedView(RefreshMaterializedView),
    /// RELEASE a savepoint.
    Release(String),
    /// RESET a setting, or ALL of them.
    Reset(Option<String>),
    Rollback {
        chain: bool,
    },
    /// ROLLBACK TO a savepoint.
    RollbackTo(String),
    Savepoint(String),
    /// A command of Hive's shell.
    SessionCommand(SessionCommand),
    Set(Set),
    SetTransaction(SetTransaction),
    Show(Show),
    /// What is known of each column of a query.
    Summarize(Box<ast::Query>),
    /// UNLISTEN: nothing listens, so nothing is left to do.
    Unlisten,
    Use(String),
    /// A statement of Hive's warehouse.
    Warehouse(Warehouse),
}

impl Statement {
    /// True for the statements that end a failed transaction block, or bring it back to where it had not failed.
    pub fn ends_transaction(&self) -> bool {
        matches!(self, Statement::Commit { .. } | Statement::Rollback { .. } | Statement::RollbackTo(_))
    }

    /// The word for what the statement changes in the database, if it changes anything: what a read-only transaction
    /// refuses. As in PostgreSQL, files that are written are no part of the database.
    pub fn writes_database(&self) -> Option<&'static str> {
        match self {
            Statement::Copy(_) | Statement::ExportModel(_) | Statement::InsertDirectory(_) => None,
            Statement::MultiInsert(inserts) => inserts.iter().find_map(Statement::writes_database),
            other => other.writes(),
        }
    }

    /// True for what PREPARE may name: queries, and statements that change something.
    pub(crate) fn can_be_prepared(&self) -> bool {
        matches!(self, Statement::Query(_)) || self.writes().is_some()
    }

    /// The word for what the statement changes outside of the session, if it changes anything.
    pub fn writes(&self) -> Option<&'static str> {
        match self {
            Statement::AlterModel(_) => Some("ALTER MODEL"),
            Statement::AlterRole(_) | Statement::AlterRoleSetting(_) => Some("ALTER ROLE"),
            Statement::Change(change) => Some(change.name()),
            Statement::Copy(_) => Some("COPY"),
            Statement::CreateDatabase { .. } => Some("CREATE DATABASE"),
            Statement::CreateMaterializedView(_) => Some("CREATE MATERIALIZED VIEW"),
            Statement::CreateModel(_) => Some("CREATE MODEL"),
            Statement::CreateRole(_) => Some("CREATE ROLE"),
            Statement::CreateRoutine(routine) if !routine.temporary => Some("CREATE FUNCTION"),
            Statement::CreateTable(_) => Some("CREATE TABLE"),
            Statement::CreateView(_) => Some("CREATE VIEW"),
            Statement::Drop(_) => Some("DROP"),
            Statement::DropRoutine(drop) if !drop.temporary => Some("DROP FUNCTION"),
            Statement::ExportModel(_) => Some("EXPORT MODEL"),
            Statement::Insert(_) => Some("INSERT"),
            Statement::InsertDirectory(_) => Some("INSERT OVERWRITE DIRECTORY"),
            Statement::MultiInsert(_) => Some("INSERT"),
            Statement::RefreshMaterializedView(_) => Some("REFRESH MATERIALIZED VIEW"),
            Statement::Warehouse(statement) => statement.writes(),
            _ => None,
        }
    }
}

/// A name as mead stores it: quoted parts as they stand, others in lower case, joined by dots.
pub fn name_text(name: &ast::ObjectName) -> String {
    let parts = name.0.iter().filter_map(|part| part.as_ident()).map(identifier_text);
    parts.collect::<Vec<_>>().join(".")
}

/// An identifier as mead stores it.
pub fn identifier_text(identifier: &ast::Ident) -> String {
    match identifier.quote_style {
        Some(_) => identifier.value.clone(),
        None => identifier.value.to_lowercase(),
    }
}
