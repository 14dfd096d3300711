//! `dayloom check`: would a host start, and would everything answer?

use std::io::{self, Write};

use anyhow::ensure;
use dayloom_kafka::KafkaEvents;
use dayloom_ports::KeyValue;
use dayloom_postgres::PostgresStore;
use dayloom_redis::RedisKeyValue;

use super::{Place, up::environment, within};
use crate::{
    config::{Servers, Variables},
    deployment,
    manifest::Manifest,
    runtime::Components,
};

/// What is known of one of them: a remark, or why it can not be used.
type Finding = Result<String, String>;

pub(super) fn run(place: &Place) -> anyhow::Result<()> {
    let config = place.config()?;
    let manifest = place.manifest(&config)?;
    Components::check(&manifest)?;
    let mut findings = vec![("components", Ok(format!("{} built", manifest.components.len())))];
    match config.servers()? {
        None => findings.push(("servers", Ok("none, all is embedded".to_owned()))),
        Some(servers) => {
            let secrets = Variables::resolve(&manifest, &config, &environment(), &place.data);
            findings.push(("variables", secrets.map(|_| "set".to_owned()).map_err(told)));
            findings.extend(within(ask(&servers, &manifest))?);
        }
    }
    let mut out = io::stdout().lock();
    for (name, finding) in &findings {
        match finding {
            Ok(remark) => writeln!(out, "{name}: ok, {remark}")?,
            Err(reason) => writeln!(out, "{name}: {reason}")?,
        }
    }
    let failed = findings.iter().filter(|(_, finding)| finding.is_err());
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    ensure!(failed.is_empty(), "not as it should be: {}", failed.join(", "));
    Ok(())
}

async fn ask(servers: &Servers, manifest: &Manifest) -> [(&'static str, Finding); 3] {
    let kafka = deployment::kafka(servers, manifest);
    let (published, subscriptions) = (deployment::published(manifest), deployment::subscriptions(manifest));
    let (postgres, kafka, redis) = tokio::join!(
        PostgresStore::check(&servers.postgres),
        KafkaEvents::check(&kafka, &published, &subscriptions),
        async {
            RedisKeyValue::connect(&servers.redis)
                .await
                .map_err(told)?
                .ready()
                .await
        },
    );
    let topics = |missing: Vec<String>| match missing.len() {
        0 => "all topics are there".to_owned(),
        _ => format!("a start makes the topics {}", missing.join(", ")),
    };
    [
        ("postgres", postgres.map(|()| "it answers".to_owned()).map_err(told)),
        ("kafka", kafka.map(topics).map_err(told)),
        ("redis", redis.map(|()| "it answers".to_owned())),
    ]
}

fn told(error: impl std::error::Error) -> String {
    error.to_string()
}
