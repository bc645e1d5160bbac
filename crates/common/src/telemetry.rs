//! Where the server's log goes: standard error, one line an event, filtered by `MEAD_LOG` (tracing's filter syntax).

/// The filter used when `MEAD_LOG` is not set.
pub const DEFAULT_FILTER: &str = "warn,mead=info,deltalake_core=error";

/// The filter to start with: `MEAD_LOG`, or the default.
pub fn filter() -> String {
    std::env::var("MEAD_LOG").unwrap_or_else(|_| DEFAULT_FILTER.to_owned())
}
