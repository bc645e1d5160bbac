//! Table functions over a relation: `ML_EVALUATE('m', TABLE t)`, `ML_CONFUSION_MATRIX('m', TABLE t)`,
//! `PREDICT(MODEL m, TABLE t)`. Each becomes an ordinary plan over the relation.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_aggregate::count::count_all;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, ObjectName, TableFactor, TableFunctionArgs, Value,
};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::{FunctionContext, ModelReference};
use mead_ml::{Signature, Task};

use crate::error::into_datafusion;
use crate::models::Models;

/// A limit that none reaches keeps the order: without one DataFusion leaves out the sort of a relation in FROM.
const ALL_PAIRS: Option<usize> = Some(1 << 40);

/// Plans the table functions; knows models through the functions' context.
pub(crate) struct TableFunctionPlanner {
    context: Arc<FunctionContext>,
    models: Arc<Models>,
}

impl TableFunctionPlanner {
    pub(crate) fn new(context: Arc<FunctionContext>, models: Arc<Models>) -> Self {
        Self { context, models }
    }

    fn plan(
        &self,
        function: TableFunction,
        arguments: TableFunctionArgs,
        planner: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let (name, relation) = model_and_relation(function, arguments)?;
        let input =
            planner.plan(TableFactor::Derived { lateral: false, subquery: relation, alias: None, sample: None })?;
        let reference = ModelReference::parse(&name).map_err(into_datafusion)?;
        let search_path = self.context.session.search_path();
        let model = self.models.model(&reference, &search_path).map_err(into_datafusion)?;
        let call = Call { context: &self.context, name, signature: model.signature(), input, planner };
        match function {
            TableFunction::Evaluate => call.evaluate(),
            TableFunction::ConfusionMatrix => call.confusion_matrix(),
            TableFunction::Predict => call.predict(),
        }
    }
}

impl fmt::Debug for TableFunctionPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TableFunctionPlanner")
    }
}

impl RelationPlanner for TableFunctionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        match relation {
            TableFactor::Table { name, alias, args: Some(arguments), .. } if TableFunction::named(&name).is_some() => {
                let Some(function) = TableFunction::named(&name) else { unreachable!("checked by the guard") };
                let plan = self.plan(function, arguments, context)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TableFunction {
    Evaluate,
    ConfusionMatrix,
    Predict,
}

impl TableFunction {
    fn named(name: &ObjectName) -> Option<Self> {
        let [part] = name.0.as_slice() else { return None };
        match part.as_ident()?.value.to_ascii_lowercase().as_str() {
            "ml_evaluate" => Some(Self::Evaluate),
            "ml_confusion_matrix" => Some(Self::ConfusionMatrix),
            "predict" => Some(Self::Predict),
            _ => None,
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Self::Evaluate => "ML_EVALUATE('model', TABLE name) or ML_EVALUATE('model', (SELECT …))",
            Self::ConfusionMatrix => {
                "ML_CONFUSION_MATRIX('model', TABLE name) or ML_CONFUSION_MATRIX('model', (SELECT …))"
            }
            Self::Predict => "PREDICT(MODEL name, TABLE name) or PREDICT(MODEL name, (SELECT …))",
        }
    }
}

/// The two arguments: a model's name, and a relation.
fn model_and_relation(
    function: TableFunction,
    arguments: TableFunctionArgs,
) -> Result<(String, Box<datafusion::sql::sqlparser::ast::Query>)> {
    let mut expressions = arguments.args.into_iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression),
        _ => None,
    });
    let model = match expressions.next().flatten() {
        Some(SqlExpr::Value(value)) => match value.value {
            Value::SingleQuotedString(name) => Some(name),
            _ => None,
        },
        _ => None,
    };
    let relation = match expressions.next().flatten() {
        Some(SqlExpr::Subquery(query)) => Some(query),
        _ => None,
    };
    match (model, relation, expressions.next()) {
        (Some(model), Some(relation), None) => Ok((model, relation)),
        _ => Err(into_datafusion(
            Diagnostic::new(sqlstate::SYNTAX_ERROR, "a model and a relation are expected here")
                .with_hint(format!("write {}", function.usage())),
        )),
    }
}

/// One call, with what it needs resolved.
struct Call<'a> {
    context: &'a Arc<FunctionContext>,
    name: String,
    signature: &'a Signature,
    input: LogicalPlan,
    planner: &'a mut dyn RelationPlannerContext,
}

impl Call<'_> {
    /// One row: a column a metric.
    fn evaluate(self) -> Result<LogicalPlan> {
        let label = self.label()?;
        let mut arguments = vec![label];
        arguments.extend(self.features()?);
        let function = mead_functions::ml::evaluation(self.context, &self.name).map_err(into_datafusion)?;
        let metrics = function.call(arguments).alias("metrics");
        let plan = LogicalPlanBuilder::from(self.input).aggregate(Vec::<Expr>::new(), vec![metrics])?.build()?;
        let field = plan.schema().field(0).clone();
        let datafusion::arrow::datatypes::DataType::Struct(fields) = field.data_type() else {
            return Err(into_datafusion(Diagnostic::internal("an evaluation is not a record")));
        };
        let columns: Vec<Expr> = fields
            .iter()
            .map(|metric| {
                get_field(Expr::Column(Column::from_name("metrics")), metric.name().as_str()).alias(metric.name())
            })
            .collect();
        LogicalPlanBuilder::from(plan).project(columns)?.build()
    }

    /// Rows `label, predicted, rows`, in order.
    fn confusion_matrix(self) -> Result<LogicalPlan> {
        if self.signature.task != Task::Classification {
            return Err(into_datafusion(
                Diagnostic::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!("model \"{}\" is not a classification model", self.name),
                )
                .with_hint("ML_EVALUATE gives the errors of a regression model"),
            ));
        }
        let actual = self.label()?.alias("label");
        let predicted = self.scalar("predict", self.features()?)?.alias("predicted");
        let column = |name: &str| Expr::Column(Column::from_name(name));
        LogicalPlanBuilder::from(self.input)
            .project(vec![actual, predicted])?
            .aggregate(vec![column("label"), column("predicted")], vec![count_all().alias("rows")])?
            .sort(vec![column("label").sort(true, false), column("predicted").sort(true, false)])?
            .limit(0, ALL_PAIRS)?
            .build()
    }

    /// All columns of the relation, then `predicted_<label>` and, for a classifier, `predicted_<label>_probs`.
    fn predict(self) -> Result<LogicalPlan> {
        let label = match &self.signature.label {
            Some(label) => label.name.clone(),
            None => "value".to_owned(),
        };
        let mut columns: Vec<Expr> = self.input.schema().columns().into_iter().map(Expr::Column).collect();
        columns.push(self.scalar("predict", self.features()?)?.alias(format!("predicted_{label}")));
        if self.signature.task == Task::Classification {
            let probabilities = self.scalar("predict_proba", self.features()?)?;
            columns.push(probabilities.alias(format!("predicted_{label}_probs")));
        }
        LogicalPlanBuilder::from(self.input).project(columns)?.build()
    }

    fn scalar(&self, function: &str, features: Vec<Expr>) -> Result<Expr> {
        let udf = self.planner.context_provider().get_function_meta(function).ok_or_else(|| {
            into_datafusion(Diagnostic::internal(format!("the function {function} is not registered")))
        })?;
        let mut arguments = vec![Expr::Literal(ScalarValue::Utf8(Some(self.name.clone())), None)];
        arguments.extend(features);
        Ok(Expr::ScalarFunction(ScalarFunction::new_udf(udf, arguments)))
    }

    /// The label's column, by the name it had in training.
    fn label(&self) -> Result<Expr> {
        let Some(label) = &self.signature.label else {
            return Err(into_datafusion(
                Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, format!("model \"{}\" has no label", self.name))
                    .with_hint("a model that was made elsewhere can predict; it cannot be compared with a label"),
            ));
        };
        self.column(&label.name, "label")
    }

    /// The features' columns, by the names they had in training.
    fn features(&self) -> Result<Vec<Expr>> {
        if self.signature.feature_names.is_empty() {
            let columns = self.input.schema().columns();
            return match columns.as_slice() {
                [only] => Ok(vec![Expr::Column(only.clone())]),
                _ => Err(into_datafusion(
                    Diagnostic::new(
                        sqlstate::INVALID_PARAMETER_VALUE,
                        format!("model \"{}\" does not name its inputs", self.name),
                    )
                    .with_hint("give a relation of one column, or call PREDICT(model, input) in the SELECT list"),
                )),
            };
        }
        self.signature.feature_names.iter().map(|name| self.column(name, "input")).collect()
    }

    fn column(&self, name: &str, role: &str) -> Result<Expr> {
        let schema: &DFSchema = self.input.schema();
        let found = schema.columns().into_iter().find(|column| column.name == name);
        found.map(Expr::Column).ok_or_else(|| {
            let names: Vec<String> = schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
            into_datafusion(
                Diagnostic::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("column \"{name}\" does not exist, which is the {role} of model \"{}\"", self.name),
                )
                .with_detail(format!("the relation has the columns {}", names.join(", ")))
                .with_hint("name it by AS in a subquery"),
            )
        })
    }
}
