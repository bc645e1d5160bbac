//! MSCK [REPAIR] TABLE name [ADD | DROP | SYNC PARTITIONS]: partitions as the folders have them.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use super::object_name;
use crate::cursor::{ParseResult, ParserExt};

/// Without REPAIR it only tells.
#[derive(Debug, Clone)]
pub struct Msck {
    pub table: ObjectName,
    pub repair: bool,
    pub add: bool,
    pub drop: bool,
}

pub(super) fn msck(parser: &mut Parser<'_>) -> ParseResult<Msck> {
    parser.expect_word("msck")?;
    let repair = parser.take_word("repair");
    let _ = parser.take_word("table");
    let table = object_name(parser)?;
    let (add, drop) = if parser.take_words(&["drop", "partitions"]) {
        (false, true)
    } else if parser.take_words(&["sync", "partitions"]) {
        (true, true)
    } else {
        let _ = parser.take_words(&["add", "partitions"]);
        (true, false)
    };
    Ok(Msck { table, repair, add, drop })
}
