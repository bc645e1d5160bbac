//! A function that reads text as a value of its type.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::arguments::{self, array, wrong_call};
use crate::types;

/// Reads all rows of a column of text.
pub(super) type Read = fn(&StringArray) -> Result<ArrayRef>;

/// `name(text)`, whose values Arrow keeps as `storage`.
#[derive(Debug)]
pub(super) struct Input {
    pub name: &'static str,
    pub storage: DataType,
    /// The extension type that clients know them as, where `storage` alone does not say it.
    pub extension: Option<&'static str>,
    pub read: Read,
    pub documentation: &'static Documentation,
    signature: Signature,
}

impl Input {
    pub fn function(
        name: &'static str,
        storage: DataType,
        extension: Option<&'static str>,
        read: Read,
        documentation: &'static Documentation,
    ) -> ScalarUDF {
        let signature = arguments::signature(&[], Volatility::Immutable);
        Self { name, storage, extension, read, documentation, signature }.into()
    }
}

fn named(extension: &str) -> HashMap<String, String> {
    HashMap::from([(types::EXTENSION_NAME.to_owned(), extension.to_owned())])
}

fn is_array_of_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(item) => types::is_text(item.data_type()) || is_array_of_text(item.data_type()),
        _ => false,
    }
}

/// The field of an array of json.
fn elements(name: &str, data_type: &DataType) -> Field {
    Field::new(name, data_type.clone(), true).with_metadata(named(types::JSON_ELEMENTS))
}

impl PartialEq for Input {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Input {}

impl Hash for Input {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Input {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.storage.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [given] = args.arg_fields else {
            return Err(wrong_call(self.name, args.arg_fields, Some(self.documentation)).into());
        };
        // An array is read element by element.
        if self.extension.is_some() && is_array_of_text(given.data_type()) {
            return Ok(Arc::new(elements(self.name, given.data_type())));
        }
        // What is a value of the type already stays one.
        let is_text = types::is_text(given.data_type()) || given.data_type().is_null();
        if !is_text && *given.data_type() != self.storage {
            return Err(wrong_call(self.name, args.arg_fields, Some(self.documentation)).into());
        }
        let field = Field::new(self.name, self.storage.clone(), true);
        Ok(Arc::new(match self.extension {
            Some(extension) => field.with_metadata(named(extension)),
            None => field,
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_literal = matches!(args.args[0], ColumnarValue::Scalar(_));
        let given = array(&args.args[0], if is_literal { 1 } else { args.number_rows })?;
        let values = match given.data_type() {
            DataType::List(_) if self.extension.is_some() => {
                let mut elements = Arc::clone(&given);
                while let DataType::List(_) = elements.data_type() {
                    let inner = Arc::clone(elements.as_list::<i32>().values());
                    elements = inner;
                }
                (self.read)(cast(&elements, &DataType::Utf8)?.as_string())?;
                given
            }
            text if types::is_text(text) || text.is_null() => {
                (self.read)(cast(&given, &DataType::Utf8)?.as_string::<i32>())?
            }
            _ => given,
        };
        Ok(match is_literal {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?),
            false => ColumnarValue::Array(values),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.documentation)
    }
}
