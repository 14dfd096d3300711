//! `dayloom migrate`: all data from the data directory to PostgreSQL, or back: an export and an import, and then the other
//! side is asked for its own export.

use std::{
    fs::{self, File},
    io::{self, BufReader, Seek, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use dayloom_postgres::TransferReport;

use super::{Place, within};
use crate::{config::Servers, deployment, manifest::Manifest};

#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// From the data directory to the configured servers
    ToServers(Place),
    /// From the configured servers to an empty data directory
    ToEmbedded(Place),
}

/// What moves, between where.
struct Move {
    manifest: Manifest,
    data: PathBuf,
    servers: Servers,
}

pub(super) fn run(migrate: &Migrate) -> anyhow::Result<()> {
    let (Migrate::ToServers(place) | Migrate::ToEmbedded(place)) = migrate;
    let config = place.config()?;
    let Some(servers) = config.servers()? else {
        bail!("there is nothing to migrate to or from; configure [postgres], [kafka] and [redis]");
    };
    let moving = Move {
        manifest: place.manifest(&config)?,
        data: place.data.clone(),
        servers,
    };
    let report = match migrate {
        Migrate::ToServers(_) => moving.to_servers()?,
        Migrate::ToEmbedded(_) => moving.to_embedded()?,
    };
    let mut out = io::stdout().lock();
    for (name, table) in &report.tables {
        writeln!(out, "{name}: {} rows, sha256 {}", table.rows, table.sha256)?;
    }
    writeln!(
        out,
        "{} rows, sha256 {}, the same on both sides",
        report.rows, report.sha256
    )?;
    Ok(())
}

impl Move {
    fn to_servers(&self) -> anyhow::Result<TransferReport> {
        let embedded = deployment::embedded_storage(&self.manifest, &self.data);
        // Nobody else may write there until it is over.
        let store = dayloom_sqlite::SqliteStore::open(embedded).context("the data directory")?;
        let waiting = within(store.undelivered())??;
        ensure!(
            waiting == 0,
            "{waiting} events are not delivered yet; run `dayloom up` on the data directory until they are, and stop it"
        );
        let mut between = between(&self.data)?;
        let exported = dayloom_sqlite::export(&self.data, &between)?;
        between.rewind()?;
        let postgres = &self.servers.postgres;
        let rows = BufReader::new(&between);
        within(dayloom_postgres::import(postgres, &self.manifest.migrations, rows))??;
        let there = within(dayloom_postgres::export(postgres, io::sink()))??;
        compare(&exported, &there)?;
        Ok(there)
    }

    fn to_embedded(&self) -> anyhow::Result<TransferReport> {
        let Servers { postgres, kafka, .. } = &self.servers;
        let unpublished = within(dayloom_postgres::unpublished(postgres))??;
        let lag = within(dayloom_kafka::lag(kafka, &deployment::subscriptions(&self.manifest)))??;
        ensure!(
            unpublished == 0 && lag == 0,
            "{unpublished} events are not published and {lag} not delivered yet; let a host run until they are, and stop it"
        );
        fs::create_dir_all(&self.data).with_context(|| format!("can not make {}", self.data.display()))?;
        let mut between = between(&self.data)?;
        let exported = within(dayloom_postgres::export(postgres, &between))??;
        between.rewind()?;
        let embedded = deployment::embedded_storage(&self.manifest, &self.data);
        dayloom_sqlite::import(&embedded, BufReader::new(&between))?;
        let here = dayloom_sqlite::export(&self.data, io::sink())?;
        compare(&exported, &here)?;
        // A host that was left running would have written behind the export.
        let now = within(dayloom_postgres::export(postgres, io::sink()))??;
        compare(&now, &here).context(
            "the servers' rows changed meanwhile; stop every host and begin again with an empty data directory",
        )?;
        Ok(here)
    }
}

/// A file for rows on their way, on the disk of the data directory. It has no name, so nothing of it is ever left: what is
/// exported again from rows that did not change is the same.
fn between(data: &Path) -> anyhow::Result<File> {
    tempfile::tempfile_in(data).with_context(|| format!("no file can be made in {}", data.display()))
}

fn compare(from: &TransferReport, to: &TransferReport) -> anyhow::Result<()> {
    let different: Vec<&str> = from
        .tables
        .iter()
        .filter(|(name, table)| to.tables.get(*name) != Some(table))
        .map(|(name, _)| name.as_str())
        .collect();
    ensure!(
        different.is_empty() && from.sha256 == to.sha256,
        "not the same on both sides: {}",
        different.join(", ")
    );
    Ok(())
}
