//! `current_date()`, `current_timestamp()`, and Spark's `now()`: the moment at which the statement began, as a clock of the
//! session shows it.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::SECTION;
use super::pattern::zone::Zone;
use crate::hive::convert::temporal;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [true, false]
        .map(|date| {
            let aliases =
                if date { vec!["curdate".to_owned()] } else { vec!["now".to_owned(), "localtimestamp".to_owned()] };
            Arc::new(Current { date, aliases, signature: Signature::nullary(Volatility::Stable) }.into())
        })
        .to_vec()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Current {
    date: bool,
    aliases: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for Current {
    fn name(&self) -> &str {
        if self.date { "current_date" } else { "current_timestamp" }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.date { DataType::Date32 } else { DataType::Timestamp(TimeUnit::Microsecond, None) })
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(now) = info.query_execution_start_time() else { return Ok(ExprSimplifyResult::Original(args)) };
        let zone = info.config_options().execution.time_zone.as_deref().and_then(Zone::parse).unwrap_or(Zone::Fixed(0));
        let local = zone.to_local(now.naive_utc()).unwrap_or(now.naive_utc());
        let value = match self.date {
            true => ScalarValue::Date32(Some(temporal::days(local.date()))),
            false => ScalarValue::TimestampMicrosecond(Some(local.and_utc().timestamp_micros()), None),
        };
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(value, None)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal(format!("{} was not simplified", self.name())))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(if self.date { &DATE } else { &TIMESTAMP })
    }
}

static DATE: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The date on which the statement began.", "current_date()").build()
});

static TIMESTAMP: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The moment at which the statement began.", "current_timestamp()").build()
});
