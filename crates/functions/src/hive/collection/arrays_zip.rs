//! Spark's `arrays_zip(…)`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static ARRAYS_ZIP: Definition = Definition {
    name: "arrays_zip",
    arguments: &[("array", Kind::List, "An array.")],
    variadic: true,
    result: |planned| {
        let member =
            |(place, field): (usize, &Arc<Field>)| Field::new(place.to_string(), item_of(field.data_type()), true);
        Ok(DataType::new_list(DataType::Struct(planned.fields.iter().enumerate().map(member).collect()), true))
    },
    run: arrays_zip,
    section: &SECTION,
    description: "Of each place a struct of the elements that stand there; what is missing is NULL.",
    example: "SELECT arrays_zip(array(1, 2), array('a', 'b')); -- [{\"0\":1,\"1\":\"a\"},{\"0\":2,\"1\":\"b\"}]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&ARRAYS_ZIP];

fn arrays_zip(call: &Call) -> Result<ArrayRef> {
    let DataType::Struct(fields) = item_of(call.result_type()) else { return call.nulls() };
    let lists = (0..call.count()).map(|index| ListColumn::read(call, index)).collect::<Result<Vec<_>>>()?;
    // Each member's lists are made equally long; their elements are then the members of all structs.
    let mut members: Vec<Picked> = lists.iter().map(|_| Picked::default()).collect();
    let mut structs = Picked::default();
    let mut made = 0;
    for row in 0..call.rows {
        let ranges = lists.iter().map(|list| list.range(row)).collect::<Option<Vec<_>>>();
        let longest = ranges.as_ref().map_or(0, |ranges| ranges.iter().map(|range| range.len()).max().unwrap_or(0));
        for (place, member) in members.iter_mut().enumerate() {
            if let Some(range) = ranges.as_ref().and_then(|ranges| ranges.get(place)) {
                (0..longest).for_each(|index| {
                    member.pick((index < range.len()).then_some(range.start + index));
                });
            }
            member.end();
        }
        match ranges {
            Some(_) => structs.push(made..made + longest),
            None => structs.null(),
        }
        made += longest;
    }
    let columns = members
        .into_iter()
        .zip(&lists)
        .map(|(member, list)| Ok(Arc::clone(member.finish(list.values())?.as_list::<i32>().values())))
        .collect::<Result<Vec<_>>>()?;
    let values: ArrayRef = Arc::new(StructArray::try_new_with_length(fields, columns, None, made)?);
    structs.finish(&values)
}
