//! The ingress around a service: one component that exports what the ingress does.

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

/// What a service may export and the ingress calls. What it does not export is taken from the component that stands in.
const DECORATED: [&str; 4] = [
    "wasi:http/incoming-handler@0.2.12",
    "dayloom:platform/handler@0.1.0",
    "dayloom:platform/job@0.1.0",
    "dayloom:platform/cron@0.1.0",
];

/// The component's answer to HTTP, its only export.
const EXPORTED: &str = DECORATED[0];

/// Composes the three. All imports that are left stay imports.
pub(super) fn decorate(ingress: &[u8], service: &[u8], absent: &[u8]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let [ingress, service, absent] = [("ingress", ingress), ("service", service), ("absent", absent)]
        .map(|(name, bytes)| register(&mut graph, name, bytes));
    let (ingress, service, absent) = (ingress?, service?, absent?);
    let exports = &graph.types()[graph[service].ty()].exports;
    let own = DECORATED.map(|name| exports.contains_key(name));

    let service = graph.instantiate(service);
    let mut stand_in: Option<NodeId> = None;
    let outer = graph.instantiate(ingress);
    for (name, is_own) in DECORATED.into_iter().zip(own) {
        let from = if is_own {
            service
        } else {
            *stand_in.get_or_insert_with(|| graph.instantiate(absent))
        };
        let export = graph
            .alias_instance_export(from, name)
            .with_context(|| format!("{name} is exported"))?;
        graph
            .set_instantiation_argument(outer, name, export)
            .with_context(|| format!("{name} is imported"))?;
    }
    let answer = graph.alias_instance_export(outer, EXPORTED)?;
    graph.export(answer, EXPORTED)?;
    Ok(graph.encode(EncodeOptions::default())?)
}

/// Puts components side by side: one that exports what each of them does. Spin takes one dependency of a package only, so
/// what stands in for two interfaces of one package has to be one component.
pub(super) fn join(parts: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    for (name, bytes) in parts {
        let part = register(&mut graph, name, bytes)?;
        let exports: Vec<String> = graph.types()[graph[part].ty()].exports.keys().cloned().collect();
        let part = graph.instantiate(part);
        for name in exports {
            let export = graph.alias_instance_export(part, &name)?;
            graph.export(export, &name)?;
        }
    }
    Ok(graph.encode(EncodeOptions::default())?)
}

fn register(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<PackageId> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
    Ok(graph.register_package(package)?)
}
