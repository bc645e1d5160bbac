//! Types as Spark writes them in a schema: `a INT, b ARRAY<STRING>`, or a type alone, such as `array<int>`.

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::hive::collection::map_type;

/// How deep types may lie in each other.
const DEPTH_MAX: usize = 64;

/// `None` for what is none.
pub(super) fn parse(text: &str) -> Option<DataType> {
    let mut alone = Reader { rest: text.trim() };
    if let Some(found) = alone.data_type(0).filter(|_| alone.rest.trim().is_empty()) {
        return Some(found);
    }
    let mut list = Reader { rest: text.trim() };
    let fields = list.fields(0, false)?;
    list.rest.trim().is_empty().then_some(DataType::Struct(fields))
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: char) -> bool {
        let trimmed = self.rest.trim_start();
        match trimmed.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let trimmed = self.rest.trim_start();
        if let Some(quoted) = trimmed.strip_prefix('`') {
            let end = quoted.find('`')?;
            self.rest = &quoted[end + 1..];
            return Some(&quoted[..end]);
        }
        let end =
            trimmed.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(trimmed.len());
        self.rest = &trimmed[end..];
        (end > 0).then(|| &trimmed[..end])
    }

    /// `name [:] type`, separated by commas.
    fn fields(&mut self, depth: usize, nested: bool) -> Option<Fields> {
        let mut fields = Vec::new();
        if nested && self.rest.trim_start().starts_with('>') {
            return Some(fields.into());
        }
        loop {
            let name = self.word()?.to_owned();
            self.take(':');
            fields.push(Field::new(name, self.data_type(depth)?, true));
            if !self.take(',') {
                return Some(fields.into());
            }
        }
    }

    fn data_type(&mut self, depth: usize) -> Option<DataType> {
        if depth > DEPTH_MAX {
            return None;
        }
        let name = self.word()?.to_lowercase();
        Some(match name.as_str() {
            "array" => {
                let item = self.within(|reader| reader.data_type(depth + 1))?;
                DataType::new_list(item, true)
            }
            "map" => {
                let (key, value) = self.within(|reader| {
                    let key = reader.data_type(depth + 1)?;
                    reader.take(',').then_some(())?;
                    Some((key, reader.data_type(depth + 1)?))
                })?;
                map_type(&key, &value)
            }
            "struct" => DataType::Struct(self.within(|reader| reader.fields(depth + 1, true))?),
            "boolean" => DataType::Boolean,
            "tinyint" | "byte" => DataType::Int8,
            "smallint" | "short" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" | "long" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "string" => DataType::Utf8,
            "binary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "decimal" | "numeric" | "dec" => {
                let (mut precision, mut scale) = (10, 0);
                if self.take('(') {
                    precision = self.word()?.parse().ok()?;
                    if self.take(',') {
                        scale = self.word()?.parse().ok()?;
                    }
                    self.take(')').then_some(())?;
                }
                let fits = (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
                fits.then_some(DataType::Decimal128(precision, scale))?
            }
            _ => return None,
        })
    }

    /// What stands between `<` and `>`.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.take('<').then_some(())?;
        let found = read(self)?;
        self.take('>').then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_read() {
        assert_eq!(parse("array<int>"), Some(DataType::new_list(DataType::Int32, true)));
        let Some(DataType::Struct(fields)) = parse("a INT, `b c`: map<string, decimal(5,2)>, s struct<x:date>") else {
            panic!("no struct");
        };
        assert_eq!(fields.len(), 3);
        assert_eq!(fields[1].name(), "b c");
        for bad in ["", "a", "a INT,", "array<int", "map<int>", "decimal(39,1)", &"array<".repeat(1000)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
