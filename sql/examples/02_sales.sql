-- Sales: a CSV file is cleaned, summed up by category and written as a CSV file, as one would in pandas.
-- `cargo xtask demo` makes the file and runs this; with a file of your own of the same columns, so does
--   psql -h 127.0.0.1 -p 5433 -U mead default -v sales=/path/sales.csv -v report=/path/report.csv -f sql/examples/02_sales.sql

-- sales = pd.read_csv('sales.csv'). The header gives the columns' names, the values their types.
DROP TABLE IF EXISTS sales;
CREATE EXTERNAL TABLE sales STORED AS CSV LOCATION :'sales' OPTIONS ('format.has_header' 'true');

SELECT * FROM sales ORDER BY order_id LIMIT 5;

-- Some values are missing: an empty field is NULL, and aggregates leave NULL out.
SELECT count(*) AS sales, count(*) - count(amount) AS without_amount, count(*) - count(units) AS without_units,
       round(CAST(avg(amount) AS NUMERIC), 2) AS mean_amount
FROM sales;

-- sales['amount'] = sales['amount'].fillna(sales['amount'].mean())
-- sales['units'] = sales['units'].fillna(1).astype(int)
-- A view is the recipe, not a copy.
CREATE OR REPLACE VIEW sales_filled AS
SELECT order_id, CAST(sold_on AS DATE) AS sold_on, store, category,
       CAST(COALESCE(units, 1) AS INTEGER) AS units,
       COALESCE(amount, AVG(amount) OVER ()) AS amount
FROM sales;

-- sales.groupby('category')['amount'].agg(['mean', 'median', 'max', 'min']).to_csv('report.csv')
COPY (
  SELECT category, count(*) AS sales, sum(units) AS units,
         round(CAST(avg(amount) AS NUMERIC), 2) AS mean, round(CAST(median(amount) AS NUMERIC), 2) AS median,
         max(amount) AS max, min(amount) AS min
  FROM sales_filled
  GROUP BY category
  ORDER BY category
) TO :'report' WITH (FORMAT csv, HEADER true);

-- What was written, read back.
DROP TABLE IF EXISTS sales_by_category;
CREATE EXTERNAL TABLE sales_by_category STORED AS CSV LOCATION :'report' OPTIONS ('format.has_header' 'true');

SELECT * FROM sales_by_category ORDER BY category;

-- The same by month, straight from the view.
SELECT CAST(date_trunc('month', sold_on) AS DATE) AS month, count(*) AS sales, round(CAST(sum(amount) AS NUMERIC), 2) AS amount
FROM sales_filled
GROUP BY month
ORDER BY month
LIMIT 3;
