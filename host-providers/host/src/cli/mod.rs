//! The command line.

mod check;
mod data;
mod dead_letters;
mod events;
mod migrate;
mod up;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::runtime;

use crate::{
    config::{Config, ConfigError},
    logging,
    manifest::{Manifest, ManifestError},
};

/// Runs an event-driven application of WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "dayloom", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the application in the foreground until SIGTERM or SIGINT
    Up(Up),
    /// Serves live connections beside an application that runs elsewhere, in the foreground until SIGTERM or SIGINT
    RealtimeGateway(RealtimeGateway),
    /// Checks the configuration, connects to everything in it and says what it found; changes nothing
    Check(Place),
    /// Looks at events that could not be delivered, and delivers them again
    #[command(subcommand)]
    Events(events::Events),
    /// Writes all data to a file
    Export(data::Export),
    /// Reads data that was exported into an empty database
    Import(data::Import),
    /// Moves all data from the data directory to the configured servers, or back
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Copies the data directory to another, also while the application runs
    Backup(data::Backup),
}

/// Where the application and its data are.
#[derive(Debug, Clone, clap::Args)]
struct Place {
    /// The data directory
    #[arg(long, env = "DAYLOOM_DATA", default_value = "./data")]
    data: PathBuf,
    /// The configuration (TOML)
    #[arg(long, env = "DAYLOOM_CONFIG")]
    config: Option<PathBuf>,
    /// The application manifest
    #[arg(long, env = "DAYLOOM_APP", default_value = "spin.toml")]
    app: PathBuf,
}

impl Place {
    fn config(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), &up::environment())
    }

    fn manifest(&self, config: &Config) -> Result<Manifest, ManifestError> {
        Manifest::load(&self.app, &config.overrides(None))
    }
}

/// Where the data is, for commands that ask nothing of the application.
#[derive(Debug, Clone, clap::Args)]
struct Source {
    /// The data directory
    #[arg(long, env = "DAYLOOM_DATA", default_value = "./data")]
    data: PathBuf,
    /// The configuration (TOML)
    #[arg(long, env = "DAYLOOM_CONFIG")]
    config: Option<PathBuf>,
}

impl Source {
    fn config(&self) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), &up::environment())
    }
}

#[derive(Debug, clap::Args)]
struct Up {
    /// The address to listen on
    #[arg(long, env = "DAYLOOM_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Run only these components, with commas between them; others run on other hosts that share the servers
    #[arg(long, env = "DAYLOOM_COMPONENTS", value_delimiter = ',')]
    components: Option<Vec<String>>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct RealtimeGateway {
    /// The address to listen on
    #[arg(long, env = "DAYLOOM_LISTEN", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// The components that say who may listen, with commas between them
    #[arg(long, env = "DAYLOOM_COMPONENTS", value_delimiter = ',', default_value = "realtime")]
    components: Vec<String>,
    #[command(flatten)]
    place: Place,
}

/// Runs what the process's arguments say.
pub fn main() -> ExitCode {
    crate::allocator::share_arenas();
    let Arguments { command } = Arguments::parse();
    let default = match command {
        Command::Up(_) | Command::RealtimeGateway(_) => logging::OF_A_SERVER,
        _ => logging::OF_A_COMMAND,
    };
    let outcome = logging::init(default)
        .map_err(anyhow::Error::msg)
        .and_then(|()| match command {
            Command::Up(up) => up::run(up),
            Command::RealtimeGateway(gateway) => up::run_gateway(gateway),
            Command::Check(place) => check::run(&place),
            Command::Events(command) => events::run(command),
            Command::Export(export) => data::export(&export),
            Command::Import(import) => data::import(&import),
            Command::Migrate(migrate) => migrate::run(&migrate),
            Command::Backup(backup) => data::backup(&backup),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, for a person, beside the log.
            eprintln!("dayloom: {}", line(&error));
            ExitCode::FAILURE
        }
    }
}

/// Waits for something asynchronous on this thread.
fn within<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no threads")?;
    Ok(runtime.block_on(work))
}

/// An error and its causes in one line; a cause that an error's own text already tells is not told twice.
fn line(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |line, cause| match line.as_str() {
            "" => cause,
            said if said.contains(&cause) => line,
            said => format!("{said}: {cause}"),
        })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_is_told_once_with_its_causes() {
        let told = io::Error::other("disk full");
        let error = anyhow::Error::from(told)
            .context("can not write")
            .context("no export: disk full");
        assert_eq!(line(&error), "no export: disk full: can not write");
        let chain = Err::<(), _>(io::Error::other("gone"))
            .context("can not read a file")
            .unwrap_err();
        assert_eq!(line(&chain), "can not read a file: gone");
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
