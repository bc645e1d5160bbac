//! DESCRIBE [EXTENDED | FORMATTED] a table, a partition, a column, a database, a function.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::partition_spec::{self, PartitionSpec};
use super::{object_name, string};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct DescribeHive {
    pub target: DescribeTarget,
    pub extended: bool,
    pub formatted: bool,
}

#[derive(Debug, Clone)]
pub enum DescribeTarget {
    Database(String),
    Function(String),
    /// `path` is a column, and what is below it: `[column, field, '$elem$', …]`.
    Table {
        table: ObjectName,
        partition: PartitionSpec,
        path: Vec<String>,
    },
}

/// `None`, and nothing read, for what DESCRIBE is in every dialect.
pub(super) fn describe(parser: &mut Parser<'_>, hive: bool) -> ParseResult<Option<DescribeHive>> {
    let at = |n: usize, word: &str| parser.peek_word_at(n, word);
    let is_target = |word: &str| at(1, word) && matches!(parser.peek_nth_token_ref(2).token, Token::Word(_));
    if is_target("model") || is_target("history") || ["select", "with", "from", "values"].iter().any(|word| at(1, word))
    {
        return Ok(None);
    }
    if !hive && !["database", "schema", "function", "extended", "formatted"].iter().any(|word| is_target(word)) {
        return Ok(None);
    }
    parser.next_token();
    let names_next = |parser: &Parser<'_>| {
        matches!(
            &parser.peek_nth_token_ref(1).token,
            Token::Word(_) | Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)
        )
    };
    if names_next(parser) && (parser.take_word("database") || parser.take_word("schema")) {
        let extended = names_next(parser) && parser.take_word("extended");
        let name = super::super::identifier_text(&parser.parse_identifier()?);
        return Ok(Some(DescribeHive { target: DescribeTarget::Database(name), extended, formatted: false }));
    }
    if parser.peek_word_at(0, "function") && !parser.at_end() && parser.peek_nth_token_ref(1).token != Token::EOF {
        parser.next_token();
        let extended = parser.peek_nth_token_ref(1).token != Token::EOF && parser.take_word("extended");
        let name = match &parser.peek_nth_token_ref(0).token {
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => string(parser)?,
            // Operators are described too.
            _ => parser.next_token().token.to_string(),
        };
        let target = DescribeTarget::Function(name.to_lowercase());
        return Ok(Some(DescribeHive { target, extended, formatted: false }));
    }
    let extended = names_next(parser) && parser.take_word("extended");
    let formatted = !extended && names_next(parser) && parser.take_word("formatted");
    let _ = names_next(parser) && parser.take_word("table");
    let table = object_name(parser)?;
    let mut partition = partition_spec::optional(parser)?;
    let mut path = Vec::new();
    while !parser.at_end() && partition.is_none() {
        let token = parser.next_token();
        match token.token {
            Token::Period => {}
            Token::Word(word) => path.push(word.value.to_lowercase()),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => path.push(text.to_lowercase()),
            _ => return parser.expected("a column", token),
        }
        partition = partition_spec::optional(parser)?;
    }
    let target = DescribeTarget::Table { table, partition: partition.unwrap_or_default(), path };
    Ok(Some(DescribeHive { target, extended, formatted }))
}
