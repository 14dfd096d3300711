//! The command line: the part of `spin up` that the suites use.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// Runs a Spin application for tests.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the application until SIGTERM or SIGINT.
    Up(Up),
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The application's manifest.
    #[arg(short = 'f', long = "from", default_value = "spin.toml")]
    pub(crate) from: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,
    /// A variable's value, `name=value`. Before `SPIN_VARIABLE_<NAME>` of the environment, and that before the default.
    #[arg(long = "variable", value_parser = pair)]
    pub(crate) variables: Vec<(String, String)>,
    /// Folder of the databases; made if it is not there. Without it, `.spin` beside the manifest.
    #[arg(long)]
    pub(crate) state_dir: Option<PathBuf>,
    /// Keeps what the components print to itself.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
