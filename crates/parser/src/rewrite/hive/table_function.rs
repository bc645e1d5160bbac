//! Functions that give rows where a column or a relation is expected: `SELECT explode(a)`, `SELECT stack(2, 1, 2) AS (x)`,
//! `FROM explode(array(1, 2))`. Both are lateral views.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr, Ident, Join,
    JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins,
};

use super::super::Refusal;
use super::super::rows::is_named;
use super::lateral::{LateralView, take};

/// The functions that give rows.
const TABLE_FUNCTIONS: [&str; 11] = [
    "explode",
    "explode_outer",
    "inline",
    "inline_outer",
    "json_tuple",
    "parse_url_tuple",
    "posexplode",
    "posexplode_outer",
    "stack",
    "variant_explode",
    "sentences_table",
];

fn is_table_function(name: &ObjectName) -> bool {
    match name.0.as_slice() {
        [part] => part
            .as_ident()
            .is_some_and(|name| TABLE_FUNCTIONS.iter().any(|known| name.value.eq_ignore_ascii_case(known))),
        _ => false,
    }
}

/// In the list of columns.
pub(super) fn in_columns(select: &mut Select, made: &mut usize) -> ControlFlow<Refusal> {
    let called = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Function(function))
        | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. }
        | SelectItem::ExprWithAliases { expr: Expr::Function(function), .. } => {
            is_table_function(&function.name) && function.over.is_none()
        }
        _ => false,
    };
    let Some(place) = select.projection.iter().position(called) else {
        let aliased = select.projection.iter().any(|item| matches!(item, SelectItem::ExprWithAliases { .. }));
        return match aliased {
            true => ControlFlow::Break(Refusal::Unsupported("several names for one column")),
            false => ControlFlow::Continue(()),
        };
    };
    if select.projection.iter().filter(|item| called(item)).nth(1).is_some() {
        return ControlFlow::Break(Refusal::Unsupported("more than one function that gives rows in a list of columns"));
    }
    *made += 1;
    let name = Ident::with_quote('`', format!("\u{1}rows_{made}"));
    let (function, columns) = match select.projection.remove(place) {
        SelectItem::UnnamedExpr(Expr::Function(function)) => (function, Vec::new()),
        SelectItem::ExprWithAlias { expr: Expr::Function(function), alias } => (function, vec![alias]),
        SelectItem::ExprWithAliases { expr: Expr::Function(function), aliases } => (function, aliases),
        other => {
            select.projection.insert(place, other);
            return ControlFlow::Continue(());
        }
    };
    let columns = columns.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    let alias = Some(TableAlias { explicit: true, name: name.clone(), columns, at: None });
    let all = SelectItem::QualifiedWildcard(
        SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![name])),
        Default::default(),
    );
    if groups(select) || holds_call(&function) {
        return over_groups(select, place, function, alias, all);
    }
    select.projection.insert(place, all);
    if select.from.is_empty() {
        select.from.push(TableWithJoins { relation: one_row(), joins: Vec::new() });
    }
    let FunctionArguments::List(FunctionArgumentList { args, .. }) = function.args else {
        return ControlFlow::Break(Refusal::Syntax(function.name.to_string()));
    };
    if let Some(last) = select.from.last_mut() {
        last.joins.push(Join {
            relation: TableFactor::Function { lateral: true, name: function.name, args, with_ordinality: false, alias },
            global: false,
            join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
        });
    }
    ControlFlow::Continue(())
}

fn groups(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        GroupByExpr::All(_) => true,
    };
    grouped || select.having.is_some()
}

/// True where an argument may hold an aggregate: it calls a function by a name that is one of Hive's.
fn holds_call(function: &Function) -> bool {
    let aggregates = [
        "collect_set",
        "collect_list",
        "array_agg",
        "histogram_numeric",
        "ngrams",
        "percentile",
        "percentile_approx",
        "context_ngrams",
    ];
    let text = function.args.to_string().to_lowercase();
    aggregates.iter().any(|name| text.contains(&format!("{name}(")))
}

/// Groups come first: the arguments and the other columns become a query in FROM.
fn over_groups(
    select: &mut Select,
    place: usize,
    mut function: Function,
    alias: Option<TableAlias>,
    all: SelectItem,
) -> ControlFlow<Refusal> {
    let mut inner = select.clone();
    inner.distinct = None;
    inner.projection.clear();
    let mut outer = Vec::new();
    for (index, item) in std::mem::take(&mut select.projection).into_iter().enumerate() {
        let (expr, name) = match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = match &expr {
                    Expr::Identifier(name) => name.clone(),
                    Expr::CompoundIdentifier(parts) if !parts.is_empty() => parts[parts.len() - 1].clone(),
                    _ => Ident::with_quote('`', format!("_c{index}")),
                };
                (expr, name)
            }
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias),
            _ => return ControlFlow::Break(Refusal::Unsupported("* beside a function that gives rows over groups")),
        };
        outer.push(SelectItem::UnnamedExpr(Expr::Identifier(name.clone())));
        inner.projection.push(SelectItem::ExprWithAlias { expr, alias: name });
    }
    let FunctionArguments::List(list) = &mut function.args else {
        return ControlFlow::Break(Refusal::Syntax(function.name.to_string()));
    };
    for (index, argument) in list.args.iter_mut().enumerate() {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { continue };
        // The number of rows of stack, the keys of json_tuple and their like stay constants.
        if matches!(expr, Expr::Value(_)) {
            continue;
        }
        let name = Ident::with_quote('`', format!("\u{1}argument_{index}"));
        let expr = std::mem::replace(expr, Expr::Identifier(name.clone()));
        inner.projection.push(SelectItem::ExprWithAlias { expr, alias: name });
    }
    outer.insert(place.min(outer.len()), all);
    select.projection = outer;
    select.selection = None;
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    let input = TableFactor::Derived { lateral: false, subquery: Box::new(query(inner)), alias: None, sample: None };
    let relation = LateralView { input, function, outer: false, alias }.write();
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    ControlFlow::Continue(())
}

/// In FROM, without a lateral view: over one row.
pub(super) fn in_from(factor: &mut TableFactor) {
    let TableFactor::Table { name, args: Some(arguments), alias, .. } = factor else { return };
    if is_named(name, "range") {
        // The column of Spark's `range(…)` is `id`.
        let alias = alias.get_or_insert_with(|| TableAlias {
            explicit: true,
            name: Ident::with_quote('`', "range"),
            columns: Vec::new(),
            at: None,
        });
        if alias.columns.is_empty() {
            alias.columns.push(TableAliasColumnDef { name: Ident::with_quote('`', "id"), data_type: None });
        }
        return;
    }
    if !is_table_function(name) {
        return;
    }
    let function = Function {
        name: name.clone(),
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: std::mem::take(&mut arguments.args),
            clauses: Vec::new(),
        }),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    };
    let alias = alias.take();
    let _ = take(factor);
    *factor = LateralView { input: one_row(), function, outer: false, alias }.write();
}

/// `(SELECT)`: one row without columns.
fn one_row() -> TableFactor {
    let mut row = empty_select();
    row.projection = Vec::new();
    TableFactor::Derived { lateral: false, subquery: Box::new(query(row)), alias: None, sample: None }
}

/// A SELECT of nothing from nothing.
pub fn empty_select() -> Select {
    Select {
        select_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: Vec::new(),
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        window_before_qualify: false,
        qualify: None,
        value_table_mode: None,
        connect_by: Vec::new(),
        flavor: sqlparser::ast::SelectFlavor::Standard,
    }
}

/// A SELECT as a query.
pub fn query(select: Select) -> Query {
    Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}
