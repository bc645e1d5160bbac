//! ALTER TABLE in Hive's many forms.

use std::collections::BTreeMap;

use sqlparser::ast::{BinaryOperator, Expr, ObjectName};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::column::{HiveColumn, column, columns, table_constraint};
use super::create_table::{Buckets, Skew, bucket_count, buckets, skew};
use super::create_view::property_keys;
use super::partition_spec::{self, PartitionSpec, partition_spec as spec};
use super::row_format::{FileFormat, classes};
use super::{column_name, object_name, properties, string};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct AlterTable {
    pub table: ObjectName,
    pub if_exists: bool,
    /// What is meant of the table, where not all of it is.
    pub partition: Option<PartitionSpec>,
    pub action: AlterTableAction,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum AlterTableAction {
    AddColumns {
        columns: Vec<HiveColumn>,
        cascade: bool,
    },
    AddPartitions {
        if_not_exists: bool,
        partitions: Vec<(PartitionSpec, Option<String>)>,
    },
    Buckets(Option<Buckets>),
    BucketCount(u32),
    ChangeColumn {
        name: String,
        column: HiveColumn,
        position: Option<ColumnPosition>,
        cascade: bool,
    },
    /// Small files become few.
    Concatenate,
    /// A constraint that is not enforced: it changes nothing.
    Constraint,
    Compact,
    DropColumns {
        columns: Vec<String>,
        if_exists: bool,
    },
    DropPartitions {
        if_exists: bool,
        partitions: Vec<Vec<PartitionFilter>>,
    },
    PartitionColumn(HiveColumn),
    RecoverPartitions,
    Rename(ObjectName),
    RenameColumn {
        from: String,
        to: String,
    },
    RenamePartition(PartitionSpec),
    ReplaceColumns {
        columns: Vec<HiveColumn>,
        cascade: bool,
    },
    SetColumnComment {
        column: String,
        comment: String,
    },
    SetFileFormat(FileFormat),
    SetLocation(String),
    SetNotNull {
        column: String,
        not_null: bool,
    },
    SetProperties(BTreeMap<String, String>),
    SetSerde {
        class: Option<String>,
        properties: BTreeMap<String, String>,
    },
    Skew(Option<Skew>),
    Touch,
    UnsetProperties {
        if_exists: bool,
        keys: Vec<String>,
    },
    UnsetSerdeProperties(Vec<String>),
    /// What is known of the rows is said by the user.
    UpdateStatistics(BTreeMap<String, String>),
}

/// Where a changed column goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnPosition {
    First,
    After(String),
}

/// `column op value` in DROP PARTITION.
#[derive(Debug, Clone)]
pub struct PartitionFilter {
    pub column: String,
    pub operator: BinaryOperator,
    pub value: Expr,
}

pub(super) fn alter_table(parser: &mut Parser<'_>) -> ParseResult<AlterTable> {
    parser.expect_word("alter")?;
    parser.expect_word("table")?;
    let if_exists = parser.if_exists();
    let table = object_name(parser)?;
    let mut partition = partition_spec::optional(parser)?;
    let action = if parser.take_word("add") {
        add(parser)?
    } else if parser.take_word("drop") {
        drop(parser)?
    } else if parser.take_word("rename") {
        rename(parser, &partition)?
    } else if parser.take_word("set") {
        set(parser)?
    } else if parser.take_words(&["replace", "columns"]) {
        AlterTableAction::ReplaceColumns { columns: columns(parser)?, cascade: cascade(parser) }
    } else if parser.take_word("change") {
        let _ = parser.take_word("column");
        change(parser)?
    } else if parser.take_words(&["alter", "column"]) || parser.take_word("alter") {
        alter_column(parser)?
    } else if parser.take_words(&["unset", "tblproperties"]) {
        let (if_exists, keys) = property_keys(parser)?;
        AlterTableAction::UnsetProperties { if_exists, keys }
    } else if parser.take_words(&["unset", "serdeproperties"]) {
        AlterTableAction::UnsetSerdeProperties(property_keys(parser)?.1)
    } else if parser.take_words(&["update", "statistics"]) {
        parser.expect_word("set")?;
        AlterTableAction::UpdateStatistics(properties(parser)?.into_iter().collect())
    } else if parser.take_word("touch") {
        partition = partition_spec::optional(parser)?.or(partition);
        AlterTableAction::Touch
    } else if parser.take_word("concatenate") {
        AlterTableAction::Concatenate
    } else if parser.take_word("compact") {
        string(parser)?;
        AlterTableAction::Compact
    } else if parser.take_words(&["recover", "partitions"]) {
        AlterTableAction::RecoverPartitions
    } else if parser.take_words(&["clustered", "by"]) {
        AlterTableAction::Buckets(Some(buckets(parser)?))
    } else if parser.take_words(&["not", "clustered"]) {
        AlterTableAction::Buckets(None)
    } else if parser.take_word("into") {
        AlterTableAction::BucketCount(bucket_count(parser)?)
    } else if parser.take_words(&["skewed", "by"]) {
        AlterTableAction::Skew(Some(skew(parser)?))
    } else if parser.take_words(&["not", "skewed"]) || parser.take_words(&["not", "stored", "as", "directories"]) {
        AlterTableAction::Skew(None)
    } else if parser.take_words(&["partition", "column"]) {
        parser.expect_token(&Token::LParen)?;
        let column = column(parser)?;
        parser.expect_token(&Token::RParen)?;
        AlterTableAction::PartitionColumn(column)
    } else {
        return parser.unexpected("ADD, DROP, RENAME, SET, UNSET, REPLACE, CHANGE or TOUCH");
    };
    Ok(AlterTable { table, if_exists, partition, action })
}

fn cascade(parser: &mut Parser<'_>) -> bool {
    let cascade = parser.take_word("cascade");
    let _ = !cascade && parser.take_word("restrict");
    cascade
}

fn add(parser: &mut Parser<'_>) -> ParseResult<AlterTableAction> {
    if parser.take_word("columns") {
        return Ok(AlterTableAction::AddColumns { columns: columns(parser)?, cascade: cascade(parser) });
    }
    if parser.take_word("column") {
        let columns = match parser.peek_nth_token_ref(0).token {
            Token::LParen => columns(parser)?,
            _ => vec![column(parser)?],
        };
        return Ok(AlterTableAction::AddColumns { columns, cascade: cascade(parser) });
    }
    if table_constraint(parser)? {
        return Ok(AlterTableAction::Constraint);
    }
    let if_not_exists = parser.if_not_exists();
    let mut partitions = Vec::new();
    while parser.take_word("partition") {
        let values = spec(parser)?;
        let location = if parser.take_word("location") { Some(string(parser)?) } else { None };
        partitions.push((values, location));
        let _ = parser.consume_token(&Token::Comma);
    }
    match partitions.is_empty() {
        true => parser.unexpected("COLUMNS or PARTITION"),
        false => Ok(AlterTableAction::AddPartitions { if_not_exists, partitions }),
    }
}

fn drop(parser: &mut Parser<'_>) -> ParseResult<AlterTableAction> {
    if parser.take_word("columns") || parser.take_word("column") {
        let if_exists = parser.if_exists();
        let columns = match parser.peek_nth_token_ref(0).token {
            Token::LParen => super::column_names(parser)?,
            _ => vec![column_name(parser)?],
        };
        return Ok(AlterTableAction::DropColumns { columns, if_exists });
    }
    let if_exists = parser.if_exists();
    let mut partitions = Vec::new();
    while parser.take_word("partition") {
        parser.expect_token(&Token::LParen)?;
        partitions.push(parser.parse_comma_separated(partition_filter)?);
        parser.expect_token(&Token::RParen)?;
        let _ = parser.consume_token(&Token::Comma);
    }
    // There is no trash that PURGE would pass by.
    let _ = parser.take_words(&["ignore", "protection"]);
    let _ = parser.take_word("purge");
    match partitions.is_empty() {
        true => parser.unexpected("PARTITION or COLUMN"),
        false => Ok(AlterTableAction::DropPartitions { if_exists, partitions }),
    }
}

fn partition_filter(parser: &mut Parser<'_>) -> ParseResult<PartitionFilter> {
    let column = column_name(parser)?;
    let token = parser.next_token();
    let operator = match token.token {
        Token::Eq | Token::DoubleEq => BinaryOperator::Eq,
        Token::Neq => BinaryOperator::NotEq,
        Token::Lt => BinaryOperator::Lt,
        Token::LtEq => BinaryOperator::LtEq,
        Token::Gt => BinaryOperator::Gt,
        Token::GtEq => BinaryOperator::GtEq,
        _ => return parser.expected("a comparison", token),
    };
    Ok(PartitionFilter { column, operator, value: parser.parse_expr()? })
}

fn rename(parser: &mut Parser<'_>, partition: &Option<PartitionSpec>) -> ParseResult<AlterTableAction> {
    if parser.take_word("column") {
        let from = column_name(parser)?;
        parser.expect_word("to")?;
        return Ok(AlterTableAction::RenameColumn { from, to: column_name(parser)? });
    }
    parser.expect_word("to")?;
    if partition.is_some() && parser.take_word("partition") {
        return Ok(AlterTableAction::RenamePartition(spec(parser)?));
    }
    Ok(AlterTableAction::Rename(object_name(parser)?))
}

fn set(parser: &mut Parser<'_>) -> ParseResult<AlterTableAction> {
    Ok(if parser.take_word("tblproperties") {
        AlterTableAction::SetProperties(properties(parser)?.into_iter().collect())
    } else if parser.take_word("serdeproperties") {
        AlterTableAction::SetSerde { class: None, properties: properties(parser)?.into_iter().collect() }
    } else if parser.take_word("serde") {
        let class = Some(string(parser)?);
        let mut kept = BTreeMap::new();
        if parser.take_words(&["with", "serdeproperties"]) {
            kept.extend(properties(parser)?);
        }
        AlterTableAction::SetSerde { class, properties: kept }
    } else if parser.take_words(&["fileformat", "inputformat"]) {
        AlterTableAction::SetFileFormat(classes(parser)?)
    } else if parser.take_word("fileformat") {
        AlterTableAction::SetFileFormat(FileFormat::Named(parser.parse_identifier()?.value.to_lowercase()))
    } else if parser.take_word("location") {
        AlterTableAction::SetLocation(string(parser)?)
    } else {
        return parser.unexpected("TBLPROPERTIES, SERDEPROPERTIES, SERDE, FILEFORMAT or LOCATION");
    })
}

/// Behind `CHANGE [COLUMN]`: `old new type [COMMENT '…'] [FIRST | AFTER column] [CASCADE]`.
fn change(parser: &mut Parser<'_>) -> ParseResult<AlterTableAction> {
    let name = column_name(parser)?;
    let column = column(parser)?;
    let position = if parser.take_word("first") {
        Some(ColumnPosition::First)
    } else if parser.take_word("after") {
        Some(ColumnPosition::After(column_name(parser)?))
    } else {
        None
    };
    Ok(AlterTableAction::ChangeColumn { name, column, position, cascade: cascade(parser) })
}

/// Behind `ALTER [COLUMN]`, as Spark and PostgreSQL write it.
fn alter_column(parser: &mut Parser<'_>) -> ParseResult<AlterTableAction> {
    let name = column_name(parser)?;
    if parser.take_word("type") || parser.take_words(&["set", "data", "type"]) {
        let data_type = super::column::data_type(parser)?;
        let column = HiveColumn { name: name.clone(), data_type, not_null: false, default: None, comment: None };
        return Ok(AlterTableAction::ChangeColumn { name, column, position: None, cascade: false });
    }
    if parser.take_word("comment") {
        return Ok(AlterTableAction::SetColumnComment { column: name, comment: string(parser)? });
    }
    if parser.take_words(&["set", "not", "null"]) {
        return Ok(AlterTableAction::SetNotNull { column: name, not_null: true });
    }
    if parser.take_words(&["drop", "not", "null"]) {
        return Ok(AlterTableAction::SetNotNull { column: name, not_null: false });
    }
    parser.unexpected("TYPE, COMMENT, SET NOT NULL or DROP NOT NULL")
}
