//! The rows of one ORC or Avro file as batches of the table's columns.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::AvroSchema;
use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use mead_common::{Diagnostic, sqlstate};
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::ChunkReader;
use orc_rust::{ArrowReaderBuilder, TimestampPrecision};

use super::adapt::adapt;
use super::format::{Serde, TableFormat};
use super::scan::located;
use crate::Error;

/// The columns of the files of Hive's ACID tables.
const ACID_COLUMNS: [&str; 6] = ["operation", "originaltransaction", "bucket", "rowid", "currenttransaction", "row"];

/// A column of the table that no file column is found for.
type Found = Vec<Option<usize>>;

/// How the files are read, for some of the table's columns.
#[derive(Debug, Clone)]
pub(super) struct ColumnarFormat {
    format: Arc<TableFormat>,
    columns: SchemaRef,
    /// Of the columns that are read: their places in the table.
    places: Vec<usize>,
    schema: SchemaRef,
}

impl ColumnarFormat {
    pub fn new(format: &Arc<TableFormat>, columns: &SchemaRef, places: &[usize]) -> Result<Self> {
        Ok(Self {
            format: Arc::clone(format),
            columns: Arc::clone(columns),
            places: places.to_vec(),
            schema: Arc::new(columns.project(places)?),
        })
    }

    /// The batches of a file, or of the stripes that begin in a range of its bytes.
    pub fn read(&self, path: &Path, range: Option<Range<u64>>, batch_rows: usize) -> Result<ColumnarBatches> {
        let opened = guarded(|| match self.format.serde {
            Serde::Orc => self.open_orc(path, range, batch_rows),
            _ => self.open_avro(path, batch_rows),
        });
        let (batches, found) = opened.map_err(|error| self.unreadable(error, path))?;
        Ok(ColumnarBatches { format: self.clone(), path: path.to_owned(), batches, found, ended: false })
    }

    fn open_orc(&self, path: &Path, range: Option<Range<u64>>, batch_rows: usize) -> Result<(Batches, Found), Error> {
        let file = File::open(path).map_err(|source| Error::io(path, source))?;
        let length = file.metadata().map_err(|source| Error::io(path, source))?.len();
        let builder = ArrowReaderBuilder::try_new(Stripes { file: Arc::new(file), length })
            .map_err(|error| corrupt(error.to_string()))?;
        let root = builder.file_metadata().root_data_type();
        let names: Vec<String> = root.children().iter().map(|child| child.name().to_lowercase()).collect();
        if names == ACID_COLUMNS {
            return Err(Diagnostic::unsupported("files of Hive's transactional tables cannot be read")
                .with_hint("rewrite the table there without transactions, or export it")
                .into());
        }
        let in_file = self.in_orc_file(&names);
        let wanted: Vec<usize> = in_file.iter().flatten().copied().collect();
        let children = root.children();
        let indices =
            wanted.iter().filter_map(|place| children.get(*place)).map(|child| child.data_type().column_index());
        let mask = ProjectionMask::roots(root, indices.collect::<Vec<_>>());
        // What is read keeps the file's order.
        let mut order = wanted;
        order.sort_unstable();
        order.dedup();
        let found = in_file.iter().map(|place| place.and_then(|place| order.binary_search(&place).ok())).collect();
        let mut builder = builder
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .with_timestamp_precision(TimestampPrecision::Microsecond);
        if let Some(range) = range {
            let bound = |bound: u64| usize::try_from(bound).unwrap_or(usize::MAX);
            builder = builder.with_file_byte_range(bound(range.start)..bound(range.end));
        }
        Ok((Box::new(builder.build()), found))
    }

    /// Hive once wrote ORC without the columns' names: `_col0`, `_col1` and so on are meant by their places.
    fn in_orc_file(&self, names: &[String]) -> Found {
        let unnamed = |(place, name): (usize, &String)| *name == format!("_col{place}");
        let by_place = !names.is_empty() && names.iter().enumerate().all(unnamed);
        let one = |place: &usize| match by_place {
            true => (*place < names.len()).then_some(*place),
            false => {
                let name = self.columns.field(*place).name();
                names.iter().position(|own| own.eq_ignore_ascii_case(name))
            }
        };
        self.places.iter().map(one).collect()
    }

    fn open_avro(&self, path: &Path, batch_rows: usize) -> Result<(Batches, Found), Error> {
        let open = || File::open(path).map(|file| BufReader::with_capacity(1 << 20, file));
        let io = |source| Error::io(path, source);
        let avro = |error: ArrowError| corrupt(error.to_string());
        let builder = || {
            let builder = ReaderBuilder::new().with_batch_size(batch_rows);
            match self.format.get("avro.schema.literal").filter(|literal| !literal.eq_ignore_ascii_case("none")) {
                Some(literal) => builder.with_reader_schema(AvroSchema::new(literal.to_owned())),
                None => builder,
            }
        };
        let whole = builder().build(open().map_err(io)?).map_err(avro)?;
        // The reader takes a file that was cut short for its end.
        let sync = whole.avro_header().sync();
        if !ends_with(path, &sync).map_err(io)? {
            return Err(corrupt("the file does not end with its sync marker".to_owned()));
        }
        let file: SchemaRef = whole.schema();
        let in_file: Found =
            self.places.iter().map(|place| place_of(&file, self.columns.field(*place).name())).collect();
        let mut order: Vec<usize> = in_file.iter().flatten().copied().collect();
        order.sort_unstable();
        order.dedup();
        if order.is_empty() && !file.fields().is_empty() {
            // Rows are counted by what they hold.
            order.push(0);
        }
        let found = in_file.iter().map(|place| place.and_then(|place| order.binary_search(&place).ok())).collect();
        let reader = builder().with_projection(order).build(open().map_err(io)?).map_err(avro)?;
        Ok((Box::new(reader), found))
    }

    fn batch(&self, batch: &RecordBatch, found: &Found) -> Result<RecordBatch, Error> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(found.len());
        for (field, place) in self.schema.fields().iter().zip(found) {
            arrays.push(match place.and_then(|place| batch.columns().get(place)) {
                Some(array) => adapt(array, field)?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options);
        Ok(batch.map_err(DataFusionError::from)?)
    }

    fn unreadable(&self, error: Error, path: &Path) -> DataFusionError {
        let error = match error {
            Error::Report(mut report) if report.sqlstate == sqlstate::DATA_CORRUPTED => {
                let what = self.format.serde.format_name();
                let detail = std::mem::replace(
                    &mut report.message,
                    format!("could not read {what} file \"{}\"", path.display()),
                );
                report.detail = Some(detail);
                Error::Report(report)
            }
            other => located(other, path),
        };
        error.into()
    }
}

fn place_of(file: &Schema, name: &str) -> Option<usize> {
    file.fields().iter().position(|own| own.name().eq_ignore_ascii_case(name))
}

fn corrupt(message: String) -> Error {
    Diagnostic::new(sqlstate::DATA_CORRUPTED, message).into()
}

/// Runs a reader that takes a broken file's word for lengths and places, and may panic.
fn guarded<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(corrupt("the file is damaged".to_owned())))
}

fn ends_with(path: &Path, marker: &[u8]) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length < marker.len() as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(length - marker.len() as u64))?;
    let mut end = Vec::with_capacity(marker.len());
    file.read_to_end(&mut end)?;
    Ok(end == marker)
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// See [`ColumnarFormat::read`].
pub(super) struct ColumnarBatches {
    format: ColumnarFormat,
    path: PathBuf,
    batches: Batches,
    found: Found,
    ended: bool,
}

impl Iterator for ColumnarBatches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batches = &mut self.batches;
        let next = guarded(|| batches.next().transpose().map_err(|error| corrupt(error.to_string())));
        let batch = next.and_then(|batch| batch.map(|batch| self.format.batch(&batch, &self.found)).transpose());
        match batch {
            Ok(Some(batch)) => Some(Ok(batch)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(self.format.unreadable(error, &self.path)))
            }
        }
    }
}

/// A file by its places; a length that a broken file tells is not taken for one before it is known to be there.
struct Stripes {
    file: Arc<File>,
    length: u64,
}

impl ChunkReader for Stripes {
    type T = std::io::Take<FilePart>;

    fn len(&self) -> u64 {
        self.length
    }

    fn get_read(&self, offset_from_start: u64) -> std::io::Result<Self::T> {
        let left = self.length.saturating_sub(offset_from_start);
        Ok(FilePart { file: Arc::clone(&self.file), place: offset_from_start }.take(left))
    }

    fn get_bytes(&self, offset_from_start: u64, length: u64) -> std::io::Result<Bytes> {
        if offset_from_start.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, offset_from_start)?;
        Ok(bytes.into())
    }
}

struct FilePart {
    file: Arc<File>,
    place: u64,
}

impl Read for FilePart {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::arrow::array::{
        Array, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
        Int16Array, Int32Array, Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
    };
    use datafusion::arrow::compute::concat_batches;
    use datafusion::arrow::datatypes::{DataType, Int32Type};

    use super::super::{HiveWriter, hive_field};
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("mead-columnar-{}", uuid::Uuid::new_v4().simple()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn format(serde: Serde) -> Arc<TableFormat> {
        Arc::new(TableFormat { serde, properties: BTreeMap::new() })
    }

    fn columns(declared: &[(&str, &str)]) -> SchemaRef {
        let fields: Vec<_> = declared.iter().map(|(name, kind)| hive_field(name, kind).unwrap()).collect();
        Arc::new(Schema::new(fields))
    }

    const ALL: [(&str, &str); 14] = [
        ("b", "boolean"),
        ("i1", "tinyint"),
        ("i2", "smallint"),
        ("i4", "int"),
        ("i8", "bigint"),
        ("f4", "float"),
        ("f8", "double"),
        ("t", "string"),
        ("v", "varchar(3)"),
        ("y", "binary"),
        ("d", "date"),
        ("n", "decimal(20,4)"),
        ("l", "array<int>"),
        ("s", "struct<x:int,z:string>"),
    ];

    /// Rows with every third value NULL, more than one batch of the reader.
    fn rows(count: i32) -> RecordBatch {
        let schema = columns(&ALL);
        let some = |row: i32| (row % 3 != 1).then_some(row);
        let numbers: Vec<Option<i32>> = (0..count).map(some).collect();
        let each = || numbers.iter().copied();
        let DataType::Struct(fields) = schema.field(13).data_type().clone() else { panic!() };
        let texts: StringArray = each().map(|row| row.map(|row| format!("row {row}"))).collect();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(each().map(|row| row.map(|row| row % 2 == 0)).collect::<BooleanArray>()),
            Arc::new(each().map(|row| row.map(|row| row as i8)).collect::<Int8Array>()),
            Arc::new(each().map(|row| row.map(|row| -(row as i16))).collect::<Int16Array>()),
            Arc::new(each().map(|row| row.map(|row| row.wrapping_mul(1_000_003))).collect::<Int32Array>()),
            Arc::new(each().map(|row| row.map(|row| i64::MIN + i64::from(row))).collect::<Int64Array>()),
            Arc::new(each().map(|row| row.map(|row| row as f32 / 7.0)).collect::<Float32Array>()),
            Arc::new(each().map(|row| row.map(|row| f64::from(row) / 7.0)).collect::<Float64Array>()),
            Arc::new(texts.clone()),
            Arc::new(each().map(|row| row.map(|row| format!("{}", row % 1000))).collect::<StringArray>()),
            Arc::new(each().map(|row| row.map(i32::to_le_bytes)).collect::<BinaryArray>()),
            Arc::new(each().map(|row| row.map(|row| row - 1000)).collect::<Date32Array>()),
            Arc::new(
                each()
                    .map(|row| row.map(|row| i128::from(row) * -98_765_432_109))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(20, 4)
                    .unwrap(),
            ),
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                each().map(|row| row.map(|row| (0..row % 4).map(Some).collect::<Vec<_>>())),
            )),
            Arc::new(StructArray::new(
                fields,
                vec![Arc::new(each().collect::<Int32Array>()), Arc::new(texts.clone())],
                texts.nulls().cloned(),
            )),
        ];
        RecordBatch::try_new(schema, arrays).unwrap()
    }

    fn written(folder: &Folder, serde: Serde, batch: &RecordBatch) -> PathBuf {
        let path = folder.0.join(format!("file.{}", serde.format_name()));
        let mut writer = HiveWriter::create(path.clone(), &format(serde), &batch.schema()).unwrap();
        let half = batch.num_rows() / 2;
        writer.write(&batch.slice(0, half)).unwrap();
        writer.write(&batch.slice(half, batch.num_rows() - half)).unwrap();
        assert_eq!(writer.finish().unwrap().rows, batch.num_rows() as u64);
        path
    }

    fn read(path: &Path, serde: Serde, columns: &SchemaRef, places: &[usize]) -> Result<RecordBatch> {
        let format = ColumnarFormat::new(&format(serde), columns, places).unwrap();
        let batches: Vec<RecordBatch> = format.read(path, None, 1000)?.collect::<Result<_>>()?;
        Ok(concat_batches(&format.schema, &batches)?)
    }

    #[test]
    fn what_is_written_is_read() {
        for serde in [Serde::Orc, Serde::Avro] {
            let folder = Folder::new();
            let batch = rows(5000);
            let path = written(&folder, serde, &batch);
            let all: Vec<usize> = (0..ALL.len()).collect();
            let again = read(&path, serde, &batch.schema(), &all).unwrap();
            for (place, (name, _)) in ALL.iter().enumerate() {
                assert_eq!(again.column(place), batch.column(place), "{serde:?} {name}");
            }
            // Some columns, in another order, and none.
            let some = read(&path, serde, &batch.schema(), &[12, 3]).unwrap();
            assert_eq!((some.column(0), some.column(1)), (batch.column(12), batch.column(3)), "{serde:?}");
            let format = ColumnarFormat::new(&format(serde), &batch.schema(), &[]).unwrap();
            let counted: usize = format.read(&path, None, 700).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
            assert_eq!(counted, 5000);
        }
    }

    #[test]
    fn timestamps_of_orc_come_back() {
        let folder = Folder::new();
        let schema = columns(&[("t", "timestamp"), ("u", "timestamp with local time zone")]);
        let micros = vec![
            Some(0),
            None,
            Some(1),
            Some(-1_500_000),
            Some(-2_000_001),
            Some(1_700_000_000_123_456),
            Some(-62_135_596_800_000_000),
        ];
        let values = TimestampMicrosecondArray::from(micros);
        let arrays: Vec<ArrayRef> = vec![Arc::new(values.clone()), Arc::new(values.with_timezone("UTC"))];
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        let path = written(&folder, Serde::Orc, &batch);
        assert_eq!(read(&path, Serde::Orc, &schema, &[0, 1]).unwrap(), batch);
        let late: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1_000]));
        let late = RecordBatch::try_new(columns(&[("t", "timestamp")]), vec![late]).unwrap();
        let path = folder.0.join("late");
        let mut writer = HiveWriter::create(path, &format(Serde::Orc), &late.schema()).unwrap();
        assert!(writer.write(&late).unwrap_err().to_string().contains("cannot be kept in an ORC file"));
    }

    #[test]
    fn columns_are_found_by_name_and_without_names_by_place() {
        let folder = Folder::new();
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        for (serde, names, by_place) in
            [(Serde::Orc, ["B", "a"], false), (Serde::Avro, ["B", "a"], false), (Serde::Orc, ["_col0", "_col1"], true)]
        {
            let own = Schema::new(vec![
                datafusion::arrow::datatypes::Field::new(names[0], DataType::Int32, true),
                datafusion::arrow::datatypes::Field::new(names[1], DataType::Utf8, true),
            ]);
            let batch = RecordBatch::try_new(Arc::new(own), vec![Arc::clone(&numbers), Arc::clone(&texts)]).unwrap();
            let path = written(&folder, serde, &batch);
            let declared = match by_place {
                true => columns(&[("b", "bigint"), ("a", "string"), ("new", "int")]),
                false => columns(&[("a", "string"), ("b", "bigint"), ("new", "int")]),
            };
            let again = read(&path, serde, &declared, &[0, 1, 2]).unwrap();
            let (wide, text) = if by_place { (0, 1) } else { (1, 0) };
            assert_eq!(again.column(wide).as_ref(), &Int64Array::from(vec![1, 2]) as &dyn Array);
            assert_eq!(again.column(text), &texts);
            assert_eq!(again.column(2).null_count(), 2);
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        for serde in [Serde::Orc, Serde::Avro] {
            let folder = Folder::new();
            let batch = rows(3000);
            let path = written(&folder, serde, &batch);
            let bytes = std::fs::read(&path).unwrap();
            let all: Vec<usize> = (0..ALL.len()).collect();
            for cut in [0, 2, 10, bytes.len() / 2, bytes.len() - 1] {
                std::fs::write(&path, &bytes[..cut]).unwrap();
                let report = read(&path, serde, &batch.schema(), &all).unwrap_err().to_string();
                assert!(report.contains(&*path.to_string_lossy()), "{serde:?} {cut}: {report}");
            }
            // Whatever is read of a file with other bytes, it must not panic.
            for place in (0..bytes.len()).step_by(bytes.len() / 200) {
                let mut other = bytes.clone();
                other[place] ^= 0x55;
                std::fs::write(&path, &other).unwrap();
                let _ = read(&path, serde, &batch.schema(), &all);
            }
        }
    }
}
