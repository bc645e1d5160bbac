//! Statements nested deeply, as a fuzzer or a broken generator sends them: parsed or refused, soon, within a thread's stack.

use std::sync::mpsc;
use std::time::Duration;

use mead_common::Dialect;
use mead_parser::parse;

/// What a statement may take; most of it is for a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// The stack of the server's threads.
const STACK_BYTES: usize = 64 << 20;

/// Before, opening, middle, closing, after: the opening and the closing are repeated.
const FORMS: [(&str, &str, &str, &str, &str); 50] = [
    ("SELECT ", "(", "1", ")", ""),
    ("SELECT ", "f(", "1", ")", ""),
    ("SELECT ", "(a, ", "1", ")", ""),
    ("SELECT ", "ROW(", "1", ")", ""),
    ("SELECT ", "STRUCT(", "1", ")", ""),
    ("SELECT ", "ARRAY[", "1", "]", ""),
    ("SELECT ARRAY", "[", "1", "]", ""),
    ("SELECT ", "a[", "1", "]", ""),
    ("SELECT ", "{'a':", "1", "}", ""),
    ("SELECT ", "{", "1", "}", ""),
    ("SELECT ", "NOT ", "true", "", ""),
    ("SELECT ", "- ", "1", "", ""),
    ("SELECT ", "CASE WHEN ", "1", " THEN 1 END", ""),
    ("SELECT ", "CAST(", "1", " AS INT)", ""),
    ("SELECT ", "EXTRACT(YEAR FROM ", "1", ")", ""),
    ("SELECT ", "POSITION(", "1", " IN 'x')", ""),
    ("SELECT ", "TRIM(BOTH ", "1", " FROM 'x')", ""),
    ("SELECT ", "INTERVAL ", "'1'", "", ""),
    ("SELECT ", "1 BETWEEN ", "1", " AND 2", ""),
    ("SELECT ", "f(a => ", "1", ")", ""),
    ("SELECT ", "EXISTS (SELECT ", "1", ")", ""),
    ("SELECT ", "sum(1) OVER (ORDER BY ", "1", ")", ""),
    ("SELECT 1 WHERE ", "1 IN (SELECT 1 WHERE ", "true", ")", ""),
    ("SELECT 1::", "array<", "int", ">", ""),
    ("SELECT 1::", "struct<a ", "int", ">", ""),
    ("SELECT 1::int", "", "", "[]", ""),
    ("SELECT 1", "", "", "+1", ""),
    ("SELECT 1", "", "", "::int", ""),
    ("SELECT 1", "", "", " IS NULL", ""),
    ("SELECT 1", "", "", "!", ""),
    ("SELECT a", "", "", ".a", ""),
    ("SELECT a", "", "", "[1]", ""),
    ("SELECT 1", "", "", " UNION ALL SELECT 1", ""),
    ("SELECT 1 GROUP BY ", "GROUPING SETS (", "1", ")", ""),
    ("SELECT 1 GROUP BY ROLLUP ", "(", "1", ")", ""),
    ("SELECT * FROM ", "(", "t", ")", ""),
    ("SELECT * FROM ", "(SELECT * FROM ", "t", ") x", ""),
    ("SELECT * FROM ", "LATERAL (SELECT * FROM ", "t", ")", ""),
    ("SELECT * FROM ", "(a JOIN ", "t", " ON true)", ""),
    ("SELECT * FROM a", " JOIN a", "", " ON true", ""),
    ("SELECT * FROM a", "", "", " JOIN a ON true", ""),
    ("SELECT * FROM ", "UNNEST(", "1", ")", ""),
    ("SELECT * FROM ", "f(", "1", ")", ""),
    ("", "(", "SELECT 1", ")", ""),
    ("", "EXPLAIN ", "SELECT 1", "", ""),
    ("", "PREPARE a AS ", "SELECT 1", "", ""),
    ("", "WITH a AS (", "SELECT 1", ") SELECT 2", ""),
    ("VALUES ", "(", "1", ")", ""),
    ("CREATE TABLE t (a int DEFAULT ", "(", "1", ")", ")"),
    ("SELECT 1 ", "/*", "x", "*/", ""),
];

#[test]
fn nested_statements_are_parsed_or_refused_soon() {
    let mut slow = Vec::new();
    for depth in [8, 20, 60, 400, 9_000, 200_000] {
        for (before, opening, middle, closing, after) in FORMS {
            let form = format!("{before}{opening}…{closing}");
            if slow.contains(&form) {
                continue;
            }
            let sql = format!("{before}{}{middle}{}{after}", opening.repeat(depth), closing.repeat(depth));
            let (done, outcome) = mpsc::channel();
            let parsing = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
                // Copying and dropping walk the tree too.
                drop(parse(&sql, Dialect::Postgres).map(|parsed| drop(parsed.clone())));
                done.send(())
            });
            parsing.expect("a thread can be started");
            if outcome.recv_timeout(TIME_MAX).is_err() {
                println!("{form} {depth} times: a panic, or more than {TIME_MAX:?}");
                slow.push(form);
            }
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}
