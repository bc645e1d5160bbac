//! Small changes to the syntax tree, for what DataFusion's planner cannot take as users write it.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, Value,
    VisitMut, VisitorMut,
};

use crate::statement::{CreateModel, ModelSource, Statement};

/// Rewrites a statement's queries; an error names what is wrong.
pub(crate) fn rewrite(statement: &mut Statement) -> Result<(), String> {
    let mut rewriter = Rewriter;
    let flow = match statement {
        Statement::Copy(copy) => copy.query.visit(&mut rewriter),
        Statement::CreateModel(model) => match model.as_mut() {
            CreateModel { source: ModelSource::Query(query), .. } => query.visit(&mut rewriter),
            CreateModel { source: ModelSource::File(_), .. } => ControlFlow::Continue(()),
        },
        Statement::CreateTable(table) => match &mut table.query {
            Some(query) => query.visit(&mut rewriter),
            None => ControlFlow::Continue(()),
        },
        Statement::CreateView(view) => view.query.visit(&mut rewriter),
        Statement::Declare { query, .. } | Statement::Query(query) => query.visit(&mut rewriter),
        Statement::Explain { statement, .. } | Statement::Prepare { statement, .. } => return rewrite(statement),
        Statement::Insert(insert) => match &mut insert.source {
            Some(source) => source.visit(&mut rewriter),
            None => ControlFlow::Continue(()),
        },
        Statement::InsertDirectory(directory) => directory.query.visit(&mut rewriter),
        _ => ControlFlow::Continue(()),
    };
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(message) => Err(message),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = String;

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<String> {
        match expression {
            Expr::Function(function) if is_train(function) => gather_options(function),
            Expr::Function(function) => {
                unqualify(&mut function.name);
                ControlFlow::Continue(())
            }
            // Every collation that a client may ask for orders text by its bytes here, as "C" does.
            Expr::Collate { expr, .. } => {
                *expression = std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()));
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// `pg_catalog.f(…)` is `f(…)`.
fn unqualify(name: &mut ObjectName) {
    let in_catalog = name.0.len() == 2
        && name.0[0].as_ident().is_some_and(|schema| schema.value.eq_ignore_ascii_case("pg_catalog"));
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
fn gather_options(function: &mut Function) -> ControlFlow<String> {
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
                    return ControlFlow::Break(format!("{name} => … given twice"));
                }
                let key = Expr::Value(Value::SingleQuotedString(name.clone()).with_empty_span());
                options.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(key)));
                options.push(FunctionArg::Unnamed(arg));
                names.push(name);
            }
            positional_argument => {
                if let (false, FunctionArg::Unnamed(argument)) = (names.is_empty(), &positional_argument) {
                    return ControlFlow::Break(argument.to_string());
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
