use dayloom_domain::UserId;
use dayloom_kit::storage::Value;

use super::{Cursor, Filter, Sort};
use crate::row::columns;

/// The `SELECT` of a page of `limit` rows, and its parameters.
pub(super) fn select(
    user_id: &UserId,
    filter: &Filter,
    sort: Sort,
    after: Option<&Cursor>,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut sql = String::from(concat!("SELECT ", columns!(), " FROM tasks WHERE user_id = $1"));
    let mut params = vec![user_id.as_str().into()];
    filter.write(&mut sql, &mut params);

    let order = sort.order();
    let (beyond, direction) = if order.descending { ('<', " DESC") } else { ('>', "") };
    if let Some((key, id)) = after.map(Cursor::values) {
        let n = params.len() + 1;
        match (order.expression, key) {
            (Some(expression), Some(key)) => {
                params.extend([key, id]);
                sql.push_str(&format!(" AND ({expression}, id) {beyond} (${n}, ${})", n + 1));
            }
            _ => {
                params.push(id);
                sql.push_str(&format!(" AND id {beyond} ${n}"));
            }
        }
    }
    sql.push_str(" ORDER BY ");
    if let Some(expression) = order.expression {
        sql.push_str(expression);
        sql.push_str(direction);
        sql.push_str(", ");
    }
    params.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    sql.push_str(&format!("id{direction} LIMIT ${}", params.len()));
    (sql, params)
}

#[cfg(test)]
mod tests;
