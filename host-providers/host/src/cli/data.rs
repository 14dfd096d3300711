//! `dayloom export`, `import` and `backup`.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{Place, Source, within};
use crate::{config::Servers, deployment};

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The file to write; it must not exist
    file: PathBuf,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file that was exported
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The directory to write; it can be used as a data directory afterwards
    to: PathBuf,
    /// The data directory
    #[arg(long, env = "DAYLOOM_DATA", default_value = "./data")]
    data: PathBuf,
}

pub(super) fn export(Export { file, source }: &Export) -> anyhow::Result<()> {
    let servers = source.config()?.servers()?;
    let writer = private(file).with_context(|| format!("can not write {}", file.display()))?;
    let exported = match servers {
        None => dayloom_sqlite::export(&source.data, &writer).map_err(anyhow::Error::from),
        Some(Servers { postgres, .. }) => {
            within(dayloom_postgres::export(&postgres, &writer)).and_then(|report| Ok(report?))
        }
    };
    let exported = exported.and_then(|report| writer.sync_all().map(|()| report).context("can not write"));
    if exported.is_err() {
        // Half an export is worth nothing, and its name would be in the way of the next.
        let _ = fs::remove_file(file);
    }
    let report = exported?;
    writeln!(io::stdout(), "{} rows, sha256 {}", report.rows, report.sha256)?;
    Ok(())
}

pub(super) fn import(Import { file, place }: &Import) -> anyhow::Result<()> {
    let config = place.config()?;
    let manifest = place.manifest(&config)?;
    let reader = File::open(file).with_context(|| format!("can not read {}", file.display()))?;
    let reader = BufReader::new(reader);
    let report = match config.servers()? {
        None => dayloom_sqlite::import(&deployment::embedded_storage(&manifest, &place.data), reader)?,
        Some(Servers { postgres, .. }) => within(dayloom_postgres::import(&postgres, &manifest.migrations, reader))??,
    };
    writeln!(io::stdout(), "{} rows, sha256 {}", report.rows, report.sha256)?;
    Ok(())
}

/// The database and the secrets it can not be read without; compiled components are made again.
pub(super) fn backup(Backup { to, data }: &Backup) -> anyhow::Result<()> {
    let database = dayloom_sqlite::backup(data, to)?;
    copy_secrets(data, to).context("the database was copied, but not the secrets")?;
    writeln!(io::stdout(), "{}", database.display())?;
    Ok(())
}

fn copy_secrets(data: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (data.join("secrets"), to.join("secrets"));
    if !from.try_exists()? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let mut copy = private(&to.join(entry.file_name()))?;
        copy.write_all(&fs::read(entry.path())?)?;
        copy.sync_all()?;
    }
    File::open(to)?.sync_all()
}

/// A new file that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
