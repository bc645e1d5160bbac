//! `name => value` with arguments left out before it.
//!
//! DataFusion puts named arguments into their places but wants every argument before the last one given. Here the ones
//! left out become NULL, which our functions read as their default.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, VisitMut, visit_expressions_mut,
};
use mead_common::{Diagnostic, sqlstate};

use crate::context::FunctionContext;
use crate::image;

/// The names of the arguments of the functions that have optional ones.
#[derive(Debug)]
pub struct NamedArguments {
    functions: HashMap<String, Vec<String>>,
}

impl NamedArguments {
    pub fn new(context: &Arc<FunctionContext>) -> Self {
        let functions = image::functions(context)
            .into_iter()
            .filter_map(|function| Some((function.name().to_owned(), function.signature().parameter_names.clone()?)))
            .collect();
        Self { functions }
    }

    /// Completes the calls in a statement or a query, before it is planned. An argument that does not exist is 42883.
    pub fn fill<N: VisitMut>(&self, node: &mut N) -> Result<(), Diagnostic> {
        let flow = visit_expressions_mut(node, |expression| match expression {
            Expr::Function(call) => match self.fill_call(call) {
                Ok(()) => ControlFlow::Continue(()),
                Err(report) => ControlFlow::Break(report),
            },
            _ => ControlFlow::Continue(()),
        });
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(report) => Err(report),
        }
    }

    fn fill_call(&self, call: &mut Function) -> Result<(), Diagnostic> {
        let Some(name) = call.name.0.last().and_then(|part| part.as_ident()) else { return Ok(()) };
        let name = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
        let Some(parameters) = self.functions.get(&name) else { return Ok(()) };
        let FunctionArguments::List(list) = &mut call.args else { return Ok(()) };
        let positional = list.args.iter().take_while(|arg| matches!(arg, FunctionArg::Unnamed(_))).count();
        if positional == list.args.len() {
            return Ok(());
        }
        let mut places: Vec<Option<FunctionArgExpr>> = vec![None; parameters.len().max(positional)];
        for (place, argument) in list.args.iter().enumerate() {
            let (place, value) = match argument {
                FunctionArg::Unnamed(value) if place < positional => (place, value),
                // Postgres's dialect reads the name as an expression, others as a name.
                FunctionArg::Named { name: argument, arg, .. }
                | FunctionArg::ExprNamed { name: Expr::Identifier(argument), arg, .. } => {
                    let found = parameters.iter().position(|parameter| match argument.quote_style {
                        Some(_) => *parameter == argument.value,
                        None => parameter.eq_ignore_ascii_case(&argument.value),
                    });
                    (found.ok_or_else(|| unknown(&name, &argument.value, parameters))?, arg)
                }
                _ => {
                    return Err(Diagnostic::new(
                        sqlstate::SYNTAX_ERROR,
                        "positional argument cannot follow named argument",
                    ));
                }
            };
            if places[place].replace(value.clone()).is_some() {
                return Err(Diagnostic::new(
                    sqlstate::SYNTAX_ERROR,
                    format!("argument name \"{}\" used more than once", parameters[place]),
                ));
            }
        }
        while places.last().is_some_and(Option::is_none) {
            places.pop();
        }
        let absent = || FunctionArgExpr::Expr(Expr::Value(Value::Null.into()));
        list.args = places.into_iter().map(|value| FunctionArg::Unnamed(value.unwrap_or_else(absent))).collect();
        Ok(())
    }
}

fn unknown(function: &str, argument: &str, parameters: &[String]) -> Diagnostic {
    Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, format!("function {function} has no argument named \"{argument}\""))
        .with_hint(format!("its arguments are {}", parameters.join(", ")))
}
