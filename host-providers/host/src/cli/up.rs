//! `dayloom up` and `dayloom realtime-gateway`.

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Context;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

use super::{Place, RealtimeGateway, Up};
use crate::{
    app::{App, Options, Role},
    config::Environment,
};

/// Time for what is left after a clean stop, such as a blocking call of a provider.
const LEFTOVERS_TIME_MAX: Duration = Duration::from_secs(1);

pub(super) fn run(up: Up) -> anyhow::Result<()> {
    let components = up.components.map(|names| names.into_iter().collect());
    serve(up.listen, up.place, Role::Application { components })
}

pub(super) fn run_gateway(gateway: RealtimeGateway) -> anyhow::Result<()> {
    let components = gateway.components.into_iter().collect();
    serve(gateway.listen, gateway.place, Role::RealtimeGateway { components })
}

fn serve(listen: SocketAddr, Place { data, config, app }: Place, role: Role) -> anyhow::Result<()> {
    let options = Options {
        listen,
        data,
        config,
        app,
        role,
    };
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads")?;
    let outcome = runtime.block_on(up(&options));
    runtime.shutdown_timeout(LEFTOVERS_TIME_MAX);
    outcome
}

async fn up(options: &Options) -> anyhow::Result<()> {
    // Before the start, so that a signal during it is not lost.
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let app = App::start(options, &environment()).await?;
    // A closed standard output is no reason to stop serving.
    let _ = writeln!(io::stdout(), "listening on http://{}", app.address());
    app.run(stop).await?;
    Ok(())
}

/// The process's environment, as far as it is text; nothing we read is anything else.
pub(super) fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
