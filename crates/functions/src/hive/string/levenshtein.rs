//! `levenshtein(a, b [, limit])`: in how many steps one text becomes another.

use datafusion::arrow::datatypes::Int32Type;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, int};

static LEVENSHTEIN: Definition = Definition {
    name: "levenshtein",
    arguments: &[
        ("a", Kind::Primitive, "A text."),
        ("b", Kind::Primitive, "Another text."),
        ("limit", Kind::Number, "A distance that is greater is given as -1."),
    ],
    required: 2,
    result: int,
    run: |call| {
        let (left, right, limits) = (call.text(0)?, call.text(1)?, call.whole(2)?);
        call.primitives::<Int32Type>(|row| {
            let distance = distance(left.get(row)?, right.get(row)?);
            match call.has(2) {
                true => Some(if i64::from(distance) > limits.get(row)? { -1 } else { distance }),
                false => Some(distance),
            }
        })
    },
    section: &SECTION,
    description: "How many characters must be put in, left out or changed to make one text of another.",
    example: "SELECT levenshtein('kitten', 'sitting'); -- 3",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&LEVENSHTEIN];

fn distance(left: &str, right: &str) -> i32 {
    let right: Vec<char> = right.chars().collect();
    let mut costs: Vec<i32> = (0..=right.len() as i32).collect();
    for (row, from) in left.chars().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row as i32 + 1;
        for (column, to) in right.iter().enumerate() {
            let change = diagonal + i32::from(from != *to);
            diagonal = costs[column + 1];
            costs[column + 1] = change.min(costs[column] + 1).min(diagonal + 1);
        }
    }
    costs[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("ab", ""), 2);
        assert_eq!(distance("ab", "ab"), 0);
    }
}
