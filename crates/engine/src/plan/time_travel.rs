//! Tables as they were: the moment that a query names is in the session's time zone.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;
use mead_catalog::as_of_name;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AsOfText, as_of};
use mead_storage::AsOf;

use crate::error::into_datafusion;
use crate::session::info::Info;

/// Microseconds since 1970 of a moment's text.
pub(crate) fn moment(text: &str, zone: Option<&str>) -> Result<i64, Diagnostic> {
    let parsed = Tz::from_str(zone.unwrap_or("UTC")).and_then(|zone| string_to_datetime(&zone, text)).ok();
    parsed.map(|moment| moment.timestamp_micros()).ok_or_else(|| {
        Diagnostic::new(
            sqlstate::INVALID_DATETIME_FORMAT,
            format!("invalid input syntax for type timestamp: \"{text}\""),
        )
    })
}

/// A schema whose tables are also found as they were.
#[derive(Debug)]
pub(crate) struct Travelling {
    shared: Arc<dyn SchemaProvider>,
    info: Arc<Info>,
}

impl Travelling {
    pub(crate) fn new(shared: Arc<dyn SchemaProvider>, info: Arc<Info>) -> Self {
        Self { shared, info }
    }
}

#[async_trait]
impl SchemaProvider for Travelling {
    fn table_names(&self) -> Vec<String> {
        self.shared.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(named) = as_of(name) else { return self.shared.table(name).await };
        let at = match named.at {
            AsOfText::Version(version) => AsOf::Version(version),
            AsOfText::Timestamp(text) => {
                let zone = self.info.settings.get("TimeZone");
                AsOf::Moment(moment(&text, zone.as_deref()).map_err(into_datafusion)?)
            }
        };
        self.shared.table(&as_of_name(&named.name, at)).await
    }

    fn table_exist(&self, name: &str) -> bool {
        match as_of(name) {
            Some(named) => self.shared.table_exist(&named.name),
            None => self.shared.table_exist(name),
        }
    }
}
