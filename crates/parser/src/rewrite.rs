//! Small changes to the syntax tree, for what DataFusion's planner cannot take as users write it. None changes what a
//! query means in PostgreSQL.

mod cast;
mod change;
mod fill_missing;
mod hive;
mod literal;
mod names;
mod rows;
mod shadowed;
mod table;
mod using_join;

use std::ops::ControlFlow;

use mead_common::Dialect;
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, Query, Select, SetExpr, TableFactor, Value, VisitMut, VisitorMut,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Location;

use crate::dialect::MeadDialect;
use crate::statement::{CreateModel, ModelSource, PartitionColumn, Statement, Warehouse, identifier_text};

pub use crate::hive::TRANSFORM;
pub use hive::LateralView;
pub use hive::{empty_select, query};

/// A column's name as the user gave it: `x` for `x` and for the second `x` of a result, which the parser has marked.
pub fn column_name(name: &str) -> &str {
    name.split(names::MARK).next().unwrap_or(name)
}

/// A type of PostgreSQL's from its text, in the form in which the planner knows it.
pub fn data_type(text: &str) -> Option<DataType> {
    let grammar = MeadDialect::new(text.len());
    let mut parser = Parser::new(&grammar).try_with_sql(text).ok()?;
    let mut data_type = parser.parse_data_type().ok()?;
    cast::standard(&mut data_type);
    Some(data_type)
}

/// The serde properties that a format of [`TRANSFORM`] holds.
pub fn transform_format(text: &str) -> std::collections::BTreeMap<String, String> {
    let parts: Vec<&str> = text.split(crate::hive::BETWEEN).collect();
    let pairs = parts.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned()));
    pairs.collect()
}

/// Why a query cannot be rewritten.
pub(crate) enum Refusal {
    /// What stands where it may not.
    Syntax(String),
    /// Understood, and refused.
    Unsupported(&'static str),
    /// A collation that there is not, whose name stands there.
    Collation { message: String, name: Location },
}

/// Rewrites a statement's queries; an error names what is wrong.
pub(crate) fn rewrite(statement: &mut Statement, dialect: Dialect) -> Result<(), Refusal> {
    if dialect.is_hive_like()
        && let Some(query) = own_query(statement)
        && let ControlFlow::Break(refusal) = hive::rewrite(query, dialect)
    {
        return Err(refusal);
    }
    if let Some(query) = own_query(statement) {
        shadowed::rename(query);
    }
    let mut rewriter = Rewriter { dialect };
    let flow = match statement {
        Statement::Change(change) => change::rewrite(change, dialect),
        Statement::Copy(copy) => {
            names::name(&mut copy.query.body, names::Duplicates::Kept);
            copy.query.visit(&mut rewriter)
        }
        Statement::CreateMaterializedView(view) => {
            names::name(&mut view.query.body, duplicates(view.columns.is_empty()));
            view.query.visit(&mut rewriter)
        }
        Statement::CreateModel(model) => match model.as_mut() {
            CreateModel { source: ModelSource::Query(query), .. } => query.visit(&mut rewriter),
            CreateModel { source: ModelSource::File(_), .. } => ControlFlow::Continue(()),
        },
        Statement::CreateTable(table) => {
            let partitions = table.partitioned_by.iter_mut().filter_map(|column| match column {
                PartitionColumn::Declared(column) => Some(column),
                PartitionColumn::Named(_) => None,
            });
            table.columns.iter_mut().chain(partitions).for_each(|column| cast::standard(&mut column.data_type));
            match &mut table.query {
                Some(query) => {
                    names::name(&mut query.body, duplicates(table.columns.is_empty()));
                    query.visit(&mut rewriter)
                }
                None => ControlFlow::Continue(()),
            }
        }
        Statement::CreateRoutine(routine) => routine.query.visit(&mut rewriter),
        Statement::CreateView(view) => {
            names::name(&mut view.query.body, duplicates(view.columns.is_empty()));
            view.query.visit(&mut rewriter)
        }
        Statement::Declare { query, .. } | Statement::Query(query) | Statement::Summarize(query) => {
            names::name_result(query);
            let flow = query.visit(&mut rewriter);
            cast::show_names(&mut query.body);
            flow
        }
        // A plan shows columns by the names that DataFusion gives them.
        Statement::Explain { statement, .. } => match statement.as_mut() {
            Statement::Query(query) => query.visit(&mut rewriter),
            other => return rewrite(other, dialect),
        },
        Statement::Prepare { statement, .. } => return rewrite(statement, dialect),
        Statement::Insert(insert) => match &mut insert.source {
            // Values find their columns by place: two may come from columns of one name.
            Some(source) => {
                names::name_result(source);
                source.visit(&mut rewriter)
            }
            None => ControlFlow::Continue(()),
        },
        Statement::InsertDirectory(directory) => directory.query.visit(&mut rewriter),
        Statement::Warehouse(statement) => match statement {
            Warehouse::Insert(insert) => {
                names::name_result(&mut insert.source);
                insert.source.visit(&mut rewriter)
            }
            other => match other.query() {
                Some((query, named)) => {
                    names::name(&mut query.body, duplicates(!named));
                    query.visit(&mut rewriter)
                }
                None => ControlFlow::Continue(()),
            },
        },
        _ => ControlFlow::Continue(()),
    };
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(message) => Err(message),
    }
}

/// The query that a statement runs or keeps; none for one that holds another statement.
fn own_query(statement: &mut Statement) -> Option<&mut Query> {
    match statement {
        Statement::Copy(copy) => Some(&mut copy.query),
        Statement::CreateModel(model) => match model.as_mut() {
            CreateModel { source: ModelSource::Query(query), .. } => Some(query),
            CreateModel { source: ModelSource::File(_), .. } => None,
        },
        Statement::CreateMaterializedView(view) => Some(&mut view.query),
        Statement::CreateRoutine(routine) => Some(&mut routine.query),
        Statement::CreateTable(table) => table.query.as_deref_mut(),
        Statement::CreateView(view) => Some(&mut view.query),
        Statement::Declare { query, .. } | Statement::Query(query) | Statement::Summarize(query) => Some(query),
        // What is explained is rewritten here if it is a query, and for itself if it is not.
        Statement::Explain { statement, .. } => match statement.as_mut() {
            Statement::Query(query) => Some(query),
            _ => None,
        },
        Statement::Insert(insert) => insert.source.as_deref_mut(),
        Statement::InsertDirectory(directory) => Some(&mut directory.query),
        Statement::Warehouse(statement) => statement.query().map(|(query, _)| query),
        _ => None,
    }
}

/// A table's or a view's columns must differ, unless names are given in place of the query's.
fn duplicates(takes_names_of_query: bool) -> names::Duplicates {
    if takes_names_of_query { names::Duplicates::Kept } else { names::Duplicates::Unnamed }
}

struct Rewriter {
    dialect: Dialect,
}

impl VisitorMut for Rewriter {
    type Break = Refusal;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Refusal> {
        names::name_columns(select, names::Duplicates::Unnamed);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Refusal> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(Refusal::Unsupported("FOR UPDATE or FOR SHARE"));
        }
        table::spell_out(&mut query.body);
        using_join::rewrite(query);
        if let SetExpr::Values(values) = query.body.as_mut()
            && !self.dialect.is_hive_like()
        {
            literal::values(values);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Refusal> {
        match factor {
            // DataFusion would pass these over; the planner of Hive's samples does not.
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. }
                if !self.dialect.is_hive_like() =>
            {
                return ControlFlow::Break(Refusal::Unsupported("TABLESAMPLE"));
            }
            TableFactor::Table { with_ordinality: true, .. } | TableFactor::UNNEST { with_ordinality: true, .. } => {
                return ControlFlow::Break(Refusal::Unsupported("WITH ORDINALITY"));
            }
            TableFactor::Table { name, args: Some(_), .. } => unqualify(name),
            _ => {}
        }
        rows::in_from(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Refusal> {
        match expression {
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => {
                bind_tightly(expression);
                ControlFlow::Continue(())
            }
            Expr::Function(function) if is_train(function) => gather_options(function),
            Expr::Function(function) => {
                unqualify(&mut function.name);
                call_with_parentheses(function);
                match fill_missing::expanded(function) {
                    Some(Ok(expanded)) => *expression = expanded,
                    Some(Err(refusal)) => return ControlFlow::Break(refusal),
                    None => {}
                }
                ControlFlow::Continue(())
            }
            // PostgreSQL reserves the word: a column of this name must be quoted.
            Expr::Identifier(name) if name.quote_style.is_none() && is_session_word(&name.value) => {
                *expression = cast::call(&name.value.to_lowercase(), Vec::new());
                ControlFlow::Continue(())
            }
            // Every collation that there is orders text by its bytes here, as "C" does.
            Expr::Collate { collation, .. } if !is_collation(collation) => {
                let parts = collation.0.iter().filter_map(|part| part.as_ident());
                let name = parts.clone().map(identifier_text).collect::<Vec<_>>().join(".");
                let at = parts.map(|part| part.span.start).next().unwrap_or(Location::empty());
                let message = format!("collation \"{name}\" for encoding \"UTF8\" does not exist");
                ControlFlow::Break(Refusal::Collation { message, name: at })
            }
            Expr::Collate { expr, .. } => {
                *expression = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
                self.pre_visit_expr(expression)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Refusal> {
        match expression {
            Expr::Cast { .. } => {
                cast::cast(expression);
                literal::cast(expression);
            }
            Expr::TypedString(typed) => literal::microseconds(&mut typed.data_type),
            Expr::Value(_) => literal::number(expression),
            Expr::BinaryOp { op: operator @ BinaryOperator::PGCustomBinaryOperator(_), .. } => name_operator(operator),
            Expr::Like { .. } | Expr::ILike { .. } => escape_by_backslash(expression),
            Expr::Function(function) => {
                rows::lambda(function);
                let rewritten = rows::subscripts(function).or_else(|| rows::array_of_rows(function));
                if let Some(rewritten) = rewritten.or_else(|| literal::modulo(function)) {
                    *expression = rewritten;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The collations that order text by its bytes, or as the database does, which is the same.
fn is_collation(name: &ObjectName) -> bool {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema.value.eq_ignore_ascii_case("pg_catalog") => name,
        _ => return false,
    };
    let name = identifier_text(name);
    ["default", "C", "POSIX", "ucs_basic"].contains(&name.as_str())
}

/// `current_user` and its like are functions that are called without parentheses.
fn is_session_word(word: &str) -> bool {
    ["current_catalog", "current_role", "current_schema", "current_user", "session_user", "user"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn call_with_parentheses(function: &mut Function) {
    if function.args == FunctionArguments::None
        && let [part] = function.name.0.as_slice()
        && part.as_ident().is_some_and(|name| is_session_word(&name.value))
    {
        function.args = FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: Vec::new(),
            clauses: Vec::new(),
        });
    }
}

/// `a IS DISTINCT FROM b AND c` is `(a IS DISTINCT FROM b) AND c`; sqlparser reads all that follows as what `a` is compared with.
/// What the user put into parentheses is `Expr::Nested`, and stays together.
fn bind_tightly(expression: &mut Expr) {
    *expression = match cast::take(expression) {
        Expr::IsDistinctFrom(left, right) => compare_first(*right, |right| Expr::IsDistinctFrom(left, right)),
        Expr::IsNotDistinctFrom(left, right) => compare_first(*right, |right| Expr::IsNotDistinctFrom(left, right)),
        other => other,
    };
}

/// `b AND c OR d` with a comparison in the place of `b`.
fn compare_first(expression: Expr, compare: impl FnOnce(Box<Expr>) -> Expr) -> Expr {
    match expression {
        Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor), right } => {
            Expr::BinaryOp { left: Box::new(compare_first(*left, compare)), op, right }
        }
        other => compare(Box::new(other)),
    }
}

/// `OPERATOR(pg_catalog.~)` is `~`. What has no short form here stays as it is, and is refused by its name.
fn name_operator(operator: &mut BinaryOperator) {
    let BinaryOperator::PGCustomBinaryOperator(parts) = &operator else { return };
    let symbol = match parts.as_slice() {
        [symbol] => symbol,
        [schema, symbol] if schema.eq_ignore_ascii_case("pg_catalog") => symbol,
        _ => return,
    };
    *operator = match symbol.as_str() {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "||" => BinaryOperator::StringConcat,
        _ => return,
    };
}

/// `x LIKE p ESCAPE e` is `x LIKE like_escape(p, e)`: DataFusion knows no other escape than the backslash.
fn escape_by_backslash(expression: &mut Expr) {
    let (Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. }) = expression else {
        return;
    };
    let Some(escape) = escape_char.take() else { return };
    let bare = std::mem::replace(pattern.as_mut(), Expr::Value(Value::Null.with_empty_span()));
    **pattern = cast::call("like_escape", vec![bare, Expr::Value(escape)]);
}

/// `pg_catalog.f(…)` is `f(…)`.
fn unqualify(name: &mut ObjectName) {
    let in_catalog =
        name.0.len() == 2 && name.0[0].as_ident().is_some_and(|schema| schema.value.eq_ignore_ascii_case("pg_catalog"));
    if in_catalog {
        name.0.remove(0);
    }
}

fn is_train(function: &Function) -> bool {
    let name = function.name.to_string().to_lowercase();
    name.starts_with("train_")
}

/// `TRAIN_CNN(image, label, epochs => 5)` is `TRAIN_CNN(image, label, named_struct('epochs', 5))`: DataFusion takes named
/// arguments only for functions whose every parameter has one type.
fn gather_options(function: &mut Function) -> ControlFlow<Refusal> {
    let FunctionArguments::List(list) = &mut function.args else {
        return ControlFlow::Continue(());
    };
    let mut names: Vec<String> = Vec::new();
    let mut options = Vec::new();
    let mut positional = Vec::new();
    for argument in std::mem::take(&mut list.args) {
        match argument {
            FunctionArg::Named { name: Ident { value: name, .. }, arg, .. }
            | FunctionArg::ExprNamed { name: Expr::Identifier(Ident { value: name, .. }), arg, .. } => {
                let name = name.to_lowercase();
                if names.contains(&name) {
                    return ControlFlow::Break(Refusal::Syntax(format!("{name} => … given twice")));
                }
                let key = Expr::Value(Value::SingleQuotedString(name.clone()).with_empty_span());
                options.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(key)));
                options.push(FunctionArg::Unnamed(arg));
                names.push(name);
            }
            positional_argument => {
                if let (false, FunctionArg::Unnamed(argument)) = (names.is_empty(), &positional_argument) {
                    return ControlFlow::Break(Refusal::Syntax(argument.to_string()));
                }
                positional.push(positional_argument);
            }
        }
    }
    if !options.is_empty() {
        let gathered = Function {
            name: ObjectName::from(vec![Ident::new("named_struct")]),
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args: options,
                clauses: Vec::new(),
            }),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        };
        positional.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(gathered))));
    }
    list.args = positional;
    ControlFlow::Continue(())
}
