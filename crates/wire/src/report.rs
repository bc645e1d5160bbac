//! Errors and notices as ErrorResponse and NoticeResponse.

use mead_common::{Diagnostic, Notice};
use pgwire::messages::response::{ErrorResponse, NoticeResponse};

/// What an error does to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The statement failed; the connection goes on.
    Error,
    /// The connection ends.
    Fatal,
}

pub(crate) fn error_response(report: &Diagnostic, weight: Weight) -> ErrorResponse {
    let severity = match weight {
        Weight::Error => "ERROR",
        Weight::Fatal => "FATAL",
    };
    let mut fields = head(severity, report.sqlstate.code(), &report.message);
    optional(b'D', report.detail.as_deref(), &mut fields);
    optional(b'H', report.hint.as_deref(), &mut fields);
    if let Some(position) = report.position {
        fields.push((b'P', position.to_string()));
    }
    ErrorResponse::new(fields)
}

pub(crate) fn notice_response(notice: &Notice) -> NoticeResponse {
    let mut fields = head(notice.severity.as_str(), notice.sqlstate.code(), &notice.message);
    optional(b'D', notice.detail.as_deref(), &mut fields);
    optional(b'H', notice.hint.as_deref(), &mut fields);
    NoticeResponse::new(fields)
}

fn head(severity: &str, code: &str, message: &str) -> Vec<(u8, String)> {
    vec![(b'S', severity.to_owned()), (b'V', severity.to_owned()), (b'C', code.to_owned()), (b'M', clean(message))]
}

fn optional(field: u8, text: Option<&str>, fields: &mut Vec<(u8, String)>) {
    if let Some(text) = text {
        fields.push((field, clean(text)));
    }
}

/// A field ends at its first zero byte, so there must be none within.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
