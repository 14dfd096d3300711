use dayloom_domain::{Priority, Status, Timestamp};
use dayloom_kit::storage::Value;

use crate::fold::containing;
use crate::row::rank;

/// Which tasks a page shows: those that pass everything that is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of this status.
    pub status: Option<Status>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With exactly this tag.
    pub tag: Option<String>,
    /// Of exactly this category.
    pub category: Option<String>,
    /// Due at this instant or later.
    pub due_from: Option<Timestamp>,
    /// Due before this instant, so that the end of one span is the start of the next.
    pub due_until: Option<Timestamp>,
    /// With this text in the title or the description, upper and lower case being the same. No wildcards.
    pub text: Option<String>,
}

impl Filter {
    /// Appends ` AND …` for everything that is set; `$1` is the user.
    pub(super) fn write(&self, sql: &mut String, params: &mut Vec<Value>) {
        let mut condition = |before: &str, value: Option<Value>, after: &str| {
            if let Some(value) = value {
                params.push(value);
                sql.push_str(before);
                sql.push_str(&params.len().to_string());
                sql.push_str(after);
            }
        };
        condition(" AND status = $", self.status.map(|status| status.as_str().into()), "");
        condition(
            " AND priority = $",
            self.priority.map(|priority| rank(priority).into()),
            "",
        );
        condition(
            " AND id IN (SELECT task_id FROM task_tags WHERE user_id = $1 AND tag = $",
            self.tag.as_deref().map(Into::into),
            ")",
        );
        condition(" AND category = $", self.category.as_deref().map(Into::into), "");
        condition(" AND due_at >= $", self.due_from.map(|at| at.as_ms().into()), "");
        condition(" AND due_at < $", self.due_until.map(|at| at.as_ms().into()), "");
        if let Some(text) = &self.text {
            params.push(containing(text).into());
            let n = params.len();
            sql.push_str(&format!(
                " AND (title_folded LIKE ${n} ESCAPE '!' OR description_folded LIKE ${n} ESCAPE '!')"
            ));
        }
    }
}
