//! `histogram_numeric(x, bins)`: a histogram after Ben-Haim and Tom-Tov, "A Streaming Parallel Decision Tree Algorithm",
//! Journal of Machine Learning Research 11 (2010), as Hive makes it.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Float64Array, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Float64Type};

use super::gathered::{BASE, Gathered, list_value};
use crate::hive::definition::Kind;
use crate::hive::math::JavaRandom;

static HISTOGRAM_NUMERIC: Gathered = Gathered {
    name: "histogram_numeric",
    arguments: &[("number", Kind::Number, "A number."), ("bins", Kind::Number, "How many bins: at least 2.")],
    coerce: |index, given| if index == 0 { DataType::Float64 } else { given.clone() },
    result: |_, _| Some(DataType::new_list(DataType::Struct(bin_fields()), true)),
    evaluate: |group| {
        let (Some(most), true) = (group.whole(1, 2)?, group.rows > 0) else { return group.null() };
        let values = group.column(0)?;
        let mut histogram = Histogram::new(usize::try_from(most).unwrap_or(usize::MAX));
        for value in values.as_primitive::<Float64Type>().values() {
            histogram.add(*value);
        }
        let (centers, heights): (Vec<f64>, Vec<f64>) = histogram.bins.into_iter().unzip();
        let columns = vec![Arc::new(Float64Array::from(centers)) as _, Arc::new(Float64Array::from(heights)) as _];
        list_value(Arc::new(StructArray::try_new(bin_fields(), columns, None)?))
    },
    description: "The centers `x` and heights `y` of the bins of a histogram.",
    example: "SELECT histogram_numeric(x, 10) FROM t;",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Gathered] = &[&HISTOGRAM_NUMERIC];

fn bin_fields() -> Fields {
    Fields::from(vec![Field::new("x", DataType::Float64, true), Field::new("y", DataType::Float64, true)])
}

struct Histogram {
    most: usize,
    /// Centers and heights, by center.
    bins: Vec<(f64, f64)>,
    random: JavaRandom,
}

impl Histogram {
    fn new(most: usize) -> Histogram {
        Histogram { most, bins: Vec::new(), random: JavaRandom::new(31183) }
    }

    fn add(&mut self, value: f64) {
        match self.bins.binary_search_by(|(center, _)| center.total_cmp(&value)) {
            Ok(place) => self.bins[place].1 += 1.0,
            Err(place) => {
                self.bins.insert(place, (value, 1.0));
                if self.bins.len() > self.most {
                    self.merge_closest();
                }
            }
        }
    }

    /// Of several pairs that are equally close one is drawn by lot.
    fn merge_closest(&mut self) {
        let mut least = self.bins[1].0 - self.bins[0].0;
        let (mut place, mut count) = (0, 1);
        for next in 1..self.bins.len() - 1 {
            let distance = self.bins[next + 1].0 - self.bins[next].0;
            if distance < least {
                (least, place, count) = (distance, next, 1);
            } else if distance == least {
                count += 1;
                if self.random.double() <= 1.0 / f64::from(count) {
                    place = next;
                }
            }
        }
        let (center, height) = self.bins.remove(place + 1);
        let kept = &mut self.bins[place];
        let all = kept.1 + height;
        *kept = (kept.0 * (kept.1 / all) + center / all * height, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_bins_become_one() {
        let mut histogram = Histogram::new(2);
        [1.0, 10.0, 2.0, 2.0].into_iter().for_each(|value| histogram.add(value));
        assert_eq!(histogram.bins.len(), 2);
        assert_eq!(histogram.bins[1], (10.0, 1.0));
        assert!((histogram.bins[0].0 - 5.0 / 3.0).abs() < 1e-9 && histogram.bins[0].1 == 3.0);
    }
}
