//! `FILLNA`, as pandas has it: `FILLNA(x, 0)` is `COALESCE(x, 0)`; `FILLNA(x, method => 'mean')`, or `FILLNA(x)`, is
//! `COALESCE(x, AVG(x) OVER ())`, and what stands behind OVER says of which rows.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, NullTreatment, Value, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::{Refusal, cast};

/// What a call of FILLNA stands for; `None` for any other function.
pub(super) fn expanded(function: &Function) -> Option<Result<Expr, Refusal>> {
    let [name] = function.name.0.as_slice() else { return None };
    let is_ours = name.as_ident().is_some_and(|name| name.value.eq_ignore_ascii_case("fillna"));
    is_ours.then(|| expand(function))
}

fn expand(function: &Function) -> Result<Expr, Refusal> {
    let arguments = match &function.args {
        FunctionArguments::List(list) if list.clauses.is_empty() => list.args.as_slice(),
        _ => return Err(Refusal::Unsupported("FILLNA in this form")),
    };
    let (column, method) = match arguments {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(column))] => (column, "mean".to_owned()),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(column)), FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] => {
            if function.over.is_some() {
                return Err(Refusal::Unsupported("FILLNA of a value with OVER"));
            }
            return Ok(cast::call("coalesce", vec![column.clone(), value.clone()]));
        }
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(column)), named] => match method(named) {
            Some(method) => (column, method),
            None => return Err(Refusal::Unsupported("FILLNA with other arguments than a value or method => 'name'")),
        },
        _ => return Err(Refusal::Unsupported("FILLNA with other arguments than a value or method => 'name'")),
    };
    let (name, frame) = match method.as_str() {
        "mean" => ("avg", None),
        "median" | "min" | "max" => (method.as_str(), None),
        "forward" => ("last_value", Some((WindowFrameBound::Preceding(None), WindowFrameBound::CurrentRow))),
        "backward" => ("first_value", Some((WindowFrameBound::CurrentRow, WindowFrameBound::Following(None)))),
        _ => {
            return Err(Refusal::Unsupported(
                "FILLNA by another method than mean, median, min, max, forward or backward",
            ));
        }
    };
    let over = match (frame, function.over.clone()) {
        (None, Some(over)) => over,
        (None, None) => WindowType::WindowSpec(WindowSpec {
            window_name: None,
            partition_by: Vec::new(),
            order_by: Vec::new(),
            window_frame: None,
        }),
        (Some(frame), Some(WindowType::WindowSpec(window)))
            if window.window_frame.is_none() && (window.window_name.is_some() || !window.order_by.is_empty()) =>
        {
            WindowType::WindowSpec(WindowSpec { window_frame: Some(rows(frame)), ..window })
        }
        (Some(frame), Some(WindowType::NamedWindow(name))) => WindowType::WindowSpec(WindowSpec {
            window_name: Some(name),
            partition_by: Vec::new(),
            order_by: Vec::new(),
            window_frame: Some(rows(frame)),
        }),
        (Some(_), _) => return Err(Refusal::Unsupported("FILLNA forward or backward without OVER (… ORDER BY …)")),
    };
    let mut filling = cast::call(name, vec![column.clone()]);
    if let Expr::Function(call) = &mut filling {
        let looks_on = matches!(name, "first_value" | "last_value");
        call.null_treatment = looks_on.then_some(NullTreatment::IgnoreNulls);
        call.over = Some(over);
    }
    Ok(cast::call("coalesce", vec![column.clone(), filling]))
}

fn rows((start_bound, end): (WindowFrameBound, WindowFrameBound)) -> WindowFrame {
    WindowFrame { units: WindowFrameUnits::Rows, start_bound, end_bound: Some(end) }
}

/// The method of `method => 'name'`.
fn method(argument: &FunctionArg) -> Option<String> {
    let (name, value) = match argument {
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. }
        | FunctionArg::ExprNamed { name: Expr::Identifier(name), arg: FunctionArgExpr::Expr(value), .. } => {
            (name, value)
        }
        _ => return None,
    };
    match value {
        Expr::Value(value) if name.value.eq_ignore_ascii_case("method") => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text.to_lowercase()),
            _ => None,
        },
        _ => None,
    }
}
