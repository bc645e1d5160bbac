//! Functions that PostgreSQL has in `pg_catalog` and that its clients call.
//!
//! A value of a type whose values are OIDs (regclass, regtype, …) is a bigint here: a cast to it is the function of its
//! name, a cast of it to text the function that ends in `out`; the parser writes casts so.

mod array_lower;
mod array_subscripts;
mod array_upper;
mod call;
mod col_description;
mod current_database;
mod current_schema;
mod current_schemas;
mod current_setting;
mod current_user;
mod format_type;
mod getdatabaseencoding;
mod has_database_privilege;
mod has_function_privilege;
mod has_schema_privilege;
mod has_table_privilege;
mod json_build_object;
mod like_escape;
mod names;
mod obj_description;
mod pg_advisory_unlock_all;
mod pg_backend_pid;
mod pg_char_to_encoding;
mod pg_collation_is_visible;
mod pg_conversion_is_visible;
mod pg_database_size;
mod pg_encoding_to_char;
mod pg_function_is_visible;
mod pg_get_constraintdef;
mod pg_get_expr;
mod pg_get_function_arguments;
mod pg_get_function_identity_arguments;
mod pg_get_function_result;
mod pg_get_function_sqlbody;
mod pg_get_indexdef;
mod pg_get_partkeydef;
mod pg_get_ruledef;
mod pg_get_serial_sequence;
mod pg_get_statisticsobjdef_columns;
mod pg_get_triggerdef;
mod pg_get_userbyid;
mod pg_get_viewdef;
mod pg_is_in_recovery;
mod pg_opclass_is_visible;
mod pg_relation_is_publishable;
mod pg_relation_size;
mod pg_size_pretty;
mod pg_statistics_obj_is_visible;
mod pg_table_is_visible;
mod pg_table_size;
mod pg_tablespace_location;
mod pg_total_relation_size;
mod pg_ts_config_is_visible;
mod pg_ts_dict_is_visible;
mod pg_ts_parser_is_visible;
mod pg_ts_template_is_visible;
mod pg_type_is_visible;
mod pg_typeof;
mod privileges;
mod quote_ident;
mod quote_literal;
mod quote_nullable;
mod regclass;
mod regclassout;
mod regnamespace;
mod regnamespaceout;
mod regproc;
mod regprocout;
mod regrole;
mod regroleout;
mod regtype;
mod regtypeout;
mod session_user;
mod set_config;
mod shobj_description;
mod single_row;
mod single_value;
mod sizes;
mod subscripts;
mod to_regclass;
mod to_regnamespace;
mod to_regproc;
mod to_regrole;
mod to_regtype;
mod version;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use crate::context::FunctionContext;

pub use call::fixed_return_type;
pub use single_row::single_row;
pub use single_value::single_value;

/// The family's functions, in alphabetical order.
pub fn functions(context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    vec![
        array_lower::function(),
        array_subscripts::function(),
        array_upper::function(),
        col_description::function(),
        current_database::function(context),
        current_schema::function(context),
        current_schemas::function(context),
        current_setting::function(context),
        current_user::function(context),
        format_type::function(),
        getdatabaseencoding::function(),
        has_database_privilege::function(context),
        has_function_privilege::function(context),
        has_schema_privilege::function(context),
        has_table_privilege::function(context),
        json_build_object::function(),
        like_escape::function(),
        obj_description::function(context),
        pg_advisory_unlock_all::function(),
        pg_backend_pid::function(context),
        pg_char_to_encoding::function(),
        pg_collation_is_visible::function(),
        pg_conversion_is_visible::function(),
        pg_database_size::function(context),
        pg_encoding_to_char::function(),
        pg_function_is_visible::function(context),
        pg_get_constraintdef::function(),
        pg_get_expr::function(),
        pg_get_function_arguments::function(context),
        pg_get_function_identity_arguments::function(context),
        pg_get_function_result::function(context),
        pg_get_function_sqlbody::function(),
        pg_get_indexdef::function(),
        pg_get_partkeydef::function(),
        pg_get_ruledef::function(),
        pg_get_serial_sequence::function(context),
        pg_get_statisticsobjdef_columns::function(),
        pg_get_triggerdef::function(),
        pg_get_userbyid::function(context),
        pg_get_viewdef::function(context),
        pg_is_in_recovery::function(),
        pg_opclass_is_visible::function(),
        pg_relation_is_publishable::function(context),
        pg_relation_size::function(context),
        pg_size_pretty::function(),
        pg_statistics_obj_is_visible::function(),
        pg_table_is_visible::function(context),
        pg_table_size::function(context),
        pg_tablespace_location::function(),
        pg_total_relation_size::function(context),
        pg_ts_config_is_visible::function(),
        pg_ts_dict_is_visible::function(),
        pg_ts_parser_is_visible::function(),
        pg_ts_template_is_visible::function(),
        pg_type_is_visible::function(),
        pg_typeof::function(),
        quote_ident::function(),
        quote_literal::function(),
        quote_nullable::function(),
        regclass::function(context),
        regclassout::function(context),
        regnamespace::function(context),
        regnamespaceout::function(context),
        regproc::function(context),
        regprocout::function(context),
        regrole::function(context),
        regroleout::function(context),
        regtype::function(context),
        regtypeout::function(),
        session_user::function(context),
        set_config::function(context),
        shobj_description::function(),
        single_row(),
        to_regclass::function(context),
        to_regnamespace::function(context),
        to_regproc::function(context),
        to_regrole::function(context),
        to_regtype::function(context),
        version::function(context),
    ]
}

/// The family's aggregates.
pub fn aggregates() -> Vec<AggregateUDF> {
    vec![single_value()]
}
