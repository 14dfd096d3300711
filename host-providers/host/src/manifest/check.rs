//! From the document as written to a manifest in which every name leads somewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    path::Path,
};

use dayloom_ports::{ComponentId, Subscription, TopicMap};

use super::{
    Component, Manifest, ManifestError, Overrides, Router, SubscriptionEntry, Template, Variable,
    document::{ApplicationTool, ComponentEntry, ComponentTool, Document, HttpTrigger, RouteEntry, VariableEntry},
    is_variable_name,
};

/// The only manifest version there is a meaning for.
const SPIN_MANIFEST_VERSION: i64 = 2;
/// Deliveries in one call: the most whose bodies (256 KiB each at worst) are still worth one transaction.
const BATCH_MAX: usize = 1_000;
/// More attempts than this is a queue that never drains.
const ATTEMPTS_MAX: u32 = 100;
/// A day between ticks, in seconds; what is rarer belongs in the scheduler.
const CRON_SECONDS_MAX: u32 = 86_400;

type Checked<T> = Result<T, ManifestError>;

fn refuse<T>(key: impl Into<String>, problem: impl Into<String>) -> Checked<T> {
    Err(ManifestError::Invalid {
        key: key.into(),
        problem: problem.into(),
    })
}

pub(super) fn manifest(document: Document, base: &Path, overrides: &Overrides) -> Checked<Manifest> {
    if document.spin_manifest_version != SPIN_MANIFEST_VERSION {
        return refuse("spin_manifest_version", format!("must be {SPIN_MANIFEST_VERSION}"));
    }
    let tool = document.application.tool.dayloom.unwrap_or_default();
    let Some(migrations) = &tool.migrations else {
        return refuse(
            "application.tool.dayloom.migrations",
            "is missing; name the folder of SQL migrations",
        );
    };
    let topics = topics(overrides.topics.as_ref().unwrap_or(&tool.topics))?;
    let variables = variables(document.variables, &tool)?;
    for id in overrides.subscriptions.keys() {
        if !document.component.contains_key(id) {
            return refuse(
                format!("subscriptions.{id}"),
                "there is no such component; remove the table",
            );
        }
    }
    let spin_only: BTreeSet<String> = document
        .component
        .iter()
        .filter(|(_, entry)| entry.tool.dayloom.as_ref().is_some_and(|tool| tool.spin_only))
        .map(|(id, _)| id.clone())
        .collect();
    let mut components = document
        .component
        .into_iter()
        .filter(|(id, _)| !spin_only.contains(id))
        .map(|(id, entry)| component(&id, entry, base, overrides, &topics, &variables))
        .collect::<Checked<Vec<_>>>()?;
    names(&components)?;
    let here = select(&mut components, overrides.components.as_ref())?;
    let mut triggers = document.trigger.http;
    triggers.retain(|trigger| !spin_only.contains(&trigger.component));
    let routes = routes(triggers, &components)?;
    components.truncate(here);
    Ok(Manifest {
        name: document.application.name,
        version: document.application.version,
        migrations: base.join(migrations),
        topics,
        partitions: tool.partitions,
        generated_secrets: tool.generated_secrets,
        variables,
        components,
        routes,
    })
}

fn topics(rules: &BTreeMap<String, Vec<String>>) -> Checked<TopicMap> {
    for (pattern, topics) in rules {
        let key = format!("topics.\"{pattern}\"");
        let prefix = pattern.strip_suffix('*').unwrap_or(pattern);
        if prefix.contains('*') || pattern.is_empty() {
            return refuse(key, "`*` stands only at the end of an event type");
        }
        if let Some(topic) = topics.iter().find(|topic| !is_name(topic)) {
            return refuse(
                key,
                format!("`{topic}` is no topic name; use letters, digits, `.`, `_` and `-`"),
            );
        }
    }
    Ok(TopicMap {
        rules: rules
            .iter()
            .map(|(pattern, topics)| (pattern.clone(), topics.clone()))
            .collect(),
    })
}

fn variables(entries: BTreeMap<String, VariableEntry>, tool: &ApplicationTool) -> Checked<BTreeMap<String, Variable>> {
    for (name, entry) in &entries {
        let key = format!("variables.{name}");
        if !is_variable_name(name) {
            return refuse(key, "a variable's name is lower-case letters, digits and `_`");
        }
        if entry.required == entry.default.is_some() {
            return refuse(key, "needs either `default = \"…\"` or `required = true`");
        }
    }
    for (name, file) in &tool.generated_secrets {
        let key = format!("application.tool.dayloom.generated_secrets.{name}");
        match entries.get(name) {
            Some(entry) if entry.required && entry.secret => {}
            _ => {
                let fix = format!("declare `{name} = {{ required = true, secret = true }}` in [variables]");
                return refuse(key, fix);
            }
        }
        if !is_name(file) || file.starts_with('.') {
            return refuse(key, format!("`{file}` is no plain file name"));
        }
    }
    let variable = |e: VariableEntry| Variable {
        default: e.default,
        required: e.required,
        secret: e.secret,
    };
    Ok(entries
        .into_iter()
        .map(|(name, entry)| (name, variable(entry)))
        .collect())
}

fn component(
    id: &str,
    entry: ComponentEntry,
    base: &Path,
    overrides: &Overrides,
    topics: &TopicMap,
    variables: &BTreeMap<String, Variable>,
) -> Checked<Component> {
    let key = format!("component.{id}");
    if !id
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return refuse(key, "a component's id is lower-case letters, digits and `-`");
    }
    let template = |key: String, text: &str| {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => return refuse(key, error.to_string()),
        };
        if let Some(name) = template.variables().find(|name| !variables.contains_key(*name)) {
            return refuse(key, format!("there is no variable `{name}`; declare it in [variables]"));
        }
        Ok(template)
    };
    let values = entry
        .variables
        .iter()
        .map(|(name, text)| Ok((name.clone(), template(format!("{key}.variables.{name}"), text)?)))
        .collect::<Checked<_>>()?;
    let ComponentTool {
        service,
        allowed_outbound_hosts,
        spin_only: _,
        tables,
        publishes,
        aliases,
        subscriptions,
        cron,
    } = entry.tool.dayloom.unwrap_or_default();
    let hosts = allowed_outbound_hosts
        .unwrap_or(entry.allowed_outbound_hosts)
        .iter()
        .map(|text| template(format!("{key}.allowed_outbound_hosts"), text))
        .collect::<Checked<_>>()?;
    let cron = cron
        .into_iter()
        .map(|(name, seconds)| schedule(&key, name, seconds))
        .collect::<Checked<_>>()?;
    let subscriptions = overrides.subscriptions.get(id).cloned().unwrap_or(subscriptions);
    let component: ComponentId = id.into();
    let subscriptions = subscriptions
        .into_iter()
        .enumerate()
        .map(|(n, entry)| {
            subscription(
                &format!("{key}.tool.dayloom.subscriptions[{n}]"),
                entry,
                &component,
                topics,
            )
        })
        .collect::<Checked<_>>()?;
    Ok(Component {
        id: component,
        source: base.join(service.unwrap_or(entry.source)),
        variables: values,
        key_value_stores: entry.key_value_stores,
        allowed_outbound_hosts: hosts,
        tables,
        publishes,
        aliases,
        subscriptions,
        cron,
    })
}

fn schedule(component: &str, name: String, seconds: u32) -> Checked<(String, NonZeroU32)> {
    let key = format!("{component}.tool.dayloom.cron.{name}");
    if !is_name(&name) {
        return refuse(key, "a schedule's name is letters, digits, `.`, `_` and `-`");
    }
    match NonZeroU32::new(seconds) {
        Some(period) if seconds <= CRON_SECONDS_MAX => Ok((name, period)),
        _ => refuse(key, format!("{seconds} seconds; use 1 to {CRON_SECONDS_MAX}")),
    }
}

fn subscription(key: &str, entry: SubscriptionEntry, component: &ComponentId, map: &TopicMap) -> Checked<Subscription> {
    let SubscriptionEntry {
        topics,
        types,
        batch,
        attempts_max,
    } = entry;
    if topics.is_empty() {
        return refuse(format!("{key}.topics"), "is empty; name at least one topic");
    }
    for topic in &topics {
        if !map.rules.iter().any(|(_, carried)| carried.contains(topic)) {
            let fix = format!("nothing is published to `{topic}`; add it to a rule of tool.dayloom.topics");
            return refuse(format!("{key}.topics"), fix);
        }
    }
    if !(1..=BATCH_MAX).contains(&batch) {
        return refuse(format!("{key}.batch"), format!("{batch}; use 1 to {BATCH_MAX}"));
    }
    if !(1..=ATTEMPTS_MAX).contains(&attempts_max) {
        return refuse(
            format!("{key}.attempts_max"),
            format!("{attempts_max}; use 1 to {ATTEMPTS_MAX}"),
        );
    }
    Ok(Subscription {
        component: component.clone(),
        topics,
        types,
        batch,
        attempts_max,
    })
}

/// Ids and aliases share one name space: `http://<name>.spin.internal`.
fn names(components: &[Component]) -> Checked<()> {
    let mut taken: BTreeSet<&str> = components.iter().map(|component| &*component.id).collect();
    for component in components {
        for alias in &component.aliases {
            if !taken.insert(alias) {
                let key = format!("component.{}.tool.dayloom.aliases", component.id);
                return refuse(key, format!("`{alias}` is already a component's name; choose another"));
            }
        }
    }
    Ok(())
}

/// Moves the components that run on this host to the front, and returns how many they are. Routes to the others then lead
/// nowhere here, and not to a component with a wider route.
fn select(components: &mut [Component], selection: Option<&BTreeSet<String>>) -> Checked<usize> {
    let Some(selection) = selection else {
        return Ok(components.len());
    };
    let is_there = |name: &&String| components.iter().any(|component| *component.id == ***name);
    if let Some(unknown) = selection.iter().find(|name| !is_there(name)) {
        let known: Vec<&str> = components.iter().map(|component| &*component.id).collect();
        return refuse(
            "--components",
            format!("there is no component `{unknown}`; choose of {}", known.join(", ")),
        );
    }
    components.sort_by_key(|component| !selection.contains(&*component.id));
    Ok(selection.len())
}

fn routes(triggers: Vec<HttpTrigger>, components: &[Component]) -> Checked<Router<usize>> {
    let mut routes = Router::new();
    for (n, trigger) in triggers.into_iter().enumerate() {
        let Some(index) = components
            .iter()
            .position(|component| *component.id == *trigger.component)
        else {
            let fix = format!("there is no component `{}`; add [component.{0}]", trigger.component);
            return refuse(format!("trigger.http[{n}].component"), fix);
        };
        let key = format!("trigger.http[{n}].route");
        match trigger.route {
            RouteEntry::Path(path) => {
                if let Err(error) = routes.add(&path, index) {
                    return refuse(key, error.to_string());
                }
            }
            RouteEntry::Private { private: true } => {}
            RouteEntry::Private { private: false } => {
                return refuse(key, "`private = false` says nothing; write a path");
            }
        }
    }
    Ok(routes)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
