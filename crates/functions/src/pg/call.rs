//! What the functions of this family share: how they are called, and how their rows are computed.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use crate::error::external;
use crate::types::{is_text, type_name};

/// The section of the reference in which these functions stand.
pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "PostgreSQL system functions",
    description: Some(
        "Functions of PostgreSQL's `pg_catalog` that its clients call. They answer from mead's catalog and session.",
    ),
};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    /// An OID or another whole number; a string is read as one.
    Oid,
    /// A name or an OID.
    NameOrOid,
    Text,
    Boolean,
    /// A value of any type, as it is.
    Any,
}

impl Parameter {
    /// The type a value is brought to; `None` where it does not fit.
    fn accept(self, given: &DataType) -> Option<DataType> {
        let unknown = given.is_null();
        match self {
            Parameter::Oid if unknown || given.is_integer() || is_text(given) => Some(DataType::Int64),
            Parameter::NameOrOid if given.is_integer() => Some(DataType::Int64),
            Parameter::NameOrOid | Parameter::Text if unknown || is_text(given) => Some(DataType::Utf8),
            Parameter::Boolean if unknown || is_text(given) || *given == DataType::Boolean => Some(DataType::Boolean),
            Parameter::Any => Some(given.clone()),
            _ => None,
        }
    }
}

/// The arguments of one call, each with as many values as there are rows.
pub(super) struct Arguments {
    arrays: Vec<ArrayRef>,
    pub rows: usize,
}

impl Arguments {
    /// How many arguments were given.
    pub fn count(&self) -> usize {
        self.arrays.len()
    }

    pub fn array(&self, index: usize) -> &ArrayRef {
        &self.arrays[index]
    }

    /// A text argument's value; `None` for NULL and for an argument that was not given.
    pub fn text(&self, index: usize, row: usize) -> Option<&str> {
        let array = self.arrays.get(index)?;
        let array = array.as_string_opt::<i32>()?;
        array.is_valid(row).then(|| array.value(row))
    }

    /// An OID's value; `None` for NULL and for an argument that was not given.
    pub fn oid(&self, index: usize, row: usize) -> Option<i64> {
        let array = self.arrays.get(index)?.as_primitive_opt::<Int64Type>()?;
        array.is_valid(row).then(|| array.value(row))
    }

    pub fn boolean(&self, index: usize, row: usize) -> Option<bool> {
        let array = self.arrays.get(index)?.as_boolean_opt()?;
        array.is_valid(row).then(|| array.value(row))
    }

    /// True if an argument of this row is NULL: most functions then give NULL.
    pub fn any_null(&self, row: usize) -> bool {
        self.arrays.iter().any(|array| array.data_type().is_null() || array.is_null(row))
    }

    /// One text a row.
    pub fn texts<T: AsRef<str>>(&self, value: impl FnMut(usize) -> Result<Option<T>>) -> Result<ArrayRef> {
        let values = (0..self.rows).map(value).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(values.iter().map(|value| value.as_ref().map(AsRef::as_ref)).collect::<StringArray>()))
    }

    /// One truth value a row.
    pub fn booleans(&self, value: impl FnMut(usize) -> Result<Option<bool>>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(value).collect::<Result<BooleanArray>>()?))
    }

    /// One OID a row.
    pub fn oids(&self, value: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(value).collect::<Result<Int64Array>>()?))
    }

    /// One integer a row.
    pub fn integers(&self, value: impl FnMut(usize) -> Result<Option<i32>>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(value).collect::<Result<Int32Array>>()?))
    }
}

type Body = dyn Fn(&Arguments) -> Result<ArrayRef> + Send + Sync;

/// What a function is, before it is made: see the fields of [`Function`].
pub(super) struct Builder {
    name: &'static str,
    aliases: Vec<String>,
    forms: Vec<Vec<Parameter>>,
    variadic: bool,
    returns: DataType,
    volatility: Volatility,
    documentation: Documentation,
}

/// A function of the family: `name` with one or more `forms` of parameters.
pub(super) struct Function {
    name: &'static str,
    aliases: Vec<String>,
    forms: Vec<Vec<Parameter>>,
    /// True if the last parameter may be repeated.
    variadic: bool,
    returns: DataType,
    signature: Signature,
    documentation: Documentation,
    body: Box<Body>,
}

impl Builder {
    /// A function that is called as `syntax`, and gives the same for the same arguments within a statement.
    pub fn new(name: &'static str, syntax: &str, description: &str) -> Self {
        Self {
            name,
            aliases: Vec::new(),
            forms: Vec::new(),
            variadic: false,
            returns: DataType::Utf8,
            volatility: Volatility::Stable,
            documentation: Documentation::builder(SECTION, description, syntax).build(),
        }
    }

    /// A list of parameters that it can be called with.
    pub fn form(mut self, parameters: &[Parameter]) -> Self {
        self.forms.push(parameters.to_vec());
        self
    }

    pub fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    pub fn argument(mut self, name: &str, description: &str) -> Self {
        self.documentation.arguments.get_or_insert_default().push((name.to_owned(), description.to_owned()));
        self
    }

    pub fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.to_owned());
        self
    }

    pub fn returns(mut self, data_type: DataType) -> Self {
        self.returns = data_type;
        self
    }

    pub fn volatility(mut self, volatility: Volatility) -> Self {
        self.volatility = volatility;
        self
    }

    pub fn body(self, body: impl Fn(&Arguments) -> Result<ArrayRef> + Send + Sync + 'static) -> ScalarUDF {
        ScalarUDF::from(Function {
            name: self.name,
            aliases: self.aliases,
            forms: self.forms,
            variadic: self.variadic,
            returns: self.returns,
            signature: Signature::user_defined(self.volatility),
            documentation: self.documentation,
            body: Box::new(body),
        })
    }
}

impl Function {
    fn coerce(&self, given: &[DataType]) -> Option<Vec<DataType>> {
        self.forms.iter().find_map(|form| {
            let fits = form.len() == given.len() || (self.variadic && given.len() >= form.len());
            let parameter = |index: usize| form.get(index).or(form.last()).copied();
            let types = given.iter().enumerate().map(|(index, given)| parameter(index)?.accept(given));
            fits.then(|| types.collect::<Option<Vec<_>>>()).flatten()
        })
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        // An error here would reach the client as DataFusion words it: what does not fit is refused below.
        Ok(self.coerce(given).unwrap_or_else(|| given.to_vec()))
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let given: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        if self.coerce(&given).is_none() {
            let types: Vec<String> = given.iter().map(type_name).collect();
            return Err(external(
                Diagnostic::new(
                    sqlstate::UNDEFINED_FUNCTION,
                    format!("function {}({}) does not exist", self.name, types.join(", ")),
                )
                .with_hint(format!("it is called as {}", self.documentation.syntax_example)),
            ));
        }
        Ok(Arc::new(Field::new(self.name, self.returns.clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let array = (self.body)(&Arguments { arrays, rows })?;
        match scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)),
            false => Ok(ColumnarValue::Array(array)),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// The type that a function gives in every call; `None` for functions that are not of this family.
pub fn fixed_return_type(function: &ScalarUDF) -> Option<DataType> {
    let function: &dyn Any = function.inner().as_ref();
    function.downcast_ref::<Function>().map(|function| function.returns.clone())
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
