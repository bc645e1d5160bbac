//! What a session is: `current_user`, `current_database`, `version` and their like; and `uuid()`.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition};

static CURRENT_USER: Definition = Definition {
    name: "current_user",
    aliases: &["user"],
    run: |call| same(call, call.context.session.user()),
    description: "The user whose rights count.",
    example: "SELECT current_user();",
    ..SESSION
};

static LOGGED_IN_USER: Definition = Definition {
    name: "logged_in_user",
    aliases: &["session_user"],
    run: |call| same(call, call.context.session.session_user()),
    description: "The user who logged in.",
    example: "SELECT logged_in_user();",
    ..SESSION
};

static CURRENT_DATABASE: Definition = Definition {
    name: "current_database",
    aliases: &["current_schema"],
    run: |call| same(call, call.context.session.schema().unwrap_or_else(|| "default".to_owned())),
    description: "The database in which names are looked for first.",
    example: "SELECT current_database();",
    ..SESSION
};

static CURRENT_CATALOG: Definition = Definition {
    name: "current_catalog",
    run: |call| {
        same(call, if call.dialect == mead_common::Dialect::Hive { "hive" } else { "spark_catalog" }.to_owned())
    },
    description: "The catalog: `hive`, in Spark `spark_catalog`.",
    example: "SELECT current_catalog();",
    ..SESSION
};

static VERSION: Definition = Definition {
    name: "version",
    run: |call| same(call, format!("{} mead", env!("CARGO_PKG_VERSION"))),
    description: "The version of mead.",
    example: "SELECT version();",
    ..SESSION
};

static UUID: Definition = Definition {
    name: "uuid",
    run: |call| call.texts(|_| Some(uuid::Uuid::new_v4().to_string())),
    description: "A random UUID, for each row another.",
    example: "SELECT uuid();",
    volatility: Volatility::Volatile,
    ..SESSION
};

const SESSION: Definition = Definition { section: &SECTION, volatility: Volatility::Stable, ..BASE };

pub(super) static FUNCTIONS: &[&Definition] =
    &[&CURRENT_CATALOG, &CURRENT_DATABASE, &CURRENT_USER, &LOGGED_IN_USER, &UUID, &VERSION];

fn same(call: &Call, value: String) -> Result<ArrayRef> {
    call.texts(|_| Some(value.as_str()))
}
