//! `dayloom events`: dead letters, beside a running host or without one.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use dayloom_sqlite::{DeadLetter, DeadLetters, Replay};
use serde_json::{Value, json};

/// Dead letters read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Lists dead letters, one JSON object a line
    List {
        #[command(flatten)]
        data: Data,
        /// Only those of this component
        #[arg(long)]
        component: Option<String>,
    },
    /// Shows one dead letter with its event
    Show {
        #[command(flatten)]
        data: Data,
        /// Its number
        id: i64,
    },
    /// Has dead letters delivered again, by a running host at once, else when it starts
    Replay {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Data {
    /// The data directory
    #[arg(long, env = "DAYLOOM_DATA", default_value = "./data")]
    data: PathBuf,
}

impl Data {
    fn open(&self) -> anyhow::Result<DeadLetters> {
        Ok(DeadLetters::open(&self.data)?)
    }
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
        Events::List { data, component } => {
            let letters = data.open()?;
            let mut after = i64::MIN;
            loop {
                let page = letters.list(component.as_deref(), after, PAGE)?;
                let Some(last) = page.last() else { return Ok(()) };
                after = last.id;
                for letter in &page {
                    writeln!(out, "{}", described(letter))?;
                }
            }
        }
        Events::Show { data, id } => {
            let (letter, body) = data
                .open()?
                .show(id)?
                .with_context(|| format!("there is no dead letter {id}; see `events list`"))?;
            let mut described = described(&letter);
            // A foreign producer's event may be no JSON at all; then it is shown as the text it is.
            described["event"] = serde_json::from_str(&body).unwrap_or(Value::String(body));
            writeln!(out, "{described:#}")?;
            Ok(())
        }
        Events::Replay { data, which } => {
            let replay = match which {
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
            let asked = data.open()?.replay(&replay)?;
            writeln!(out, "{asked} to be delivered again")?;
            Ok(())
        }
    }
}

fn described(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "component": letter.subscriber,
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "topic": letter.topic,
        "key": letter.key,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "first_failed_at_ms": letter.first_failed_at,
        "last_failed_at_ms": letter.last_failed_at,
        "replay_requested_at_ms": letter.replay_requested_at,
    })
}
