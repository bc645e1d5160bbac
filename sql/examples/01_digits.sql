-- Handwritten digits: a convolutional network is trained on images that are rows of a table, and then asked in SQL.
-- `cargo xtask demo` runs this file; so does
--   psql -h 127.0.0.1 -p 5433 -U mead default -v digits="$PWD/sql/examples/data/digits.jsonl" -f sql/examples/01_digits.sql

-- The file stays where it is. Its columns are found by reading it: id, label, and image, an array of 64 numbers from 0
-- to 16: eight lines of eight pixels.
DROP TABLE IF EXISTS digits_file;
CREATE EXTERNAL TABLE digits_file STORED AS JSON LOCATION :'digits';

SELECT label, count(*) AS images FROM digits_file GROUP BY label ORDER BY label;

-- Tables of mead's own. Images are brought to 28 × 28 pixels, their values to 0 … 1. Four fifths are for training; the
-- rest the model never sees.
DROP TABLE IF EXISTS digits_train;
CREATE TABLE digits_train AS
SELECT id, label, NORMALIZE(IMAGE_RESIZE(image, 28, 28), scale => 16) AS image
FROM digits_file
WHERE id % 5 <> 0;

DROP TABLE IF EXISTS digits_test;
CREATE TABLE digits_test AS
SELECT id, label, NORMALIZE(IMAGE_RESIZE(image, 28, 28), scale => 16) AS image
FROM digits_file
WHERE id % 5 = 0;

-- Training is an aggregate function: it takes rows and gives one value, a model, which CREATE MODEL keeps under a name.
-- A notice tells of each epoch as it ends.
CREATE OR REPLACE MODEL digits AS
SELECT TRAIN_CNN(image, label,
  layers => ARRAY['conv2d(32, 3x3, relu)', 'maxpool(2x2)', 'conv2d(64, 3x3, relu)', 'maxpool(2x2)',
                  'conv2d(64, 3x3, relu)', 'maxpool(2x2)', 'flatten', 'dense(64, relu)', 'dense(10, softmax)'],
  input_shape => ARRAY[28,28,1], optimizer => 'adam', loss => 'cross_entropy', epochs => 5, batch_size => 32, seed => 42)
FROM digits_train;

-- Prediction is a scalar function, and stands wherever an expression may stand. Its type is the label's.
SELECT id, label, PREDICT('digits', image) AS predicted
FROM digits_test
ORDER BY id
LIMIT 8;

-- The digits that it takes for others, and how sure it was: PREDICT_PROBA gives a probability for each class, in the
-- order of MODEL_CLASSES('digits'). Arrays begin at 1.
SELECT id, label, predicted, round(CAST(probabilities[predicted + 1] AS NUMERIC), 3) AS sure
FROM (
  SELECT id, label, PREDICT('digits', image) AS predicted, PREDICT_PROBA('digits', image) AS probabilities
  FROM digits_test
) AS answers
WHERE predicted <> label
ORDER BY sure DESC
LIMIT 8;

-- How good is it on the images it has not seen?
SELECT * FROM ML_EVALUATE('digits', TABLE digits_test);

-- Which digits are taken for which: on the diagonal the right ones.
SELECT label,
       sum(CASE WHEN predicted = 0 THEN rows ELSE 0 END) AS "0",
       sum(CASE WHEN predicted = 1 THEN rows ELSE 0 END) AS "1",
       sum(CASE WHEN predicted = 2 THEN rows ELSE 0 END) AS "2",
       sum(CASE WHEN predicted = 3 THEN rows ELSE 0 END) AS "3",
       sum(CASE WHEN predicted = 4 THEN rows ELSE 0 END) AS "4",
       sum(CASE WHEN predicted = 5 THEN rows ELSE 0 END) AS "5",
       sum(CASE WHEN predicted = 6 THEN rows ELSE 0 END) AS "6",
       sum(CASE WHEN predicted = 7 THEN rows ELSE 0 END) AS "7",
       sum(CASE WHEN predicted = 8 THEN rows ELSE 0 END) AS "8",
       sum(CASE WHEN predicted = 9 THEN rows ELSE 0 END) AS "9"
FROM ML_CONFUSION_MATRIX('digits', TABLE digits_test)
GROUP BY label
ORDER BY label;

-- Five times through 1,437 images is little. Without layers the network is one that fits the images; a model that takes a
-- name that exists is its next version, and whoever asks meanwhile gets the old one.
CREATE OR REPLACE MODEL digits AS
SELECT TRAIN_CNN(image, label, epochs => 12, seed => 42) FROM digits_train;

SELECT accuracy, log_loss FROM ML_EVALUATE('digits', TABLE digits_test);

-- What the notices said is kept.
SELECT epoch, round(CAST(loss AS NUMERIC), 4) AS loss, round(CAST(accuracy AS NUMERIC), 4) AS accuracy,
       round(CAST(seconds AS NUMERIC), 2) AS seconds, round(CAST(rows_per_second AS NUMERIC)) AS rows_per_second
FROM ml.training_history
WHERE run = (SELECT max(run) FROM ml.training_history WHERE model = 'digits')
ORDER BY epoch;

SELECT name, version, is_default, inputs, bytes FROM ml.model_versions WHERE name = 'digits' ORDER BY version;
