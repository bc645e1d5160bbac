//! `SELECT TRANSFORM (…) USING '…'`, as the parser marks it.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, Statement, TableFactor, Value, Visit, Visitor,
};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{LateralView, TRANSFORM, transform_format};

use crate::error::into_datafusion;
use crate::operator::transform::{Program, TransformNode};

/// True for what [`plan`] plans.
pub(super) fn is_transform(view: &LateralView) -> bool {
    view.function.name.0.iter().any(|part| part.as_ident().is_some_and(|name| name.value == TRANSFORM))
}

/// Plans the program over its input.
pub(super) fn plan(
    view: LateralView,
    dialect: Dialect,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let input = context.plan(view.input)?;
    let FunctionArguments::List(list) = view.function.args else { return Err(broken()) };
    let mut texts = Vec::new();
    let mut fields = Vec::new();
    for argument in list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(SqlExpr::Value(value))) => match value.value {
                Value::SingleQuotedString(text) => texts.push(text),
                _ => return Err(broken()),
            },
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                let typed: Expr = context.sql_to_expr(expr, &DFSchema::empty())?;
                let field = typed.to_field(&DFSchema::empty())?.1;
                fields.push(field.as_ref().clone().with_name(context.normalize_ident(name)).with_nullable(true));
            }
            _ => return Err(broken()),
        }
    }
    let [command, given, made] = texts.as_slice() else { return Err(broken()) };
    let with_tabs = |text: &str| {
        let mut format = transform_format(text);
        format.entry("field.delim".to_owned()).or_insert_with(|| "\t".to_owned());
        format
    };
    // Hive runs a program by its words, without a shell.
    let command = if dialect == Dialect::Hive { words(command) } else { command.clone() };
    let (input_format, output_format) = (with_tabs(given), with_tabs(made));
    let mut program =
        Program { command, input: input_format, output: output_format, raw_bytes: dialect == Dialect::Spark };
    if fields.is_empty() {
        fields = ["key", "value"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec();
        // In Hive the value is all that is behind the key.
        if dialect == Dialect::Hive {
            program.output.insert("serialization.last.column.takes.rest".to_owned(), "true".to_owned());
        }
    }
    let fields = fields.into_iter().map(|field| (None, Arc::new(field))).collect();
    let schema = Arc::new(DFSchema::new_with_metadata(fields, Default::default())?);
    let node = TransformNode { input: Arc::new(input), program, schema };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

/// The words of a command, which quotes keep together, for a shell to read as they are (ScriptOperator.splitArgs).
fn words(command: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    let quoted = words.into_iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

fn broken() -> datafusion::error::DataFusionError {
    into_datafusion(Diagnostic::internal("TRANSFORM is not as the parser writes it"))
}

/// True for a statement that runs a program.
pub(crate) fn runs_program(statement: &Statement) -> bool {
    statement.visit(&mut Programs).is_break()
}

struct Programs;

impl Visitor for Programs {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let TableFactor::Pivot { aggregate_functions, .. } = factor else { return ControlFlow::Continue(()) };
        let runs = aggregate_functions.iter().any(|call| match &call.expr {
            SqlExpr::Function(function) => {
                function.name.0.iter().any(|part| part.as_ident().is_some_and(|name| name.value == TRANSFORM))
            }
            _ => false,
        });
        if runs { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// 42501 or 0A000 unless a session may run programs.
pub(crate) fn check_allowed(allowed: bool, superuser: bool) -> std::result::Result<(), Diagnostic> {
    if !superuser {
        let report =
            Diagnostic::new(sqlstate::INSUFFICIENT_PRIVILEGE, "permission denied to run a program by TRANSFORM");
        return Err(report.with_hint("only superusers may do this"));
    }
    if !allowed {
        let report = Diagnostic::unsupported("TRANSFORM is not allowed in this session");
        return Err(report.with_hint("SET allow_transform = on lets a superuser run programs on the server's machine"));
    }
    Ok(())
}
