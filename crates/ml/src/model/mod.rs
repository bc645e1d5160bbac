//! A model: the bytes of an ONNX file that have been checked, and what they say of themselves.

mod classes;
mod fit;
mod foreign;
mod metadata;
mod own;
mod signature;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use arrow::array::Array;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

pub use fit::fit;
#[cfg(test)]
pub(crate) use fit::model_of;
pub use metadata::{Epoch, Metadata, Provenance, Training};
pub(crate) use own::Own;
pub use signature::{Batch, Element, LabelInfo, OutputSpec, Signature, Task, TensorSpec};

use crate::Error;
use crate::onnx::{self, Interface};
use metadata::{SIGNATURE_KEY, SignatureRecord, TaskRecord};

/// A checked ONNX file. Cheap to share, never changed.
pub struct Model {
    bytes: Arc<[u8]>,
    hash: String,
    signature: Signature,
    metadata: Metadata,
}

impl Model {
    /// Reads and checks a file. What it holds is taken for hostile until it is checked.
    pub fn from_bytes(bytes: Arc<[u8]>) -> Result<Self, Error> {
        let proto = onnx::decode(Bytes::from_owner(Arc::clone(&bytes)))?;
        let interface = onnx::interface(&proto)?;
        let record: Option<SignatureRecord> = metadata::read(&proto, SIGNATURE_KEY)?;
        let signature = match record {
            Some(record) => own_signature(interface, record)?,
            None => foreign::signature(interface)?,
        };
        let metadata = Metadata::of(&proto)?;
        Ok(Self { hash: content_hash(&bytes), bytes, signature, metadata })
    }

    /// The file, as EXPORT MODEL writes it.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("hash", &self.hash).field("signature", &self.signature).finish_non_exhaustive()
    }
}

/// What [`Model::hash`] will say of a file with these bytes.
pub fn content_hash(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The signature of a model that mead wrote, or that says so: the graph must agree.
fn own_signature(interface: Interface, record: SignatureRecord) -> Result<Signature, Error> {
    let damaged = |reason: &str| Error::Onnx(format!("its signature does not fit its graph: {reason}"));
    let Ok([output]) = <[TensorSpec; 1]>::try_from(interface.outputs) else {
        return Err(damaged("one output is expected"));
    };
    if !matches!(interface.inputs.as_slice(), [input] if input.width().is_some()) {
        return Err(damaged("one input of a known size is expected"));
    }
    if output.element != Element::Float32 || output.shape.len() != 1 {
        return Err(damaged("an output of floats is expected"));
    }
    let Some(data_type) = classes::label_type(&record.label_type) else {
        return Err(damaged("the label's type is not known"));
    };
    let (task, output, classes) = match (record.task, record.classes) {
        (TaskRecord::Classification, Some(classes)) => {
            let classes = classes::read(classes, &data_type)?;
            if output.width() != Some(classes.len()) {
                return Err(damaged("there are more or fewer classes than probabilities"));
            }
            (Task::Classification, OutputSpec::Probabilities(output), Some(classes))
        }
        (TaskRecord::Regression, None) if data_type.is_floating() => {
            if output.width() != Some(1) {
                return Err(damaged("one number is expected"));
            }
            (Task::Regression, OutputSpec::Values(output), None)
        }
        _ => return Err(damaged("its task and its label do not go together")),
    };
    let label = Some(LabelInfo { name: record.label, data_type, classes });
    Ok(Signature { task, inputs: interface.inputs, output, label, feature_names: record.features })
}
