//! The parts of an expression that may be said. The walk goes into each part by itself, so here each is judged alone.

use sqlparser::ast::{
    BinaryOperator, CastKind, CharacterLength, DataType, Expr, Function, FunctionArguments, ObjectName, UnaryOperator,
    Value,
};

use super::functions;

/// Judges one expression without what is inside it.
pub(super) fn judge(expr: &Expr) -> Result<(), String> {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Position { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::Tuple(_) => Ok(()),
        Expr::Like { any: false, .. } | Expr::ILike { any: false, .. } => Ok(()),
        Expr::UnaryOp {
            op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
            ..
        } => Ok(()),
        Expr::BinaryOp { op, .. } if is_operator(op) => Ok(()),
        Expr::Cast {
            kind: CastKind::Cast | CastKind::DoubleColon,
            data_type,
            format: None,
            ..
        } if is_type(data_type) => Ok(()),
        Expr::Function(function) => judge_function(function),
        other => Err(format!("`{other}` is no expression a component may use")),
    }
}

/// Judges one literal or parameter.
pub(super) fn judge_value(value: &Value) -> Result<(), String> {
    match value {
        // `Boolean` would be SQLite's 0 and 1 there and a type of its own here, but it compares alike.
        Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null | Value::Placeholder(_) => {
            Ok(())
        }
        other => Err(format!("`{other}` is no literal a component may use")),
    }
}

/// The name of something that is written without a schema, folded as the server folds it.
pub(super) fn plain_name(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [part] => part.as_ident().map(folded),
        _ => None,
    }
}

/// An identifier as the server understands it: in lower case unless it is quoted.
pub(super) fn folded(ident: &sqlparser::ast::Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

fn judge_function(function: &Function) -> Result<(), String> {
    let is_allowed = plain_name(&function.name).is_some_and(|name| functions::is_allowed(&name));
    let has_plain_arguments = match &function.args {
        FunctionArguments::List(list) => list.clauses.iter().all(|clause| {
            // `string_agg(x, ',' ORDER BY x)`.
            matches!(clause, sqlparser::ast::FunctionArgumentClause::OrderBy(_))
        }),
        FunctionArguments::None => true,
        FunctionArguments::Subquery(_) => false,
    };
    let is_plain = !function.uses_odbc_syntax
        && matches!(function.parameters, FunctionArguments::None)
        && function.within_group.is_empty()
        && has_plain_arguments;
    if is_allowed && is_plain {
        Ok(())
    } else {
        Err(format!("`{}` is no function a component may use", function.name))
    }
}

fn is_operator(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::BitwiseOr
            | BinaryOperator::BitwiseAnd
            | BinaryOperator::Arrow
            | BinaryOperator::LongArrow
    )
}

/// Types of which a value is made without looking anything up, unlike `regclass`.
fn is_type(data_type: &DataType) -> bool {
    let is_short = |length: &Option<CharacterLength>| length.is_none();
    match data_type {
        DataType::Text
        | DataType::BigInt(None)
        | DataType::Int(None)
        | DataType::Integer(None)
        | DataType::SmallInt(None)
        | DataType::DoublePrecision
        | DataType::Real
        | DataType::Boolean
        | DataType::JSON
        | DataType::JSONB => true,
        DataType::Varchar(length) => is_short(length),
        DataType::Numeric(_) | DataType::Decimal(_) => true,
        _ => false,
    }
}
