//! The Postgres types, as the catalog maps them, and where Postgres's calendar begins.

pub use mead_engine::pg_type::{MODIFIER_METADATA, TYPE_METADATA};
pub(crate) use mead_engine::pg_type::{PgType, Scalar};

/// Postgres counts days and microseconds from here: 2000-01-01, in days since 1970-01-01.
pub(crate) const POSTGRES_EPOCH_DAYS: i32 = 10_957;
pub(crate) const POSTGRES_EPOCH_MICROSECONDS: i64 = POSTGRES_EPOCH_DAYS as i64 * 86_400_000_000;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field};
    use mead_engine::pg_type::of_data_type;
    use postgres_types::Type;

    use super::*;

    const EXTENSION_NAME: &str = "ARROW:extension:name";

    #[test]
    fn oids_are_postgres_own() {
        for &scalar in Scalar::ALL {
            let known = Type::from_oid(scalar.oid()).unwrap();
            let array = Type::from_oid(scalar.array_oid()).unwrap();
            assert_eq!(array.kind(), &postgres_types::Kind::Array(known));
            assert_eq!(PgType::from_oid(scalar.oid()), Some(PgType::scalar(scalar)));
            assert!(PgType::from_oid(scalar.array_oid()).unwrap().array);
        }
    }

    #[test]
    fn metadata_says_more_than_the_arrow_type() {
        let typed = |data_type, key: &str, value: &str| {
            let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
            PgType::of_field(&Field::new("c", data_type, true).with_metadata(metadata)).unwrap()
        };
        assert_eq!(typed(DataType::Utf8, EXTENSION_NAME, "arrow.json").scalar, Scalar::Json);
        let texts = DataType::new_list(DataType::Utf8, true);
        assert_eq!(typed(texts, EXTENSION_NAME, "mead.json").oid(), Type::JSON_ARRAY.oid());
        assert_eq!(typed(DataType::Int64, EXTENSION_NAME, "mead.varchar").scalar, Scalar::Int8);
        assert_eq!(typed(DataType::UInt32, TYPE_METADATA, "oid").scalar, Scalar::Oid);
        assert_eq!(typed(DataType::Binary, EXTENSION_NAME, "mead.model").scalar, Scalar::Bytea);
    }

    #[test]
    fn sixteen_bytes_are_a_uuid() {
        let uuid = DataType::FixedSizeBinary(16);
        assert_eq!(of_data_type(&uuid).unwrap().oid(), Type::UUID.oid());
        assert_eq!(of_data_type(&DataType::new_list(uuid, true)).unwrap().oid(), Type::UUID_ARRAY.oid());
        assert_eq!(of_data_type(&DataType::FixedSizeBinary(8)).unwrap().scalar, Scalar::Bytea);
    }

    #[test]
    fn a_declared_parameter_is_known_by_its_type() {
        for &scalar in Scalar::ALL {
            for array in [false, true] {
                let declared = PgType { array, ..PgType::scalar(scalar) };
                let known = PgType::of_field(&declared.field("$1")).unwrap();
                assert_eq!(known.oid(), declared.oid(), "{}", scalar.name());
            }
        }
    }

    #[test]
    fn lists_of_lists_are_one_array_type() {
        let inner = DataType::new_list(DataType::Float32, true);
        let outer = DataType::FixedSizeList(Arc::new(Field::new_list_field(inner, true)), 3);
        assert_eq!(of_data_type(&outer).unwrap().oid(), Type::FLOAT4_ARRAY.oid());
    }

    #[test]
    fn numerics_carry_precision_and_scale() {
        assert_eq!(of_data_type(&DataType::Decimal128(10, 2)).unwrap().modifier, ((10 << 16) | 2) + 4);
        assert_eq!(of_data_type(&DataType::Decimal128(10, -2)).unwrap().modifier, -1);
    }
}
