//! The migrations of a database: the host's own tables, which are part of the adapters, then the components', which are
//! mounted. How they are applied is the databases' own matter.

use std::path::Path;

use dayloom_sql::migrations::{Migration, read};

use crate::Error;

/// Where the components' migrations are mounted.
const COMPONENTS: &str = "/migrations";

/// The tables of the native provider, so that its hosts and tools work on the same database.
const POSTGRES_HOST: [(&str, &str); 3] = [
    (
        "0001_outbox.sql",
        include_str!("../../../../host-providers/postgres/migrations/0001_outbox.sql"),
    ),
    (
        "0002_jobs.sql",
        include_str!("../../../../host-providers/postgres/migrations/0002_jobs.sql"),
    ),
    (
        "0003_import.sql",
        include_str!("../../../../host-providers/postgres/migrations/0003_import.sql"),
    ),
];

/// What Spin adds to them. A history of its own, so that both can grow.
const POSTGRES_SPIN: [(&str, &str); 1] = [(
    "0001_leases.sql",
    include_str!("../migrations/postgres/0001_leases.sql"),
)];

const SQLITE_SPIN: [(&str, &str); 3] = [
    ("0001_outbox.sql", include_str!("../migrations/sqlite/0001_outbox.sql")),
    ("0002_jobs.sql", include_str!("../migrations/sqlite/0002_jobs.sql")),
    ("0003_live.sql", include_str!("../migrations/sqlite/0003_live.sql")),
];

/// Migrations of one owner, in order.
#[derive(Debug)]
pub(crate) struct Part {
    /// As in the history.
    pub(crate) owner: &'static str,
    pub(crate) migrations: Vec<Migration>,
}

/// The owner of the components' migrations.
pub(crate) const COMPONENTS_OWNER: &str = "components";

/// All parts for PostgreSQL, in order.
///
/// # Errors
/// `Unavailable` if the components' migrations are not mounted or break a rule: nothing is wrong with the call.
pub(crate) fn postgres() -> Result<Vec<Part>, Error> {
    Ok(vec![
        built_in("host", &POSTGRES_HOST),
        built_in("spin", &POSTGRES_SPIN),
        components()?,
    ])
}

/// All parts for SQLite, in order.
///
/// # Errors
/// As [`postgres`].
pub(crate) fn sqlite() -> Result<Vec<Part>, Error> {
    Ok(vec![built_in("spin", &SQLITE_SPIN), components()?])
}

fn built_in(owner: &'static str, texts: &[(&str, &str)]) -> Part {
    let migrations = texts.iter().map(|(name, sql)| Migration::built_in(name, sql)).collect();
    Part { owner, migrations }
}

fn components() -> Result<Part, Error> {
    let migrations = read(Path::new(COMPONENTS)).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(Part {
        owner: COMPONENTS_OWNER,
        migrations,
    })
}

/// A number that stands for all that a database at rest has had done to it: 64-bit FNV-1a over every name and text. It
/// tells versions of an application apart; nobody gains by making two alike.
pub(crate) fn fingerprint(parts: &[Part], also: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for part in parts {
        add(part.owner);
        for Migration { name, sql, postgres } in &part.migrations {
            add(name);
            add(sql);
            add(postgres.as_deref().unwrap_or_default());
        }
    }
    add(also);
    hash
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dayloom_sql::migrations::read;

    use super::{POSTGRES_HOST, built_in, fingerprint};

    #[test]
    fn the_native_providers_tables_are_all_there() {
        let folder = Path::new("../../../host-providers/postgres/migrations");
        let native = read(folder).expect("the native provider's migrations");
        assert_eq!(built_in("host", &POSTGRES_HOST).migrations, native);
    }

    #[test]
    fn any_change_has_another_fingerprint() {
        let of = |texts: &[(&str, &str)], also| fingerprint(&[built_in("o", texts)], also);
        let all = [
            of(&[("0001_a.sql", "a")], ""),
            of(&[("0001_a.sql", "b")], ""),
            of(&[("0001_b.sql", "a")], ""),
            of(&[("0001_a.sql", "a"), ("0002_b.sql", "b")], ""),
            of(&[("0001_a.sql", "a")], "x"),
        ];
        let distinct: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
