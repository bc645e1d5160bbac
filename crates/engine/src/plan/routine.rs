//! Calls of functions and macros that are SQL expressions: the expression stands in the call's place, with the arguments in
//! the place of the parameters.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, VisitMut, VisitorMut,
};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{CreateRoutine, Statement, identifier_text};

/// Calls within the expressions of called functions, beyond which one is taken to call itself.
const DEPTH_MAX: usize = 32;

/// How many calls of one statement may be replaced: each can double the statement.
const CALLS_MAX: usize = 10_000;

/// A routine as it is kept: what made it, and the dialect that is in.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub text: String,
    pub dialect: Dialect,
}

/// Gives the function of a name, if there is one.
type Find<'a> = dyn Fn(&[String]) -> Result<Option<Definition>, Diagnostic> + 'a;

/// Puts the expressions in. `find` is asked for the name of every function that is called, in lower case if it is unquoted.
pub(crate) fn expand(statement: &mut ast::Statement, find: &Find<'_>) -> Result<(), Diagnostic> {
    let mut known = HashMap::new();
    let mut calls = 0;
    let mut expander = Expander { find, known: &mut known, calls: &mut calls, depth: 0 };
    match statement.visit(&mut expander) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The routine that a definition makes.
pub(crate) fn read(definition: &Definition) -> Result<CreateRoutine, Diagnostic> {
    let parsed = mead_parser::parse(&definition.text, definition.dialect).map_err(Diagnostic::from)?;
    match parsed.into_iter().next().map(|parsed| parsed.statement) {
        Some(Statement::CreateRoutine(routine)) => Ok(*routine),
        _ => Err(Diagnostic::internal("a function's definition is not CREATE FUNCTION")),
    }
}

/// Puts NULL in the place of parameters.
pub(crate) fn put_nulls(query: &mut ast::Query, parameters: &[(String, DataType)]) {
    let null = |data_type: &DataType| cast(Expr::Value(ast::Value::Null.with_empty_span()), data_type.clone());
    let values = parameters.iter().map(|(name, data_type)| (name.as_str(), null(data_type)));
    let _ = query.visit(&mut Parameters(values.collect()));
}

type Known = HashMap<Vec<String>, Option<CreateRoutine>>;

struct Expander<'a> {
    find: &'a Find<'a>,
    known: &'a mut Known,
    calls: &'a mut usize,
    depth: usize,
}

impl VisitorMut for Expander<'_> {
    type Break = Diagnostic;

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Diagnostic> {
        let Expr::Function(function) = expression else { return ControlFlow::Continue(()) };
        match self.replaced(function) {
            Ok(Some(replaced)) => {
                *expression = replaced;
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Expander<'_> {
    fn replaced(&mut self, function: &mut Function) -> Result<Option<Expr>, Diagnostic> {
        let name: Vec<String> =
            function.name.0.iter().filter_map(|part| part.as_ident()).map(identifier_text).collect();
        if !self.known.contains_key(&name) {
            let found = (self.find)(&name)?.map(|definition| read(&definition)).transpose()?;
            self.known.insert(name.clone(), found);
        }
        let Some(Some(routine)) = self.known.get(&name) else { return Ok(None) };
        let routine = routine.clone();
        let arguments = arguments(function, &name)?;
        if arguments.len() != routine.parameters.len() {
            let message = format!(
                "function {} takes {} arguments, {} are given",
                name.join("."),
                routine.parameters.len(),
                arguments.len()
            );
            return Err(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message));
        }
        *self.calls += 1;
        if self.depth >= DEPTH_MAX || *self.calls > CALLS_MAX {
            let message = format!("function {} is called too often, or by itself", name.join("."));
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let Some(mut body) = routine.body().cloned() else {
            return Err(Diagnostic::internal("a function's definition has no expression"));
        };
        let mut inner = Expander { find: self.find, known: self.known, calls: self.calls, depth: self.depth + 1 };
        if let ControlFlow::Break(error) = body.visit(&mut inner) {
            return Err(error);
        }
        let values = routine.parameters.iter().zip(arguments);
        let values =
            values.map(|(parameter, value)| (parameter.name.as_str(), cast(value, parameter.data_type.clone())));
        let mut parameters = Parameters(values.collect());
        let _ = body.visit(&mut parameters);
        Ok(Some(match routine.returns {
            Some(data_type) => cast(body, data_type),
            None => Expr::Nested(Box::new(body)),
        }))
    }
}

/// What is called with, which is nothing but values: these functions are no aggregates.
fn arguments(function: &Function, name: &[String]) -> Result<Vec<Expr>, Diagnostic> {
    let refuse = |what: &str| {
        Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, format!("{what}, but {} is a SQL function", name.join(".")))
    };
    if function.over.is_some() {
        return Err(refuse("OVER is for window functions"));
    }
    if function.filter.is_some() || !function.within_group.is_empty() || function.null_treatment.is_some() {
        return Err(refuse("FILTER, WITHIN GROUP and IGNORE NULLS are for aggregate functions"));
    }
    let list = match &function.args {
        FunctionArguments::List(list) => list,
        FunctionArguments::None => return Ok(Vec::new()),
        FunctionArguments::Subquery(query) => return Ok(vec![Expr::Subquery(query.clone())]),
    };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return Err(refuse("DISTINCT is for aggregate functions"));
    }
    let values = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr.clone()),
        _ => Err(refuse("an argument is no plain value")),
    });
    values.collect()
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(Expr::Nested(Box::new(expr))),
        data_type,
        array: false,
        format: None,
    }
}

/// Puts values in the place of parameters.
struct Parameters<'a>(HashMap<&'a str, Expr>);

impl VisitorMut for Parameters<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expression
            && let Some(value) = self.0.get(identifier_text(name).as_str())
        {
            *expression = value.clone();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(sql: &str, definitions: &[&str]) -> Result<String, Diagnostic> {
        let find = |name: &[String]| {
            let wanted = format!("FUNCTION {}(", name.join("."));
            let found = definitions.iter().find(|definition| definition.contains(&wanted));
            Ok(found.map(|text| Definition { text: (*text).to_owned(), dialect: Dialect::Postgres }))
        };
        let parsed = mead_parser::parse(sql, Dialect::Postgres).unwrap().remove(0).statement;
        let Statement::Query(query) = parsed else { panic!("{sql}") };
        let mut statement = ast::Statement::Query(query);
        expand(&mut statement, &find)?;
        Ok(statement.to_string())
    }

    #[test]
    fn calls_become_expressions() {
        let add = "CREATE FUNCTION add(a INT, b INT) RETURNS INT RETURN a + b";
        let twice = "CREATE FUNCTION twice(a INT) RETURN add(a, a)";
        let sql = expanded("SELECT twice(x) AS y FROM t", &[add, twice]).unwrap();
        let x = "CAST((x) AS INT)";
        let inner = format!("CAST(({x}) AS INT)");
        assert_eq!(sql, format!("SELECT (CAST(({inner} + {inner}) AS INT)) AS y FROM t"));
    }

    #[test]
    fn wrong_calls_are_refused() {
        let add = "CREATE FUNCTION add(a INT, b INT) RETURN a + b";
        let endless = "CREATE FUNCTION endless() RETURN endless() + 1";
        assert_eq!(expanded("SELECT add(1)", &[add]).unwrap_err().sqlstate, sqlstate::UNDEFINED_FUNCTION);
        assert_eq!(expanded("SELECT endless()", &[endless]).unwrap_err().sqlstate, sqlstate::PROGRAM_LIMIT_EXCEEDED);
        assert_eq!(expanded("SELECT add(1, 2) OVER ()", &[add]).unwrap_err().sqlstate, sqlstate::WRONG_OBJECT_TYPE);
    }
}
