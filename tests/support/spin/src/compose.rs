//! Joins a component with its dependencies, by the manifest's `[component.<id>.dependencies]`, as Spin does when it starts.

use anyhow::{Context, bail};
use wac_graph::{
    CompositionGraph, NodeId,
    types::{Package, SubtypeChecker, WorldId},
};

use crate::manifest::{Component, Inherit, Manifest};

/// The component of that id, ready to be compiled.
pub(crate) fn compose(manifest: &Manifest, id: &str, component: &Component) -> anyhow::Result<Vec<u8>> {
    let source = read(manifest, &component.source)?;
    if component.dependencies.is_empty() {
        return Ok(source);
    }
    let mut graph = CompositionGraph::new();
    let (world, instance) = register(&mut graph, id, source)?;
    let imports: Vec<String> = graph.types()[world].imports.keys().cloned().collect();
    let mut satisfied: Vec<&str> = Vec::new();
    for (name, dependency) in &component.dependencies {
        let inherit = if component.dependencies_inherit_configuration {
            Inherit::All(true)
        } else {
            dependency.inherit_configuration.clone()
        };
        let bytes = read(manifest, &dependency.path)?;
        // By its package alone, as Spin does: a second dependency of the same package is refused there too.
        let package = name.split(['/', '@']).next().unwrap_or(name);
        let (its_world, its_instance) = register(&mut graph, package, bytes)?;
        check_rights(&graph, its_world, name, &inherit)?;
        let mut met = imports.iter().filter(|import| is_meant(name, import)).peekable();
        if met.peek().is_none() {
            bail!("dependency `{name}` is no import of the component");
        }
        for import in met {
            if satisfied.contains(&import.as_str()) {
                bail!("two dependencies satisfy `{import}`");
            }
            satisfied.push(import);
            let export = dependency.export.as_ref().unwrap_or(import);
            let found = graph.types()[its_world].exports.get(export).copied();
            let found = found.with_context(|| format!("dependency `{name}` does not export `{export}`"))?;
            let wanted = graph.types()[world].imports[import.as_str()];
            let mut cache = Default::default();
            SubtypeChecker::new(&mut cache)
                .is_subtype(found, graph.types(), wanted, graph.types())
                .with_context(|| format!("dependency `{name}` exports another `{export}` than is imported"))?;
            let alias = graph.alias_instance_export(its_instance, export)?;
            graph.set_instantiation_argument(instance, import, alias)?;
        }
    }
    let exports: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    for export in exports {
        let alias = graph.alias_instance_export(instance, &export)?;
        graph.export(alias, &export)?;
    }
    Ok(graph.encode(Default::default())?)
}

fn read(manifest: &Manifest, path: &str) -> anyhow::Result<Vec<u8>> {
    let path = manifest.path(path);
    std::fs::read(&path).with_context(|| format!("can not read {}", path.display()))
}

fn register(graph: &mut CompositionGraph, name: &str, bytes: Vec<u8>) -> anyhow::Result<(WorldId, NodeId)> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
    let world = package.ty();
    let package = graph
        .register_package(package)
        .with_context(|| format!("`{name}`: a component has one dependency of a package"))?;
    Ok((world, graph.instantiate(package)))
}

/// Whether a dependency's name (`a:b`, `a:b/c` or `a:b/c@1.2.3`, or a plain name) means that import.
fn is_meant(name: &str, import: &str) -> bool {
    fn parts(text: &str) -> (&str, Option<&str>, Option<&str>) {
        let (text, version) = match text.split_once('@') {
            Some((text, version)) => (text, Some(version)),
            None => (text, None),
        };
        match text.split_once('/') {
            Some((package, interface)) => (package, Some(interface), version),
            None => (text, None, version),
        }
    }
    let (package, interface, version) = parts(name);
    let (of_package, of_interface, of_version) = parts(import);
    package == of_package
        && (interface.is_none() || interface == of_interface)
        && (version.is_none() || version == of_version)
}

/// What Spin keeps from a dependency that does not inherit it, by the name of the right.
const RIGHTS: [(&str, &[&str]); 5] = [
    (
        "allowed_outbound_hosts",
        &[
            "fermyon:spin/redis@",
            "spin:postgres/postgres@",
            "wasi:http/outgoing-handler@",
            "wasi:sockets/",
        ],
    ),
    ("files", &["wasi:filesystem/preopens@"]),
    ("key_value_stores", &["wasi:keyvalue/store@"]),
    ("sqlite_databases", &["spin:sqlite/"]),
    ("variables", &["wasi:config/store@"]),
];

/// Refuses a dependency that imports what it does not inherit. Spin starts it and ends it when it calls; the test wants to
/// know at once.
fn check_rights(graph: &CompositionGraph, world: WorldId, name: &str, inherit: &Inherit) -> anyhow::Result<()> {
    let inherited: &[String] = match inherit {
        Inherit::All(true) => return Ok(()),
        Inherit::All(false) => &[],
        Inherit::Some(list) => list,
    };
    for (right, interfaces) in RIGHTS {
        let denied = graph.types()[world]
            .imports
            .keys()
            .find(|import| interfaces.iter().any(|interface| import.starts_with(interface)));
        if let Some(import) = denied
            && !inherited.iter().any(|inherited| inherited == right)
        {
            bail!("dependency `{name}` imports `{import}` and does not inherit `{right}`");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn a_dependency_is_named_by_package_interface_or_version() {
        for (name, import, expected) in [
            ("a:b/c@0.1.0", "a:b/c@0.1.0", true),
            ("a:b/c", "a:b/c@0.1.0", true),
            ("a:b", "a:b/c@0.1.0", true),
            ("a:b@0.1.0", "a:b/c@0.1.0", true),
            ("a:b/c@0.2.0", "a:b/c@0.1.0", false),
            ("a:b/d", "a:b/c@0.1.0", false),
            ("plain", "plain", true),
        ] {
            assert_eq!(is_meant(name, import), expected, "{name} {import}");
        }
    }
}
