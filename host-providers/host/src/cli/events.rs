//! `dayloom events`: dead letters, beside a running host or without one.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;
use dayloom_ports::Replay;

use super::{Source, dead_letters::DeadLetters};

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Lists dead letters, one JSON object a line
    List {
        #[command(flatten)]
        source: Source,
        /// Only those of this component
        #[arg(long)]
        component: Option<String>,
    },
    /// Shows one dead letter with its event
    Show {
        #[command(flatten)]
        source: Source,
        /// Its number
        id: i64,
    },
    /// Has dead letters delivered again, by a running host at once, else when it starts
    Replay {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The number of one
    id: Option<i64>,
    /// All of this component
    #[arg(long)]
    component: Option<String>,
}

pub(super) fn run(events: Events) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match events {
        Events::List { source, component } => {
            let letters = open(&source)?;
            // Numbers begin at 0.
            let mut after = -1;
            loop {
                let page = letters.page(component.as_deref(), after)?;
                let Some((last, _)) = page.last() else { return Ok(()) };
                after = *last;
                for (_, letter) in &page {
                    writeln!(out, "{letter}")?;
                }
            }
        }
        Events::Show { source, id } => {
            writeln!(out, "{:#}", open(&source)?.show(id)?)?;
            Ok(())
        }
        Events::Replay { source, which } => {
            let letters = open(&source)?;
            let which = match which {
                Which { id: Some(id), .. } => Replay::One(id),
                Which {
                    component: Some(component),
                    ..
                } => Replay::AllOf(component),
                Which {
                    id: None,
                    component: None,
                } => bail!("name one event, or --component"),
            };
            let asked = letters.replay(&which)?;
            writeln!(out, "{asked} to be delivered again")?;
            Ok(())
        }
    }
}

fn open(source: &Source) -> anyhow::Result<DeadLetters> {
    DeadLetters::open(&source.config()?, &source.data)
}
