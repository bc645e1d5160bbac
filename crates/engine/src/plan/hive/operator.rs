//! Operators, with Hive's types and conversions: `1 / 2` is 0.5, `1 / 0` is NULL, text beside a number is a number.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, Result, TableReference, plan_err};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use mead_common::Dialect;
use mead_functions::types::is_text;
use mead_functions::{DecimalOperator, decimal_operator, decimal_type, divide, divide_whole};

use super::coercion::{narrow, of_comparison, to_type};
use super::interval::{self, is_interval};

/// Plans expressions of one dialect. Comes before DataFusion's planners.
#[derive(Debug)]
pub(crate) struct HivePlanner(pub Dialect);

impl ExprPlanner for HivePlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let (left, right) = (narrow(left), narrow(right));
        let (Ok(left_type), Ok(right_type)) = (left.get_type(schema), right.get_type(schema)) else {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        };
        let pair = Pair { left, right, left_type, right_type, schema, dialect: self.0 };
        let planned = match op {
            BinaryOperator::Plus => pair.arithmetic(Operator::Plus, DecimalOperator::Add)?,
            BinaryOperator::Minus => pair.arithmetic(Operator::Minus, DecimalOperator::Subtract)?,
            BinaryOperator::Multiply => pair.arithmetic(Operator::Multiply, DecimalOperator::Multiply)?,
            BinaryOperator::Modulo => pair.arithmetic(Operator::Modulo, DecimalOperator::Modulo)?,
            BinaryOperator::Divide => pair.divide()?,
            BinaryOperator::MyIntegerDivide => pair.divide_whole()?,
            BinaryOperator::Eq => pair.compare(Operator::Eq),
            BinaryOperator::Spaceship => pair.compare(Operator::IsNotDistinctFrom),
            BinaryOperator::NotEq => pair.compare(Operator::NotEq),
            BinaryOperator::Lt => pair.compare(Operator::Lt),
            BinaryOperator::LtEq => pair.compare(Operator::LtEq),
            BinaryOperator::Gt => pair.compare(Operator::Gt),
            BinaryOperator::GtEq => pair.compare(Operator::GtEq),
            BinaryOperator::StringConcat if !pair.left_type.is_nested() && !pair.right_type.is_nested() => {
                pair.concat()
            }
            BinaryOperator::And => pair.logical(Operator::And),
            BinaryOperator::Or => pair.logical(Operator::Or),
            op => {
                let Pair { left, right, .. } = pair;
                return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
            }
        };
        Ok(PlannerResult::Planned(planned))
    }

    fn plan_field_access(
        &self,
        expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        super::access::plan(expr, schema)
    }

    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let column = Expr::Column(Column::from((qualifier, field)));
        super::access::members(column, field.data_type(), nested_names).map(PlannerResult::Planned)
    }
}

/// Two operands and what is known of them.
struct Pair<'a> {
    left: Expr,
    right: Expr,
    left_type: DataType,
    right_type: DataType,
    schema: &'a DFSchema,
    dialect: Dialect,
}

impl Pair<'_> {
    fn binary(self, operator: Operator) -> Expr {
        Expr::BinaryExpr(BinaryExpr::new(Box::new(self.left), operator, Box::new(self.right)))
    }

    fn both(mut self, wanted: &DataType) -> Self {
        self.left = to_type(self.left, wanted, self.schema);
        self.right = to_type(self.right, wanted, self.schema);
        (self.left_type, self.right_type) = (wanted.clone(), wanted.clone());
        self
    }

    /// Text as a number.
    fn without_text(mut self) -> Self {
        if is_text(&self.left_type) {
            self.left = to_type(self.left, &DataType::Float64, self.schema);
            self.left_type = DataType::Float64;
        }
        if is_text(&self.right_type) {
            self.right = to_type(self.right, &DataType::Float64, self.schema);
            self.right_type = DataType::Float64;
        }
        self
    }

    /// The decimals that both operands are, if one is a decimal and the other is no float.
    fn decimals(&self) -> Option<[DataType; 2]> {
        if !self.left_type.is_decimal() && !self.right_type.is_decimal() {
            return None;
        }
        let (left, right) = (decimal_type(&self.left_type)?, decimal_type(&self.right_type)?);
        Some([DataType::Decimal128(left.0, left.1), DataType::Decimal128(right.0, right.1)])
    }

    fn of_decimals(self, operator: DecimalOperator, [left, right]: [DataType; 2]) -> Expr {
        let left = to_type(self.left, &left, self.schema);
        let right = to_type(self.right, &right, self.schema);
        decimal_operator(operator).call(vec![left, right])
    }

    fn arithmetic(self, operator: Operator, of_decimals: DecimalOperator) -> Result<Expr> {
        if is_interval(&self.left_type) || is_interval(&self.right_type) || self.right_type.is_temporal() {
            let Pair { left, right, left_type, right_type, .. } = self;
            return interval::arithmetic((left, &left_type), operator, (right, &right_type), self.dialect);
        }
        let mut pair = self.without_text();
        if let Some(types) = pair.decimals() {
            return Ok(pair.of_decimals(of_decimals, types));
        }
        if pair.left_type.is_decimal() && pair.right_type.is_floating()
            || pair.left_type.is_floating() && pair.right_type.is_decimal()
        {
            pair = pair.both(&DataType::Float64);
        }
        if pair.left_type == DataType::Boolean || pair.right_type == DataType::Boolean {
            return plan_err!("operator {operator} takes no boolean");
        }
        if operator == Operator::Modulo && pair.right_type.is_numeric() {
            pair.right = unless_zero(pair.right, &pair.right_type);
        }
        Ok(pair.binary(operator))
    }

    fn divide(self) -> Result<Expr> {
        if is_interval(&self.left_type) {
            let Pair { left, right, left_type, right_type, .. } = self;
            return interval::arithmetic((left, &left_type), Operator::Divide, (right, &right_type), self.dialect);
        }
        let pair = self.without_text();
        if let Some(types) = pair.decimals() {
            return Ok(pair.of_decimals(DecimalOperator::Divide, types));
        }
        if pair.left_type == DataType::Boolean || pair.right_type == DataType::Boolean {
            return plan_err!("operator / takes no boolean");
        }
        let Pair { left, right, .. } = pair.both(&DataType::Float64);
        Ok(divide().call(vec![left, right]))
    }

    /// Of what are no whole numbers, the quotient is cut.
    fn divide_whole(mut self) -> Result<Expr> {
        if is_interval(&self.left_type) && is_interval(&self.right_type) {
            (self.left, self.right) = (interval::length(self.left), interval::length(self.right));
            (self.left_type, self.right_type) = (interval::LENGTH, interval::LENGTH);
        }
        let is_whole = |data_type: &DataType| data_type.is_integer() || data_type.is_null();
        if is_whole(&self.left_type) && is_whole(&self.right_type) {
            let Pair { left, right, .. } = self.both(&DataType::Int64);
            return Ok(divide_whole().call(vec![left, right]));
        }
        Ok(cast(self.divide()?, DataType::Int64))
    }

    fn compare(self, operator: Operator) -> Expr {
        if is_interval(&self.left_type) && is_interval(&self.right_type) {
            let (left, right) = (interval::length(self.left), interval::length(self.right));
            return Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)));
        }
        match of_comparison(&self.left_type, &self.right_type, self.dialect) {
            Some(wanted) => self.both(&wanted).binary(operator),
            None => self.binary(operator),
        }
    }

    fn concat(self) -> Expr {
        self.both(&DataType::Utf8).binary(Operator::StringConcat)
    }

    fn logical(self, operator: Operator) -> Expr {
        let is_other = |data_type: &DataType| !matches!(data_type, DataType::Boolean | DataType::Null);
        match is_other(&self.left_type) || is_other(&self.right_type) {
            true => self.both(&DataType::Boolean).binary(operator),
            false => self.binary(operator),
        }
    }
}

/// NULL in the place of 0.
fn unless_zero(expr: Expr, data_type: &DataType) -> Expr {
    match &expr {
        Expr::Literal(value, _) if !value.is_null() && *value != zero(data_type) => expr,
        _ => nullif(expr, cast(lit(0_i32), data_type.clone())),
    }
}

fn zero(data_type: &DataType) -> datafusion::common::ScalarValue {
    use datafusion::common::ScalarValue;
    ScalarValue::new_zero(data_type).unwrap_or(ScalarValue::Null)
}
