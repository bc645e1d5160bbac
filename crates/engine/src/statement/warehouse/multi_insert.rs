//! FROM … INSERT … INSERT …: several inserts of what is read once.

use std::sync::Arc;

use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use mead_common::Diagnostic;
use mead_parser::{Statement, Warehouse};

use super::super::Runner;
use super::insert::TableInsert;
use super::insert_directory::DirectoryInsert;
use super::share::{needed, replaced, shared_part};
use crate::operator::shared_scan::{Sender, SharedScan, shared_scan};
use crate::session::Execution;

/// One of the inserts.
enum Branch {
    Directory(Box<DirectoryInsert>),
    Table(Box<TableInsert>),
}

impl Branch {
    fn plan(&mut self) -> &mut LogicalPlan {
        match self {
            Branch::Directory(insert) => &mut insert.plan,
            Branch::Table(insert) => insert.plan(),
        }
    }
}

/// Branches that read one stream of rows.
struct Shared {
    part: LogicalPlan,
    readers: Vec<SharedScan>,
    sender: Sender,
}

impl Runner {
    /// All rows are written before any are published: a branch that fails leaves all tables as they were.
    pub(in crate::statement) async fn multi_insert(&self, inserts: &[Statement]) -> Result<Execution, Diagnostic> {
        let mut branches = Vec::with_capacity(inserts.len());
        for insert in inserts {
            branches.push(match insert {
                Statement::Warehouse(Warehouse::Insert(insert)) => {
                    Branch::Table(Box::new(self.plan_table_insert(insert).await?))
                }
                Statement::InsertDirectory(insert) => Branch::Directory(Box::new(self.plan_directory(insert).await?)),
                _ => return Err(Diagnostic::internal("a branch of several inserts is none")),
            });
        }
        for branch in &mut branches {
            let plan = branch.plan();
            *plan = self.analyzed(self.bind(plan.clone())?)?;
        }
        let report = |error| self.report(&error);
        let shared = share(&mut branches).map_err(report)?;
        let mut plans = Vec::with_capacity(branches.len());
        for branch in &mut branches {
            plans.push(self.state.create_physical_plan(branch.plan()).await.map_err(report)?);
        }
        let rows = match shared {
            Some(shared) => self.run_shared(branches, plans, shared).await?,
            None => {
                let mut written = Vec::with_capacity(branches.len());
                for (branch, plan) in branches.into_iter().zip(plans) {
                    written.push(self.run_branch(branch, plan).await?);
                }
                publish(written)?
            }
        };
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }

    async fn run_shared(
        &self,
        branches: Vec<Branch>,
        plans: Vec<Arc<dyn ExecutionPlan>>,
        shared: Shared,
    ) -> Result<u64, Diagnostic> {
        let report = |error| self.report(&error);
        // What no plan reads, or what reads in vain, must not make the others wait.
        shared.readers.iter().filter(|reader| reader.needs().scans == 0).for_each(SharedScan::close);
        let (rows, columns) = needed(&shared.part, &shared.readers).map_err(report)?;
        let rows = self.state.create_physical_plan(&rows).await.map_err(report)?;
        let rows = execute_stream(rows, self.state.task_ctx()).map_err(report)?;
        drop(shared.readers);
        let sending = shared.sender.send(columns, rows);
        let writing = branches.into_iter().zip(plans).map(|(branch, plan)| self.run_branch(branch, plan));
        let writing = futures::future::try_join_all(writing);
        let (sent, written) = futures::join!(sending, writing);
        let written = written?;
        sent.map_err(report)?;
        publish(written)
    }

    async fn run_branch(&self, branch: Branch, plan: Arc<dyn ExecutionPlan>) -> Result<Written, Diagnostic> {
        match branch {
            Branch::Directory(insert) => Ok(Written::Directory(self.write_directory(*insert, plan).await?)),
            Branch::Table(insert) => Ok(Written::Table(self.run_table_insert(*insert, plan).await?)),
        }
    }
}

/// What waits to be published.
enum Written {
    Directory(super::insert_directory::WrittenDirectory),
    Table(super::insert::WrittenTable),
}

fn publish(written: Vec<Written>) -> Result<u64, Diagnostic> {
    let mut rows = 0;
    for written in written {
        rows += match written {
            Written::Directory(directory) => directory.publish()?,
            Written::Table(table) => table.publish()?,
        };
    }
    Ok(rows)
}

/// Lets the branches read one stream, where they have a part in common.
fn share(branches: &mut [Branch]) -> DataFusionResult<Option<Shared>> {
    let plans: Vec<LogicalPlan> = branches.iter_mut().map(|branch| branch.plan().clone()).collect();
    let Some(part) = shared_part(&plans)? else { return Ok(None) };
    let (readers, sender) = shared_scan(part.schema().as_arrow(), branches.len());
    for ((branch, plan), reader) in branches.iter_mut().zip(plans).zip(&readers) {
        *branch.plan() = replaced(plan, &part, reader)?;
    }
    Ok(Some(Shared { part, readers, sender }))
}
