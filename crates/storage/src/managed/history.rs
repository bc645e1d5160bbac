//! What was done to a managed table, and how it was at an earlier time.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use deltalake::DeltaTable;
use futures::TryStreamExt;
use mead_common::{Diagnostic, sqlstate};

use super::ManagedTable;
use crate::Error;
use crate::lease::Lease;
use crate::unfinished::Unfinished;

/// Which state of a table is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    Version(u64),
    /// Microseconds since 1970.
    Moment(i64),
}

/// An entry of a table's log.
#[derive(Debug, Clone, Default)]
pub struct HistoryEntry {
    pub version: i64,
    /// Microseconds since 1970.
    pub moment: Option<i64>,
    pub operation: Option<String>,
    /// As JSON.
    pub parameters: Option<String>,
    pub read_version: Option<i64>,
    pub is_blind_append: Option<bool>,
    /// As JSON.
    pub metrics: Option<String>,
    pub engine: Option<String>,
}

impl ManagedTable {
    /// The entries of the log, the newest first.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, Error> {
        let _lease = Lease::take(&self.folder);
        let table = self.open(Unfinished::new(&self.folder)).await?;
        let newest = table.version().unwrap_or(0);
        let infos: Vec<_> = table.history(None).try_collect().await.map_err(|error| self.delta(error))?;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let entry = |(place, info): (usize, deltalake::kernel::CommitInfo)| HistoryEntry {
            version: number(newest) - i64::try_from(place).unwrap_or(0),
            moment: info.timestamp.map(|millis| millis.saturating_mul(1000)),
            operation: info.operation,
            parameters: info.operation_parameters.and_then(|parameters| {
                let sorted: std::collections::BTreeMap<_, _> = parameters.into_iter().collect();
                serde_json::to_string(&sorted).ok()
            }),
            read_version: info.read_version.map(number),
            is_blind_append: info.is_blind_append,
            metrics: info.info.get("operationMetrics").map(ToString::to_string),
            engine: info.engine_info,
        };
        Ok(infos.into_iter().enumerate().map(entry).collect())
    }

    /// A provider of the rows as they were.
    pub async fn provider_as_of(&self, at: AsOf, name: &str) -> Result<Arc<dyn TableProvider>, Error> {
        let _lease = Lease::take(&self.folder);
        let table = self.open_as_of(at, name).await?;
        self.provider_of(table, Unfinished::new(&self.folder)).await
    }

    /// The table as it was; an error where there is no such version.
    pub(super) async fn open_as_of(&self, at: AsOf, name: &str) -> Result<DeltaTable, Error> {
        let mut table = self.open(Unfinished::new(&self.folder)).await?;
        let newest = table.version().unwrap_or(0);
        match at {
            AsOf::Version(version) => {
                if version > newest {
                    return Err(Diagnostic::new(
                        sqlstate::UNDEFINED_OBJECT,
                        format!("table \"{name}\" has no version {version}"),
                    )
                    .with_hint(format!("its newest version is {newest}"))
                    .into());
                }
                table.load_version(version).await.map_err(|error| self.delta(error))?;
            }
            AsOf::Moment(micros) => {
                let found = self.version_at(&table, micros).await?;
                let Some(version) = found else {
                    return Err(Diagnostic::new(
                        sqlstate::UNDEFINED_OBJECT,
                        format!("table \"{name}\" has no version as old as that"),
                    )
                    .with_hint("DESCRIBE HISTORY tells its versions")
                    .into());
                };
                table.load_version(version).await.map_err(|error| self.delta(error))?;
            }
        }
        Ok(table)
    }

    /// The newest version that was there at a moment.
    async fn version_at(&self, table: &DeltaTable, micros: i64) -> Result<Option<u64>, Error> {
        let newest = table.version().unwrap_or(0);
        let infos: Vec<_> = table.history(None).try_collect().await.map_err(|error| self.delta(error))?;
        let millis = micros.div_euclid(1000);
        let place = infos.iter().position(|info| info.timestamp.is_some_and(|moment| moment <= millis));
        Ok(place.and_then(|place| newest.checked_sub(place as u64)))
    }
}
