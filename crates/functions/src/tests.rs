//! The functions as SQL calls them, in a session without a server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::array::{Array, AsArray, Float32Array};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::logical_expr::col;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use mead_common::sqlstate;

use crate::NamedArguments;
use crate::image::tests::png;
use crate::testing::{TestModel, TestSession};

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("X'{digits}'")
}

fn floats(array: &dyn Array) -> Vec<f32> {
    let values = match array.data_type() {
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(0),
        _ => array.as_list::<i32>().value(0),
    };
    values.as_any().downcast_ref::<Float32Array>().unwrap().values().to_vec()
}

#[test]
fn every_function_is_documented() {
    let session = TestSession::new();
    for (name, documentation) in crate::reference::documented(&session.context) {
        let documentation = documentation.unwrap_or_else(|| panic!("{name} has no documentation"));
        assert!(!documentation.description.is_empty() && !documentation.syntax_example.is_empty(), "{name}");
        assert!(
            documentation.syntax_example.contains("()") || documentation.arguments.is_some_and(|list| !list.is_empty()),
            "{name} has undocumented arguments"
        );
    }
    let page = crate::reference_markdown(&session.context);
    for heading in ["## Image functions", "### image_resize", "### predict", "### train_cnn", "### ml_evaluate"] {
        assert!(page.contains(heading), "{heading}");
    }
}

#[test]
fn every_option_of_training_is_documented() {
    for function in crate::train::functions() {
        let arguments = function.documentation().unwrap().arguments.clone().unwrap();
        for option in mead_ml::train::OPTION_NAMES {
            assert!(arguments.iter().any(|(name, _)| name == option), "{option} of {}", function.name());
        }
    }
}

#[tokio::test]
async fn a_file_is_decoded_and_resized() {
    let session = TestSession::new();
    let file = hex(&png(8, 8, |x, y| (x + 8 * y) as u8));
    let image = session.value(&format!("SELECT image_decode({file})")).await;
    let image = image.as_struct();
    assert_eq!(image.column(0).as_primitive::<Int32Type>().value(0), 8);
    assert_eq!(image.column(2).as_primitive::<Int32Type>().value(0), 1);
    let resized = session.value(&format!("SELECT image_resize(image_decode({file}), 4, 4)")).await;
    assert_eq!(floats(&resized)[..3], [4.5, 6.5, 8.5]);
    let known = session.value(&format!("SELECT image_resize(image_decode({file}, 3), 2, 2)")).await;
    assert_eq!(known.data_type(), &DataType::new_fixed_size_list(DataType::Float32, 12, true));
}

#[tokio::test]
async fn decoding_within_resizing_gives_what_decoding_before_gives() {
    let session = TestSession::new();
    let files: Vec<_> = (0..4u8).map(|seed| hex(&png(5 + u32::from(seed), 7, |x, y| (x * y) as u8 ^ seed))).collect();
    let rows = files.iter().map(|file| format!("({file})")).collect::<Vec<_>>().join(",");
    let apart = session
        .query(&format!(
            "SELECT image_resize(i, 3, 3) FROM (SELECT image_decode(f) AS i FROM (VALUES {rows}, (NULL)) t(f))"
        ))
        .await
        .unwrap();
    let within = session
        .query(&format!("SELECT image_resize(image_decode(f), 3, 3) FROM (VALUES {rows}, (NULL)) t(f)"))
        .await
        .unwrap();
    assert_eq!(apart.column(0), within.column(0));
    assert_eq!(within.column(0).null_count(), 1);
    let plan = session
        .sql
        .sql(&format!("SELECT image_resize(image_decode(f), 3, 3) FROM (VALUES {rows}) t(f)"))
        .await
        .unwrap()
        .into_optimized_plan()
        .unwrap();
    let plan = plan.display_indent().to_string();
    assert!(plan.contains("image_resize(t.f, "), "{plan}");
}

#[tokio::test]
async fn a_flat_array_is_square_unless_it_says_otherwise() {
    let session = TestSession::new();
    let nine = "ARRAY[0,1,2,3,4,5,6,7,8]";
    let resized = session.value(&format!("SELECT image_resize({nine}, 28, 28)")).await;
    assert_eq!(resized.data_type(), &DataType::new_fixed_size_list(DataType::Float32, 784, true));
    let error = session.error("SELECT image_resize(ARRAY[1,2,3,4,5], 2, 2)").await;
    assert_eq!(error.message, "array has 5 values, which is no square image of 1 channel(s)");
    assert!(error.hint.unwrap().contains("source_height"));
    let wide = session
        .value("SELECT image_resize(ARRAY[1,2,3,4,5,6], 1, 3, source_height => 1, method => 'nearest', channels => 2, on_error => NULL)")
        .await;
    assert_eq!(floats(&wide), [1., 2., 3., 4., 5., 6.]);
    let nested = session.value("SELECT image_resize(ARRAY[ARRAY[1,2],ARRAY[3,4]], 1, 1)").await;
    assert_eq!(floats(&nested), [2.5]);
}

#[tokio::test]
async fn made_up_shapes_are_errors() {
    let session = TestSession::new();
    let huge = usize::MAX;
    for shape in
        [format!("{huge}x{huge}x{huge}"), format!("{huge}x?x3"), "?x?x0".to_owned(), "0x0x?".to_owned(), "x".to_owned()]
    {
        for call in ["image_resize(y, 2, 2)", "image_crop(y, 0, 0, 1, 1)", "image_resize(normalize(y), 1, 1)"] {
            let sql = format!(
                "SELECT {call} FROM (SELECT with_metadata(x, 'mead.shape', '{shape}') AS y FROM (VALUES (ARRAY[1, 2, 3])) t(x)) s"
            );
            assert_eq!(session.error(&sql).await.sqlstate, sqlstate::DATA_EXCEPTION, "{sql}");
        }
    }
    let lie = session
        .error("SELECT image_resize(with_metadata(x, 'mead.shape', '1x1x2'), 2, 2) FROM (VALUES (ARRAY[1, 2, 3])) t(x)")
        .await;
    assert_eq!(lie.sqlstate, sqlstate::DATA_EXCEPTION);
}

#[tokio::test]
async fn a_tall_image_takes_no_more_memory_than_it_has_pixels() {
    let session = TestSession::new();
    let wide = session
        .value("SELECT image_resize(array_repeat(1.0, 16384), 1, 16384, source_height => 16384, method => 'bilinear', channels => 1, on_error => NULL)")
        .await;
    assert_eq!(floats(&wide).len(), 16384);
}

#[tokio::test]
async fn crops_keep_their_shape_for_the_next_function() {
    let session = TestSession::new();
    let file = hex(&png(6, 4, |x, y| (10 * y + x) as u8));
    let crop = session.value(&format!("SELECT image_crop(image_decode({file}), 1, 2, 2, 3)")).await;
    assert_eq!(floats(&crop), [12., 13., 14., 22., 23., 24.]);
    let inner =
        session.value(&format!("SELECT image_crop(image_crop(image_decode({file}), 1, 2, 2, 3), 1, 1, 1, 2)")).await;
    assert_eq!(floats(&inner), [23., 24.]);
    let per_row = session
        .query(&format!("SELECT image_crop({file}, t, t, 1, 1) AS c FROM (VALUES (0), (3), (NULL)) v(t)"))
        .await
        .unwrap();
    assert_eq!(per_row.column(0).null_count(), 1);
    let error = session.error(&format!("SELECT image_crop({file}, 3, 0, 2, 2)")).await;
    assert_eq!(error.message, "rectangle of 2×2 at (3, 0) is not within an image of 4×6");
}

#[tokio::test]
async fn values_are_normalized_by_channel() {
    let session = TestSession::new();
    let scaled = session.value("SELECT normalize(ARRAY[0, 51, 255])").await;
    assert_eq!(floats(&scaled), [0., 0.2, 1.]);
    let channels =
        session.value("SELECT normalize(ARRAY[1.0, 2.0, 3.0, 4.0], 1, ARRAY[1.0, 2.0], ARRAY[2.0, 4.0])").await;
    assert_eq!(floats(&channels), [0., 0., 1., 0.5]);
    let image = session
        .value(&format!("SELECT image_resize(normalize(image_decode({})), 1, 1)", hex(&png(2, 2, |_, _| 255))))
        .await;
    assert_eq!(floats(&image), [1.]);
    assert!(session.value("SELECT normalize(NULL)").await.is_null(0));
    let error = session.error("SELECT normalize(ARRAY[1,2], 0)").await;
    assert_eq!(error.sqlstate, sqlstate::INVALID_PARAMETER_VALUE);
    let error = session.error("SELECT normalize('a')").await;
    assert_eq!(error.message, "argument \"image\" of normalize must be an image or an array of numbers, not text");
}

#[tokio::test]
async fn a_corrupt_file_is_an_error_or_null() {
    let session = TestSession::new();
    let good = png(8, 8, |x, _| x as u8);
    let broken = hex(&good[..good.len() - 20]);
    let rows = format!("(VALUES ({}), ({broken})) t(f)", hex(&good));
    let error = session.error(&format!("SELECT image_resize(image_decode(f), 2, 2) FROM {rows}")).await;
    assert_eq!(error.sqlstate, sqlstate::DATA_EXCEPTION);
    assert!(error.message.starts_with("could not decode image: "), "{}", error.message);
    assert_eq!(error.detail.as_deref(), Some("row 2 of its batch"));
    for call in ["image_decode(f, NULL, 'null')", "image_resize(image_decode(f, NULL, 'null'), 2, 2)"] {
        let batch = session.query(&format!("SELECT {call} FROM {rows}")).await.unwrap();
        assert_eq!(batch.column(0).null_count(), 1, "{call}");
    }
}

#[tokio::test]
async fn wrong_calls_are_refused_while_planning() {
    let session = TestSession::new();
    for (call, state, message) in [
        ("image_resize(ARRAY[1])", sqlstate::UNDEFINED_FUNCTION, "function image_resize(bigint[]) does not exist"),
        (
            "image_resize(ARRAY[1], 2, 1 + x)",
            sqlstate::INVALID_PARAMETER_VALUE,
            "argument \"width\" of image_resize must be a literal",
        ),
        (
            "image_resize(ARRAY[1], 0, 2)",
            sqlstate::INVALID_PARAMETER_VALUE,
            "invalid value for argument \"height\" of image_resize: 0",
        ),
        (
            "image_resize(ARRAY[1], 2, 2, 'cubic')",
            sqlstate::INVALID_PARAMETER_VALUE,
            "invalid value for argument \"method\" of image_resize: 'cubic'",
        ),
        (
            "image_decode(5)",
            sqlstate::DATATYPE_MISMATCH,
            "argument \"bytes\" of image_decode must be bytea, not bigint",
        ),
        ("image_decode()", sqlstate::UNDEFINED_FUNCTION, "function image_decode() does not exist"),
        ("predict('m')", sqlstate::UNDEFINED_FUNCTION, "function predict(text) does not exist"),
        ("predict('m', x)", sqlstate::UNDEFINED_OBJECT, "model \"m\" does not exist"),
        (
            "predict(x, x)",
            sqlstate::DATATYPE_MISMATCH,
            "argument \"model\" of predict must be a model's name or a MODEL value, not bigint",
        ),
        ("predict('m' || x, x)", sqlstate::INVALID_PARAMETER_VALUE, "argument \"model\" of predict must be a literal"),
        (
            "train_cnn('a', x)",
            sqlstate::DATATYPE_MISMATCH,
            "argument \"image\" of train_cnn must be an image: an array of numbers, an IMAGE or bytea, not text",
        ),
        (
            "train_cnn(ARRAY[x], DATE '2026-11-23')",
            sqlstate::DATATYPE_MISMATCH,
            "argument \"label\" of train_cnn must be a whole number, a boolean, text or a number, not date",
        ),
        ("train_cnn(ARRAY[x])", sqlstate::UNDEFINED_FUNCTION, "function train_cnn(bigint[]) does not exist"),
    ] {
        let error = session.error(&format!("SELECT {call} FROM (VALUES (1)) t(x)")).await;
        assert_eq!((error.sqlstate, error.message.as_str()), (state, message), "{call}");
    }
}

#[tokio::test]
async fn predictions_have_the_type_of_the_label() {
    let session = TestSession::new();
    session.models.set("m", TestModel::lengths(1));
    let batch = session
        .query("SELECT predict('m', x) AS p, predict_proba('M', x) FROM (VALUES (ARRAY[1,2]), (NULL), (ARRAY[1])) t(x)")
        .await
        .unwrap();
    let labels = batch.column(0).as_primitive::<Int64Type>();
    assert_eq!(labels.iter().collect::<Vec<_>>(), [Some(2), None, Some(1)]);
    assert_eq!(batch.column(1).null_count(), 1);
    assert_eq!(batch.schema().field(1).data_type(), &crate::types::float_array_type());
    let none = session.query("SELECT predict('m', x) FROM (VALUES (ARRAY[1])) t(x) WHERE false").await.unwrap();
    assert_eq!(none.num_rows(), 0);
    let image = hex(&png(3, 3, |_, _| 1));
    let batch =
        session.query(&format!("SELECT predict('m', image_decode(f)) FROM (VALUES ({image})) t(f)")).await.unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 9);
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_statement() {
    let session = TestSession::new();
    session.models.set("m", TestModel::lengths(1));
    let frame = session.sql.sql("SELECT predict('m', x) FROM (VALUES (ARRAY[1,2])) t(x)").await.unwrap();
    let plan = session.sql.state().create_physical_plan(frame.logical_plan()).await.unwrap();
    assert_eq!(session.models.lookups.load(Ordering::SeqCst), 1);
    // Another statement sees the new version; the one planned before goes on with its own.
    session.models.set("m", TestModel::lengths(10));
    let after = session.query("SELECT predict('m', x) FROM (VALUES (ARRAY[1,2])) t(x)").await.unwrap();
    assert_eq!(after.column(0).as_primitive::<Int64Type>().value(0), 20);
    let before = datafusion::physical_plan::collect(plan, session.sql.task_ctx()).await.unwrap();
    assert_eq!(before[0].column(0).as_primitive::<Int64Type>().value(0), 2);
}

#[tokio::test]
async fn every_row_may_have_its_own_model() {
    let session = TestSession::new();
    let batch = session
        .query(
            "SELECT predict(m, x) FROM (VALUES (X'61', 1), (X'62', 2), (X'61', 3), (NULL, 4), (X'62', NULL)) t(m, x)",
        )
        .await
        .unwrap();
    let said: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
    assert_eq!(said, [Some("a"), Some("b"), Some("a"), None, None]);
    let classes = session.query("SELECT model_classes(m) FROM (VALUES (X'61'), (NULL)) t(m)").await.unwrap();
    assert_eq!(classes.column(0).null_count(), 1);
    let error = session
        .error("SELECT predict(with_metadata(m, 'mead.label_type', 'Int64'), 1) FROM (VALUES (X'61')) t(m)")
        .await;
    assert_eq!(error.sqlstate, sqlstate::DATATYPE_MISMATCH);
}

#[tokio::test]
async fn evaluation_counts_over_partitions() {
    let session = TestSession::new();
    session.models.set("m", TestModel::lengths(1));
    let evaluate = crate::ml::evaluation(&session.context, "m").unwrap();
    let rows = "SELECT * FROM (VALUES (1, ARRAY[1]), (0, ARRAY[1]), (1, NULL), (NULL, ARRAY[2])) t(label, x)";
    let frame =
        session.sql.sql(rows).await.unwrap().repartition(datafusion::logical_expr::Partitioning::RoundRobinBatch(4));
    let frame = frame.unwrap().aggregate(vec![], vec![evaluate.call(vec![col("label"), col("x")])]).unwrap();
    let batches = frame.collect().await.unwrap();
    let record = batches[0].column(0).as_struct();
    let value = |name: &str| record.column_by_name(name).unwrap().as_primitive::<Float64Type>().value(0);
    assert_eq!((value("rows"), value("ones")), (2.0, 1.0));
}

#[tokio::test]
async fn training_is_only_described_here() {
    let session = TestSession::new();
    let frame = session
        .sql
        .sql("SELECT train_cnn(ARRAY[x], x, named_struct('epochs', 2, 'layers', ARRAY['flatten'])) FROM (VALUES (1)) t(x)")
        .await
        .unwrap();
    let field = Arc::clone(&frame.schema().fields()[0]);
    assert_eq!(crate::types::label_type(&field), Some(DataType::Int64));
    assert_eq!(field.metadata().get(crate::types::EXTENSION_NAME).map(String::as_str), Some(crate::types::MODEL));
    let error = session.error("SELECT train_cnn(ARRAY[x], x) OVER () FROM (VALUES (1)) t(x)").await;
    assert_eq!(error.message, "TRAIN_CNN cannot be used here");
}

#[tokio::test]
async fn a_cancelled_statement_stops() {
    let session = TestSession::new();
    session.models.set("m", TestModel::lengths(1));
    session.state.cancel_all();
    for call in ["image_resize(ARRAY[x], 2, 2)", "predict('m', ARRAY[x])"] {
        let error = session.error(&format!("SELECT {call} FROM (VALUES (1), (2)) t(x)")).await;
        assert_eq!(error.sqlstate, sqlstate::QUERY_CANCELED, "{call}");
    }
}

#[test]
fn arguments_left_out_before_a_named_one_are_null() {
    let session = TestSession::new();
    let names = NamedArguments::new(&session.context);
    let fill = |sql: &str| {
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        names.fill(&mut statements[0]).map(|()| statements[0].to_string())
    };
    assert_eq!(
        fill("SELECT IMAGE_DECODE(f, on_error => 'null'), round(x) FROM t").unwrap(),
        "SELECT IMAGE_DECODE(f, NULL, 'null'), round(x) FROM t"
    );
    assert_eq!(
        fill("SELECT image_resize(image => f, width => 2, height => 3)").unwrap(),
        "SELECT image_resize(f, 3, 2)"
    );
    for (sql, message) in [
        ("SELECT image_decode(f, colour => 1)", "function image_decode has no argument named \"colour\""),
        ("SELECT image_decode(f, bytes => 1)", "argument name \"bytes\" used more than once"),
        ("SELECT image_decode(bytes => f, 1)", "positional argument cannot follow named argument"),
    ] {
        assert_eq!(fill(sql).unwrap_err().message, message, "{sql}");
    }
}

#[test]
fn pixels_of_floats_need_no_copy() {
    let mut builder = crate::tensor::TensorBuilder::new(&crate::types::float_array_type(), 1);
    builder.push(3, |row| row.copy_from_slice(&[1., 2., 3.])).unwrap();
    let array = builder.finish().unwrap();
    let flat = crate::tensor::flatten(&array).unwrap();
    let place = |array: &dyn Array| array.as_list::<i32>().values().as_primitive::<Float32Type>().values().as_ptr();
    assert_eq!(place(&array), place(&flat));
}
