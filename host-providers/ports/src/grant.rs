use std::collections::HashSet;

/// What one component may touch in storage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grant {
    /// Tables it reads and writes, in lower case. Names with the prefixes `host_`, `pg_` and `sqlite_` are refused.
    pub tables: HashSet<String>,
    /// CloudEvents types it may publish; a trailing `*` stands for any ending.
    pub publishes: Vec<String>,
}

impl Grant {
    /// Whether an event of this type may be published.
    pub fn may_publish(&self, event_type: &str) -> bool {
        self.publishes.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => event_type.starts_with(prefix),
            None => pattern == event_type,
        })
    }

    /// Refuses names of tables that no component can own.
    ///
    /// # Errors
    /// What is wrong with which table.
    pub fn check_tables(&self) -> Result<(), String> {
        for table in &self.tables {
            if ["host_", "pg_", "sqlite_"]
                .iter()
                .any(|prefix| table.starts_with(prefix))
            {
                return Err(format!("the reserved table `{table}` is granted"));
            }
            if *table != table.to_ascii_lowercase() {
                return Err(format!("`{table}` is granted, which is not in lower case"));
            }
        }
        Ok(())
    }
}
