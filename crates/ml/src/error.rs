//! What training and scoring refuse.

use mead_common::{CancelReason, Diagnostic, sqlstate};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("unknown layer \"{name}\" in '{text}'")]
    UnknownLayer { name: String, text: String },
    #[error("invalid layer '{text}': {reason}")]
    InvalidLayer { text: String, reason: String },
    #[error("unknown option \"{name}\"")]
    UnknownOption { name: String, nearest: Option<&'static str> },
    #[error("invalid value for option \"{name}\": {reason}")]
    InvalidOption { name: String, reason: String },
    #[error("{what} has {found} values, input_shape {shape} needs {needed}")]
    WrongWidth { what: &'static str, found: usize, shape: String, needed: usize },
    #[error("layer '{layer}' does not fit its input of shape {input}: {reason}")]
    DoesNotFit { layer: String, input: String, reason: String },
    #[error("the shape of an input with {0} values is not known")]
    UnknownShape(usize),
    #[error("no rows to train on")]
    NoRows,
    #[error("all {rows} rows have the same label, {label}")]
    OneClass { rows: usize, label: String },
    #[error("the last layer has {outputs} outputs, the labels have {classes} classes")]
    OutputMismatch { outputs: usize, classes: usize },
    #[error("loss {loss} does not fit labels of type {label_type}")]
    LossMismatch { loss: String, label_type: String },
    #[error("row {row}: {what} is NULL")]
    Null { row: usize, what: &'static str },
    #[error("row {row}: {what} is {value}")]
    NotFinite { row: usize, what: &'static str, value: String },
    #[error("row {row} has {found} values, the rows before it have {expected}")]
    Ragged { row: usize, found: usize, expected: usize },
    #[error("{what} of type {data_type} cannot be used for a model")]
    Type { what: &'static str, data_type: String },
    #[error("the loss became {loss} in epoch {epoch}")]
    Diverged { loss: f64, epoch: usize },
    /// Whoever watches the epochs keeps the cause.
    #[error("an epoch could not be recorded")]
    Unrecorded,
    /// Training rows that were spilled.
    #[error("could not {action} the spill file {place}: {source}")]
    Spill { action: &'static str, place: String, source: std::io::Error },
    #[error("could not start a thread: {source}")]
    Thread { source: std::io::Error },
    #[error("too large a network: {0}")]
    TooLarge(String),
    #[error("{0}")]
    Cancelled(String, CancelReason),
    #[error("invalid ONNX model: {0}")]
    Onnx(String),
    #[error("the ONNX model cannot be used: {0}")]
    OnnxUnsupported(String),
    #[error("the model cannot be scored by native kernels: {0}")]
    NotNative(String),
    #[error("ONNX Runtime is not available: {0}")]
    RuntimeMissing(String),
    #[error("ONNX Runtime: {0}")]
    Runtime(String),
    #[error("the model needs more memory than the {0} bytes that ONNX Runtime may take")]
    RuntimeMemory(usize),
    #[error("{0}")]
    Arity(String),
}

impl From<CancelReason> for Error {
    fn from(reason: CancelReason) -> Self {
        Error::Cancelled(reason.diagnostic().message, reason)
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let report = |state| Diagnostic::new(state, error.to_string());
        let invalid = || report(sqlstate::INVALID_PARAMETER_VALUE);
        match &error {
            Error::UnknownLayer { .. } => {
                invalid().with_hint(format!("known layers: {}", crate::network::LAYER_NAMES.join(", ")))
            }
            Error::InvalidLayer { .. } => invalid()
                .with_hint("a layer reads name(arguments, activation, option=value), such as conv2d(32, 3x3, relu)"),
            Error::UnknownOption { nearest: Some(nearest), .. } => {
                invalid().with_hint(format!("perhaps you meant \"{nearest}\""))
            }
            Error::UnknownOption { .. } => {
                invalid().with_hint(format!("known options: {}", crate::train::OPTION_NAMES.join(", ")))
            }
            Error::WrongWidth { .. } => {
                invalid().with_hint("bring images to one size with IMAGE_RESIZE, or set input_shape to theirs")
            }
            Error::UnknownShape(_) => {
                invalid().with_hint("set input_shape => ARRAY[height, width, channels] or ARRAY[steps, channels]")
            }
            Error::NoRows => invalid().with_hint("the query gives no rows"),
            Error::OneClass { .. } => invalid().with_hint("a classifier needs rows of two classes at least"),
            Error::OutputMismatch { classes, .. } => {
                invalid().with_hint(format!("end the layers with dense({classes}, softmax)"))
            }
            Error::LossMismatch { .. } => invalid().with_hint(
                "cross_entropy is for labels that are classes, mse for numbers; cast the label to change what it is",
            ),
            Error::Null { .. } => report(sqlstate::NULL_VALUE_NOT_ALLOWED)
                .with_hint("leave such rows out by WHERE … IS NOT NULL, or fill them by COALESCE"),
            Error::NotFinite { .. } => {
                report(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE).with_hint("leave such rows out by WHERE, or fill them")
            }
            Error::Type { .. } => report(sqlstate::DATATYPE_MISMATCH),
            Error::Diverged { .. } => report(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE)
                .with_hint("lower the learning_rate, or scale the inputs, for images by NORMALIZE"),
            Error::Spill { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => report(
                sqlstate::DISK_FULL,
            )
            .with_hint("training rows are spilled where the memory limit is too low for them; raise it, or make room"),
            Error::Spill { .. } => report(sqlstate::IO_ERROR),
            Error::RuntimeMemory(_) => report(sqlstate::PROGRAM_LIMIT_EXCEEDED)
                .with_hint("raise the server's memory limit, which is its bound too"),
            Error::TooLarge(_) => report(sqlstate::PROGRAM_LIMIT_EXCEEDED),
            Error::Cancelled(_, reason) => reason.diagnostic(),
            Error::Onnx(_) => report(sqlstate::INVALID_BINARY_REPRESENTATION),
            Error::NotNative(_) => report(sqlstate::FEATURE_NOT_SUPPORTED)
                .with_hint("native kernels serve models that mead trained; ONNX Runtime serves all"),
            Error::OnnxUnsupported(_) => report(sqlstate::FEATURE_NOT_SUPPORTED),
            Error::RuntimeMissing(_) => report(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE)
                .with_hint("set ORT_DYLIB_PATH to libonnxruntime.so (1.24 or later), or run \"cargo xtask runtime\""),
            Error::Runtime(_) | Error::Unrecorded | Error::Thread { .. } => report(sqlstate::SYSTEM_ERROR),
            Error::InvalidOption { .. } | Error::DoesNotFit { .. } | Error::Ragged { .. } | Error::Arity(_) => {
                invalid()
            }
        }
    }
}
